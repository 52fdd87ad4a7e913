#include "phases.h"

#include <mbedtls/ssl.h>

#include "cycles.h"

struct phases phases;

static uint64_t since;
static enum phase now;

void phases_reset(void)
{
    phases = (struct phases){.resumed = true};
    now = PHASE_BETWEEN;
}

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

// What has passed since the last call belongs to the phase that was then.
static void pass_to(enum phase phase)
{
    uint64_t here = cycles_work();
    phases.cycles[now] += here - since;
    since = here;
    now = phase;
}

static void begin(void)
{
    phases.running = true;
    phases.began = since = cycles_work();
}

static void end(const mbedtls_ssl_context *ssl)
{
    phases.running = false;
    phases.over = true;
    phases.ended = since;
    phases.version = (uint16_t)mbedtls_ssl_get_version_number(ssl);
    phases.suite = (uint16_t)mbedtls_ssl_get_ciphersuite_id_from_ssl(ssl);
}

typedef int (*step_t)(mbedtls_ssl_context *ssl);

// After the end the same functions take what is not the handshake's, such as a ticket.
static int timed(step_t step, mbedtls_ssl_context *ssl)
{
    if (phases.over)
        return step(ssl);
    if (!phases.running)
        begin();
    enum phase outer = now, phase = phase_of(ssl);
    if (ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CERTIFICATE_VERIFY ||
        ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_KEY_EXCHANGE)
        phases.resumed = false;
    pass_to(phase);
    int result = step(ssl);
    pass_to(outer);
    if (mbedtls_ssl_is_handshake_over((mbedtls_ssl_context *)ssl))
        end(ssl);
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
