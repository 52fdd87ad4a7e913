// The time asked for by itself: a TLS connection that is begun while the time is not known, and up to four
// time servers, good, bad, dead and at odds. On a clock and a network of our own.
#include "../../src/arena.h"
#include "../../src/clock.h"
#include "check.h"
#include "picket/clock.h"
#include "picket/tls.h"
#include "script_port.h"
#include "sntp.h"

#define ANY_TIME   ((picket_clock_floor() + 1000000) * 1000)
#define SERVERS    4
#define QUERIES    24
#define CONNECT_MS 8000

static picket_t client;
static picket_port_t port;
static picket_http_t http;
static uint8_t arena[65536 + PICKET_STACK_SIZE];
static int64_t right; // the time that it really is, when the script's clock says 0

// --- The servers: 192.0.2.1 to 192.0.2.4

typedef struct server {
    bool dead;
    unsigned from;  // the first query that is answered, from 1
    uint32_t delay; // there and back, in milliseconds
    int64_t off;    // of its time, from what is right
    uint8_t flags, stratum;
    const char *code;  // of a kiss-o'-death
    uint32_t distance; // root delay, and dispersion, in 2^-16 s
    bool timeless;     // there is no time in it
    bool forged;       // it carries another stamp
    size_t len;        // of its answers
    int open_error, send_error;

    bool open;
    uint16_t local;
    unsigned queries, waiting, taken;
    uint32_t times[QUERIES], arrives[QUERIES];
    uint8_t stamps[QUERIES][SNTP_STAMP], answers[QUERIES][SNTP_LEN];
} server_t;

static server_t servers[SERVERS];
static unsigned sockets;
static char names[600]; // that were looked up

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

static void answer(server_t *s)
{
    uint8_t *to = s->answers[s->waiting];
    int64_t now = right + script.now_ms + s->delay / 2 + s->off;
    memset(to, 0, SNTP_LEN);
    to[0] = s->flags;
    to[1] = s->stratum;
    memcpy(to + 12, s->code != NULL ? s->code : "DENY", 4);
    put(to + 4, s->distance);
    put(to + 8, s->distance);
    memcpy(to + 24, s->stamps[s->queries - 1], SNTP_STAMP);
    to[24] ^= s->forged;
    if (!s->timeless) {
        put_stamp(to + 32, now);
        put_stamp(to + 40, now);
    }
    s->arrives[s->waiting++] = script.now_ms + s->delay;
}

static int udp_open(void *ctx, const picket_address_t *address, uint16_t number, uint16_t local)
{
    (void)ctx;
    CHECK(number == 123 && local >= 0xc000 && address->bytes[3] >= 1 && address->bytes[3] <= SERVERS);
    server_t *s = &servers[address->bytes[3] - 1];
    CHECK(!s->open);
    if (s->open_error != 0)
        return s->open_error;
    s->open = true;
    s->local = local;
    s->taken = s->waiting; // what comes for another port is lost
    sockets++;
    return (int)(s - servers);
}

static int udp_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    server_t *s = &servers[handle];
    CHECK(s->open && len == SNTP_LEN && s->queries < QUERIES);
    if (s->send_error != 0)
        return s->send_error;
    memcpy(s->stamps[s->queries], (const uint8_t *)data + 40, SNTP_STAMP);
    s->times[s->queries++] = script.now_ms;
    if (!s->dead && s->queries >= s->from)
        answer(s);
    return (int)len;
}

static bool has_arrived(const server_t *s)
{
    return s->taken < s->waiting && (int32_t)(script.now_ms - s->arrives[s->taken]) >= 0;
}

static int udp_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    server_t *s = &servers[handle];
    CHECK(s->open && len >= SNTP_LEN);
    if (!has_arrived(s))
        return PICKET_AGAIN;
    memcpy(buf, s->answers[s->taken++], s->len);
    return (int)s->len;
}

static void udp_close(void *ctx, int handle)
{
    (void)ctx;
    CHECK(servers[handle].open);
    servers[handle].open = false;
    sockets--;
}

// Nothing is slept over.
static uint32_t next(uint32_t ms)
{
    for (const server_t *s = servers; s < servers + SERVERS; s++) {
        uint32_t left = s->open && s->taken < s->waiting ? s->arrives[s->taken] - script.now_ms : ms;
        ms = s->open && has_arrived(s) ? 0 : left < ms ? left : ms;
    }
    return ms;
}

static uint32_t poll(void *ctx)
{
    return next(script_port()->poll(ctx));
}

static void wait(void *ctx, uint32_t ms)
{
    if (next(ms) > 0)
        script_port()->wait(ctx, next(ms));
}

static int lookup(void *ctx, const char *name, int family)
{
    strcat(names, name);
    strcat(names, family == 4 ? " 4, " : " 6, ");
    return script_port()->lookup(ctx, name, family);
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

static const script_step_t silent[] = {STEP_END};
static const script_step_t page[] = {STEP_HEAD, STEP_SEND("HTTP/1.1 204 Fine\r\n\r\n"), STEP_END};
static const uint8_t no_certificate[] = {0x30, 0x00};
static const picket_anchor_t anchor = {
    .der = no_certificate, .der_len = sizeof no_certificate, .subject_hash = 1};
static const picket_trust_t trust = {.anchors = &anchor, .count = 1};
static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"};

static void reset(void)
{
    script_reset();
    script.unix_ms = -1;
    script.peer = silent;
    right = ANY_TIME;
    memset(servers, 0, sizeof servers);
    for (int i = 0; i < SERVERS; i++)
        servers[i] = (server_t){.from = 1, .delay = 20, .flags = 4 << 3 | 4, .stratum = 2, .len = SNTP_LEN};
    sockets = 0;
    names[0] = '\0';
    port = *script_port();
    port.poll = poll;
    port.wait = wait;
    port.lookup = lookup;
    port.set_unix_ms = set_unix_ms;
    port.udp_open = udp_open;
    port.udp_send = udp_send;
    port.udp_recv = udp_recv;
    port.udp_close = udp_close;
    memset(&client, 0, sizeof client);
    memset(&http, 0, sizeof http);
}

static int init(const char *const *list, size_t count)
{
    const picket_config_t config = {.trust = &trust,
                                    .arena = arena,
                                    .arena_len = sizeof arena,
                                    .time_servers = list,
                                    .time_server_count = count,
                                    .timeouts = {.connect_ms = CONNECT_MS}};
    return picket_init(&client, &config);
}

// With the first n servers.
static void start(size_t n)
{
    reset();
    CHECK_INT(init(addresses, n), 0);
}

static void stop(void)
{
    picket_http_close(&http);
    picket_deinit(&client);
    CHECK_INT(sockets, 0);
    CHECK(script_clean());
}

static picket_detail_t detail(void)
{
    return picket_http_detail(&http);
}

static void begin(const char *url)
{
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = url}), 0);
}

// Poll until it is past asking for the time, or has failed.
static void pass(void)
{
    while (detail().phase == PICKET_PHASE_TIME && detail().error == 0) {
        uint32_t ms = picket_poll(&client);
        if (ms > 0 && detail().phase == PICKET_PHASE_TIME && detail().error == 0)
            port.wait(port.ctx, ms);
    }
}

static void is(int64_t unix_ms)
{
    int64_t now = picket_unix_ms(&client);
    if (now < unix_ms || now > unix_ms + 1)
        FAIL("%lld ms off", (long long)(now - unix_ms));
}

static void learns(const char *source)
{
    begin("https://h.test/");
    CHECK_INT(detail().phase, PICKET_PHASE_TIME);
    pass();
    CHECK_INT(detail().error, 0);
    CHECK(detail().phase > PICKET_PHASE_TIME);
    CHECK_STR(detail().text, "");
    CHECK_STR(picket_clock_source(), source);
    CHECK_INT(sockets, 0);
}

static void fails(int error, const char *text, uint32_t ms)
{
    const uint32_t began = script.now_ms;
    begin("https://h.test/");
    pass();
    CHECK_INT(detail().error, error);
    CHECK_INT(detail().phase, PICKET_PHASE_TIME);
    CHECK_STR(detail().text, text);
    CHECK_INT(script.now_ms - began, ms);
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], ms);
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    CHECK_STR(picket_clock_source(), "");
    CHECK_INT(sockets, 0);
    picket_http_close(&http);
}

// --- Good ones

static void a_single_server_is_believed(void)
{
    start(1);
    servers[0].delay = 600;
    learns("SNTP, 1 server: 192.0.2.1");
    is(right + script.now_ms);
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 600);
    CHECK_INT(servers[0].queries, 1);
    CHECK_INT(servers[0].times[0], 0);
    CHECK_STR(script.story, "");
    char byte;
    CHECK_INT(picket_http_read_blocking(&http, &byte, 1), PICKET_ERR_TIMEOUT_HANDSHAKE);
    CHECK_INT(script.now_ms, CONNECT_MS); // one deadline for all of it
    stop();
}

static void once_is_enough(void)
{
    start(1);
    learns("SNTP, 1 server: 192.0.2.1");
    picket_http_close(&http);
    begin("https://h.test/");
    CHECK_INT(detail().phase, PICKET_PHASE_LOOKUP);
    CHECK_INT(servers[0].queries, 1);
    stop();
}

// Both are asked at once; the faster answer is off by less.
static void two_that_agree(void)
{
    for (int slow = 0; slow < 2; slow++) {
        start(2);
        servers[slow].delay = 600;
        servers[slow].off = 4000;
        learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
        is(right + script.now_ms);
        CHECK_INT(servers[0].times[0], 0);
        CHECK_INT(servers[1].times[0], 0);
        CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 600);
        CHECK(servers[0].local != servers[1].local);
        CHECK(memcmp(servers[0].stamps, servers[1].stamps, SNTP_STAMP) != 0);
        stop();
    }
}

static void two_of_three(void)
{
    start(3);
    servers[1].dead = true;
    learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.3");
    stop();
    for (int liar = 0; liar < 3; liar++) {
        start(3);
        servers[liar].off = -400000;
        begin("https://h.test/");
        pass();
        CHECK_INT(detail().error, 0);
        is(right + script.now_ms);
        stop();
    }
}

static void ten_seconds_are_agreement(void)
{
    static const char words[] = "the time servers disagree by more than 10 seconds";
    for (int sign = -1; sign <= 1; sign += 2) {
        start(2);
        servers[1].off = sign * 9990;
        learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
        stop();
        start(2);
        servers[1].off = sign * 10010;
        fails(PICKET_ERR_NO_TIME, words, 20);
        stop();
    }
}

// By the time that they say it was when they were asked, whenever they answered.
static void agreement_does_not_depend_on_when(void)
{
    for (int sign = -1; sign <= 1; sign += 2) {
        start(2);
        servers[1].delay = 7000;
        servers[1].off = sign * 9990;
        learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
        is(right + script.now_ms);
        stop();
    }
}

static void an_answer_that_is_late_counts(void)
{
    start(1);
    servers[0].delay = 1500;
    learns("SNTP, 1 server: 192.0.2.1");
    CHECK_INT(servers[0].queries, 2);
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 1500);
    is(right + script.now_ms);
    stop();
}

static void asked_again_after_1_2_and_4_seconds(void)
{
    static const uint32_t wanted[] = {0, 1000, 3000, 7000};
    start(1);
    servers[0].from = 4;
    learns("SNTP, 1 server: 192.0.2.1");
    REQUIRE_INT(servers[0].queries, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(servers[0].times[i], wanted[i]);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(servers[0].stamps[i], servers[0].stamps[j], SNTP_STAMP) != 0);
    }
    stop();
}

// --- Bad ones

typedef struct bad {
    const char *words;
    server_t is;
    bool at_once; // nothing can come of it any more
} bad_t;

#define GOOD .from = 1, .len = SNTP_LEN
static const bad_t bad[] = {
    {"no answer", {GOOD, .flags = 0x24, .stratum = 2, .dead = true}, false},
    {"no answer", {GOOD, .flags = 0x24, .stratum = 2, .forged = true}, false},
    {"no answer", {GOOD, .flags = 0x23, .stratum = 2}, false}, // a query
    {"no answer", {GOOD, .flags = 0x25, .stratum = 2}, false}, // broadcast
    {"no answer", {.from = 1, .flags = 0x24, .stratum = 2, .len = 47}, false},
    {"no answer", {GOOD, .flags = 0x24, .stratum = 2, .delay = 9000}, false},
    {"another version of the protocol", {GOOD, .flags = 0x0c, .stratum = 2}, false},
    {"its own clock is not set", {GOOD, .flags = 0xe4, .stratum = 2}, false},
    {"it is too far from any reference clock", {GOOD, .flags = 0x24, .stratum = 16}, false},
    {"its own clock may be off by more than 1.5 seconds",
     {GOOD, .flags = 0x24, .stratum = 2, .distance = 0x10100},
     false},
    {"there is no time in it", {GOOD, .flags = 0x24, .stratum = 2, .timeless = true}, false},
    {"its own clock is not set", {GOOD, .flags = 0xe4, .stratum = 0, .code = "\0\0\0"}, false},
    {"its own clock is not set", {GOOD, .flags = 0xe4, .stratum = 0, .code = "INIT"}, false},
    {SNTP_KISSED, {GOOD, .flags = 0x24, .stratum = 0}, true},
    {"it has been asked too often (kiss-o'-death)",
     {GOOD, .flags = 0xe4, .stratum = 0, .code = "RATE"},
     true},
    {"no route to the server", {GOOD, .send_error = PICKET_ERR_UNREACHABLE}, true},
    {"no route to the server", {GOOD, .open_error = PICKET_ERR_UNREACHABLE}, true},
};

static void fails_because_of(const bad_t *b, const char *name, uint32_t ms)
{
    char text[112];
    snprintf(text, sizeof text, "time server %s: %s", name, b->words);
    fails(PICKET_ERR_NO_TIME, text, b->at_once ? ms : CONNECT_MS);
}

static void each_bad_answer_is_refused_in_words(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start(1);
        servers[0] = bad[i].is;
        fails_because_of(&bad[i], "192.0.2.1", 0);
        CHECK(bad[i].at_once ? servers[0].queries <= 1 : servers[0].queries == 4);
        stop();
    }
}

static void one_of_two_is_not_enough(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start(2);
        servers[1] = bad[i].is;
        fails_because_of(&bad[i], "192.0.2.2", 0);
        stop();
    }
}

static void another_one_makes_up_for_it(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        start(3);
        servers[1] = bad[i].is;
        learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.3");
        stop();
    }
}

static void times_that_cannot_be(void)
{
    static const char words[] = "time server 192.0.2.1: it is not within 20 years of when this was built";
    const int64_t times[] = {0, INT64_C(4070908800000), picket_clock_floor() * 1000 - 2000,
                             picket_clock_ceiling() * 1000 + 2000};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        start(1);
        right = times[i];
        fails(PICKET_ERR_NO_TIME, words, 20);
        stop();
    }
}

static void two_that_say_1970_are_refused_too(void)
{
    start(2);
    right = 0;
    fails(PICKET_ERR_NO_TIME,
          "time server 192.0.2.1: it is not within 20 years of when this was built; 192.0.2.2: it is not "
          "within 20 years o",
          20);
    stop();
}

static void all_that_is_wrong_is_said(void)
{
    start(3);
    servers[0].dead = true;
    servers[1].stratum = 16;
    fails(PICKET_ERR_NO_TIME,
          "time server 192.0.2.1: no answer; 192.0.2.2: it is too far from any reference clock", CONNECT_MS);
    stop();
}

static void disagreement_with_one_dead(void)
{
    start(3);
    servers[0].dead = true;
    servers[1].off = 3600000;
    fails(PICKET_ERR_NO_TIME, "the time servers disagree by more than 10 seconds", CONNECT_MS);
    stop();
}

static void who_wants_to_be_left_alone_is(void)
{
    start(3);
    servers[0].stratum = 0;
    servers[1].dead = true;
    fails(PICKET_ERR_NO_TIME, "time server 192.0.2.1: " SNTP_KISSED "; 192.0.2.2: no answer", CONNECT_MS);
    servers[1].dead = false;
    script_sleep(1000);
    learns("SNTP, 2 servers agreed: 192.0.2.2, 192.0.2.3");
    CHECK_INT(servers[0].queries, 1);
    stop();
    start(1);
    servers[0].stratum = 0;
    fails(PICKET_ERR_NO_TIME, "time server 192.0.2.1: " SNTP_KISSED, 20);
    script_sleep(100000);
    fails(PICKET_ERR_NO_TIME, "time server 192.0.2.1: " SNTP_KISSED, 0);
    CHECK_INT(servers[0].queries, 1);
    stop();
}

// It was started when this machine was, say.
static void a_server_may_get_the_time_later(void)
{
    start(1);
    servers[0].stratum = 0;
    servers[0].code = "INIT";
    fails(PICKET_ERR_NO_TIME, "time server 192.0.2.1: its own clock is not set", CONNECT_MS);
    servers[0].stratum = 2;
    script_sleep(1000);
    learns("SNTP, 1 server: 192.0.2.1");
    stop();
}

static void who_was_asked_too_often_is_asked_in_the_next_round(void)
{
    start(1);
    servers[0].stratum = 0;
    servers[0].code = "RATE";
    fails(PICKET_ERR_NO_TIME, "time server 192.0.2.1: it has been asked too often (kiss-o'-death)", 20);
    servers[0].stratum = 2;
    script_sleep(1000);
    learns("SNTP, 1 server: 192.0.2.1");
    CHECK_INT(servers[0].queries, 2);
    stop();
}

// --- Names

static void two_names_of_one_machine_are_one_server(void)
{
    static const char *const twins[] = {"192.0.2.1", "time.example"};
    reset();
    CHECK_INT(init(twins, 2), 0);
    fails(PICKET_ERR_NO_TIME, "time server time.example: it is at the address of another one", 0);
    stop();
}

static void names_that_lead_nowhere(void)
{
    static const char *const named[] = {"time.example:123"};
    reset();
    CHECK_INT(init(named, 1), 0);
    script.four.lookup = script.six.lookup = PICKET_ERR_NO_ADDRESS;
    fails(PICKET_ERR_NO_TIME, "time server time.example:123: the host name has no address", 0);
    CHECK_STR(names, "time.example 4, time.example 6, ");
    script.four.lookup = SCRIPT_NEVER;
    fails(PICKET_ERR_NO_TIME,
          "time server time.example:123: timed out looking up the host name: no name server answered",
          CONNECT_MS);
    script.four = script.six = (script_way_t){.lookup_start = PICKET_ERR_NO_NETWORK};
    fails(PICKET_ERR_NO_NETWORK,
          "time server time.example:123: no network: the link is down or there is no address yet", 0);
    stop();
}

static void a_name_that_leads_there(void)
{
    static const char *const named[] = {"time.example"};
    reset();
    CHECK_INT(init(named, 1), 0);
    script.four.lookup_ms = 300;
    learns("SNTP, 1 server: time.example");
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 320);
    stop();
}

static void the_standard_ones(void)
{
    reset();
    CHECK_INT(init(NULL, 0), 0);
    begin("https://h.test/");
    picket_poll(&client);
    CHECK_STR(names, "pool.ntp.org 4, time.cloudflare.com 4, time.google.com 4, ");
    stop();
}

static void lists_are_checked(void)
{
    static const char *const wrong[] = {"",
                                        "a b",
                                        "time.example:",
                                        "time.example:0",
                                        "x:65536",
                                        "x:1a",
                                        "[192.0.2.1]",
                                        "[::1",
                                        "[::1]x",
                                        "[time.example]",
                                        "[]",
                                        "[]:1",
                                        ":1",
                                        "1.2.3.4:",
                                        "x:00000000000",
                                        "a:b:c",
                                        NULL};
    static const char *const good[] = {"time.example", "time.example:1", "[2001:db8::1]:65535",
                                       "2001:db8::1"};
    static const char *const five[] = {"a", "b", "c", "d", "e"};
    reset();
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_INT(init(&wrong[i], 1), PICKET_ERR_ARG);
    CHECK_INT(init(five, 5), PICKET_ERR_ARG);
    CHECK_INT(init(NULL, 1), PICKET_ERR_ARG);
    CHECK_INT(init(good, 4), 0);
    stop();
}

// --- Who does not ask

static void cannot(void)
{
    char byte;
    begin("https://h.test/");
    CHECK_INT(picket_http_read_blocking(&http, &byte, 1), PICKET_ERR_NO_TIME);
    CHECK_INT(detail().phase, PICKET_PHASE_HANDSHAKE);
    CHECK_STR(names, "h.test 6, h.test 4, ");
    stop();
}

static void nobody_is_asked_where_that_is_configured_or_impossible(void)
{
    start(0);
    cannot();
    start(2);
    port.udp_send = NULL;
    cannot();
    start(2);
    port.set_unix_ms = NULL;
    cannot();
}

static void http_needs_no_time(void)
{
    char byte;
    start(2);
    script.peer = page;
    begin("http://h.test/");
    CHECK_INT(detail().phase, PICKET_PHASE_LOOKUP);
    CHECK_INT(picket_http_read_blocking(&http, &byte, 1), 0);
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 0);
    CHECK_INT(servers[0].queries + servers[1].queries, 0);
    stop();
}

static void a_board_that_knows_asks_nobody(void)
{
    reset();
    script.unix_ms = right;
    CHECK_INT(init(addresses, 2), 0);
    CHECK_STR(picket_clock_source(), "the board");
    begin("https://h.test/");
    CHECK_INT(detail().phase, PICKET_PHASE_LOOKUP);
    stop();
}

// --- Meanwhile

static void what_the_application_sets_counts(void)
{
    start(2);
    servers[0].delay = servers[1].delay = 500;
    begin("https://h.test/");
    picket_poll(&client);
    script_sleep(100);
    CHECK_INT(picket_clock_set(ANY_TIME + 3600000), 0);
    pass();
    CHECK_INT(detail().error, 0);
    CHECK(detail().phase > PICKET_PHASE_TIME);
    CHECK_INT(sockets, 0);
    script_sleep(1000);
    picket_poll(&client);
    is(ANY_TIME + 3600000 + 1000);
    CHECK_STR(picket_clock_source(), "set by the application");
    stop();
}

static void a_board_that_learns_it_meanwhile(void)
{
    start(2);
    servers[0].dead = true;
    begin("https://h.test/");
    picket_poll(&client);
    script.unix_ms = right;
    pass();
    CHECK_INT(detail().error, 0);
    CHECK_INT(sockets, 0);
    stop();
}

static void closing_ends_it(void)
{
    size_t before, after;
    start(4);
    picket_memory(&client, &before, NULL);
    begin("https://h.test/");
    picket_poll(&client);
    CHECK_INT(sockets, 4);
    picket_http_close(&http);
    CHECK_INT(sockets, 0);
    picket_memory(&client, &after, NULL);
    CHECK_INT(after, before);
    stop();
}

static void so_does_the_end_of_the_client(void)
{
    static const char *const mixed[] = {"192.0.2.1", "time.example"};
    reset();
    CHECK_INT(init(mixed, 2), 0);
    script.four.lookup = SCRIPT_NEVER;
    begin("https://h.test/");
    picket_poll(&client);
    CHECK_INT(sockets, 1);
    CHECK_INT(script.open, 1);
    picket_deinit(&client);
    CHECK_INT(sockets, 0);
    CHECK(script_clean());
}

static void several_wait_for_the_same_answer(void)
{
    picket_tls_t tls;
    start(1);
    servers[0].delay = 500;
    begin("https://h.test/");
    CHECK_INT(picket_tls_start(&tls, &client, &(picket_tls_target_t){.host = "h.test", .port = 443}), 0);
    picket_poll(&client);
    CHECK_INT(picket_tls_detail(&tls).phase, PICKET_PHASE_TIME);
    CHECK_INT(picket_tls_ready(&tls), PICKET_AGAIN);
    picket_http_close(&http); // the other still waits
    CHECK_INT(sockets, 1);
    script_sleep(500);
    picket_poll(&client);
    CHECK(picket_tls_detail(&tls).phase > PICKET_PHASE_TIME);
    CHECK_INT(servers[0].queries, 1);
    picket_tls_close(&tls);
    stop();
}

static void a_stream_says_why_too(void)
{
    picket_tls_t tls;
    start(1);
    servers[0].stratum = 0;
    CHECK_INT(picket_tls_start(&tls, &client, &(picket_tls_target_t){.host = "h.test", .port = 443}), 0);
    while (picket_tls_ready(&tls) == PICKET_AGAIN)
        port.wait(port.ctx, picket_poll(&client) + 1);
    CHECK_INT(picket_tls_ready(&tls), PICKET_ERR_NO_TIME);
    CHECK_INT(picket_tls_detail(&tls).phase, PICKET_PHASE_TIME);
    CHECK_STR(picket_tls_detail(&tls).text, "time server 192.0.2.1: " SNTP_KISSED);
    picket_tls_close(&tls);
    stop();
}

static void the_whole_time_may_be_shorter(void)
{
    start(1);
    servers[0].dead = true;
    CHECK_INT(picket_http_start(&http, &client,
                                &(picket_request_t){.url = "https://h.test/", .timeouts = {.total_ms = 700}}),
              0);
    pass();
    CHECK_INT(detail().error, PICKET_ERR_TIMEOUT_TOTAL);
    CHECK_STR(detail().text, "time server 192.0.2.1: no answer");
    CHECK_INT(script.now_ms, 700);
    stop();
}

// Public servers are not to be asked as often as somebody tries.
static void rounds_that_fail_are_followed_by_pauses(void)
{
    static const uint32_t pauses[] = {1000, 2000, 4000, 8000, 16000, 16000};
    start(2);
    servers[1].off = 3600000;
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        unsigned queries = servers[0].queries;
        const uint32_t began = script.now_ms;
        CHECK_INT(picket_http_start(
                      &http, &client,
                      &(picket_request_t){.url = "https://h.test/", .timeouts = {.connect_ms = 20000}}),
                  0);
        pass();
        CHECK_STR(detail().text, "the time servers disagree by more than 10 seconds");
        CHECK_INT(servers[0].queries, queries + 1);
        CHECK_INT(script.now_ms - began, 20 + (i > 0 ? pauses[i - 1] : 0));
        picket_http_close(&http);
    }
    script_sleep(8000 - 1);
    fails(PICKET_ERR_NO_TIME, "the time servers have just been asked, in vain", CONNECT_MS);
    servers[1].off = 0;
    learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
    stop();
}

static void a_pause_ends_though_the_counter_comes_round(void)
{
    start(2);
    servers[1].off = 3600000;
    fails(PICKET_ERR_NO_TIME, "the time servers disagree by more than 10 seconds", 20);
    script_sleep(0x90000000);
    fails(PICKET_ERR_NO_TIME, "the time servers disagree by more than 10 seconds", 20);
    stop();
}

static void the_counter_comes_round_while_an_answer_is_on_its_way(void)
{
    start(2);
    script_sleep(0xfffffe00);
    servers[0].delay = servers[1].delay = 900;
    learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
    is(right + (INT64_C(1) << 32) + script.now_ms);
    CHECK_INT(detail().phase_ms[PICKET_PHASE_TIME], 900);
    CHECK_INT(servers[0].queries, 1);
    stop();
}

static void memory_may_be_short(void)
{
    size_t before, after;
    start(4);
    picket_memory(&client, &before, NULL);
    begin("https://h.test/");
    arena_fail_at(1);
    pass();
    arena_fail_at(0);
    CHECK_INT(detail().error, PICKET_ERR_NO_MEMORY);
    picket_http_close(&http);
    picket_memory(&client, &after, NULL);
    CHECK_INT(after, before);
    learns("SNTP, 2 servers agreed: 192.0.2.1, 192.0.2.2");
    stop();
}

static void it_takes_little_memory(void)
{
    size_t before, asking;
    start(4);
    begin("https://h.test/");
    picket_memory(&client, &before, NULL);
    picket_poll(&client);
    picket_memory(&client, &asking, NULL);
    CHECK(asking - before > 0 && asking - before < SERVERS * 200 + 100);
    stop();
}

int main(void)
{
    RUN(a_board_that_knows_asks_nobody); // before anybody has set the clock
    RUN(a_single_server_is_believed);
    RUN(once_is_enough);
    RUN(two_that_agree);
    RUN(two_of_three);
    RUN(ten_seconds_are_agreement);
    RUN(agreement_does_not_depend_on_when);
    RUN(an_answer_that_is_late_counts);
    RUN(asked_again_after_1_2_and_4_seconds);
    RUN(each_bad_answer_is_refused_in_words);
    RUN(one_of_two_is_not_enough);
    RUN(another_one_makes_up_for_it);
    RUN(times_that_cannot_be);
    RUN(two_that_say_1970_are_refused_too);
    RUN(all_that_is_wrong_is_said);
    RUN(disagreement_with_one_dead);
    RUN(who_wants_to_be_left_alone_is);
    RUN(a_server_may_get_the_time_later);
    RUN(who_was_asked_too_often_is_asked_in_the_next_round);
    RUN(two_names_of_one_machine_are_one_server);
    RUN(names_that_lead_nowhere);
    RUN(a_name_that_leads_there);
    RUN(the_standard_ones);
    RUN(lists_are_checked);
    RUN(nobody_is_asked_where_that_is_configured_or_impossible);
    RUN(http_needs_no_time);
    RUN(what_the_application_sets_counts);
    RUN(a_board_that_learns_it_meanwhile);
    RUN(closing_ends_it);
    RUN(so_does_the_end_of_the_client);
    RUN(several_wait_for_the_same_answer);
    RUN(a_stream_says_why_too);
    RUN(the_whole_time_may_be_shorter);
    RUN(rounds_that_fail_are_followed_by_pauses);
    RUN(a_pause_ends_though_the_counter_comes_round);
    RUN(the_counter_comes_round_while_an_answer_is_on_its_way);
    RUN(memory_may_be_short);
    RUN(it_takes_little_memory);
    return check_done();
}
