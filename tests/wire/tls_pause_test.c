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
#include "tls_server.h"

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true
#define SPARSE    3
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
        CHECK(!is_ecdsa || paused.waits > 200);
    }
}

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
        for (unsigned i = 0; i < polls; i++)
            (void)picket_poll(&client);
        picket_tls_close(&tls);
        wrong += used() != base || keys().held != 0 || keys().unsound != 0 || is_busy() || !arena_check();
        CHECK_INT(used(), base);
        CHECK_INT(keys().held, 0);
    }
    picket_deinit(&client);
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
    for (size_t i = 0; i < SERVERS; i++)
        tls_server_stop(&servers[i]);
    return check_done();
}
