// The memory of TLS: a thousand handshakes in exactly what picket.h says is enough, and what happens when
// there is less: always an error that says so, never anything else.
#define _GNU_SOURCE

#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "replay_port.h"
#include "socket_port.h"
#include "tls_server.h"
#include "torture.h"
#include "trust_der.h"

#ifdef __SANITIZE_ADDRESS__
#define HANDSHAKES 300
#define SPARSE     7
#else
#define HANDSHAKES 1000
#define SPARSE     1
#endif

#define SHOWN    5 // of what went wrong in one test
#define BODY_LEN 3000

static const tls_chain_t chains[] = {
    {"ec", "P-256", "P-256", "P-256", 0},
    {"ec384", "P-384", "P-384", "P-256", 0},
    {"rsa", "rsa:4096", "rsa:4096", "rsa:2048", 80}, // a leaf of nearly 4 kB
};
#define CHAINS  (sizeof chains / sizeof chains[0])
#define SERVERS (CHAINS * 2) // TLS 1.2 and 1.3 each

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(2)];
static picket_trust_t trust;
static picket_trust_t keys; // the same roots, as name and key each, which are pinned besides
static tls_server_t servers[SERVERS];
static char urls[SERVERS][64];
static uint8_t body[BODY_LEN];
static picket_t client;

static bool is_true(const replay_page_t *p)
{
    return p->len <= BODY_LEN && memcmp(p->bytes, body, p->len) == 0;
}

static bool is_whole(const replay_page_t *p)
{
    return p->result == 0 && p->len == BODY_LEN && is_true(p) &&
           (p->detail.resumed || p->detail.chain_len > 0);
}

static size_t used(void)
{
    size_t now;
    picket_memory(&client, &now, NULL);
    return now;
}

// --- Servers

static bool put_page(const char *name, size_t head_len)
{
    static char whole[PICKET_HTTP_HEAD_MAX + BODY_LEN];
    int n = snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: ", BODY_LEN);
    memset(whole + n, 'x', head_len - (size_t)n);
    memcpy(whole + head_len - 4, "\r\n\r\n", 4);
    memcpy(whole + head_len, body, BODY_LEN);
    return tls_server_page(name, whole, head_len + BODY_LEN);
}

static bool cut_down(const picket_anchor_t *whole, picket_anchor_t *cut, uint8_t bytes[1024])
{
    const uint8_t *name, *key;
    size_t len, name_len, key_len;
    if (!der_certificate(whole->der, whole->der_len, &len, &name, &name_len) ||
        !der_key(whole->der, whole->der_len, &key, &key_len) || name_len + key_len > 1024)
        return false;
    memcpy(bytes, name, name_len);
    memcpy(bytes + name_len, key, key_len);
    *cut = (picket_anchor_t){.der = bytes,
                             .der_len = (uint16_t)(name_len + key_len),
                             .name_len = (uint16_t)name_len,
                             .subject_hash = whole->subject_hash,
                             .not_after = UINT32_MAX};
    return true;
}

static bool make_keys(void)
{
    static uint8_t bytes[CHAINS][1024];
    static picket_anchor_t anchors[CHAINS];
    static picket_pin_t pins[CHAINS];
    for (size_t i = 0; i < CHAINS; i++) {
        const picket_anchor_t *whole = &trust.anchors[i];
        if (!cut_down(whole, &anchors[i], bytes[i]) ||
            picket_pin_of(whole->der, whole->der_len, &pins[i]) != 0)
            return false;
    }
    keys = (picket_trust_t){.anchors = anchors, .count = CHAINS, .pins = pins, .pin_count = CHAINS};
    return true;
}

static void starts_servers(void)
{
    for (size_t i = 0; i < BODY_LEN; i++)
        body[i] = (uint8_t)(i * 5 + i / 256);
    REQUIRE(put_page("page", 200) && put_page("head", PICKET_HTTP_HEAD_MAX - 64));
    for (size_t i = 0; i < CHAINS; i++)
        REQUIRE(tls_chain_make(&chains[i]));
    REQUIRE(tls_chain_trust(chains, CHAINS, &trust) && make_keys());
    for (size_t i = 0; i < SERVERS; i++) {
        const char *version = i % 2 == 0 ? "-tls1_3" : "-tls1_2";
        REQUIRE(tls_server_start(&servers[i],
                                 &(tls_server_options_t){.chain = &chains[i / 2], .version = version}));
        snprintf(urls[i], sizeof urls[i], "https://" TLS_SERVER_HOST ":%u/page", servers[i].port);
    }
}

// --- Enough

static int init(size_t arena_len)
{
    return picket_init(&client, &(picket_config_t){.keep_ms = PICKET_KEEP_NEVER,
                                                   .trust = &trust,
                                                   .arena = arena,
                                                   .arena_len = arena_len,
                                                   .port = socket_port()});
}

// Every server is asked twice in a row. There are fewer places for sessions than servers, so the first time
// the handshake is a full one, and the second time resumed.
static size_t server_of(size_t request)
{
    return request / 2 % SERVERS;
}

static void a_thousand_handshakes_fit(void)
{
    static replay_page_t page;
    size_t after[SERVERS * 2], wrong = 0;
    REQUIRE_INT(init(PICKET_ARENA_SIZE(1)), 0);
    for (size_t i = 0; i < HANDSHAKES && wrong < SHOWN; i++) {
        size_t place = i % (SERVERS * 2), cycle = i / (SERVERS * 2);
        replay_get(&client, urls[server_of(i)], &page);
        if (!is_whole(&page) || page.detail.resumed != (i % 2 == 1) || !arena_check()) {
            wrong++;
            FAIL("handshake %zu with %s %s: %s, resumed %d", i, chains[server_of(i) / 2].name,
                 server_of(i) % 2 == 0 ? "1.3" : "1.2", picket_error_name(page.result), page.detail.resumed);
        }
        // The first cycle makes the sessions, the second finds them all. From then on nothing may be added.
        if (cycle <= 1)
            after[place] = used();
        else
            CHECK(used() <= after[place] + 64 && wrong < SHOWN);
    }
    picket_deinit(&client);
}

// The largest response head, while TLS holds all that it holds.
static void the_largest_head_fits(void)
{
    static replay_page_t page;
    char url[64];
    for (size_t i = 0; i < SERVERS; i++) {
        snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/head", servers[i].port);
        REQUIRE_INT(init(PICKET_ARENA_SIZE(1)), 0);
        for (int turn = 0; turn < 2; turn++) {
            replay_get(&client, url, &page);
            if (!is_whole(&page) || page.detail.resumed != (turn == 1))
                FAIL("%s %s, turn %d: %s, resumed %d", chains[i / 2].name, i % 2 == 0 ? "1.3" : "1.2", turn,
                     picket_error_name(page.result), page.detail.resumed);
        }
        picket_deinit(&client);
    }
}

// --- Several at once

#define AT_ONCE 2
static picket_http_t handles[AT_ONCE];
static replay_page_t pages[AT_ONCE];

static bool is_running(size_t i)
{
    return pages[i].result == PICKET_AGAIN || pages[i].result > 0;
}

static void run_all(void)
{
    for (bool running = true; running;) {
        uint32_t ms = picket_poll(&client);
        bool moved = false;
        running = false;
        for (size_t i = 0; i < AT_ONCE; i++) {
            if (is_running(i))
                moved = replay_read(&handles[i], &pages[i]) != PICKET_AGAIN || moved;
            running = running || is_running(i);
        }
        if (!moved && running && ms > 0)
            socket_port()->wait(NULL, ms);
    }
}

static void two_at_once_fit(void)
{
    size_t wrong = 0;
    REQUIRE_INT(init(PICKET_ARENA_SIZE(AT_ONCE)), 0);
    for (size_t round = 0; round < HANDSHAKES / 4 && wrong < SHOWN; round++) {
        for (size_t i = 0; i < AT_ONCE; i++)
            (void)replay_start(&client, urls[(round / 2 + i * (1 + round % (SERVERS - 1))) % SERVERS],
                               &handles[i], &pages[i]);
        for (size_t i = 0; i < AT_ONCE; i++)
            pages[i].result = pages[i].result == 0 ? PICKET_AGAIN : pages[i].result;
        run_all();
        for (size_t i = 0; i < AT_ONCE; i++) {
            replay_finish(&handles[i], &pages[i]);
            if (is_whole(&pages[i]) && arena_check())
                continue;
            wrong++;
            FAIL("round %zu, connection %zu: %s", round, i, picket_error_name(pages[i].result));
        }
    }
    picket_deinit(&client);
}

// --- Not enough: by replay

typedef struct scenario {
    const char *name;
    size_t server;
    bool resumed;
    bool keys; // with that store
} scenario_t;

static const scenario_t scenarios[] = {
    {"1.3 ECDSA", 0, false, false},
    {"1.2 ECDSA", 1, false, false},
    {"1.3 ECDSA resumed", 0, true, false},
    {"1.2 ECDSA resumed", 1, true, false},
    {"1.3 RSA", 4, false, false},
    {"1.2 RSA", 5, false, false},
    {"1.3 ECDSA, a root's name and key, pinned", 0, false, true},
    {"1.2 RSA, a root's name and key, pinned", 5, false, true},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

static replay_recording_t recordings[SERVERS];
static replay_page_t page;

static void records_real_exchanges(void)
{
    for (size_t i = 0; i < SERVERS; i++) {
        recordings[i].trust = &trust;
        recordings[i].version = i % 2 == 0 ? PICKET_TLS_1_3 : PICKET_TLS_1_2;
        recordings[i].seed = 20262;
        REQUIRE(replay_record(&recordings[i], arena, PICKET_ARENA_SIZE(1), servers[i].port, "page"));
    }
}

// A client in an arena of this size, before the exchange that matters. 0, or the error that it met before.
static int begin(const scenario_t *s, size_t arena_len)
{
    static replay_t scripts[2];
    replay_recording_t *r = &recordings[s->server];
    r->trust = s->keys ? &keys : &trust;
    for (int i = 0; i < 2; i++)
        scripts[i] = (replay_t){.bytes = r->bytes[i], .len = r->len[i]};
    replay_load(scripts, 2);
    int error = replay_init(r, &client, arena, arena_len);
    if (error != 0 || !s->resumed)
        return error;
    replay_get(&client, r->url, &page);
    return page.result;
}

// What an undisturbed exchange is like.
typedef struct clean {
    size_t bare;  // used without a session
    size_t kept;  // used with one
    size_t hello; // length of the ClientHello
} clean_t;

static size_t hello_len(const scenario_t *s)
{
    size_t len, at = 0;
    replay_record_t record = {0};
    const uint8_t *sent = replay_sent(s->resumed, &len);
    return replay_next_record(sent, len, &at, &record) ? record.len : 0;
}

static clean_t play_cleanly(const scenario_t *s)
{
    clean_t clean = {0};
    int error = begin(&(scenario_t){.server = s->server, .keys = s->keys}, PICKET_ARENA_SIZE(1));
    clean.bare = used();
    picket_deinit(&client);
    error = error != 0 ? error : begin(s, PICKET_ARENA_SIZE(1));
    replay_get(&client, recordings[s->server].url, &page);
    clean.kept = used();
    clean.hello = hello_len(s);
    if (error != 0 || !is_whole(&page) || page.detail.resumed != s->resumed)
        FAIL("%s: %s", s->name, picket_error_name(page.result));
    picket_deinit(&client);
    return clean;
}

// Without memory for its session a client asks for a full handshake, and a recorded server cannot give that.
static bool is_beside_the_point(const scenario_t *s, const clean_t *clean)
{
    return s->resumed && page.result != 0 && hello_len(s) != 0 && hello_len(s) != clean->hello;
}

// Mbed TLS 3.6.7 forgets the first of a pair of TLS 1.3 traffic keys when the second cannot be made: the
// callers of mbedtls_ssl_tls13_populate_transform free the transform without destroying its keys. A key is
// 32 bytes and a header.
#define LIBRARY_LEAK 40

static bool is_library_leak(const scenario_t *s, const clean_t *clean)
{
    return s->server % 2 == 0 && page.result == PICKET_ERR_NO_MEMORY &&
           page.detail.phase == PICKET_PHASE_HANDSHAKE && used() == clean->bare + LIBRARY_LEAK;
}

// Nothing is left but the session, if that could be kept.
// A block may be 8 bytes larger than another time, where those were too few for a hole; a lost one has 16 or more.
static bool is_used(size_t bytes)
{
    return used() == bytes || used() == bytes + 8 || used() + 8 == bytes;
}

static bool nothing_leaks(const scenario_t *s, const clean_t *clean)
{
    return arena_check() && (is_used(clean->bare) || is_used(clean->kept) || is_library_leak(s, clean));
}

// A GET in which the n-th allocation fails. False when there was none so late.
static bool fail_nth(const scenario_t *s, uint32_t n, const clean_t *clean, bool *fits)
{
    *fits = begin(s, PICKET_ARENA_SIZE(1)) == 0;
    uint32_t failures = arena_failures();
    arena_fail_at(n);
    replay_get(&client, recordings[s->server].url, &page);
    bool reached = arena_failures() != failures;
    arena_fail_at(0);
    *fits = *fits && is_true(&page) && nothing_leaks(s, clean) &&
            (page.result == PICKET_ERR_NO_MEMORY || is_whole(&page) || is_beside_the_point(s, clean));
    if (!*fits)
        FAIL("%s without allocation %u: %s (-0x%x) in phase %s, %zu bytes in use (%zu without a session, %zu "
             "with it)",
             s->name, (unsigned)n, picket_error_name(page.result), (unsigned)-page.detail.library_code,
             picket_phase_name(page.detail.phase), used(), clean->bare, clean->kept);
    picket_deinit(&client);
    return reached;
}

// How many allocations an undisturbed GET makes.
static uint32_t count_allocations(const scenario_t *s, const clean_t *clean)
{
    bool fits;
    uint32_t low = 1, high = 32768; // low fails, high is not reached
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (fail_nth(s, middle, clean, &fits))
            low = middle;
        else
            high = middle;
    }
    return low;
}

// Every allocation is tried where the handshake ends, too.
#define ALL_OF_LAST 150

static void fail_each(const scenario_t *s)
{
    size_t wrong = 0;
    bool fits;
    clean_t clean = play_cleanly(s);
    uint32_t count = count_allocations(s, &clean);
    for (uint32_t n = 1; n <= count && wrong < SHOWN;) {
        (void)fail_nth(s, n, &clean, &fits);
        wrong += !fits;
        bool is_last = n >= TORTURE_FIRST && n + ALL_OF_LAST >= count;
        n = is_last ? n + 1 : torture_next(n, SPARSE);
    }
}

static void says_when_an_allocation_fails(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        fail_each(&scenarios[i]);
}

static void try_small_arenas(const scenario_t *s)
{
    size_t wrong = 0, most = PICKET_ARENA_SIZE(1);
    for (size_t len = 0; len <= most && wrong < SHOWN; len += len < 8192 ? 1024 : 256 * SPARSE) {
        int error = begin(s, len);
        if (error == 0) {
            replay_get(&client, recordings[s->server].url, &page);
            error = page.result;
            wrong += !is_true(&page) || !arena_check();
        }
        picket_deinit(&client);
        if (error == PICKET_ERR_NO_MEMORY || error == PICKET_ERR_NO_ARENA || (error == 0 && is_whole(&page)))
            continue;
        wrong++;
        FAIL("%s in %zu bytes: %s", s->name, len, picket_error_name(error));
    }
    CHECK_INT(wrong, 0);
}

static void says_when_the_arena_is_too_small(void)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        try_small_arenas(&scenarios[i]);
}

static bool all_is_well(void)
{
    return check_state()->failed == 0;
}

int main(void)
{
    RUN(starts_servers);
    if (!all_is_well())
        return check_done();
    RUN(a_thousand_handshakes_fit);
    RUN(the_largest_head_fits);
    RUN(two_at_once_fit);
    RUN(records_real_exchanges);
    RUN(says_when_an_allocation_fails);
    RUN(says_when_the_arena_is_too_small);
    for (size_t i = 0; i < SERVERS; i++)
        tls_server_stop(&servers[i]);
    return check_done();
}
