#include "arena.h"
#include "tls_private.h"

// Mbed TLS turns a failed allocation into whatever error the caller at hand knows, or overlooks it and goes
// on with half a result. So the arena is asked, and a step in which memory ran out has failed whatever it
// says.
int tls_step(tls_t *tls, tls_op_t op, void *arg)
{
    uint32_t failures = arena_failures();
    tls->client->stepping = tls;
    tls->starved = false;
    tls->excused = 0;
    int result = op(tls, arg);
    tls->client->stepping = NULL;
    if (arena_failures() - failures != tls->excused)
        result = PICKET_ERR_NO_MEMORY;
    if (result >= 0 || result == PICKET_AGAIN)
        return result;
    return tls->error = result;
}
