#include "bufq.h"

#include <string.h>

// The queue is drained far more often than it is full, so moving what is left to the front is rare and short.
static void to_front(bufq_t *q)
{
    if (q->at != 0 && q->len != 0)
        memmove(q->data, q->data + q->at, q->len);
    q->at = 0;
}

uint8_t *bufq_space(bufq_t *q, size_t *room)
{
    if (q->at + q->len == q->cap || q->len == 0)
        to_front(q);
    *room = q->cap - q->at - q->len;
    return q->data + q->at + q->len;
}

void bufq_added(bufq_t *q, size_t n)
{
    q->len += n;
}

const uint8_t *bufq_front(const bufq_t *q, size_t *len)
{
    *len = q->len;
    return q->data + q->at;
}

void bufq_taken(bufq_t *q, size_t n)
{
    q->at += n;
    q->len -= n;
}

size_t bufq_put(bufq_t *q, const uint8_t *bytes, size_t len)
{
    size_t room;
    uint8_t *space = bufq_space(q, &room);
    size_t n = len < room ? len : room;
    memcpy(space, bytes, n);
    bufq_added(q, n);
    return n;
}

size_t bufq_get(bufq_t *q, uint8_t *bytes, size_t len)
{
    size_t n = len < q->len ? len : q->len;
    memcpy(bytes, q->data + q->at, n);
    bufq_taken(q, n);
    return n;
}
