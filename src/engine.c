#include "engine.h"

#include "arena.h"
#include "clock.h"
#include "entropy.h"

static const picket_port_t *used; // NULL: it does not run

bool engine_runs(void)
{
    return used != NULL;
}

static int start_entropy(const picket_config_t *config)
{
    int error = entropy_start(config->port);
    return error != 0 ? error : entropy_add(config->entropy);
}

int engine_start(const picket_config_t *config)
{
    const picket_port_t *port = config->port;
    if (!arena_start(config->arena, config->arena_len))
        return PICKET_ERR_NO_ARENA;
    arena_share(port);
    int error = port->start != NULL ? port->start(port->ctx) : 0;
    if (error != 0) {
        arena_stop();
        return error;
    }
    used = port;
    clock_use(port);
    error = start_entropy(config);
    if (error != 0)
        engine_stop();
    return error;
}

void engine_stop(void)
{
    if (used->stop != NULL)
        used->stop(used->ctx);
    entropy_stop();
    clock_forget();
    arena_stop();
    used = NULL;
}
