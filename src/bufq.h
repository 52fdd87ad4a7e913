// bufq.h: a queue of bytes in a buffer of fixed size. "Full" is a state, not an error.
#ifndef PICKET_BUFQ_H
#define PICKET_BUFQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct bufq {
    uint8_t *data;
    size_t cap;
    size_t at;  // where the first byte waits
    size_t len; // how many wait
} bufq_t;

static inline bool bufq_empty(const bufq_t *q)
{
    return q->len == 0;
}

// Where bytes may be added, and how many: *room is 0 when it is full.
uint8_t *bufq_space(bufq_t *q, size_t *room);
void bufq_added(bufq_t *q, size_t n);

// What waits, and how much.
const uint8_t *bufq_front(const bufq_t *q, size_t *len);
void bufq_taken(bufq_t *q, size_t n);

// Copy in or out as much as there is room for or waits; the number of bytes.
size_t bufq_put(bufq_t *q, const uint8_t *bytes, size_t len);
size_t bufq_get(bufq_t *q, uint8_t *bytes, size_t len);

#endif
