// tls_private.h: what the tls_*.c files share.
#ifndef PICKET_TLS_INSIDE_H
#define PICKET_TLS_INSIDE_H

#include <mbedtls/ssl.h>

#include "bufq.h"
#include "tls.h"

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
    tls_t *stepping; // the connection inside Mbed TLS now
};

struct tls {
    tls_client_t *client;
    tls_peer_t peer;
    mbedtls_ssl_context ssl;
    bufq_t in;
    bufq_t out;

    int error;        // sticks
    uint32_t excused; // allocations that failed in this step and were not needed
    bool in_ended;    // the transport has no more
    int in_error;     // why: 0 for FIN
    bool starved;     // Mbed TLS asked for bytes and there were none
    bool handshaken;
    bool offered;  // a session was offered for resumption
    bool ordered;  // the certificates sent have been put in order
    bool checked;  // a certificate was checked in this handshake, name and all
    bool ticket;   // a TLS 1.3 session ticket has come
    bool closed;   // the server's close_notify has come
    bool notified; // ours has been written
    int64_t verified_ms;

    uint8_t first[5]; // the first bytes from the server: is it TLS at all?
    uint8_t first_len;

    int code; // of Mbed TLS, the last one that was an error
    int16_t alert;
    uint32_t flags;
    size_t key_bits;            // of the server's key
    mbedtls_x509_time valid_to; // the earliest end of validity in its path
    uint8_t chain_len;
    bool self_signed;
    bool leaf_unread; // the first certificate that could be read is not the server's
    char text[sizeof(((picket_detail_t *)0)->text)];
};

// tls_step.c. Run op(tls, arg) inside Mbed TLS. Every call into it while a connection lives goes through
// here: the place where the stack is switched and where a failed allocation is told from other failures.
typedef int (*tls_op_t)(tls_t *tls, void *arg);
int tls_step(tls_t *tls, tls_op_t op, void *arg);

// tls_verify.c
int tls_verify_find_issuer(void *client, mbedtls_x509_crt const *child, mbedtls_x509_crt **candidates);
int tls_verify_certificate(void *tls, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
int tls_verify_error(tls_t *tls); // the error that verify flags amount to; completes the text

// tls_session.c
bool tls_session_offer(tls_t *tls);
void tls_session_keep(tls_t *tls);
void tls_session_drop(tls_t *tls);
void tls_session_drop_all(tls_client_t *client);

// tls_error.c. The error that a code of Mbed TLS amounts to; sets code, alert and text of tls.
int tls_error_from(tls_t *tls, int code);

#endif
