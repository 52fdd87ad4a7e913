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
    unsigned window = bits == 1 ? 1024 : 512;
    *health = (health_t){
        .repetitions = 1 + (alpha * PICKET_ENTROPY_BIT + credit - 1) / credit,
        .proportion = health_cutoff(window, credit, alpha),
        .window = window,
    };
}

static bool repeats(health_t *h, unsigned sample)
{
    if (sample != h->last)
        h->run = 0;
    h->last = sample;
    return ++h->run >= h->repetitions;
}

static bool prevails(health_t *h, unsigned sample)
{
    if (h->left == 0) {
        h->left = h->window;
        h->first = sample;
        h->same = 0;
    }
    h->left--;
    return sample == h->first && ++h->same >= h->proportion;
}

enum picket_entropy_state health_take(health_t *health, unsigned sample)
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
    uint32_t later[HEALTH_WINDOW]; // the window, moved
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

// Of seven words: 32 counters of three bits, one in each column.
static unsigned count_seven(const uint32_t *a, const uint32_t *b)
{
    uint32_t ones = 0, twos = 0, fours = 0;
    for (unsigned i = 0; i < 7; i++) {
        uint32_t bits = a[i] ^ b[i], carry = ones & bits;
        ones ^= bits;
        fours ^= twos & carry;
        twos ^= carry;
    }
    return count_ones(ones) + 2 * count_ones(twos) + 4 * count_ones(fours);
}

_Static_assert(COMPARED == 4 * 7 * 32, "what is compared is a number of sevens");

static void count_differences(const uint32_t *window, const uint32_t *later, unsigned lag)
{
    unsigned count = block.differences[lag];
    for (unsigned word = 0; word < COMPARED / 32; word += 7)
        count += count_seven(window + word, later + word);
    block.differences[lag] = (uint16_t)count;
}

static void move_by_one(void)
{
    uint32_t next = 0;
    for (unsigned word = HEALTH_WINDOW; word-- > 0;) {
        uint32_t this = block.later[word];
        block.later[word] = this >> 1 | next << 31;
        next = this;
    }
}

void health_block_take(const uint32_t *window)
{
    memset(block.later, 0, sizeof block.later);
    count_differences(window, block.later, 0);
    memcpy(block.later, window, sizeof block.later);
    for (unsigned bits = 1; bits <= 32; bits++) {
        move_by_one();
        for (unsigned word = 0; word < LAGS / 32; word++)
            count_differences(window, block.later + word, 32 * word + bits);
    }
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
