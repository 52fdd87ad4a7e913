// Sessions that outlive a restart: exported, imported by a client that has just been started, and resumed, which the server
// confirms. What is damaged, forged, too old or from elsewhere is not taken, and nothing is left of it.
#include <stdio.h>
#include <stdlib.h>

#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "picket/clock.h"
#include "picket/session.h"
#include "socket_port.h"
#include "tls_server.h"

#define HEAD     40u // of an export, and of a session in it
#define RECORD   28u
#define SUM      32u
#define DAY_MS   INT64_C(86400000)
#define EXPORTED 600u // bytes of a session of TLS 1.3 at the most

static const tls_chain_t chains[] = {{"sleeper", "P-256", "P-256", "P-256", 0},
                                     {"other", "P-256", NULL, "P-256", 0}};
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1) + PICKET_ARENA_IDENTITY];
static tls_server_t server;
static picket_trust_t trust;
static picket_t client;
static picket_detail_t detail;
static char page[64];
static uint16_t version;
static uint8_t saved[PICKET_SESSION_EXPORT_MAX], changed[PICKET_SESSION_EXPORT_MAX + 8];
static size_t saved_len;
static char cert[8192], key[4096];
static const char *nginx_tls; // how the server keeps sessions

// --- A machine that is switched on and off: its time since start is 0 then

static int64_t base_ms; // ten days from now: later than this was built, and the certificates are still valid
static int64_t now_ms;  // 0: base_ms; below: unknown
static uint32_t started;

static uint32_t uptime(void *ctx)
{
    return socket_port()->millis(ctx) - started;
}

static int64_t unix_ms(void *ctx)
{
    (void)ctx;
    if (now_ms == 0)
        return base_ms;
    return now_ms > 0 ? now_ms : PICKET_ERR_NO_TIME;
}

static int start_with(const picket_trust_t *store, const picket_identity_t *identity)
{
    static picket_port_t port;
    static const char *const nobody = NULL;
    port = *socket_port();
    port.millis = uptime;
    port.unix_ms = unix_ms;
    started = socket_port()->millis(NULL);
    picket_config_t config = {.trust = store,
                              .identity = identity,
                              .arena = arena,
                              .arena_len = sizeof arena,
                              .port = &port,
                              .time_servers = &nobody,
                              .tls_min = version,
                              .tls_max = version};
#ifdef PICKET_KEEP_NEVER
    config.keep_ms = PICKET_KEEP_NEVER; // each GET has a handshake
#endif
    return picket_init(&client, &config);
}

static void start(void)
{
    CHECK_INT(start_with(&trust, NULL), 0);
}

static int get_from(const char *host)
{
    char url[300];
    picket_http_t http = {0};
    int n, len = 0;
    snprintf(url, sizeof url, "https://%s:%u/", host, server.port);
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .address = &loopback});
    while ((n = picket_http_read_blocking(&http, page + len, sizeof page - 1 - (size_t)len)) > 0)
        len += n;
    page[len] = '\0';
    detail = picket_http_detail(&http);
    picket_http_close(&http);
    return n;
}

// What nginx says of the session: "r" for reused, "." for a new one.
static void check_get(bool reused)
{
    CHECK_INT(get_from(TLS_SERVER_HOST), 0);
    CHECK_STR(page, reused ? "r" : ".");
    CHECK_INT(detail.resumed, reused);
}

static bool start_server(void)
{
    return tls_server_start(&server, &(tls_server_options_t){.chain = &chains[0],
                                                             .nginx = "return 200 \"$ssl_session_reused\";",
                                                             .nginx_tls = nginx_tls});
}

static int import(const uint8_t *bytes, size_t len)
{
    return picket_session_import(&client, bytes, len);
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

// A session in saved, and a client that has nothing but its memory of having been started.
static void save(void)
{
    now_ms = 0;
    start();
    check_get(false);
    int n = picket_session_export(&client, saved, sizeof saved);
    CHECK(n > 0);
    saved_len = n > 0 ? (size_t)n : 0;
    picket_deinit(&client);
}

// The sum put right again, so that the change is seen by what comes behind it.
static void reseal(uint8_t *bytes, size_t len)
{
    size_t n;
    CHECK_INT(psa_hash_compute(PSA_ALG_SHA_256, bytes, len - SUM, bytes + len - SUM, SUM, &n), PSA_SUCCESS);
}

// A copy in memory of its exact size, so that the sanitizer sees one byte too many.
static int import_exactly(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        abort();
    memcpy(copy, bytes, len);
    int n = import(copy, len);
    free(copy);
    return n;
}

// --- Tests

static void is_resumed_after_a_restart(void)
{
    save();
    fprintf(stderr, "# an export of %s: %zu bytes\n", version == PICKET_TLS_1_3 ? "1.3" : "1.2", saved_len);
    CHECK(saved_len <= EXPORTED);
    start();
    check_get(false); // without it
    picket_deinit(&client);
    start();
    CHECK_INT(import_exactly(saved, saved_len), 1);
    check_get(true);
    check_get(true); // and by what it has led to
    int n = picket_session_export(&client, saved, sizeof saved);
    CHECK(n > 0);
    picket_deinit(&client);
    start();
    CHECK_INT(import(saved, (size_t)n), 1); // generations of them
    check_get(true);
    picket_deinit(&client);
}

static void lies_anywhere_in_more_bytes(void)
{
    save();
    memset(changed, 0xff, sizeof changed);
    memcpy(changed + 1, saved, saved_len);
    start();
    CHECK_INT(import(changed + 1, sizeof changed - 1), 1);
    check_get(true);
    picket_deinit(&client);
}

static void takes_the_room_there_is(void)
{
    static uint8_t exact[PICKET_SESSION_EXPORT_MAX];
    start();
    CHECK_INT(picket_session_export(&client, exact, sizeof exact), 0); // nothing yet
    check_get(false);
    int all = picket_session_export(&client, NULL, 0);
    CHECK(all > 0);
    for (size_t len = 1; len < (size_t)all; len++) {
        exact[len] = 0x5a;
        if (picket_session_export(&client, exact, len) != PICKET_ERR_ARG || exact[len] != 0x5a)
            FAIL("room for %zu of %d", len, all);
    }
    CHECK_INT(picket_session_export(&client, exact, (size_t)all), all);
    CHECK_INT(picket_session_export(&client, exact, sizeof exact), all);
    CHECK_INT(get_from("127.0.0.1"), PICKET_ERR_WRONG_HOST);
    picket_deinit(&client);
}

// The server's certificate is for one name, so the second origin is the same server at another port.
static void the_latest_comes_first(void)
{
    tls_server_t first = server;
    save();
    size_t one = saved_len;
    start();
    check_get(false);
    REQUIRE(start_server());
    now_ms = base_ms + 1000;
    check_get(false);
    CHECK(picket_session_export(&client, NULL, 0) > (int)one);
    int n = picket_session_export(&client, saved, one + 8);
    CHECK(n > 0 && (size_t)n <= one + 8);
    CHECK_INT(saved[5], 1);
    CHECK_INT(saved[HEAD + 2] << 8 | saved[HEAD + 3], server.port);
    n = picket_session_export(&client, saved, sizeof saved);
    CHECK_INT(saved[5], 2);
    picket_deinit(&client);
    start();
    CHECK_INT(import(saved, (size_t)n), 2);
    check_get(true);
    tls_server_stop(&server);
    server = first;
    check_get(true);
    picket_deinit(&client);
}

// Whichever bit is wrong, and wherever it ends.
static void refuses_what_is_damaged(void)
{
    save();
    start();
    size_t before = used();
    for (size_t i = 0; i < saved_len * 8; i++) {
        memcpy(changed, saved, saved_len);
        changed[i / 8] ^= (uint8_t)(1u << i % 8);
        if (import_exactly(changed, saved_len) != PICKET_ERR_SESSION)
            FAIL("bit %zu of byte %zu", i % 8, i / 8);
    }
    for (size_t len = 0; len < saved_len; len++) {
        if (import_exactly(saved, len) != PICKET_ERR_SESSION)
            FAIL("%zu of %zu bytes", len, saved_len);
    }
    CHECK_INT(used(), before);
    check_get(false);
    picket_deinit(&client);
}

// Forged: the sum is right. No byte makes it take what cannot be used, or forget to give back memory.
static void survives_what_is_forged(void)
{
    static const uint8_t values[] = {0x00, 0x01, 0x20, 0x7f, 0x80, 0xff};
    save();
    start();
    size_t before = used();
    for (size_t i = 0; i < saved_len - SUM; i++) {
        for (size_t v = 0; v < sizeof values; v++) {
            memcpy(changed, saved, saved_len);
            changed[i] = (uint8_t)(changed[i] ^ values[v]);
            reseal(changed, saved_len);
            int n = import_exactly(changed, saved_len);
            if ((n < 0 && n != PICKET_ERR_SESSION) || n > 1 ||
                (i < HEAD && values[v] != 0 && n != PICKET_ERR_SESSION))
                FAIL("byte %zu ^ %#x: %s", i, values[v], picket_error_name(n));
        }
    }
    CHECK(used() <= before + PICKET_SESSIONS * (PICKET_SESSION_MAX + PICKET_HOST_MAX + 32u));
    CHECK(arena_check());
    picket_deinit(&client);
}

// What is taken of it is used: whatever it says, the handshake ends with the page or an error.
static void survives_the_use_of_what_is_forged(void)
{
    save();
    for (size_t i = HEAD + RECORD; i < saved_len - SUM; i += 3) {
        memcpy(changed, saved, saved_len);
        changed[i] ^= 0x41;
        start();
        reseal(changed, saved_len);
        int n = import_exactly(changed, saved_len);
        int error = n == 1 ? get_from(TLS_SERVER_HOST) : 0;
        if (error == PICKET_ERR_INTERNAL ||
            (error == 0 && n == 1 && strcmp(page, ".") != 0 && strcmp(page, "r") != 0))
            FAIL("byte %zu: %s", i, picket_error_name(error));
        picket_deinit(&client);
    }
}

static void is_bound_to_the_store(void)
{
    static picket_pin_t pin = {.sha256 = {1}};
    picket_trust_t store;
    picket_anchor_t anchor = trust.anchors[0];
    save();
    const picket_trust_t others[] = {{.anchors = &anchor, .count = 1},
                                     {.anchors = trust.anchors, .count = 1, .pins = &pin, .pin_count = 1},
                                     {.pins = &pin, .pin_count = 1},
                                     {0}};
    anchor.distrust_after = 2000000000;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_INT(start_with(&others[i], NULL), 0);
        CHECK_INT(import(saved, saved_len), PICKET_ERR_SESSION);
        picket_deinit(&client);
    }
    REQUIRE(tls_chain_trust(&chains[1], 1, &store));
    CHECK_INT(start_with(&store, NULL), 0);
    CHECK_INT(import(saved, saved_len), PICKET_ERR_SESSION);
    CHECK_INT(get_from(TLS_SERVER_HOST), PICKET_ERR_UNKNOWN_ISSUER);
    picket_deinit(&client);
    REQUIRE(tls_chain_trust(chains, 2, &store));
    CHECK_INT(start_with(&store, NULL), 0);
    CHECK_INT(import(saved, saved_len), PICKET_ERR_SESSION);
    picket_deinit(&client);
    REQUIRE(tls_chain_trust(&chains[0], 1, &store)); // the same, elsewhere in memory
    CHECK_INT(start_with(&store, NULL), 0);
    CHECK_INT(import(saved, saved_len), 1);
    picket_deinit(&client);
}

static void is_bound_to_the_clients_certificate(void)
{
    long len = tls_server_read("sleeper-leaf.pem", cert, sizeof cert - 1);
    long key_len = tls_server_read("sleeper-leaf.key", key, sizeof key - 1);
    REQUIRE(len > 0 && key_len > 0);
    picket_identity_t identity = {
        .cert = cert, .cert_len = (size_t)len, .key = key, .key_len = (size_t)key_len};
    save();
    CHECK_INT(start_with(&trust, &identity), 0);
    CHECK_INT(import(saved, saved_len), PICKET_ERR_SESSION);
    check_get(false);
    int n = picket_session_export(&client, saved, sizeof saved);
    picket_deinit(&client);
    start();
    CHECK_INT(import(saved, (size_t)n), PICKET_ERR_SESSION);
    picket_deinit(&client);
    CHECK_INT(start_with(&trust, &identity), 0);
    CHECK_INT(import(saved, (size_t)n), 1);
    check_get(true);
    picket_deinit(&client);
    start();
    CHECK_INT(picket_identity_use(&client, &identity), 0);
    CHECK_INT(import(saved, (size_t)n), 1);
    picket_deinit(&client);
}

// A session for another host or port is not offered to this one.
static void is_bound_to_the_origin(void)
{
    save();
    memcpy(changed, saved, saved_len);
    changed[HEAD + 3] ^= 1; // the port
    start();
    reseal(changed, saved_len);
    CHECK_INT(import(changed, saved_len), 1);
    check_get(false);
    picket_deinit(&client);
    memcpy(changed, saved, saved_len);
    changed[HEAD + RECORD] ^= 3; // the host: "sicket.test"
    start();
    reseal(changed, saved_len);
    // What TLS 1.3 has saved names the host, too.
    CHECK_INT(import(changed, saved_len), version == PICKET_TLS_1_3 ? PICKET_ERR_SESSION : 1);
    check_get(false);
    picket_deinit(&client);
}

static void needs_to_know_the_time(void)
{
    save();
    start();
    check_get(false);
    now_ms = -1;
    CHECK_INT(picket_session_export(&client, changed, sizeof changed), PICKET_ERR_NO_TIME);
    CHECK_INT(picket_session_export(&client, NULL, 0), PICKET_ERR_NO_TIME);
    picket_deinit(&client);
    start();
    CHECK_INT(import(saved, saved_len), PICKET_ERR_NO_TIME);
    now_ms = 1000; // 1970 is no time
    CHECK_INT(import(saved, saved_len), PICKET_ERR_NO_TIME);
    now_ms = 0;
    CHECK_INT(import(saved, saved_len), 1);
    check_get(true);
    picket_deinit(&client);
}

static int import_at(int64_t when)
{
    now_ms = when;
    start();
    int n = import(saved, saved_len);
    picket_deinit(&client);
    now_ms = 0;
    return n;
}

static void lives_for_a_day(void)
{
    save();
    int64_t now = base_ms;
    CHECK_INT(import_at(now + 1), 1);
    CHECK_INT(import_at(now + DAY_MS - 60000), 1);
    CHECK_INT(import_at(now + DAY_MS), 0);
    CHECK_INT(import_at(now + 365 * DAY_MS), 0);
    CHECK_INT(import_at(now - 60000), 0); // a clock that went backwards
    CHECK_INT(import_at(now - 3600000), 0);
    now_ms = now;
    start();
    check_get(false);
    now_ms = now + DAY_MS + 60000;
    CHECK_INT(picket_session_export(&client, changed, sizeof changed), 0);
    now_ms = now - 60000;
    CHECK_INT(picket_session_export(&client, changed, sizeof changed), 0);
    picket_deinit(&client);
}

// A record's times, changed: the end of its certificates, when it was kept, when verified.
static int import_dated(size_t at, uint64_t value, unsigned bytes)
{
    memcpy(changed, saved, saved_len);
    for (unsigned i = bytes; i-- > 0; value >>= 8)
        changed[HEAD + at + i] = (uint8_t)value;
    start();
    reseal(changed, saved_len);
    int n = import(changed, saved_len);
    picket_deinit(&client);
    return n;
}

static void lives_no_longer_than_its_certificates(void)
{
    save();
    uint64_t now = (uint64_t)base_ms;
    CHECK_INT(import_dated(21, 2020, 2), 0);
    CHECK_INT(import_dated(21, 2099, 2), 1);
    CHECK_INT(import_dated(5, now + 3600000, 8), 0);  // kept in an hour
    CHECK_INT(import_dated(13, now + 3600000, 8), 0); // verified in an hour
    CHECK_INT(import_dated(13, now - DAY_MS, 8), 0);
    CHECK_INT(import_dated(13, now - DAY_MS + 60000, 8), 1);
    CHECK_INT(import_dated(13, 0, 8), 0);
    CHECK_INT(import_dated(13, UINT64_MAX, 8), 0);
    CHECK_INT(import_dated(5, UINT64_MAX / 2, 8), 0);
    CHECK_INT(import_dated(2, 0, 2), PICKET_ERR_SESSION); // port 0
}

// When the ticket came, as Mbed TLS has saved it, behind its version and what the session is: it would be subtracted from the
// time of day as it is.
static void a_tickets_age_is_no_nonsense(void)
{
    static const uint64_t times[] = {UINT64_MAX, UINT64_C(1) << 63, UINT64_C(0x7fffffffffffffff), 0};
    if (version != PICKET_TLS_1_3)
        return;
    save();
    size_t at = RECORD + saved[HEAD + 4] + 5 + 4 + 5; // of the length of its key
    at += 1u + saved[HEAD + at];
    at += 2u + saved[HEAD + at + 1]; // the host name
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        CHECK_INT(import_dated(at, times[i], 8), times[i] == 0 ? 1 : PICKET_ERR_SESSION);
    CHECK_INT(import_dated(at, (uint64_t)base_ms, 8), 1);
    CHECK_INT(import_dated(at, (uint64_t)base_ms + 1, 8), PICKET_ERR_SESSION);
}

static void is_bound_to_the_version(void)
{
    save();
    size_t host_len = saved[HEAD + 4];
    const size_t places[] = {
        0, 4, 8, HEAD + RECORD + host_len, HEAD + RECORD + host_len + 2, HEAD + RECORD + host_len + 4};
    start();
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        memcpy(changed, saved, saved_len);
        changed[places[i]]++;
        reseal(changed, saved_len);
        if (import(changed, saved_len) != PICKET_ERR_SESSION)
            FAIL("byte %zu", places[i]);
    }
    picket_deinit(&client);
}

static void what_is_newer_stays(void)
{
    save();
    start();
    now_ms = base_ms + 5000;
    check_get(false);
    CHECK_INT(import(saved, saved_len), 0);
    check_get(true);
    picket_deinit(&client);
    now_ms = 0;
}

// The version that the session is of is not allowed any more.
static void another_tls_version_is_a_full_handshake(void)
{
    uint16_t was = version;
    save();
    version = was == PICKET_TLS_1_3 ? PICKET_TLS_1_2 : PICKET_TLS_1_3;
    start();
    CHECK(import(saved, saved_len) >= 0);
    check_get(false);
    picket_deinit(&client);
    version = was;
}

static void says_when_there_is_no_memory(void)
{
    uint32_t n = 1;
    save();
    for (int result = PICKET_ERR_NO_MEMORY; result < 0 && n < 100; n++) {
        start();
        size_t before = used();
        arena_fail_at(n);
        result = import(saved, saved_len);
        arena_fail_at(0);
        CHECK(result == PICKET_ERR_NO_MEMORY || result == 1);
        CHECK(result == 1 || used() == before);
        CHECK(arena_check());
        check_get(result == 1);
        picket_deinit(&client);
    }
    CHECK(n > 2 && n < 100);
}

static void wants_a_client_and_bytes(void)
{
    picket_t none = {0};
    save();
    CHECK_INT(picket_session_export(&none, saved, sizeof saved), PICKET_ERR_CLOSED);
    CHECK_INT(picket_session_import(&none, saved, saved_len), PICKET_ERR_CLOSED);
    CHECK_INT(picket_session_export(NULL, saved, sizeof saved), PICKET_ERR_ARG);
    CHECK_INT(picket_session_import(NULL, saved, saved_len), PICKET_ERR_ARG);
    start();
    CHECK_INT(picket_session_export(&client, NULL, 5), PICKET_ERR_ARG);
    CHECK_INT(picket_session_export(&client, saved, 0), PICKET_ERR_ARG);
    CHECK_INT(picket_session_import(&client, NULL, 5), PICKET_ERR_ARG);
    CHECK_INT(picket_session_import(&client, saved, 0), PICKET_ERR_SESSION);
    picket_deinit(&client);
}

static void run_all(void)
{
    RUN(is_resumed_after_a_restart);
    RUN(lies_anywhere_in_more_bytes);
    RUN(takes_the_room_there_is);
    RUN(the_latest_comes_first);
    RUN(refuses_what_is_damaged);
    RUN(survives_what_is_forged);
    RUN(survives_the_use_of_what_is_forged);
    RUN(is_bound_to_the_store);
    RUN(is_bound_to_the_clients_certificate);
    RUN(is_bound_to_the_origin);
    RUN(needs_to_know_the_time);
    RUN(lives_for_a_day);
    RUN(lives_no_longer_than_its_certificates);
    RUN(a_tickets_age_is_no_nonsense);
    RUN(is_bound_to_the_version);
    RUN(what_is_newer_stays);
    RUN(another_tls_version_is_a_full_handshake);
    RUN(says_when_there_is_no_memory);
    RUN(wants_a_client_and_bytes);
}

int main(void)
{
    base_ms = socket_port()->unix_ms(NULL) + 10 * DAY_MS;
    static const char *const kinds[] = {NULL, "ssl_session_cache shared:s:1m; ssl_session_tickets off;"};
    if (!tls_chain_make(&chains[0]) || !tls_chain_make(&chains[1]) || !tls_chain_trust(chains, 1, &trust))
        return 1;
    for (size_t i = 0; i < 4; i++) {
        version = i % 2 != 0 ? PICKET_TLS_1_3 : PICKET_TLS_1_2;
        if (i == 3) // in TLS 1.3 nginx's cache is used by tickets as well
            break;
        nginx_tls = kinds[i / 2];
        if (!start_server())
            return 1;
        run_all();
        tls_server_stop(&server);
    }
    return check_done();
}
