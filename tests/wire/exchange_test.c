// Exchanges through picket.h, http:// over a scripted network: whatever the sizes, splits and ends, the
// answer is right and complete or the error says why; and nothing is left behind.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arena.h"
#include "check.h"
#include "picket/clock.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL          "http://h.test/a"
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

// What every request ends with, here.
#define FIELDS       "Host: h.test\r\nUser-Agent: test\r\nAccept: */*\r\n"
#define GET_HEAD     "GET /a HTTP/1.1\r\n" FIELDS "Connection: close\r\n\r\n"

static picket_t client;
static picket_http_t http;
static _Alignas(8) uint8_t arena[PICKET_STACK_SIZE + 64 * 1024];
static size_t base; // bytes in use while there is no exchange

static char body[4096]; // what was read
static size_t body_len;

// --- The client

static void note(void *ctx, enum picket_log_level level, const char *text);

static picket_config_t config(void)
{
    return (picket_config_t){
        .arena = arena,
        .arena_len = sizeof arena,
        .port = script_port(),
        .user_agent = "test",
        .keep_ms = PICKET_KEEP_NEVER, // keep_test.c is about those
        .log = note,
    };
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

// A client on a fresh network; its peers do peer.
static void setup_with(const picket_config_t *c, const script_step_t *peer)
{
    script_reset();
    script.peer = peer;
    body_len = 0;
    http = (picket_http_t){0};
    CHECK_INT(picket_init(&client, c), 0);
    base = used();
}

static void setup(const script_step_t *peer)
{
    picket_config_t c = config();
    setup_with(&c, peer);
}

static void close_all(void)
{
    picket_http_close(&http);
    CHECK_INT(used(), base);
    CHECK(arena_check());
    CHECK(script_clean());
}

static void teardown(void)
{
    close_all();
    picket_deinit(&client);
    CHECK(script_clean());
    CHECK(!script.running);
}

// --- Going on

// Poll; sleep when there is reason to.
static void turn(void)
{
    uint32_t ms = picket_poll(&client);
    CHECK(ms <= 1000);
    if (ms > 0)
        script_port()->wait(NULL, ms);
}

static void turns(unsigned n)
{
    while (n-- > 0)
        turn();
}

static void keep(const char *bytes, int n)
{
    size_t room = sizeof body - body_len;
    size_t len = (size_t)n < room ? (size_t)n : room;
    memcpy(body + body_len, bytes, len);
    body_len += len;
}

// Read to the end, size bytes at a time, polling in between; 0 or the error.
static int read_to_end(picket_http_t *h, size_t size)
{
    char *buf = malloc(size); // so that the sanitizer sees one byte too many
    int n = PICKET_AGAIN;
    for (int i = 0; i < 100000 && buf != NULL && (n > 0 || n == PICKET_AGAIN); i++) {
        n = picket_http_read(h, buf, size);
        if (n > (int)size)
            FAIL("%d bytes read into %zu", n, size);
        if (n > 0)
            keep(buf, n);
        if (n == PICKET_AGAIN)
            turn();
    }
    free(buf);
    return n;
}

static int get(size_t size)
{
    int error = picket_http_start(&http, &client, &(picket_request_t){.url = URL});
    return error != 0 ? error : read_to_end(&http, size);
}

static void check_body(const char *wanted)
{
    CHECK_INT(body_len, strlen(wanted));
    if (body_len == strlen(wanted))
        CHECK_MEM(body, wanted, body_len);
}

static void check_sent(const char *wanted)
{
    CHECK_STR(script_sent(0, NULL), wanted);
}

static picket_detail_t detail(void)
{
    return picket_http_detail(&http);
}

// --- Log lines

static unsigned lines;
static char last_line[300];

static void note(void *ctx, enum picket_log_level level, const char *text)
{
    (void)ctx;
    lines++;
    CHECK(level == PICKET_LOG_ERROR || level == PICKET_LOG_INFO || level == PICKET_LOG_DEBUG);
    CHECK(text[0] != '\0' && strlen(text) < 200);
    for (const char *c = text; *c != '\0'; c++) {
        if (*c < 0x20 || *c > 0x7e)
            FAIL("a control character in a log line: %s", text);
    }
    snprintf(last_line, sizeof last_line, "%s", text);
}

// --- Responses

struct response {
    const char *name;
    const char *method;
    const char *bytes;
    bool until_close; // its end is that of the connection
    int status;
    int64_t length;
    const char *body;
};

static const struct response responses[] = {
    {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y: z\r\n\r\nhello", false, 200, 5, "hello"},
    {"empty", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 200, 0, ""},
    {"chunked", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5\r\nhello\r\n1;x=y\r\n,\r\n0006\r\n world\r\n0\r\n\r\n",
     false, 200, -1, "hello, world"},
    {"chunked with a trailer", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\nX-T: 2\r\n\r\n", false,
     200, -1, "ab"},
    {"chunks of one byte", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n",
     false, 200, -1, "abcd"},
    {"chunked and empty", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, 200,
     -1, ""},
    {"until close", "GET", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nall there is", true, 200, -1, "all there is"},
    {"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\n\r\nold", true, 200, -1, "old"},
    {"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, 200, 5, ""},
    {"HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200, -1, ""},
    {"204", "GET", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", false, 204, -1, ""},
    {"304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", false, 304, 7, ""},
    {"404", "GET", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", false, 404, 2, "no"},
    {"interim", "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "
     "OK\r\nContent-Length: 2\r\n\r\nok",
     false, 200, 2, "ok"},
};

static const size_t sizes[] = {1, 2, 3, 7, 100};

static int start_as(const struct response *r)
{
    return picket_http_start(&http, &client, &(picket_request_t){.url = URL, .method = r->method});
}

static void check_response(const struct response *r, int result, size_t size, size_t split)
{
    size_t n = strlen(r->body);
    bool right = result == 0 && body_len == n && memcmp(body, r->body, n) == 0;
    if (!right)
        FAIL("%s, buffer %zu, split %zu: %d, %zu bytes of %zu", r->name, size, split, result, body_len, n);
    CHECK_INT(picket_http_status(&http), r->status);
    CHECK_INT(picket_http_length(&http), r->length);
    CHECK_INT(detail().error, 0);
    CHECK_INT(detail().phase, PICKET_PHASE_DONE);
    CHECK_INT(detail().received, n);
}

static void take_response(const struct response *r, size_t size, size_t split)
{
    CHECK_INT(start_as(r), 0);
    check_response(r, read_to_end(&http, size), size, split);
    CHECK_INT(picket_http_read(&http, &(char){0}, 1), 0); // the end stays the end
    CHECK_INT(script.closed, 1);                          // given back as soon as it is complete, and cleanly
    picket_http_close(&http);
    CHECK_INT(used(), base);
    CHECK(script_clean());
}

// One client for all of them; each has its own network.
static void renew(const script_step_t *peer)
{
    bool running = script.running;
    uint32_t now = script.now_ms;
    script_reset();
    script.running = running;
    script.now_ms = now;
    script.peer = peer;
    body_len = 0;
}

static void take_whole(const struct response *r, size_t size)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(r->bytes, strlen(r->bytes)), STEP_FIN, STEP_END};
    const script_step_t open[] = {STEP_HEAD, STEP_BYTES(r->bytes, strlen(r->bytes)), STEP_END};
    renew(peer);
    take_response(r, size, 0);
    if (r->until_close)
        return;
    renew(open); // complete without a FIN
    take_response(r, size, 0);
}

static void take_split(const struct response *r, size_t size, size_t split)
{
    const script_step_t peer[] = {STEP_HEAD,     STEP_BYTES(r->bytes, split),
                                  STEP_SLEEP(5), STEP_BYTES(r->bytes + split, strlen(r->bytes) - split),
                                  STEP_FIN,      STEP_END};
    renew(peer);
    take_response(r, size, split);
}

static void take_pieces(const struct response *r, size_t size, size_t piece)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_PIECES(r->bytes, strlen(r->bytes), piece), STEP_FIN,
                                  STEP_END};
    renew(peer);
    take_response(r, size, piece);
}

static void takes_every_kind_of_response(void)
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(responses); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++)
            take_whole(&responses[i], sizes[s]);
    }
    teardown();
}

static void takes_it_split_anywhere(void)
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(responses); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t split = 1; split < strlen(responses[i].bytes); split++)
                take_split(&responses[i], sizes[s], split);
        }
    }
    teardown();
}

static void takes_it_in_pieces_of_any_size(void)
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(responses); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            for (size_t piece = 1; piece < 20; piece++)
                take_pieces(&responses[i], sizes[s], piece);
        }
    }
    teardown();
}

// A body longer than anything that is kept, over many reads.
static void takes_a_long_body(void)
{
    static char bytes[4200] = "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n";
    size_t head = strlen(bytes);
    for (size_t i = 0; i < 4000; i++)
        bytes[head + i] = (char)('a' + i % 23);
    const script_step_t peer[] = {STEP_HEAD, STEP_PIECES(bytes, head + 4000, 77), STEP_END};
    setup(peer);
    CHECK_INT(get(64), 0);
    CHECK_INT(body_len, 4000);
    CHECK_MEM(body, bytes + head, 4000);
    teardown();
}

// --- Responses that are cut short

static int cut_error(const struct response *r, size_t at)
{
    const char *bytes = r->bytes, *end = strstr(bytes, "\r\n\r\n") + 4;
    while (strncmp(bytes, "HTTP/1.1 1", 10) == 0) {
        bytes = end;
        end = strstr(bytes, "\r\n\r\n") + 4;
    }
    size_t head = (size_t)(end - r->bytes);
    if (at == 0)
        return PICKET_ERR_EMPTY;
    if (at < head)
        return PICKET_ERR_HEAD_CUT;
    return at < strlen(r->bytes) && !r->until_close ? PICKET_ERR_BODY_CUT : 0;
}

static void cut(const struct response *r, size_t at, size_t size)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(r->bytes, at), STEP_FIN, STEP_END};
    renew(peer);
    CHECK_INT(start_as(r), 0);
    int result = read_to_end(&http, size);
    if (result != cut_error(r, at))
        FAIL("%s, cut at %zu, buffer %zu: got %d, wanted %d", r->name, at, size, result, cut_error(r, at));
    CHECK_INT(detail().error, result);
    CHECK(body_len <= strlen(r->body) && memcmp(body, r->body, body_len) == 0);
    if (result != 0)
        CHECK_INT(picket_http_read(&http, body, 1), result);
    close_all();
}

static void reset(const struct response *r, size_t at, size_t size)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(r->bytes, at), STEP_RST, STEP_END};
    bool complete = at == strlen(r->bytes) && !r->until_close;
    renew(peer);
    CHECK_INT(start_as(r), 0);
    int result = read_to_end(&http, size);
    if (result != (complete ? 0 : PICKET_ERR_RESET))
        FAIL("%s, reset at %zu, buffer %zu: %d", r->name, at, size, result);
    close_all();
}

static void stall(const struct response *r, size_t at, size_t size)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(r->bytes, at), STEP_END};
    int error = cut_error(r, at);
    bool complete = at == strlen(r->bytes) && !r->until_close;
    bool in_head = error == PICKET_ERR_EMPTY || error == PICKET_ERR_HEAD_CUT;
    renew(peer);
    CHECK_INT(start_as(r), 0);
    int result = read_to_end(&http, size);
    if (result != (complete ? 0 : in_head ? PICKET_ERR_TIMEOUT_HEAD : PICKET_ERR_TIMEOUT_IDLE))
        FAIL("%s, silent from %zu on, buffer %zu: %d", r->name, at, size, result);
    close_all();
}

static void each_cut(void (*test)(const struct response *, size_t, size_t))
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(responses); i++) {
        for (size_t at = 0; at <= strlen(responses[i].bytes); at++) {
            test(&responses[i], at, 1);
            test(&responses[i], at, 100);
        }
    }
    teardown();
}

static void never_takes_a_response_cut_short_for_complete(void)
{
    each_cut(cut);
}

static void tells_a_reset_from_an_end(void)
{
    each_cut(reset);
}

static void never_waits_for_ever_for_the_rest(void)
{
    each_cut(stall);
}

// --- Response heads

static void hands_out_header_fields(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD,
        STEP_SEND(
            "HTTP/1.1 200 OK\r\nA: 1\r\nset-cookie:  x \r\nSet-Cookie: y\r\nE:\r\nContent-Length: 0\r\n\r\n"),
        STEP_END};
    const char *name, *value;
    setup(peer);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), 0);
    CHECK(picket_http_header(&http, "A") == NULL);
    CHECK_INT(picket_http_header_at(&http, 0, &name, &value), 0);
    CHECK_INT(read_to_end(&http, 10), 0);
    CHECK_STR(picket_http_header(&http, "a"), "1");
    CHECK_STR(picket_http_header(&http, "SET-COOKIE"), "x");
    CHECK_STR(picket_http_header(&http, "E"), "");
    CHECK(picket_http_header(&http, "B") == NULL);
    CHECK_INT(picket_http_header_at(&http, 2, &name, &value), 1);
    CHECK_STR(name, "Set-Cookie");
    CHECK_STR(value, "y");
    CHECK_INT(picket_http_header_at(&http, 5, &name, &value), 0);
    teardown();
}

static const struct {
    const char *head;
    int error;
    const char *text; // in the detail
} bad_heads[] = {
    {"SSH-2.0-x\r\n", PICKET_ERR_NOT_HTTP, "no HTTP/1.1 status line"},
    {"HTTP/2 200 OK\r\n\r\n", PICKET_ERR_NOT_HTTP, NULL},
    {"HTTP/1.1 20x OK\r\n\r\n", PICKET_ERR_HTTP_HEAD, "status code is not three digits"},
    {"HTTP/1.1 200 OK\n\n", PICKET_ERR_HTTP_HEAD, "line ends without CR"},
    {"HTTP/1.1 200 \x1b[31mred\r\n\r\n", PICKET_ERR_HTTP_HEAD, NULL},
    {"HTTP/1.1 200 OK\r\nX: \x07\x1b]0;t\x07\r\n\r\n", PICKET_ERR_HTTP_HEAD, NULL},
    {"HTTP/1.1 200 OK\r\n\x1b: x\r\n\r\n", PICKET_ERR_HTTP_HEAD, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", PICKET_ERR_HTTP_LENGTH, NULL},
    {"HTTP/1.1 200 OK\r\nContent-Length: -\x1b\r\n\r\n", PICKET_ERR_HTTP_LENGTH, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", PICKET_ERR_HTTP_CODING, NULL},
    {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n", PICKET_ERR_HTTP_UPGRADE, NULL},
    {"\x15\x03\x01", PICKET_ERR_NOT_HTTP, "the server speaks TLS here"},
};

static void refuse_head(const char *head, int error, const char *text)
{
    const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(head, strlen(head)), STEP_END};
    renew(peer);
    lines = 0;
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), 0);
    CHECK_INT(read_to_end(&http, 100), error);
    CHECK_INT(detail().phase, PICKET_PHASE_HEAD);
    CHECK_INT(detail().error, error);
    if (text != NULL)
        CHECK_STR(detail().text, text);
    CHECK(strstr(last_line, picket_strerror(error)) == last_line); // the story ends with the sentence
    CHECK(lines > 0);
    CHECK_INT(picket_http_status(&http), 0);
    CHECK_INT(script.aborted, 1);
    close_all();
}

static void refuses_bad_heads_and_says_why(void)
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(bad_heads); i++)
        refuse_head(bad_heads[i].head, bad_heads[i].error, bad_heads[i].text);
    teardown();
}

static void refuses_a_bad_body(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD, STEP_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n\x1b\r\n"),
        STEP_END};
    setup(peer);
    CHECK_INT(get(1), PICKET_ERR_HTTP_CHUNK);
    check_body("ab");
    CHECK_INT(picket_http_status(&http), 200); // what was known stays known
    CHECK_INT(detail().phase, PICKET_PHASE_BODY);
    CHECK(strstr(last_line, picket_strerror(PICKET_ERR_HTTP_CHUNK)) != NULL);
    teardown();
}

// 256 bytes of each value, wherever a byte may stand: no control character gets into the log (note checks).
static void logs_nothing_that_a_server_made_up(void)
{
    static const char *const places[] = {"%cHTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 %c\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\n%c: x\r\n\r\n",
                                         "HTTP/1.1 200 OK\r\nX: %c\r\n\r\n", "HTTP/1.1 2%c0 OK\r\n\r\n"};
    setup(NULL);
    for (size_t i = 0; i < COUNT(places); i++) {
        for (int c = 1; c < 256; c++) {
            char head[80];
            int len = snprintf(head, sizeof head, places[i], c);
            const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(head, (size_t)len), STEP_FIN, STEP_END};
            renew(peer);
            (void)get(100);
            close_all();
        }
    }
    teardown();
}

static void bounds_the_head(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD,
        STEP_SEND("HTTP/1.1 200 OK\r\nX: 12345678901234567890123456789\r\nContent-Length: 0\r\n\r\n"),
        STEP_END};
    picket_config_t c = config();
    c.head_max = 60;
    setup_with(&c, peer);
    CHECK_INT(get(100), PICKET_ERR_HTTP_HEAD_SIZE);
    teardown();
    c.head_max = 100;
    setup_with(&c, peer);
    CHECK_INT(get(100), 0);
    teardown();
}

// --- Requests

static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static void start_request(const picket_request_t *request)
{
    CHECK_INT(picket_http_start(&http, &client, request), 0);
}

static void sends_a_get(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(GET_HEAD), STEP_SEND("HTTP/1.1 204 No\r\n\r\n"),
                                         STEP_END};
    setup(peer);
    CHECK_INT(get(100), 0);
    check_sent(GET_HEAD);
    CHECK_INT(detail().sent, 0);
    teardown();
}

static void sends_header_fields(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    static const picket_header_t fields[] = {{"X-A", "b"}, {"Accept", NULL}, {"User-Agent", "own"}};
    setup(peer);
    start_request(&(picket_request_t){
        .url = "http://h.test:8080?q#f", .method = "DELETE", .headers = fields, .header_count = 3});
    CHECK_INT(read_to_end(&http, 100), 0);
    check_sent(
        "DELETE /?q HTTP/1.1\r\nHost: h.test:8080\r\nUser-Agent: own\r\nX-A: b\r\nConnection: close\r\n\r\n");
    teardown();
}

#define POST_HEAD(framing) "POST /a HTTP/1.1\r\n" FIELDS framing "\r\nConnection: close\r\n\r\n"
#define TEXT               "the body of a request, in forty-one bytes"
#define TEXT_LEN           (sizeof TEXT - 1)

// How much the network takes at a time: per call, between two polls; 0: everything.
static const struct {
    size_t call, poll;
} widths[] = {{0, 0}, {1, 0}, {1, 1}, {3, 7}, {0, 2}, {64, 64}};

static void narrow(size_t i)
{
    script.send_call = widths[i].call;
    script.send_poll = widths[i].poll;
}

static void sends_a_body_given_with_the_request(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 41") TEXT),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    for (size_t i = 0; i < COUNT(widths); i++) {
        setup(peer);
        narrow(i);
        start_request(&(picket_request_t){.url = URL, .body = TEXT, .body_len = TEXT_LEN});
        CHECK_INT(read_to_end(&http, 100), 0);
        check_body("ok");
        check_sent(POST_HEAD("Content-Length: 41") TEXT);
        CHECK_INT(detail().sent, TEXT_LEN);
        teardown();
    }
}

static void sends_an_empty_body(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 0")),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body = "", .body_len = 0});
    CHECK_INT(read_to_end(&http, 100), 0);
    check_sent(POST_HEAD("Content-Length: 0"));
    teardown();
}

// Write len bytes, at most size in a call; the last result.
static int write_all(const char *bytes, size_t len, size_t size)
{
    int n = PICKET_AGAIN;
    for (size_t at = 0; at < len;) {
        n = picket_http_write(&http, bytes + at, len - at < size ? len - at : size);
        if (n == PICKET_AGAIN)
            turn();
        else if (n <= 0)
            return n;
        else
            at += (size_t)n;
    }
    return n;
}

static void stream_body(const script_step_t *peer, size_t width, size_t size, int64_t body_len_declared)
{
    setup(peer);
    narrow(width);
    start_request(&(picket_request_t){.url = URL, .body_len = body_len_declared});
    CHECK(write_all(TEXT, TEXT_LEN, size) > 0);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 100), 0);
    check_body("ok");
    CHECK_INT(detail().sent, TEXT_LEN);
}

static void streams_a_body_of_known_length(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 41") TEXT),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    for (size_t i = 0; i < COUNT(widths); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            stream_body(peer, i, sizes[s], TEXT_LEN);
            check_sent(POST_HEAD("Content-Length: 41") TEXT);
            teardown();
        }
    }
}

// The chunks that so many bytes a call make of the text.
static void spell_chunks(char *out, size_t size)
{
    size_t at = (size_t)sprintf(out, "%s", POST_HEAD("Transfer-Encoding: chunked"));
    for (size_t done = 0; done < TEXT_LEN; done += size) {
        size_t n = TEXT_LEN - done < size ? TEXT_LEN - done : size;
        at += (size_t)sprintf(out + at, "%zx\r\n%.*s\r\n", n, (int)n, &TEXT[done]);
    }
    sprintf(out + at, "0\r\n\r\n");
}

static void streams_a_body_of_unknown_length(void)
{
    char wanted[800];
    for (size_t i = 0; i < COUNT(widths); i++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            spell_chunks(wanted, sizes[s]);
            const script_step_t peer[] = {STEP_COUNT(strlen(wanted)), STEP_BYTES(ok, sizeof ok - 1),
                                          STEP_END};
            stream_body(peer, i, sizes[s], PICKET_CHUNKED);
            check_sent(wanted);
            teardown();
        }
    }
}

static void splits_what_is_too_long_for_a_chunk(void)
{
    static char bytes[PICKET_HTTP_CHUNK * 2 + 5];
    static const script_step_t peer[] = {STEP_COUNT(2000), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    memset(bytes, 'x', sizeof bytes);
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
    CHECK(write_all(bytes, sizeof bytes, sizeof bytes) > 0);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 100), 0);
    CHECK(strstr(script_sent(0, NULL), "\r\n\r\n400\r\nxxx") != NULL);
    CHECK(strstr(script_sent(0, NULL), "xxx\r\n5\r\nxxxxx\r\n0\r\n\r\n") != NULL);
    teardown();
}

static void sends_nothing_chunked(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Transfer-Encoding: chunked") "0\r\n\r\n"),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 100), 0);
    check_sent(POST_HEAD("Transfer-Encoding: chunked") "0\r\n\r\n");
    teardown();
}

// finish may be left out when all has been written.
static void needs_no_finish_when_all_is_written(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 3") "abc"),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 3});
    CHECK_INT(write_all("abc", 3, 3), 3);
    CHECK_INT(read_to_end(&http, 100), 0);
    teardown();
}

// --- Bodies of the wrong length

static void refuses_to_finish_what_is_too_short(void)
{
    for (size_t n = 0; n < 5; n++) {
        setup(NULL);
        start_request(&(picket_request_t){.url = URL, .body_len = 5});
        if (n > 0)
            CHECK_INT(write_all("abcde", n, n), (int)n);
        CHECK_INT(picket_http_finish(&http), PICKET_ERR_BODY_LENGTH);
        CHECK_INT(picket_http_finish(&http), PICKET_ERR_BODY_LENGTH);
        CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_BODY_LENGTH);
        CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_BODY_LENGTH);
        CHECK_INT(detail().error, PICKET_ERR_BODY_LENGTH);
        teardown();
    }
}

static void takes_nothing_of_what_is_too_long(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 5") "abcde"),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 5});
    CHECK_INT(picket_http_write(&http, "abcdef", 6), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(write_all("ab", 2, 2), 2);
    CHECK_INT(picket_http_write(&http, "cdef", 4), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(write_all("cde", 3, 3), 3);
    CHECK_INT(picket_http_write(&http, "f", 1), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(read_to_end(&http, 100), 0); // it does not stick
    check_body("ok");
    teardown();
}

static void takes_no_body_where_there_is_none(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SLEEP(20), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL});
    CHECK_INT(picket_http_write(&http, "f", 1), PICKET_ERR_BODY_LENGTH);
    turns(5);
    CHECK_INT(picket_http_write(&http, "f", 1), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 100), 0);
    teardown();
}

static void takes_nothing_after_finish(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SLEEP(20), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
    CHECK_INT(write_all("ab", 2, 2), 2);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(picket_http_write(&http, "f", 1), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(read_to_end(&http, 100), 0);
    CHECK(strstr(script_sent(0, NULL), "\r\n2\r\nab\r\n0\r\n\r\n") != NULL);
    teardown();
}

// --- Answers before the request is complete

#define TOO_LARGE "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"

static const script_step_t refuses_at_once[] = {STEP_HEAD, STEP_SEND(TOO_LARGE), STEP_END};
static const script_step_t refuses_full[] = {STEP_HEAD, STEP_TAKE(20), STEP_SEND(TOO_LARGE), STEP_END};
static const script_step_t refuses_later[] = {STEP_HEAD, STEP_COUNT(20), STEP_SEND(TOO_LARGE), STEP_FIN,
                                              STEP_END};
static const script_step_t refuses_hard[] = {STEP_HEAD, STEP_COUNT(20), STEP_SEND(TOO_LARGE), STEP_RST,
                                             STEP_END};

static const script_step_t *const refusals[] = {refuses_at_once, refuses_full, refuses_later, refuses_hard};

// Write until it is no longer taken.
static int write_on(void)
{
    int n = PICKET_AGAIN;
    for (int i = 0; i < 1000 && (n > 0 || n == PICKET_AGAIN); i++) {
        n = picket_http_write(&http, "0123456789", 10);
        turn();
    }
    return n;
}

static void upload_in_vain(const script_step_t *peer, int64_t length)
{
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = length});
    CHECK_INT(write_on(), PICKET_ERR_DONE);
    CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_DONE); // does not stick
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 2), 0);
    check_body("big");
    CHECK_INT(picket_http_status(&http), 413);
    CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_DONE);
    CHECK_INT(detail().error, 0);
    teardown();
}

static void takes_an_answer_during_the_upload(void)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        upload_in_vain(refusals[i], 1000000);
        upload_in_vain(refusals[i], PICKET_CHUNKED);
    }
}

static void takes_an_answer_while_a_given_body_is_sent(void)
{
    static char large[5000];
    for (size_t i = 0; i < COUNT(refusals); i++) {
        setup(refusals[i]);
        script.send_poll = 64;
        start_request(&(picket_request_t){.url = URL, .body = large, .body_len = sizeof large});
        CHECK_INT(read_to_end(&http, 2), 0);
        check_body("big");
        CHECK(script_sent(0, NULL) != NULL && detail().sent < sizeof large);
        teardown();
    }
}

// Below 300 the server may still want the rest: a 200 that comes early ends nothing.
static void goes_on_after_an_early_200(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = TEXT_LEN});
    turns(10);
    CHECK_INT(picket_http_status(&http), 200);
    CHECK(write_all(TEXT, TEXT_LEN, 7) > 0);
    CHECK_INT(picket_http_finish(&http), 0);
    CHECK_INT(read_to_end(&http, 100), 0);
    check_body("ok");
    check_sent(POST_HEAD("Content-Length: 41") TEXT);
    teardown();
}

static void tells_a_reset_during_the_upload(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_COUNT(20), STEP_RST, STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 1000000});
    int n = write_on();
    CHECK(n == PICKET_ERR_DONE || n == PICKET_ERR_RESET);
    CHECK_INT(read_to_end(&http, 100), PICKET_ERR_RESET);
    CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_RESET);
    CHECK_INT(picket_http_finish(&http), PICKET_ERR_RESET);
    teardown();
}

static void tells_an_end_during_the_upload(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_COUNT(20), STEP_FIN, STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 1000000});
    CHECK_INT(write_on(), PICKET_ERR_EMPTY);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_EMPTY);
    teardown();
}

// --- Deadlines

enum what { LOOKUP, CONNECT, SEND, SEND_STREAM, HEAD, IDLE, TOTAL_LOOKUP, TOTAL_HEAD, TOTAL_BODY };

#define HALF "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"

static const script_step_t silent[] = {STEP_END};
static const script_step_t deaf[] = {STEP_TAKE(10), STEP_END};
static const script_step_t half[] = {STEP_HEAD, STEP_SLEEP(100), STEP_SEND(HALF), STEP_END};
static const script_step_t drips[] = {STEP_HEAD,       STEP_SEND(HALF), STEP_SLEEP(300), STEP_SEND("a"),
                                      STEP_SLEEP(300), STEP_SEND("b"),  STEP_SLEEP(300), STEP_SEND("c"),
                                      STEP_SLEEP(300), STEP_SEND("d"),  STEP_SLEEP(300), STEP_SEND("e"),
                                      STEP_SLEEP(300), STEP_END};

static const struct deadline_case {
    const script_step_t *peer;
    int lookup, connect;
    picket_timeouts_t timeouts;
    int64_t body_len;
    int error;
    enum picket_phase phase;
    uint32_t after_ms;
} deadlines[] = {
    {silent, SCRIPT_NEVER, 1, {.connect_ms = 700}, 0, PICKET_ERR_TIMEOUT_LOOKUP, PICKET_PHASE_LOOKUP, 700},
    {silent, 1, SCRIPT_NEVER, {.connect_ms = 700}, 0, PICKET_ERR_TIMEOUT_CONNECT, PICKET_PHASE_CONNECT, 700},
    {deaf, 1, 1, {.idle_ms = 800}, 0, PICKET_ERR_TIMEOUT_SEND, PICKET_PHASE_SEND, 800},
    {deaf, 1, 1, {.idle_ms = 800}, 5, PICKET_ERR_TIMEOUT_SEND, PICKET_PHASE_SEND, 800},
    {silent, 1, 1, {.head_ms = 900}, 0, PICKET_ERR_TIMEOUT_HEAD, PICKET_PHASE_HEAD, 900},
    {half, 1, 1, {.idle_ms = 600}, 0, PICKET_ERR_TIMEOUT_IDLE, PICKET_PHASE_BODY, 700},
    {silent, SCRIPT_NEVER, 1, {.total_ms = 1100}, 0, PICKET_ERR_TIMEOUT_TOTAL, PICKET_PHASE_LOOKUP, 1100},
    {silent, 1, 1, {.total_ms = 1100}, 0, PICKET_ERR_TIMEOUT_TOTAL, PICKET_PHASE_HEAD, 1100},
    {drips, 1, 1, {.total_ms = 1100}, 0, PICKET_ERR_TIMEOUT_TOTAL, PICKET_PHASE_BODY, 1100},
    {drips, 1, 1, {.idle_ms = 301, .head_ms = 1}, 0, PICKET_ERR_TIMEOUT_IDLE, PICKET_PHASE_BODY, 1801},
    {silent, SCRIPT_NEVER, 1, {0}, 0, PICKET_ERR_TIMEOUT_LOOKUP, PICKET_PHASE_LOOKUP, PICKET_CONNECT_MS},
    {silent, 1, 1, {0}, 0, PICKET_ERR_TIMEOUT_HEAD, PICKET_PHASE_HEAD, PICKET_HEAD_MS},
    {half, 1, 1, {0}, 0, PICKET_ERR_TIMEOUT_IDLE, PICKET_PHASE_BODY, PICKET_IDLE_MS + 100},
    {deaf, 1, 1, {0}, 0, PICKET_ERR_TIMEOUT_SEND, PICKET_PHASE_SEND, PICKET_IDLE_MS},
};

static void pass_deadline(const struct deadline_case *d, uint32_t began, bool configured)
{
    picket_config_t c = config();
    picket_request_t request = {.url = URL, .timeouts = d->timeouts};
    if (configured) {
        c.timeouts = d->timeouts;
        request.timeouts = (picket_timeouts_t){0};
    }
    if (d->body_len > 0) {
        request.body = "01234";
        request.body_len = d->body_len;
    }
    setup_with(&c, d->peer);
    script.now_ms = began;
    script.six = script.four = (script_way_t){.lookup = d->lookup, .connect = d->connect};
    start_request(&request);
    CHECK_INT(read_to_end(&http, 100), d->error);
    CHECK_INT(script.now_ms - began, d->after_ms);
    CHECK_INT(detail().phase, d->phase);
    CHECK_INT(detail().error, d->error);
    CHECK_INT(picket_http_read(&http, body, 1), d->error);
    teardown();
}

static void keeps_every_deadline(void)
{
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        pass_deadline(&deadlines[i], 0, false);
        pass_deadline(&deadlines[i], 0, true);
    }
}

static void keeps_deadlines_when_the_clock_wraps(void)
{
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        for (uint32_t before = 1; before < 2000; before += 97)
            pass_deadline(&deadlines[i], 0u - before, false);
    }
}

static void lets_a_request_override_the_configuration(void)
{
    picket_config_t c = config();
    c.timeouts = (picket_timeouts_t){.connect_ms = 5000, .head_ms = 100, .idle_ms = 100};
    setup_with(&c, silent);
    start_request(&(picket_request_t){.url = URL, .timeouts = {.head_ms = 250}});
    CHECK_INT(read_to_end(&http, 100), PICKET_ERR_TIMEOUT_HEAD);
    CHECK_INT(script.now_ms, 250);
    teardown();
}

static void check_idle_polls(void);

// --- The network goes away

static const struct {
    const script_step_t *peer;
    int lookup, connect;
    size_t window; // bytes that a connection takes between two polls; 0: any
    enum picket_phase phase;
} losses[] = {
    {silent, SCRIPT_NEVER, 1, 0, PICKET_PHASE_LOOKUP},
    {silent, 1, SCRIPT_NEVER, 0, PICKET_PHASE_CONNECT},
    {deaf, 1, 1, 1, PICKET_PHASE_SEND},
    {silent, 1, 1, 0, PICKET_PHASE_HEAD},
    {half, 1, 1, 0, PICKET_PHASE_BODY},
};

static void lose_network(size_t i, uint32_t away_ms, int error)
{
    setup(losses[i].peer);
    script.send_poll = losses[i].window;
    script.six = script.four = (script_way_t){.lookup = losses[i].lookup, .connect = losses[i].connect};
    start_request(&(picket_request_t){.url = URL, .timeouts = {20000, 20000, 20000, 0}});
    for (int turn_ms = 0; turn_ms < 500; turn_ms += 10) {
        (void)picket_poll(&client);
        script_sleep(10);
    }
    CHECK_INT(detail().phase, losses[i].phase);
    uint32_t began = script.now_ms;
    script.offline = true;
    while (script.now_ms < began + away_ms && detail().error == 0) {
        (void)picket_poll(&client);
        (void)picket_http_read(&http, body, sizeof body);
        script_sleep(10);
    }
    script.offline = false;
    CHECK_INT(detail().error, error);
    if (error != 0) {
        CHECK_INT(picket_http_read(&http, body, 1), error);
        CHECK(script.now_ms - began >= PICKET_LINK_MS && script.now_ms - began < PICKET_LINK_MS + 100);
        CHECK_INT(detail().phase, losses[i].phase);
    }
    teardown();
}

static void says_that_the_network_was_lost(void)
{
    for (size_t i = 0; i < COUNT(losses); i++) {
        lose_network(i, 2 * PICKET_LINK_MS, PICKET_ERR_LINK);
        lose_network(i, PICKET_LINK_MS - 100, 0); // it was back in time
    }
}

// A deadline that passes meanwhile has that for its reason.
static void takes_no_network_for_the_reason_of_a_timeout(void)
{
    for (size_t i = 0; i < COUNT(deadlines); i++) {
        const struct deadline_case *d = &deadlines[i];
        setup(d->peer);
        script.six = script.four = (script_way_t){.lookup = d->lookup, .connect = d->connect};
        start_request(&(picket_request_t){.url = URL,
                                          .timeouts = d->timeouts,
                                          .body = d->body_len > 0 ? "01234" : NULL,
                                          .body_len = d->body_len});
        for (int n = 0; n < 20; n++) {
            (void)picket_poll(&client);
            script_sleep(10);
        }
        script.offline = true;
        CHECK_INT(read_to_end(&http, 100), PICKET_ERR_LINK);
        teardown();
    }
}

// What had come before is not lost.
static void reads_what_had_come_before_the_network_was_lost(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL});
    turns(10);
    script.offline = true;
    for (int i = 0; i < 20; i++) {
        (void)picket_poll(&client);
        script_sleep(1000);
    }
    CHECK_INT(read_to_end(&http, 1), 0);
    check_body("ok");
    teardown();
}

static void sleeps_without_a_network(void)
{
    setup(half);
    start_request(&(picket_request_t){.url = URL});
    turns(10);
    script.offline = true;
    script_sleep(2 * PICKET_LINK_MS);
    check_idle_polls();
    teardown();
}

// The application streams, the network takes nothing more.
static void bounds_the_wait_for_writing(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_TAKE(25), STEP_END};
    static const int64_t lengths[] = {1000, PICKET_CHUNKED};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        setup(peer);
        start_request(&(picket_request_t){.url = URL, .body_len = lengths[i], .timeouts = {.idle_ms = 400}});
        CHECK_INT(write_on(), PICKET_ERR_TIMEOUT_SEND);
        CHECK(script.now_ms >= 400 && script.now_ms < 1500);
        CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_TIMEOUT_SEND);
        teardown();
    }
}

// An application that takes its time, before writing and between writes, breaks no deadline.
static void lets_the_application_take_its_time_to_write(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_COUNT(4), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(
        &(picket_request_t){.url = URL, .body_len = 4, .timeouts = {.idle_ms = 100, .head_ms = 100}});
    for (int i = 0; i < 4; i++) {
        turns(10);
        script_sleep(5000);
        CHECK_INT(write_all("x", 1, 1), 1);
    }
    CHECK_INT(read_to_end(&http, 100), 0);
    teardown();
}

// Back-pressure: what has come waits for as long as the application likes.
static void lets_the_application_take_its_time_to_read(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_SEND(HALF), STEP_SLEEP(1000), STEP_SEND("12345"),
                                         STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .timeouts = {.idle_ms = 100, .head_ms = 100}});
    for (int i = 0; i < 4; i++) {
        turns(20);
        script_sleep(5000);
        turns(20);
        CHECK_INT(picket_http_read(&http, body, 1), 1);
    }
    teardown();
}

// Not called again and again in vain while nothing happens and the application does not read.
static void check_idle_polls(void)
{
    unsigned zeros = 0;
    for (int i = 0; i < 50; i++) {
        uint32_t ms = picket_poll(&client);
        zeros += ms == 0;
        script_sleep(ms > 0 ? ms : 1);
    }
    if (zeros > 5)
        FAIL("%u of 50 polls asked for another one at once", zeros);
}

static void sleeps_while_nobody_reads(void)
{
    char byte;
    setup(half);
    start_request(&(picket_request_t){.url = URL, .timeouts = {.idle_ms = 500}});
    turns(10);
    check_idle_polls();
    for (int i = 0; i < 5; i++)
        (void)picket_http_read(&http, &byte, 1); // the last one finds nothing, and the wait begins
    check_idle_polls();
    teardown();
}

static void sleeps_while_nobody_writes(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_TAKE(5), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 100, .timeouts = {.idle_ms = 500}});
    turns(10);
    CHECK_INT(picket_http_write(&http, "0123456789", 10), 5);
    CHECK_INT(picket_http_write(&http, "0123456789", 10), PICKET_AGAIN);
    check_idle_polls();
    teardown();
}

// A read that had its turn and found nothing but framing is to be repeated at once.
static void asks_for_the_rest_of_the_framing(void)
{
    static const script_step_t peer[] = {
        STEP_HEAD,
        STEP_SEND("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;aaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n"),
        STEP_END};
    char byte;
    setup(peer);
    start_request(&(picket_request_t){.url = URL});
    turns(10);
    CHECK_INT(picket_http_read(&http, &byte, 1), PICKET_AGAIN);
    CHECK_INT(picket_poll(&client), 0);
    CHECK_INT(picket_http_read(&http, &byte, 1), 1);
    teardown();
}

// --- What fails on the way

static const struct {
    script_way_t way;
    int error;
    enum picket_phase phase;
} ways[] = {
    {{.lookup = PICKET_ERR_NO_ADDRESS}, PICKET_ERR_NO_ADDRESS, PICKET_PHASE_LOOKUP},
    {{.lookup = PICKET_ERR_TIMEOUT_LOOKUP, .lookup_ms = 9}, PICKET_ERR_TIMEOUT_LOOKUP, PICKET_PHASE_LOOKUP},
    {{.lookup_start = PICKET_ERR_NO_NETWORK}, PICKET_ERR_NO_NETWORK, PICKET_PHASE_LOOKUP},
    {{.lookup = 1, .connect_ms = 5, .connect = PICKET_ERR_REFUSED}, PICKET_ERR_REFUSED, PICKET_PHASE_CONNECT},
    {{.lookup = 1, .connect_ms = 5, .connect = PICKET_ERR_UNREACHABLE},
     PICKET_ERR_UNREACHABLE,
     PICKET_PHASE_CONNECT},
};

static void tells_what_failed_on_the_way(void)
{
    for (size_t i = 0; i < COUNT(ways); i++) {
        setup(silent);
        script.six = script.four = ways[i].way;
        CHECK_INT(get(10), ways[i].error);
        CHECK_INT(detail().phase, ways[i].phase);
        CHECK_INT(picket_http_status(&http), 0);
        CHECK_INT(picket_http_length(&http), -1);
        teardown();
    }
}

static void connects_to_a_given_address(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(GET_HEAD), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    static const picket_address_t address = {.family = 4, .bytes = {10, 0, 0, 7}};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .address = &address});
    CHECK_INT(read_to_end(&http, 10), 0);
    CHECK_STR(script.story, "0 connect 4, 0 close 4");
    picket_address_t used_address = detail().address;
    CHECK_MEM(&used_address, &address, sizeof address);
    teardown();
}

static void connects_to_a_literal(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = "http://[::1]/"});
    CHECK_INT(read_to_end(&http, 10), 0);
    CHECK_STR(script.story, "0 connect 6, 0 close 6");
    CHECK(strstr(script_sent(0, NULL), "\r\nHost: [::1]\r\n") != NULL);
    teardown();
}

// --- The story

static void tells_phases_and_times(void)
{
    static const script_step_t peer[] = {STEP_HEAD,
                                         STEP_SLEEP(40),
                                         STEP_SEND("HTTP/1.1 200 OK\r\n"),
                                         STEP_SLEEP(2),
                                         STEP_SEND("Content-Length: 1\r\n\r\n"),
                                         STEP_SLEEP(80),
                                         STEP_SEND("x"),
                                         STEP_END};
    setup(peer);
    script.six = (script_way_t){.lookup = PICKET_ERR_NO_ADDRESS};
    script.four = (script_way_t){.lookup = 1, .lookup_ms = 10, .connect = 1, .connect_ms = 20};
    CHECK_INT(get(10), 0);
    picket_detail_t d = detail();
    CHECK_INT(d.phase_ms[PICKET_PHASE_LOOKUP], 10);
    CHECK_INT(d.phase_ms[PICKET_PHASE_CONNECT], 20);
    CHECK_INT(d.phase_ms[PICKET_PHASE_HANDSHAKE], 0);
    CHECK_INT(d.phase_ms[PICKET_PHASE_HEAD], 42);
    CHECK_INT(d.phase_ms[PICKET_PHASE_BODY], 80);
    CHECK(d.heap_peak[PICKET_PHASE_HEAD] > 0 && d.heap_peak[PICKET_PHASE_HEAD] < sizeof arena);
    CHECK_INT(d.address.family, 4);
    CHECK_INT(d.alert, -1);
    CHECK_STR(d.text, "");
    CHECK_INT(d.tls_version, 0);
    teardown();
}

static void follows_the_phases(void)
{
    static const script_step_t peer[] = {STEP_TAKE(10),  STEP_SLEEP(40),  STEP_TAKE(1000),
                                         STEP_SLEEP(40), STEP_SEND(HALF), STEP_END};
    static const enum picket_phase order[] = {PICKET_PHASE_LOOKUP, PICKET_PHASE_CONNECT, PICKET_PHASE_SEND,
                                              PICKET_PHASE_HEAD, PICKET_PHASE_BODY};
    size_t at = 0;
    setup(peer);
    script.six = (script_way_t){.lookup = PICKET_ERR_NO_ADDRESS};
    script.four = (script_way_t){.lookup = 1, .lookup_ms = 10, .connect = 1, .connect_ms = 20};
    start_request(&(picket_request_t){.url = URL, .body = "abc", .body_len = 3});
    for (int i = 0; i < 100; i++) {
        CHECK(at < COUNT(order) && detail().phase == order[at]);
        turn();
        if (at + 1 < COUNT(order) && detail().phase == order[at + 1])
            at++;
    }
    CHECK_INT(at, COUNT(order) - 1);
    teardown();
}

// --- Closing

static const script_step_t slow[] = {
    STEP_HEAD, STEP_SLEEP(5),
    STEP_PIECES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 65, 3),
    STEP_END};

// Close after so many turns. True when it was over by then.
static bool close_after(unsigned k, const picket_request_t *request, bool read)
{
    int n = PICKET_AGAIN;
    renew(slow);
    script.send_poll = 5;
    script.six.lookup_ms = script.four.connect_ms = 7;
    start_request(request);
    for (unsigned i = 0; i < k; i++) {
        turn();
        if (request->body_len == PICKET_CHUNKED && i < 60)
            (void)picket_http_write(&http, "abcdefgh", 8);
        if (i == 60)
            (void)picket_http_finish(&http);
        if (read && n != 0)
            n = picket_http_read(&http, body, 2);
    }
    close_all();
    picket_http_close(&http);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_CLOSED);
    return n == 0;
}

static void close_anywhere(const picket_request_t *request)
{
    unsigned k = 0;
    setup(NULL);
    while (k < 1000 && !close_after(k, request, true))
        k++;
    CHECK(k > 20 && k < 1000);
    for (unsigned i = 0; i < k; i++)
        (void)close_after(i, request, false);
    teardown();
}

static void can_be_closed_at_any_time(void)
{
    close_anywhere(&(picket_request_t){.url = URL});
    close_anywhere(&(picket_request_t){.url = URL, .body = TEXT, .body_len = TEXT_LEN});
    close_anywhere(&(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
}

static bool is_wiped(void)
{
    for (size_t i = 0; i < sizeof arena; i++) {
        if (arena[i] != 0)
            return false;
    }
    return true;
}

static bool deinit_after(unsigned k)
{
    setup(slow);
    script.six.lookup_ms = script.four.connect_ms = 7;
    start_request(&(picket_request_t){.url = URL, .body = TEXT, .body_len = TEXT_LEN});
    turns(k);
    bool over = detail().phase == PICKET_PHASE_BODY;
    picket_deinit(&client);
    CHECK(script_clean());
    CHECK(!script.running);
    CHECK(is_wiped());
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_finish(&http), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_status(&http), 0);
    CHECK_INT(detail().error, PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), PICKET_ERR_CLOSED);
    picket_http_close(&http);
    picket_deinit(&client);
    return over;
}

static void can_be_deinitialised_at_any_time(void)
{
    unsigned k = 0;
    while (k < 1000 && !deinit_after(k))
        k++;
    CHECK(k > 5 && k < 1000);
}

// A handle says CLOSED after deinit even when nobody asked it anything before.
static void says_closed_in_the_detail_after_deinit(void)
{
    setup(slow);
    start_request(&(picket_request_t){.url = URL});
    picket_deinit(&client);
    CHECK_INT(detail().error, PICKET_ERR_CLOSED);
}

static void keeps_its_error_after_close(void)
{
    setup(silent);
    script.six.connect = script.four.connect = PICKET_ERR_REFUSED;
    CHECK_INT(get(10), PICKET_ERR_REFUSED);
    picket_http_close(&http);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_REFUSED);
    CHECK_INT(picket_http_write(&http, "x", 1), PICKET_ERR_REFUSED);
    CHECK_INT(picket_http_finish(&http), PICKET_ERR_REFUSED);
    picket_http_close(&http);
    CHECK_INT(detail().error, PICKET_ERR_REFUSED);
    CHECK_INT(picket_http_status(&http), 0);
    CHECK(picket_http_header(&http, "x") == NULL);
    CHECK_INT(picket_http_length(&http), -1);
    teardown();
}

static void says_closed_after_close(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    CHECK_INT(get(10), 0);
    picket_http_close(&http);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_read_blocking(&http, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_write_blocking(&http, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_finish(&http), PICKET_ERR_CLOSED);
    CHECK_INT(detail().error, PICKET_ERR_CLOSED);
    teardown();
}

static void takes_handles_that_were_never_started(void)
{
    picket_http_t zero = {0};
    const char *name, *value;
    picket_detail_t d = picket_http_detail(&zero);
    CHECK_INT(d.error, 0);
    CHECK_INT(d.alert, -1);
    CHECK_INT(picket_http_read(&zero, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_write(&zero, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_finish(&zero), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_read_blocking(&zero, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_status(&zero), 0);
    CHECK_INT(picket_http_header_at(&zero, 0, &name, &value), 0);
    picket_http_close(&zero);
    picket_http_close(NULL);
    CHECK_INT(picket_http_read(NULL, body, 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_write(NULL, "x", 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_finish(NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_http_status(NULL), 0);
    CHECK_INT(picket_http_start(NULL, &client, &(picket_request_t){.url = URL}), PICKET_ERR_ARG);
    CHECK_INT(picket_http_start(&zero, NULL, &(picket_request_t){.url = URL}), PICKET_ERR_ARG);
}

// --- Arguments

static void wants_a_buffer(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_COUNT(2), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 2});
    CHECK_INT(picket_http_read(&http, body, 0), PICKET_ERR_ARG);
    CHECK_INT(picket_http_read(&http, NULL, 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_read(&http, body, (size_t)INT32_MAX + 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_write(&http, "x", 0), PICKET_ERR_ARG);
    CHECK_INT(picket_http_write(&http, NULL, 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_write(&http, "x", (size_t)INT32_MAX + 1), PICKET_ERR_ARG);
    CHECK_INT(picket_http_write_blocking(&http, "x", 0), PICKET_ERR_ARG);
    CHECK_INT(picket_http_read_blocking(&http, body, 0), PICKET_ERR_ARG);
    CHECK_INT(write_all("ab", 2, 2), 2); // none of them stuck
    CHECK_INT(read_to_end(&http, 10), 0);
    teardown();
}

static const picket_header_t bad_name[] = {{"X Y", "z"}};
static const picket_header_t bad_value[] = {{"X", "a\r\nY: b"}};
static const picket_header_t no_name[] = {{NULL, "z"}};
static const picket_header_t our_field[] = {{"content-length", "7"}};
static const picket_header_t no_host[] = {{"Host", NULL}};
static const picket_address_t family_5 = {.family = 5};

static const struct {
    picket_request_t request;
    int error;
} bad_requests[] = {
    {{.url = NULL}, PICKET_ERR_ARG},
    {{.url = ""}, PICKET_ERR_URL},
    {{.url = "http://"}, PICKET_ERR_URL},
    {{.url = "http://u:p@h.test/"}, PICKET_ERR_URL},
    {{.url = "http://h.test/\r\nX: y"}, PICKET_ERR_URL},
    {{.url = "http://h.test:0/"}, PICKET_ERR_URL},
    {{.url = "ftp://h.test/"}, PICKET_ERR_SCHEME},
    {{.url = URL, .body_len = -2}, PICKET_ERR_ARG},
    {{.url = URL, .body = "x", .body_len = PICKET_CHUNKED}, PICKET_ERR_ARG},
    {{.url = URL, .body = "x", .body_len = INT64_MIN}, PICKET_ERR_ARG},
    {{.url = URL, .header_count = 1}, PICKET_ERR_ARG},
    {{.url = URL, .headers = bad_name, .header_count = 1}, PICKET_ERR_HEADER},
    {{.url = URL, .headers = bad_value, .header_count = 1}, PICKET_ERR_HEADER},
    {{.url = URL, .headers = no_name, .header_count = 1}, PICKET_ERR_HEADER},
    {{.url = URL, .headers = our_field, .header_count = 1}, PICKET_ERR_HEADER},
    {{.url = URL, .headers = no_host, .header_count = 1}, PICKET_ERR_HEADER},
    {{.url = URL, .method = ""}, PICKET_ERR_ARG},
    {{.url = URL, .method = "GET /x HTTP/1.1\r\n"}, PICKET_ERR_ARG},
    {{.url = URL, .method = "CONNECT"}, PICKET_ERR_ARG},
    {{.url = URL, .address = &family_5}, PICKET_ERR_ARG},
    {{.url = URL, .timeouts = {.connect_ms = 0x80000000u}}, PICKET_ERR_ARG},
    {{.url = URL, .timeouts = {.head_ms = 0x80000000u}}, PICKET_ERR_ARG},
    {{.url = URL, .timeouts = {.idle_ms = 0x80000000u}}, PICKET_ERR_ARG},
    {{.url = URL, .timeouts = {.total_ms = 0xffffffffu}}, PICKET_ERR_ARG},
};

static void check_text(const char *text)
{
    for (; *text != '\0'; text++)
        CHECK(*text >= 0x20 && *text <= 0x7e);
}

static void refuses_bad_requests(void)
{
    setup(NULL);
    for (size_t i = 0; i < COUNT(bad_requests); i++) {
        int error = picket_http_start(&http, &client, &bad_requests[i].request);
        if (error != bad_requests[i].error)
            FAIL("request %zu: got %d, wanted %d", i, error, bad_requests[i].error);
        CHECK_INT(picket_http_read(&http, body, 1), bad_requests[i].error); // it sticks
        CHECK_INT(detail().error, bad_requests[i].error);
        check_text(detail().text);
        close_all();
        CHECK_INT(picket_http_read(&http, body, 1), bad_requests[i].error);
    }
    CHECK_INT(picket_http_start(&http, &client, NULL), PICKET_ERR_ARG);
    CHECK_STR(script.story, "");
    teardown();
}

static void says_what_is_wrong_with_a_request(void)
{
    setup(NULL);
    (void)picket_http_start(&http, &client,
                            &(picket_request_t){.url = URL, .headers = our_field, .header_count = 1});
    CHECK(strstr(detail().text, "Content-Length") != NULL);
    (void)picket_http_start(&http, &client, &(picket_request_t){.url = "http://h.test:99999/"});
    CHECK(detail().text[0] != '\0');
    teardown();
}

// --- Memory

// Everything once: a body in chunks, a head that has to grow, chunks back.
static const script_step_t rich[] = {
    STEP_HEAD, STEP_COUNT(20),
    STEP_SEND(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: "
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
        "\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    STEP_END};

static int do_everything(void)
{
    int n = picket_http_start(&http, &client, &(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
    if (n == 0)
        n = write_all(TEXT, TEXT_LEN, 10);
    if (n > 0)
        n = picket_http_finish(&http);
    return n == 0 ? read_to_end(&http, 10) : n;
}

static void survives_each_failed_allocation(void)
{
    int result = PICKET_ERR_NO_MEMORY;
    uint32_t n = 0;
    setup(NULL);
    while (result != 0 && n < 100) {
        renew(rich);
        uint32_t failures = arena_failures();
        arena_fail_at(++n);
        result = do_everything();
        arena_fail_at(0);
        CHECK_INT(result, arena_failures() != failures ? PICKET_ERR_NO_MEMORY : 0);
        CHECK_INT(detail().error, result);
        close_all();
    }
    CHECK(n > 5);
    CHECK_INT(result, 0);
    teardown();
}

// Whatever the size of the arena, it works or says that it is too small.
static void survives_every_size_of_arena(void)
{
    size_t worked = 0, said = 0;
    for (size_t len = 0; len < PICKET_STACK_SIZE + 16000; len += len < PICKET_STACK_SIZE ? 256 : 8) {
        picket_config_t c = config();
        c.arena = arena + len % 3;
        c.arena_len = len;
        script_reset();
        script.peer = rich;
        int error = picket_init(&client, &c);
        int result = error == 0 ? do_everything() : error;
        CHECK(result == 0 || result == PICKET_ERR_NO_MEMORY || (result == PICKET_ERR_NO_ARENA && error != 0));
        CHECK(result == 0 || worked == 0); // more memory never does worse
        worked += result == 0;
        said += result == PICKET_ERR_NO_MEMORY;
        picket_http_close(&http);
        picket_deinit(&client);
        CHECK(script_clean());
    }
    CHECK(worked > 0 && said > 0);
}

static void uses_no_more_memory_each_time(void)
{
    setup(NULL);
    for (int i = 0; i < 100; i++) {
        renew(rich);
        CHECK_INT(do_everything(), 0);
        close_all();
    }
    teardown();
}

// --- Anything in any order

static uint32_t random_state;

static size_t below(size_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

#define RANDOM_STEPS 24

// A peer that sends the response, or some of it, in pieces, with pauses, and ends somehow. True when no end
// of it can be proven.
static bool make_peer(script_step_t *steps, const struct response *r)
{
    size_t n = 0, at = 0, len = strlen(r->bytes);
    size_t end = below(3) == 0 ? below(len + 1) : len;
    if (below(2) == 0)
        steps[n++] = (script_step_t)STEP_HEAD;
    while (at < end && n < RANDOM_STEPS - 3) {
        size_t piece = 1 + below(end - at);
        steps[n++] = (script_step_t)STEP_PIECES(r->bytes + at, piece, below(20));
        at += piece;
        if (below(3) == 0)
            steps[n++] = (script_step_t)STEP_SLEEP((uint32_t)below(400));
    }
    size_t how = below(4);
    if (how < 2)
        steps[n++] = how == 0 ? (script_step_t)STEP_FIN : (script_step_t)STEP_RST;
    steps[n] = (script_step_t)STEP_END;
    return r->until_close ? how != 0 : at < len;
}

// One call. Its result when it is an error that sticks, else 0.
static int do_something(bool *ended)
{
    char bytes[100];
    size_t size = 1 + below(sizeof bytes), what = below(8);
    int n = 0;
    if (what < 4) {
        turns(1 + (unsigned)below(5));
    } else if (what < 6) {
        n = picket_http_read(&http, bytes, size);
        if (n > 0)
            keep(bytes, n);
        *ended = *ended || n == 0;
    } else if (what == 6) {
        n = picket_http_write(&http, TEXT, 1 + below(TEXT_LEN));
        CHECK(n != 0);
        n = n == PICKET_ERR_BODY_LENGTH ? 0 : n;
    } else if (below(10) == 0) {
        n = picket_http_finish(&http);
    }
    return n < 0 && n != PICKET_AGAIN && n != PICKET_ERR_DONE ? n : 0;
}

static void check_end(const struct response *r, int error, bool cut_short)
{
    size_t n = strlen(r->body);
    CHECK(body_len <= n && memcmp(body, r->body, body_len) == 0);
    CHECK(error != 0 || (!cut_short && (r->until_close || body_len == n)));
    CHECK_INT(detail().error, error);
    if (error != 0) {
        CHECK_INT(picket_http_read(&http, body, 1), error);
        CHECK_INT(picket_http_write(&http, "x", 1), error);
        CHECK_INT(picket_http_finish(&http), error);
    }
}

static void do_anything(uint32_t number)
{
    static const int64_t lengths[] = {0, 0, 5, 41, 200, PICKET_CHUNKED};
    script_step_t peer[RANDOM_STEPS];
    bool ended = false;
    int error = 0;
    random_state = number;
    const struct response *r = &responses[below(COUNT(responses))];
    bool cut_short = make_peer(peer, r);
    renew(peer);
    narrow(below(COUNT(widths)));
    script.six.connect = below(2) == 0 ? SCRIPT_NEVER : 1;
    script.four.connect_ms = (uint32_t)below(30);
    start_request(&(picket_request_t){.url = URL,
                                      .method = r->method,
                                      .body_len = lengths[below(COUNT(lengths))],
                                      .timeouts = {500, 500, 500, 5000}});
    for (size_t i = below(100); i > 0 && error == 0; i--)
        error = do_something(&ended);
    if (error == 0 && below(4) > 0) {
        int result = picket_http_finish(&http);
        error = result != 0 ? result : read_to_end(&http, 1 + below(20));
        CHECK(!ended || error == 0); // the end stays the end
        check_end(r, error, cut_short);
    }
    close_all();
}

static void survives_anything_in_any_order(void)
{
    setup(NULL);
    for (uint32_t i = 0; i < 20000; i++) {
        unsigned wrong = check_state()->wrong;
        do_anything(i);
        if (check_state()->wrong != wrong) {
            FAIL("number %" PRIu32, i);
            break;
        }
    }
    teardown();
}

// --- Several at once

static picket_http_t many[PICKET_SLOTS + 1];

static void start_many(void)
{
    for (int i = 0; i < PICKET_SLOTS; i++)
        CHECK_INT(picket_http_start(&many[i], &client, &(picket_request_t){.url = URL}), 0);
}

static void close_many(void)
{
    for (int i = 0; i <= PICKET_SLOTS; i++)
        picket_http_close(&many[i]);
}

static void has_so_many_slots(void)
{
    setup(silent);
    start_many();
    picket_http_t *more = &many[PICKET_SLOTS];
    CHECK_INT(picket_http_start(more, &client, &(picket_request_t){.url = URL}), PICKET_ERR_NO_SLOT);
    CHECK_INT(picket_http_read(more, body, 1), PICKET_ERR_NO_SLOT);
    CHECK_INT(picket_http_detail(more).error, PICKET_ERR_NO_SLOT);
    picket_http_close(&many[1]);
    CHECK_INT(picket_http_start(more, &client, &(picket_request_t){.url = URL}), 0);
    close_many();
    teardown();
}

// Each gets its own answer, whatever the others do. The n-th connection is that of the n-th exchange, as no
// IPv6 address is found.
static void run_interleaved(void)
{
    char bodies[PICKET_SLOTS][20] = {{0}};
    unsigned over = 0;
    for (int i = 0; i < 10000 && over < PICKET_SLOTS; i++) {
        unsigned k = (unsigned)i % PICKET_SLOTS;
        char byte;
        int n = picket_http_read(&many[k], &byte, 1);
        if (n == 1)
            bodies[k][strlen(bodies[k])] = byte;
        over = n == 0 ? over + (bodies[k][18]++ == 0) : over;
        turn();
    }
    for (unsigned k = 0; k < PICKET_SLOTS; k++) {
        char wanted[20];
        snprintf(wanted, sizeof wanted, "answer %u", k);
        CHECK_STR(bodies[k], wanted);
    }
}

static void keeps_several_apart(void)
{
    static char bytes[PICKET_SLOTS][60];
    static script_step_t peers[PICKET_SLOTS][3];
    setup(NULL);
    script.six.lookup = PICKET_ERR_NO_ADDRESS;
    for (unsigned k = 0; k < PICKET_SLOTS; k++) {
        int len =
            snprintf(bytes[k], sizeof bytes[k], "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nanswer %u", k);
        peers[k][0] = (script_step_t)STEP_HEAD;
        peers[k][1] = (script_step_t)STEP_PIECES(bytes[k], (size_t)len, k + 1);
        script.peers[k] = peers[k];
    }
    start_many();
    run_interleaved();
    close_many();
    teardown();
}

// One fails, the others go on.
static void keeps_a_failure_to_itself(void)
{
    static const script_step_t breaks[] = {STEP_HEAD, STEP_SEND("nonsense"), STEP_END};
    static const script_step_t works[] = {STEP_HEAD, STEP_SLEEP(50), STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(works);
    script.six.lookup = PICKET_ERR_NO_ADDRESS;
    script.peers[1] = breaks;
    start_many();
    for (int k = 0; k < PICKET_SLOTS; k++)
        CHECK_INT(read_to_end(&many[k], 10), k == 1 ? PICKET_ERR_NOT_HTTP : 0);
    close_many();
    teardown();
}

// --- Stale handles

static void knows_a_stale_handle(void)
{
    setup(silent);
    start_request(&(picket_request_t){.url = URL});
    picket_http_t stale = http;
    picket_http_close(&http);
    CHECK_INT(picket_http_read(&stale, body, 1), PICKET_ERR_CLOSED);
    start_request(&(picket_request_t){.url = URL}); // in the same slot
    CHECK_INT(http.slot, stale.slot);
    CHECK_INT(picket_http_read(&stale, body, 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_write(&stale, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(picket_http_finish(&stale), PICKET_ERR_CLOSED);
    picket_http_close(&stale);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_AGAIN); // the other one lives
    teardown();
}

// Generations come round: one handle in 65535 is mistaken, 0 is never a generation.
static void counts_generations(void)
{
    setup(silent);
    for (uint32_t i = 0; i < 70000; i++) {
        if (picket_http_start(&http, &client, &(picket_request_t){.url = URL}) != 0 || http.generation == 0)
            FAIL("start %" PRIu32 ": generation %u", i, http.generation);
        picket_http_close(&http);
    }
    teardown();
}

static void knows_a_handle_of_an_earlier_client(void)
{
    setup(silent);
    start_request(&(picket_request_t){.url = URL});
    picket_http_t stale = http;
    picket_deinit(&client);
    setup(silent);
    start_request(&(picket_request_t){.url = URL});
    CHECK_INT(picket_http_read(&stale, body, 1), PICKET_ERR_CLOSED);
    picket_http_close(&stale);
    CHECK_INT(picket_http_read(&http, body, 1), PICKET_AGAIN);
    teardown();
}

// --- Init

static void init_fails(const picket_config_t *c, int error)
{
    picket_http_t h = {0};
    script_reset();
    client = (picket_t){0};
    CHECK_INT(picket_init(&client, c), error);
    CHECK_INT(picket_http_start(&h, &client, &(picket_request_t){.url = URL}), error);
    CHECK_INT(picket_http_read(&h, body, 1), error);
    CHECK(picket_poll(&client) > 0);
    CHECK_INT(used(), 0);
    picket_http_close(&h);
    picket_deinit(&client);
    CHECK(!script.running);
    CHECK(script_clean());
}

static void refuses_a_bad_configuration(void)
{
    picket_config_t c = config();
    init_fails(NULL, PICKET_ERR_ARG);
    CHECK_INT(picket_init(NULL, &c), PICKET_ERR_ARG);
    c.arena = NULL;
    init_fails(&c, PICKET_ERR_NO_ARENA);
    c = config();
    c.arena_len = 0;
    init_fails(&c, PICKET_ERR_NO_ARENA);
    c.arena_len = 10;
    init_fails(&c, PICKET_ERR_NO_ARENA);
    c.arena_len = (size_t)INT32_MAX + 1;
    init_fails(&c, PICKET_ERR_NO_ARENA);
    c = config();
    c.tls_min = 0x0302;
    init_fails(&c, PICKET_ERR_ARG);
    c.tls_min = PICKET_TLS_1_3;
    c.tls_max = PICKET_TLS_1_2;
    init_fails(&c, PICKET_ERR_ARG);
    c = config();
    c.timeouts.idle_ms = 0x80000000u;
    init_fails(&c, PICKET_ERR_ARG);
    c = config();
    c.head_max = 0x80000000u;
    init_fails(&c, PICKET_ERR_ARG);
}

static void works_after_a_failed_init(void)
{
    init_fails(NULL, PICKET_ERR_ARG);
    setup(rich);
    CHECK_INT(do_everything(), 0);
    teardown();
}

static void takes_the_boards_port(void)
{
    static const script_step_t peer[] = {STEP_HEAD, STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    picket_config_t c = config();
    c.port = NULL;
    setup_with(&c, peer);
    CHECK_INT(get(10), 0);
    teardown();
}

static void needs_a_port_that_starts(void)
{
    picket_config_t c = config();
    script_reset();
    script.start = PICKET_ERR_NO_NETWORK;
    CHECK_INT(picket_init(&client, &c), PICKET_ERR_NO_NETWORK);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), PICKET_ERR_NO_NETWORK);
    picket_deinit(&client);
    setup(NULL);
    teardown();
}

static void needs_randomness(void)
{
    picket_config_t c = config();
    script_reset();
    script.no_random = true;
    CHECK_INT(picket_init(&client, &c), PICKET_ERR_NO_ENTROPY);
    CHECK(!script.running);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), PICKET_ERR_NO_ENTROPY);
    CHECK_STR(detail().text, "script: dead: no more samples");
    picket_entropy_status_t status;
    CHECK(picket_entropy(0, &status));
    CHECK_INT(status.state, PICKET_ENTROPY_DEAD);
    picket_deinit(&client);
    setup(NULL); // with a good source it works
    CHECK(picket_entropy(0, &status));
    CHECK_INT(status.state, PICKET_ENTROPY_OK);
    teardown();
    CHECK(!picket_entropy(0, &status));
}

static int collect_ones(void *ctx, uint8_t *samples, size_t n)
{
    (void)ctx;
    memset(samples, 1, n);
    return (int)n;
}

// The application's sources come after those of the port, and one that fails is as bad as one of those.
static void takes_sources_of_the_application(void)
{
    static picket_entropy_source_t mine = {.name = "mine", .bits = 1, .collect = collect_ones};
    static const picket_entropy_source_t *const list[] = {&mine, NULL};
    const picket_entropy_source_t *too_many[PICKET_ENTROPY_SOURCES + 1] = {0};
    picket_entropy_status_t status;
    picket_config_t c = config();
    c.entropy = list;
    script_reset();
    CHECK_INT(picket_init(&client, &c), 0);
    CHECK(picket_entropy(1, &status));
    CHECK_STR(status.name, "mine");
    CHECK_INT(status.state, PICKET_ENTROPY_OK);
    CHECK(status.samples > 0);
    picket_deinit(&client);
    mine.credit = PICKET_ENTROPY_BIT;
    CHECK_INT(picket_init(&client, &c), PICKET_ERR_NO_ENTROPY);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = URL}), PICKET_ERR_NO_ENTROPY);
    CHECK_STR(detail().text, "mine: stuck: failed the repetition count test");
    for (size_t i = 0; i < PICKET_ENTROPY_SOURCES; i++)
        too_many[i] = &mine;
    c.entropy = too_many;
    CHECK_INT(picket_init(&client, &c), PICKET_ERR_ARG);
    CHECK(!script.running);
}

static void allows_one_client_at_a_time(void)
{
    picket_config_t c = config();
    static uint8_t other_arena[PICKET_STACK_SIZE + 20000];
    picket_t other = {0};
    setup(rich);
    c.arena = other_arena;
    c.arena_len = sizeof other_arena;
    CHECK_INT(picket_init(&other, &c), PICKET_ERR_BUSY);
    CHECK_INT(picket_http_start(&many[0], &other, &(picket_request_t){.url = URL}), PICKET_ERR_BUSY);
    picket_deinit(&other);
    CHECK_INT(do_everything(), 0); // the first one does not notice
    teardown();
    CHECK_INT(picket_init(&other, &c), 0);
    picket_deinit(&other);
}

// The same one again is as busy, and goes on as if nothing had happened.
static void is_not_lost_when_initialised_twice(void)
{
    picket_config_t c = config();
    setup(rich);
    CHECK_INT(picket_init(&client, &c), PICKET_ERR_BUSY);
    CHECK(picket_init(&client, NULL) < 0);
    REQUIRE(client.state != NULL);
    CHECK_INT(do_everything(), 0);
    teardown();
}

static void can_be_deinitialised_without_init(void)
{
    picket_t zero = {0};
    size_t bytes = 9, peak = 9;
    picket_deinit(&zero);
    picket_deinit(NULL);
    picket_memory(&zero, &bytes, &peak);
    CHECK_INT(bytes + peak, 0);
    CHECK(picket_poll(&zero) > 0);
    CHECK_INT(picket_http_start(&http, &zero, &(picket_request_t){.url = URL}), PICKET_ERR_CLOSED);
}

// --- https

static void get_https(const picket_trust_t *trust, int64_t unix_ms, int error)
{
    picket_config_t c = config();
    c.trust = trust;
    setup_with(&c, silent);
    script.unix_ms = unix_ms;
    start_request(&(picket_request_t){.url = "https://h.test/", .timeouts = {.connect_ms = 500}});
    CHECK_INT(read_to_end(&http, 10), error);
    CHECK_INT(detail().phase, PICKET_PHASE_HANDSHAKE);
    teardown();
}

static const uint8_t no_certificate[] = {0x30, 0x00};
static const picket_anchor_t anchor = {
    .der = no_certificate, .der_len = sizeof no_certificate, .subject_hash = 1};
static const picket_trust_t some_trust = {.anchors = &anchor, .count = 1};
static const picket_trust_t no_trust = {.anchors = NULL};

static void needs_trust_for_https(void)
{
    int64_t now = (picket_clock_floor() + 1) * 1000;
    get_https(NULL, now, PICKET_ERR_NO_TRUST);
    get_https(&no_trust, now, PICKET_ERR_NO_TRUST);
    get_https(&some_trust, now, PICKET_ERR_TIMEOUT_HANDSHAKE);
}

static void needs_the_time_for_https(void)
{
    int64_t first = picket_clock_floor() * 1000, last = picket_clock_ceiling() * 1000;
    get_https(&some_trust, -1, PICKET_ERR_NO_TIME);
    get_https(&some_trust, 0, PICKET_ERR_NO_TIME);
    get_https(&some_trust, INT64_C(4070908800000), PICKET_ERR_NO_TIME); // 2099
    get_https(&some_trust, first - 1000, PICKET_ERR_NO_TIME);
    get_https(&some_trust, last + 1000, PICKET_ERR_NO_TIME);
    get_https(&some_trust, INT64_MAX - 1000000, PICKET_ERR_NO_TIME);
    get_https(&some_trust, first + 1000, PICKET_ERR_TIMEOUT_HANDSHAKE);
    get_https(&some_trust, last - 1000, PICKET_ERR_TIMEOUT_HANDSHAKE);
}

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

// The source dies while the client lives: when the generator next wants a seed.
static void without_randomness_no_handshake_begins(void)
{
    static const script_step_t peer[] = {STEP_COUNT(1), STEP_FIN, STEP_END};
    uint8_t buf[32];
    size_t len;
    picket_config_t c = config();
    c.trust = &some_trust;
    setup_with(&c, peer);
    script.no_random = true;
    CHECK(mbedtls_hardware_poll(NULL, buf, sizeof buf, &len) != 0);
    script.no_random = false;
    start_request(&(picket_request_t){.url = "https://h.test/"});
    CHECK_INT(read_to_end(&http, 10), PICKET_ERR_NO_ENTROPY);
    CHECK_STR(detail().text, "script: dead: no more samples");
    size_t sent;
    script_sent(0, &sent);
    CHECK_INT(sent, 0);
    teardown();
}

// What is not TLS is said so, at whatever byte it is cut.
static void knows_what_is_not_tls(void)
{
    static const script_step_t peer[] = {STEP_COUNT(1), STEP_SEND("HTTP/1.1 400 Bad Request\r\n\r\n"),
                                         STEP_FIN, STEP_END};
    picket_config_t c = config();
    c.trust = &some_trust;
    setup_with(&c, peer);
    start_request(&(picket_request_t){.url = "https://h.test/"});
    CHECK_INT(read_to_end(&http, 10), PICKET_ERR_NOT_TLS);
    teardown();
}

// --- Blocking

static void blocks_while_reading(void)
{
    static const script_step_t peer[] = {
        STEP_EXPECT(GET_HEAD), STEP_SLEEP(50),
        STEP_PIECES("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 43, 4), STEP_END};
    int n, total = 0;
    setup(peer);
    start_request(&(picket_request_t){.url = URL});
    while ((n = picket_http_read_blocking(&http, body + total, 3)) > 0)
        total += n;
    CHECK_INT(n, 0);
    CHECK_INT(total, 5);
    CHECK_MEM(body, "hello", 5);
    CHECK_INT(picket_http_read_blocking(&http, body, 3), 0);
    CHECK_INT(script.now_ms, 50);
    teardown();
}

static void blocks_while_writing(void)
{
    static const script_step_t peer[] = {STEP_EXPECT(POST_HEAD("Content-Length: 41") TEXT),
                                         STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    script.send_poll = 3;
    start_request(&(picket_request_t){.url = URL, .body_len = TEXT_LEN});
    CHECK_INT(picket_http_write_blocking(&http, TEXT, 30), 30);
    CHECK_INT(picket_http_write_blocking(&http, &TEXT[30], 12), PICKET_ERR_BODY_LENGTH);
    CHECK_INT(picket_http_write_blocking(&http, &TEXT[30], 11), 11);
    CHECK_INT(picket_http_read_blocking(&http, body, 10), 2);
    CHECK_INT(picket_http_read_blocking(&http, body, 10), 0);
    teardown();
}

// Whoever waits for the answer has nothing more to give.
static void finishes_what_is_written_when_it_waits_for_the_answer(void)
{
    static const script_step_t peer[] = {
        STEP_EXPECT(POST_HEAD("Transfer-Encoding: chunked") "3\r\nabc\r\n0\r\n\r\n"),
        STEP_BYTES(ok, sizeof ok - 1), STEP_END};
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = PICKET_CHUNKED});
    CHECK_INT(picket_http_write_blocking(&http, "abc", 3), 3);
    CHECK_INT(picket_http_read_blocking(&http, body, 10), 2);
    teardown();
    setup(peer);
    start_request(&(picket_request_t){.url = URL, .body_len = 7});
    CHECK_INT(picket_http_write_blocking(&http, "abc", 3), 3);
    CHECK_INT(picket_http_read_blocking(&http, body, 10), PICKET_ERR_BODY_LENGTH);
    teardown();
}

static void ends_a_blocking_call_with_the_error(void)
{
    setup(silent);
    start_request(&(picket_request_t){.url = URL, .timeouts = {.head_ms = 2500}});
    CHECK_INT(picket_http_read_blocking(&http, body, 10), PICKET_ERR_TIMEOUT_HEAD);
    CHECK_INT(script.now_ms, 2500);
    CHECK_INT(script.waited_ms, 2500); // it slept, all that time
    teardown();
    setup(deaf);
    start_request(&(picket_request_t){.url = URL, .body_len = 100, .timeouts = {.idle_ms = 2500}});
    CHECK_INT(picket_http_write_blocking(&http, TEXT, 40), PICKET_ERR_TIMEOUT_SEND);
    CHECK_INT(script.now_ms, 2500);
    teardown();
}

static void ends_a_blocking_write_when_the_server_has_answered(void)
{
    static char large[3000];
    for (size_t i = 0; i < COUNT(refusals); i++) {
        setup(refusals[i]);
        script.send_poll = 100;
        start_request(&(picket_request_t){.url = URL, .body_len = 1000000});
        CHECK_INT(picket_http_write_blocking(&http, large, sizeof large), PICKET_ERR_DONE);
        CHECK_INT(picket_http_read_blocking(&http, body, 10), 3);
        CHECK_INT(picket_http_read_blocking(&http, body, 10), 0);
        teardown();
    }
}

// The first program of the README, without a network: errors stick, and the last line prints why.
static void needs_no_check_but_the_last(void)
{
    int n;
    client = (picket_t){0};
    (void)picket_init(&client, &(picket_config_t){0});
    (void)picket_http_start(&http, &client, &(picket_request_t){.url = "https://example.com/"});
    while ((n = picket_http_read_blocking(&http, body, 10)) > 0)
        FAIL("read %d bytes without an arena", n);
    CHECK_STR(picket_error_name(n), "PICKET_ERR_NO_ARENA");
    picket_http_close(&http);
    picket_deinit(&client);
}

static void run_responses(void)
{
    RUN(takes_every_kind_of_response);
    RUN(takes_it_split_anywhere);
    RUN(takes_it_in_pieces_of_any_size);
    RUN(takes_a_long_body);
    RUN(never_takes_a_response_cut_short_for_complete);
    RUN(tells_a_reset_from_an_end);
    RUN(never_waits_for_ever_for_the_rest);
    RUN(hands_out_header_fields);
    RUN(refuses_bad_heads_and_says_why);
    RUN(refuses_a_bad_body);
    RUN(logs_nothing_that_a_server_made_up);
    RUN(bounds_the_head);
}

static void run_requests(void)
{
    RUN(sends_a_get);
    RUN(sends_header_fields);
    RUN(sends_a_body_given_with_the_request);
    RUN(sends_an_empty_body);
    RUN(streams_a_body_of_known_length);
    RUN(streams_a_body_of_unknown_length);
    RUN(splits_what_is_too_long_for_a_chunk);
    RUN(sends_nothing_chunked);
    RUN(needs_no_finish_when_all_is_written);
    RUN(refuses_to_finish_what_is_too_short);
    RUN(takes_nothing_of_what_is_too_long);
    RUN(takes_no_body_where_there_is_none);
    RUN(takes_nothing_after_finish);
    RUN(takes_an_answer_during_the_upload);
    RUN(takes_an_answer_while_a_given_body_is_sent);
    RUN(goes_on_after_an_early_200);
    RUN(tells_a_reset_during_the_upload);
    RUN(tells_an_end_during_the_upload);
}

static void run_waits(void)
{
    RUN(keeps_every_deadline);
    RUN(keeps_deadlines_when_the_clock_wraps);
    RUN(says_that_the_network_was_lost);
    RUN(takes_no_network_for_the_reason_of_a_timeout);
    RUN(reads_what_had_come_before_the_network_was_lost);
    RUN(sleeps_without_a_network);
    RUN(lets_a_request_override_the_configuration);
    RUN(bounds_the_wait_for_writing);
    RUN(lets_the_application_take_its_time_to_write);
    RUN(lets_the_application_take_its_time_to_read);
    RUN(sleeps_while_nobody_reads);
    RUN(sleeps_while_nobody_writes);
    RUN(asks_for_the_rest_of_the_framing);
    RUN(tells_what_failed_on_the_way);
    RUN(connects_to_a_given_address);
    RUN(connects_to_a_literal);
    RUN(tells_phases_and_times);
    RUN(follows_the_phases);
    RUN(blocks_while_reading);
    RUN(blocks_while_writing);
    RUN(finishes_what_is_written_when_it_waits_for_the_answer);
    RUN(ends_a_blocking_call_with_the_error);
    RUN(ends_a_blocking_write_when_the_server_has_answered);
}

static void run_handles(void)
{
    RUN(can_be_closed_at_any_time);
    RUN(can_be_deinitialised_at_any_time);
    RUN(says_closed_in_the_detail_after_deinit);
    RUN(keeps_its_error_after_close);
    RUN(says_closed_after_close);
    RUN(takes_handles_that_were_never_started);
    RUN(wants_a_buffer);
    RUN(refuses_bad_requests);
    RUN(says_what_is_wrong_with_a_request);
    RUN(survives_each_failed_allocation);
    RUN(survives_every_size_of_arena);
    RUN(uses_no_more_memory_each_time);
    RUN(survives_anything_in_any_order);
    RUN(has_so_many_slots);
    RUN(keeps_several_apart);
    RUN(keeps_a_failure_to_itself);
    RUN(knows_a_stale_handle);
    RUN(counts_generations);
    RUN(knows_a_handle_of_an_earlier_client);
}

static void run_clients(void)
{
    RUN(refuses_a_bad_configuration);
    RUN(works_after_a_failed_init);
    RUN(takes_the_boards_port);
    RUN(needs_a_port_that_starts);
    RUN(needs_randomness);
    RUN(takes_sources_of_the_application);
    RUN(without_randomness_no_handshake_begins);
    RUN(allows_one_client_at_a_time);
    RUN(can_be_deinitialised_without_init);
    RUN(needs_trust_for_https);
    RUN(needs_the_time_for_https);
    RUN(knows_what_is_not_tls);
    RUN(needs_no_check_but_the_last);
    RUN(is_not_lost_when_initialised_twice); // last, since a client that is lost keeps all others out
}

int main(void)
{
    run_responses();
    run_requests();
    run_waits();
    run_handles();
    run_clients();
    return check_done();
}
