// lwip_udp.h: datagrams to and from one address. The functions are those of picket/port.h.
#ifndef PICKET_LWIP_UDP_H
#define PICKET_LWIP_UDP_H

#include "picket/port.h"

int picket_lwip_udp_open(void *ctx, const picket_address_t *address, uint16_t port, uint16_t local);
int picket_lwip_udp_send(void *ctx, int handle, const void *data, size_t len);
int picket_lwip_udp_recv(void *ctx, int handle, void *buf, size_t len);
void picket_lwip_udp_close(void *ctx, int handle);

// Close all. Called under the lock.
void picket_lwip_udp_stop(void);

#endif
