// lwip_tcp.h: TCP connections on lwIP's raw API. The functions are those of picket/port.h.
//
// lwIP's callbacks append to a queue and set flags; everything else happens when Picket asks.
#ifndef PICKET_LWIP_TCP_H
#define PICKET_LWIP_TCP_H

#include "lwip/ip_addr.h"
#include "picket/port.h"

int picket_lwip_connect(void *ctx, const picket_address_t *address, uint16_t port);
int picket_lwip_connected(void *ctx, int handle);
int picket_lwip_send(void *ctx, int handle, const void *data, size_t len);
int picket_lwip_recv(void *ctx, int handle, void *buf, size_t len);
void picket_lwip_close(void *ctx, int handle);
void picket_lwip_abort(void *ctx, int handle);

// Reset all connections and forget them. Called under the lock.
void picket_lwip_tcp_stop(void);

// A router or the server's host reports that it could not deliver this packet of ours. Ends the connection
// attempt that the packet belongs to, if there is one; an established connection is left alone (RFC 1122
// section 4.2.3.9). Called by lwIP, under the lock.
struct picket_lwip_packet {
    ip_addr_t remote;
    uint16_t local_port;
    uint16_t remote_port;
    uint32_t seqno;
};
void picket_lwip_undelivered(const struct picket_lwip_packet *packet, int error);

#endif
