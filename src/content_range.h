// content_range.h: which part of a file an answer holds: Content-Range (RFC 9110 section 14.4), in bytes.
#ifndef PICKET_CONTENT_RANGE_H
#define PICKET_CONTENT_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "picket/picket.h"

typedef struct content_range {
    int64_t first, last; // -1, both: none of it (the answer is 416)
    int64_t complete;    // length of the file, -1: not said
} content_range_t;

// "bytes FIRST-LAST/COMPLETE", either side of the slash possibly *; first <= last < complete. False when it is anything else.
bool content_range_parse(const char *text, content_range_t *range);

// That of a response: false when it has none, or several.
bool content_range_of(const picket_http_t *http, content_range_t *range);

#endif
