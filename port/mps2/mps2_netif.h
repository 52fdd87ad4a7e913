// mps2_netif.h: lwIP's network interface on the LAN9118.
#ifndef PICKET_MPS2_NETIF_H
#define PICKET_MPS2_NETIF_H

#include <stdbool.h>
#include <stdint.h>

#include "mps2_port.h"

// Bring it up and ask for an IPv4 address (DHCP). False: there is no controller.
bool picket_mps2_netif_up(void);
bool picket_mps2_netif_has_address(void);

// Stop asking, and take this address.
bool picket_mps2_netif_set_address(const struct picket_mps2_static *addresses);

// Take it down: what is still open ends, and lwIP forgets what it was asked.
void picket_mps2_netif_down(void);

// Give lwIP the frames that have arrived. False: some are still in the controller, for want of memory.
bool picket_mps2_netif_feed(void);

#endif
