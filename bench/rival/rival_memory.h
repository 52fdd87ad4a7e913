// rival_memory.h: the C library's heap, counted.
#ifndef BENCH_RIVAL_MEMORY_H
#define BENCH_RIVAL_MEMORY_H

#include <stddef.h>

// As calloc, realloc (but for a size of 0) and free.
void *rival_calloc(size_t n, size_t size);
void *rival_realloc(void *p, size_t size);
void rival_free(void *p);

// How much of it has been used at the most, with what the allocator needs for itself.
size_t memory_peak(void);

#endif
