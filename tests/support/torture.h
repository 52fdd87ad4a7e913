// torture.h: which of many allocations are made to fail, one in each run: every one at the beginning, where most different things
// are allocated, then one in 37, since a handshake makes thousands. ./do torture tries all (PICKET_TORTURE in the environment).
#ifndef TORTURE_H
#define TORTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define TORTURE_FIRST 500u
#define TORTURE_STEP  37u

static inline bool torture_is_full(void)
{
    return getenv("PICKET_TORTURE") != NULL;
}

// The one after the n-th. sparse: only one in so many of both; where the program is slow.
static inline uint32_t torture_next(uint32_t n, uint32_t sparse)
{
    if (torture_is_full())
        return n + 1;
    return n + (n < TORTURE_FIRST ? 1 : TORTURE_STEP) * sparse;
}

#endif
