#include "arena.h"
#include "tls_private.h"

// Mbed TLS turns a failed allocation into whatever error the caller at hand knows, so the arena is asked.
int tls_step(tls_t *tls, tls_op_t op, void *arg)
{
    uint32_t failures = arena_failures();
    tls->client->stepping = tls;
    tls->starved = false;
    int result = op(tls, arg);
    tls->client->stepping = NULL;
    if (result >= 0 || result == PICKET_AGAIN)
        return result;
    if (arena_failures() != failures)
        result = PICKET_ERR_NO_MEMORY;
    return tls->error = result;
}
