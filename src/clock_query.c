// clock_query.c: asking one time server, waiting for its answer.
#include "client.h"
#include "clock_ask.h"
#include "picket/clock.h"
#include "sntp.h"
#include "timer.h"

static const char *why_not = "";

const char *picket_clock_why(void)
{
    return why_not;
}

static uint32_t millis(const picket_port_t *port)
{
    return port->millis(port->ctx);
}

// Everything goes on meanwhile, exchanges too.
static int query(picket_t *client, clock_ask_t *ask, const deadline_t *end)
{
    const picket_port_t *port = client->config.port;
    int result;
    while ((result = clock_ask_poll(ask)) == PICKET_AGAIN) {
        if (deadline_passed(end, millis(port)))
            return clock_ask_error(ask);
        uint32_t ms = clock_ask_next(ask, picket_poll(client));
        ms = deadline_left(end, millis(port), ms);
        if (ms > 0)
            port->wait(port->ctx, ms);
    }
    return result;
}

int picket_clock_query_blocking(picket_t *client, const char *server, uint16_t port, uint32_t timeout_ms)
{
    int error;
    clock_ask_t *ask;
    struct picket_state *state = client_state(client, &error);
    why_not = "";
    if (state == NULL)
        return error;
    if (timeout_ms == 0 || timeout_ms > DEADLINE_MAX_MS || !clock_ask_possible(state->env.port))
        return PICKET_ERR_ARG;
    const clock_ask_whom_t whom = {&server, 1, port != 0 ? port : SNTP_PORT, 0};
    const deadline_t end = deadline_in(millis(state->env.port), timeout_ms);
    error = clock_ask_new(state->env.port, state->env.tls, &whom, &ask);
    if (error != 0)
        return error;
    error = query(client, ask, &end);
    if (error != 0 && clock_ask_why(ask) != NULL)
        why_not = clock_ask_why(ask);
    clock_ask_free(ask);
    return error;
}
