// Handshakes that come back early as often as they can: the clock jumps by PICKET_SLICE_MS whenever it is read.
// They must end as if they had not, be cancelled at any point without leaving anything behind, and leave room
// for others.
#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "client.h"
#include "replay_port.h"
#include "socket_port.h"
#include "tls_private.h"
#include "tls_server.h"
#include "torture.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#define SPARSE    5
#define UNCHECKED __attribute__((no_sanitize_address))
#else
#define SANITIZED false
#define SPARSE    1
#define UNCHECKED
#endif

#define SHOWN     5 // of what went wrong in one test
#define BODY_LEN  15000
#define GENEROUS  1000000000u // ms
#define EXCHANGES 3           // at once

static const tls_chain_t chains[] = {
    {"ec", "P-256", "P-256", "P-256", 0},
    {"ec384", "P-384", "P-384", "P-384", 0},
    {"rsa", "rsa:2048", "rsa:2048", "rsa:2048", 0},
};
#define CHAINS  (sizeof chains / sizeof chains[0])
#define SERVERS (CHAINS * 2) // TLS 1.3 and 1.2 each

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(EXCHANGES)];
static picket_trust_t trust, other_trust;
static tls_server_t servers[SERVERS];
static char urls[SERVERS][64];
static uint8_t body[BODY_LEN];
static replay_recording_t recordings[SERVERS];
static picket_t client;

static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
static const picket_timeouts_t generous = {GENEROUS, GENEROUS, GENEROUS, GENEROUS};

// --- The port: replayed or real connections, and a clock that may jump

static picket_port_t port;
static const picket_port_t *beneath;
static struct {
    bool jumps;
    uint32_t ms; // how far it has jumped
    bool overflowed;
} world;

static uint32_t millis(void *ctx)
{
    if (world.jumps)
        world.ms += PICKET_SLICE_MS;
    return beneath->millis(ctx) + world.ms;
}

static bool stack_intact(void *ctx)
{
    (void)ctx;
    return !world.overflowed;
}

static void use_port(const picket_port_t *p)
{
    beneath = p;
    port = *p;
    port.millis = millis;
    port.stack_intact = stack_intact;
    world.jumps = world.overflowed = false;
}

static int init(void)
{
    return picket_init(&client, &(picket_config_t){
                                    .keep_ms = PICKET_KEEP_NEVER,
                                    .trust = &trust,
                                    .arena = arena,
                                    .arena_len = sizeof arena,
                                    .port = &port,
                                    .timeouts = generous,
                                });
}

static int init_real(void)
{
    socket_port_deterministic(0, 0);
    use_port(socket_port());
    return init();
}

static size_t used(void)
{
    size_t now;
    picket_memory(&client, &now, NULL);
    return now;
}

static bool is_busy(void)
{
    return tls_busy(client.state->env.tls);
}

// Keys that Mbed TLS holds, and slots for keys that are not in order.
typedef struct keys {
    size_t held, unsound;
} keys_t;

static keys_t keys(void)
{
    mbedtls_psa_stats_t stats;
    mbedtls_psa_get_stats(&stats);
    return (keys_t){stats.MBEDTLS_PRIVATE(volatile_slots),
                    stats.MBEDTLS_PRIVATE(half_filled_slots) + stats.MBEDTLS_PRIVATE(locked_slots)};
}

// --- Servers

static bool put_page(const char *name, size_t len)
{
    static char whole[200 + BODY_LEN];
    int n = snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    memcpy(whole + n, body, len);
    return tls_server_page(name, whole, (size_t)n + len);
}

static void starts_servers(void)
{
    for (size_t i = 0; i < BODY_LEN; i++)
        body[i] = (uint8_t)(i * 5 + i / 256);
    REQUIRE(put_page("page", BODY_LEN));
    for (size_t i = 0; i < CHAINS; i++)
        REQUIRE(tls_chain_make(&chains[i]));
    REQUIRE(tls_chain_trust(chains, CHAINS, &trust) && tls_chain_trust(&chains[2], 1, &other_trust));
    for (size_t i = 0; i < SERVERS; i++) {
        const char *version = i % 2 == 0 ? "-tls1_3" : "-tls1_2";
        REQUIRE(tls_server_start(&servers[i],
                                 &(tls_server_options_t){.chain = &chains[i / 2], .version = version}));
        snprintf(urls[i], sizeof urls[i], "https://" TLS_SERVER_HOST ":%u/page", servers[i].port);
    }
}

static void records_real_exchanges(void)
{
    for (size_t i = 0; i < SERVERS; i++) {
        recordings[i].trust = &trust;
        recordings[i].version = i % 2 == 0 ? PICKET_TLS_1_3 : PICKET_TLS_1_2;
        recordings[i].seed = 20263;
        REQUIRE(replay_record(&recordings[i], arena, sizeof arena, servers[i].port, "page"));
    }
}

static bool is_whole(const replay_page_t *p)
{
    return p->result == 0 && p->len == BODY_LEN && memcmp(p->bytes, body, BODY_LEN) == 0;
}

// --- Replayed GETs

typedef struct scenario {
    const char *name;
    size_t server;
    bool resumed;
    const picket_trust_t *trust; // NULL: the usual
    int days;                    // from now
} scenario_t;

static const scenario_t scenarios[] = {
    {.name = "1.3 P-256", .server = 0},
    {.name = "1.2 P-256", .server = 1},
    {.name = "1.3 P-256 resumed", .server = 0, .resumed = true},
    {.name = "1.2 P-256 resumed", .server = 1, .resumed = true},
    {.name = "1.3 P-384", .server = 2},
    {.name = "1.2 P-384", .server = 3},
    {.name = "1.3 P-384 resumed", .server = 2, .resumed = true},
    {.name = "1.2 P-384 resumed", .server = 3, .resumed = true},
    {.name = "1.3 RSA", .server = 4},
    {.name = "1.2 RSA", .server = 5},
    {.name = "1.3 RSA resumed", .server = 4, .resumed = true},
    {.name = "1.2 RSA resumed", .server = 5, .resumed = true},
    {.name = "1.3 unknown issuer", .server = 0, .trust = &other_trust},
    {.name = "1.2 unknown issuer", .server = 1, .trust = &other_trust},
    {.name = "1.3 expired", .server = 2, .days = 120},
    {.name = "1.2 expired", .server = 3, .days = 120},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static replay_page_t page;

// A client before the GET that matters.
static int begin(const scenario_t *s)
{
    static replay_t scripts[2];
    const replay_recording_t *r = &recordings[s->server];
    use_port(replay_port());
    socket_port_deterministic(r->seed, r->unix_ms + (int64_t)s->days * 86400 * 1000);
    int error = picket_init(&client, &(picket_config_t){
                                         .keep_ms = PICKET_KEEP_NEVER,
                                         .trust = s->trust != NULL ? s->trust : &trust,
                                         .arena = arena,
                                         .arena_len = sizeof arena,
                                         .port = &port,
                                         .tls_min = r->version,
                                         .tls_max = r->version,
                                         .timeouts = generous,
                                     });
    for (int i = 0; i < 2; i++)
        scripts[i] = (replay_t){.bytes = r->bytes[i], .len = r->len[i]};
    replay_load(scripts, 2);
    if (error != 0 || !s->resumed)
        return error;
    replay_get(&client, r->url, &page);
    return page.result;
}

static bool is_shaking_hands(const picket_http_t *http)
{
    picket_detail_t detail = picket_http_detail(http);
    return detail.error == 0 && detail.phase <= PICKET_PHASE_HANDSHAKE;
}

// How often a step had come back early when a poll came back.
static unsigned shake_hands(picket_http_t *http)
{
    unsigned waits = 0;
    while (is_shaking_hands(http)) {
        uint32_t ms = picket_poll(&client);
        if (is_busy()) {
            CHECK(!mbedtls_ssl_is_handshake_over(&tls_step_paused()->ssl));
            waits++;
            CHECK_INT(ms, 0);
        }
    }
    CHECK(!is_busy());
    return waits;
}

typedef struct outcome {
    replay_page_t page;
    unsigned waits;
    size_t used, sent_len;
    uint8_t sent[16384];
} outcome_t;

static void play(const scenario_t *s, bool jumps, outcome_t *o)
{
    picket_http_t http = {0};
    REQUIRE_INT(begin(s), 0);
    world.jumps = jumps;
    (void)replay_start(&client, recordings[s->server].url, &http, &o->page);
    o->waits = shake_hands(&http);
    replay_finish(&http, &o->page);
    const uint8_t *sent = replay_sent(s->resumed, &o->sent_len);
    memcpy(o->sent, sent, o->sent_len);
    o->used = used();
    CHECK(arena_check());
    picket_deinit(&client);
}

static void compare(const scenario_t *s, const outcome_t *a, const outcome_t *b)
{
    const picket_detail_t *x = &a->page.detail, *y = &b->page.detail;
    bool ok = a->page.result == b->page.result && a->page.status == b->page.status &&
              a->page.len == b->page.len && memcmp(a->page.bytes, b->page.bytes, a->page.len) == 0;
    ok = ok && a->used == b->used && a->sent_len == b->sent_len && memcmp(a->sent, b->sent, a->sent_len) == 0;
    ok = ok && x->error == y->error && x->phase == y->phase && x->tls_version == y->tls_version &&
         x->tls_suite == y->tls_suite && x->tls_group == y->tls_group && x->resumed == y->resumed;
    ok = ok && x->chain_len == y->chain_len && x->alert == y->alert && x->verify_flags == y->verify_flags &&
         x->library_code == y->library_code && strcmp(x->text, y->text) == 0;
    ok = ok && memcmp(x->heap_peak, y->heap_peak, sizeof x->heap_peak) == 0;
    if (!ok)
        FAIL("%s: %s (%s), paused %s (%s)", s->name, picket_error_name(a->page.result), x->text,
             picket_error_name(b->page.result), y->text);
}

static int expected(const scenario_t *s)
{
    return s->trust != NULL ? PICKET_ERR_UNKNOWN_ISSUER : s->days != 0 ? PICKET_ERR_EXPIRED : 0;
}

static void ends_as_without_pauses(void)
{
    static outcome_t straight, paused;
    for (size_t i = 0; i < SCENARIOS; i++) {
        const scenario_t *s = &scenarios[i];
        play(s, false, &straight);
        play(s, true, &paused);
        compare(s, &straight, &paused);
        CHECK_INT(paused.page.result, expected(s));
        CHECK(expected(s) != 0 || is_whole(&paused.page));
        CHECK(straight.waits <= 3); // between two signatures, whatever the time
        bool is_ecdsa = s->server < 4 && !s->resumed && s->trust == NULL;
        printf("# %s: came back early %u times\n", s->name, paused.waits);
        CHECK(!is_ecdsa || paused.waits > 100);
    }
}

// Mbed TLS 3.6.7 forgets the first of a pair of TLS 1.3 traffic keys when there is no memory for the second.
#define LIBRARY_LEAK 40

// --- Cancelled anywhere. Each end is tried in a copy of the process, so that the handshake is made once.

enum way { CLOSE, DEINIT, TOTAL, CONNECT, WAYS };

static const char *const way_names[] = {"close", "deinit", "total deadline", "connect deadline"};

static void say(const char *what)
{
    fprintf(stderr, "# %s\n", what);
}

static int pass_deadline(picket_http_t *http, int wanted)
{
    char byte;
    world.ms += GENEROUS + 1;
    (void)picket_poll(&client);
    int result = picket_http_read(http, &byte, 1);
    if (result != wanted && is_shaking_hands(http))
        say(picket_error_name(result));
    return result == wanted || !is_shaking_hands(http);
}

// Cancel, and look at what is left: what was there before.
static bool cancels(picket_http_t *http, enum way way, size_t base, keys_t before)
{
    bool ok = true;
    if (way == TOTAL || way == CONNECT)
        ok = pass_deadline(http, way == TOTAL ? PICKET_ERR_TIMEOUT_TOTAL : PICKET_ERR_TIMEOUT_HANDSHAKE);
    if (way == DEINIT) {
        picket_deinit(&client);
        return init() == 0 && used() <= base && keys().held == 0 && keys().unsound == 0 && !is_busy();
    }
    picket_http_close(http);
    keys_t after = keys();
    if (used() != base || after.held != before.held || after.unsound != before.unsound)
        fprintf(stderr, "# %zu bytes in use and %zu keys, before %zu and %zu\n", used(), after.held, base,
                before.held);
    return ok && used() == base && after.held == before.held && after.unsound == 0 && !is_busy();
}

// A GET from the real server.
static bool still_works(size_t server)
{
    use_port(socket_port());
    socket_port_deterministic(0, 0);
    replay_get(&client, urls[server], &page);
    return is_whole(&page) && arena_check();
}

static bool in_a_copy(picket_http_t *http, const scenario_t *s, enum way way, size_t base, keys_t before,
                      bool get)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        _exit(cancels(http, way, base, before) && arena_check() && (!get || still_works(s->server)) ? 0 : 1);
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

#define TRY_GET 64 // polls

static void cancel_everywhere(const scenario_t *s, bool all)
{
    picket_http_t http = {0};
    unsigned polls = 0, wrong = 0;
    bool get = s->trust == NULL && s->days == 0;
    REQUIRE_INT(begin(s), 0);
    size_t base = used();
    keys_t before = keys();
    picket_request_t request = {.url = recordings[s->server].url, .address = &loopback};
    world.jumps = true;
    REQUIRE_INT(picket_http_start(&http, &client, &request), 0);
    for (; is_shaking_hands(&http); polls++) {
        enum way way = polls / SPARSE % WAYS;
        if (polls % SPARSE == 0 && (all || polls % 5 == 0) && wrong < SHOWN) {
            bool ok = in_a_copy(&http, s, CLOSE, base, before, get && polls % TRY_GET == 0) &&
                      (way == CLOSE || in_a_copy(&http, s, way, base, before, get && polls % TRY_GET == 1));
            wrong += !ok;
            if (!ok)
                FAIL("%s, %s at poll %u", s->name, way_names[way], polls);
        }
        (void)picket_poll(&client);
    }
    CHECK(polls > 2);
    picket_http_close(&http);
    picket_deinit(&client);
}

static void can_be_cancelled_anywhere(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        cancel_everywhere(&scenarios[i], i < 4);
}

static void streams_can_be_cancelled_anywhere(void)
{
    size_t base = 0, wrong = 0;
    REQUIRE_INT(init_real(), 0);
    base = used();
    for (unsigned polls = 1; polls < 1400 && wrong < SHOWN; polls += 67 * SPARSE) {
        picket_tls_t tls = {0};
        picket_tls_target_t target = {.host = TLS_SERVER_HOST, .port = servers[0].port, .address = &loopback};
        world.jumps = true;
        REQUIRE_INT(picket_tls_start(&tls, &client, &target), 0);
        for (unsigned i = 0; i < polls; i++) {
            if (picket_poll(&client) > 0)
                port.wait(NULL, 100);
        }
        picket_tls_close(&tls);
        wrong += used() != base || keys().held != 0 || keys().unsound != 0 || is_busy() || !arena_check();
        CHECK_INT(used(), base);
        CHECK_INT(keys().held, 0);
    }
    picket_deinit(&client);
}

// --- Without memory at any point

// A GET in which the n-th allocation fails. False when it was whole nevertheless.
static bool fail_nth(const scenario_t *s, uint32_t n, bool *fits)
{
    *fits = begin(s) == 0;
    size_t base = used();
    uint32_t failures = arena_failures();
    world.jumps = true;
    arena_fail_at(n);
    replay_get(&client, recordings[s->server].url, &page);
    arena_fail_at(0);
    bool reached = arena_failures() != failures;
    *fits = *fits && arena_check() && keys().unsound == 0 && !is_busy();
    tls_session_drop_all(client.state->env.tls); // which may have been kept before
    if (page.result == PICKET_ERR_NO_MEMORY)
        *fits = *fits && (used() == base || used() == base + LIBRARY_LEAK);
    else
        *fits = *fits && is_whole(&page);
    if (!*fits)
        FAIL("%s without allocation %u: %s, %zu bytes in use, before %zu", s->name, (unsigned)n,
             picket_error_name(page.result), used(), base);
    picket_deinit(&client);
    return reached;
}

static void fail_each(const scenario_t *s)
{
    bool reached = true, fits = true;
    unsigned wrong = 0;
    for (uint32_t n = 1; reached && wrong < SHOWN; n = torture_next(n, SPARSE)) {
        reached = fail_nth(s, n, &fits);
        wrong += !fits;
    }
}

static void says_when_an_allocation_fails(void)
{
    fail_each(&scenarios[0]);
    fail_each(&scenarios[1]);
}

// --- Several at once, from real servers

static picket_http_t handles[EXCHANGES];
static replay_page_t pages[EXCHANGES];

static bool is_running(size_t i)
{
    return pages[i].result == PICKET_AGAIN || pages[i].result > 0;
}

// Each begins while the step of the one before waits.
static void start_all(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        REQUIRE_INT(
            replay_start(&client, urls[(first + i * (1 + first / 2)) % SERVERS], &handles[i], &pages[i]), 0);
        pages[i].result = PICKET_AGAIN;
        for (unsigned polls = 0; polls < 100 && !is_busy(); polls++)
            (void)picket_poll(&client);
    }
}

static void run_all(size_t count)
{
    for (bool running = true; running;) {
        uint32_t ms = picket_poll(&client);
        bool moved = false;
        running = false;
        for (size_t i = 0; i < count; i++) {
            if (is_running(i))
                moved = replay_read(&handles[i], &pages[i]) != PICKET_AGAIN || moved;
            running = running || is_running(i);
        }
        if (!moved && running && ms > 0)
            port.wait(NULL, ms);
    }
}

static void several_at_once_succeed(void)
{
    REQUIRE_INT(init_real(), 0);
    world.jumps = true;
    for (size_t round = 0; round < SERVERS * 4; round++) {
        size_t count = 2 + round % 2;
        start_all(round % SERVERS, count);
        run_all(count);
        for (size_t i = 0; i < count; i++) {
            replay_finish(&handles[i], &pages[i]);
            if (!is_whole(&pages[i]) || !arena_check())
                FAIL("round %zu, connection %zu: %s", round, i, picket_error_name(pages[i].result));
        }
        CHECK(!is_busy());
    }
    picket_deinit(&client);
}

// Poll until a step waits.
static void wait_for_step(void)
{
    world.jumps = true;
    for (unsigned polls = 0; polls < 10000 && !is_busy(); polls++)
        (void)picket_poll(&client);
    CHECK(is_busy());
}

static void wait_for_head(picket_http_t *http)
{
    while (picket_http_status(http) == 0 && picket_http_detail(http).error == 0) {
        uint32_t ms = picket_poll(&client);
        if (ms > 0)
            port.wait(NULL, ms);
    }
}

static void one_reads_while_another_shakes_hands(void)
{
    unsigned held = 0;
    REQUIRE_INT(init_real(), 0);
    for (size_t i = 0; i < 2; i++) {
        REQUIRE_INT(replay_start(&client, urls[i == 0 ? 0 : 3], &handles[i], &pages[i]), 0);
        pages[i].result = PICKET_AGAIN;
        if (i == 0)
            wait_for_head(&handles[0]);
        else
            wait_for_step();
    }
    while (is_running(0)) {
        (void)picket_poll(&client);
        held += is_busy();
        int n = picket_http_read(&handles[0], pages[0].bytes + pages[0].len, 1000);
        pages[0].result = n;
        pages[0].len += n > 0 ? (size_t)n : 0;
    }
    CHECK(held > 0);
    CHECK(is_whole(&pages[0]));
    run_all(2);
    CHECK(is_whole(&pages[1]));
    for (size_t i = 0; i < 2; i++)
        picket_http_close(&handles[i]);
    picket_deinit(&client);
}

static void a_stream_beside_an_exchange(void)
{
    static uint8_t got[BODY_LEN + 500];
    static const char request[] = "GET /page HTTP/1.0\r\n\r\n";
    size_t len = 0, sent = 0;
    int n = PICKET_AGAIN;
    picket_tls_t tls = {0};
    picket_tls_target_t target = {.host = TLS_SERVER_HOST, .port = servers[3].port, .address = &loopback};
    REQUIRE_INT(init_real(), 0);
    REQUIRE_INT(replay_start(&client, urls[2], &handles[0], &pages[0]), 0);
    pages[0].result = PICKET_AGAIN;
    wait_for_step();
    REQUIRE_INT(picket_tls_start(&tls, &client, &target), 0);
    while (n > 0 || n == PICKET_AGAIN || is_running(0)) {
        (void)picket_poll(&client);
        if (is_running(0))
            (void)replay_read(&handles[0], &pages[0]);
        int w =
            sent < sizeof request - 1 ? picket_tls_write(&tls, request + sent, sizeof request - 1 - sent) : 0;
        sent += w > 0 ? (size_t)w : 0;
        if (n > 0 || n == PICKET_AGAIN)
            n = picket_tls_read(&tls, got + len, sizeof got - len);
        len += n > 0 ? (size_t)n : 0;
    }
    CHECK_INT(n, 0);
    CHECK(len > BODY_LEN && memcmp(got + len - BODY_LEN, body, BODY_LEN) == 0);
    CHECK(is_whole(&pages[0]));
    picket_tls_close(&tls);
    picket_http_close(&handles[0]);
    picket_deinit(&client);
}

// --- Beside a step that waits, replayed. The second connection is
// silent: its step is that of the ClientHello.

static replay_t scripts[EXCHANGES];

static int begin_beside(size_t server, uint32_t idle_ms)
{
    const replay_recording_t *r = &recordings[server];
    int error = begin(&(scenario_t){.server = server});
    scripts[0] = (replay_t){.bytes = r->bytes[0], .len = r->len[0]};
    scripts[1] = scripts[2] = (replay_t){.bytes = body, .len = 0, .end = PICKET_AGAIN};
    if (r->version == PICKET_TLS_1_2)
        scripts[1] = scripts[0]; // its ClientHello needs no arithmetic, its certificates do
    replay_load(scripts, EXCHANGES);
    picket_request_t request = {.url = r->url, .address = &loopback, .timeouts.idle_ms = idle_ms};
    error = error != 0 ? error : picket_http_start(&handles[0], &client, &request);
    pages[0].result = error != 0 ? error : PICKET_AGAIN;
    pages[0].len = 0;
    return error;
}

static int start_silent(size_t i, uint32_t connect_ms)
{
    return picket_http_start(&handles[i], &client,
                             &(picket_request_t){.url = "https://" TLS_SERVER_HOST "/",
                                                 .address = &loopback,
                                                 .timeouts.connect_ms = connect_ms});
}

static void close_all(void)
{
    for (size_t i = 0; i < EXCHANGES; i++)
        picket_http_close(&handles[i]);
    CHECK(!is_busy());
    CHECK(arena_check());
    picket_deinit(&client);
}

static void says_goodbye_while_another_waits(void)
{
    for (size_t server = 0; server < SERVERS; server++) {
        size_t before, after;
        replay_record_t record = {0};
        REQUIRE_INT(begin_beside(server, 0), 0);
        wait_for_head(&handles[0]);
        REQUIRE_INT(picket_http_status(&handles[0]), 200);
        REQUIRE_INT(start_silent(1, 0), 0);
        wait_for_step();
        (void)replay_sent(0, &before);
        picket_http_close(&handles[0]);
        const uint8_t *sent = replay_sent(0, &after);
        size_t at = before;
        CHECK(replay_next_record(sent, after, &at, &record) && at == after);
        CHECK_INT(record.type, server % 2 == 0 ? 23 : 21);
        CHECK(record.len < 48); // an alert
        CHECK_INT(picket_http_detail(&handles[1]).error, 0);
        close_all();
    }
}

static unsigned stirs;

// Something happened on the network so many times.
static uint32_t poll_stirred(void *ctx)
{
    (void)beneath->poll(ctx);
    return stirs > 0 && stirs-- > 0 ? 0 : 1000;
}

// What happened on the network meanwhile must not be slept over.
static void tells_what_it_polled_while_it_waited(void)
{
    REQUIRE_INT(begin_beside(0, 0), 0);
    wait_for_head(&handles[0]);
    REQUIRE_INT(
        picket_http_start(&handles[2], &client,
                          &(picket_request_t){.url = "http://" TLS_SERVER_HOST "/", .address = &loopback}),
        0);
    (void)picket_poll(&client);
    REQUIRE_INT(start_silent(1, 0), 0);
    wait_for_step();
    port.poll = poll_stirred;
    stirs = 1;
    picket_http_close(&handles[0]);
    CHECK_INT(stirs, 0);
    picket_http_close(&handles[1]);
    CHECK_INT(picket_poll(&client), 0);
    CHECK(picket_poll(&client) > 0);
    close_all();
}

static void plain_http_goes_on_beside_it(void)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
    char got[8];
    int n = PICKET_AGAIN;
    REQUIRE_INT(begin_beside(0, 0), 0);
    scripts[1] = (replay_t){.bytes = (const uint8_t *)answer, .len = sizeof answer - 1};
    wait_for_step();
    REQUIRE_INT(
        picket_http_start(&handles[1], &client,
                          &(picket_request_t){.url = "http://" TLS_SERVER_HOST "/", .address = &loopback}),
        0);
    while (n == PICKET_AGAIN) {
        (void)picket_poll(&client);
        n = picket_http_read(&handles[1], got, sizeof got);
    }
    CHECK(is_busy());
    CHECK_INT(n, 3);
    CHECK_INT(picket_http_read(&handles[1], got, sizeof got), 0);
    run_all(1);
    CHECK(is_whole(&pages[0]));
    close_all();
}

static uint32_t now(void)
{
    return beneath->millis(NULL) + world.ms;
}

static void waits_no_longer_than_its_deadline(void)
{
    REQUIRE_INT(begin_beside(0, 0), 0);
    wait_for_step();
    uint32_t began = now();
    REQUIRE_INT(start_silent(1, 1000), 0);
    while (picket_http_detail(&handles[1]).error == 0)
        (void)picket_poll(&client);
    CHECK_INT(picket_http_detail(&handles[1]).error, PICKET_ERR_TIMEOUT_HANDSHAKE);
    CHECK(now() - began >= 1000 && now() - began < 1500);
    CHECK(is_busy());
    run_all(1);
    CHECK(is_whole(&pages[0]));
    close_all();
}

// The bytes are there; it is not the server that is silent.
static void does_not_take_arithmetic_for_silence(void)
{
    REQUIRE_INT(begin_beside(0, 250), 0);
    wait_for_head(&handles[0]);
    REQUIRE_INT(start_silent(1, 0), 0);
    wait_for_step();
    uint32_t began = now();
    for (; is_busy(); (void)picket_poll(&client))
        (void)replay_read(&handles[0], &pages[0]);
    CHECK(now() - began > 250);
    world.jumps = false;
    run_all(1);
    CHECK(is_whole(&pages[0]));
    CHECK_INT(pages[0].result, 0);
    close_all();
}

// Nobody waits for what is ended anyway: the clean connection in an earlier slot does not wait for the step.
static void ends_everything_without_waiting(void)
{
    REQUIRE_INT(begin_beside(0, 0), 0);
    wait_for_head(&handles[0]);
    REQUIRE_INT(start_silent(1, 0), 0);
    wait_for_step();
    uint32_t began = now();
    picket_deinit(&client);
    CHECK(now() - began < 10 * PICKET_SLICE_MS);
    REQUIRE_INT(init_real(), 0);
    CHECK_INT(keys().held, 0);
    replay_get(&client, urls[0], &page);
    CHECK(is_whole(&page));
    picket_deinit(&client);
}

static size_t hello_len(size_t connection)
{
    size_t len, at = 0;
    replay_record_t record = {0};
    const uint8_t *sent = replay_sent(connection, &len);
    return replay_next_record(sent, len, &at, &record) ? record.len : 0;
}

static bool is_checking_key_exchange(void)
{
    const tls_t *tls = tls_step_paused();
    return tls != NULL && tls->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_KEY_EXCHANGE;
}

// A server that answers the offer of a session with another handshake, whose signature is wrong. It is found out
// while another connection says goodbye; the session is forgotten all the same.
static void forgets_a_session_that_failed_meanwhile(void)
{
    const replay_recording_t *r = &recordings[1];
    replay_t played[4];
    for (size_t i = 0; i < 4; i++)
        played[i] = (replay_t){.bytes = r->bytes[i == 1], .len = r->len[i == 1]};
    REQUIRE_INT(begin(&(scenario_t){.server = 1}), 0);
    replay_load(played, 4);
    replay_get(&client, r->url, &page);
    REQUIRE(is_whole(&page));
    REQUIRE_INT(replay_start(&client, r->url, &handles[0], &pages[0]), 0);
    wait_for_head(&handles[0]);
    REQUIRE(picket_http_detail(&handles[0]).resumed);
    REQUIRE_INT(replay_start(&client, r->url, &handles[1], &pages[1]), 0);
    world.jumps = true;
    for (unsigned polls = 0; polls < 10000 && !is_checking_key_exchange(); polls++)
        (void)picket_poll(&client);
    REQUIRE(is_checking_key_exchange());
    picket_http_close(&handles[0]);
    CHECK(!is_busy());
    (void)picket_poll(&client);
    CHECK(picket_http_detail(&handles[1]).error != 0);
    replay_get(&client, r->url, &page);
    CHECK(hello_len(2) > hello_len(0));
    CHECK_INT(hello_len(3), hello_len(0));
    close_all();
}

// --- Overflows

static uint8_t *lowest; // byte of the stack of TLS

static void *note_stack(void *ctx, void *mem, size_t len, void (*entry)(void))
{
    lowest = mem;
    return beneath->stack_make(ctx, mem, len, entry);
}

UNCHECKED static void damage(void)
{
    *lowest ^= 1;
}

static void a_get_works(void)
{
    REQUIRE_INT(init_real(), 0);
    replay_get(&client, urls[0], &page);
    CHECK(is_whole(&page));
    picket_deinit(&client);
}

static void says_when_the_stack_of_tls_has_overflowed(void)
{
    for (size_t server = 0; server < 2; server++) {
        socket_port_deterministic(0, 0);
        use_port(socket_port());
        port.stack_make = note_stack;
        REQUIRE_INT(init(), 0);
        REQUIRE_INT(replay_start(&client, urls[server], &handles[0], &pages[0]), 0);
        wait_for_step();
        damage();
        replay_finish(&handles[0], &pages[0]);
        CHECK_INT(pages[0].result, PICKET_ERR_STACK);
        replay_get(&client, urls[server], &page);
        CHECK_INT(page.result, PICKET_ERR_STACK);
        CHECK(!is_busy());
        picket_deinit(&client);
        a_get_works();
    }
}

static bool is_checking_chain(void)
{
    return is_busy() && tls_step_paused()->ordered;
}

// While a chain is checked a part of the record buffer is lent, and what lies in it is never given back.
static void keeps_what_is_lent_when_the_stack_has_overflowed(void)
{
    size_t damaged = 0;
    for (size_t i = 0; i < SERVERS * 8; i++) {
        socket_port_deterministic(0, 0);
        use_port(socket_port());
        port.stack_make = note_stack;
        REQUIRE_INT(init(), 0);
        REQUIRE_INT(replay_start(&client, urls[i % SERVERS], &handles[0], &pages[0]), 0);
        world.jumps = true;
        while (is_shaking_hands(&handles[0]) && !is_checking_chain())
            (void)picket_poll(&client);
        for (size_t polls = 0; polls < i / SERVERS * 5; polls++)
            (void)picket_poll(&client);
        if (is_checking_chain()) {
            damage();
            damaged++;
        }
        picket_http_close(&handles[0]);
        CHECK(!is_busy() && arena_check());
        picket_deinit(&client);
    }
    CHECK(damaged > SERVERS * 4);
    a_get_works();
}

static void ends_all_when_the_callers_stack_has_overflowed(void)
{
    picket_tls_t tls = {0};
    picket_tls_target_t target = {.host = TLS_SERVER_HOST, .port = servers[1].port, .address = &loopback};
    char byte;
    REQUIRE_INT(init_real(), 0);
    size_t base = used();
    REQUIRE_INT(replay_start(&client, urls[4], &handles[0], &pages[0]), 0);
    wait_for_head(&handles[0]);
    REQUIRE_INT(replay_start(&client, urls[0], &handles[1], &pages[1]), 0);
    REQUIRE_INT(picket_tls_start(&tls, &client, &target), 0);
    wait_for_step();
    world.overflowed = true;
    uint32_t began = now();
    (void)picket_poll(&client);
    CHECK(now() - began < 20 * PICKET_SLICE_MS);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(picket_http_read(&handles[i], &byte, 1), PICKET_ERR_STACK);
        CHECK_INT(picket_http_detail(&handles[i]).error, PICKET_ERR_STACK);
    }
    CHECK_INT(picket_tls_read(&tls, &byte, 1), PICKET_ERR_STACK);
    CHECK_INT(picket_tls_write(&tls, "x", 1), PICKET_ERR_STACK);
    CHECK(!is_busy());
    world.overflowed = false; // it has been, for good
    CHECK_INT(replay_start(&client, urls[0], &handles[2], &pages[2]), PICKET_ERR_STACK);
    CHECK_INT(picket_tls_start(&(picket_tls_t){0}, &client, &target), PICKET_ERR_STACK);
    (void)picket_poll(&client);
    picket_tls_close(&tls);
    for (size_t i = 0; i < 2; i++)
        picket_http_close(&handles[i]);
    CHECK(used() <= base + PICKET_SESSION_MAX); // the first one's session
    CHECK(arena_check());
    picket_deinit(&client);
    a_get_works();
}

static size_t room;

static size_t stack_room(void *ctx)
{
    (void)ctx;
    return room;
}

static void needs_room_on_the_callers_stack(void)
{
    size_t size = 1, peak = 1;
    use_port(socket_port());
    port.stack_make = NULL;
    port.stack_switch = NULL;
    port.stack_room = stack_room;
    REQUIRE_INT(init(), 0);
    picket_stack(&client, &size, &peak);
    CHECK_INT(size, 0);
    CHECK_INT(peak, 0);
    world.jumps = true;
    room = PICKET_STACK_SIZE - 1;
    replay_get(&client, urls[0], &page);
    CHECK_INT(page.result, PICKET_ERR_STACK);
    room = PICKET_STACK_SIZE;
    replay_get(&client, urls[0], &page);
    CHECK(is_whole(&page));
    picket_deinit(&client);
}

// --- How much of the stacks is used

static unsigned lives;

// Called before the arithmetic of each signature, and in each poll: the deadline passes before the first one.
static void outlive_deadline(void *ctx)
{
    (void)ctx;
    lives++;
    if (client.state->env.tls->stepping != NULL)
        world.ms += 31000;
}

// Where TLS cannot come back early, no further signature is checked after the deadline: the verify callback, which comes
// when all of a path has been checked, is not reached.
static void looks_at_the_deadline_between_signatures(void)
{
    for (size_t i = 0; i < SERVERS; i++) {
        use_port(socket_port());
        port.stack_make = NULL;
        port.stack_switch = NULL;
        socket_port_deterministic(0, 0);
        picket_config_t config = {.keep_ms = PICKET_KEEP_NEVER,
                                  .trust = &trust,
                                  .arena = arena,
                                  .arena_len = sizeof arena,
                                  .port = &port,
                                  .alive = outlive_deadline};
        REQUIRE_INT(picket_init(&client, &config), 0);
        replay_get(&client, urls[i], &page);
        CHECK_INT(page.result, PICKET_ERR_TIMEOUT_HANDSHAKE);
        CHECK_INT(page.detail.chain_len, 0);
        picket_deinit(&client);
    }
    CHECK(lives > 0);
}

static void the_stack_suffices(void)
{
    size_t size, peak;
    REQUIRE_INT(init_real(), 0);
    for (size_t i = 0; i < 100; i++) {
        world.jumps = i % 4 == 3;
        replay_get(&client, urls[i / 2 % SERVERS], &page);
        CHECK(is_whole(&page));
    }
    picket_stack(&client, &size, &peak);
    printf("# stack of TLS: %zu bytes, peak %zu\n", size, peak);
    CHECK_INT(size, PICKET_STACK_SIZE);
    CHECK(peak > 1000 && peak + PICKET_STACK_SIZE / 8 < size);
    picket_deinit(&client);
    picket_stack(&client, &size, &peak);
    CHECK(size == 0 && peak == 0);
}

#define THREAD_STACK (256 * 1024)
#define PAINT        0x5a
#define MARGIN       (SANITIZED ? 1024 : 192) // of the function that measures, more than it needs
static _Alignas(4096) uint8_t thread_stack[THREAD_STACK];

// Run something, and tell how many bytes of the stack below this function it used.
UNCHECKED static __attribute__((noinline)) size_t measure(void (*call)(void))
{
    uint8_t *top = (uint8_t *)__builtin_frame_address(0) - MARGIN;
    for (volatile uint8_t *p = thread_stack; p < top; p++)
        *p = PAINT;
    call();
    uint8_t *p = thread_stack;
    while (p < top && *p == PAINT)
        p++;
    return (size_t)(top + MARGIN - p);
}

static void call_init(void)
{
    CHECK_INT(init_real(), 0);
}

static void call_start(void)
{
    CHECK_INT(replay_start(&client, urls[2], &handles[0], &pages[0]), 0);
}

static void call_poll(void)
{
    (void)picket_poll(&client);
}

static void call_read(void)
{
    (void)replay_read(&handles[0], &pages[0]);
}

static void call_close(void)
{
    picket_http_close(&handles[0]);
}

static void call_deinit(void)
{
    picket_deinit(&client);
}

typedef struct depths {
    size_t init, start, poll, read, close, cancel, deinit;
} depths_t;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void *use_thread(void *arg)
{
    depths_t *d = arg;
    for (int turn = 0; turn < 2; turn++) { // the first one also binds the functions of libraries
        *d = (depths_t){.init = measure(call_init)};
        d->start = measure(call_start);
        world.jumps = turn == 1;
        for (bool once = false; is_running(0) || !once; once = true) {
            d->poll = larger(d->poll, measure(call_poll));
            d->read = larger(d->read, measure(call_read));
        }
        CHECK(is_whole(&pages[0]));
        d->close = measure(call_close);
        call_start();
        wait_for_step();
        d->cancel = measure(call_close);
        d->deinit = measure(call_deinit);
    }
    return NULL;
}

// The application's own stack may be small.
static void leaves_the_callers_stack_alone(void)
{
    depths_t d = {0};
    pthread_attr_t attr;
    pthread_t thread;
    REQUIRE(pthread_attr_init(&attr) == 0 && pthread_attr_setstack(&attr, thread_stack, THREAD_STACK) == 0);
    REQUIRE(pthread_create(&thread, &attr, use_thread, &d) == 0 && pthread_join(thread, NULL) == 0);
    (void)pthread_attr_destroy(&attr);
    printf("# caller's stack: init %zu, start %zu, poll %zu, read %zu, close %zu, cancel %zu, deinit %zu\n",
           d.init, d.start, d.poll, d.read, d.close, d.cancel, d.deinit);
    size_t most = larger(larger(larger(d.init, d.start), larger(d.poll, d.read)),
                         larger(larger(d.close, d.cancel), d.deinit));
    CHECK(most < (SANITIZED ? 32768 : 4096));
}

int main(void)
{
    RUN(starts_servers);
    if (check_state()->failed != 0)
        return check_done();
    RUN(records_real_exchanges);
    RUN(ends_as_without_pauses);
    RUN(can_be_cancelled_anywhere);
    RUN(streams_can_be_cancelled_anywhere);
    RUN(says_when_an_allocation_fails);
    RUN(several_at_once_succeed);
    RUN(one_reads_while_another_shakes_hands);
    RUN(a_stream_beside_an_exchange);
    RUN(says_goodbye_while_another_waits);
    RUN(tells_what_it_polled_while_it_waited);
    RUN(plain_http_goes_on_beside_it);
    RUN(waits_no_longer_than_its_deadline);
    RUN(does_not_take_arithmetic_for_silence);
    RUN(ends_everything_without_waiting);
    RUN(forgets_a_session_that_failed_meanwhile);
    RUN(says_when_the_stack_of_tls_has_overflowed);
    RUN(keeps_what_is_lent_when_the_stack_has_overflowed);
    RUN(ends_all_when_the_callers_stack_has_overflowed);
    RUN(needs_room_on_the_callers_stack);
    RUN(looks_at_the_deadline_between_signatures);
    RUN(the_stack_suffices);
    RUN(leaves_the_callers_stack_alone);
    for (size_t i = 0; i < SERVERS; i++)
        tls_server_stop(&servers[i]);
    return check_done();
}
