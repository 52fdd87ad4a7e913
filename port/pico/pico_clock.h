// pico_clock.h: milliseconds, and how many of them were slept.
#ifndef PICKET_PICO_CLOCK_H
#define PICKET_PICO_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Milliseconds since the start (port.h: millis). Any context.
uint32_t picket_pico_millis(void *ctx);

// Microseconds that the board's wait has slept so far. What is left of the time was spent computing.
uint64_t picket_pico_slept_us(void);

// For wait alone.
void picket_pico_add_sleep(uint64_t us);

#ifdef __cplusplus
}
#endif
#endif
