// Memory that nothing changes: a body of 50 MB, 1,000 redirects, 10,000 requests on one client; with TLS, in the arena that
// picket.h says is enough for one connection, to a real server.
//
// A request that found the arena in pieces would fail; arena_check finds what was written where it may not be.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "picket/picket.h"
#include "socket_port.h"
#include "tls_server.h"

#define SMALL     100000u
#define LARGE     50000000u
#define REQUESTS  10000u
#define REDIRECTS 1000u
#define SHOWN     5u // of what went wrong in one test

static const tls_chain_t chain = {"endurance", "P-256", "P-256", "P-256", 0};
static const struct version {
    uint16_t version;
    const char *name, *option;
} versions[] = {{PICKET_TLS_1_2, "TLS 1.2", "-tls1_2"}, {PICKET_TLS_1_3, "TLS 1.3", "-tls1_3"}};
#define VERSIONS (sizeof versions / sizeof versions[0])

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_t client;
static picket_trust_t trust;
static tls_server_t servers[3];
static picket_host_t hosts[3];
static uint8_t *body;

// --- A client, and what it holds

typedef struct memory {
    size_t used, peak;
} memory_t;

static memory_t memory(void)
{
    memory_t m;
    picket_memory(&client, &m.used, &m.peak);
    return m;
}

// A block takes a few bytes more where those would be too small a hole. What is lost each time comes to more than this.
#define ROUNDING 64u

static bool is_as(memory_t now, memory_t before)
{
    if (now.used <= before.used + ROUNDING && now.peak <= before.peak + ROUNDING)
        return true;
    FAIL("%zu bytes in use, and before %zu; a peak of %zu, and before %zu", now.used, before.used, now.peak,
         before.peak);
    return false;
}

static bool begin(uint16_t oldest, uint16_t newest)
{
    return picket_init(&client, &(picket_config_t){.trust = &trust,
                                                   .arena = arena,
                                                   .arena_len = sizeof arena,
                                                   .port = socket_port(),
                                                   .tls_min = oldest,
                                                   .tls_max = newest,
                                                   .hosts = hosts,
                                                   .host_count = 3}) == 0;
}

typedef struct answer {
    int result;
    size_t len; // of the body
    bool same;  // as what was served
    picket_detail_t detail;
} answer_t;

static answer_t get(size_t server, const char *path, uint16_t max_redirects)
{
    char url[80];
    static uint8_t buf[4096];
    picket_http_t http = {0};
    answer_t answer = {.same = true};
    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u%s", servers[server].port, path);
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .max_redirects = max_redirects});
    while ((answer.result = picket_http_read_blocking(&http, buf, sizeof buf)) > 0) {
        size_t n = (size_t)answer.result;
        answer.same = answer.same && answer.len + n <= LARGE && memcmp(buf, body + answer.len, n) == 0;
        answer.len += n;
    }
    answer.detail = picket_http_detail(&http);
    picket_http_close(&http);
    return answer;
}

static bool is_whole(const answer_t *answer, size_t len)
{
    return answer->result == 0 && answer->same && answer->len == len;
}

// --- The server. A connection of its may carry as many requests as it says, and then it is closed.

static void fill(void)
{
    uint32_t x = 1;
    for (size_t i = 0; i < LARGE; i++) {
        x = x * 1664525u + 1013904223u;
        body[i] = (uint8_t)(x >> 24);
    }
}

static void serve(size_t i, const char *version, const char *directives)
{
    REQUIRE(tls_server_start(&servers[i],
                             &(tls_server_options_t){.chain = &chain,
                                                     .version = version,
                                                     .nginx = directives,
                                                     .nginx_tls = "ssl_session_cache shared:s:1m;"}));
    hosts[i] = (picket_host_t){TLS_SERVER_HOST, servers[i].port, {.family = 4, .bytes = {127, 0, 0, 1}}};
}

static void stop(void)
{
    for (size_t i = 0; i < 3; i++)
        tls_server_stop(&servers[i]);
}

static void starts(void)
{
    body = malloc(LARGE);
    REQUIRE(body != NULL);
    fill();
    CHECK(tls_server_page("tiny", body, 300) && tls_server_page("small", body, SMALL) &&
          tls_server_page("large", body, LARGE));
    CHECK(tls_chain_make(&chain) && tls_chain_trust(&chain, 1, &trust));
}

// --- A body of 50 MB

static void one_large_body(const struct version *v)
{
    REQUIRE(begin(v->version, v->version));
    answer_t small = get(0, "/small", 0);
    memory_t before = memory();
    answer_t large = get(0, "/large", 0);
    memory_t after = memory();
    CHECK(is_whole(&small, SMALL) && is_whole(&large, LARGE) && large.detail.reused);
    CHECK(is_as(after, before));
    picket_deinit(&client);
    // And by a connection made for it.
    REQUIRE(begin(v->version, v->version));
    large = get(0, "/large", 0);
    CHECK(is_whole(&large, LARGE) && !large.detail.reused);
    CHECK(is_as(memory(), before) && arena_check());
    printf("# %s: %zu bytes in use and a peak of %zu, after 100 kB as after 50 MB\n", v->name, after.used,
           after.peak);
    picket_deinit(&client);
}

static void a_body_of_50_mb_leaves_nothing(void)
{
    for (size_t i = 0; i < VERSIONS; i++) {
        serve(0, versions[i].option, "");
        one_large_body(&versions[i]);
        stop();
    }
}

// --- 1,000 redirects

static void many_redirects(const struct version *v)
{
    REQUIRE(begin(v->version, v->version));
    memory_t before = {0}, after;
    for (int turn = 0; turn < 3; turn++) { // the second finds the session of the first
        answer_t few = get(0, "/loop", 30);
        CHECK_INT(few.result, PICKET_ERR_REDIRECTS);
        CHECK_INT(few.detail.redirects, 30);
        before = memory();
    }
    answer_t many = get(0, "/loop", REDIRECTS);
    after = memory();
    CHECK_INT(many.result, PICKET_ERR_REDIRECTS);
    CHECK_INT(many.detail.redirects, REDIRECTS);
    CHECK(is_as(after, before) && arena_check());
    printf("# %s: %zu bytes in use and a peak of %zu, after 30 redirects as after 1000\n", v->name,
           after.used, after.peak);
    picket_deinit(&client);
}

static void a_thousand_redirects_leave_nothing(void)
{
    for (size_t i = 0; i < VERSIONS; i++) {
        serve(0, versions[i].option, "keepalive_requests 20; location = /loop { return 302 /loop; }");
        many_redirects(&versions[i]);
        stop();
    }
}

// --- 10,000 requests

// One server after the other, 50 requests each. The client keeps two sessions, so that the first handshake with each is a full
// one; each ends a connection after 20 requests, so that the next two are resumed.
#define TURN  50u
#define CYCLE (3 * TURN)

static struct {
    unsigned full, resumed, reused;
} counts;

static bool request(size_t i)
{
    answer_t answer = get(i / TURN % 3, "/tiny", 0);
    counts.reused += answer.detail.reused;
    counts.resumed += !answer.detail.reused && answer.detail.resumed;
    counts.full += !answer.detail.reused && !answer.detail.resumed;
    return is_whole(&answer, 300) && arena_check();
}

static void ten_thousand_requests_leave_nothing(void)
{
    static memory_t second[CYCLE]; // after each request of the second cycle, when there are sessions
    size_t wrong = 0;
    serve(0, "-tls1_3", "keepalive_requests 20;");
    serve(1, "-tls1_2", "keepalive_requests 20;");
    serve(2, "-tls1_3", "keepalive_requests 20;");
    REQUIRE(begin(PICKET_TLS_1_2, PICKET_TLS_1_3));
    for (size_t i = 0; i < REQUESTS && wrong < SHOWN; i++) {
        if (!request(i)) {
            wrong++;
            FAIL("request %zu", i);
        }
        if (i < 2 * CYCLE)
            second[i % CYCLE] = memory();
        else
            wrong += !is_as(memory(), second[i % CYCLE]);
    }
    CHECK(counts.full >= REQUESTS / TURN - 3 && counts.resumed >= REQUESTS / TURN &&
          counts.reused > REQUESTS / 2);
    printf("# %u requests: %u full handshakes, %u resumed, %u on a kept connection; a peak of %zu bytes "
           "after %u, %zu after all\n",
           REQUESTS, counts.full, counts.resumed, counts.reused, second[CYCLE - 1].peak, 2 * CYCLE,
           memory().peak);
    picket_deinit(&client);
    stop();
}

// On one connection that the server leaves open: after the 10th request nothing moves.
static void ten_thousand_requests_on_one_connection_leave_nothing(void)
{
    memory_t tenth = {0};
    size_t wrong = 0;
    serve(0, "-tls1_3", "keepalive_requests 1000000;");
    REQUIRE(begin(PICKET_TLS_1_2, PICKET_TLS_1_3));
    for (size_t i = 1; i <= REQUESTS && wrong < SHOWN; i++) {
        answer_t answer = get(0, "/tiny", 0);
        memory_t now = memory();
        if (i == 10)
            tenth = now;
        if (!is_whole(&answer, 300) || answer.detail.reused != (i > 1)) {
            wrong++;
            FAIL("request %zu: %s", i, picket_error_name(answer.result));
        }
        wrong += i > 10 && !is_as(now, tenth);
    }
    CHECK(arena_check());
    printf("# %u requests on one connection: %zu bytes in use and a peak of %zu, as after the 10th\n",
           REQUESTS, memory().used, memory().peak);
    picket_deinit(&client);
    stop();
}

int main(void)
{
    RUN(starts);
    RUN(a_body_of_50_mb_leaves_nothing);
    RUN(a_thousand_redirects_leave_nothing);
    RUN(ten_thousand_requests_leave_nothing);
    RUN(ten_thousand_requests_on_one_connection_leave_nothing);
    free(body);
    return check_done();
}
