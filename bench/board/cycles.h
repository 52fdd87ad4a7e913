// cycles.h: the processor's clock cycles, less those in which it only waited. For a board with the network on
// picket_slip.
//
// Busy: all but those slept in cycles_wait. The line's interrupt is busy, also when it ends a sleep.
// Work: less also those in which the processor watched a packet leave on the serial line, byte by byte: 11 us for
// each, which a network interface with memory of its own takes none of.
#ifndef BENCH_CYCLES_H
#define BENCH_CYCLES_H

#include <stdint.h>

void cycles_start(void);

// Once the network is up: sees its packets and its interrupt.
void cycles_watch_line(void);

uint64_t cycles_busy(void);
uint64_t cycles_work(void);

// picket/port.h: wait. Ends when something has come, or after ms milliseconds, or up to 10 later.
void cycles_wait(void *ctx, uint32_t ms);

#endif
