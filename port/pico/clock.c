#include "pico_clock.h"
#include "pico_sdk.h"

static uint64_t slept_us;
static int64_t epoch_ms = -1; // the time of day when this board started; negative: not known

// Microseconds / 1000, modulo 2^32, in 32-bit arithmetic: 2^32 us are 4294967 ms and 296 us. A 64-bit division
// is a long function on a Cortex-M0+, and this is asked for many times per packet.
uint32_t picket_pico_millis(void *ctx)
{
    (void)ctx;
    uint64_t us = time_us_64();
    uint32_t high = (uint32_t)(us >> 32), low = (uint32_t)us;
    return high * 4294967U + low / 1000 + (high * 296U + low % 1000) / 1000;
}

// Of the SDK's 64-bit milliseconds: this is asked for once in a handshake.
static int64_t uptime_ms(void)
{
    return (int64_t)(time_us_64() / 1000);
}

void picket_clock_set(int64_t unix_ms)
{
    epoch_ms = unix_ms < 0 ? -1 : unix_ms - uptime_ms();
}

int64_t picket_pico_unix_ms(void *ctx)
{
    (void)ctx;
    return epoch_ms < 0 ? -1 : epoch_ms + uptime_ms();
}

uint64_t picket_pico_slept_us(void)
{
    return slept_us;
}

void picket_pico_add_sleep(uint64_t us)
{
    slept_us += us;
}
