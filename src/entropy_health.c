#include "entropy_health.h"

#include <string.h>

// --- Cutoffs, in integers: numbers are m * 2^e, with m between 2^31 and 2^32

typedef struct number {
    uint32_t m;
    int32_t e;
} number_t;

// m is not 0.
static number_t normal(uint64_t m, int32_t e)
{
    for (; m >> 32 != 0; m >>= 1)
        e++;
    for (; m >> 31 == 0; m <<= 1)
        e--;
    return (number_t){(uint32_t)m, e};
}

static number_t times(number_t a, number_t b)
{
    return normal((uint64_t)a.m * b.m, a.e + b.e);
}

// 2^-(x / 1024).
static number_t power(uint32_t x)
{
    static const uint32_t roots[] = {// 2^(32 - 1/2), 2^(32 - 1/4), ...
                                     0xb504f334, 0xd744fccb, 0xeac0c6e8, 0xf5257d15, 0xfa83b2db,
                                     0xfd3e0c0d, 0xfe9e115c, 0xff4ecb59, 0xffa75652, 0xffd3a752};
    number_t p = normal(1, -(int32_t)(x / 1024));
    for (unsigned i = 0; i < 10; i++)
        if (x & 512U >> i)
            p = times(p, (number_t){roots[i], -32});
    return p;
}

// (1 - p) / p.
static number_t odds(number_t p)
{
    unsigned down = (unsigned)-p.e - 31; // p is m * 2^(-31 - down), at least 2^-8
    uint64_t q = ((uint64_t)1 << (31 + down)) - p.m;
    number_t n = normal(q, -31 - (int32_t)down);
    return normal(((uint64_t)n.m << 32) / p.m, n.e - 32 - p.e);
}

// In units of 2^-30 of alpha: 2^30 is alpha, and what is larger need not be exact.
static uint64_t in_alphas(number_t x, unsigned alpha)
{
    int32_t up = x.e + (int32_t)alpha + 30;
    if (up > 0)
        return UINT64_MAX >> 1;
    return up <= -32 ? 0 : x.m >> -up;
}

// From the end of the binomial distribution: the probability of k of n follows from that of k + 1.
unsigned health_cutoff(unsigned n, unsigned credit, unsigned alpha)
{
    number_t term = power(n * credit), ratio = odds(power(credit));
    uint64_t tail = 0;
    unsigned k = n;
    for (; k > 0; k--) {
        tail += in_alphas(term, alpha);
        if (tail > 1U << 30)
            break;
        term = times(normal((uint64_t)term.m * k / (n - k + 1), term.e), ratio);
    }
    return k + 1;
}

// --- Sample by sample

void health_start(health_t *health, unsigned credit, unsigned bits, unsigned alpha)
{
    uint16_t window = bits == 1 ? 1024 : 512;
    *health = (health_t){
        .repetitions = (uint16_t)(1 + (alpha * PICKET_ENTROPY_BIT + credit - 1) / credit),
        .proportion = (uint16_t)health_cutoff(window, credit, alpha),
        .window = window,
    };
}

static bool repeats(health_t *h, uint8_t sample)
{
    h->run = (uint16_t)(h->run != 0 && sample == h->last ? h->run + 1 : 1);
    h->last = sample;
    return h->run >= h->repetitions;
}

static bool prevails(health_t *h, uint8_t sample)
{
    if (h->seen == h->window)
        h->seen = h->same = 0;
    if (h->seen++ == 0)
        h->first = sample;
    h->same = (uint16_t)(h->same + (sample == h->first));
    return h->same >= h->proportion;
}

enum picket_entropy_state health_take(health_t *health, uint8_t sample)
{
    if (repeats(health, sample))
        return PICKET_ENTROPY_REPETITION;
    return prevails(health, sample) ? PICKET_ENTROPY_PROPORTION : PICKET_ENTROPY_OK;
}

// --- Block by block

enum { BITS = HEALTH_WINDOW * 32, LAGS = 128, COMPARED = BITS - LAGS };

// A block is tested against each lag, upwards and downwards, so each of these tests gets 2^-9 of alpha: 258 of them
// together fail with a probability below alpha.
enum { SHARE = 9 };

static struct {
    uint16_t differences[LAGS + 1]; // bits that differ from those `lag` later; lag 0: from zero
    uint16_t compared;
} block;

void health_block_begin(void)
{
    memset(&block, 0, sizeof block);
}

static unsigned count_ones(uint32_t word)
{
    word = word - (word >> 1 & 0x55555555);
    word = (word & 0x33333333) + (word >> 2 & 0x33333333);
    word = (word + (word >> 4)) & 0x0f0f0f0f;
    return word * 0x01010101 >> 24;
}

// The 32 bits that begin at this bit of the window.
static uint32_t bits_at(const uint32_t *window, unsigned bit)
{
    unsigned word = bit / 32, shift = bit % 32;
    return shift == 0 ? window[word] : window[word] >> shift | window[word + 1] << (32 - shift);
}

static unsigned count_differences(const uint32_t *window, unsigned lag)
{
    unsigned ones = 0;
    for (unsigned bit = 0; bit < COMPARED; bit += 32)
        ones += count_ones(bits_at(window, bit) ^ (lag == 0 ? 0 : bits_at(window, bit + lag)));
    return ones;
}

void health_block_take(const uint32_t *window)
{
    for (unsigned lag = 0; lag <= LAGS; lag++)
        block.differences[lag] = (uint16_t)(block.differences[lag] + count_differences(window, lag));
    block.compared = (uint16_t)(block.compared + COMPARED);
}

bool health_block_passes(unsigned credit, unsigned alpha)
{
    unsigned cutoff = health_cutoff(block.compared, credit, alpha + SHARE);
    for (unsigned lag = 0; lag <= LAGS; lag++) {
        unsigned differ = block.differences[lag];
        if (differ >= cutoff || block.compared - differ >= cutoff)
            return false;
    }
    return true;
}
