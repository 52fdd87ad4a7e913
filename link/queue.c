#include "queue.h"

#include <stdlib.h>
#include <string.h>

static bool grow(struct queue *q, size_t need)
{
    size_t room = q->room ? q->room : 4096;
    while (room < need)
        room *= 2;
    uint8_t *bytes = room == q->room ? q->bytes : realloc(q->bytes, room);
    if (!bytes)
        return false;
    q->bytes = bytes;
    q->room = room;
    return true;
}

uint8_t *queue_space(struct queue *q, size_t n)
{
    if (q->at > 0)
        memmove(q->bytes, q->bytes + q->at, q->len);
    q->at = 0;
    return grow(q, q->len + n) ? q->bytes + q->len : NULL;
}

void queue_added(struct queue *q, size_t n)
{
    q->len += n;
}

void queue_taken(struct queue *q, size_t n)
{
    q->at += n;
    q->len -= n;
    if (q->len == 0)
        q->at = 0;
}

void queue_free(struct queue *q)
{
    free(q->bytes);
    *q = (struct queue){0};
}
