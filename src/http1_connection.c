// http1_connection.c: what a response says about its connection (RFC 9112 section 9).
#include <string.h>

#include "http1.h"
#include "http1_text.h"

// The text from *at to the next comma, without the blanks around it. False at the end.
static bool next_item(const char **at, const char **item, size_t *len)
{
    const char *end;

    while (http1_is_blank(**at) || **at == ',')
        ++*at;
    if (**at == '\0')
        return false;
    *item = *at;
    for (end = *at; **at != '\0' && **at != ','; ++*at)
        if (!http1_is_blank(**at))
            end = *at + 1;
    *len = (size_t)(end - *item);
    return true;
}

static bool is_word(const char *item, size_t len, const char *word)
{
    for (size_t i = 0; i < len; i++)
        if (word[i] == '\0' || http1_lower(item[i]) != word[i])
            return false;
    return word[len] == '\0';
}

// The value of NAME=NUMBER, quoted or not; false for anything else. A large one is as good as a larger one.
static bool read_number(const char *item, size_t len, const char *name, uint32_t *number)
{
    const size_t name_len = strlen(name);
    uint32_t n = 0;
    size_t at = name_len + 1;

    if (len <= at || item[name_len] != '=' || !is_word(item, name_len, name))
        return false;
    if (len > at + 2 && item[at] == '"' && item[len - 1] == '"') {
        at++;
        len--;
    }
    for (; at < len; at++) {
        if (!http1_is_digit(item[at]))
            return false;
        n = n < 1000000 ? n * 10 + (uint32_t)(item[at] - '0') : n;
    }
    *number = n;
    return true;
}

// Some count the requests that are left, and give a time: the server's clock began earlier than ours.
static void read_hint(const char *value, uint32_t *ms)
{
    const char *item;
    size_t len;
    uint32_t n;

    while (next_item(&value, &item, &len)) {
        if (read_number(item, len, "timeout", &n)) {
            const uint32_t hint = n > 86400 ? 86400000 : n > 0 ? n * 1000 - 500 : 0;
            *ms = hint < *ms ? hint : *ms;
        }
        if (read_number(item, len, "max", &n) && n == 0)
            *ms = 0;
    }
}

uint32_t http1_keeps_open(const http1_response_t *r)
{
    const char *name;
    const char *value;
    const char *item;
    size_t len;
    bool open = http1_version_minor(r) > 0;
    bool closes = !http1_complete(r) || http1_until_close(r);
    uint32_t ms = UINT32_MAX;

    for (unsigned i = 0; http1_header_at(r, i, &name, &value); i++) {
        if (http1_same_name(name, "Keep-Alive"))
            read_hint(value, &ms);
        if (!http1_same_name(name, "Connection"))
            continue;
        while (next_item(&value, &item, &len)) {
            closes = closes || is_word(item, len, "close");
            open = open || is_word(item, len, "keep-alive");
        }
    }
    return open && !closes ? ms : 0;
}
