// linux_clock.h: time and randomness from the kernel. The functions are those of picket/port.h.
#ifndef PICKET_LINUX_CLOCK_H
#define PICKET_LINUX_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint32_t picket_linux_millis(void *ctx);
int64_t picket_linux_nanoseconds(void); // monotonic
int64_t picket_linux_unix_ms(void *ctx);
int picket_linux_random(void *ctx, void *buf, size_t len);

// lwIP's (arch/cc.h).
uint32_t picket_linux_random32(void);

#endif
