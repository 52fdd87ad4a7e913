// Connections that are kept for the next request: used again only when that cannot be told from a new one, given up
// when anything has happened on them, never in the way of anything else, and gone in time.
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "check.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL          "http://h.test/a"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define HEAD(method) method " /a HTTP/1.1\r\nHost: h.test\r\nUser-Agent: test\r\nAccept: */*\r\n"
#define GET_HEAD     HEAD("GET") "\r\n"
#define OK           "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static picket_t client;
static picket_http_t http;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(8)];
static size_t base;
static char body[100];
static size_t body_len;

static void setup_with(const script_step_t *peer, size_t arena_len, uint32_t keep_ms)
{
    script_reset();
    script.peer = peer;
    script.six.lookup = PICKET_ERR_NO_ADDRESS; // the n-th connection is that of the n-th dial
    http = (picket_http_t){0};
    CHECK_INT(picket_init(&client, &(picket_config_t){.arena = arena,
                                                      .arena_len = arena_len,
                                                      .port = script_port(),
                                                      .user_agent = "test",
                                                      .keep_ms = keep_ms}),
              0);
    picket_memory(&client, &base, NULL);
}

static void setup(const script_step_t *peer)
{
    setup_with(peer, sizeof arena, 0);
}

static void teardown(void)
{
    picket_http_close(&http);
    CHECK(arena_check());
    picket_deinit(&client);
    CHECK(script_clean());
    CHECK_INT(script.open, 0);
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

static void turn(void)
{
    uint32_t ms = picket_poll(&client);
    if (ms > 0)
        script_port()->wait(NULL, ms);
}

// So much time, with polls in it.
static void pass(uint32_t ms)
{
    for (uint32_t end = script.now_ms + ms; script.now_ms < end;) {
        uint32_t due = picket_poll(&client), left = end - script.now_ms;
        script_sleep(due == 0 ? 1 : due < left ? due : left);
    }
    (void)picket_poll(&client);
}

static int finish(picket_http_t *h, size_t size)
{
    int n = PICKET_AGAIN;
    body_len = 0;
    for (int i = 0; i < 100000 && (n > 0 || n == PICKET_AGAIN); i++) {
        n = picket_http_read(h, body + body_len,
                             size < sizeof body - body_len ? size : sizeof body - body_len);
        body_len += n > 0 ? (size_t)n : 0;
        if (n == PICKET_AGAIN)
            turn();
    }
    return n;
}

static int ask(const picket_request_t *request)
{
    picket_http_close(&http);
    int error = picket_http_start(&http, &client, request);
    (void)picket_poll(&client); // what is sent is seen by the peer in the next one
    return error != 0 ? error : finish(&http, sizeof body);
}

static int get(const char *url)
{
    return ask(&(picket_request_t){.url = url});
}

static bool reused(void)
{
    return picket_http_detail(&http).reused;
}

static void check_body(const char *wanted)
{
    CHECK(body_len == strlen(wanted) && memcmp(body, wanted, body_len) == 0);
}

static const script_step_t answers[] = {STEP_HEAD, STEP_SEND(OK), STEP_HEAD, STEP_SEND(OK),
                                        STEP_HEAD, STEP_SEND(OK), STEP_HEAD, STEP_SEND(OK),
                                        STEP_HEAD, STEP_SEND(OK), STEP_END};

// --- What is used again

static void uses_a_connection_again(void)
{
    static const script_step_t peer[] = {
        STEP_EXPECT(GET_HEAD), STEP_SLEEP(5), STEP_SEND(OK), STEP_EXPECT(GET_HEAD),
        STEP_SLEEP(7),         STEP_SEND(OK), STEP_END};
    setup(peer);
    CHECK_INT(get(URL), 0);
    CHECK(!reused());
    CHECK_INT(picket_http_detail(&http).phase, PICKET_PHASE_DONE);
    CHECK_INT(script.closed, 0);
    CHECK_INT(get(URL), 0);
    check_body("ok");
    picket_detail_t d = picket_http_detail(&http);
    CHECK(d.reused);
    CHECK_INT(d.address.family, 4);
    CHECK_INT(d.phase_ms[PICKET_PHASE_LOOKUP] + d.phase_ms[PICKET_PHASE_CONNECT], 0);
    CHECK_INT(d.phase_ms[PICKET_PHASE_HEAD], 7);
    CHECK_INT(script.opened, 1);
    CHECK_STR(script.story, "0 lookup 6, 0 lookup 4, 0 connect 4");
    teardown();
    CHECK_INT(script.closed, 1);
    CHECK_INT(script.aborted, 0);
}

static void uses_it_again_for_another_path_and_method(void)
{
    setup(answers);
    CHECK_INT(get("http://h.test/x"), 0);
    CHECK_INT(get("http://H.TEST:80/y?z"), 0);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .body = "abc", .body_len = 3}), 0);
    CHECK_INT(script.opened, 1);
    CHECK(strstr(script_sent(0, NULL), "Connection:") == NULL);
    teardown();
}

// The answer to HEAD, and to anything with 204 or 304, ends with its head.
static void uses_it_again_after_answers_without_a_body(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"),
                                         STEP_HEAD, STEP_SEND("HTTP/1.1 204 No\r\n\r\n"),
                                         STEP_HEAD, STEP_SEND("HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n"),
                                         STEP_HEAD, STEP_SEND(OK),
                                         STEP_END};
    setup(peer);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .method = "HEAD"}), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(get(URL), 0);
    check_body("ok");
    CHECK_INT(script.opened, 1);
    teardown();
}

static void uses_it_again_while_the_last_handle_is_open(void)
{
    picket_http_t second = {0};
    setup(answers);
    CHECK_INT(get(URL), 0);
    CHECK_INT(picket_http_start(&second, &client, &(picket_request_t){.url = URL}), 0);
    CHECK_INT(finish(&second, 1), 0);
    CHECK(picket_http_detail(&second).reused);
    CHECK_INT(picket_http_status(&http), 200); // what the first one knows it still knows
    CHECK_STR(picket_http_header(&http, "Content-Length"), "2");
    CHECK_INT(picket_http_read(&http, body, 1), 0);
    picket_http_close(&second);
    CHECK_INT(script.opened, 1);
    teardown();
}

// --- What the response says of it

static const struct {
    const char *response;
    bool kept;
} responses[] = {
    {OK, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nConnection: close\r\n\r\n", true},
    {"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 103 Hints\r\nConnection: close\r\n\r\n" OK, true},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nConnection: x, closed, close-notify\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nconnection:CLOSE\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nConnection: a ,\tclose , b\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nConnection: x\r\nConnection: ,,close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=0\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5;max=0\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=, max=-1, x=0, timeout\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=99999999999999999999\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive, close\r\nContent-Length: 2\r\n\r\nok", false},
    {OK "H", false}, // more than the response
    {OK OK, false},
    {"HTTP/1.1 204 No\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n", false},
};

static void answer(size_t i, size_t size, size_t piece)
{
    const char *bytes = responses[i].response;
    const script_step_t peer[] = {STEP_HEAD, STEP_PIECES(bytes, strlen(bytes), piece), STEP_HEAD,
                                  STEP_SEND(OK), STEP_END};
    const script_step_t other[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    setup(peer);
    script.peers[1] = other;
    picket_http_close(&http);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), 0);
    CHECK_INT(finish(&http, size), 0);
    pass(20); // whatever else the peer has to say
    CHECK_INT(get(URL), 0);
    check_body("ok");
    if (reused() != responses[i].kept || script.opened != (responses[i].kept ? 1 : 2))
        FAIL("response %zu, buffer %zu, pieces of %zu: reused %d, %u connections", i, size, piece, reused(),
             script.opened);
    teardown();
}

static void keeps_what_may_be_kept(void)
{
    static const size_t sizes[] = {1, 2, 3, 100}, pieces[] = {0, 1, 2, 7, 30};
    for (size_t i = 0; i < COUNT(responses); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t p = 0; p < COUNT(pieces); p++)
                answer(i, sizes[s], pieces[p]);
        }
    }
}

static void keeps_nothing_that_was_broken_off(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND(OK), STEP_END};
    setup(peer);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), 0);
    while (picket_http_status(&http) == 0)
        turn();
    CHECK_INT(get(URL), 0); // closes the first
    CHECK_INT(script.opened, 2);
    teardown();
}

// The server answered before it had everything: the rest is still owed.
static void keeps_nothing_when_the_request_is_not_all_out(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD, STEP_TAKE(5), STEP_SEND("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno"), STEP_END};
    static char large[5000];
    setup(peer);
    script.peers[1] = answers;
    script.send_poll = 64;
    CHECK_INT(ask(&(picket_request_t){.url = URL, .body = large, .body_len = sizeof large}), 0);
    CHECK_INT(picket_http_status(&http), 413);
    CHECK_INT(get(URL), 0);
    CHECK_INT(script.opened, 2);
    teardown();
}

static void keeps_nothing_when_told(void)
{
    setup_with(answers, sizeof arena, PICKET_KEEP_NEVER);
    CHECK_INT(get(URL), 0);
    CHECK_INT(script.closed, 1);
    CHECK(strstr(script_sent(0, NULL), "\r\nConnection: close\r\n") != NULL);
    picket_http_close(&http);
    CHECK_INT(used(), base);
    teardown();
}

// --- What happens while it is kept

static const script_step_t ends[] = {STEP_HEAD, STEP_SEND(OK), STEP_SLEEP(100), STEP_FIN, STEP_END};
static const script_step_t resets[] = {STEP_HEAD, STEP_SEND(OK), STEP_SLEEP(100), STEP_RST, STEP_END};
static const script_step_t talks[] = {STEP_HEAD, STEP_SEND(OK), STEP_SLEEP(100), STEP_SEND(OK), STEP_END};
static const script_step_t *const events[] = {ends, resets, talks};

static void gives_up_what_something_happened_on(void)
{
    for (size_t i = 0; i < COUNT(events); i++) {
        setup(events[i]);
        script.peers[1] = answers;
        CHECK_INT(get(URL), 0);
        picket_http_close(&http);
        CHECK(used() > base);
        pass(50);
        CHECK_INT(script.closed, 0);
        pass(100);
        CHECK_INT(script.closed, 1);
        CHECK_INT(used(), base); // and its memory is back
        CHECK_INT(get(URL), 0);
        check_body("ok");
        CHECK_INT(script.opened, 2);
        teardown();
    }
}

// The same when nobody polled meanwhile: it is looked at before it is used.
static void looks_before_it_uses_one(void)
{
    for (size_t i = 0; i < COUNT(events); i++) {
        setup(events[i]);
        script.peers[1] = answers;
        CHECK_INT(get(URL), 0);
        script_sleep(200);
        script_port()->poll(NULL);
        CHECK_INT(get(URL), 0);
        CHECK(!reused());
        CHECK_INT(script.opened, 2);
        teardown();
    }
}

static void closes_in_time(uint32_t keep_ms, const char *response, uint32_t wanted_ms)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(response, strlen(response)), STEP_END};
    setup_with(peer, sizeof arena, keep_ms);
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    pass(wanted_ms - 1);
    CHECK_INT(script.closed, 0);
    pass(1);
    CHECK_INT(script.closed, 1);
    CHECK_INT(used(), base);
    teardown();
}

#define HINT(value) "HTTP/1.1 200 OK\r\nKeep-Alive: " value "\r\nContent-Length: 2\r\n\r\nok"

static void keeps_it_so_long_and_no_longer(void)
{
    closes_in_time(0, OK, PICKET_KEEP_MS);
    closes_in_time(1234, OK, 1234);
    closes_in_time(PICKET_KEEP_NEVER - 1, HINT("timeout=70"), 69500);
    closes_in_time(0, HINT("timeout=1"), 500);
    closes_in_time(0, HINT("max=100, timeout=5"), 4500);
    closes_in_time(0, HINT("x=\"1\",timeout=\"5\""), 4500);
    closes_in_time(0, HINT("timeout=10, timeout=2"), 1500);
    closes_in_time(0, HINT("timeout=600"), PICKET_KEEP_MS);
    closes_in_time(1000, HINT("timeout=2"), 1000);
}

static void sleeps_meanwhile(void)
{
    setup(answers);
    CHECK_INT(get(URL), 0);
    turn();
    uint32_t polls = 0, end = script.now_ms + 30000;
    for (; script.now_ms < end; polls++)
        script_sleep(picket_poll(&client));
    CHECK(polls <= 32); // once a second
    teardown();
}

// --- Whose it is

static const picket_address_t ten = {.family = 4, .bytes = {10, 0, 0, 7}};
static const picket_address_t eleven = {.family = 4, .bytes = {10, 0, 0, 8}};

static const picket_request_t elsewhere[] = {
    {.url = "http://h.test:81/a"}, {.url = "http://g.test/a"},    {.url = "http://h.test.x/a"},
    {.url = "http://h.tes/a"},     {.url = URL, .address = &ten}, {.url = "https://h.test:80/a"},
};

static void serves_its_own_origin_only(void)
{
    for (size_t i = 0; i < COUNT(elsewhere); i++) {
        setup(answers);
        CHECK_INT(get(URL), 0);
        int result = ask(&elsewhere[i]);
        CHECK(result == 0 || result == PICKET_ERR_NO_TRUST);
        CHECK_INT(script.opened, 2);
        CHECK_INT(get(URL), 0); // and the first one is still there
        CHECK(reused());
        teardown();
    }
}

static void tells_addresses_apart(void)
{
    setup(answers);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .address = &ten}), 0);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .address = &eleven}), 0);
    CHECK_INT(script.opened, 2);
    CHECK_INT(ask(&(picket_request_t){.url = URL, .address = &ten}), 0);
    CHECK(reused());
    CHECK_INT(get(URL), 0);
    CHECK_INT(script.opened, 3);
    teardown();
}

static void keeps_a_few(void)
{
    char url[32];
    setup(answers);
    for (int i = 0; i < PICKET_KEEP + 2; i++) {
        snprintf(url, sizeof url, "http://%d.test/", i);
        CHECK_INT(get(url), 0);
    }
    CHECK_INT(script.closed, 2); // the oldest ones
    CHECK_INT(get("http://0.test/"), 0);
    CHECK(!reused());
    CHECK_INT(get(url), 0);
    CHECK(reused());
    teardown();
}

static void keeps_the_connections_of_two_at_once(void)
{
    picket_http_t one = {0}, two = {0};
    setup(answers);
    for (int round = 0; round < 2; round++) {
        CHECK_INT(picket_http_start(&one, &client, &(picket_request_t){.url = URL}), 0);
        CHECK_INT(picket_http_start(&two, &client, &(picket_request_t){.url = URL}), 0);
        CHECK_INT(finish(&one, 10), 0);
        CHECK_INT(finish(&two, 10), 0);
        CHECK_INT(picket_http_detail(&one).reused + picket_http_detail(&two).reused, 2 * round);
        picket_http_close(&one);
        picket_http_close(&two);
    }
    CHECK_INT(script.opened, 2);
    teardown();
}

// --- A connection that had died

static const script_step_t dies[] = {STEP_HEAD, STEP_SEND(OK), STEP_HEAD, STEP_SLEEP(3), STEP_FIN, STEP_END};
static const script_step_t dies_hard[] = {STEP_HEAD, STEP_SEND(OK), STEP_COUNT(1), STEP_RST, STEP_END};
static const script_step_t dies_half[] = {STEP_HEAD,      STEP_SEND(OK), STEP_HEAD,
                                          STEP_SEND("H"), STEP_FIN,      STEP_END};
static const script_step_t empty[] = {STEP_HEAD, STEP_FIN, STEP_END};

static const struct {
    const script_step_t *peer;
    const char *method;
    const char *given;
    int error; // 0: once more
} deaths[] = {
    {dies, "GET", NULL, 0},
    {dies_hard, "GET", NULL, 0},
    {dies, "HEAD", NULL, 0},
    {dies, "OPTIONS", NULL, 0},
    {dies, "DELETE", NULL, 0},
    {dies, "PUT", "abc", 0},
    {dies_hard, "PUT", "abc", 0},
    {dies, "POST", "abc", PICKET_ERR_EMPTY},
    {dies_hard, "POST", "abc", PICKET_ERR_RESET},
    {dies, "PATCH", "abc", PICKET_ERR_EMPTY},
    {dies, "get", NULL, PICKET_ERR_EMPTY}, // who knows what that does
    {dies_half, "GET", NULL, PICKET_ERR_HEAD_CUT},
};

static void repeats_what_can_be_repeated(void)
{
    for (size_t i = 0; i < COUNT(deaths); i++) {
        setup(deaths[i].peer);
        script.peers[1] = answers;
        CHECK_INT(get(URL), 0);
        int result = ask(&(picket_request_t){.url = URL,
                                             .method = deaths[i].method,
                                             .body = deaths[i].given,
                                             .body_len = deaths[i].given != NULL ? 3 : 0});
        if (result != deaths[i].error || script.opened != (deaths[i].error == 0 ? 2 : 1))
            FAIL("death %zu: %d, %u connections", i, result, script.opened);
        CHECK(reused() == (deaths[i].error != 0));
        if (result == 0 && deaths[i].given != NULL)
            CHECK(strstr(script_sent(1, NULL), "\r\n\r\nabc") != NULL);
        teardown();
    }
}

static void repeats_once_only(void)
{
    setup(dies);
    script.peers[1] = empty;
    CHECK_INT(get(URL), 0);
    CHECK_INT(get(URL), PICKET_ERR_EMPTY);
    CHECK_INT(script.opened, 2);
    teardown();
    setup(empty); // and never on a connection that was new
    CHECK_INT(get(URL), PICKET_ERR_EMPTY);
    CHECK_INT(script.opened, 1);
    teardown();
}

// What the application has written it cannot be asked for again; as long as it has written nothing it does not notice.
static void asks_nobody_to_write_twice(void)
{
    static const script_step_t dies_later[] = {STEP_HEAD,     STEP_SEND(OK), STEP_HEAD,
                                               STEP_COUNT(1), STEP_FIN,      STEP_END};
    setup(dies_later);
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    CHECK_INT(
        picket_http_start(&http, &client, &(picket_request_t){.url = URL, .method = "PUT", .body_len = 3}),
        0);
    CHECK_INT(picket_http_write_blocking(&http, "ab", 2), 2);
    for (int i = 0; i < 20; i++)
        turn();
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_EMPTY);
    CHECK_INT(script.opened, 1);
    teardown();

    static const script_step_t takes[] = {STEP_HEAD, STEP_COUNT(3), STEP_SEND(OK), STEP_END};
    setup(dies);
    script.peers[1] = takes;
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    CHECK_INT(
        picket_http_start(&http, &client, &(picket_request_t){.url = URL, .method = "PUT", .body_len = 3}),
        0);
    for (int i = 0; i < 20; i++)
        turn();
    CHECK_INT(script.opened, 2);
    CHECK_INT(picket_http_write_blocking(&http, "abc", 3), 3);
    CHECK_INT(finish(&http, 10), 0);
    CHECK(strstr(script_sent(1, NULL), "\r\n\r\nabc") != NULL);
    teardown();
}

static void keeps_the_deadline_of_the_whole_when_it_repeats(void)
{
    static const script_step_t silent[] = {STEP_END};
    setup(dies);
    script.peers[1] = silent;
    CHECK_INT(get(URL), 0);
    uint32_t began = script.now_ms;
    CHECK_INT(ask(&(picket_request_t){.url = URL, .timeouts = {.total_ms = 500}}), PICKET_ERR_TIMEOUT_TOTAL);
    CHECK_INT(script.now_ms - began, 500);
    CHECK_INT(picket_http_detail(&http).phase, PICKET_PHASE_HEAD);
    teardown();
}

// --- Memory

static void is_in_nobodys_way(size_t connections, unsigned closed)
{
    setup_with(answers, PICKET_ARENA_SIZE(connections), 0);
    CHECK_INT(get("http://one.test/"), 0);
    CHECK_INT(get("http://two.test/"), 0);
    if (script.closed != closed)
        FAIL("%u closed in an arena for %zu", script.closed, connections);
    CHECK_INT(get("http://two.test/"), 0);
    CHECK(reused());
    teardown();
}

static void leaves_its_memory_to_what_needs_it(void)
{
    is_in_nobodys_way(1, 1);
    is_in_nobodys_way(2, 0);
}

// A request that would fail for want of memory has what is kept.
static void gives_way_to_a_failed_allocation(void)
{
    for (uint32_t n = 1; n < 40; n++) {
        setup(answers);
        CHECK_INT(get(URL), 0);
        uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = get("http://other.test/");
        arena_fail_at(0);
        CHECK(result == 0 || (arena_failures() != failures && result == PICKET_ERR_NO_MEMORY));
        CHECK_INT(get("http://other.test/"), 0);
        teardown();
        if (result == 0 && arena_failures() == failures)
            return;
    }
    FAIL("some allocation always fails");
}

// The network stack has so many connections, and what is kept has some of them.
static void gives_way_to_a_connection(void)
{
    setup(answers);
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    script.four.connect_start = PICKET_ERR_NO_MEMORY;
    CHECK_INT(get("http://other.test/"), PICKET_ERR_NO_MEMORY);
    CHECK_INT(script.aborted, 1); // it was given up for that, once
    CHECK_INT(script.opened, 1);
    script.four.connect_start = 0;
    CHECK_INT(get("http://other.test/"), 0);
    teardown();
}

// Nobody has polled meanwhile, and what the server did is not known.
static void is_not_taken_when_its_time_is_over(void)
{
    setup(answers);
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    script_sleep(10 * 60000);
    CHECK_INT(get(URL), 0);
    CHECK(!reused());
    CHECK_INT(script.opened, 2);
    teardown();
}

static void survives_failed_allocations_when_it_repeats(void)
{
    for (uint32_t n = 1; n < 40; n++) {
        setup(dies);
        script.peers[1] = answers;
        CHECK_INT(get(URL), 0);
        picket_http_close(&http);
        uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = get(URL);
        arena_fail_at(0);
        bool failed = arena_failures() != failures;
        CHECK(result == 0 || (failed && result == PICKET_ERR_NO_MEMORY));
        picket_http_close(&http);
        pass(PICKET_KEEP_MS + 10);
        CHECK_INT(used(), base);
        teardown();
        if (!failed)
            return;
    }
    FAIL("some allocation always fails");
}

// Ten thousand requests on one client: nothing grows.
static void serves_many_in_a_row(void)
{
    enum { MANY = 10000 };
    script_step_t *peer = calloc(2 * MANY + 1, sizeof *peer);
    size_t after_first = 0;
    REQUIRE(peer != NULL);
    for (size_t i = 0; i < MANY; i++) {
        peer[2 * i] = (script_step_t)STEP_HEAD;
        peer[2 * i + 1] = (script_step_t)STEP_SEND(OK);
    }
    setup_with(peer, PICKET_ARENA_SIZE(1), 0);
    for (size_t i = 0; i < MANY; i++) {
        if (get(URL) != 0 || body_len != 2)
            FAIL("request %zu", i);
        picket_http_close(&http);
        if (i == 0)
            after_first = used();
        if (used() != after_first)
            FAIL("%zu bytes are used after request %zu, %zu after the first", used(), i, after_first);
    }
    CHECK_INT(script.opened, 1);
    teardown();
    free(peer);
}

// Close, or end everything, after so many turns of a request on a kept connection that dies. True when it was over by then.
static bool leave_after(unsigned k, bool end_all)
{
    static const script_step_t fresh[] = {STEP_HEAD, STEP_COUNT(3), STEP_SLEEP(5),
                                          STEP_PIECES(OK, sizeof OK - 1, 3), STEP_END};
    setup(dies);
    script.peers[1] = fresh;
    CHECK_INT(get(URL), 0);
    picket_http_close(&http);
    script.four.connect_ms = 7;
    script.send_poll = 5;
    CHECK_INT(
        picket_http_start(&http, &client,
                          &(picket_request_t){.url = URL, .method = "PUT", .body = "abc", .body_len = 3}),
        0);
    for (unsigned i = 0; i < k; i++)
        turn();
    bool over = picket_http_status(&http) == 200 && picket_http_read(&http, body, sizeof body) > 0;
    if (!end_all) {
        picket_http_close(&http);
        pass(PICKET_KEEP_MS + 10);
        CHECK_INT(used(), base);
    }
    teardown();
    return over;
}

static void can_be_left_at_any_time(void)
{
    unsigned k = 0;
    while (k < 1000 && !leave_after(k, false))
        k++;
    CHECK(k > 20 && k < 1000);
    for (unsigned i = 0; i < k; i++)
        (void)leave_after(i, true);
}

static void can_be_deinitialised_while_something_is_kept(void)
{
    setup(answers);
    CHECK_INT(get(URL), 0);
    picket_deinit(&client);
    CHECK(script_clean());
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_CLOSED);
    picket_deinit(&client);
}

int main(void)
{
    RUN(uses_a_connection_again);
    RUN(uses_it_again_for_another_path_and_method);
    RUN(uses_it_again_after_answers_without_a_body);
    RUN(uses_it_again_while_the_last_handle_is_open);
    RUN(keeps_what_may_be_kept);
    RUN(keeps_nothing_that_was_broken_off);
    RUN(keeps_nothing_when_the_request_is_not_all_out);
    RUN(keeps_nothing_when_told);
    RUN(gives_up_what_something_happened_on);
    RUN(looks_before_it_uses_one);
    RUN(keeps_it_so_long_and_no_longer);
    RUN(sleeps_meanwhile);
    RUN(serves_its_own_origin_only);
    RUN(tells_addresses_apart);
    RUN(keeps_a_few);
    RUN(keeps_the_connections_of_two_at_once);
    RUN(repeats_what_can_be_repeated);
    RUN(repeats_once_only);
    RUN(asks_nobody_to_write_twice);
    RUN(keeps_the_deadline_of_the_whole_when_it_repeats);
    RUN(leaves_its_memory_to_what_needs_it);
    RUN(gives_way_to_a_failed_allocation);
    RUN(gives_way_to_a_connection);
    RUN(is_not_taken_when_its_time_is_over);
    RUN(survives_failed_allocations_when_it_repeats);
    RUN(serves_many_in_a_row);
    RUN(can_be_left_at_any_time);
    RUN(can_be_deinitialised_while_something_is_kept);
    return check_done();
}
