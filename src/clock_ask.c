#include "clock_ask.h"

#include <string.h>

#include "arena.h"
#include "clock.h"
#include "clock_server.h"
#include "text.h"

// Two that are no further apart agree.
#define AGREE_MS 10000

struct clock_ask {
    clock_asker_t asker;
    unsigned sets; // by the application, when it began
    size_t count;
    clock_server_t servers[];
};

bool clock_ask_possible(const picket_port_t *port)
{
    return port->udp_open != NULL && port->udp_send != NULL && port->udp_recv != NULL &&
           port->udp_close != NULL && port->set_unix_ms != NULL;
}

bool clock_ask_valid(const char *const *names, size_t count)
{
    clock_server_t server;
    for (size_t i = 0; i < count; i++) {
        if (names[i] == NULL || !clock_server_start(&server, names[i], SNTP_PORT))
            return false;
    }
    return true;
}

int clock_ask_new(const picket_port_t *port, const tls_client_t *tls, const clock_ask_whom_t *whom,
                  clock_ask_t **ask)
{
    if (!clock_ask_valid(whom->names, whom->count))
        return PICKET_ERR_ARG;
    clock_ask_t *a = picket_arena_calloc(1, sizeof *a + whom->count * sizeof a->servers[0]);
    if (a == NULL)
        return PICKET_ERR_NO_MEMORY;
    a->asker = (clock_asker_t){.port = port, .tls = tls, .began = port->millis(port->ctx)};
    a->sets = clock_times_set();
    a->count = whom->count;
    for (size_t i = 0; i < a->count; i++) {
        (void)clock_server_start(&a->servers[i], whom->names[i], whom->number);
        a->servers[i].bit = (uint8_t)(1u << i);
        if (whom->left_alone >> i & 1)
            clock_server_refuse(&a->asker, &a->servers[i], SNTP_KISSED);
    }
    *ask = a;
    return 0;
}

void clock_ask_free(clock_ask_t *ask)
{
    for (size_t i = 0; ask != NULL && i < ask->count; i++)
        clock_server_stop(&ask->asker, &ask->servers[i]);
    picket_arena_free(ask);
}

// --- What the answers are worth

static bool agree(const clock_server_t *a, const clock_server_t *b)
{
    return a->state == CLOCK_SERVER_ANSWERED && b->state == CLOCK_SERVER_ANSWERED &&
           clock_near(a->zero_ms, b->zero_ms, AGREE_MS);
}

// The one whose answer was faster is off by less.
static int set_by(const clock_ask_t *a, const clock_server_t *s, const clock_server_t *other)
{
    const picket_port_t *port = a->asker.port;
    int64_t zero_ms = other->trip_ms < s->trip_ms ? other->zero_ms : s->zero_ms;
    int error = port->set_unix_ms(port->ctx, zero_ms + (port->millis(port->ctx) - a->asker.began));
    if (error == 0)
        clock_said_by(s->name, other != s ? other->name : NULL);
    return error;
}

// The only one that was asked agrees with itself.
static int set_by_any(const clock_ask_t *a)
{
    const bool alone = a->count == 1;
    for (const clock_server_t *s = a->servers; s < a->servers + a->count; s++) {
        for (const clock_server_t *other = alone ? s : s + 1; other < a->servers + a->count; other++) {
            if (agree(s, other))
                return set_by(a, s, other);
        }
    }
    return PICKET_AGAIN;
}

// Servers in this state, or further.
static size_t count_from(const clock_ask_t *a, uint8_t state)
{
    size_t n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += a->servers[i].state >= state;
    return n;
}

static bool is_hopeless(const clock_ask_t *a)
{
    size_t left = a->count - count_from(a, CLOCK_SERVER_GONE);
    return count_from(a, CLOCK_SERVER_ANSWERED) == a->count || left < (a->count == 1 ? 1 : 2);
}

// --- Going on

// Two names of one machine are no two servers.
static bool is_twin(const clock_ask_t *a, const clock_server_t *s)
{
    for (const clock_server_t *other = a->servers; other < a->servers + a->count; other++) {
        if (other != s && (other->state == CLOCK_SERVER_ASKED || other->state == CLOCK_SERVER_ANSWERED) &&
            other->number == s->number && memcmp(&other->address, &s->address, sizeof s->address) == 0)
            return true;
    }
    return false;
}

static void advance(clock_ask_t *a, clock_server_t *s)
{
    clock_server_find(&a->asker, s);
    if (s->state == CLOCK_SERVER_FOUND && is_twin(a, s))
        clock_server_refuse(&a->asker, s, "it is at the address of another one");
    clock_server_ask(&a->asker, s);
}

// What the application sets counts for more than what is answered.
int clock_ask_poll(clock_ask_t *ask)
{
    if (clock_times_set() != ask->sets)
        return 0;
    for (size_t i = 0; i < ask->count; i++)
        advance(ask, &ask->servers[i]);
    int result = set_by_any(ask);
    return result == PICKET_AGAIN && is_hopeless(ask) ? clock_ask_error(ask) : result;
}

uint32_t clock_ask_next(const clock_ask_t *ask, uint32_t ms)
{
    uint32_t now = ask->asker.port->millis(ask->asker.port->ctx);
    for (size_t i = 0; i < ask->count; i++)
        ms = clock_server_next(&ask->servers[i], now, ms);
    return ms;
}

// --- What is known

int clock_ask_error(const clock_ask_t *ask)
{
    int error = 0;
    for (size_t i = 0; i < ask->count; i++) {
        int one = clock_server_error(&ask->servers[i]);
        if (one == PICKET_ERR_NO_ENTROPY)
            return one;
        error = i == 0 || one == error ? one : PICKET_ERR_NO_TIME;
    }
    return error;
}

const char *clock_ask_why(const clock_ask_t *ask)
{
    return ask->servers[0].why;
}

void clock_ask_explain(const clock_ask_t *ask, char *text, size_t cap)
{
    text_t t = text_in(text, cap);
    if (count_from(ask, CLOCK_SERVER_ANSWERED) - count_from(ask, CLOCK_SERVER_GONE) > 1) {
        text_str(&t, "the time servers disagree by more than 10 seconds");
        return;
    }
    const bool hopeless = is_hopeless(ask); // and not for those who might still have answered
    for (const clock_server_t *s = ask->servers; s < ask->servers + ask->count; s++) {
        if (s->state == CLOCK_SERVER_ANSWERED || (hopeless && s->state != CLOCK_SERVER_GONE))
            continue;
        text_str(&t, t.len == 0 ? "time server " : "; ");
        text_str(&t, s->name);
        text_str(&t, ": ");
        text_str(&t, clock_server_words(s));
    }
}

bool clock_ask_sent(const clock_ask_t *ask)
{
    return ask->asker.sent;
}

unsigned clock_ask_kissed(const clock_ask_t *ask)
{
    return ask->asker.kissed;
}
