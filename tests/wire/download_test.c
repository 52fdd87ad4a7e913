// Downloads over a scripted network: cut anywhere, in blocks of any size, by servers that change the file and by servers that
// lie. Whatever happens, the sink gets each byte once, in order and in whole blocks; success means that all of it is right.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "picket/download.h"
#include "script_port.h"
#include "validator.h"

#define LEN   23
#define TAG   "\"v1\""
#define OTHER "\"v2\""

static const char file[] = "twenty-three bytes long";  // v1
static const char other[] = "ANOTHER 23 BYTES IN ALL"; // v2
_Static_assert(sizeof file - 1 == LEN && sizeof other - 1 == LEN, "both have LEN bytes");

static picket_t client;
static picket_download_t download;
static _Alignas(8) uint8_t arena[PICKET_STACK_SIZE + 64 * 1024];

// --- The sink: it notices whatever a flash would not like

static struct {
    char stored[256];
    char block[64];
    size_t block_len;
    uint64_t next;
    bool short_block; // the last one has been written
    unsigned writes, restarts, reads;
    unsigned busy;      // so many calls of write are put off
    unsigned fail_at;   // the n-th write fails, from 1 on
    bool allow_restart; // else restart refuses
    char validator[PICKET_DOWNLOAD_VALIDATOR];
} sink;

static int sink_write(void *ctx, uint64_t offset, const void *data, size_t len)
{
    CHECK(ctx == &sink);
    if (sink.busy > 0) {
        sink.busy--;
        return PICKET_SINK_BUSY;
    }
    if (++sink.writes == sink.fail_at)
        return -1;
    CHECK(offset == sink.next);
    CHECK(!sink.short_block);
    CHECK(len > 0 && len <= sink.block_len && offset + len <= sizeof sink.stored);
    memcpy(sink.stored + offset, data, len);
    sink.short_block = len < sink.block_len;
    sink.next += len;
    snprintf(sink.validator, sizeof sink.validator, "%s", picket_download_validator(&download));
    return 0;
}

static int sink_restart(void *ctx)
{
    CHECK(ctx == &sink);
    CHECK(sink.next > 0);
    if (!sink.allow_restart)
        return -1;
    sink.restarts++;
    sink.next = 0;
    sink.short_block = false;
    return 0;
}

static int sink_read(void *ctx, uint64_t offset, void *data, size_t len)
{
    CHECK(ctx == &sink);
    CHECK(len == sink.block_len);
    sink.reads++;
    memcpy(data, sink.stored + offset, len);
    return 0;
}

// --- The servers: the n-th connection gets what is given for it

static char answers[SCRIPT_HANDLES][1024];
static script_step_t steps[SCRIPT_HANDLES][5];
static unsigned peers;

static void setup(size_t block_len)
{
    script_reset();
    memset(&sink, 0, sizeof sink);
    sink.block_len = block_len;
    sink.allow_restart = true;
    download = (picket_download_t){0};
    peers = 0;
    const picket_config_t config = {
        .arena = arena, .arena_len = sizeof arena, .port = script_port(), .user_agent = "test"};
    CHECK_INT(picket_init(&client, &config), 0);
}

// The next connection: this head, its empty line not included, these bytes, and the end.
static void serve(const void *bytes, size_t len, const char *format, ...)
{
    const unsigned n = peers++;
    va_list args;

    va_start(args, format);
    int at = vsnprintf(answers[n], sizeof answers[n] - len - 4, format, args);
    va_end(args);
    memcpy(answers[n] + at, "\r\n\r\n", 4);
    memcpy(answers[n] + at + 4, bytes, len);
    steps[n][0] = (script_step_t)STEP_HEAD;
    steps[n][1] = (script_step_t)STEP_BYTES(answers[n], (size_t)at + 4 + len);
    steps[n][2] = (script_step_t)STEP_FIN;
    steps[n][3] = (script_step_t)STEP_END;
    script.peers[n] = steps[n];
}

// All of it, of which `sent` bytes come.
static void serve_whole(const char *bytes, size_t sent, const char *tag)
{
    serve(bytes, sent, "HTTP/1.1 200 OK\r\nETag: %s\r\nContent-Length: %d", tag, LEN);
}

// From first to last, of which `sent` bytes come.
static void serve_part(const char *bytes, size_t first, size_t last, size_t sent, const char *tag)
{
    serve(bytes + first, sent,
          "HTTP/1.1 206 Part\r\nETag: %s\r\nContent-Length: %zu\r\nContent-Range: bytes %zu-%zu/%d", tag,
          last - first + 1, first, last, LEN);
}

static picket_download_request_t request(void)
{
    return (picket_download_request_t){
        .http = {.url = "http://h.test/a"},
        .sink = {sink_write, sink_restart, sink_read, &sink, sink.block, sink.block_len},
        .size_max = 100,
    };
}

static int run_with(const picket_download_request_t *r)
{
    int error = picket_download_start(&download, &client, r);
    if (error == 0)
        error = picket_download_blocking(&download);
    CHECK_INT(picket_download_poll(&download), error); // it sticks
    return error;
}

static int run(void)
{
    const picket_download_request_t r = request();
    return run_with(&r);
}

static void teardown(void)
{
    size_t used;
    picket_download_close(&download);
    picket_download_close(&download);
    CHECK(arena_check());
    picket_memory(&client, &used, NULL);
    picket_deinit(&client);
    CHECK(script_clean());
}

static void check_stored(const char *wanted)
{
    CHECK_INT(sink.next, LEN);
    CHECK_MEM(sink.stored, wanted, LEN);
    CHECK_INT(sink.writes, (LEN + sink.block_len - 1) / sink.block_len);
}

static const char *sent(unsigned n)
{
    size_t len;
    return script_sent(n, &len);
}

static void check_asks(unsigned n, size_t first, const char *validator)
{
    char line[200];
    if (first == 0) {
        CHECK(strstr(sent(n), "Range:") == NULL);
        return;
    }
    snprintf(line, sizeof line, "\r\nRange: bytes=%zu-\r\nIf-Range: %s\r\n", first, validator);
    if (strstr(sent(n), line) == NULL)
        FAIL("connection %u does not ask from byte %zu on: %s", n, first, sent(n));
}

static void sign(void);
static picket_download_request_t verified(bool digest, bool key);

// --- All goes well

static void blocks_of_every_size(void)
{
    for (size_t block = 1; block <= LEN + 2; block++) {
        setup(block);
        serve_whole(file, LEN, TAG);
        CHECK_INT(run(), 0);
        check_stored(file);
        CHECK_INT(picket_download_length(&download), LEN);
        CHECK_INT(picket_download_attempts(&download), 1);
        CHECK_STR(sink.validator, TAG);
        CHECK(strstr(sent(0), "\r\nAccept-Encoding: identity\r\n") != NULL);
        teardown();
    }
}

static void an_empty_file(void)
{
    setup(4);
    serve("", 0, "HTTP/1.1 200 OK\r\nContent-Length: 0");
    CHECK_INT(run(), 0);
    CHECK_INT(sink.writes, 0);
    teardown();
}

static void a_file_of_unknown_length(void)
{
    for (size_t block = 1; block <= LEN + 1; block++) {
        setup(block);
        serve("17\r\ntwenty-three bytes long\r\n0\r\n\r\n", 34,
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked");
        CHECK_INT(run(), 0);
        check_stored(file);
        teardown();
    }
}

// Where the end of the connection is the end of the file, anybody can make one: without TLS only a digest tells.
static void an_end_that_proves_nothing(void)
{
    for (int cut = 0; cut < 2; cut++)
        for (int what = 0; what < 4; what++) {
            setup(4);
            sign();
            const picket_download_request_t r = verified((what & 1) != 0, (what & 2) != 0);
            serve(file, cut ? 9 : LEN, "HTTP/1.1 200 OK\r\nETag: " TAG);
            const int bad = what == 0         ? PICKET_ERR_HTTP_LENGTH
                            : (what & 1) != 0 ? PICKET_ERR_DIGEST
                                              : PICKET_ERR_SIGNATURE;
            CHECK_INT(run_with(&r), what != 0 && !cut ? 0 : bad);
            teardown();
        }
}

// --- Cuts

static void cut_at_every_byte(void)
{
    for (size_t block = 1; block <= LEN + 1; block++)
        for (size_t cut = 0; cut < LEN; cut++) {
            setup(block);
            serve_whole(file, cut, TAG);
            if (cut == 0)
                serve_whole(file, LEN, TAG);
            else
                serve_part(file, cut, LEN - 1, LEN - cut, TAG);
            CHECK_INT(run(), 0);
            check_stored(file);
            check_asks(1, cut, TAG);
            CHECK_INT(sink.restarts, 0);
            teardown();
        }
}

static void cut_twice_everywhere(void)
{
    for (size_t block = 1; block <= 8; block++)
        for (size_t first = 1; first < LEN; first++)
            for (size_t second = first; second < LEN; second++) {
                setup(block);
                serve_whole(file, first, TAG);
                serve_part(file, first, LEN - 1, second - first, TAG);
                serve_part(file, second, LEN - 1, LEN - second, TAG);
                CHECK_INT(run(), 0);
                check_stored(file);
                check_asks(2, second, TAG);
                teardown();
            }
}

static void a_byte_at_a_time(void)
{
    setup(4);
    serve_whole(file, 1, TAG);
    for (size_t at = 1; at < LEN; at++)
        serve_part(file, at, LEN - 1, 1, TAG);
    picket_download_request_t r = request();
    r.attempts = LEN;
    CHECK_INT(run_with(&r), 0);
    check_stored(file);
    teardown();
    setup(4); // and one attempt fewer
    serve_whole(file, 1, TAG);
    for (size_t at = 1; at < LEN; at++)
        serve_part(file, at, LEN - 1, 1, TAG);
    r = request();
    r.attempts = LEN - 1;
    CHECK_INT(run_with(&r), PICKET_ERR_BODY_CUT);
    CHECK_INT(sink.next, LEN / 4 * 4);
    teardown();
}

// Without a name that can be relied on, from the beginning.
static void cut_without_validator(void)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nETag: v1\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nETag: \"a b\"\r\nContent-Length: 23",
        // A date counts only where there is no tag, and when it is old enough.
        "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Mon, 07 "
        "Nov 1994 08:49:37 "
        "GMT\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:36 "
        "GMT\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 23",
        "HTTP/1.1 200 OK\r\nLast-Modified: Sunday, 06-Nov-94 08:49:37 GMT\r\nDate: Mon, 07 Nov 1994 08:49:37 "
        "GMT\r\nContent-Length: 23",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        for (size_t cut = 1; cut < LEN; cut += 3) {
            setup(4);
            serve(file, cut, "%s", heads[i]);
            serve(file, LEN, "%s", heads[i]);
            CHECK_INT(run(), 0);
            CHECK_MEM(sink.stored, file, LEN);
            CHECK_INT(sink.restarts, cut >= 4 ? 1 : 0);
            check_asks(1, 0, "");
            teardown();
            setup(4);
            sink.allow_restart = false;
            serve(file, 15, "%s", heads[i]);
            CHECK_INT(run(), PICKET_ERR_BODY_CUT);
            teardown();
        }
}

static void resumed_by_date(void)
{
    setup(4);
    serve(file, 9,
          "HTTP/1.1 200 OK\r\nLast-Modified: Mon, 28 Feb 2000 23:59:30 GMT\r\nDate: Tue, 29 Feb 2000 "
          "00:00:30 GMT\r\nContent-Length: "
          "23");
    serve(file + 9, LEN - 9, "HTTP/1.1 206 Part\r\nContent-Range: bytes 9-22/23\r\nContent-Length: 14");
    CHECK_INT(run(), 0);
    check_stored(file);
    check_asks(1, 9, "Mon, 28 Feb 2000 23:59:30 GMT");
    teardown();
}

// The tag of such a file does not fit: no resuming, and no overflow.
static void tags_of_every_length(void)
{
    for (int len = 2; len < PICKET_DOWNLOAD_VALIDATOR + 3; len++) {
        char tag[200];
        snprintf(tag, sizeof tag, "\"%0*d\"", len - 2, 7);
        if (len == 2)
            strcpy(tag, "\"\"");
        const size_t n = strlen(tag);
        setup(4);
        serve_whole(file, 9, tag);
        if (n < PICKET_DOWNLOAD_VALIDATOR)
            serve_part(file, 9, LEN - 1, LEN - 9, tag);
        else
            serve_whole(file, LEN, tag);
        CHECK_INT(run(), 0);
        CHECK_INT(sink.restarts, n < PICKET_DOWNLOAD_VALIDATOR ? 0 : 1);
        teardown();
    }
}

// --- Answers to the second request, when 9 bytes are there

struct second {
    const char *head;
    size_t first; // of what bytes come
    size_t count;
    int result;
    unsigned restarts;
};

static void second(const struct second *s, const char *bytes, size_t block)
{
    setup(block);
    serve_whole(file, 9, TAG);
    serve(bytes + s->first, s->count, "%s", s->head);
    serve_whole(bytes, LEN, OTHER); // if it is asked for anew
    const picket_download_request_t r = request();
    int result = run_with(&r);
    if (result != s->result)
        FAIL("%s: %s, not %s", s->head, picket_error_name(result), picket_error_name(s->result));
    if (result == 0)
        CHECK_MEM(sink.stored, bytes, LEN);
    else
        CHECK(sink.restarts > 0 || sink.next <= 9 || memcmp(sink.stored, bytes, sink.next) == 0);
    CHECK_INT(sink.restarts, block <= 9 ? s->restarts : 0);
    teardown();
}

#define PART "HTTP/1.1 206 Part\r\n"

static void lies_about_ranges(void)
{
    static const struct second all[] = {
        {PART "Content-Range: bytes 8-22/23\r\nContent-Length: 15", 8, 15, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 10-22/23\r\nContent-Length: 13", 10, 13, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 0-22/23\r\nContent-Length: 23", 0, 23, PICKET_ERR_RANGE, 0},
        {PART "Content-Length: 14", 9, 14, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes */23\r\nContent-Length: 14", 9, 14, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 9-22/22\r\nContent-Length: 14", 9, 14, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 9-22/23\r\nContent-Range: bytes 9-22/23\r\nContent-Length: 14", 9, 14,
         PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 9-22/23\r\nContent-Length: 13", 9, 13, PICKET_ERR_RANGE, 0},
        {PART "Content-Range: bytes 9-22/23\r\nContent-Length: 0", 9, 0, PICKET_ERR_RANGE, 0},
        {PART "Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 14", 9, 14, PICKET_ERR_RANGE,
         0},
        {PART "Content-Range: bytes 9-22/23", 9, 14, 0, 0},
        {"HTTP/1.1 416 No\r\nContent-Length: 0", 0, 0, PICKET_ERR_RANGE, 0},
        {"HTTP/1.1 416 No\r\nContent-Range: bytes 9-22/23\r\nContent-Length: 0", 0, 0, PICKET_ERR_RANGE, 0},
        {"HTTP/1.1 404 No\r\nContent-Length: 0", 0, 0, PICKET_ERR_STATUS, 0},
        {"HTTP/1.1 204 No", 0, 0, PICKET_ERR_STATUS, 0},
        {"HTTP/1.1 301 No\r\nLocation: /b\r\nContent-Length: 0", 0, 0, PICKET_ERR_STATUS, 0},
        // All of it again, of the same file: what is there is passed over.
        {"HTTP/1.1 200 OK\r\nETag: " TAG "\r\nContent-Length: 23", 0, 23, 0, 0},
        {"HTTP/1.1 200 OK\r\nETag: " TAG, 0, 23, 0, 0},
    };
    for (size_t block = 1; block <= 10; block++)
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            second(&all[i], file, block);
}

static void the_file_changed(void)
{
    static const struct second all[] = {
        {"HTTP/1.1 200 OK\r\nETag: " OTHER "\r\nContent-Length: 23", 0, 23, 0, 1},
        {"HTTP/1.1 200 OK\r\nContent-Length: 23", 0, 23, 0, 1},
        {"HTTP/1.1 200 OK\r\nETag: W/" TAG "\r\nContent-Length: 23", 0, 23, 0, 1},
        {PART "ETag: " OTHER "\r\nContent-Range: bytes 9-22/23\r\nContent-Length: 14", 9, 14, 0, 1},
        {PART "Content-Range: bytes 9-23/24\r\nContent-Length: 15", 8, 15, 0, 1},
        {PART "Content-Range: bytes 9-30/*\r\nContent-Length: 22", 0, 22, 0, 1},
        {"HTTP/1.1 416 No\r\nContent-Range: bytes */5\r\nContent-Length: 0", 0, 0, 0, 1},
        {"HTTP/1.1 416 No\r\nContent-Range: bytes */9\r\nContent-Length: 0", 0, 0, 0,
         1}, // 23 bytes were promised
        {"HTTP/1.1 416 No\r\nETag: " OTHER "\r\nContent-Range: bytes */9\r\nContent-Length: 0", 0, 0, 0, 1},
    };
    for (size_t block = 1; block <= 10; block++)
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            second(&all[i], other, block);
}

// The same length, and the tag is that of the file before: but for a digest nobody could tell.
static void changed_is_an_error_when_the_sink_says_so(void)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        setup(4);
        sink.allow_restart = false;
        serve_whole(file, 9, TAG);
        serve_whole(other, LEN, OTHER);
        picket_download_request_t r = request();
        if (!refuses)
            r.sink.restart = NULL;
        CHECK_INT(run_with(&r), PICKET_ERR_CHANGED);
        CHECK_INT(sink.next, 8);
        CHECK_MEM(sink.stored, file, 8);
        teardown();
    }
}

static void it_goes_on_changing(void)
{
    setup(4);
    serve_whole(file, 9, TAG);
    for (int i = 0; i < 20; i++) {
        if (i % 2 == 0)
            serve_part(other, 9, LEN - 1, LEN - 9, OTHER);
        else
            serve_whole(file, 9, TAG);
    }
    picket_download_request_t r = request();
    r.attempts = 8;
    CHECK_INT(run_with(&r), PICKET_ERR_CHANGED);
    CHECK_INT(picket_download_attempts(&download), 8);
    teardown();
}

// A server that ends each range early, or sends nothing for ever.
static void ranges_that_end_early(void)
{
    setup(4);
    serve_whole(file, 9, TAG);
    serve_part(file, 9, 11, 3, TAG);
    serve_part(file, 12, LEN - 1, LEN - 12, TAG);
    CHECK_INT(run(), 0);
    check_stored(file);
    teardown();
    setup(4);
    serve_whole(file, 9, TAG);
    for (int i = 0; i < 40; i++)
        serve("0\r\n\r\n", 5, PART "Content-Range: bytes 9-22/23\r\nTransfer-Encoding: chunked");
    CHECK_INT(run(), PICKET_ERR_BODY_CUT);
    CHECK_INT(picket_download_attempts(&download), PICKET_DOWNLOAD_ATTEMPTS);
    CHECK_INT(sink.next, 8);
    teardown();
    setup(4);
    serve_whole(file, 9, TAG);
    serve("f\r\nbytes long, too!\r\n0\r\n\r\n", 25,
          PART "Content-Range: bytes 9-22/23\r\nTransfer-Encoding: chunked");
    CHECK_INT(run(), PICKET_ERR_RANGE);
    CHECK(sink.next <= LEN);
    teardown();
}

// A length that is not said becomes known by asking behind the end.
static void parts_of_an_unknown_whole(void)
{
    setup(4);
    serve("9\r\ntwenty-th\r\n", 14, "HTTP/1.1 200 OK\r\nETag: " TAG "\r\nTransfer-Encoding: chunked");
    serve(file + 9, LEN - 9, PART "Content-Range: bytes 9-22/*\r\nContent-Length: 14");
    serve("", 0, "HTTP/1.1 416 No\r\nContent-Range: bytes */23\r\nContent-Length: 0");
    CHECK_INT(run(), 0);
    check_stored(file);
    CHECK_INT(picket_download_length(&download), LEN);
    teardown();
}

// --- Limits

static void too_large(void)
{
    for (uint64_t max = 1; max <= LEN + 1; max++)
        for (int chunked = 0; chunked < 2; chunked++) {
            setup(4);
            if (chunked)
                serve("17\r\ntwenty-three bytes long\r\n0\r\n\r\n", 34,
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked");
            else
                serve_whole(file, LEN, TAG);
            picket_download_request_t r = request();
            r.size_max = max;
            CHECK_INT(run_with(&r), max < LEN ? PICKET_ERR_TOO_LARGE : 0);
            CHECK(sink.next <= max);
            CHECK(max >= LEN || chunked || sink.next == 0);
            teardown();
        }
}

static void first_answers(void)
{
    static const struct {
        const char *head;
        int result;
        unsigned attempts;
    } all[] = {
        {"HTTP/1.1 404 No\r\nContent-Length: 0", PICKET_ERR_STATUS, 1},
        {"HTTP/1.1 403 No\r\nContent-Length: 0", PICKET_ERR_STATUS, 1},
        {"HTTP/1.1 204 No", PICKET_ERR_STATUS, 1},
        {"HTTP/1.1 206 No\r\nContent-Range: bytes 0-22/23\r\nContent-Length: 0", PICKET_ERR_RANGE, 1},
        {"HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\nContent-Length: 0", PICKET_ERR_RANGE, 1},
        {"HTTP/1.1 503 No\r\nContent-Length: 0", 0, 2},
        {"HTTP/1.1 429 No\r\nContent-Length: 0\r\nRetry-After: 5", 0, 2},
        {"FTP", PICKET_ERR_NOT_HTTP, 1},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        setup(4);
        serve("", 0, "%s", all[i].head);
        serve_whole(file, LEN, TAG);
        int result = run();
        if (result != all[i].result)
            FAIL("%s: %s", all[i].head, picket_error_name(result));
        CHECK_INT(picket_download_attempts(&download), all[i].attempts);
        teardown();
    }
}

static void details_say_why(void)
{
    setup(4);
    serve("", 0, "HTTP/1.1 404 No\r\nContent-Length: 0");
    CHECK_INT(run(), PICKET_ERR_STATUS);
    picket_detail_t detail = picket_download_detail(&download);
    CHECK_INT(detail.error, PICKET_ERR_STATUS);
    CHECK_STR(detail.text, "status 404");
    picket_download_close(&download);
    CHECK_STR(picket_download_detail(&download).text, "status 404");
    teardown();
}

// --- Pauses

static void pauses_grow(void)
{
    setup(4);
    script.four.connect = script.six.connect = PICKET_ERR_REFUSED;
    picket_download_request_t r = request();
    r.attempts = 9;
    r.retry_ms = 100;
    r.retry_max_ms = 1000;
    CHECK_INT(run_with(&r), PICKET_ERR_REFUSED);
    // 100 200 400 800 1000 1000 1000 1000, half of which may be left out.
    CHECK(script.now_ms >= 2750 && script.now_ms <= 5500 + 100);
    CHECK_INT(picket_download_attempts(&download), 9);
    teardown();
}

static void pauses_differ(void)
{
    uint32_t took[4];
    setup(4);
    script.four.connect = script.six.connect = PICKET_ERR_REFUSED;
    for (int i = 0; i < 4; i++) {
        const uint32_t began = script.now_ms;
        picket_download_request_t r = request();
        r.attempts = 6;
        CHECK_INT(run_with(&r), PICKET_ERR_REFUSED);
        picket_download_close(&download);
        took[i] = script.now_ms - began;
    }
    teardown();
    CHECK(took[0] != took[1] || took[0] != took[2] || took[0] != took[3]);
}

static void all_of_it_has_a_deadline(void)
{
    setup(4);
    script.four.connect = script.six.connect = PICKET_ERR_REFUSED;
    picket_download_request_t r = request();
    r.attempts = 1000000;
    r.total_ms = 5000;
    CHECK_INT(run_with(&r), PICKET_ERR_TIMEOUT_TOTAL);
    CHECK(script.now_ms >= 5000 && script.now_ms <= 5010);
    teardown();
    setup(4); // in the middle of an attempt
    serve_whole(file, 9, TAG);
    steps[0][2] = (script_step_t)STEP_END;
    r = request();
    r.total_ms = 5000;
    CHECK_INT(run_with(&r), PICKET_ERR_TIMEOUT_TOTAL);
    CHECK(script.now_ms >= 5000 && script.now_ms <= 5010);
    teardown();
    setup(4); // one attempt's own, which passes
    serve_whole(file, 9, TAG);
    steps[0][2] = (script_step_t)STEP_END;
    serve_part(file, 9, LEN - 1, LEN - 9, TAG);
    r = request();
    r.http.timeouts.total_ms = 3000;
    CHECK_INT(run_with(&r), 0);
    check_stored(file);
    teardown();
}

static void a_server_says_when_to_come_back(void)
{
    setup(4);
    serve("", 0, "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 120");
    serve_whole(file, LEN, TAG);
    CHECK_INT(run(), 0);
    CHECK(script.now_ms >= 120000 && script.now_ms < 122000);
    teardown();
}

// --- The sink

static void a_sink_that_is_busy(void)
{
    setup(4);
    sink.busy = 7;
    serve_whole(file, LEN, TAG);
    CHECK_INT(run(), 0);
    check_stored(file);
    teardown();
}

static void a_sink_that_refuses(void)
{
    for (unsigned at = 1; at <= 6; at++) {
        setup(4);
        sink.fail_at = at;
        serve_whole(file, LEN, TAG);
        CHECK_INT(run(), PICKET_ERR_SINK);
        CHECK_INT(sink.next, 4 * (at - 1));
        CHECK_INT(picket_download_written(&download), 4 * (at - 1));
        teardown();
    }
}

// --- Digest and signature

static uint8_t sha256[32], public_key[65], signature[80];
static size_t signature_len;

static size_t put_number(uint8_t *der, const uint8_t *number)
{
    size_t skip = 0;
    while (skip < 31 && number[skip] == 0)
        skip++;
    size_t pad = number[skip] >= 0x80 ? 1 : 0, len = 32 - skip;
    der[0] = 2;
    der[1] = (uint8_t)(len + pad);
    der[2] = 0;
    memcpy(der + 2 + pad, number + skip, len);
    return 2 + pad + len;
}

// Sign v1, with a new key; the client runs, and with it PSA.
static void sign(void)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t key;
    uint8_t pair[64];
    size_t len;

    CHECK_INT(psa_hash_compute(PSA_ALG_SHA_256, (const uint8_t *)file, LEN, sha256, 32, &len), PSA_SUCCESS);
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_SHA_256));
    CHECK_INT(psa_generate_key(&attributes, &key), PSA_SUCCESS);
    CHECK_INT(psa_export_public_key(key, public_key, sizeof public_key, &len), PSA_SUCCESS);
    CHECK_INT(psa_sign_hash(key, PSA_ALG_ECDSA(PSA_ALG_SHA_256), sha256, 32, pair, sizeof pair, &len),
              PSA_SUCCESS);
    psa_destroy_key(key);
    size_t n = put_number(signature + 2, pair);
    n += put_number(signature + 2 + n, pair + 32);
    signature[0] = 0x30;
    signature[1] = (uint8_t)n;
    signature_len = n + 2;
}

static picket_download_request_t verified(bool digest, bool key)
{
    picket_download_request_t r = request();
    r.sha256 = digest ? sha256 : NULL;
    if (key) {
        r.public_key = public_key;
        r.public_key_len = sizeof public_key;
        r.signature = signature;
        r.signature_len = signature_len;
    }
    return r;
}

static void the_right_file(void)
{
    for (int what = 1; what < 4; what++)
        for (size_t cut = 0; cut <= LEN; cut++) {
            setup(5);
            sign();
            const picket_download_request_t r = verified((what & 1) != 0, (what & 2) != 0);
            serve_whole(file, cut, TAG);
            if (cut > 0)
                serve_part(file, cut, LEN - 1, LEN - cut, TAG);
            else
                serve_whole(file, LEN, TAG);
            CHECK_INT(run_with(&r), 0);
            check_stored(file);
            teardown();
        }
}

static void every_bit_of_the_file(void)
{
    for (size_t bit = 0; bit < 8 * LEN; bit++)
        for (int what = 1; what < 4; what++) {
            char bad[LEN];
            setup(5);
            sign();
            memcpy(bad, file, LEN);
            bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
            const picket_download_request_t r = verified((what & 1) != 0, (what & 2) != 0);
            serve_whole(bad, 9, TAG);
            serve_part(bad, 9, LEN - 1, LEN - 9, TAG);
            CHECK_INT(run_with(&r), (what & 1) != 0 ? PICKET_ERR_DIGEST : PICKET_ERR_SIGNATURE);
            teardown();
        }
}

static void every_bit_of_the_signature(void)
{
    setup(5);
    sign();
    teardown();
    uint8_t good[sizeof signature];
    memcpy(good, signature, sizeof good);
    const size_t len = signature_len;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        setup(5);
        memcpy(signature, good, sizeof good);
        signature[bit / 8] = (uint8_t)(signature[bit / 8] ^ (1 << bit % 8));
        serve_whole(file, LEN, TAG);
        const picket_download_request_t r = verified(true, true);
        CHECK_INT(run_with(&r), PICKET_ERR_SIGNATURE);
        teardown();
    }
    memcpy(signature, good, sizeof good);
    for (size_t n = 0; n < len + 3; n++) {
        setup(5);
        signature_len = n;
        serve_whole(file, LEN, TAG);
        const picket_download_request_t r = verified(true, true);
        CHECK_INT(run_with(&r), n == len ? 0 : PICKET_ERR_SIGNATURE);
        teardown();
    }
    signature_len = len;
}

static void other_keys(void)
{
    uint8_t mine[65];
    setup(5);
    sign();
    memcpy(mine, public_key, sizeof mine);
    sign(); // with another one
    memcpy(public_key, mine, sizeof mine);
    serve_whole(file, LEN, TAG);
    picket_download_request_t r = verified(true, true);
    CHECK_INT(run_with(&r), PICKET_ERR_SIGNATURE);
    teardown();
    setup(5);
    sign();
    public_key[64] ^= 1; // no point of the curve
    serve_whole(file, LEN, TAG);
    r = verified(true, true);
    CHECK_INT(run_with(&r), PICKET_ERR_ARG);
    teardown();
    for (size_t len = 0; len < 100; len++) {
        setup(5);
        sign();
        uint8_t *copy = calloc(1, len + 1);
        memcpy(copy, public_key, len < 65 ? len : 65);
        r = verified(true, true);
        r.public_key = copy;
        r.public_key_len = len;
        CHECK_INT(picket_download_start(&download, &client, &r), len == 65 ? 0 : PICKET_ERR_ARG);
        teardown();
        free(copy);
    }
}

// --- A device that was restarted

static void restarted_at_every_block(void)
{
    for (size_t block = 1; block <= 12; block++)
        for (size_t offset = block; offset < LEN; offset += block)
            for (int what = 0; what < 4; what++) {
                setup(block);
                sign();
                memcpy(sink.stored, file, offset);
                sink.next = offset;
                picket_download_request_t r = verified((what & 1) != 0, (what & 2) != 0);
                r.offset = offset;
                r.validator = TAG;
                serve_part(file, offset, LEN - 1, LEN - offset, TAG);
                CHECK_INT(run_with(&r), 0);
                CHECK_INT(sink.next, LEN);
                CHECK_MEM(sink.stored, file, LEN);
                CHECK_INT(sink.reads, what != 0 ? offset / block : 0);
                check_asks(0, offset, TAG);
                teardown();
            }
}

static void restarted_when_all_was_there(void)
{
    setup(23);
    sign();
    memcpy(sink.stored, file, LEN);
    sink.next = LEN;
    picket_download_request_t r = verified(true, true);
    r.offset = LEN;
    r.validator = TAG;
    serve("", 0, "HTTP/1.1 416 No\r\nContent-Range: bytes */23\r\nContent-Length: 0");
    CHECK_INT(run_with(&r), 0);
    CHECK_INT(sink.writes, 0);
    teardown();
}

// What is stored is not what was written: the digest is of what is there.
static void restarted_with_damage(void)
{
    setup(4);
    sign();
    memcpy(sink.stored, file, 8);
    sink.stored[5] ^= 1;
    sink.next = 8;
    picket_download_request_t r = verified(true, false);
    r.offset = 8;
    r.validator = TAG;
    serve_part(file, 8, LEN - 1, LEN - 8, TAG);
    CHECK_INT(run_with(&r), PICKET_ERR_DIGEST);
    teardown();
}

static void restarted_after_a_change(void)
{
    for (int allow = 0; allow < 2; allow++) {
        setup(4);
        sign();
        memcpy(sink.stored, other, 8);
        sink.next = 8;
        sink.allow_restart = allow;
        picket_download_request_t r = verified(true, true);
        r.offset = 8;
        r.validator = OTHER;
        serve_whole(file, LEN, TAG);
        CHECK_INT(run_with(&r), allow ? 0 : PICKET_ERR_CHANGED);
        CHECK(!allow || memcmp(sink.stored, file, LEN) == 0);
        teardown();
    }
}

// --- Arguments

static int start(const picket_download_request_t *r)
{
    download = (picket_download_t){0};
    int error = picket_download_start(&download, &client, r);
    CHECK_INT(picket_download_poll(&download), error);
    CHECK(error != PICKET_ERR_ARG || picket_download_detail(&download).text[0] != '\0');
    picket_download_close(&download);
    return error;
}

static void what_is_refused(void)
{
    static const picket_header_t range[] = {{"RANGE", "bytes=1-"}}, if_range[] = {{"if-range", "x"}};
    setup(4);
    sign();
#define REFUSED(error, ...)                                   \
    do {                                                      \
        picket_download_request_t r = verified(false, false); \
        __VA_ARGS__;                                          \
        CHECK_INT(start(&r), error);                          \
    } while (0)
    REFUSED(PICKET_ERR_ARG, r.http.url = NULL);
    REFUSED(PICKET_ERR_ARG, r.http.method = "POST");
    REFUSED(PICKET_ERR_ARG, r.http.body = "x");
    REFUSED(PICKET_ERR_ARG, r.http.body_len = 1);
    REFUSED(PICKET_ERR_ARG, r.http.header_count = 1);
    REFUSED(PICKET_ERR_ARG, (r.http.headers = range, r.http.header_count = PICKET_DOWNLOAD_HEADERS + 1));
    REFUSED(PICKET_ERR_HEADER, (r.http.headers = range, r.http.header_count = 1));
    REFUSED(PICKET_ERR_HEADER, (r.http.headers = if_range, r.http.header_count = 1));
    REFUSED(PICKET_ERR_URL, r.http.url = "http://");
    REFUSED(PICKET_ERR_ARG, r.sink.write = NULL);
    REFUSED(PICKET_ERR_ARG, r.sink.block = NULL);
    REFUSED(PICKET_ERR_ARG, r.sink.block_len = 0);
    REFUSED(PICKET_ERR_ARG, r.size_max = 0);
    REFUSED(PICKET_ERR_ARG, r.size_max = UINT64_MAX);
    REFUSED(PICKET_ERR_ARG, r.total_ms = 0x80000000);
    REFUSED(PICKET_ERR_ARG, r.retry_ms = 0x80000000);
    REFUSED(PICKET_ERR_ARG, r.signature = signature);
    REFUSED(PICKET_ERR_ARG, (r.public_key = public_key, r.public_key_len = 65));
    REFUSED(PICKET_ERR_ARG, (r.offset = 4));
    REFUSED(PICKET_ERR_ARG, (r.offset = 4, r.validator = "W/\"x\""));
    REFUSED(PICKET_ERR_ARG, (r.offset = 4, r.validator = ""));
    REFUSED(PICKET_ERR_ARG, (r.offset = 4, r.validator = "\"a\r\nX: y\""));
    REFUSED(PICKET_ERR_ARG, (r.offset = 5, r.validator = TAG));
    REFUSED(PICKET_ERR_ARG, (r.offset = 104, r.validator = TAG));
    REFUSED(PICKET_ERR_ARG, (r.offset = 4, r.validator = TAG, r.sha256 = sha256, r.sink.read = NULL));
    CHECK_INT(picket_download_start(&download, &client, NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_download_start(NULL, &client, NULL), PICKET_ERR_ARG);
    teardown();
}

static void dates(void)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "Sun, 06 Nov 1994 08:49:37 GM",
                                      "Sun, 06 Nov 1994 08:49:37 GMTx",
                                      "Sun, 06 Nox 1994 08:49:37 GMT",
                                      "Sun, 32 Nov 1994 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun  06 Nov 1994 08:49:37 GMT",
                                      "\"",
                                      "\"a\"b\"",
                                      "W/\"a\"",
                                      "\"a\x7f\"",
                                      "\"a\tb\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (validator_is_strong(bad[i]))
            FAIL("strong: %s", bad[i]);
    CHECK(validator_is_strong("Sun, 06 Nov 1994 08:49:37 GMT"));
    CHECK(validator_is_strong("\"\""));
    CHECK(validator_is_strong("\"\xc3\xa4!\""));
}

static void handles(void)
{
    static picket_download_t none;
    picket_download_close(&none);
    picket_download_close(NULL);
    CHECK_INT(picket_download_poll(&none), PICKET_ERR_CLOSED);
    CHECK_INT(picket_download_length(&none), -1);
    setup(4);
    serve_whole(file, 9, TAG);
    picket_download_request_t r = request();
    CHECK_INT(picket_download_start(&download, &client, &r), 0);
    picket_deinit(&client); // under its feet
    CHECK_INT(picket_download_blocking(&download), PICKET_ERR_CLOSED);
    picket_download_close(&download);
    CHECK_INT(picket_download_start(&download, &client, &r), PICKET_ERR_CLOSED);
    CHECK(script_clean());
    setup(4); // closed after every number of steps
    for (int n = 0; n < 60; n++) {
        teardown();
        setup(4);
        serve_whole(file, 9, TAG);
        serve_part(file, 9, LEN - 1, LEN - 9, TAG);
        r = request();
        CHECK_INT(picket_download_start(&download, &client, &r), 0);
        for (int i = 0; i < n; i++) {
            (void)picket_download_poll(&download);
            script_sleep(picket_poll(&client));
        }
    }
    teardown();
}

// --- Servers that do what comes to their mind

static uint32_t chance;

static uint32_t below(uint32_t n)
{
    chance = chance * 1664525u + 1013904223u;
    return (chance >> 8) % n;
}

static bool
    lies; // else they only change the file, forget tags and ranges, send less than was asked for, and are cut anywhere
static bool answered[SCRIPT_HANDLES];

static const char *const versions[] = {file, other};
static const char *const tags[] = {TAG, OTHER};

static unsigned pick(unsigned truth)
{
    return lies && below(4) == 0 ? below(2) : truth;
}

// What stands in the answer of connection n: head with the empty line, and of `count` bytes a part.
static void put(unsigned n, const char *bytes, size_t count, const char *head)
{
    const size_t at = strlen(head), len = below(2) == 0 ? count : below((uint32_t)count + 1);
    memcpy(answers[n], head, at);
    memcpy(answers[n] + at, bytes, len);
    steps[n][2] = (script_step_t)STEP_BYTES(answers[n], at + len);
}

static void answer_part(unsigned n, unsigned version, size_t first)
{
    char head[200];
    const size_t from = lies && below(4) == 0 ? below(LEN) : first;
    const size_t last = below(3) == 0 ? from + below((uint32_t)(LEN - from)) : LEN - 1;
    const size_t length = last - from + 1, total = lies && below(6) == 0 ? last + 1 + below(3) : LEN;
    snprintf(head, sizeof head,
             PART "%s%s\r\nContent-Range: bytes %zu-%zu/%zu\r\nContent-Length: %zu\r\n\r\n",
             below(8) != 0 ? "ETag: " : "X: ", tags[pick(version)], from, last, total,
             lies && below(6) == 0 ? below(LEN) : length);
    put(n, versions[pick(version)] + from, length, head);
}

static void answer_all(unsigned n, unsigned version)
{
    char head[200];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n%s%s\r\nContent-Length: %d\r\n\r\n",
             below(8) != 0 ? "ETag: " : "X: ", tags[pick(version)], LEN);
    put(n, versions[version], LEN, head);
}

static void answer(unsigned n, const char *head)
{
    const char *range = strstr(head, "\r\nRange: bytes="), *if_range = strstr(head, "\r\nIf-Range: ");
    const unsigned version = below(6) == 0;
    const size_t first = range != NULL ? strtoul(range + 15, NULL, 10) : 0;
    const bool same = if_range != NULL && strncmp(if_range + 12, tags[version], strlen(tags[version])) == 0;
    if (range == NULL || below(8) == 0 || (!same && (!lies || below(2) == 0)))
        answer_all(n, version);
    else if (first < LEN)
        answer_part(n, version, first);
    else
        put(n, "", 0, "HTTP/1.1 416 No\r\nContent-Length: 0\r\nContent-Range: bytes */23\r\n\r\n");
}

// The script's peers are told what to send when their request is in: they sleep for a millisecond then.
static uint32_t answering_poll(void *ctx)
{
    const uint32_t ms = script_port()->poll(ctx);
    for (unsigned n = 0; n < script.opened && n < SCRIPT_HANDLES; n++)
        if (!answered[n] && strstr(sent(n), "\r\n\r\n") != NULL) {
            answered[n] = true;
            answer(n, sent(n));
        }
    return ms;
}

static int random_download(uint32_t seed)
{
    static picket_port_t port;
    setup(1 + seed % 7);
    picket_deinit(&client);
    port = *script_port();
    port.poll = answering_poll;
    const picket_config_t config = {
        .arena = arena, .arena_len = sizeof arena, .port = &port, .user_agent = "test"};
    CHECK_INT(picket_init(&client, &config), 0);
    memset(answered, 0, sizeof answered);
    for (unsigned n = 0; n < SCRIPT_HANDLES; n++) {
        steps[n][0] = (script_step_t)STEP_HEAD;
        steps[n][1] = (script_step_t)STEP_SLEEP(1);
        steps[n][2] = steps[n][3] = (script_step_t)STEP_FIN;
        steps[n][4] = (script_step_t)STEP_END;
        script.peers[n] = steps[n];
    }
    sign();
    chance = seed;
    picket_download_request_t r = verified(lies, false);
    r.attempts = 12;
    return run_with(&r);
}

static void random_servers(void)
{
    unsigned worked = 0, restarts = 0;
    for (uint32_t seed = 1; seed <= 2000; seed++) {
        const int result = random_download(seed);
        const bool first = memcmp(sink.stored, file, LEN) == 0, second = memcmp(sink.stored, other, LEN) == 0;
        if (result == 0 && (sink.next != LEN || !(first || (second && !lies))))
            FAIL("seed %u: the file is another one: %.23s", (unsigned)seed, sink.stored);
        if (!lies && result != 0 && result != PICKET_ERR_BODY_CUT && result != PICKET_ERR_CHANGED)
            FAIL("seed %u: %s", (unsigned)seed, picket_error_name(result));
        worked += result == 0;
        restarts += sink.restarts;
        teardown();
    }
    fprintf(stderr, "# %u of 2000 worked, %u restarts\n", worked, restarts);
    CHECK(worked > (lies ? 200 : 1900) && restarts > 200);
}

static void honest_servers(void)
{
    lies = false;
    random_servers();
}

static void liars(void)
{
    lies = true;
    random_servers();
}

// Each allocation fails once: the error says memory, or it goes well.
static void without_the_nth_allocation(void)
{
    bool reached = true;
    for (unsigned n = 1; reached && n < 500; n++) {
        setup(5);
        sign();
        const picket_download_request_t r = verified(true, true);
        serve_whole(file, 9, TAG);
        serve_part(file, 9, LEN - 1, LEN - 9, TAG);
        const uint32_t failures = arena_failures();
        arena_fail_at(n);
        int result = run_with(&r);
        reached = arena_failures() != failures;
        arena_fail_at(0);
        CHECK(reached ? result == PICKET_ERR_NO_MEMORY || result == 0 : result == 0);
        if (result == 0)
            check_stored(file);
        teardown();
    }
    CHECK(!reached);
}

int main(void)
{
    RUN(blocks_of_every_size);
    RUN(an_empty_file);
    RUN(a_file_of_unknown_length);
    RUN(an_end_that_proves_nothing);
    RUN(cut_at_every_byte);
    RUN(cut_twice_everywhere);
    RUN(a_byte_at_a_time);
    RUN(cut_without_validator);
    RUN(resumed_by_date);
    RUN(tags_of_every_length);
    RUN(lies_about_ranges);
    RUN(the_file_changed);
    RUN(changed_is_an_error_when_the_sink_says_so);
    RUN(it_goes_on_changing);
    RUN(ranges_that_end_early);
    RUN(parts_of_an_unknown_whole);
    RUN(too_large);
    RUN(first_answers);
    RUN(details_say_why);
    RUN(pauses_grow);
    RUN(pauses_differ);
    RUN(all_of_it_has_a_deadline);
    RUN(a_server_says_when_to_come_back);
    RUN(a_sink_that_is_busy);
    RUN(a_sink_that_refuses);
    RUN(the_right_file);
    RUN(every_bit_of_the_file);
    RUN(every_bit_of_the_signature);
    RUN(other_keys);
    RUN(restarted_at_every_block);
    RUN(restarted_when_all_was_there);
    RUN(restarted_with_damage);
    RUN(restarted_after_a_change);
    RUN(what_is_refused);
    RUN(dates);
    RUN(handles);
    RUN(honest_servers);
    RUN(liars);
    RUN(without_the_nth_allocation);
    return check_done();
}
