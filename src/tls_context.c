#include "tls_context.h"

#include <string.h>

#include "arena.h"
#include "tls_private.h"

struct tls_context {
    mbedtls_ssl_context ssl;
};

tls_context_t *tls_context_new(tls_client_t *client)
{
    tls_context_t *context = picket_arena_calloc(1, sizeof *context);
    if (context == NULL)
        return NULL;
    mbedtls_ssl_init(&context->ssl);
    if (client != NULL)
        context->ssl.MBEDTLS_PRIVATE(conf) = &client->conf;
    return context;
}

void tls_context_free(tls_context_t *context)
{
    if (context == NULL)
        return;
    mbedtls_ssl_free(&context->ssl);
    picket_arena_free(context);
}

void *tls_context_shown(tls_context_t *context)
{
    return &context->ssl;
}

void *tls_context_of(tls_t *tls)
{
    return &tls->ssl;
}

// Setting NULL leaves an empty string that is not to be freed.
const char *tls_context_host(const tls_context_t *context)
{
    const char *host = context->ssl.MBEDTLS_PRIVATE(hostname);
    return host != NULL && host[0] != '\0' ? host : NULL;
}

int tls_context_alpn(tls_client_t *client, const char **protocols)
{
    return mbedtls_ssl_conf_alpn_protocols(&client->conf, protocols);
}

// --- Sessions

void tls_context_session_init(void *session)
{
    mbedtls_ssl_session_init(session);
}

void tls_context_session_free(void *session)
{
    mbedtls_ssl_session_free(session);
}

int tls_context_session_get(const tls_t *tls, void *session)
{
    const tls_session_t *kept = tls_session_of(tls);
    mbedtls_ssl_session_free(session); // what a second call finds there
    mbedtls_ssl_session_init(session);
    if (kept == NULL)
        return PICKET_ERR_ARG;
    return mbedtls_ssl_session_load(session, kept->bytes, kept->len) == 0 ? 0 : PICKET_ERR_NO_MEMORY;
}

static bool is_same(const tls_session_t *kept, const uint8_t *bytes, size_t len)
{
    return kept->bytes != NULL && kept->len == len && memcmp(kept->bytes, bytes, len) == 0;
}

bool tls_context_session_known(const tls_client_t *client, const void *session)
{
    bool known = false;
    size_t len = 0;
    (void)mbedtls_ssl_session_save(session, NULL, 0, &len);
    uint8_t *bytes = len > 0 ? picket_arena_calloc(1, len) : NULL;
    if (bytes != NULL && mbedtls_ssl_session_save(session, bytes, len, &len) == 0) {
        for (size_t i = 0; i < PICKET_SESSIONS; i++)
            known |= is_same(&client->sessions[i], bytes, len);
    }
    if (bytes != NULL)
        arena_free_wiped(bytes, len);
    return known;
}
