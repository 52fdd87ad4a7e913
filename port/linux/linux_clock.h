// linux_clock.h: time and randomness from the kernel. The functions are those of picket/port.h.
#ifndef PICKET_LINUX_CLOCK_H
#define PICKET_LINUX_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "picket/entropy.h"

uint32_t picket_linux_millis(void *ctx);
int64_t picket_linux_nanoseconds(void); // monotonic
int64_t picket_linux_unix_ms(void *ctx);

// Bytes of the kernel's generator: 0, or PICKET_ERR_NO_ENTROPY.
int picket_linux_random(void *ctx, void *buf, size_t len);

// The list of picket/port.h: the same.
extern const picket_entropy_source_t *const picket_linux_entropy[];

// lwIP's (arch/cc.h).
uint32_t picket_linux_random32(void);

#endif
