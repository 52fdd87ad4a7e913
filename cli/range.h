// range.h: a part of a file (-r), and the rest of one (-C). What is written is what was asked for, or the transfer fails. Where
// the server does not say how long the file is (Content-Range: .../*), its part is believed to reach the end, as curl does.
#ifndef PICKET_CLI_RANGE_H
#define PICKET_CLI_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "picket/picket.h"

#include "failure.h"
#include "options.h"

// Zero it.
struct range {
    char *value;    // of the Range field; NULL: all of it
    int64_t first;  // what was asked for: -1 where that is not one range
    int64_t last;   // -1: to the end
    int64_t suffix; // so many bytes at the end; 0: not asked for
    bool resumes;   // the output is continued
    bool own;       // a field of the user's own asks for a part
    int64_t left;   // bytes that are still to come, -1: not known
    bool is_part;   // of the rest of the file: more follows
};

// Is this an argument for -r: "FIRST-LAST", "FIRST-", "-COUNT", several of them with commas, or "FIRST"?
bool range_is_valid(const char *text);

// An argument for -C that is not "-": a number of bytes.
bool range_parse_offset(const char *text, int64_t *offset);

// A header field (-H) names a range.
bool range_is_named(const struct options *options);

// What to ask for. path: of the output, NULL for standard output.
void range_ask(struct range *range, const struct options *options, const char *path);

// The head of the answer is in. RANGE_DONE: nothing is missing, and nothing is to be written. RANGE_WRONG: the failure is set.
enum range_answer { RANGE_TAKE, RANGE_DONE, RANGE_WRONG };
enum range_answer range_check(struct range *range, const picket_http_t *http, struct failure *failure);

// So many bytes of the body came. False: more than there may be; the failure is set.
bool range_take(struct range *range, int len, struct failure *failure);

// The body is complete. False: not all that was asked for has come; the failure is set.
bool range_end(const struct range *range, struct failure *failure);

void range_free(struct range *range);

#endif
