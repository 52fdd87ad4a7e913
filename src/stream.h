// stream.h: a byte stream to a server: dialled, and with TLS on it verified. HTTP and tls.h stand on it; it
// knows neither.
#ifndef PICKET_STREAM_H
#define PICKET_STREAM_H

#include "dial.h"
#include "picket/picket.h"
#include "tls.h"
#include "tunnel.h"

typedef struct stream {
    const picket_port_t *port;
    bool waits;           // for the time (clock_wait.h)
    tls_client_t *client; // NULL: plain TCP
    tls_peer_t peer;
    dial_t dial;
    const via_t *via; // through a proxy; NULL: none
    tunnel_t *tunnel; // in that phase
    tls_t *tls;
    int handle; // of the connection, -1 while there is none
    picket_address_t address;
    enum picket_phase phase; // TIME, LOOKUP, CONNECT, PROXY, HANDSHAKE, then SEND: bytes can move
    deadline_t deadline;     // for all of them together
    deadline_t offline;      // since there is no network
    int error;               // sticks
    int send_error;          // of the connection; what had arrived may still be read
    int first_error;         // of the handshake that offered a session; it is tried once more without
    bool pressed;            // the last look at the connection left bytes behind: look again at once
} stream_t;

// Begin. peer is borrowed; its host must live as long as the stream. address as in dial.h.
void stream_start(stream_t *s, const picket_port_t *port, tls_client_t *client, const tls_peer_t *peer,
                  const picket_address_t *address, uint32_t now, uint32_t connect_ms);

// Before the first poll: through a proxy, with TLS by a tunnel. via is borrowed as peer is.
void stream_go_via(stream_t *s, const via_t *via);

// Begin on a connection that is there already: this handle of port's. Only send, recv, close and abort of port are
// called; it has no connect. deadline: for all that is still to be done.
void stream_adopt(stream_t *s, const picket_port_t *port, tls_client_t *client, const tls_peer_t *peer,
                  int handle, const deadline_t *deadline);

// Take it further: 1 once bytes can move, PICKET_AGAIN before, or the error. s->pressed: it can go on at
// once.
int stream_poll(stream_t *s, uint32_t now);

// Milliseconds until it is needed again, at most ms.
uint32_t stream_next(stream_t *s, uint32_t now, uint32_t ms);

// There has been no network for PICKET_LINK_MS. To be asked in every poll, since that is what counts the time.
bool stream_is_offline(stream_t *s, uint32_t now);

// The error, or PICKET_ERR_LINK where that is the reason for it: for a timeout while there is no network.
int stream_reason(const stream_t *s, int error);

// The byte rule of picket.h. read returns 0 at close_notify with TLS, at FIN without.
int stream_read(stream_t *s, void *buf, size_t len);
int stream_write(stream_t *s, const void *data, size_t len);

// Another connection's arithmetic is under way: nothing is read or written meanwhile, and that is not the
// server's fault.
bool stream_is_held(const stream_t *s);

// Move ciphertext that waits towards the network. 0, or the error.
int stream_flush(stream_t *s);

// Bytes can move, and none have come but what TLS keeps to itself; nor has the end. While it is held that cannot be told,
// and true is said.
bool stream_is_quiet(stream_t *s);

// All that was written has gone to the connection.
bool stream_is_flushed(const stream_t *s);

// Finish sending: 1 when all that was written and close_notify have gone to the connection, or nothing more can;
// PICKET_AGAIN when it takes no more for now.
int stream_finish(stream_t *s);

// End it and free its memory; harmless twice. cleanly: what was written is still delivered.
void stream_stop(stream_t *s, bool cleanly);

// What it knows, while it lives.
void stream_describe(const stream_t *s, picket_detail_t *detail);

#endif
