// range.c: see range.h.
#include "range.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "../src/content_range.h"
#include "exit_code.h"
#include "memory.h"

// --- the command line ---

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

bool range_parse_offset(const char *text, int64_t *offset)
{
    int64_t n = 0;

    for (const char *c = text; *c >= '0' && *c <= '9'; c++) {
        if (n > (INT64_MAX - 1 - (*c - '0')) / 10)
            return false;
        n = n * 10 + (*c - '0');
    }
    *offset = n;
    return digits(text) > 0 && text[digits(text)] == '\0';
}

bool range_is_valid(const char *text)
{
    int64_t number;

    if (range_parse_offset(text, &number))
        return true;
    do {
        const size_t first = digits(text);
        if (text[first] != '-')
            return false;
        const size_t last = digits(text + first + 1);
        if (first == 0 && last == 0)
            return false;
        text += first + 1 + last;
    } while (*text++ == ',');
    return text[-1] == '\0';
}

// --- asking ---

static char *field(const char *text, const char *more)
{
    const size_t len = strlen("bytes=") + strlen(text) + strlen(more) + 1;
    char *const value = memory_resize(NULL, len);

    snprintf(value, len, "bytes=%s%s", text, more);
    return value;
}

static bool take_number(char *text, size_t len, int64_t *number)
{
    const char after = text[len];

    text[len] = '\0';
    const bool good = range_parse_offset(text, number);
    text[len] = after;
    return good;
}

// What a single range asks for. Of what is more than a number can hold, or several, nothing is known beforehand.
static void understand(struct range *range)
{
    char *const text = range->value + strlen("bytes=");
    char *const dash = strchr(text, '-');

    range->first = range->last = -1;
    if (strchr(text, ',') != NULL)
        return;
    if (dash == text) {
        if (!range_parse_offset(dash + 1, &range->suffix))
            range->suffix = 0;
        return;
    }
    if (!take_number(text, (size_t)(dash - text), &range->first))
        range->first = -1;
    if (dash[1] != '\0' && !range_parse_offset(dash + 1, &range->last))
        range->last = -1;
}

static int64_t offset_of(const struct options *options, const char *path)
{
    struct stat status;

    if (!options->continues_at_end)
        return options->continue_at;
    // A pipe or a device has nothing that could be continued.
    return path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (int64_t)status.st_size : 0;
}

bool range_is_named(const struct options *options)
{
    for (size_t i = 0; i < options->header_count; i++)
        if (strcasecmp(options->headers[i].name, "Range") == 0)
            return true;
    return false;
}

void range_ask(struct range *range, const struct options *options, const char *path)
{
    char offset[24];

    memset(range, 0, sizeof *range);
    range->first = range->last = range->left = -1;
    range->own = range_is_named(options);
    if (options->continues)
        range->first = offset_of(options, path);
    if (range->first > 0) {
        snprintf(offset, sizeof offset, "%" PRId64, range->first);
        range->value = field(offset, "-");
        range->resumes = true;
    } else if (options->range != NULL && !range->own) {
        range->value = field(options->range, strchr(options->range, '-') != NULL ? "" : "-");
        understand(range);
    }
}

// --- the answer ---

static void set_wrong(struct failure *failure)
{
    failure_set(failure, EXIT_RANGE, "%s", picket_strerror(PICKET_ERR_RANGE));
}
#define WRONG(failure, ...) (set_wrong(failure), failure_add((failure), __VA_ARGS__), RANGE_WRONG)

static bool is_asked_for(const struct range *range, const content_range_t *got)
{
    if (range->suffix > 0)
        return got->last - got->first < range->suffix &&
               (got->complete < 0 || got->last + 1 == got->complete);
    if (range->first < 0) // several, of which the server made one
        return true;
    return got->first == range->first && (range->last < 0 || got->last <= range->last);
}

static bool ends_early(const struct range *range, const content_range_t *got)
{
    if (range->suffix > 0 || range->first < 0 || got->complete < 0)
        return false;
    return got->last != range->last && got->last + 1 != got->complete;
}

// 206. Several parts come as one body with boundaries (RFC 9110 section 14.6), which is handed out as it is.
static enum range_answer check_part(struct range *range, const picket_http_t *http, struct failure *failure)
{
    const char *const type = picket_http_header(http, "Content-Type");
    content_range_t got;

    if (strchr(range->value, ',') != NULL && type != NULL &&
        strncasecmp(type, "multipart/byteranges", 20) == 0)
        return RANGE_TAKE;
    if (!content_range_of(http, &got) || got.first < 0)
        return WRONG(failure, "a 206 without one proper Content-Range");
    if (!is_asked_for(range, &got))
        return WRONG(failure, "it begins at byte %" PRId64 " and ends at byte %" PRId64, got.first, got.last);
    range->left = got.last - got.first + 1;
    range->is_part = ends_early(range, &got);
    if (picket_http_length(http) >= 0 && picket_http_length(http) != range->left)
        return WRONG(failure, "its Content-Length is %" PRId64, picket_http_length(http));
    return RANGE_TAKE;
}

// 416: there is nothing behind the offset. Whether that is because all is here already the server has to say.
static enum range_answer check_unsatisfied(const struct range *range, const picket_http_t *http,
                                           struct failure *failure)
{
    content_range_t got;

    if (!content_range_of(http, &got) || got.first >= 0)
        return WRONG(failure,
                     "the server has nothing behind byte %" PRId64 " and does not say how much it has",
                     range->first);
    if (got.complete != range->first)
        return WRONG(failure, "the server has %" PRId64 " bytes, fewer than are here", got.complete);
    return RANGE_DONE;
}

enum range_answer range_check(struct range *range, const picket_http_t *http, struct failure *failure)
{
    const int status = picket_http_status(http);

    if (range->value == NULL && status == 206 && !range->own)
        return WRONG(failure, "all of it was asked for, and the server sent a part");
    if (range->value == NULL)
        return RANGE_TAKE;
    if (status == 206)
        return check_part(range, http, failure);
    if (!range->resumes)
        return RANGE_TAKE;
    if (status == 416)
        return check_unsatisfied(range, http, failure);
    if (status == 200 && picket_http_length(http) == range->first)
        return RANGE_DONE; // as curl sees it
    failure_set(failure, EXIT_RANGE,
                "the server does not continue at byte %" PRId64 ": it answered with status %d", range->first,
                status);
    return RANGE_WRONG;
}

bool range_take(struct range *range, int len, struct failure *failure)
{
    if (range->left < 0)
        return true;
    if (len > range->left) {
        (void)WRONG(failure, "it is longer than its Content-Range says, by %" PRId64 " bytes or more",
                    len - range->left);
        return false;
    }
    range->left -= len;
    return true;
}

bool range_end(const struct range *range, struct failure *failure)
{
    if (range->left <= 0 && !range->is_part)
        return true;
    failure_set(failure, exit_code_of(PICKET_ERR_BODY_CUT),
                "the server sent less than the range that was asked for");
    return false;
}

void range_free(struct range *range)
{
    free(range->value);
    memset(range, 0, sizeof *range);
}
