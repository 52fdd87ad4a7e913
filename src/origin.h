// origin.h: whom a connection is made to: what must be the same for two requests to share one.
#ifndef PICKET_ORIGIN_H
#define PICKET_ORIGIN_H

#include "tls.h"
#include "tunnel.h"
#include "url.h"

// In one block of the arena; the connection borrows from it and must end first.
typedef struct origin {
    bool secure;
    bool is_literal; // the host is an IP literal, and literal is set
    bool asked;      // the application said where to connect, and address is set
    bool anonymous;  // the client's certificate is not shown there
    uint16_t port;
    picket_address_t literal;
    picket_address_t address;
    via_t via; // through a proxy; host NULL: none
    picket_address_t proxy_address;
    char host[]; // as the URL has it; then that of the proxy
} origin_t;

// Of a URL; address: where to connect, NULL: look it up. NULL: no memory.
origin_t *origin_new(const url_t *url, const picket_address_t *address, bool anonymous);

// The same through a proxy, whose URL has been parsed; address is that of the proxy.
origin_t *origin_new_via(const url_t *url, bool anonymous, const picket_proxy_t *proxy,
                         const url_t *proxy_url, const picket_address_t *address, const char *user_agent);
void origin_free(origin_t *origin);

// A connection to one is a connection to the other. The case of a host name does not count.
bool origin_same(const origin_t *a, const origin_t *b);

// Where to connect without looking anything up, or NULL.
const picket_address_t *origin_address(const origin_t *origin);

// Whom TLS is to expect there.
tls_peer_t origin_peer(const origin_t *origin);

#endif
