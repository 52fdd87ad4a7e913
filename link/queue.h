// queue.h: bytes on their way to the board, which takes them at its own pace.
#ifndef PICKET_LINK_QUEUE_H
#define PICKET_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue {
    uint8_t *bytes;
    size_t at, len, room; // bytes[at .. at + len) wait
};

// Room for n more bytes behind what waits, to be counted by queue_added; NULL: no memory.
uint8_t *queue_space(struct queue *q, size_t n);
void queue_added(struct queue *q, size_t n);
void queue_taken(struct queue *q, size_t n);
void queue_free(struct queue *q);

#endif
