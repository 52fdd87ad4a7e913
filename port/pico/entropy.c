#include <stdbool.h>
#include <string.h>

#include "picket/error.h"
#include "pico.h"
#include "pico/time.h"
#include "pico_entropy.h"

#if PICO_RP2040
#include "hardware/structs/rosc.h"
#else
#include "hardware/resets.h"
#include "hardware/structs/trng.h"
#endif

// --- Tests of a block ---

enum { BITS = 1024, WORDS = BITS / 32, LAGS = 128, COMPARED = BITS - LAGS };

// How far the number of equal bits may be from the half of those compared. By Hoeffding's inequality good bits
// are further away with a probability below 2 * exp(-2 * 112^2 / 896) < 2^-39 for one lag, 2^-32 for all 129.
enum { TOLERANCE = 112 };

static unsigned count_ones(uint32_t word)
{
    word = word - (word >> 1 & 0x55555555);
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f;
    return word * 0x01010101 >> 24;
}

static bool is_near_half(unsigned ones)
{
    return ones >= COMPARED / 2 - TOLERANCE && ones <= COMPARED / 2 + TOLERANCE;
}

// The 32 bits that begin at this bit of the block.
static uint32_t bits_at(const uint32_t *block, unsigned bit)
{
    unsigned word = bit / 32, shift = bit % 32;
    return shift == 0 ? block[word] : block[word] >> shift | block[word + 1] << (32 - shift);
}

// Bits that differ from those `lag` later. Lag 0 compares with zeros: a stream that is stuck is not random
// whatever it is compared with.
static unsigned count_differences(const uint32_t *block, unsigned lag)
{
    unsigned ones = 0;
    for (unsigned bit = 0; bit < COMPARED; bit += 32)
        ones += count_ones(bits_at(block, bit) ^ (lag == 0 ? 0 : bits_at(block, bit + lag)));
    return ones;
}

static bool is_good(const uint32_t *block)
{
    for (unsigned lag = 0; lag <= LAGS; lag++)
        if (!is_near_half(count_differences(block, lag)))
            return false;
    return true;
}

// --- The chip's source ---

// How long to wait between samples: first a little, then, if the block does not pass, much longer.
enum { ATTEMPTS = 3 };

#if PICO_RP2040

enum { SAMPLES = 32 };

// About one, four and sixteen microseconds at 125 MHz, each time a little different, so that no rhythm of the
// oscillator meets a rhythm of ours.
static void pause(unsigned attempt, unsigned i)
{
    busy_wait_at_least_cycles((125U << 2 * attempt) + (i * 11U & 31U));
}

static uint32_t collect_bit(unsigned attempt)
{
    uint32_t bit = 0;
    for (unsigned i = 0; i < SAMPLES; i++) {
        pause(attempt, i);
        bit ^= rosc_hw->randombit & 1U;
    }
    return bit;
}

static bool collect(uint32_t *block, unsigned attempt)
{
    for (unsigned bit = 0; bit < BITS; bit++)
        block[bit / 32] = block[bit / 32] << 1 | collect_bit(attempt);
    return true;
}

#else

enum {
    TAKEN = TRNG_RNG_ISR_EHR_VALID_BITS,
    TROUBLE = TRNG_RNG_ISR_AUTOCORR_ERR_BITS | TRNG_RNG_ISR_CRNGT_ERR_BITS | TRNG_RNG_ISR_VN_ERR_BITS,
    TAKE_US = 200000 // 192 bits, most of them thrown away by the decorrelator, at the slowest setting
};

// The boot code and pico_rand turn the tests off (pico_rand: trng_debug_control); a reset turns them on again.
// The number of clocks between two samples: larger is slower and better.
static void start_source(unsigned attempt)
{
    trng_hw->trng_sw_reset = 1;
    busy_wait_at_least_cycles(64);
    trng_hw->rnd_source_enable = 0;
    trng_hw->trng_debug_control = 0;
    trng_hw->trng_config = attempt;
    trng_hw->sample_cnt1 = 200U << 2 * attempt;
    trng_hw->rng_icr = 0xf;
    trng_hw->rnd_source_enable = 1;
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

static bool collect(uint32_t *block, unsigned attempt)
{
    uint32_t words[6];
    bool good = true;
    start_source(attempt);
    for (unsigned i = 0; i < WORDS && good; i++) {
        if (i % 6 == 0)
            good = take(words);
        block[i] = words[i % 6];
    }
    trng_hw->rnd_source_enable = 0;
    return good;
}

#endif

static bool collect_good(uint32_t *block)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++)
        if (collect(block, attempt) && is_good(block))
            return true;
    return false;
}

int picket_pico_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    uint32_t block[WORDS];
    for (size_t done = 0; done < len;) {
        size_t n = len - done < sizeof block ? len - done : sizeof block;
        if (!collect_good(block))
            return PICKET_ERR_NO_ENTROPY;
        memcpy((uint8_t *)buf + done, block, n);
        done += n;
    }
    memset(block, 0, sizeof block);
    __asm volatile("" : : "r"(block) : "memory"); // the compiler keeps the memset
    return 0;
}

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

// lwIP cannot be told that there is no randomness. Its numbers protect no secret, so they are then merely
// different each time; Picket itself fails (picket_pico_random).
uint32_t picket_pico_random32(void)
{
    static uint64_t key[2], counter;
    if (counter++ == 0 && picket_pico_random(NULL, key, sizeof key) < 0)
        key[0] = time_us_64();
    return (uint32_t)siphash(key, counter);
}
