// rounds.h: the numbers that the tests of the arithmetic run through, the same in every run.
// PICKET_ROUNDS: how many of them.
#ifndef PICKET_TESTS_ROUNDS_H
#define PICKET_TESTS_ROUNDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static uint64_t rounds_state = 0x9e3779b97f4a7c15;

static inline uint32_t next(void)
{
    rounds_state ^= rounds_state << 13;
    rounds_state ^= rounds_state >> 7;
    rounds_state ^= rounds_state << 17;
    return (uint32_t)(rounds_state >> 32);
}

// As Mbed TLS asks for random bytes.
static inline int random_bytes(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    for (size_t i = 0; i < len; i++)
        out[i] = (unsigned char)next();
    return 0;
}

// Limbs of zeros and ones are where carries go wrong.
static inline void number(uint32_t *a, size_t limbs)
{
    uint32_t kinds = next();
    for (size_t i = 0; i < limbs; i++, kinds = kinds << 7 | kinds >> 25)
        a[i] = kinds % 4 == 0 ? 0 : kinds % 4 == 1 ? UINT32_MAX : kinds % 8 == 2 ? next() % 3 : next();
}

static inline int rounds(int usual)
{
    const char *given = getenv("PICKET_ROUNDS");
    return given != NULL ? atoi(given) : usual;
}

#endif
