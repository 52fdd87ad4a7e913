// Proxies: what they are asked, and what becomes of their answers, whatever these are.
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "check.h"
#include "picket/clock.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL          "http://h.test/a?b"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define OK           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define FIELDS       "User-Agent: test\r\nAccept: */*\r\n"

static picket_t client;
static picket_http_t http;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(2)];
static size_t base;

// A store with something in it, so that TLS begins.
static const uint8_t no_certificate[] = {0x30, 0x00};
static const picket_anchor_t anchor = {
    .der = no_certificate, .der_len = sizeof no_certificate, .subject_hash = 1};
static const picket_trust_t trust = {.anchors = &anchor, .count = 1};

static picket_proxy_t proxy;
static const picket_host_t hosts[] = {{"listed.test", 3128, {.family = 4, .bytes = {10, 1, 1, 1}}}};

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

static void setup(const char *url, const script_step_t *peer)
{
    script_reset();
    script.peer = peer;
    script.six.lookup = PICKET_ERR_NO_ADDRESS;
    http = (picket_http_t){0};
    proxy = (picket_proxy_t){.url = url};
    CHECK_INT(picket_init(&client, &(picket_config_t){.arena = arena,
                                                      .arena_len = sizeof arena,
                                                      .port = script_port(),
                                                      .trust = &trust,
                                                      .user_agent = "test",
                                                      .proxy = &proxy,
                                                      .hosts = hosts,
                                                      .host_count = COUNT(hosts)}),
              0);
    base = used();
}

static void teardown(void)
{
    picket_http_close(&http);
    for (int i = 0; i < 100; i++) { // for what is kept
        (void)picket_poll(&client);
        script_sleep(1000);
    }
    CHECK_INT(used(), base);
    CHECK(arena_check());
    picket_deinit(&client);
    CHECK(script_clean());
}

static void turn(void)
{
    uint32_t ms = picket_poll(&client);
    if (ms > 0)
        script_port()->wait(NULL, ms < 10 ? ms : 10);
}

static int finish(void)
{
    char bytes[50];
    int n = PICKET_AGAIN;
    for (int i = 0; i < 10000 && (n > 0 || n == PICKET_AGAIN); i++) {
        n = picket_http_read(&http, bytes, sizeof bytes);
        if (n == PICKET_AGAIN)
            turn();
    }
    return n;
}

static int ask(const picket_request_t *request)
{
    picket_http_close(&http);
    int error = picket_http_start(&http, &client, request);
    return error != 0 ? error : finish();
}

static picket_detail_t detail(void)
{
    return picket_http_detail(&http);
}

static const script_step_t answers[] = {STEP_HEAD, STEP_SEND(OK), STEP_HEAD, STEP_SEND(OK),
                                        STEP_HEAD, STEP_SEND(OK), STEP_END};

// --- http

static const struct {
    const char *url, *line, *host;
} forms[] = {
    {"http://h.test", "http://h.test/", "h.test"},
    {"http://h.test/a?b#c", "http://h.test/a?b", "h.test"},
    {"http://h.test?b", "http://h.test/?b", "h.test"},
    {"http://h.test:80/", "http://h.test/", "h.test"},
    {"http://h.test:8080/a", "http://h.test:8080/a", "h.test:8080"},
    {"http://[2001:db8::1]:81/a", "http://[2001:db8::1]:81/a", "[2001:db8::1]:81"},
    {"http://10.0.0.1/a", "http://10.0.0.1/a", "10.0.0.1"},
};

static void asks_it_for_http(void)
{
    for (size_t i = 0; i < COUNT(forms); i++) {
        char wanted[300];
        setup("http://p.test:3128", answers);
        CHECK_INT(ask(&(picket_request_t){.url = forms[i].url}), 0);
        snprintf(wanted, sizeof wanted, "GET %s HTTP/1.1\r\nHost: %s\r\n" FIELDS "\r\n", forms[i].line,
                 forms[i].host);
        CHECK_STR(script_sent(0, NULL), wanted);
        teardown();
    }
}

static void tells_it_who_asks(void)
{
    setup("http://p.test:3128/", answers);
    proxy.user = "Aladdin";
    proxy.password = "open sesame";
    CHECK_INT(ask(&(picket_request_t){.url = URL, .user = "u", .password = "p"}), 0);
    CHECK_STR(script_sent(0, NULL),
              "GET http://h.test/a?b HTTP/1.1\r\nHost: h.test\r\n" FIELDS
              "Proxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nAuthorization: Basic dTpw\r\n\r\n");
    teardown();
}

// A connection serves one origin, though the proxy is the same: what one server says is not taken for another's answer.
static void keeps_its_connections_by_origin(void)
{
    setup("http://p.test:3128", answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL}), 0);
    CHECK_INT(ask(&(picket_request_t){.url = URL}), 0);
    CHECK(detail().reused);
    CHECK_INT(ask(&(picket_request_t){.url = "http://g.test/"}), 0);
    CHECK(!detail().reused);
    CHECK_INT(script.opened, 2);
    static const picket_proxy_t none = {.url = NULL};
    CHECK_INT(ask(&(picket_request_t){.url = URL, .proxy = &none}), 0);
    CHECK(!detail().reused);
    CHECK(strstr(script_sent(2, NULL), "GET /a?b HTTP/1.1\r\n") != NULL);
    static const picket_proxy_t other = {.url = "http://q.test"};
    for (int i = 0; i < 2; i++) {
        CHECK_INT(ask(&(picket_request_t){.url = URL, .proxy = &other}), 0);
        CHECK(!detail().reused); // whether its name lives on is not known
    }
    teardown();
}

static void takes_its_refusal_for_an_answer(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"),
                                         STEP_END};
    setup("http://p.test", peer);
    CHECK_INT(ask(&(picket_request_t){.url = URL}), 0);
    CHECK_INT(picket_http_status(&http), 407);
    teardown();
}

// --- Configuration

static const char *const bad_urls[] = {"",
                                       "p.test:80",
                                       "https://p.test",
                                       "http://",
                                       "http://p.test/x",
                                       "http://p.test?x",
                                       "socks5://p.test",
                                       "http://u:p@p.test",
                                       "http://p.test:0",
                                       "http://p t/"};

static void refuses_what_is_no_proxy(void)
{
    for (size_t i = 0; i < COUNT(bad_urls); i++) {
        setup(bad_urls[i], answers);
        int result = ask(&(picket_request_t){.url = URL});
        if (result != PICKET_ERR_PROXY_URL)
            FAIL("%s: %d", bad_urls[i], result);
        CHECK_STR(script.story, "");
        teardown();
    }
}

static void refuses_credentials_and_addresses_that_do_not_fit(void)
{
    static const picket_address_t address = {.family = 4, .bytes = {10, 0, 0, 1}};
    setup("http://p.test", answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .address = &address}), PICKET_ERR_ARG);
    CHECK_STR(detail().text, "address and proxy");
    proxy.user = "a:b";
    CHECK_INT(ask(&(picket_request_t){.url = URL}), PICKET_ERR_HEADER);
    CHECK_INT(ask(&(picket_request_t){.url = "https://h.test/"}), PICKET_ERR_HEADER);
    proxy = (picket_proxy_t){.url = "http://p.test", .password = "p"};
    CHECK_INT(ask(&(picket_request_t){.url = URL}), PICKET_ERR_HEADER);
    teardown();
}

static void looks_up_the_proxy_only(void)
{
    setup("http://listed.test:3128", answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL}), 0);
    CHECK(strstr(script.story, "lookup") == NULL);
    CHECK_INT(detail().address.bytes[3], 1);
    teardown();
    setup("http://[::1]", answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL}), 0);
    CHECK_STR(script.story, "0 connect 6");
    teardown();
}

// --- https

#define CONNECT_TO(host) "CONNECT " host " HTTP/1.1\r\nHost: " host "\r\nUser-Agent: test\r\n"
#define CONNECT          CONNECT_TO("h.test:443") "\r\n"

static int ask_https(uint32_t connect_ms)
{
    return ask(&(picket_request_t){.url = "https://h.test/", .timeouts = {.connect_ms = connect_ms}});
}

static const char *const open_answers[] = {
    "HTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.0 200 Connection established\r\n\r\n",
    "HTTP/1.1 299 x\r\nContent-Length: 5\r\n\r\n",                                // means nothing
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", // neither
    "HTTP/1.1 100 Wait\r\n\r\nHTTP/1.1 200 OK\r\nProxy-Agent: x\r\n\r\n",
};

// TLS begins behind the answer, with the first byte of a handshake.
static void opens_a_way_for_https(void)
{
    for (size_t i = 0; i < COUNT(open_answers); i++) {
        for (size_t piece = 0; piece < 8; piece++) {
            const char *bytes = open_answers[i];
            const script_step_t peer[] = {STEP_EXPECT(CONNECT), STEP_PIECES(bytes, strlen(bytes), piece),
                                          STEP_COUNT(100), STEP_END};
            setup("http://p.test:3128", peer);
            CHECK_INT(ask_https(3000), PICKET_ERR_TIMEOUT_HANDSHAKE);
            CHECK_INT(detail().phase, PICKET_PHASE_HANDSHAKE);
            size_t len;
            const char *sent = script_sent(0, &len);
            REQUIRE(len > strlen(CONNECT) + 5);
            CHECK_INT(sent[strlen(CONNECT)], 0x16);
            CHECK_INT(sent[strlen(CONNECT) + 1], 0x03);
            CHECK_INT(script.opened, 1);
            teardown();
        }
    }
}

static void says_where_to_and_who_asks(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_END};
    setup("http://p.test", peer);
    proxy.user = "u";
    proxy.password = "p";
    CHECK_INT(ask(&(picket_request_t){
                  .url = "https://[2001:db8::1]:8443/x", .user = "secret", .timeouts = {.connect_ms = 300}}),
              PICKET_ERR_TIMEOUT_PROXY);
    CHECK_INT(detail().phase, PICKET_PHASE_PROXY);
    CHECK_STR(script_sent(0, NULL),
              CONNECT_TO("[2001:db8::1]:8443") "Proxy-Authorization: Basic dTpw\r\n\r\n");
    teardown();
}

static const struct {
    const char *answer;
    bool fin;
    int error;
    const char *text;
} refusals[] = {
    {"HTTP/1.1 403 No\r\n\r\n", false, PICKET_ERR_PROXY, "proxy 'p.test': status 403"},
    {"HTTP/1.1 502 Bad\r\nContent-Length: 1000000\r\n\r\nxxx", false, PICKET_ERR_PROXY,
     "proxy 'p.test': status 502"},
    {"HTTP/1.1 302 Go\r\nLocation: http://evil.test/\r\n\r\n", false, PICKET_ERR_PROXY,
     "proxy 'p.test': status 302"},
    {"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\n\r\n", false, PICKET_ERR_PROXY_AUTH,
     "proxy 'p.test': status 407"},
    {"HTTP/1.1 200 OK\r\n\r\nx", false, PICKET_ERR_PROXY_ANSWER, "proxy 'p.test': bytes behind the answer"},
    {"HTTP/1.1 200 OK\r\n\r\n\x16\x03\x03", false, PICKET_ERR_PROXY_ANSWER,
     "proxy 'p.test': bytes behind the answer"},
    {"", true, PICKET_ERR_PROXY_ANSWER, "proxy 'p.test': the connection was closed"},
    {"HTTP/1.1 200 OK\r\n", true, PICKET_ERR_PROXY_ANSWER, "proxy 'p.test': the connection was closed"},
    {"SSH-2.0-x\r\n", false, PICKET_ERR_PROXY_ANSWER, NULL},
    {"HTTP/2 200 OK\r\n\r\n", false, PICKET_ERR_PROXY_ANSWER, NULL},
    {"HTTP/1.1 101 Switch\r\n\r\n", false, PICKET_ERR_PROXY_ANSWER, NULL},
    {"HTTP/1.1 200 OK\r\nX: \x1b[31m\r\n\r\n", false, PICKET_ERR_PROXY_ANSWER, NULL},
    {"HTTP/1.1 200 OK\nX: y\n\n", false, PICKET_ERR_PROXY_ANSWER, NULL},
};

static void tells_its_refusals_apart(void)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const char *bytes = refusals[i].answer;
        const script_step_t peer[] = {STEP_EXPECT(CONNECT),
                                      STEP_BYTES(bytes, strlen(bytes)),
                                      {.verb = refusals[i].fin ? SCRIPT_FIN : SCRIPT_END},
                                      STEP_END};
        setup("http://p.test", peer);
        int result = ask_https(3000);
        if (result != refusals[i].error)
            FAIL("%zu: %d, %s", i, result, detail().text);
        if (refusals[i].text != NULL)
            CHECK_STR(detail().text, refusals[i].text);
        CHECK_INT(detail().phase, PICKET_PHASE_PROXY);
        CHECK_STR(script_sent(0, NULL), CONNECT); // and nothing behind it
        for (const char *c = detail().text; *c != '\0'; c++)
            CHECK(*c >= 0x20 && *c <= 0x7e);
        teardown();
    }
}

static void bounds_its_answer(void)
{
    static char endless[200000] = "HTTP/1.1 200 OK\r\nX: ";
    memset(endless + strlen(endless), 'x', sizeof endless - 1 - strlen(endless));
    const script_step_t large[] = {STEP_HEAD, STEP_BYTES(endless, sizeof endless - 1), STEP_END};
    setup("http://p.test", large);
    CHECK_INT(ask_https(3000), PICKET_ERR_PROXY_ANSWER);
    CHECK(script.now_ms < 100);
    teardown();
    static char interim[20 * 22 + 1];
    for (size_t i = 0; i < 20; i++)
        memcpy(interim + 22 * i, "HTTP/1.1 100 Go on\r\n\r\n", 22);
    const script_step_t talks[] = {STEP_HEAD, STEP_BYTES(interim, 22 * 20), STEP_END};
    setup("http://p.test", talks);
    CHECK_INT(ask_https(3000), PICKET_ERR_PROXY_ANSWER);
    teardown();
}

static void says_that_it_is_the_proxy_that_fails(void)
{
    setup("http://p.test", answers);
    script.four.connect = PICKET_ERR_REFUSED;
    CHECK_INT(ask_https(3000), PICKET_ERR_REFUSED);
    CHECK_STR(detail().text, "proxy 'p.test'");
    teardown();
    setup("http://p.test", answers);
    script.four.lookup = PICKET_ERR_NO_ADDRESS;
    CHECK_INT(ask(&(picket_request_t){.url = URL}), PICKET_ERR_NO_ADDRESS);
    CHECK_STR(detail().text, "proxy 'p.test'");
    teardown();
}

// --- At any time, with any memory

static const script_step_t slow[] = {
    STEP_HEAD,       STEP_SLEEP(5), STEP_PIECES("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", 25, 3),
    STEP_COUNT(100), STEP_FIN,      STEP_END};

static void can_be_closed_at_any_time(void)
{
    int error = 0;
    unsigned k = 0;
    for (; k < 300 && error == 0; k++) {
        setup("http://p.test", slow);
        script.four.connect_ms = 7;
        script.send_poll = 9;
        CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = "https://h.test/"}), 0);
        for (unsigned i = 0; i < k; i++)
            turn();
        error = detail().error;
        if (k % 2 == 0)
            teardown();
        else {
            picket_deinit(&client);
            CHECK(script_clean());
        }
    }
    CHECK_INT(error, PICKET_ERR_TLS_CLOSED);
    CHECK(k > 20);
}

static void survives_each_failed_allocation(void)
{
    for (uint32_t n = 1; n < 40; n++) {
        static const script_step_t peer[] = {STEP_EXPECT(CONNECT),
                                             STEP_SEND("HTTP/1.1 403 No\r\nX: y\r\n\r\n"), STEP_END};
        setup("http://p.test", peer);
        uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = ask_https(3000);
        arena_fail_at(0);
        bool failed = arena_failures() != failures;
        CHECK_INT(result, failed ? PICKET_ERR_NO_MEMORY : PICKET_ERR_PROXY);
        teardown();
        if (!failed)
            return;
    }
    FAIL("some allocation always fails");
}

int main(void)
{
    RUN(asks_it_for_http);
    RUN(tells_it_who_asks);
    RUN(keeps_its_connections_by_origin);
    RUN(takes_its_refusal_for_an_answer);
    RUN(refuses_what_is_no_proxy);
    RUN(refuses_credentials_and_addresses_that_do_not_fit);
    RUN(looks_up_the_proxy_only);
    RUN(opens_a_way_for_https);
    RUN(says_where_to_and_who_asks);
    RUN(tells_its_refusals_apart);
    RUN(bounds_its_answer);
    RUN(says_that_it_is_the_proxy_that_fails);
    RUN(can_be_closed_at_any_time);
    RUN(survives_each_failed_allocation);
    return check_done();
}
