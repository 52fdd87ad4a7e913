// Redirects that are followed: where to, how, how often, with what of the request; and what is refused.
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "check.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL             "http://h.test/a/b?c"
#define COUNT(array)    (sizeof(array) / sizeof(array)[0])
#define OK              "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TO(code, where) "HTTP/1.1 " code " Go\r\nLocation: " where "\r\nContent-Length: 5\r\n\r\nthere"
#define FIELDS          "User-Agent: test\r\nAccept: */*\r\n"

static picket_t client;
static picket_http_t http;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(4)];
static size_t base;
static char body[100];
static size_t body_len;

static const picket_host_t hosts[] = {
    {"listed.test", 80, {.family = 4, .bytes = {10, 1, 1, 1}}},
    {"listed.test", 81, {.family = 4, .bytes = {10, 1, 1, 2}}},
};

static void setup(const script_step_t *peer)
{
    script_reset();
    script.peer = peer;
    script.six.lookup = PICKET_ERR_NO_ADDRESS;
    http = (picket_http_t){0};
    CHECK_INT(picket_init(&client, &(picket_config_t){.arena = arena,
                                                      .arena_len = sizeof arena,
                                                      .port = script_port(),
                                                      .user_agent = "test",
                                                      .hosts = hosts,
                                                      .host_count = COUNT(hosts)}),
              0);
    picket_memory(&client, &base, NULL);
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

// So that nothing is kept any more: then nothing may be left.
static void wait_for_the_end_of_what_is_kept(void)
{
    picket_http_close(&http);
    for (int i = 0; i < 200; i++) {
        (void)picket_poll(&client);
        script_sleep(1000);
    }
    CHECK_INT(used(), base);
}

static void teardown(void)
{
    wait_for_the_end_of_what_is_kept();
    CHECK(arena_check());
    picket_deinit(&client);
    CHECK(script_clean());
}

static void turn(void)
{
    uint32_t ms = picket_poll(&client);
    if (ms > 0)
        script_port()->wait(NULL, ms);
}

static int finish(size_t size)
{
    int n = PICKET_AGAIN;
    body_len = 0;
    for (int i = 0; i < 100000 && (n > 0 || n == PICKET_AGAIN); i++) {
        n = picket_http_read(&http, body + body_len,
                             size < sizeof body - body_len ? size : sizeof body - body_len);
        body_len += n > 0 ? (size_t)n : 0;
        if (n == PICKET_AGAIN)
            turn();
    }
    return n;
}

static int ask(picket_request_t request)
{
    if (request.max_redirects == 0)
        request.max_redirects = 5;
    int error = picket_http_start(&http, &client, &request);
    return error != 0 ? error : finish(sizeof body);
}

static int get(const char *url)
{
    return ask((picket_request_t){.url = url});
}

static picket_detail_t detail(void)
{
    return picket_http_detail(&http);
}

static void check_ok(const char *url)
{
    CHECK_INT(picket_http_status(&http), 200);
    CHECK(body_len == 2 && memcmp(body, "ok", 2) == 0);
    CHECK_STR(picket_http_url(&http), url);
    CHECK_INT(detail().phase, PICKET_PHASE_DONE);
    CHECK_INT(detail().received, 2);
}

// --- Where to

static const struct {
    const char *location, *host, *target, *url;
} places[] = {
    {"http://h.test/x", "h.test", "/x", "http://h.test/x"},
    {"/x", "h.test", "/x", "http://h.test/x"},
    {"x", "h.test", "/a/x", "http://h.test/a/x"},
    {"./../x/./y?z", "h.test", "/x/y?z", "http://h.test/x/y?z"},
    {"?d", "h.test", "/a/b?d", "http://h.test/a/b?d"},
    {"#f", "h.test", "/a/b?c", "http://h.test/a/b?c#f"},
    {"//g.test", "g.test", "/", "http://g.test"},
    {"//g.test:80/x#y", "g.test", "/x", "http://g.test:80/x#y"},
    {"//g.test:81/x", "g.test:81", "/x", "http://g.test:81/x"},
    {"HTTP://G.test/x", "G.test", "/x", "HTTP://G.test/x"},
    {"../../../x", "h.test", "/x", "http://h.test/x"},
    {"http://10.0.0.1/x", "10.0.0.1", "/x", "http://10.0.0.1/x"},
    {"http://[::1]:8/x", "[::1]:8", "/x", "http://[::1]:8/x"},
};

static void goes_where_it_is_sent(void)
{
    for (size_t i = 0; i < COUNT(places); i++) {
        char response[200], wanted[200];
        int len =
            snprintf(response, sizeof response,
                     "HTTP/1.1 302 Go\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nthere", places[i].location);
        const bool here = strcmp(places[i].host, "h.test") == 0;
        const script_step_t first[] = {STEP_HEAD, STEP_BYTES(response, (size_t)len), STEP_HEAD, STEP_SEND(OK),
                                       STEP_END};
        const script_step_t second[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
        setup(first);
        script.peers[1] = second;
        CHECK_INT(get(URL), 0);
        check_ok(places[i].url);
        CHECK_INT(detail().redirects, 1);
        CHECK_INT(script.opened, here ? 1 : 2); // the connection of the redirect is kept
        snprintf(wanted, sizeof wanted, "GET %s HTTP/1.1\r\nHost: %s\r\n" FIELDS "\r\n", places[i].target,
                 places[i].host);
        const char *sent = script_sent(here ? 0 : 1, NULL);
        CHECK(strlen(sent) >= strlen(wanted));
        CHECK_STR(sent + strlen(sent) - strlen(wanted), wanted);
        teardown();
    }
}

static const struct {
    const char *location;
    int error;
    const char *text;
} bad_places[] = {
    {"ftp://h.test/", PICKET_ERR_REDIRECT_URL, "neither http nor https"},
    {"javascript:alert(1)", PICKET_ERR_REDIRECT_URL, NULL},
    {"http:x", PICKET_ERR_REDIRECT_URL, NULL},
    {"http://", PICKET_ERR_REDIRECT_URL, "no host"},
    {"//", PICKET_ERR_REDIRECT_URL, "no host"},
    {"http://h.test:0/", PICKET_ERR_REDIRECT_URL, "port out of range"},
    {"http://u:p@h.test/", PICKET_ERR_REDIRECT_URL, "credentials in the URL"},
    {"/a b", PICKET_ERR_REDIRECT_URL, "blank in the URL"},
    {"/\x80", PICKET_ERR_REDIRECT_URL, NULL},
    {"/%", PICKET_ERR_REDIRECT_URL, "malformed %-escape"},
    {"\\\\g.test\\x", PICKET_ERR_REDIRECT_URL, "backslash in the URL"},
    {"/x\r\nLocation: /y", PICKET_ERR_REDIRECT_URL, "there are two Location fields"},
};

static void refuses_what_is_no_place(void)
{
    for (size_t i = 0; i < COUNT(bad_places); i++) {
        char response[200];
        int len =
            snprintf(response, sizeof response,
                     "HTTP/1.1 302 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", bad_places[i].location);
        const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(response, (size_t)len), STEP_END};
        setup(peer);
        int result = get(URL);
        if (result != bad_places[i].error)
            FAIL("%s: %d", bad_places[i].location, result);
        CHECK_INT(picket_http_status(&http), 0);
        CHECK_INT(picket_http_read(&http, body, 1), result);
        if (bad_places[i].text != NULL)
            CHECK_STR(detail().text, bad_places[i].text);
        CHECK_INT(script.opened, 1);
        teardown();
    }
}

static const char *const final_ones[] = {
    "HTTP/1.1 302 Go\r\nContent-Length: 2\r\n\r\nok", // nowhere
    "HTTP/1.1 302 Go\r\nLocation:  \r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 300 Go\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 305 Go\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 306 Go\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 201 Made\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 404 No\r\nLocation: /x\r\nContent-Length: 2\r\n\r\nok",
};

static void takes_others_for_what_they_are(void)
{
    for (size_t i = 0; i < COUNT(final_ones); i++) {
        const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(final_ones[i], strlen(final_ones[i])), STEP_END};
        setup(peer);
        CHECK_INT(get(URL), 0);
        CHECK(body_len == 2 && memcmp(body, "ok", 2) == 0);
        CHECK(picket_http_status(&http) >= 201);
        CHECK_INT(detail().redirects, 0);
        CHECK_STR(picket_http_url(&http), URL);
        teardown();
    }
}

static void follows_nothing_unless_asked(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND(TO("301", "/x")), STEP_END};
    setup(peer);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), 0);
    CHECK_INT(finish(10), 0);
    CHECK_INT(picket_http_status(&http), 301);
    CHECK_STR(picket_http_header(&http, "location"), "/x");
    CHECK(body_len == 5 && memcmp(body, "there", 5) == 0);
    teardown();
}

// --- How often

static void counts_them(void)
{
    enum { LOOP = 1000 };
    script_step_t *peer = calloc(2 * LOOP + 3, sizeof *peer);
    REQUIRE(peer != NULL);
    for (size_t i = 0; i <= LOOP; i++) {
        peer[2 * i] = (script_step_t)STEP_HEAD;
        peer[2 * i + 1] = (script_step_t)STEP_SEND(TO("302", "/a/b?c")); // itself
    }
    for (uint16_t max = 1; max <= LOOP; max = max < 5                        ? max + 1
                                              : max * 2 > LOOP && max < LOOP ? LOOP
                                                                             : max * 2) {
        setup(peer);
        CHECK_INT(ask((picket_request_t){.url = URL, .max_redirects = max}), PICKET_ERR_REDIRECTS);
        CHECK_INT(detail().redirects, max);
        CHECK_INT(script.opened, 1);
        teardown();
    }
    peer[2 * LOOP + 1] = (script_step_t)STEP_SEND(OK);
    setup(peer);
    CHECK_INT(ask((picket_request_t){.url = URL, .max_redirects = LOOP}), 0); // just so many
    check_ok(URL);
    CHECK(used() < base + 4000);
    teardown();
    free(peer);
}

// --- Its body

static char long_body[PICKET_REDIRECT_BODY + 200];

static void drop_body(const char *framing, const char *rest, bool fin, bool kept, size_t piece)
{
    char head[120];
    int len = snprintf(head, sizeof head, "HTTP/1.1 302 Go\r\nLocation: /x\r\n%s\r\n", framing);
    const script_step_t more = {.verb = fin ? SCRIPT_FIN : SCRIPT_HEAD};
    const script_step_t first[] = {
        STEP_HEAD, STEP_BYTES(head, (size_t)len), STEP_PIECES(rest, strlen(rest), piece), more, STEP_SEND(OK),
        STEP_END};
    const script_step_t second[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    setup(first);
    script.peers[1] = second;
    int result = get(URL);
    if (result != 0 || script.opened != (kept ? 1 : 2))
        FAIL("%s, pieces of %zu: %d, %u connections", framing, piece, result, script.opened);
    else
        check_ok("http://h.test/x");
    teardown();
}

static void drops_its_body(void)
{
    static const size_t pieces[] = {0, 1, 3, 100};
    memset(long_body, 'x', sizeof long_body - 1);
    for (size_t p = 0; p < COUNT(pieces); p++) {
        drop_body("Content-Length: 0\r\n", "", false, true, 0);
        drop_body("Content-Length: 3\r\n", "abc", false, true, pieces[p]);
        drop_body("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", false, true,
                  pieces[p]);
        if (pieces[p] == 0 || pieces[p] > 4) // what comes later cannot be told from the next answer
            drop_body("Content-Length: 3\r\n", "abcd", false, false, pieces[p]);
        drop_body("Content-Length: 3\r\n", "ab", true, false, pieces[p]); // cut short: nobody wants it
        drop_body("Transfer-Encoding: chunked\r\n", "3\r\nabx", true, false, pieces[p]);
        drop_body("Transfer-Encoding: chunked\r\n", "zzz", false, false, pieces[p]); // malformed
        drop_body("", "abc", true, false, pieces[p]);                                // until the end
        drop_body("Connection: close\r\nContent-Length: 3\r\n", "abc", false, false, pieces[p]);
    }
    drop_body("Content-Length: 5000000\r\n", "abc", false, false, 0); // not waited for
    drop_body("Content-Length: 4096\r\n", long_body + 199, false, true, 0);
    drop_body("Content-Length: 4097\r\n", long_body + 198, false, false, 0);
}

// A body that never ends, in chunks: no more is read than agreed, and silence ends it in time.
static void bounds_what_it_reads_of_it(void)
{
    static const script_step_t silent[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 302 Go\r\nLocation: //g.test/x\r\nContent-Length: 5\r\n\r\nab"),
        STEP_END};
    static const script_step_t second[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    static char endless[40000] =
        "HTTP/1.1 302 Go\r\nLocation: //g.test/x\r\nTransfer-Encoding: chunked\r\n\r\n";
    size_t at = strlen(endless);
    while (at + 6 < sizeof endless) {
        memcpy(endless + at, "1\r\nx\r\n", 6);
        at += 6;
    }
    const script_step_t talks[] = {STEP_HEAD, STEP_PIECES(endless, at, 50), STEP_END};
    setup(talks);
    script.peers[1] = second;
    CHECK_INT(get(URL), 0);
    check_ok("http://g.test/x");
    teardown();
    setup(silent);
    script.peers[1] = second;
    CHECK_INT(ask((picket_request_t){.url = URL, .timeouts = {.idle_ms = 700}}), 0);
    CHECK(script.now_ms >= 700 && script.now_ms < 730);
    check_ok("http://g.test/x");
    teardown();
    setup(silent);
    CHECK_INT(ask((picket_request_t){.url = URL, .timeouts = {.total_ms = 500}}), PICKET_ERR_TIMEOUT_TOTAL);
    CHECK_INT(picket_http_status(&http), 0);
    teardown();
}

// Nor is a body waited for that comes a byte at a time and is never silent: the time for a response's head has to do for it.
static void waits_for_no_body_that_drips(void)
{
    enum { DROPS = 100, EACH_MS = 100 };
    static const script_step_t second[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    script_step_t drips[2 * DROPS + 3] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 1000\r\n\r\n")};
    for (size_t i = 0; i < DROPS; i++) {
        drips[2 + 2 * i] = (script_step_t)STEP_SLEEP(EACH_MS);
        drips[3 + 2 * i] = (script_step_t)STEP_SEND("x");
    }
    for (int limited = 0; limited < 2; limited++) {
        setup(drips);
        script.peers[1] = second;
        picket_timeouts_t timeouts = {.head_ms = 950, .idle_ms = 500, .total_ms = limited != 0 ? 700 : 0};
        int result = ask((picket_request_t){.url = URL, .timeouts = timeouts});
        CHECK_INT(result, limited != 0 ? PICKET_ERR_TIMEOUT_TOTAL : 0);
        CHECK(script.now_ms >= (limited != 0 ? 700u : 950u) && script.now_ms <= 1000);
        CHECK_INT(script.opened, limited != 0 ? 1 : 2);
        if (!limited)
            check_ok("http://h.test/x");
        teardown();
    }
}

// --- With what

static int source(void *ctx, uint64_t at, void *buf, size_t len)
{
    const char *text = ctx;
    size_t left = strlen(text) - (size_t)at;
    len = len < 2 ? len : 2; // bit by bit
    len = left < len ? left : len;
    memcpy(buf, text + at, len);
    return (int)len;
}

static const picket_header_t described[] = {
    {"Content-Type", "text/x"}, {"X-A", "b"}, {"content-language", "xx"}};

static const struct {
    const char *code, *method, *then;
    bool body;
} rules[] = {
    {"301", "POST", "GET", false},     {"302", "POST", "GET", false},     {"303", "POST", "GET", false},
    {"307", "POST", "POST", true},     {"308", "POST", "POST", true},     {"301", "PUT", "PUT", true},
    {"302", "PUT", "PUT", true},       {"303", "PUT", "GET", false},      {"307", "PUT", "PUT", true},
    {"303", "PATCH", "GET", false},    {"302", "PATCH", "PATCH", true},   {"303", "DELETE", "GET", false},
    {"302", "DELETE", "DELETE", true}, {"308", "REPORT", "REPORT", true},
};

enum how { GIVEN, ASKED, ASKED_CHUNKED };

static void follow_rule(size_t i, enum how how)
{
    char response[100], wanted[300];
    int len = snprintf(response, sizeof response,
                       "HTTP/1.1 %s Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", rules[i].code);
    size_t sent_body = how == ASKED_CHUNKED ? 22 : 5; // 2 2 1, each 5 or 6 with its frame, and the end
    const script_step_t peer[] = {STEP_HEAD,
                                  STEP_COUNT(sent_body),
                                  STEP_BYTES(response, (size_t)len),
                                  STEP_HEAD,
                                  STEP_COUNT(rules[i].body ? sent_body : 0),
                                  STEP_SEND(OK),
                                  STEP_END};
    picket_request_t request = {
        .url = URL, .method = rules[i].method, .headers = described, .header_count = 3};
    request.body = how == GIVEN ? "hello" : NULL;
    request.body_read = how == GIVEN ? NULL : source;
    request.body_ctx = (void *)(uintptr_t) "hello";
    request.body_len = how == ASKED_CHUNKED ? PICKET_CHUNKED : 5;
    setup(peer);
    CHECK_INT(ask(request), 0);
    check_ok("http://h.test/x");
    if (rules[i].body && how == ASKED_CHUNKED)
        snprintf(wanted, sizeof wanted,
                 "%s /x HTTP/1.1\r\nHost: h.test\r\n" FIELDS
                 "Content-Type: text/x\r\nX-A: b\r\ncontent-language: xx\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n0\r\n\r\n",
                 rules[i].then);
    else if (rules[i].body)
        snprintf(wanted, sizeof wanted,
                 "%s /x HTTP/1.1\r\nHost: h.test\r\n" FIELDS
                 "Content-Type: text/x\r\nX-A: b\r\ncontent-language: xx\r\n"
                 "Content-Length: 5\r\n\r\nhello",
                 rules[i].then);
    else
        snprintf(wanted, sizeof wanted, "%s /x HTTP/1.1\r\nHost: h.test\r\n" FIELDS "X-A: b\r\n\r\n",
                 rules[i].then);
    const char *sent = script_sent(0, NULL);
    REQUIRE(strlen(sent) > strlen(wanted));
    CHECK_STR(sent + strlen(sent) - strlen(wanted), wanted);
    CHECK_INT(detail().sent, rules[i].body ? 5 : 0);
    teardown();
}

static void keeps_or_changes_the_method(void)
{
    for (size_t i = 0; i < COUNT(rules); i++) {
        follow_rule(i, GIVEN);
        follow_rule(i, ASKED);
        follow_rule(i, ASKED_CHUNKED);
    }
}

static void asks_for_the_head_everywhere(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 303 Go\r\nLocation: /x\r\nContent-Length: 7\r\n\r\n"), STEP_HEAD,
        STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), STEP_END};
    setup(peer);
    CHECK_INT(ask((picket_request_t){.url = URL, .method = "HEAD"}), 0);
    CHECK_INT(picket_http_length(&http), 9);
    CHECK_INT(script.opened, 1);
    CHECK(strstr(script_sent(0, NULL), "HEAD /x HTTP/1.1\r\n") != NULL);
    teardown();
}

static int write_all(const char *text)
{
    return picket_http_write_blocking(&http, text, strlen(text));
}

// What the application has written is gone; what it has not written yet goes to the new place.
static void sends_no_half_of_a_body(void)
{
    static const script_step_t late[] = {STEP_HEAD, STEP_COUNT(3), STEP_SEND(TO("307", "/x")), STEP_END};
    static const script_step_t early[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n"), STEP_END};
    static const script_step_t second[] = {STEP_HEAD, STEP_COUNT(3), STEP_SEND(OK), STEP_END};
    setup(late);
    CHECK_INT(
        picket_http_start(&http, &client, &(picket_request_t){.url = URL, .body_len = 3, .max_redirects = 1}),
        0);
    CHECK_INT(write_all("abc"), 3);
    CHECK_INT(finish(10), PICKET_ERR_REDIRECT_BODY);
    CHECK_INT(script.opened, 1);
    teardown();

    setup(early);
    script.peers[1] = second;
    CHECK_INT(
        picket_http_start(&http, &client, &(picket_request_t){.url = URL, .body_len = 3, .max_redirects = 1}),
        0);
    for (int i = 0; i < 20; i++)
        turn();
    CHECK_INT(write_all("abc"), 3);
    CHECK_INT(finish(10), 0);
    check_ok("http://h.test/x");
    CHECK(strstr(script_sent(1, NULL), "\r\n\r\nabc") != NULL);
    teardown();

    setup(late); // a POST that becomes a GET: no more is taken, and that is no failure
    script.peers[0] = (script_step_t[]){STEP_HEAD, STEP_COUNT(3), STEP_SEND(TO("303", "/x")), STEP_END};
    script.peers[1] = (script_step_t[]){STEP_HEAD, STEP_SEND(OK), STEP_END};
    CHECK_INT(
        picket_http_start(&http, &client, &(picket_request_t){.url = URL, .body_len = 9, .max_redirects = 1}),
        0);
    CHECK_INT(write_all("abc"), 3);
    for (int i = 0; i < 20; i++)
        turn();
    CHECK_INT(picket_http_write(&http, "def", 3), PICKET_ERR_DONE);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(finish(10), 0);
    check_ok("http://h.test/x");
    teardown();
}

// The source of a body that gives less than was said, more than was asked for, or fails.
static int fails(void *ctx, uint64_t at, void *buf, size_t len)
{
    const int *n = ctx;
    (void)buf;
    return at < 2 && len > 1 ? 2 : *n;
}

static void ends_with_the_source_of_the_body(void)
{
    static const int results[] = {0, PICKET_ERR_INTERNAL, -1000, 4, INT32_MAX};
    static const script_step_t peer[] = {STEP_HEAD, STEP_END};
    for (size_t i = 0; i < COUNT(results); i++) {
        setup(peer);
        CHECK_INT(
            ask((picket_request_t){
                .url = URL, .body_read = fails, .body_ctx = (void *)(uintptr_t)&results[i], .body_len = 5}),
            PICKET_ERR_BODY_SOURCE);
        CHECK_INT(detail().phase, PICKET_PHASE_SEND);
        teardown();
    }
    setup(peer);
    CHECK_INT(ask((picket_request_t){.url = URL, .body = "x", .body_len = 1, .body_read = fails}),
              PICKET_ERR_ARG);
    teardown();
}

// They are a proxy's, and there is none.
static void credentials_for_a_proxy_go_to_no_server(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    static const picket_header_t field = {"proxy-authorization", "Basic c2VjcmV0"};
    setup(peer);
    CHECK_INT(ask((picket_request_t){.url = URL, .headers = &field, .header_count = 1}), 0);
    CHECK(strstr(script_sent(0, NULL), "c2VjcmV0") == NULL);
    teardown();
}

// A reader that waits says that nothing more will be written; what the source has is sent all the same.
static void a_source_is_asked_while_the_reader_waits(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    char buf[8];
    setup(peer);
    picket_request_t request = {.url = URL,
                                .method = "PUT",
                                .body_read = source,
                                .body_ctx = (void *)(uintptr_t) "hello",
                                .body_len = PICKET_CHUNKED};
    CHECK_INT(picket_http_start(&http, &client, &request), 0);
    CHECK_INT(picket_http_read_blocking(&http, buf, sizeof buf), 2);
    CHECK(strstr(script_sent(0, NULL), "\r\n\r\n2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n0\r\n\r\n") != NULL);
    teardown();
}

// --- Credentials

static const picket_header_t secrets[] = {
    {"authorization", "Basic c2VjcmV0"}, {"Cookie", "a=secret"}, {"Host", "secret.test"}, {"X-A", "b"}};

static void keep_secrets(const char *where, const char *back, bool given)
{
    char one[200], two[200];
    int one_len =
        snprintf(one, sizeof one, "HTTP/1.1 307 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", where);
    int two_len =
        snprintf(two, sizeof two, "HTTP/1.1 307 Go\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", back);
    const script_step_t first[] = {STEP_HEAD, STEP_BYTES(one, (size_t)one_len),
                                   STEP_HEAD, STEP_BYTES(two, (size_t)two_len),
                                   STEP_HEAD, STEP_SEND(OK),
                                   STEP_END};
    const script_step_t second[] = {STEP_HEAD, STEP_BYTES(two, (size_t)two_len), STEP_END};
    const script_step_t third[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    setup(first);
    script.peers[1] = second;
    script.peers[2] = third;
    static const picket_address_t address = {.family = 4, .bytes = {10, 9, 9, 9}};
    CHECK_INT(ask((picket_request_t){.url = URL, .headers = secrets, .header_count = 4, .address = &address}),
              0);
    check_ok(picket_http_url(&http));
    CHECK_INT(detail().redirects, 2);
    for (unsigned n = given ? 0 : 1; n < script.opened; n++) {
        const char *sent = script_sent(n, NULL);
        CHECK((strstr(sent, "ecret") != NULL) == given);
        CHECK((strstr(sent, "c2Vj") != NULL) == given);
        CHECK(strstr(sent, "X-A: b\r\n") != NULL);
    }
    if (!given)
        CHECK(script.opened >= 3); // not even the connection that was made with them
    teardown();
}

static void gives_credentials_to_their_origin_only(void)
{
    keep_secrets("/x", "http://H.test:80/y", true);
    keep_secrets("//g.test/x", "http://h.test/y", false); // and not when it comes back
    keep_secrets("http://h.test:81/x", "http://h.test/y", false);
}

static void uses_the_table_of_hosts(void)
{
    static const script_step_t first[] = {STEP_HEAD, STEP_SEND(TO("302", "//Listed.test:81/x")), STEP_END};
    static const script_step_t second[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    setup(first);
    script.peers[1] = second;
    CHECK_INT(get("http://listed.test/"), 0);
    CHECK_INT(detail().address.bytes[3], 2);
    CHECK(strstr(script.story, "lookup") == NULL);
    teardown();
}

// --- From https to http. The handshake is another test's: here the response cannot come.

static void starts_over_with_phases_and_deadlines(void)
{
    static const script_step_t first[] = {STEP_HEAD, STEP_SEND(TO("302", "//g.test/x")), STEP_END};
    static const script_step_t silent[] = {STEP_END};
    setup(first);
    script.peers[1] = silent;
    CHECK_INT(ask((picket_request_t){.url = URL, .timeouts = {.head_ms = 400}}), PICKET_ERR_TIMEOUT_HEAD);
    CHECK_INT(detail().phase, PICKET_PHASE_HEAD);
    CHECK_INT(detail().redirects, 1);
    CHECK_STR(picket_http_url(&http), "http://g.test/x");
    teardown();
    setup(first);
    script.peers[1] = silent;
    picket_http_start(&http, &client, &(picket_request_t){.url = URL, .max_redirects = 1});
    script.four.lookup = PICKET_ERR_NO_ADDRESS;
    CHECK_INT(finish(10), PICKET_ERR_NO_ADDRESS);
    teardown();
}

// --- Memory, and closing at any time

static const script_step_t rich[] = {
    STEP_HEAD, STEP_COUNT(5), STEP_PIECES(TO("307", "//g.test/x"), sizeof TO("307", "//g.test/x") - 1, 9),
    STEP_END};
static const script_step_t end_of_rich[] = {STEP_HEAD, STEP_COUNT(5), STEP_SEND(OK), STEP_END};

static int ask_rich(void)
{
    return ask((picket_request_t){
        .url = URL, .body_read = source, .body_ctx = (void *)(uintptr_t) "hello", .body_len = 5});
}

static void survives_each_failed_allocation(void)
{
    for (uint32_t n = 1; n < 60; n++) {
        setup(rich);
        script.peers[1] = end_of_rich;
        uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = ask_rich();
        arena_fail_at(0);
        bool failed = arena_failures() != failures;
        CHECK(failed ? result == PICKET_ERR_NO_MEMORY || result == 0 : result == 0);
        teardown();
        if (!failed)
            return;
    }
    FAIL("some allocation always fails");
}

static void can_be_closed_at_any_time(void)
{
    bool over = false;
    unsigned k = 0;
    for (; k < 1000 && !over; k++) {
        setup(rich);
        script.peers[1] = end_of_rich;
        script.send_poll = 5;
        script.four.connect_ms = 7;
        picket_http_start(&http, &client,
                          &(picket_request_t){.url = URL,
                                              .body_read = source,
                                              .body_ctx = (void *)(uintptr_t) "hello",
                                              .body_len = 5,
                                              .max_redirects = 1});
        for (unsigned i = 0; i < k; i++)
            turn();
        over = picket_http_status(&http) == 200;
        if (k % 2 == 0)
            teardown();
        else {
            picket_deinit(&client);
            CHECK(script_clean());
        }
    }
    CHECK(k > 20 && over);
}

int main(void)
{
    RUN(goes_where_it_is_sent);
    RUN(refuses_what_is_no_place);
    RUN(takes_others_for_what_they_are);
    RUN(follows_nothing_unless_asked);
    RUN(counts_them);
    RUN(drops_its_body);
    RUN(bounds_what_it_reads_of_it);
    RUN(waits_for_no_body_that_drips);
    RUN(keeps_or_changes_the_method);
    RUN(asks_for_the_head_everywhere);
    RUN(sends_no_half_of_a_body);
    RUN(ends_with_the_source_of_the_body);
    RUN(gives_credentials_to_their_origin_only);
    RUN(uses_the_table_of_hosts);
    RUN(starts_over_with_phases_and_deadlines);
    RUN(credentials_for_a_proxy_go_to_no_server);
    RUN(a_source_is_asked_while_the_reader_waits);
    RUN(survives_each_failed_allocation);
    RUN(can_be_closed_at_any_time);
    return check_done();
}
