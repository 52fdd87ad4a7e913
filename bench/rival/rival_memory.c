#include "rival_memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// What the C library's allocator needs for a block: a multiple of 8, and its own header of that size. The header here
// is not counted as well.
enum { HEADER = 8 };

static size_t used, peak;

static size_t cost(size_t size)
{
    return ((size + 7) & ~(size_t)7) + HEADER;
}

void *rival_calloc(size_t n, size_t size)
{
    if (size != 0 && n > (SIZE_MAX - 2 * HEADER) / size)
        return NULL;
    size_t *block = calloc(1, HEADER + n * size);
    if (!block)
        return NULL;
    block[0] = n * size;
    used += cost(n * size);
    peak = used > peak ? used : peak;
    return (uint8_t *)block + HEADER;
}

// Where it was counted.
static size_t *block_of(void *p)
{
    return (size_t *)(void *)((uint8_t *)p - HEADER);
}

void rival_free(void *p)
{
    if (!p)
        return;
    size_t *block = block_of(p);
    used -= cost(block[0]);
    free(block);
}

void *rival_realloc(void *p, size_t size)
{
    void *new = rival_calloc(1, size);
    if (new &&p)
        memcpy(new, p, block_of(p)[0] < size ? block_of(p)[0] : size);
    if (new)
        rival_free(p);
    return new;
}

size_t memory_peak(void)
{
    return peak;
}
