// linux_netif.h: lwIP's network interface, with libslirp at the other end.
#ifndef PICKET_LINUX_NETIF_H
#define PICKET_LINUX_NETIF_H

#include <stdbool.h>

#include "picket/port.h"

// Bring it up, with addresses. With dhcp, IPv4 has to wait for picket_linux_netif_has_lease().
int picket_linux_netif_up(bool dhcp);
bool picket_linux_netif_has_lease(void);

// Take it down: what is still open ends, and lwIP forgets what it was asked.
void picket_linux_netif_down(void);

// Give lwIP the frames that have arrived.
void picket_linux_netif_feed(void);
bool picket_linux_netif_has_frames(void);

// Something that was sent, the end of a closed connection say, is not acknowledged yet.
bool picket_linux_netif_is_sending(void);

// The name server of this index from now on.
void picket_linux_netif_set_dns(unsigned index, const picket_address_t *address);

#endif
