// clock_query.c: setting the clock: by what the application says, or by what a time server answers.
#include <string.h>

#include "client.h"
#include "clock.h"
#include "entropy.h"
#include "sntp.h"
#include "timer.h"
#include "tls.h"
#include "url.h"

// The first wait for an answer, doubled each time.
#define FIRST_WAIT_MS   1000u
#define LONGEST_WAIT_MS 16000u

// A clock that is set is moved by a server this far at most: whoever can forge its answers later shall not undo what
// was learned before.
#define STEP_MAX_MS     (300 * 1000)

typedef struct query {
    picket_t *client;
    const picket_port_t *port;
    const tls_client_t *tls;
    deadline_t end;
    picket_address_t address;
    uint16_t number;
    int handle;
    uint8_t stamp[SNTP_STAMP];
    uint32_t sent; // when
    const char *why;
} query_t;

static const char *why_not = "";

int picket_clock_set(int64_t unix_ms)
{
    const picket_port_t *port = clock_port_used() != NULL ? clock_port_used() : picket_port_default();
    if (!clock_believes(unix_ms) || port->set_unix_ms == NULL)
        return PICKET_ERR_ARG;
    return port->set_unix_ms(port->ctx, unix_ms);
}

const char *picket_clock_why(void)
{
    return why_not;
}

static uint32_t now(const query_t *q)
{
    return q->port->millis(q->port->ctx);
}

static bool is_over(const query_t *q)
{
    return deadline_passed(&q->end, now(q));
}

// Let everything go on, exchanges too, until something happens, this deadline passes, or the end has come.
static void pause(query_t *q, const deadline_t *until)
{
    uint32_t ms = picket_poll(q->client);
    ms = deadline_left(&q->end, now(q), ms);
    if (until != NULL)
        ms = deadline_left(until, now(q), ms);
    if (ms > 0)
        q->port->wait(q->port->ctx, ms);
}

// --- The server's address

static int look_up(query_t *q, const char *server, int family)
{
    int handle;
    while ((handle = q->port->lookup(q->port->ctx, server, family)) == PICKET_AGAIN) {
        if (is_over(q))
            return PICKET_ERR_TIMEOUT_LOOKUP;
        pause(q, &(deadline_t){true, now(q) + 10});
    }
    if (handle < 0)
        return handle;
    int result;
    while ((result = q->port->lookup_result(q->port->ctx, handle, &q->address)) == PICKET_AGAIN &&
           !is_over(q))
        pause(q, NULL);
    q->port->lookup_end(q->port->ctx, handle);
    return result == PICKET_AGAIN ? PICKET_ERR_TIMEOUT_LOOKUP : result;
}

// IPv4 first: a time server needs no more, and what has only the other family says so at once.
static int find(query_t *q, const char *server)
{
    size_t len = strlen(server);
    if (url_parse_address(server, len, &q->address))
        return 0;
    if (len == 0 || len > PICKET_HOST_MAX || !url_is_host_name(server, len))
        return PICKET_ERR_ARG;
    int four = look_up(q, server, 4);
    if (four == 1)
        return 0;
    int six = look_up(q, server, 6);
    return six == 1 ? 0 : four == PICKET_ERR_NO_NETWORK ? six : four;
}

// --- Asking

// Random numbers are made on TLS's stack, which is not free while a connection computes there.
static int draw_stamp(query_t *q)
{
    while (tls_busy(q->tls)) {
        if (is_over(q))
            return PICKET_ERR_TIMEOUT_TIME;
        pause(q, NULL);
    }
    return entropy_random(q->stamp, sizeof q->stamp);
}

static int ask(query_t *q)
{
    uint8_t packet[SNTP_LEN];
    int error = draw_stamp(q);
    if (error != 0)
        return error;
    sntp_query(packet, q->stamp);
    q->sent = now(q);
    int n = q->port->udp_send(q->port->ctx, q->handle, packet, sizeof packet);
    return n < 0 && n != PICKET_AGAIN ? n : 0;
}

// The answer was sent half a round trip ago.
static int believe(const query_t *q, int64_t unix_ms)
{
    unix_ms += (now(q) - q->sent) / 2;
    if (unix_ms > picket_clock_ceiling() * 1000)
        return PICKET_ERR_TIME_REFUSED;
    int64_t known = clock_unix_ms();
    if (known >= 0 && (unix_ms - known > STEP_MAX_MS || known - unix_ms > STEP_MAX_MS)) {
        why_not = "it is more than 300 seconds from the time that is known";
        return PICKET_ERR_TIME_REFUSED;
    }
    return picket_clock_set(unix_ms);
}

// 1: the clock is set. 0: nothing to go by has come, so far.
static int listen(query_t *q)
{
    uint8_t reply[SNTP_LEN];
    int64_t unix_ms;
    const char *why = "";
    int n = q->port->udp_recv(q->port->ctx, q->handle, reply, sizeof reply);
    if (n < 0)
        return n == PICKET_AGAIN ? 0 : n;
    switch (sntp_judge(reply, (size_t)n, q->stamp, picket_clock_floor(), &unix_ms, &why)) {
    case SNTP_TRUE: {
        why_not = "it is not within 20 years of when this was built";
        int error = believe(q, unix_ms);
        return error == 0 ? 1 : error;
    }
    case SNTP_KISS: why_not = why; return PICKET_ERR_TIME_REFUSED;
    case SNTP_WRONG: why_not = why; return 0;
    default: return 0;
    }
}

// Several datagrams may have come; whoever sends them without end is not listened to for ever.
static int wait_for_answer(query_t *q, uint32_t ms)
{
    const deadline_t until = deadline_in(now(q), ms);
    while (!deadline_passed(&until, now(q)) && !is_over(q)) {
        int result = 0;
        for (int i = 0; i < 8 && result == 0; i++)
            result = listen(q);
        if (result != 0)
            return result;
        pause(q, &until);
    }
    return listen(q);
}

static int ask_until_answered(query_t *q)
{
    int result = 0;
    for (uint32_t ms = FIRST_WAIT_MS; result == 0 && !is_over(q); ms = ms < LONGEST_WAIT_MS ? ms * 2 : ms) {
        result = ask(q);
        if (result == 0)
            result = wait_for_answer(q, ms);
    }
    if (result == 1)
        why_not = "";
    if (result != 0)
        return result == 1 ? 0 : result;
    return why_not[0] != '\0' ? PICKET_ERR_TIME_REFUSED : PICKET_ERR_TIMEOUT_TIME;
}

static int query(query_t *q, const char *server)
{
    int error = find(q, server);
    if (error != 0)
        return error;
    q->handle = q->port->udp_open(q->port->ctx, &q->address, q->number);
    if (q->handle < 0)
        return q->handle;
    error = ask_until_answered(q);
    q->port->udp_close(q->port->ctx, q->handle);
    return error;
}

static bool can_ask(const picket_port_t *port)
{
    return port->udp_open != NULL && port->udp_send != NULL && port->udp_recv != NULL &&
           port->udp_close != NULL && port->set_unix_ms != NULL;
}

int picket_clock_query_blocking(picket_t *client, const char *server, uint16_t port, uint32_t timeout_ms)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    why_not = "";
    if (state == NULL)
        return error;
    if (server == NULL || timeout_ms == 0 || timeout_ms > DEADLINE_MAX_MS || !can_ask(state->env.port))
        return PICKET_ERR_ARG;
    query_t q = {.client = client,
                 .port = state->env.port,
                 .tls = state->env.tls,
                 .number = port != 0 ? port : SNTP_PORT};
    q.end = deadline_in(now(&q), timeout_ms);
    return query(&q, server);
}
