// tls.h: one TLS connection as bytes in and bytes out: Mbed TLS behind two byte queues. No network here, and
// no clock but clock.h. Whoever owns it (stream.c) moves ciphertext between the queues and TCP.
//
//   tls.c          setting up, handshake, read, write, close
//   tls_step.c     the one door through which every call into Mbed TLS goes
//   tls_stack.c    the stack behind that door
//   tls_verify.c   who the server is: chain, dates (checked by Mbed TLS), name, and what was wrong with them
//   tls_session.c  sessions kept for resumption
//   tls_export.c   and those as bytes, for a restart
//   tls_error.c    codes of Mbed TLS to errors of Picket
#ifndef PICKET_TLS_PRIVATE_H
#define PICKET_TLS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/picket.h"
#include "timer.h"

// What all connections of a client share: configuration and sessions.
typedef struct tls_client tls_client_t;

// One connection. Lives in the arena.
typedef struct tls tls_t;

// Start PSA and configure Mbed TLS. config is borrowed. There may be several clients, with a store and sessions of their own
// each; then neither call while tls_busy. 0, PICKET_ERR_NO_MEMORY, _NO_ENTROPY, _ARG.
int tls_client_new(const picket_config_t *config, tls_client_t **client);
void tls_client_free(tls_client_t *client);

// Whom to expect: host is borrowed for the lifetime of the connection; literal is NULL when it is a name.
typedef struct tls_peer {
    const char *host;
    const picket_address_t *literal;
    uint16_t port;
    bool
        anonymous; // the client's certificate is not shown to it, and no session is kept or resumed if there is one
} tls_peer_t;

// A connection is in the middle of long arithmetic, which tls_handshake goes on with; until it has ended all
// others wait (PICKET_AGAIN).
bool tls_busy(const tls_client_t *client);
bool tls_computes(const tls_t *tls); // and this is the one

// Not while tls_busy. 0, PICKET_ERR_NO_MEMORY, _NO_TRUST, _NO_TIME, _NO_ENTROPY, _STACK.
int tls_new(tls_client_t *client, const tls_peer_t *peer, tls_t **tls);
void tls_free(tls_t *tls);

// Take the handshake one message further, or part of one. 1: done and the server is verified. 0: more can be
// done at once. PICKET_AGAIN: bytes are needed, or tls_busy. Errors stick. After `until` no further signature of a chain is
// checked: PICKET_ERR_TIMEOUT_HANDSHAKE.
int tls_handshake(tls_t *tls, const deadline_t *until);

// End long arithmetic that is under way; its connection fails. For when all are ended: none then waits.
void tls_cancel(tls_client_t *client);

// Something happened on the network while tls_finish waited, so that it is to be looked at. Said once.
bool tls_stirred(tls_client_t *client);

// The handshake failed before the server was checked, and a session had been offered, which is forgotten now:
// without it the same server may do better.
bool tls_may_retry(const tls_t *tls);

// Plaintext, by the byte rule of picket.h. read returns 0 after close_notify, and PICKET_ERR_BODY_CUT when
// the bytes ended without one. write takes what fits into one record, and may leave ciphertext in the out
// queue.
int tls_read(tls_t *tls, void *buf, size_t len);
int tls_write(tls_t *tls, const void *data, size_t len);

// Move on what was written and found no room in the out queue: 1 when all of it is there, PICKET_AGAIN when
// the queue must be drained first, or an error.
int tls_flush(tls_t *tls);

// Finish sending (arithmetic that is under way is waited for): 1 when all that was written and close_notify
// are in the out queue; PICKET_AGAIN when the queue must be drained first; an error when there is nothing
// more to be done.
int tls_finish(tls_t *tls);

// The queues. Ciphertext goes in only when wanted: nothing is taken from TCP while plaintext is unread. The space may be that of the
// record itself, so it is asked for after the step of TLS that wanted it, and filled before another one.
bool tls_wants_input(const tls_t *tls);
uint8_t *tls_in_space(tls_t *tls, size_t *room);
void tls_in_added(tls_t *tls, size_t n);
void tls_in_end(tls_t *tls, int error);     // 0: FIN, otherwise the error of the connection
bool tls_inside_record(const tls_t *tls);   // a part of a record has been taken, and the rest is missing
bool tls_has_more_output(const tls_t *tls); // Mbed TLS holds ciphertext that found no room in the queue
const uint8_t *tls_out_front(const tls_t *tls, size_t *len);
void tls_out_taken(tls_t *tls, size_t n);

// Fill in what TLS knows: version, suite, resumed, chain, flags, alert, text.
void tls_describe(const tls_t *tls, picket_detail_t *detail);

#endif
