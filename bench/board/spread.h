// spread.h: of what is run with many secrets, the least and the most cycles, and how many of the runs took another way through the
// program than the first. In the emulator with --trace, SCRATCH0 is a sum over the addresses of all instructions that have been
// executed since it was written; elsewhere it is what was written.
#ifndef BENCH_SPREAD_H
#define BENCH_SPREAD_H

#include <stdint.h>
#include <stdio.h>

#include "hardware/structs/systick.h"
#include "hardware/structs/watchdog.h"

enum { SYSTICK_ENABLE = 1, SYSTICK_PROCESSOR_CLOCK = 4, SYSTICK_TOP = 0xffffff };

typedef struct {
    uint32_t least, most, trace;
    unsigned rounds, others; // others: with another trace than the first
} spread_t;

// SCRATCH1 says how many rounds there are (run.js --scratch), or there are 16.
static inline unsigned spread_rounds(void)
{
    return watchdog_hw->scratch[1] != 0 ? watchdog_hw->scratch[1] : 16;
}

static inline void spread_start(void)
{
    systick_hw->rvr = SYSTICK_TOP;
    systick_hw->csr = SYSTICK_ENABLE | SYSTICK_PROCESSOR_CLOCK;
}

static inline uint32_t spread_cycles(void (*run)(void), uint32_t *trace)
{
    watchdog_hw->scratch[0] = 0;
    systick_hw->cvr = 0;
    uint32_t before = systick_hw->cvr;
    run();
    uint32_t after = systick_hw->cvr;
    *trace = watchdog_hw->scratch[0];
    return (before - after) & SYSTICK_TOP;
}

static inline void spread_nothing(void)
{
}

// What counting itself takes.
static inline uint32_t spread_empty(void)
{
    uint32_t trace;
    return spread_cycles(spread_nothing, &trace);
}

static inline void spread_add(spread_t *s, uint32_t cycles, uint32_t trace)
{
    if (s->rounds++ == 0)
        *s = (spread_t){cycles, cycles, trace, 1, 0};
    s->least = cycles < s->least ? cycles : s->least;
    s->most = cycles > s->most ? cycles : s->most;
    s->others += trace != s->trace;
}

static inline void spread_print(const char *name, const spread_t *s)
{
    printf("picket: kernel %s %lu %lu, %u of %u other ways\n", name, (unsigned long)s->least,
           (unsigned long)s->most, s->others, s->rounds);
}

#endif
