// Short texts: numbers and quotes as they should be, and never a byte behind the buffer.
#include "text.h"

#include <stdlib.h>

#include "check.h"

#define CAP 400

static char buf[CAP];

static void starts_empty(void)
{
    memset(buf, 'x', sizeof buf);
    text_t t = text_in(buf, sizeof buf);
    CHECK_STR(buf, "");
    CHECK_INT(t.len, 0);
}

static void joins_strings(void)
{
    text_t t = text_in(buf, sizeof buf);
    text_str(&t, "a");
    text_str(&t, "");
    text_str(&t, "bc");
    CHECK_STR(buf, "abc");
    CHECK_INT(t.len, 3);
}

// --- Numbers

static const struct {
    int64_t n;
    const char *text;
} numbers[] = {
    {0, "0"},
    {7, "7"},
    {10, "10"},
    {-1, "-1"},
    {1234567890, "1234567890"},
    {INT32_MIN, "-2147483648"},
    {INT64_MAX, "9223372036854775807"},
    {INT64_MIN, "-9223372036854775808"},
};

static void writes_numbers(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        text_t t = text_in(buf, sizeof buf);
        text_num(&t, numbers[i].n);
        CHECK_STR(buf, numbers[i].text);
    }
}

static void writes_hex(void)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xab, 0xff};
    text_t t = text_in(buf, sizeof buf);
    text_hex(&t, bytes, sizeof bytes);
    text_hex(&t, bytes, 0);
    CHECK_STR(buf, "000ff0abff");
}

// --- What came from outside

static const struct {
    const char *bytes;
    size_t len, max;
    const char *text;
} quotes[] = {
    {"abc", 3, 10, "'abc'"},
    {"abc", 3, 3, "'abc'"},
    {"abcd", 4, 3, "'abc...'"},
    {"abc", 3, 0, "'...'"},
    {"", 0, 10, "''"},
    {"", 0, 0, "''"},
    {"a\0b\r\n\x1b\x7f\x80\xff", 9, 20,
     "'a?b?"
     "?"
     "?"
     "?"
     "?"
     "?'"},
    {" ~'", 3, 20, "' ~''"},
};

static void quotes_only_what_can_be_printed(void)
{
    for (size_t i = 0; i < sizeof quotes / sizeof quotes[0]; i++) {
        text_t t = text_in(buf, sizeof buf);
        text_quote(&t, quotes[i].bytes, quotes[i].len, quotes[i].max);
        CHECK_STR(buf, quotes[i].text);
    }
}

static void quotes_no_control_character_whatever_comes(void)
{
    for (int c = 0; c < 256; c++) {
        text_t t = text_in(buf, sizeof buf);
        text_quote(&t, &(uint8_t){(uint8_t)c}, 1, 1);
        CHECK_INT(t.len, 3);
        CHECK(buf[1] >= 0x20 && buf[1] <= 0x7e);
        CHECK_INT((uint8_t)buf[1], c >= 0x20 && c <= 0x7e ? c : '?');
    }
}

// --- Full

static void write_all(text_t *t)
{
    text_str(t, "number ");
    text_num(t, INT64_MIN);
    text_hex(t, (const uint8_t *)"\x12\x34", 2);
    text_quote(t, "some bytes", 10, 4);
    text_str(t, "end");
}

// Whatever the size, it is the beginning of the whole, ended by NUL; the buffer is a block of its own, so
// that the sanitizer sees one byte too many.
static void cuts_off_what_does_not_fit(void)
{
    char whole[CAP];
    text_t t = text_in(whole, sizeof whole);
    write_all(&t);
    REQUIRE_STR(whole, "number -92233720368547758081234'some...'end");
    for (size_t cap = 1; cap <= t.len + 2; cap++) {
        char *small = malloc(cap);
        REQUIRE(small != NULL);
        text_t cut = text_in(small, cap);
        write_all(&cut);
        size_t len = cap - 1 < t.len ? cap - 1 : t.len;
        CHECK_INT(strlen(small), len);
        CHECK_INT(cut.len, len);
        CHECK_MEM(small, whole, len);
        free(small);
    }
}

int main(void)
{
    RUN(starts_empty);
    RUN(joins_strings);
    RUN(writes_numbers);
    RUN(writes_hex);
    RUN(quotes_only_what_can_be_printed);
    RUN(quotes_no_control_character_whatever_comes);
    RUN(cuts_off_what_does_not_fit);
    return check_done();
}
