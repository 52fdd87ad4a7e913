// pico_entropy.h: random bits from the chip (docs/ENTROPY.md).
//
// RP2040: the ring oscillator's random bit, PICKET_PICO_RING_CREDIT claimed for each sample.
// RP2350: the true random number generator, with its own three tests and its decorrelator in use, a quarter of a bit
// claimed for each sample; the ring oscillator beside it, nothing claimed.
// On both, nothing claimed: the noise of the analogue converter on the thermometer, unless the application has it
// enabled, and what the memory held at power-on.
#ifndef PICKET_PICO_ENTROPY_H
#define PICKET_PICO_ENTROPY_H

#include <stdint.h>

#include "picket/entropy.h"

#ifdef __cplusplus
extern "C" {
#endif

// What is claimed for a sample of the RP2040's ring oscillator, in 1/PICKET_ENTROPY_BIT of a bit: nobody has measured it
// (docs/ENTROPY.md). A seed takes 640 bits: 20480 samples and 0.1 s with 32. At least 8, which takes four times as
// long.
#ifndef PICKET_PICO_RING_CREDIT
#define PICKET_PICO_RING_CREDIT (PICKET_ENTROPY_BIT / 32)
#endif

// The list of picket/port.h.
extern const picket_entropy_source_t *const picket_pico_entropy[];

// For lwIP's ports, sequence numbers and query ids (LWIP_RAND): SipHash of a counter, under a key from the chip.
// Any context that may call lwIP.
uint32_t picket_pico_random32(void);

#ifdef __cplusplus
}
#endif
#endif
