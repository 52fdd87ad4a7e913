// mps2_clock.h: milliseconds, sleep, and randomness for tests. The functions are those of picket/port.h.
#ifndef PICKET_MPS2_CLOCK_H
#define PICKET_MPS2_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/entropy.h"

void picket_mps2_clock_start(void);
uint32_t picket_mps2_millis(void *ctx);

// Sleep until *flag, which an interrupt sets, at most ms milliseconds.
void picket_mps2_sleep_until(const volatile bool *flag, uint32_t ms);

// FOR TESTS ONLY: these machines have no source of randomness, so it is the computer's, by semihosting.
// PICKET_ERR_NO_ENTROPY, and a line on the console, when that cannot be read.
int picket_mps2_test_random(void *ctx, void *buf, size_t len);
int picket_mps2_test_random_from(const char *path, void *buf, size_t len);

// The list of picket/port.h: the same, for tests only.
extern const picket_entropy_source_t *const picket_mps2_test_entropy[];

// lwIP's (arch/cc.h).
uint32_t picket_mps2_random32(void);

#endif
