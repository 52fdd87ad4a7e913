// tls_identity.h: the certificate that a client shows (picket/identity.h).
#ifndef PICKET_TLS_IDENTITY_H
#define PICKET_TLS_IDENTITY_H

#include <mbedtls/ssl.h>

#include "picket/identity.h"
#include "tls.h"

// Errors as those of picket_identity_use.
int tls_identity_use(tls_client_t *client, const picket_identity_t *identity);

// What a connection is set up with: one for an anonymous peer shows no certificate.
const mbedtls_ssl_config *tls_identity_config(tls_client_t *client, bool anonymous);

// On the stack of TLS.
void tls_identity_free(tls_client_t *client);

// The i-th certificate that is shown, DER; NULL when there is none.
const uint8_t *tls_identity_cert(const tls_client_t *client, unsigned i, size_t *len);

#endif
