// Pins with a name of their own, for a box whose certificate says something else than the URL; in an arena of the size
// that one connection is promised to need.
#include <stdio.h>

#include "check.h"
#include "picket/picket.h"
#include "socket_port.h"
#include "tls_server.h"

static const tls_chain_t chain = {"box", "P-256", "P-256", "P-256", 0};
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
static const char *const versions[] = {"-tls1_2", "-tls1_3"};

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static tls_server_t server;
static picket_t client;
static picket_detail_t detail;
static picket_pin_t pins[2]; // [0] is nobody's

static int get(const picket_trust_t *trust, const char *host)
{
    static char url[64], buf[256];
    picket_http_t http = {0};
    snprintf(url, sizeof url, "https://%s:%u/page", host, server.port);
    picket_init(&client, &(picket_config_t){.keep_ms = PICKET_KEEP_NEVER,
                                            .trust = trust,
                                            .arena = arena,
                                            .arena_len = sizeof arena,
                                            .port = socket_port()});
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .address = &loopback});
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        ;
    detail = picket_http_detail(&http);
    picket_http_close(&http);
    picket_deinit(&client);
    return n;
}

static const picket_trust_t *pinned(const char *name)
{
    static picket_trust_t trust;
    pins[1].name = name;
    trust = (picket_trust_t){.pins = pins, .pin_count = 2};
    return &trust;
}

// What the server's key is, the error tells.
static void learns_the_pin_from_the_error(void)
{
    CHECK_INT(get(pinned(NULL), TLS_SERVER_HOST), PICKET_ERR_PIN);
    const char *text = strstr(detail.text, "sha256//");
    REQUIRE(text != NULL);
    REQUIRE_INT(picket_pin_parse(text, strlen(text), &pins[1]), 0);
    CHECK_INT(get(pinned(NULL), TLS_SERVER_HOST), 0);
    CHECK_INT(detail.chain_len, 1);
}

static void the_urls_name_counts_without_one(void)
{
    CHECK_INT(get(pinned(NULL), "box.local"), PICKET_ERR_WRONG_HOST);
    CHECK(strstr(detail.text, "'box.local'") != NULL);
    CHECK_INT(get(pinned(NULL), "127.0.0.1"), PICKET_ERR_WRONG_HOST);
}

static void the_pins_name_counts_instead(void)
{
    CHECK_INT(get(pinned(TLS_SERVER_HOST), "box.local"), 0);
    CHECK_INT(get(pinned(TLS_SERVER_HOST), "127.0.0.1"), 0);
    CHECK_INT(get(pinned("other.test"), TLS_SERVER_HOST), PICKET_ERR_WRONG_HOST);
    CHECK(strstr(detail.text, "'other.test'") != NULL);
    CHECK_INT(get(pinned("127.0.0.1"), TLS_SERVER_HOST), PICKET_ERR_WRONG_HOST);
}

// A pin in a store with anchors has no say in the name.
static void the_name_is_for_pins_alone(void)
{
    picket_trust_t trust;
    REQUIRE(tls_chain_trust(&chain, 1, &trust));
    trust.pins = pins;
    trust.pin_count = 2;
    pins[1].name = "other.test";
    CHECK_INT(get(&trust, TLS_SERVER_HOST), 0);
    CHECK_INT(detail.chain_len, 3);
    pins[1].name = TLS_SERVER_HOST;
    CHECK_INT(get(&trust, "box.local"), PICKET_ERR_WRONG_HOST);
    trust.pin_count = 1;
    CHECK_INT(get(&trust, TLS_SERVER_HOST), PICKET_ERR_PIN);
}

static void no_store_is_no_trust(void)
{
    CHECK_INT(get(&(picket_trust_t){0}, TLS_SERVER_HOST), PICKET_ERR_NO_TRUST);
    CHECK_INT(get(&(picket_trust_t){.pins = pins}, TLS_SERVER_HOST), PICKET_ERR_NO_TRUST);
    CHECK_INT(get(&(picket_trust_t){.pin_count = 1}, TLS_SERVER_HOST), PICKET_ERR_NO_TRUST);
}

int main(void)
{
    static const char page[] = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes";
    if (!tls_chain_make(&chain) || !tls_server_page("page", page, sizeof page - 1))
        return 1;
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        memset(pins, 0, sizeof pins);
        if (!tls_server_start(&server, &(tls_server_options_t){.chain = &chain, .version = versions[i]}))
            return 1;
        RUN(learns_the_pin_from_the_error);
        RUN(the_urls_name_counts_without_one);
        RUN(the_pins_name_counts_instead);
        RUN(the_name_is_for_pins_alone);
        RUN(no_store_is_no_trust);
        tls_server_stop(&server);
    }
    return check_done();
}
