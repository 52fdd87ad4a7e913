// Content-Range: what is a range, and what only looks like one.
#include "check.h"
#include "content_range.h"
#include "script_port.h"

static content_range_t range;

static void parses(const char *text, int64_t first, int64_t last, int64_t complete)
{
    if (!content_range_parse(text, &range))
        FAIL("refused: %s", text);
    CHECK_INT(range.first, first);
    CHECK_INT(range.last, last);
    CHECK_INT(range.complete, complete);
}

static void ranges(void)
{
    parses("bytes 0-0/1", 0, 0, 1);
    parses("bytes 5-9/10", 5, 9, 10);
    parses("BYTES 5-9/*", 5, 9, -1);
    parses("bytes */10", -1, -1, 10);
    parses("bytes */0", -1, -1, 0);
    parses("bytes 007-010/0011", 7, 10, 11);
    parses("bytes 9223372036854775805-9223372036854775805/9223372036854775806", INT64_MAX - 2, INT64_MAX - 2,
           INT64_MAX - 1);
}

static void no_ranges(void)
{
    static const char *const texts[] = {
        "",
        "bytes",
        "bytes ",
        "byte 0-0/1",
        "bytes0-0/1",
        "bytes=0-0/1",
        "bytes  0-0/1",
        "bytes 0-0/1 ",
        "bytes 0-0/1,2-3/4",
        "bytes 0-0",
        "bytes 0-0/",
        "bytes 0/1",
        "bytes -0/1",
        "bytes 0-/1",
        "bytes 1-0/2",
        "bytes 0-1/1",
        "bytes 0-0/0",
        "bytes */*",
        "bytes */",
        "bytes *-*/1",
        "bytes +0-0/1",
        "bytes 0x0-0/1",
        "bytes 0-9223372036854775807/*",
        "bytes 0-1/9223372036854775807",
        "bytes 18446744073709551616-18446744073709551617/*",
        "bytes 0-0/1x",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (content_range_parse(texts[i], &range))
            FAIL("taken: %s", texts[i]);
}

// A range may end anywhere: every beginning of one is refused.
static void beginnings(void)
{
    static const char text[] = "bytes 5-9/10";
    char part[sizeof text];

    for (size_t len = 0; len + 1 < sizeof text - 1; len++) {
        memcpy(part, text, len);
        part[len] = '\0';
        CHECK(!content_range_parse(part, &range));
    }
    CHECK(!content_range_parse("bytes 5-9/1", &range)); // and this one contradicts itself
}

#define ANSWER "HTTP/1.1 206 Part\r\nContent-Length: 0\r\n"

// A response has one, or it has none.
static void of_a_response(void)
{
    static const script_step_t one[] = {STEP_HEAD, STEP_SEND(ANSWER "content-range: bytes 5-9/10\r\n\r\n"),
                                        STEP_END};
    static const script_step_t none[] = {STEP_HEAD, STEP_SEND(ANSWER "\r\n"), STEP_END};
    static const script_step_t two[] = {
        STEP_HEAD, STEP_SEND(ANSWER "Content-Range: bytes 5-9/10\r\nContent-Range: bytes 5-9/10\r\n\r\n"),
        STEP_END};
    static const script_step_t *const peers[] = {one, none, two};
    static uint8_t arena[PICKET_STACK_SIZE + 64 * 1024];
    static picket_t client;

    for (int i = 0; i < 3; i++) {
        picket_http_t http = {0};
        char byte;

        script_reset();
        script.peer = peers[i];
        picket_init(&client,
                    &(picket_config_t){.arena = arena, .arena_len = sizeof arena, .port = script_port()});
        picket_http_start(&http, &client, &(picket_request_t){.url = "http://h.test/"});
        CHECK(!content_range_of(&http, &range)); // no answer yet
        CHECK_INT(picket_http_read_blocking(&http, &byte, 1), 0);
        CHECK(content_range_of(&http, &range) == (peers[i] == one));
        CHECK(peers[i] != one || (range.first == 5 && range.last == 9 && range.complete == 10));
        picket_http_close(&http);
        picket_deinit(&client);
    }
    CHECK(script_clean());
}

int main(void)
{
    RUN(ranges);
    RUN(no_ranges);
    RUN(beginnings);
    RUN(of_a_response);
    return check_done();
}
