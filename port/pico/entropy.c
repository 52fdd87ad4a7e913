#include "pico_entropy.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "hardware/structs/adc.h"
#include "hardware/structs/resets.h"
#include "hardware/structs/rosc.h"
#include "pico.h"
#include "pico/time.h"
#include "picket/error.h"

#if !PICO_RP2040
#include "hardware/structs/trng.h"
#endif

// --- The ring oscillator ---

static int start_ring(void *ctx)
{
    (void)ctx;
    return rosc_hw->status & ROSC_STATUS_ENABLED_BITS ? 0 : PICKET_ERR_NO_ENTROPY;
}

// About one to three microseconds at 125 MHz: more than the spread of a rhythm between neighbours, in an order that comes again
// after 32 samples, so that an oscillator that is locked to the processor's shows, and longer for each 1024 samples, so
// that one that is not, and meets this rhythm by chance, soon leaves it.
static void wait_before(uint32_t sample)
{
    busy_wait_at_least_cycles(100 + 7 * (sample >> 10 & 15) + 6 * (sample * 11 & 31));
}

static int collect_ring(void *ctx, uint8_t *samples, size_t n)
{
    static uint32_t sample;
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        wait_before(sample++);
        samples[i] = rosc_hw->randombit & 1U;
    }
    return (int)n;
}

static const picket_entropy_source_t ring = {
#if PICO_RP2040
    .name = "RP2040 ring oscillator",
    .credit = PICKET_PICO_RING_CREDIT,
#else
    .name = "RP2350 ring oscillator",
#endif
    .bits = 1,
    .start = start_ring,
    .collect = collect_ring,
};

// --- The generator of the RP2350 ---

#if !PICO_RP2040

enum {
    TAKEN = TRNG_RNG_ISR_EHR_VALID_BITS,
    TROUBLE = TRNG_RNG_ISR_AUTOCORR_ERR_BITS | TRNG_RNG_ISR_CRNGT_ERR_BITS | TRNG_RNG_ISR_VN_ERR_BITS,
    ATTEMPTS = 3,
    TAKE_US = 50000, // 192 bits, most of them thrown away by the decorrelator, at the slowest setting
    CLOCKS = 200
};

// The boot code and pico_rand turn the tests off (pico_rand: trng_debug_control); a reset turns them on again.
// The number of clocks between two samples: larger is slower and better.
static void start_chip_with(unsigned attempt)
{
    trng_hw->trng_sw_reset = 1;
    busy_wait_at_least_cycles(64);
    trng_hw->rnd_source_enable = 0;
    trng_hw->trng_debug_control = 0;
    trng_hw->trng_config = attempt;
    trng_hw->sample_cnt1 = (uint32_t)CLOCKS << 2 * attempt;
    trng_hw->rng_icr = 0xf;
    trng_hw->rnd_source_enable = 1;
}

static int start_chip(void *ctx)
{
    (void)ctx;
    start_chip_with(0);
    bool there = trng_hw->sample_cnt1 == CLOCKS;
    trng_hw->rnd_source_enable = 0;
    return there ? 0 : PICKET_ERR_NO_ENTROPY;
}

// 192 bits, of which none is handed out when one of the source's own tests has failed.
static bool take(uint32_t words[6])
{
    uint64_t began = time_us_64();
    uint32_t state;
    while (!((state = trng_hw->rng_isr) & (TAKEN | TROUBLE)))
        if (time_us_64() - began > TAKE_US)
            return false;
    for (unsigned i = 0; i < 6; i++)
        words[i] = trng_hw->ehr_data[i];
    trng_hw->rng_icr = TAKEN;
    return !(state & TROUBLE);
}

// Its own tests refuse a good source now and then. Then slower.
static bool take_good(uint32_t words[6])
{
    bool good = false;
    for (unsigned attempt = 0; attempt < ATTEMPTS && !good; attempt++) {
        start_chip_with(attempt);
        good = take(words);
    }
    trng_hw->rnd_source_enable = 0;
    return good;
}

static int collect_chip(void *ctx, uint8_t *samples, size_t n)
{
    static uint32_t words[6];
    static unsigned left;
    (void)ctx;
    for (size_t i = 0; i < n; i++) {
        if (left == 0 && !take_good(words))
            return PICKET_ERR_NO_ENTROPY;
        left = (left == 0 ? 192 : left) - 1;
        samples[i] = words[left / 32] >> left % 32 & 1U;
        words[left / 32] &= ~(1U << left % 32);
    }
    return (int)n;
}

static const picket_entropy_source_t chip = {
    .name = "RP2350 TRNG",
    .credit = PICKET_ENTROPY_BIT / 4,
    .bits = 1,
    .start = start_chip,
    .collect = collect_chip,
};

#endif

// --- Noise of the analogue converter ---

enum { READY_US = 1000 };

#define ENABLED     (ADC_CS_EN_BITS | ADC_CS_TS_EN_BITS)
#define THERMOMETER ((uint32_t)NUM_ADC_CHANNELS - 1)

static bool is_ready(void)
{
    uint64_t began = time_us_64();
    while (!(adc_hw->cs & ADC_CS_READY_BITS))
        if (time_us_64() - began > READY_US)
            return false;
    return true;
}

// An application that measures with it has it for itself.
static int start_noise(void *ctx)
{
    (void)ctx;
    if (resets_hw->reset & RESETS_RESET_ADC_BITS || adc_hw->cs & ADC_CS_EN_BITS)
        return PICKET_ERR_NO_ENTROPY;
    adc_hw->cs = ADC_CS_EN_BITS;
    bool there = is_ready();
    adc_hw->cs = 0;
    return there ? 0 : PICKET_ERR_NO_ENTROPY;
}

static int collect_noise(void *ctx, uint8_t *samples, size_t n)
{
    size_t i = 0;
    (void)ctx;
    if (adc_hw->cs & ADC_CS_EN_BITS)
        return 0;
    adc_hw->cs = ENABLED | THERMOMETER << ADC_CS_AINSEL_LSB;
    for (; i < n && is_ready(); i++) {
        adc_hw->cs = ENABLED | THERMOMETER << ADC_CS_AINSEL_LSB | ADC_CS_START_ONCE_BITS;
        if (!is_ready())
            break;
        samples[i] = (uint8_t)adc_hw->result;
    }
    adc_hw->cs = 0;
    return i == n ? (int)n : PICKET_ERR_NO_ENTROPY;
}

static const picket_entropy_source_t noise = {
    .name = "ADC noise",
    .bits = 8,
    .start = start_noise,
    .collect = collect_noise,
};

// --- What the memory held at power-on ---

#if !PICO_CYW43_ARCH_FREERTOS

extern const uint8_t __StackLimit; // the end of the heap

enum { MEMORY = 4096 };

// The end of the heap, while malloc has not come so far; each byte once.
static int collect_memory(void *ctx, uint8_t *samples, size_t n)
{
    static size_t given;
    uintptr_t from = (uintptr_t)&__StackLimit - MEMORY;
    (void)ctx;
    if (given + n > MEMORY || (uintptr_t)sbrk(0) > from)
        return 0;
    memcpy(samples, (const uint8_t *)(from + given), n);
    given += n;
    return (int)n;
}

static const picket_entropy_source_t memory = {
    .name = "memory at power-on",
    .bits = 8,
    .collect = collect_memory,
};

#endif

const picket_entropy_source_t *const picket_pico_entropy[] = {
#if !PICO_RP2040
    &chip,
#endif
    &ring,   &noise,
#if !PICO_CYW43_ARCH_FREERTOS
    &memory,
#endif
    NULL,
};

// --- Numbers for lwIP: SipHash-2-4 (Aumasson and Bernstein, 2012) of a counter ---

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void mix(uint64_t v[4], unsigned rounds)
{
    while (rounds-- > 0) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32) + v[3];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static uint64_t siphash(const uint64_t key[2], uint64_t message)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    const uint64_t blocks[2] = {message, (uint64_t)8 << 56}; // eight bytes, then their number
    for (unsigned i = 0; i < 2; i++) {
        v[3] ^= blocks[i];
        mix(v, 2);
        v[0] ^= blocks[i];
    }
    v[2] ^= 0xff;
    mix(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

// 2048 samples, each worth little. lwIP cannot be told that there is no randomness. Its numbers protect no secret, so
// they are then merely different each time; Picket itself fails.
static void make_key(uint64_t key[2])
{
    uint8_t samples[64];
    key[0] = time_us_64();
    for (unsigned round = 0; round < 32; round++) {
        uint64_t bits = 0;
        if (picket_pico_entropy[0]->collect(NULL, samples, sizeof samples) < 0)
            return;
        for (unsigned i = 0; i < sizeof samples; i++)
            bits = bits << 1 | samples[i];
        uint64_t first = siphash(key, bits);
        key[1] = siphash(key, ~bits);
        key[0] = first;
    }
}

uint32_t picket_pico_random32(void)
{
    static uint64_t key[2], counter;
    if (counter++ == 0)
        make_key(key);
    return (uint32_t)siphash(key, counter);
}
