// keep.h: connections that are kept open between exchanges (RFC 9112 section 9.3): a few, for a bounded time, each
// watched, so that only one on which nothing has happened is used again.
//
// It also counts the connections in use, since what is kept must never be in their way: before a connection begins,
// kept ones are closed until the arena has room for all in use as PICKET_ARENA_SIZE counts it.
#ifndef PICKET_KEEP_H
#define PICKET_KEEP_H

#include "origin.h"
#include "stream.h"

#define KEEP_SLOTS (PICKET_KEEP > 0 ? PICKET_KEEP : 1)

typedef struct kept {
    stream_t stream; // its peer borrows from origin
    origin_t *origin;
    deadline_t until;
} kept_t;

typedef struct keep {
    const picket_config_t *config;
    kept_t *kept[KEEP_SLOTS]; // the oldest first; NULL behind the last
    unsigned live;            // connections in use
} keep_t;

// Is anything ever kept?
bool keep_enabled(const keep_t *keep);

// A connection begins, or is in use no more.
void keep_begin(keep_t *keep);
void keep_end(keep_t *keep);

// A connection to this origin that nothing has happened on since it was kept: true, and *stream is the caller's, with
// *origin, which it borrows from.
bool keep_take(keep_t *keep, const origin_t *wanted, uint32_t now, stream_t *stream, origin_t **origin);

// Keep a connection that is in use no more (keep_end) for so long, with its origin. False: it cannot be kept, and is still the
// caller's; true: *stream is empty.
bool keep_put(keep_t *keep, stream_t *stream, origin_t *origin, uint32_t now, uint32_t ms);

// Close what has been kept for long enough, and what the server ended or sent something on. Milliseconds until it is
// needed again, at most ms.
uint32_t keep_poll(keep_t *keep, uint32_t now, uint32_t ms);

// Close all: memory is needed. False when there was none.
bool keep_drop_all(keep_t *keep);

// The same at once, without a goodbye: the network stack has no connection left.
bool keep_abort_all(keep_t *keep);

#endif
