// pico_entropy.h: random bits from the chip.
//
// RP2040: the ring oscillator's random bit. It is biased, and periodic when sampled rapidly, so each bit that is
// handed out is the parity of 32 samples at least a microsecond apart: 1 kbit take 40 ms.
// RP2350: the true random number generator, with its own three tests and its decorrelator in use.
//
// On both every block of 1024 bits must pass tests before it is used. They refuse a source that is stuck, or
// repeats itself within 128 bits; and they refuse a good one less than once in 2^30 blocks (entropy.c).
#ifndef PICKET_PICO_ENTROPY_H
#define PICKET_PICO_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// port.h: random.
int picket_pico_random(void *ctx, void *buf, size_t len);

// For lwIP's ports, sequence numbers and query ids (LWIP_RAND): SipHash of a counter, under a key from the chip.
// Any context that may call lwIP.
uint32_t picket_pico_random32(void);

#ifdef __cplusplus
}
#endif
#endif
