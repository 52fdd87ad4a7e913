// tls_private.h: what the tls_*.c files share.
#ifndef PICKET_TLS_INSIDE_H
#define PICKET_TLS_INSIDE_H

#include <mbedtls/ssl.h>

#include "bufq.h"
#include "timer.h"
#include "tls.h"
#include "trust.h"

// A session kept for resumption, serialised, with what it is bound to.
typedef struct tls_session {
    uint8_t *bytes;
    size_t len;
    char *host;
    uint16_t port;
    int64_t kept_ms;            // when, on clock.h's clock: the oldest is replaced
    int64_t verified_ms;        // when the certificate behind it was checked
    mbedtls_x509_time valid_to; // and until when its path is valid
} tls_session_t;

struct tls_client {
    const picket_config_t *config;
    mbedtls_ssl_config conf;
    tls_session_t sessions[PICKET_SESSIONS];
    struct tls_identity *identity; // NULL: none
    tls_t *stepping;               // the connection inside Mbed TLS now
    bool stirred;                  // something happened on the network while a step was waited for
};

typedef int (*tls_op_t)(tls_t *tls, void *arg);

struct tls {
    tls_client_t *client;
    tls_peer_t peer;
    mbedtls_ssl_context ssl;
    bufq_t in;
    bufq_t out;
    bufq_t
        record; // the place in Mbed TLS's record buffer that it last asked to be filled; what is there it has not taken

    tls_op_t op; // the step that runs, or has come back early
    void *op_arg;
    uint32_t failures; // allocations that failed in this step
    uint32_t excused;  // and of those, the ones that were not needed

    int error;     // sticks
    bool lent;     // most of the record buffer, to the arena, until the step ends
    bool leaked;   // something of a step's is still in the record buffer: it is not to be freed
    bool in_ended; // the transport has no more
    int in_error;  // why: 0 for FIN
    bool starved;  // Mbed TLS asked for bytes and there were none
    bool handshaken;
    bool offered;     // a session was offered for resumption
    bool ordered;     // the certificates sent have been put in order
    bool alone;       // the server's own certificate is believed without a path
    bool late;        // the deadline passed while they were checked
    bool checked;     // a certificate was checked in this handshake, name and all
    bool sign_failed; // the function that signs for the client failed
    bool asked;       // the server asked for a certificate of the client's
    bool ticket;      // a TLS 1.3 session ticket has come
    bool closed;      // the server's close_notify has come
    bool notified;    // ours has been written
    int64_t verified_ms;

    trust_search_t search;
    const picket_pin_t *pin; // that the path has a key of
    deadline_t until;        // the handshake's end
    uint8_t checks;          // of signatures, that anchors may still cost

    uint8_t first[5]; // the first bytes from the server: is it TLS at all?
    uint8_t first_len;

    int code; // of Mbed TLS, the last one that was an error
    int16_t alert;
    uint32_t flags;
    uint16_t group;             // of the key exchange
    size_t key_bits;            // of the server's key
    mbedtls_x509_time valid_to; // the earliest end of validity in its path
    uint8_t chain_len;
    trust_strict_t strict; // what its certificates have shown so far
    bool self_signed;
    bool leaf_unread; // the first certificate that could be read is not the server's
    char text[sizeof(((picket_detail_t *)0)->text)];
};

// tls_step.c. Run op(tls, arg) inside Mbed TLS, on the stack of TLS. Every call into it while a connection
// lives goes through here: the place where the stack is switched and where a failed allocation is told from
// other failures. PICKET_AGAIN also when another connection's step has come back early.
int tls_step(tls_t *tls, tls_op_t op, void *arg);

// The same for what may take long: it may come back early with PICKET_AGAIN (tls_step_paused() == tls), and the
// next call goes on with it.
int tls_step_pausing(tls_t *tls, tls_op_t op);

// The connection whose step has come back early, NULL: none. There is one stack of TLS, so until it has ended no other can
// enter, whichever client it belongs to.
tls_t *tls_step_paused(void);

// Let a step that came back early go on to its end, whoever's it is.
void tls_step_wait(tls_client_t *client);

// End this connection's step, if it came back early: what it still wants to allocate it does not get.
void tls_step_cancel(tls_t *tls);

// A flag of Picket's own beside MBEDTLS_X509_BADCERT_*: no key of the path is pinned.
#define TLS_BADCERT_PIN 0x01000000u

// tls_verify.c. Signatures that are checked in a handshake at the most; the one of the handshake itself is not counted.
#define TLS_CHECKS      12
int tls_verify_find_issuer(void *client, mbedtls_x509_crt const *child, mbedtls_x509_crt **candidates);
int tls_verify_certificate(void *tls, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
int tls_verify_error(tls_t *tls); // the error that verify flags amount to; completes the text

// tls_group.c. After each message of the handshake.
void tls_group_note(tls_t *tls);

// tls_session.c; as bytes: tls_export.c
bool tls_session_offer(tls_t *tls);
const tls_session_t *tls_session_of(const tls_t *tls); // the one kept for its server, NULL: none
void tls_session_keep(tls_t *tls);
void tls_session_drop(tls_t *tls);
void tls_session_drop_all(tls_client_t *client);

// Not too old, by the clock and by its certificates; and it can be offered to that host.
bool tls_session_is_fresh(const tls_session_t *s);
bool tls_session_fits(const mbedtls_ssl_session *session, const char *host);

// Keep a copy of it, in the place of an older one. False when that is newer: nothing is done. *error: no memory for it.
bool tls_session_put(tls_client_t *client, const tls_session_t *s, int *error);

// tls_error.c. The error that a code of Mbed TLS amounts to; sets code, alert and text of tls.
int tls_error_from(tls_t *tls, int code);

#endif
