// template_netif.h: lwIP's network interface on the device.
#ifndef PICKET_TEMPLATE_NETIF_H
#define PICKET_TEMPLATE_NETIF_H

#include <stdbool.h>

// Bring it up, and ask for an address. False: no device, or no memory.
bool picket_template_netif_up(void);
bool picket_template_netif_has_address(void);

// Take it down: what is still open ends, and lwIP forgets what it was asked.
void picket_template_netif_down(void);

// Give lwIP the frames that have arrived. False: some must wait, since there is no memory for them.
bool picket_template_netif_feed(void);

#endif
