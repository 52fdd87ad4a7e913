#include "pico/time.h"
#include "pico_clock.h"

static uint64_t slept_us;

// Microseconds / 1000, modulo 2^32, in 32-bit arithmetic: 2^32 us are 4294967 ms and 296 us. A 64-bit division
// is a long function on a Cortex-M0+, and this is asked for many times per packet.
uint32_t picket_pico_millis(void *ctx)
{
    (void)ctx;
    uint64_t us = time_us_64();
    uint32_t high = (uint32_t)(us >> 32), low = (uint32_t)us;
    return high * 4294967U + low / 1000 + (high * 296U + low % 1000) / 1000;
}

uint64_t picket_pico_slept_us(void)
{
    return slept_us;
}

void picket_pico_add_sleep(uint64_t us)
{
    slept_us += us;
}
