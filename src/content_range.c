// content_range.c: see content_range.h.
#include "content_range.h"

#include "http1_text.h"

// At least one digit; at most INT64_MAX - 1, so that what follows the last byte is a number too.
static bool take_number(const char **text, int64_t *number)
{
    const char *c = *text;
    int64_t n = 0;
    for (; http1_is_digit(*c); c++) {
        const int digit = *c - '0';
        if (n > (INT64_MAX - 1 - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    const bool some = c != *text;
    *text = c;
    *number = n;
    return some;
}

static bool take(const char **text, char wanted)
{
    if (**text != wanted)
        return false;
    ++*text;
    return true;
}

static bool take_part(const char **text, content_range_t *range)
{
    if (take(text, '*'))
        return true;
    return take_number(text, &range->first) && take(text, '-') && take_number(text, &range->last) &&
           range->first <= range->last;
}

static bool take_unit(const char **text)
{
    for (const char *unit = "bytes"; *unit != '\0'; unit++, ++*text)
        if (http1_lower(**text) != *unit)
            return false;
    return take(text, ' ');
}

bool content_range_parse(const char *text, content_range_t *range)
{
    *range = (content_range_t){-1, -1, -1};
    if (!take_unit(&text) || !take_part(&text, range) || !take(&text, '/'))
        return false;
    if (!take(&text, '*') && !take_number(&text, &range->complete))
        return false;
    if (*text != '\0' || (range->first < 0 && range->complete < 0))
        return false;
    return range->complete < 0 || range->last < range->complete;
}

bool content_range_of(const picket_http_t *http, content_range_t *range)
{
    const char *name, *value, *found = NULL;
    for (unsigned i = 0; picket_http_header_at(http, i, &name, &value) == 1; i++) {
        if (!http1_same_name(name, "Content-Range"))
            continue;
        if (found != NULL)
            return false;
        found = value;
    }
    return found != NULL && content_range_parse(found, range);
}
