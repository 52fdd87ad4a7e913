// Kept connections with TLS, to real servers: what they take of the arena, and that nobody else lacks it.
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "check.h"
#include "picket/picket.h"
#include "socket_port.h"
#include "tls_server.h"

static const tls_chain_t chains[] = {{"p256", "P-256", "P-256", "P-256", 0},
                                     {"worst", "rsa:4096", "rsa:4096", "rsa:4096", 80}};
static const uint16_t versions[] = {PICKET_TLS_1_2, PICKET_TLS_1_3};
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(3)];
static picket_t client;
static picket_trust_t trust;
static tls_server_t servers[2];
static bool reused;

static bool start(size_t arena_len, uint16_t version)
{
    return picket_init(&client, &(picket_config_t){.trust = &trust,
                                                   .arena = arena,
                                                   .arena_len = arena_len,
                                                   .port = socket_port(),
                                                   .tls_min = version,
                                                   .tls_max = version}) == 0;
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

static int get(size_t server)
{
    char url[60], buf[300];
    picket_http_t http = {0};
    int n;
    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/page", servers[server].port);
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .address = &loopback});
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        ;
    reused = picket_http_detail(&http).reused;
    picket_http_close(&http);
    return n;
}

// Sessions are kept beside them; they are counted in neither.
static void takes_no_more_than_it_is_said_to(void)
{
    for (size_t v = 0; v < 2; v++) {
        REQUIRE(start(sizeof arena, versions[v]));
        CHECK_INT(get(0), 0);
        size_t with_one = used();
        CHECK_INT(get(1), 0);
        size_t with_two = used();
        for (int i = 0; i < 20; i++) {
            CHECK_INT(get((size_t)i % 2), 0);
            CHECK(reused);
            CHECK(used() <= with_two + 64);
        }
        printf("# TLS 1.%d: %zu bytes for a kept connection and its session\n",
               versions[v] == PICKET_TLS_1_3 ? 3 : 2, with_two - with_one);
        CHECK(with_two - with_one <= PICKET_ARENA_KEPT + PICKET_SESSION_MAX + 64);
        picket_deinit(&client);
    }
}

// In the arena for one connection two servers are asked by turns, each for itself, and over and over.
static void leaves_the_arena_to_who_needs_it(void)
{
    for (size_t v = 0; v < 2; v++) {
        REQUIRE(start(PICKET_ARENA_SIZE(1), versions[v]));
        for (int i = 0; i < 60; i++) {
            CHECK_INT(get((size_t)(i % 3 == 0)), 0); // 1 0 0 1 0 0: some find theirs, some do not
            CHECK(arena_check());
        }
        picket_deinit(&client);
    }
}

static void serve(size_t chain)
{
    CHECK(tls_chain_make(&chains[chain]) && tls_chain_trust(&chains[chain], 1, &trust));
    for (size_t i = 0; i < 2; i++)
        CHECK(tls_server_start(&servers[i],
                               &(tls_server_options_t){.chain = &chains[chain], .nginx = "location / {}"}));
}

static void with_small_certificates(void)
{
    serve(0);
    takes_no_more_than_it_is_said_to();
    leaves_the_arena_to_who_needs_it();
}

static void with_large_certificates(void)
{
    serve(1);
    takes_no_more_than_it_is_said_to();
    leaves_the_arena_to_who_needs_it();
}

static void stop(void)
{
    tls_server_stop(&servers[0]);
    tls_server_stop(&servers[1]);
}

int main(void)
{
    static char page[5000];
    memset(page, 'x', sizeof page);
    if (!tls_server_page("page", page, sizeof page))
        return 2;
    RUN(with_small_certificates);
    stop();
    RUN(with_large_certificates);
    stop();
    return check_done();
}
