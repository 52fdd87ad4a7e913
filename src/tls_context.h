// tls_context.h: what of Mbed TLS is shown to programs that expect it: lwIP's altcp_tls.h hands out a TLS context, for
// its host name to be set, and sessions.
//
// The context shown before a connection is verified is a decoy: whatever is written into it, nothing but the host
// name is taken from it. Its configuration is the client's, which is put right again when a connection begins.
#ifndef PICKET_TLS_CONTEXT_H
#define PICKET_TLS_CONTEXT_H

#include "tls.h"

typedef struct tls_context tls_context_t;

// NULL: no memory.
tls_context_t *tls_context_new(tls_client_t *client);
void tls_context_free(tls_context_t *context);

// The mbedtls_ssl_context itself: the decoy's; a verified connection's, to be read.
void *tls_context_shown(tls_context_t *context);
void *tls_context_of(tls_t *tls);

// The name that was set, as long as nobody sets another. NULL: none, or an empty one.
const char *tls_context_host(const tls_context_t *context);

// What is offered as ALPN; the table and its strings are borrowed. 0, or Mbed TLS's error.
int tls_context_alpn(tls_client_t *client, const char **protocols);

// An mbedtls_ssl_session of the application's. get: a copy of the one that is kept for this connection's server,
// PICKET_ERR_ARG when there is none. known: it is one that is kept. None of them while tls_busy.
void tls_context_session_init(void *session);
void tls_context_session_free(void *session);
int tls_context_session_get(const tls_t *tls, void *session);
bool tls_context_session_known(const tls_client_t *client, const void *session);

#endif
