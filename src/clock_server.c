#include "clock_server.h"

#include <string.h>

#include "arena.h"
#include "clock.h"
#include "entropy.h"
#include "picket/options.h"
#include "url.h"

// The first wait for an answer, doubled each time.
#define FIRST_WAIT_MS   1000u
#define LONGEST_WAIT_MS 16000u

// An answer that took longer is none: the time in it may be off by half of that.
#define TRIP_MAX_MS     8000u

// A clock that is set is moved by a server this far at most: whoever can forge its answers later shall not
// undo what was learned before.
#define STEP_MAX_MS     (300 * 1000)

// Datagrams looked at in one turn: whoever sends them without end is not listened to for ever.
#define TURN            8

#define LOCAL_FIRST     0xc000u // the ports for this purpose (RFC 6335 section 6)
#define LOCAL_MASK      0x3fffu

static uint32_t millis(const clock_asker_t *asker)
{
    return asker->port->millis(asker->port->ctx);
}

void clock_server_stop(clock_asker_t *asker, clock_server_t *s)
{
    if (s->state == CLOCK_SERVER_LOOKUP)
        asker->port->lookup_end(asker->port->ctx, s->handle);
    if (s->state == CLOCK_SERVER_ASKED)
        asker->port->udp_close(asker->port->ctx, s->handle);
    s->state = CLOCK_SERVER_GONE;
}

static void fail(clock_asker_t *asker, clock_server_t *s, int error)
{
    clock_server_stop(asker, s);
    s->error = error;
}

void clock_server_refuse(clock_asker_t *asker, clock_server_t *s, const char *why)
{
    fail(asker, s, PICKET_ERR_TIME_REFUSED);
    s->why = why;
}

// --- Its name

static bool parse_port(const char *text, uint16_t *number)
{
    uint32_t n = 0;
    for (; *text >= '0' && *text <= '9' && n <= UINT16_MAX; text++)
        n = n * 10 + (uint32_t)(*text - '0');
    *number = (uint16_t)n;
    return *text == '\0' && n != 0 && n <= UINT16_MAX;
}

// Where the host begins, how long it is, and the port, if there is one.
static const char *take_apart(const char *text, size_t *len, uint16_t *number)
{
    bool bracket = text[0] == '[';
    const char *end = strchr(text, bracket ? ']' : ':');
    if (end == NULL && bracket)
        return NULL;
    if (end == NULL)
        end = text + strlen(text);
    const char *rest = end + bracket;
    *len = (size_t)(end - text) - bracket;
    return *rest == '\0' || (*rest == ':' && parse_port(rest + 1, number)) ? text + bracket : NULL;
}

bool clock_server_start(clock_server_t *s, const char *name, uint16_t number)
{
    size_t len;
    *s = (clock_server_t){
        .name = name, .number = number, .family = 4, .wait_ms = FIRST_WAIT_MS, .state = CLOCK_SERVER_FOUND};
    if (url_parse_address(name, strlen(name), &s->address))
        return true;
    const char *host = take_apart(name, &len, &s->number);
    if (host == NULL || len == 0 || len > PICKET_HOST_MAX)
        return false;
    if (url_parse_address(host, len, &s->address))
        return host == name || s->address.family == 6;
    s->state = CLOCK_SERVER_NAMED;
    return host == name && url_is_host_name(host, len);
}

// --- Its address

static void begin_lookup(clock_asker_t *asker, clock_server_t *s)
{
    size_t len = 0;
    const char *text = take_apart(s->name, &len, &s->number);
    char *host = picket_arena_calloc(1, len + 1);
    if (host == NULL) {
        fail(asker, s, PICKET_ERR_NO_MEMORY);
        return;
    }
    memcpy(host, text, len);
    s->handle = asker->port->lookup(asker->port->ctx, host, s->family);
    picket_arena_free(host);
    if (s->handle != PICKET_AGAIN)
        s->state = CLOCK_SERVER_LOOKUP;
}

// IPv4 first: a time server needs no more, and what has only the other family says so at once. Of the two
// errors the first one tells more, but that there is no IPv4 here.
static void try_other_family(clock_asker_t *asker, clock_server_t *s, int error)
{
    if (s->error == 0 || s->error == PICKET_ERR_NO_NETWORK)
        s->error = error;
    s->state = s->family == 4 ? CLOCK_SERVER_NAMED : CLOCK_SERVER_GONE;
    if (s->family == 4) {
        s->family = 6;
        clock_server_find(asker, s);
    }
}

static void follow_lookup(clock_asker_t *asker, clock_server_t *s)
{
    int result = s->handle;
    if (s->handle >= 0)
        result = asker->port->lookup_result(asker->port->ctx, s->handle, &s->address);
    if (result == PICKET_AGAIN)
        return;
    if (s->handle >= 0)
        asker->port->lookup_end(asker->port->ctx, s->handle);
    s->state = CLOCK_SERVER_FOUND;
    if (result < 0)
        try_other_family(asker, s, result);
    else
        s->error = 0;
}

void clock_server_find(clock_asker_t *asker, clock_server_t *s)
{
    if (s->state == CLOCK_SERVER_NAMED)
        begin_lookup(asker, s);
    if (s->state == CLOCK_SERVER_LOOKUP)
        follow_lookup(asker, s);
}

// --- Answers

// It was sent half a round trip ago.
static void take(clock_asker_t *asker, clock_server_t *s, int64_t unix_ms, uint32_t sent)
{
    uint32_t now = millis(asker);
    int64_t known = clock_unix_ms();
    s->trip_ms = now - sent;
    unix_ms += s->trip_ms / 2;
    s->zero_ms = unix_ms - (now - asker->began);
    if (!clock_believes(unix_ms)) {
        clock_server_refuse(asker, s, "it is not within 20 years of when this was built");
    } else if (known >= 0 && !clock_near(unix_ms, known, STEP_MAX_MS)) {
        clock_server_refuse(asker, s, "it is more than 300 seconds from the time that is known");
    } else {
        clock_server_stop(asker, s);
        s->state = CLOCK_SERVER_ANSWERED;
    }
}

static void judge(clock_asker_t *asker, clock_server_t *s, const uint8_t *reply, size_t len,
                  const clock_stamp_t *stamp)
{
    int64_t unix_ms;
    const char *why = NULL;
    switch (sntp_judge(reply, len, stamp->bytes, picket_clock_floor(), &unix_ms, &why)) {
    case SNTP_TRUE: take(asker, s, unix_ms, stamp->sent); break;
    case SNTP_RATE: clock_server_refuse(asker, s, why); break; // until the next round
    case SNTP_KISS:
        asker->kissed |= s->bit;
        clock_server_refuse(asker, s, why);
        break;
    case SNTP_WRONG: s->why = why; break;
    default: break;
    }
}

// A stamp is random and used once, so whose answer it is, and how long it took, is certain also when the next
// query has gone out meanwhile.
static void judge_by_stamps(clock_asker_t *asker, clock_server_t *s, const uint8_t *reply, size_t len)
{
    unsigned kept = s->queries < CLOCK_QUERIES_KEPT ? s->queries : CLOCK_QUERIES_KEPT;
    for (unsigned i = 0; i < kept && s->state == CLOCK_SERVER_ASKED; i++) {
        if (millis(asker) - s->stamps[i].sent <= TRIP_MAX_MS)
            judge(asker, s, reply, len, &s->stamps[i]);
    }
}

static void listen(clock_asker_t *asker, clock_server_t *s)
{
    uint8_t reply[SNTP_LEN];
    for (int i = 0; i < TURN && s->state == CLOCK_SERVER_ASKED; i++) {
        int n = asker->port->udp_recv(asker->port->ctx, s->handle, reply, sizeof reply);
        if (n == PICKET_AGAIN)
            return;
        if (n < 0)
            fail(asker, s, n);
        else
            judge_by_stamps(asker, s, reply, (size_t)n);
    }
}

// --- Queries

static int open_socket(clock_asker_t *asker, clock_server_t *s)
{
    uint8_t random[2];
    if (entropy_random(random, sizeof random) != 0)
        return PICKET_ERR_NO_ENTROPY;
    uint16_t local = (uint16_t)(LOCAL_FIRST + (((uint32_t)random[0] << 8 | random[1]) & LOCAL_MASK));
    return asker->port->udp_open(asker->port->ctx, &s->address, s->number, local);
}

static void open_up(clock_asker_t *asker, clock_server_t *s)
{
    s->handle = open_socket(asker, s);
    s->again = (deadline_t){true, millis(asker)};
    if (s->handle < 0)
        fail(asker, s, s->handle);
    else
        s->state = CLOCK_SERVER_ASKED;
}

static int send_query(clock_asker_t *asker, clock_server_t *s)
{
    uint8_t packet[SNTP_LEN];
    clock_stamp_t *stamp = &s->stamps[s->queries % CLOCK_QUERIES_KEPT];
    if (entropy_random(stamp->bytes, sizeof stamp->bytes) != 0)
        return PICKET_ERR_NO_ENTROPY;
    sntp_query(packet, stamp->bytes);
    stamp->sent = millis(asker);
    s->queries++;
    asker->sent = true;
    s->again = deadline_in(stamp->sent, s->wait_ms);
    s->wait_ms = s->wait_ms < LONGEST_WAIT_MS ? s->wait_ms * 2 : LONGEST_WAIT_MS;
    int n = asker->port->udp_send(asker->port->ctx, s->handle, packet, sizeof packet);
    return n == PICKET_AGAIN ? 0 : n;
}

// Random numbers are made on TLS's stack, which is not free while a connection computes there.
void clock_server_ask(clock_asker_t *asker, clock_server_t *s)
{
    if (s->state == CLOCK_SERVER_FOUND && !tls_busy(asker->tls))
        open_up(asker, s);
    if (s->state == CLOCK_SERVER_ASKED)
        listen(asker, s);
    if (s->state != CLOCK_SERVER_ASKED || !deadline_passed(&s->again, millis(asker)) || tls_busy(asker->tls))
        return;
    int error = send_query(asker, s);
    if (error < 0)
        fail(asker, s, error);
    else
        listen(asker, s);
}

// --- What is known

uint32_t clock_server_next(const clock_server_t *s, uint32_t now, uint32_t ms)
{
    if (s->state == CLOCK_SERVER_ASKED)
        return deadline_left(&s->again, now, ms);
    bool soon = s->state == CLOCK_SERVER_NAMED || s->state == CLOCK_SERVER_FOUND;
    return soon && ms > 10 ? 10 : ms;
}

int clock_server_error(const clock_server_t *s)
{
    if (s->why != NULL)
        return PICKET_ERR_TIME_REFUSED;
    if (s->state == CLOCK_SERVER_GONE)
        return s->error;
    return s->state < CLOCK_SERVER_FOUND ? PICKET_ERR_TIMEOUT_LOOKUP : PICKET_ERR_TIMEOUT_TIME;
}

const char *clock_server_words(const clock_server_t *s)
{
    int error = clock_server_error(s);
    if (s->why != NULL)
        return s->why;
    return error == PICKET_ERR_TIMEOUT_TIME ? "no answer" : picket_strerror(error);
}
