// entropy_health.h: tests of the samples of a source of entropy, before anything is hashed (NIST SP 800-90B, 4).
//
// Every test has a cutoff that a source which is as good as it claims reaches with a probability of at most
// 2^-HEALTH_ALPHA: for the first two, in a run and in a window of samples; for the third, in a block. The first two are
// those of 4.4; they find a source that is stuck. A small claim makes them weak: a claim of 1/32 of a bit allows one
// and the same bit in 98 of 100 samples. The third (4.5 allows tests of one's own) looks at all bits of a block
// together: at their bias, and at whether they repeat what came 1 to 128 bits before, or its opposite.
#ifndef PICKET_ENTROPY_HEALTH_H
#define PICKET_ENTROPY_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "picket/entropy.h"

#define HEALTH_ALPHA 32u

// --- Sample by sample

typedef struct health {
    uint32_t repetitions; // cutoffs
    uint32_t proportion;
    uint32_t window; // samples of a window
    uint32_t run;    // the last sample has come so many times in a row
    uint32_t left;   // samples until the window is full
    uint32_t same;   // of those before them, such as the first
    uint32_t last, first;
} health_t;

// For samples of so many bits with this claim (picket/entropy.h).
void health_start(health_t *health, unsigned credit, unsigned bits, unsigned alpha);

// PICKET_ENTROPY_OK, or the test that this sample fails.
enum picket_entropy_state health_take(health_t *health, unsigned sample);

// The smallest k such that at least k of n samples have a value which each has with the probability 2^-credit (credit
// in 1/PICKET_ENTROPY_BIT) with a probability of at most 2^-alpha. n + 1: there is none. n is at most 65535.
unsigned health_cutoff(unsigned n, unsigned credit, unsigned alpha);

// --- Block by block, one at a time: windows of 1024 bits

#define HEALTH_WINDOW 32u // words; the first bit is the lowest of the first word
#define HEALTH_BLOCK  72u // windows of a block at most

void health_block_begin(void);
void health_block_take(const uint32_t *window);

// For bits with this claim each. False when the block fails.
bool health_block_passes(unsigned credit, unsigned alpha);

#endif
