// Credentials, in whatever way they are given; and bodies that wait until the server wants them.
#include <stdio.h>

#include "arena.h"
#include "check.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL          "http://h.test/a"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define OK           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define FIELDS       "Host: h.test\r\nUser-Agent: test\r\nAccept: */*\r\n"
#define CLOSE        "Connection: close\r\n\r\n"

static picket_t client;
static picket_http_t http;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static size_t base;

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

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
                                                      .keep_ms = PICKET_KEEP_NEVER}),
              0);
    base = used();
}

static void teardown(void)
{
    picket_http_close(&http);
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
    int error = picket_http_start(&http, &client, request);
    return error != 0 ? error : finish();
}

static const script_step_t answers[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};

// --- Credentials

static const picket_header_t own[] = {{"authorization", "Own x"}};
static const picket_header_t none[] = {{"Authorization", NULL}};

static const struct {
    picket_request_t request;
    const char *field; // "": none
} good[] = {
    // RFC 7617 section 2, RFC 6750 section 2.1
    {{.user = "Aladdin", .password = "open sesame"}, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
    {{.user = "test", .password = "123\xc2\xa3"}, "Basic dGVzdDoxMjPCow=="},
    {{.bearer = "mF_9.B5f-4.1JqM"}, "Bearer mF_9.B5f-4.1JqM"},
    {{.bearer = "a+/~=="}, "Bearer a+/~=="},
    {{.user = "u"}, "Basic dTo="},
    {{.user = ""}, "Basic Og=="},
    {{.user = "", .password = "pp"}, "Basic OnBw"},
    {{.user = "u", .password = ":p:"}, "Basic dTo6cDo="},
    {{.url = "http://u:p@h.test/a", .url_credentials = true}, "Basic dTpw"},
    {{.url = "http://u@h.test/a", .url_credentials = true}, "Basic dTo="},
    {{.url = "http://u:p:%40%2F%c3%a9@h.test/a", .url_credentials = true}, "Basic dTpwOkAvw6k="},
    {{.url = "http://@h.test/a", .url_credentials = true}, "Basic Og=="},
    {{.url = "http://:@h.test/a", .url_credentials = true}, "Basic Og=="},
    {{.url = "http://u:p@h.test/a", .url_credentials = true, .user = "x"}, "Basic eDo="},
    {{.url = URL, .url_credentials = true}, ""},
    {{.user = "u", .headers = own, .header_count = 1}, NULL},
    {{.user = "u", .headers = none, .header_count = 1}, ""},
};

static void sends_credentials(void)
{
    for (size_t i = 0; i < COUNT(good); i++) {
        char wanted[300];
        picket_request_t request = good[i].request;
        if (request.url == NULL)
            request.url = URL;
        if (good[i].field == NULL)
            snprintf(wanted, sizeof wanted, "GET /a HTTP/1.1\r\n" FIELDS "authorization: Own x\r\n" CLOSE);
        else if (good[i].field[0] == '\0')
            snprintf(wanted, sizeof wanted, "GET /a HTTP/1.1\r\n" FIELDS CLOSE);
        else
            snprintf(wanted, sizeof wanted, "GET /a HTTP/1.1\r\n" FIELDS "Authorization: %s\r\n" CLOSE,
                     good[i].field);
        setup(answers);
        int result = ask(&request);
        if (result != 0)
            FAIL("number %zu: %d", i, result);
        CHECK_STR(script_sent(0, NULL), wanted);
        CHECK_STR(picket_http_url(&http), URL); // without them
        teardown();
    }
}

static const struct {
    picket_request_t request;
    int error;
    const char *text;
} bad[] = {
    {{.user = "a:b"}, PICKET_ERR_HEADER, "the user's name has a colon"},
    {{.user = "a\nb"}, PICKET_ERR_HEADER, "the user's name or password has a control character"},
    {{.user = "a", .password = "\r\nX: y"},
     PICKET_ERR_HEADER,
     "the user's name or password has a control character"},
    {{.password = "p"}, PICKET_ERR_HEADER, "a password without a user"},
    {{.user = "u", .bearer = "t"}, PICKET_ERR_HEADER, "both a user and a bearer token"},
    {{.bearer = ""}, PICKET_ERR_HEADER, NULL},
    {{.bearer = "a b"}, PICKET_ERR_HEADER, "the bearer token has a character that is not allowed"},
    {{.bearer = "a\r\nX: y"}, PICKET_ERR_HEADER, NULL},
    {{.bearer = "a=b"}, PICKET_ERR_HEADER, NULL},
    {{.bearer = "=="}, PICKET_ERR_HEADER, NULL},
    {{.url = "http://u:p@h.test/"}, PICKET_ERR_URL, "credentials in the URL"},
    {{.url = "http://u:p@q@h.test/", .url_credentials = true}, PICKET_ERR_URL, "credentials in the URL"},
    {{.url = "http://u:%0d@h.test/", .url_credentials = true},
     PICKET_ERR_URL,
     "control character in the credentials"},
    {{.url = "http://u:%00@h.test/", .url_credentials = true},
     PICKET_ERR_URL,
     "control character in the credentials"},
    {{.url = "http://u:%0@h.test/", .url_credentials = true}, PICKET_ERR_URL, "malformed %-escape"},
    {{.url = "http://u:%@h.test/", .url_credentials = true}, PICKET_ERR_URL, "malformed %-escape"},
    {{.url = "http://u%3a:p@h.test/", .url_credentials = true},
     PICKET_ERR_HEADER,
     "the user's name has a colon"},
    {{.url = "http://u:p@/", .url_credentials = true}, PICKET_ERR_URL, "no host"},
    {{.url = "http://u:p@", .url_credentials = true}, PICKET_ERR_URL, "no host"},
};

static void refuses_bad_credentials(void)
{
    for (size_t i = 0; i < COUNT(bad); i++) {
        picket_request_t request = bad[i].request;
        if (request.url == NULL)
            request.url = URL;
        setup(answers);
        int result = ask(&request);
        if (result != bad[i].error)
            FAIL("number %zu: %d", i, result);
        if (bad[i].text != NULL)
            CHECK_STR(picket_http_detail(&http).text, bad[i].text);
        CHECK_STR(script.story, "");
        teardown();
    }
}

// Those of the URL, and those given, go to their origin only, and a relative redirect does not lose them.
static void gives_them_to_their_origin_only(void)
{
    static const script_step_t here[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 302 Go\r\nLocation: b\r\nContent-Length: 0\r\n\r\n"), STEP_END};
    static const script_step_t there[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 302 Go\r\nLocation: http://g.test/c\r\nContent-Length: 0\r\n\r\n"),
        STEP_END};
    static const picket_request_t requests[] = {
        {.url = "http://u:p@h.test/a", .url_credentials = true, .max_redirects = 2},
        {.url = URL, .user = "u", .password = "p", .max_redirects = 2},
        {.url = URL, .bearer = "dTpw", .max_redirects = 2},
    };
    for (size_t i = 0; i < COUNT(requests); i++) {
        setup(here);
        script.peers[1] = there;
        script.peers[2] = answers;
        CHECK_INT(ask(&requests[i]), 0);
        CHECK_STR(picket_http_url(&http), "http://g.test/c");
        CHECK(strstr(script_sent(0, NULL), "dTpw") != NULL);
        CHECK(strstr(script_sent(1, NULL), "GET /b ") != NULL &&
              strstr(script_sent(1, NULL), "dTpw") != NULL);
        CHECK(strstr(script_sent(2, NULL), "GET /c ") != NULL &&
              strstr(script_sent(2, NULL), "Auth") == NULL);
        teardown();
    }
}

#ifdef __SANITIZE_ADDRESS__
void __asan_unpoison_memory_region(void const volatile *address, size_t len);
#else
#define __asan_unpoison_memory_region(address, len) (void)(address)
#endif

static bool arena_has(const char *text)
{
    size_t len = strlen(text);
    __asan_unpoison_memory_region(arena, sizeof arena); // also what is free
    for (size_t i = 0; i + len <= sizeof arena; i++) {
        if (memcmp(arena + i, text, len) == 0)
            return true;
    }
    return false;
}

static void leaves_no_password_in_memory(void)
{
    setup(answers);
    CHECK_INT(ask(&(picket_request_t){.url = "http://user:s%65cret7@h.test/a", .url_credentials = true}), 0);
    picket_http_close(&http);
    CHECK(!arena_has("secret7"));
    CHECK(!arena_has("c2VjcmV0Nw")); // as it is sent
    teardown();
}

// --- Expect

#define PUT_HEAD(framing) "PUT /a HTTP/1.1\r\n" FIELDS framing "\r\nExpect: 100-continue\r\n" CLOSE
#define CONTINUE          "HTTP/1.1 100 Go on\r\n\r\n"
#define EARLY             "HTTP/1.1 103 Hints\r\nX: y\r\n\r\n"
#define LENGTH            "Content-Length: 5"

static const script_step_t asked[] = {
    STEP_EXPECT(PUT_HEAD(LENGTH)), STEP_SLEEP(300),      STEP_SEND(EARLY), STEP_SLEEP(300),
    STEP_SEND(CONTINUE),           STEP_EXPECT("hello"), STEP_SEND(OK),    STEP_END};
static const script_step_t never_asks[] = {STEP_EXPECT(PUT_HEAD(LENGTH)), STEP_EXPECT("hello"), STEP_SEND(OK),
                                           STEP_END};
static const script_step_t knows_already[] = {STEP_EXPECT(PUT_HEAD(LENGTH)), STEP_SLEEP(300), STEP_SEND(OK),
                                              STEP_END};
static const script_step_t refuses[] = {STEP_EXPECT(PUT_HEAD(LENGTH)), STEP_SLEEP(300),
                                        STEP_SEND("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno"),
                                        STEP_END};

static const struct {
    const script_step_t *peer;
    int status;
    uint32_t ms;
    uint64_t sent;
} waits[] = {
    {asked, 200, 600, 5},
    {never_asks, 200, PICKET_EXPECT_MS, 5},
    {knows_already, 200, 300, 0},
    {refuses, 417, 300, 0},
};

static int source(void *ctx, uint64_t at, void *buf, size_t len)
{
    (void)ctx;
    memcpy(buf, &"hello"[at], len);
    return (int)len;
}

static void waits_until_it_is_asked(void)
{
    for (size_t i = 0; i < COUNT(waits); i++) {
        for (int asks = 0; asks < 2; asks++) {
            setup(waits[i].peer);
            CHECK_INT(ask(&(picket_request_t){.url = URL,
                                              .method = "PUT",
                                              .body = asks ? NULL : "hello",
                                              .body_read = asks ? source : NULL,
                                              .body_len = 5,
                                              .expect_continue = true,
                                              .timeouts = {.idle_ms = 100, .head_ms = 5000}}),
                      0);
            CHECK_INT(picket_http_status(&http), waits[i].status);
            CHECK(script.now_ms >= waits[i].ms && script.now_ms < waits[i].ms + 20);
            CHECK_INT(picket_http_detail(&http).sent, waits[i].sent);
            teardown();
        }
    }
}

static void lets_nobody_write_before(void)
{
    setup(asked);
    CHECK_INT(picket_http_start(
                  &http, &client,
                  &(picket_request_t){.url = URL, .method = "PUT", .body_len = 5, .expect_continue = true}),
              0);
    while (script.now_ms < 590) {
        CHECK_INT(picket_http_write(&http, "hello", 5), PICKET_AGAIN);
        (void)picket_poll(&client);
        script_sleep(10);
    }
    CHECK_INT(picket_http_write_blocking(&http, "hello", 5), 5);
    CHECK_INT(finish(), 0);
    teardown();

    setup(refuses);
    CHECK_INT(picket_http_start(
                  &http, &client,
                  &(picket_request_t){.url = URL, .method = "PUT", .body_len = 5, .expect_continue = true}),
              0);
    CHECK_INT(picket_http_write_blocking(&http, "hello", 5), PICKET_ERR_DONE);
    CHECK_INT(finish(), 0);
    CHECK_INT(picket_http_status(&http), 417);
    teardown();
}

// Sent elsewhere before anything of the body was sent, so that it goes there whole, also when it is written.
static void goes_elsewhere_with_a_body_that_waited(void)
{
    static const script_step_t moved[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 308 Go\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"), STEP_END};
    setup(moved);
    script.peers[1] = never_asks;
    CHECK_INT(picket_http_start(&http, &client,
                                &(picket_request_t){.url = "http://h.test/z",
                                                    .method = "PUT",
                                                    .body_len = 5,
                                                    .expect_continue = true,
                                                    .max_redirects = 1}),
              0);
    CHECK_INT(picket_http_write_blocking(&http, "hello", 5), 5);
    CHECK_INT(finish(), 0);
    CHECK_INT(picket_http_status(&http), 200);
    teardown();
}

static void expects_nothing_without_a_body(void)
{
    setup(answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .expect_continue = true}), 0);
    CHECK(strstr(script_sent(0, NULL), "Expect") == NULL);
    teardown();
}

static void survives_each_failed_allocation(void)
{
    for (uint32_t n = 1; n < 60; n++) {
        setup(asked);
        uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = ask(&(picket_request_t){.url = "http://u:p@h.test/a",
                                             .url_credentials = true,
                                             .headers = none,
                                             .header_count = 1,
                                             .method = "PUT",
                                             .body_read = source,
                                             .body_len = 5,
                                             .expect_continue = true});
        arena_fail_at(0);
        bool failed = arena_failures() != failures;
        CHECK_INT(result, failed ? PICKET_ERR_NO_MEMORY : 0);
        teardown();
        if (!failed)
            return;
    }
    FAIL("some allocation always fails");
}

int main(void)
{
    RUN(sends_credentials);
    RUN(refuses_bad_credentials);
    RUN(gives_them_to_their_origin_only);
    RUN(leaves_no_password_in_memory);
    RUN(waits_until_it_is_asked);
    RUN(lets_nobody_write_before);
    RUN(goes_elsewhere_with_a_body_that_waited);
    RUN(expects_nothing_without_a_body);
    RUN(survives_each_failed_allocation);
    return check_done();
}
