// validator.h: what names a version of a file, so that a part of it can be asked for and no part of another one comes
// (RFC 9110 sections 8.8 and 13.1.5): a strong ETag or, where there is none at all, a Last-Modified that is strong.
#ifndef PICKET_VALIDATOR_H
#define PICKET_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "picket/picket.h"

// May this stand in If-Range?
bool validator_is_strong(const char *text);

// That of a response, or "" when it has none that is strong, or none that is shorter than cap.
void validator_of(const picket_http_t *http, char *text, size_t cap);

// The response says the same: it is of the same file. (A 206 may leave out Last-Modified.)
bool validator_agrees(const picket_http_t *http, const char *text);

// The response says something else.
bool validator_contradicts(const picket_http_t *http, const char *text);

#endif
