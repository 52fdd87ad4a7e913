// The phases of Mbed TLS's handshakes: the linker puts these functions around those that take the client's handshake one message
// further (--wrap).
#include <mbedtls/ssl.h>

#include "phases.h"

static enum phase phase_of(const mbedtls_ssl_context *ssl)
{
    switch (ssl->MBEDTLS_PRIVATE(state)) {
    case MBEDTLS_SSL_CLIENT_HELLO: return PHASE_HELLO;
    case MBEDTLS_SSL_SERVER_HELLO:
    case MBEDTLS_SSL_CLIENT_KEY_EXCHANGE: return PHASE_SECRET;
    case MBEDTLS_SSL_SERVER_CERTIFICATE: return PHASE_CHAIN;
    case MBEDTLS_SSL_SERVER_KEY_EXCHANGE:
    case MBEDTLS_SSL_CERTIFICATE_VERIFY: return PHASE_SIGNATURE;
    default: return PHASE_FINISH;
    }
}

typedef int (*step_t)(mbedtls_ssl_context *ssl);

// After the end the same functions take what is not the handshake's, such as a ticket.
static int timed(step_t step, mbedtls_ssl_context *ssl)
{
    if (phases.over)
        return step(ssl);
    if (!phases.running)
        phases_begin();
    if (ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CERTIFICATE_VERIFY ||
        ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_KEY_EXCHANGE)
        phases.resumed = false;
    enum phase outer = phases_pass_to(phase_of(ssl));
    int result = step(ssl);
    phases_pass_to(outer);
    if (mbedtls_ssl_is_handshake_over(ssl))
        phases_end((uint16_t)mbedtls_ssl_get_version_number(ssl),
                   (uint16_t)mbedtls_ssl_get_ciphersuite_id_from_ssl(ssl));
    return result;
}

// The names are the linker's.
#define WRAP(name)                               \
    int __real_##name(mbedtls_ssl_context *ssl); \
    int __wrap_##name(mbedtls_ssl_context *ssl); \
    int __wrap_##name(mbedtls_ssl_context *ssl)  \
    {                                            \
        return timed(__real_##name, ssl);        \
    }

WRAP(mbedtls_ssl_write_client_hello)
WRAP(mbedtls_ssl_handshake_client_step)
WRAP(mbedtls_ssl_tls13_handshake_client_step)
