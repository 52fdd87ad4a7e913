// tls.h: a secure byte stream for any protocol over TCP: MQTT, SMTP, a protocol of your own.
//
// The same client, arena, trust and rules as picket.h: the chain, the host name and the dates are verified
// before the first byte is taken or given, every wait has a deadline, errors stick.
#ifndef PICKET_TLS_H
#define PICKET_TLS_H

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

// A stream: a slot number and its generation. Private; zero it before picket_tls_start.
typedef struct picket_tls {
    picket_t *client;
    uint16_t slot;
    uint16_t generation;
    int error;
} picket_tls_t;

typedef struct picket_tls_target {
    const char *host; // a name or an IP literal (no brackets); the certificate must be for it. Copied.
    uint16_t port;
    const picket_address_t *address; // connect here and look nothing up; NULL: look host up
    picket_timeouts_t
        timeouts; // head_ms is not used; idle_ms bounds the wait for writing only, since a peer may be silent
} picket_tls_target_t;

// Begin to connect. Returns 0, or an error that sticks to the handle.
int picket_tls_start(picket_tls_t *tls, picket_t *client, const picket_tls_target_t *target);

// Move bytes, by the rule of picket.h. write returns PICKET_AGAIN until the server is verified. read returns
// 0 after the server's close_notify, and PICKET_ERR_BODY_CUT when the connection ended without one.
int picket_tls_write(picket_tls_t *tls, const void *data, size_t len);
int picket_tls_read(picket_tls_t *tls, void *buf, size_t len);

// 1 once the server is verified and bytes can move, PICKET_AGAIN before, or the error.
int picket_tls_ready(picket_tls_t *tls);

picket_detail_t picket_tls_detail(const picket_tls_t *tls);

// Send close_notify and what was written before it, in the background, and end the stream. Always safe.
void picket_tls_close(picket_tls_t *tls);

#ifdef __cplusplus
}
#endif
#endif
