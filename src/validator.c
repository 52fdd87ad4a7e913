// validator.c: see validator.h.
#include "validator.h"

#include <stdint.h>
#include <string.h>

#include "http1_text.h"

// --- ETag (RFC 9110 section 8.8.3)

static bool is_strong_tag(const char *text)
{
    size_t len = strlen(text);
    if (len < 2 || text[0] != '"' || text[len - 1] != '"')
        return false;
    for (size_t i = 1; i + 1 < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c <= ' ' || c == '"' || c == 0x7f)
            return false;
    }
    return true;
}

// --- Dates (RFC 9110 section 5.6.7: IMF-fixdate, the form that all are to send)

static int two_digits(const char *text)
{
    if (!http1_is_digit(text[0]) || !http1_is_digit(text[1]))
        return -1;
    return (text[0] - '0') * 10 + (text[1] - '0');
}

// 1 to 12, or 0.
static int month_of(const char *text)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++)
        if (memcmp(names + 3 * i, text, 3) == 0)
            return i + 1;
    return 0;
}

// Days since 1 March of the year 0, in the Gregorian calendar: the leap day is the last of a year.
static int32_t days_of(int year, int month, int day)
{
    const int from_march = (month + 9) % 12;
    const int y = year - (month < 3 ? 1 : 0);
    return 365 * y + y / 4 - y / 100 + y / 400 + (from_march * 306 + 5) / 10 + day - 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT"
static bool has_form(const char *text)
{
    static const char form[] = "???, 00 ??? 0000 00:00:00 GMT";
    if (strlen(text) != sizeof form - 1)
        return false;
    for (size_t i = 0; i + 1 < sizeof form; i++) {
        const bool fits = form[i] == '0'   ? http1_is_digit(text[i])
                          : form[i] == '?' ? http1_is_token(text[i])
                                           : text[i] == form[i];
        if (!fits)
            return false;
    }
    return true;
}

// Seconds since some day. False: not a date.
static bool parse_date(const char *text, int64_t *seconds)
{
    if (!has_form(text))
        return false;
    const int day = two_digits(text + 5), month = month_of(text + 8);
    const int year = two_digits(text + 12) * 100 + two_digits(text + 14);
    const int hour = two_digits(text + 17), minute = two_digits(text + 20), second = two_digits(text + 23);
    if (month == 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || year < 1)
        return false;
    *seconds = (int64_t)days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

// RFC 9110 section 8.8.2.2 lets a date count when the Date of the answer is enough later that the file cannot have changed
// twice in that second, whoever's clocks they are; a minute was RFC 7232's measure.
#define ENOUGH 60

static bool is_strong_date(const char *modified, const char *date)
{
    int64_t then, now;
    return date != NULL && parse_date(modified, &then) && parse_date(date, &now) && now - then >= ENOUGH;
}

// ---

bool validator_is_strong(const char *text)
{
    int64_t seconds;
    return is_strong_tag(text) || parse_date(text, &seconds);
}

void validator_of(const picket_http_t *http, char *text, size_t cap)
{
    const char *tag = picket_http_header(http, "ETag");
    const char *modified = picket_http_header(http, "Last-Modified");
    const char *found = NULL;
    if (tag != NULL && is_strong_tag(tag))
        found = tag;
    else if (tag == NULL && modified != NULL && is_strong_date(modified, picket_http_header(http, "Date")))
        found = modified; // section 13.1.5: only where there is no tag
    text[0] = '\0';
    if (found != NULL && strlen(found) < cap)
        memcpy(text, found, strlen(found) + 1);
}

static const char *same_kind(const picket_http_t *http, const char *text)
{
    return picket_http_header(http, text[0] == '"' ? "ETag" : "Last-Modified");
}

bool validator_agrees(const picket_http_t *http, const char *text)
{
    const char *now = same_kind(http, text);
    return text[0] != '\0' && now != NULL && strcmp(now, text) == 0;
}

bool validator_contradicts(const picket_http_t *http, const char *text)
{
    const char *now = same_kind(http, text);
    return text[0] != '\0' && now != NULL && strcmp(now, text) != 0;
}
