// The tests of raw samples: their cutoffs, how often a good source fails them, and what they find.
//
// The rate of false alarms that Picket works with is too low to be seen, so it is measured where it is higher: the same
// code with a larger alpha.
#include "entropy_health.h"

#include <stdlib.h>

#include "check.h"

// --- Samples: SplitMix64

static uint64_t state;

static uint32_t next(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

// True once in 2^32 / limit.
static bool chance(uint32_t limit)
{
    return next() < limit;
}

// 2^-(credit / 1024) * 2^32, for the claims used here.
static uint32_t likely(unsigned credit)
{
    switch (credit) {
    case 32: return 4202935003u;
    case 256: return 3611622603u;
    case 1024: return 2147483648u;
    default: abort();
    }
}

// --- Cutoffs

// The first ten are those of SP 800-90B, 4.4.2; all were computed with whole and decimal numbers of 60 digits.
static void cutoffs_are_those_of_the_binomial_distribution(void)
{
    static const struct {
        unsigned n, credit, alpha, cutoff;
    } cases[] = {
        {1024, 1024, 20, 589}, {1024, 205, 20, 941},  {1024, 410, 20, 840},  {1024, 614, 20, 748},
        {1024, 819, 20, 664},  {512, 512, 20, 410},   {512, 1024, 20, 311},  {512, 2048, 20, 177},
        {512, 4096, 20, 62},   {512, 8192, 20, 13},   {1024, 32, 32, 1024},  {1024, 256, 32, 930},
        {1024, 1024, 32, 612}, {512, 8192, 32, 17},   {512, 2048, 32, 193},  {896, 1024, 41, 555},
        {8960, 32, 41, 8858},  {1792, 256, 41, 1612}, {35840, 8, 41, 35738}, {1024, 8, 32, 1025},
        {1024, 1024, 10, 563}, {1024, 64, 10, 1000},  {2688, 128, 41, 2561},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(health_cutoff(cases[i].n, cases[i].credit, cases[i].alpha), cases[i].cutoff);
}

static void a_claim_of_nothing_much_still_has_a_cutoff(void)
{
    for (unsigned credit = PICKET_ENTROPY_CREDIT_MIN; credit <= 8 * PICKET_ENTROPY_BIT; credit++) {
        unsigned windows = (320 + credit - 1) / credit, n = 896 * (windows > 1 ? windows : 1);
        unsigned cutoff = health_cutoff(n, credit, HEALTH_ALPHA + 9);
        CHECK(cutoff <= n); // a block that is stuck fails
        CHECK(cutoff > 1);
    }
}

static void runs_are_those_of_the_standard(void)
{
    static const struct {
        unsigned credit, bits, alpha, repetitions, window;
    } cases[] = {{1024, 1, 20, 21, 1024}, {2048, 2, 20, 11, 512}, {8192, 8, 32, 5, 512},
                 {32, 1, 32, 1025, 1024}, {8, 1, 32, 4097, 1024}, {1000, 1, 32, 34, 1024}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        health_t h;
        health_start(&h, cases[i].credit, cases[i].bits, cases[i].alpha);
        CHECK_INT(h.repetitions, cases[i].repetitions);
        CHECK_INT(h.window, cases[i].window);
    }
}

// --- The two tests of the standard, sample by sample

static void the_repetition_count_ends_at_its_cutoff(void)
{
    health_t h;
    health_start(&h, 1024, 8, 20); // 21 times the same
    for (int i = 0; i < 20; i++)
        CHECK_INT(health_take(&h, 7), PICKET_ENTROPY_OK);
    CHECK_INT(health_take(&h, 8), PICKET_ENTROPY_OK);
    for (int i = 0; i < 20; i++)
        CHECK_INT(health_take(&h, 0), PICKET_ENTROPY_OK);
    CHECK_INT(health_take(&h, 0), PICKET_ENTROPY_REPETITION);
}

// The first of a window and, spread evenly, so many in all.
static bool is_same(unsigned i, unsigned many)
{
    return (i * many + 1023) / 1024 < ((i + 1) * many + 1023) / 1024;
}

// In each window as many as may be; then one more.
static void the_adaptive_proportion_ends_at_its_cutoff(void)
{
    health_t h;
    health_start(&h, 1024, 1, 20);
    CHECK_INT(h.proportion, 589);
    for (unsigned window = 0; window < 3; window++) {
        unsigned many = window < 2 ? 588 : 589, same = 0;
        for (unsigned i = 0; i < 1024 && same < 589; i++) {
            same += is_same(i, many);
            CHECK_INT(health_take(&h, !is_same(i, many)),
                      same == 589 ? PICKET_ENTROPY_PROPORTION : PICKET_ENTROPY_OK);
        }
        CHECK_INT(same, many);
    }
}

// --- False alarms, of sources that are exactly as good as they claim

enum { ALPHA = 10, RUNS = 20000 };

// The worst source: one value always has the probability that the claim allows.
static unsigned count_alarms(unsigned credit, enum picket_entropy_state which)
{
    health_t h;
    unsigned alarms = 0;
    health_start(&h, credit, 1, ALPHA);
    for (unsigned i = 0; i < RUNS * 1024u; i++) {
        enum picket_entropy_state found = health_take(&h, chance(likely(credit)));
        if (found == PICKET_ENTROPY_OK)
            continue;
        alarms += found == which;
        health_start(&h, credit, 1, ALPHA);
    }
    return alarms;
}

static void good_windows_fail_as_rarely_as_promised(void)
{
    static const unsigned credits[] = {32, 256, 1024};
    for (unsigned i = 0; i < 3; i++) {
        state = i + 1;
        unsigned alarms = count_alarms(credits[i], PICKET_ENTROPY_PROPORTION);
        unsigned promised = RUNS >> ALPHA;
        printf("# claim %u/1024: %u of %u windows failed, promised at most %u\n", credits[i], alarms, RUNS,
               promised);
        CHECK(alarms <= promised + promised / 2 + 8);
    }
}

// A run begins with every sample that differs from the one before it. The promise is for each run.
static void good_runs_fail_as_rarely_as_promised(void)
{
    static const unsigned credits[] = {32, 256, 1024};
    for (unsigned i = 0; i < 3; i++) {
        state = i + 100;
        double runs = RUNS * 1024.0, p = likely(credits[i]) / 4294967296.0;
        double promised = runs * 2 * (1 - p) * p / (1 << ALPHA);
        unsigned alarms = count_alarms(credits[i], PICKET_ENTROPY_REPETITION);
        printf("# claim %u/1024: %u runs failed, promised at most %.0f\n", credits[i], alarms, promised);
        CHECK(alarms <= promised * 1.05 + 8);
    }
}

// --- Blocks

typedef unsigned (*bit_t)(unsigned n, unsigned argument);

static unsigned good_bit(unsigned n, unsigned argument)
{
    (void)n;
    return chance(likely(argument));
}

static bool block_passes(bit_t bit, unsigned argument, unsigned credit, unsigned alpha)
{
    uint32_t window[HEALTH_WINDOW];
    unsigned n = 0;
    health_block_begin();
    for (unsigned left = (320 + credit - 1) / credit; left > 0; left--) {
        for (unsigned i = 0; i < HEALTH_WINDOW * 32; i++, n++) {
            window[i / 32] = (i % 32 == 0 ? 0 : window[i / 32]) | (uint32_t)bit(n, argument) << i % 32;
        }
        health_block_take(window);
    }
    return health_block_passes(credit, alpha);
}

static unsigned count_failures(bit_t bit, unsigned argument, unsigned credit, unsigned alpha, unsigned blocks)
{
    unsigned failures = 0;
    for (unsigned i = 0; i < blocks; i++)
        failures += !block_passes(bit, argument, credit, alpha);
    return failures;
}

static void good_blocks_fail_as_rarely_as_promised(void)
{
    static const struct {
        unsigned credit, blocks;
    } cases[] = {{32, 1000}, {256, 4000}, {1024, 8000}};
    for (unsigned i = 0; i < 3; i++) {
        state = i + 200;
        unsigned promised = cases[i].blocks >> 5;
        unsigned failures = count_failures(good_bit, cases[i].credit, cases[i].credit, 5, cases[i].blocks);
        printf("# claim %u/1024: %u of %u blocks failed, promised at most %u\n", cases[i].credit, failures,
               cases[i].blocks, promised);
        CHECK(failures <= promised + promised / 2 + 8);
    }
}

static void no_good_block_fails_with_the_alpha_in_use(void)
{
    static const unsigned credits[] = {32, 256, 1024};
    for (unsigned i = 0; i < 3; i++) {
        state = i + 300;
        CHECK_INT(count_failures(good_bit, credits[i], credits[i], HEALTH_ALPHA, 1000), 0);
        CHECK_INT(count_failures(good_bit, 1024, credits[i], HEALTH_ALPHA, 1000), 0);
    }
}

// --- What is found, with the alpha in use

static unsigned stuck_bit(unsigned n, unsigned argument)
{
    (void)n;
    return argument;
}

static unsigned periodic_bit(unsigned n, unsigned period)
{
    return n % period * 2654435761u >> 31; // some pattern of this length
}

static unsigned long_bit(unsigned n, unsigned period)
{
    uint32_t x = n % period + 1;
    x = (x ^ x >> 16) * 0x45d9f3b;
    x = (x ^ x >> 16) * 0x45d9f3b;
    return x >> 31;
}

// The argument: of a thousand samples so many are 1.
static unsigned biased_bit(unsigned n, unsigned ones)
{
    (void)n;
    return chance(ones * 4294967u);
}

// The argument: of a thousand samples so many repeat what came 100 samples before.
static unsigned echoing_bit(unsigned n, unsigned echoes)
{
    static uint8_t last[100];
    return last[n % 100] = (uint8_t)(biased_bit(n, echoes) ? last[n % 100] : next() >> 31);
}

static void check_found(const char *what, bit_t bit, unsigned argument, unsigned credit, unsigned percent)
{
    enum { BLOCKS = 200 };
    state = argument + credit;
    unsigned found = count_failures(bit, argument, credit, HEALTH_ALPHA, BLOCKS);
    printf("# claim %u/1024, %s %u: %u of %d blocks failed\n", credit, what, argument, found, BLOCKS);
    CHECK(found * 100 >= percent * BLOCKS);
}

static void finds_what_is_stuck(void)
{
    static const unsigned credits[] = {8, 32, 256, 1024};
    for (unsigned i = 0; i < 4; i++) {
        check_found("stuck at", stuck_bit, 0, credits[i], 100);
        check_found("stuck at", stuck_bit, 1, credits[i], 100);
    }
}

// Each period that the test looks for, whatever is claimed.
static void finds_every_short_period(void)
{
    static const unsigned credits[] = {8, 32, 256, 1024};
    for (unsigned i = 0; i < 4; i++)
        for (unsigned period = 1; period <= 128; period++) {
            CHECK(!block_passes(periodic_bit, period, credits[i], HEALTH_ALPHA));
            CHECK(!block_passes(long_bit, period, credits[i], HEALTH_ALPHA));
        }
}

static void finds_bias(void)
{
    check_found("ones of 1000:", biased_bit, 992, 32, 95);
    check_found("ones of 1000:", biased_bit, 995, 32, 100);
    check_found("ones of 1000:", biased_bit, 5, 32, 100);
    check_found("ones of 1000:", biased_bit, 930, 256, 95);
    check_found("ones of 1000:", biased_bit, 650, 1024, 95);
    check_found("ones of 1000:", biased_bit, 350, 1024, 95);
}

static void finds_echoes(void)
{
    check_found("echoes of 1000:", echoing_bit, 990, 32, 95);
    check_found("echoes of 1000:", echoing_bit, 850, 256, 95);
    check_found("echoes of 1000:", echoing_bit, 350, 1024, 95);
}

// What the documentation says that no test finds: nothing here is random.
static void does_not_find_a_long_period(void)
{
    CHECK(block_passes(long_bit, 100003, 32, HEALTH_ALPHA));
    CHECK(block_passes(long_bit, 100003, 1024, HEALTH_ALPHA));
}

// Until a stuck source is refused sample by sample.
static void a_stuck_source_ends_within_its_first_samples(void)
{
    static const struct {
        unsigned credit, bits, most;
    } cases[] = {{32, 1, 1024}, {256, 1, 129}, {1024, 1, 33}, {8192, 8, 5}};
    for (unsigned i = 0; i < 4; i++) {
        health_t h;
        unsigned n = 1;
        health_start(&h, cases[i].credit, cases[i].bits, HEALTH_ALPHA);
        while (n < 5000 && health_take(&h, 1) == PICKET_ENTROPY_OK)
            n++;
        CHECK(n <= cases[i].most);
    }
}

int main(void)
{
    RUN(cutoffs_are_those_of_the_binomial_distribution);
    RUN(a_claim_of_nothing_much_still_has_a_cutoff);
    RUN(runs_are_those_of_the_standard);
    RUN(the_repetition_count_ends_at_its_cutoff);
    RUN(the_adaptive_proportion_ends_at_its_cutoff);
    RUN(good_windows_fail_as_rarely_as_promised);
    RUN(good_runs_fail_as_rarely_as_promised);
    RUN(good_blocks_fail_as_rarely_as_promised);
    RUN(no_good_block_fails_with_the_alpha_in_use);
    RUN(finds_what_is_stuck);
    RUN(finds_every_short_period);
    RUN(finds_bias);
    RUN(finds_echoes);
    RUN(does_not_find_a_long_period);
    RUN(a_stuck_source_ends_within_its_first_samples);
    return check_done();
}
