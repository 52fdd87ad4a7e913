// Setting the clock, by the application and by a time server: which queries go out when, what is done with the
// answers, and how far a clock may be moved. On a clock and a network of our own.
#include "picket/clock.h"

#include "check.h"
#include "script_port.h"
#include "sntp.h"

#define ANY_TIME ((picket_clock_floor() + 1000000) * 1000)
#define MINUTES  INT64_C(60000)

static picket_t client;
static picket_port_t port;
static uint8_t arena[65536 + PICKET_STACK_SIZE];

// --- The server: what it answers to the n-th query (from 1), and how many milliseconds later

static struct {
    bool opened, closed;
    int open_error;
    picket_address_t address;
    uint16_t number, local;
    unsigned queries;
    uint32_t times[16];
    uint8_t stamps[16][SNTP_STAMP];
    uint32_t began;
    int64_t off;       // of its time, from what is right
    unsigned answers;  // from this query on
    uint32_t delay;    // of the answers
    uint8_t stratum;   // of the answers
    bool to_the_first; // the answer to the second query carries the stamp of the first
    bool waiting;      // an answer is under way
    uint32_t arrives;  // when
    uint8_t answer[SNTP_LEN];
} server;

static int64_t right; // the time that it really is, when the script's clock says 0

static void put(uint8_t *to, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(number >> (24 - 8 * i));
}

static void put_stamp(uint8_t *to, int64_t unix_ms)
{
    put(to, (uint32_t)(unix_ms / 1000 + INT64_C(2208988800)));
    put(to + 4, (uint32_t)((((uint64_t)(unix_ms % 1000) << 32) + 999) / 1000));
}

static void prepare_answer(void)
{
    const unsigned n = server.to_the_first ? 0 : server.queries - 1;
    int64_t now = right + script.now_ms + server.delay / 2 + server.off;
    memset(server.answer, 0, SNTP_LEN);
    server.answer[0] = 4 << 3 | 4;
    server.answer[1] = server.stratum;
    memcpy(server.answer + 12, "DENY", 4);
    memcpy(server.answer + 24, server.stamps[n], SNTP_STAMP);
    put_stamp(server.answer + 32, now);
    put_stamp(server.answer + 40, now);
    server.waiting = true;
    server.arrives = script.now_ms + server.delay;
}

static int udp_open(void *ctx, const picket_address_t *address, uint16_t number, uint16_t local)
{
    (void)ctx;
    CHECK(!server.opened || server.closed);
    if (server.open_error != 0)
        return server.open_error;
    server.opened = true;
    server.address = *address;
    server.number = number;
    server.local = local;
    return 7;
}

static int udp_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    CHECK(handle == 7 && server.opened && !server.closed);
    CHECK_INT(len, SNTP_LEN);
    if (server.queries == 16)
        return PICKET_ERR_UNREACHABLE;
    memcpy(server.stamps[server.queries], (const uint8_t *)data + 40, SNTP_STAMP);
    server.times[server.queries++] = script.now_ms - server.began;
    if (server.answers != 0 && server.queries >= server.answers)
        prepare_answer();
    return (int)len;
}

static int udp_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    CHECK(handle == 7 && server.opened && !server.closed);
    CHECK(len >= SNTP_LEN);
    if (!server.waiting || (int32_t)(script.now_ms - server.arrives) < 0)
        return PICKET_AGAIN;
    server.waiting = false;
    memcpy(buf, server.answer, SNTP_LEN);
    return SNTP_LEN;
}

static void udp_close(void *ctx, int handle)
{
    (void)ctx;
    CHECK(handle == 7 && server.opened && !server.closed);
    server.closed = true;
}

// Nothing is slept over.
static uint32_t poll(void *ctx)
{
    uint32_t ms = script_port()->poll(ctx);
    if (!server.waiting)
        return ms;
    uint32_t left = server.arrives - script.now_ms;
    return (int32_t)left <= 0 ? 0 : left < ms ? left : ms;
}

static int set_unix_ms(void *ctx, int64_t unix_ms)
{
    (void)ctx;
    script.unix_ms = unix_ms;
    return 0;
}

const picket_port_t *picket_port_default(void)
{
    return &port;
}

// --- The client

// Its clock is not known, or says this.
static void start(int64_t unix_ms)
{
    script_reset();
    script.unix_ms = unix_ms;
    right = ANY_TIME;
    memset(&server, 0, sizeof server);
    server.stratum = 2;
    server.answers = 1;
    port = *script_port();
    port.poll = poll;
    port.set_unix_ms = set_unix_ms;
    port.udp_open = udp_open;
    port.udp_send = udp_send;
    port.udp_recv = udp_recv;
    port.udp_close = udp_close;
    memset(&client, 0, sizeof client);
    CHECK_INT(picket_init(&client, &(picket_config_t){.arena = arena, .arena_len = sizeof arena}), 0);
}

static int ask(const char *name, uint32_t timeout_ms)
{
    server.opened = server.closed = false;
    server.began = script.now_ms;
    server.queries = 0;
    int result = picket_clock_query_blocking(&client, name, 0, timeout_ms);
    CHECK(server.opened == server.closed);
    return result;
}

static int query(void)
{
    return ask("time.example", 4000);
}

static void stop(void)
{
    picket_deinit(&client);
    CHECK(script_clean());
}

static void is(int64_t unix_ms)
{
    int64_t now = picket_unix_ms(&client);
    if (now < unix_ms || now > unix_ms + 1)
        FAIL("%lld ms off", (long long)(now - unix_ms));
}

static void is_right(void)
{
    is(right + script.now_ms);
}

// --- Queries

static void half_the_round_trip_is_added(void)
{
    start(-1);
    server.delay = 600;
    CHECK_INT(query(), 0);
    is_right();
    CHECK_INT(server.queries, 1);
    CHECK_INT(server.times[0], 0);
    CHECK_INT(server.number, 123);
    CHECK_INT(server.address.family, 4);
    CHECK_STR(picket_clock_why(), "");
    stop();
}

static void silence_is_asked_again_and_ends(void)
{
    start(-1);
    server.answers = 0;
    CHECK_INT(ask("time.example", 16000), PICKET_ERR_TIMEOUT_TIME);
    CHECK_INT(script.now_ms - server.began, 16000);
    REQUIRE_INT(server.queries, 5);
    static const uint32_t wanted[] = {0, 1000, 3000, 7000, 15000};
    for (unsigned i = 0; i < 5; i++) {
        CHECK_INT(server.times[i], wanted[i]);
        for (unsigned j = 0; j < i; j++)
            CHECK(memcmp(server.stamps[i], server.stamps[j], SNTP_STAMP) != 0);
    }
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    stop();
}

static void a_later_query_is_answered(void)
{
    start(-1);
    server.answers = 3;
    server.delay = 100;
    CHECK_INT(query(), 0);
    CHECK_INT(server.queries, 3);
    is_right();
    stop();
}

// Its round trip began when that query was sent, a second before this answer was.
static void an_answer_to_an_earlier_query_is_taken(void)
{
    start(-1);
    server.answers = 2;
    server.delay = 200;
    server.to_the_first = true;
    CHECK_INT(query(), 0);
    CHECK_INT(server.queries, 2);
    is(right + script.now_ms + 500);
    stop();
}

static void after_eight_seconds_it_is_none(void)
{
    for (uint32_t late = 0; late < 2; late++) {
        start(-1);
        server.answers = 4; // after 7 seconds
        server.delay = 1000 + late;
        server.to_the_first = true;
        CHECK_INT(ask("time.example", 9000), late ? PICKET_ERR_TIMEOUT_TIME : 0);
        stop();
    }
}

// Four are remembered; that of the first has made room for the fifth.
static void one_that_was_forgotten_is_none(void)
{
    start(-1);
    server.answers = 5;
    server.to_the_first = true;
    CHECK_INT(ask("time.example", 16000), PICKET_ERR_TIMEOUT_TIME);
    stop();
}

static void local_ports_are_random(void)
{
    unsigned same = 0;
    for (unsigned i = 0, last = 0; i < 16; i++, last = server.local) {
        if (i == 0)
            start(-1);
        CHECK_INT(query(), 0);
        CHECK(server.local >= 0xc000);
        same += server.local == last || server.local == last + 1;
    }
    CHECK(same < 3);
    stop();
}

static void an_answer_after_the_end_is_none(void)
{
    start(-1);
    server.delay = 500;
    CHECK_INT(ask("time.example", 400), PICKET_ERR_TIMEOUT_TIME);
    CHECK_INT(script.now_ms - server.began, 400);
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    stop();
}

static void a_kiss_ends_it(void)
{
    start(-1);
    server.stratum = 0;
    CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
    CHECK_INT(server.queries, 1);
    CHECK(strstr(picket_clock_why(), "kiss") != NULL);
    stop();
}

static void a_server_without_a_clock_is_asked_again(void)
{
    start(-1);
    server.stratum = 16;
    CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
    CHECK_INT(server.queries, 3);
    CHECK_INT(script.now_ms - server.began, 4000);
    CHECK(strstr(picket_clock_why(), "reference") != NULL);
    stop();
}

// --- Names

static void addresses_need_no_lookup(void)
{
    start(-1);
    CHECK_INT(ask("192.0.2.9", 4000), 0);
    CHECK_INT(server.address.bytes[3], 9);
    CHECK_INT(ask("2001:db8::9", 4000), 0);
    CHECK_INT(server.address.family, 6);
    CHECK_STR(script.story, "");
    stop();
}

static void a_name_with_an_ipv6_address_only(void)
{
    start(-1);
    script.four.lookup = PICKET_ERR_NO_ADDRESS;
    CHECK_INT(query(), 0);
    CHECK_INT(server.address.family, 6);
    stop();
    start(-1);
    script.four = (script_way_t){.lookup_start = PICKET_ERR_NO_NETWORK};
    CHECK_INT(query(), 0);
    CHECK_INT(server.address.family, 6);
    stop();
}

static void names_that_lead_nowhere(void)
{
    start(-1);
    script.four.lookup = script.six.lookup = PICKET_ERR_NO_ADDRESS;
    CHECK_INT(query(), PICKET_ERR_NO_ADDRESS);
    script.four.lookup = script.six.lookup = SCRIPT_NEVER;
    server.began = script.now_ms;
    CHECK_INT(query(), PICKET_ERR_TIMEOUT_LOOKUP);
    CHECK_INT(script.now_ms - server.began, 4000);
    script.four = script.six = (script_way_t){.lookup_start = PICKET_ERR_NO_NETWORK};
    CHECK_INT(query(), PICKET_ERR_NO_NETWORK);
    server.open_error = PICKET_ERR_NO_MEMORY;
    CHECK_INT(ask("192.0.2.9", 4000), PICKET_ERR_NO_MEMORY);
    stop();
}

static void arguments_are_checked(void)
{
    start(-1);
    CHECK_INT(ask(NULL, 4000), PICKET_ERR_ARG);
    CHECK_INT(ask("", 4000), PICKET_ERR_ARG);
    CHECK_INT(ask("a b", 4000), PICKET_ERR_ARG);
    CHECK_INT(ask("time.example", 0), PICKET_ERR_ARG);
    CHECK_INT(ask("time.example", 0x80000000), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_query_blocking(NULL, "time.example", 0, 4000), PICKET_ERR_ARG);
    port.udp_open = NULL;
    CHECK_INT(query(), PICKET_ERR_ARG);
    port.udp_open = udp_open;
    port.set_unix_ms = NULL;
    CHECK_INT(query(), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(ANY_TIME), PICKET_ERR_ARG);
    CHECK_INT(server.queries, 0);
    stop();
    CHECK_INT(query(), PICKET_ERR_CLOSED);
}

// --- How far

static void an_unknown_clock_may_leap_anywhere_within_belief(void)
{
    start(-1);
    right = picket_clock_floor() * 1000;
    CHECK_INT(query(), 0);
    is_right();
    stop();
    start(-1);
    right = picket_clock_ceiling() * 1000 - 1;
    CHECK_INT(query(), 0);
    stop();
    start(0); // a clock that says 1970 is none
    CHECK_INT(query(), 0);
    is_right();
    stop();
    for (int i = 0; i < 2; i++) {
        start(-1);
        right = i == 0 ? picket_clock_floor() * 1000 - 1000 : picket_clock_ceiling() * 1000 + 1000;
        CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
        CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
        stop();
    }
}

// At the ceiling, half a round trip may be too much.
static void the_sum_is_believed_or_not(void)
{
    start(-1);
    right = picket_clock_ceiling() * 1000 - 100;
    server.delay = 600;
    CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    stop();
}

static void later_it_is_moved_by_five_minutes_at_most(void)
{
    static const int64_t good[] = {0, 1000, -1000, 5 * MINUTES - 10, -5 * MINUTES + 10};
    static const int64_t bad[] = {5 * MINUTES + 10, -5 * MINUTES - 10, 3600000, -3600000,
                                  INT64_C(300000000000)};
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        start(-1);
        CHECK_INT(query(), 0);
        server.off = good[i];
        CHECK_INT(query(), 0);
        is(right + script.now_ms + good[i]);
        stop();
    }
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start(-1);
        CHECK_INT(query(), 0);
        server.off = bad[i];
        CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
        CHECK(strstr(picket_clock_why(), "300 seconds") != NULL);
        is_right();
        stop();
    }
}

static void the_application_may_leap(void)
{
    start(-1);
    CHECK_INT(picket_clock_set(ANY_TIME + 3600000), 0);
    is(ANY_TIME + 3600000);
    CHECK_INT(query(), PICKET_ERR_TIME_REFUSED);
    CHECK_INT(picket_clock_set(ANY_TIME + MINUTES), 0);
    CHECK_INT(query(), 0);
    is_right();
    stop();
}

static void it_may_set_it_before_there_is_a_client(void)
{
    start(-1);
    stop();
    CHECK_INT(picket_clock_set(ANY_TIME), 0);
    CHECK(script.unix_ms == ANY_TIME);
}

static void it_is_not_believed_blindly_either(void)
{
    const int64_t floor = picket_clock_floor() * 1000, ceiling = picket_clock_ceiling() * 1000;
    start(-1);
    CHECK_INT(picket_clock_set(floor - 1), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(ceiling + 1), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(0), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(-1), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(INT64_MAX), PICKET_ERR_ARG);
    CHECK_INT(picket_clock_set(INT64_MIN), PICKET_ERR_ARG);
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    CHECK_INT(picket_clock_set(ceiling), 0);
    CHECK_INT(picket_clock_set(floor), 0);
    stop();
}

int main(void)
{
    RUN(half_the_round_trip_is_added);
    RUN(silence_is_asked_again_and_ends);
    RUN(a_later_query_is_answered);
    RUN(an_answer_to_an_earlier_query_is_taken);
    RUN(after_eight_seconds_it_is_none);
    RUN(one_that_was_forgotten_is_none);
    RUN(local_ports_are_random);
    RUN(an_answer_after_the_end_is_none);
    RUN(a_kiss_ends_it);
    RUN(a_server_without_a_clock_is_asked_again);
    RUN(addresses_need_no_lookup);
    RUN(a_name_with_an_ipv6_address_only);
    RUN(names_that_lead_nowhere);
    RUN(arguments_are_checked);
    RUN(an_unknown_clock_may_leap_anywhere_within_belief);
    RUN(the_sum_is_believed_or_not);
    RUN(later_it_is_moved_by_five_minutes_at_most);
    RUN(the_application_may_leap);
    RUN(it_may_set_it_before_there_is_a_client);
    RUN(it_is_not_believed_blindly_either);
    return check_done();
}
