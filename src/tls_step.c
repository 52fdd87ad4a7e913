#include "arena.h"
#include "tls_private.h"
#include "tls_stack.h"

static tls_t *paused_step;

static int run(void *arg)
{
    tls_t *tls = arg;
    return tls->op(tls, tls->op_arg);
}

// What a step has left in the record buffer would be gone with it. The arena has one loan at a time: while somebody
// else's lasts, it is not this step's that is asked for.
static bool reclaim(tls_t *tls)
{
    if (tls->lent && !arena_reclaim())
        tls->leaked = true;
    tls->lent = false;
    return !tls->leaked;
}

// Mbed TLS turns a failed allocation into whatever error the caller at hand knows, or overlooks it and goes
// on with half a result. So the arena is asked, and a step in which memory ran out has failed whatever it
// says.
static int judge(tls_t *tls, int result)
{
    if (!reclaim(tls))
        return tls->error = PICKET_ERR_INTERNAL;
    if (tls->failures != tls->excused)
        result = PICKET_ERR_NO_MEMORY;
    if (result >= 0 || result == PICKET_AGAIN)
        return result;
    return tls->error = result;
}

// What others fail to allocate while a step waits is not the step's failure.
static int enter(tls_t *tls, int (*how)(tls_t *tls, bool *paused))
{
    tls_client_t *client = tls->client;
    uint32_t failures = arena_failures();
    bool paused = false;
    client->stepping = tls;
    int result = how(tls, &paused);
    client->stepping = NULL;
    paused_step = paused ? tls : NULL;
    tls->failures += arena_failures() - failures;
    if (result == PICKET_ERR_STACK) {
        (void)reclaim(tls); // the step has been left where it was, and what it holds with it
        return tls->error = result;
    }
    return paused ? PICKET_AGAIN : judge(tls, result);
}

static int to_the_end(tls_t *tls, bool *paused)
{
    (void)paused;
    return tls_stack_call(run, tls);
}

static int begin(tls_t *tls, bool *paused)
{
    return tls_stack_begin(run, tls, paused);
}

static int go_on(tls_t *tls, bool *paused)
{
    (void)tls;
    return tls_stack_continue(false, paused);
}

static int refuse(tls_t *tls, bool *paused)
{
    (void)tls;
    return tls_stack_continue(true, paused);
}

static void prepare(tls_t *tls, tls_op_t op, void *arg)
{
    tls->op = op;
    tls->op_arg = arg;
    tls->starved = false;
    tls->failures = tls->excused = 0;
}

tls_t *tls_step_paused(void)
{
    return paused_step;
}

bool tls_busy(const tls_client_t *client)
{
    (void)client;
    return paused_step != NULL;
}

bool tls_computes(const tls_t *tls)
{
    return paused_step == tls;
}

int tls_step(tls_t *tls, tls_op_t op, void *arg)
{
    if (tls_busy(tls->client))
        return PICKET_AGAIN;
    prepare(tls, op, arg);
    return enter(tls, to_the_end);
}

int tls_step_pausing(tls_t *tls, tls_op_t op)
{
    if (paused_step == tls)
        return enter(tls, go_on);
    if (tls_busy(tls->client))
        return PICKET_AGAIN;
    prepare(tls, op, NULL);
    return enter(tls, begin);
}

// The network is served meanwhile; what happens on it is told by tls_stirred.
void tls_step_wait(tls_client_t *client)
{
    const picket_port_t *port = client->config->port;
    while (paused_step != NULL) {
        (void)enter(paused_step, go_on);
        if (paused_step != NULL && port->poll(port->ctx) == 0)
            client->stirred = true;
    }
}

void tls_step_cancel(tls_t *tls)
{
    if (paused_step == tls)
        (void)enter(tls, refuse);
}
