// tunnel.h: the way through a proxy: CONNECT, and the proxy's answer (RFC 9110 section 9.3.6). What it says is as little to be
// believed as what a server says, and nothing secret is in it: TLS to the server is verified as ever.
#ifndef PICKET_TUNNEL_H
#define PICKET_TUNNEL_H

#include "picket/picket.h"
#include "text.h"
#include "tls.h"

// A proxy, and whom to ask it for. Borrowed until the way is open.
typedef struct via {
    const char *host;
    const picket_address_t *address; // of the proxy; NULL: look it up
    uint16_t port;
    const picket_proxy_t *proxy; // credentials
    const char *user_agent;      // NULL: none is sent
} via_t;

typedef struct tunnel tunnel_t;

// Ask for peer. 0, PICKET_ERR_NO_MEMORY, or PICKET_ERR_HEADER for bad credentials.
int tunnel_new(const via_t *via, const tls_peer_t *peer, tunnel_t **tunnel);
void tunnel_free(tunnel_t *tunnel);

// Take it further on this connection: 1 when it is open; PICKET_AGAIN; PICKET_ERR_PROXY, _PROXY_AUTH, _PROXY_ANSWER.
int tunnel_poll(tunnel_t *tunnel, const picket_port_t *port, int handle);

// What the sentence of the error cannot know.
void tunnel_explain(const tunnel_t *tunnel, text_t *text);

#endif
