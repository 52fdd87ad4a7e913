// Randomness: what sources give is tested, counted and hashed; one that fails ends it, and nothing random is given out
// after it.
#include "entropy.h"

#include <stdint.h>

#include "arena.h"
#include "check.h"
#include "mbedtls/build_info.h"
#include "mbedtls/entropy.h"
#include "psa/crypto.h"

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

static _Alignas(8) uint8_t memory[64 * 1024];

enum { BLOCK = 32 };

// --- Sources in all their moods

enum mood { GOOD, DEAD, STUCK, SAME_EACH_TIME, COUNTING, PERIODIC, BIASED, TOO_MANY, SILENT };

typedef struct source {
    picket_entropy_source_t is;
    enum mood mood;
    bool missing;
    unsigned starts, stops, calls, samples;
    unsigned good_after; // samples: then it is good whatever its mood was
    uint64_t state;
} source_t;

// SplitMix64.
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static uint8_t sample_of(source_t *s)
{
    unsigned n = s->samples++;
    enum mood mood = s->good_after != 0 && n >= s->good_after ? GOOD : s->mood;
    switch (mood) {
    case STUCK: return 0xff;
    case COUNTING: return (uint8_t)n;
    case PERIODIC: return n % 13 == 0;
    case BIASED: return next(&s->state) % 100 != 0; // its min-entropy is 0.0145 of a bit
    default: return (uint8_t)(next(&s->state) >> 56);
    }
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    source_t *s = ctx;
    CHECK(s->starts == s->stops + 1);
    CHECK(n >= 1 && n <= 128);
    s->calls++;
    if (s->mood == DEAD)
        return PICKET_ERR_NO_ENTROPY;
    if (s->mood == SILENT)
        return 0;
    if (s->mood == SAME_EACH_TIME)
        s->state = s->samples = 0;
    n = s->samples % 3 == 0 && n > 5 ? n - 5 : n; // it need not give all
    for (size_t i = 0; i < n; i++)
        samples[i] = sample_of(s);
    return s->mood == TOO_MANY ? 1000 : (int)n;
}

static int start_source(void *ctx)
{
    source_t *s = ctx;
    if (s->missing)
        return PICKET_ERR_NO_ENTROPY;
    s->starts++;
    return 0;
}

static void stop_source(void *ctx)
{
    ((source_t *)ctx)->stops++;
}

static source_t ring, chip, extra;

static void make(source_t *s, const char *name, uint16_t credit, uint8_t bits)
{
    *s = (source_t){.is = {.name = name,
                           .credit = credit,
                           .bits = bits,
                           .start = start_source,
                           .collect = collect,
                           .stop = stop_source,
                           .ctx = s},
                    .state = 12345};
}

static void make_all(void)
{
    make(&ring, "ring", PICKET_ENTROPY_BIT / 32, 1);
    make(&chip, "chip", 8 * PICKET_ENTROPY_BIT, 8);
    make(&extra, "extra", 0, 8);
    chip.is.conditioned = true;
}

static void start_with(source_t *one, source_t *two, source_t *three)
{
    static const picket_entropy_source_t *list[4];
    source_t *all[] = {one, two, three};
    for (unsigned i = 0; i < 3; i++)
        list[i] = all[i] != NULL ? &all[i]->is : NULL;
    CHECK_INT(entropy_start(&(picket_port_t){.entropy = list}), 0);
}

static int poll(uint8_t *buf, size_t len)
{
    size_t got = 999, wanted = len < BLOCK ? len : BLOCK;
    int result = mbedtls_hardware_poll(NULL, buf, len, &got);
    CHECK_INT(got, result == 0 ? wanted : 0);
    return result;
}

static enum picket_entropy_state state_of(size_t n)
{
    picket_entropy_status_t status = {0};
    CHECK(picket_entropy(n, &status));
    return status.state;
}

static const char *explained(void)
{
    static char buf[112];
    text_t text = text_in(buf, sizeof buf);
    entropy_explain(&text);
    return buf;
}

// --- What is collected

static void takes_what_the_claim_asks_for(void)
{
    static const struct {
        uint16_t credit;
        uint8_t bits;
        bool conditioned;
        unsigned first, later; // samples of the first block, and of each later one
    } cases[] = {
        {8, 1, false, 40 * 1024, 40 * 1024},
        {32, 1, false, 10 * 1024, 10 * 1024},
        {1024, 1, false, 1024, 1024},
        {1024, 1, true, 1024, 1024},
        {2048, 2, false, 1024, 512},
        {1024, 3, false, 1024, 512},
        {512, 3, true, 768, 768},
        {8192, 8, false, 1024, 128},
        {8192, 8, true, 128, 128},
        {1024, 8, true, 384, 384},
        {8, 8, true, 40960, 40960},
    };
    uint8_t buf[128];
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(&chip, "chip", cases[i].credit, cases[i].bits);
        chip.is.conditioned = cases[i].conditioned;
        start_with(&chip, NULL, NULL);
        CHECK_INT(poll(buf, sizeof buf), 0);
        CHECK_INT(chip.samples, cases[i].first);
        CHECK(cases[i].first * (unsigned)cases[i].credit >= 320u * PICKET_ENTROPY_BIT);
        CHECK_INT(poll(buf, sizeof buf), 0);
        CHECK_INT(chip.samples, cases[i].first + cases[i].later);
        CHECK(cases[i].later * (unsigned)cases[i].credit >= 320u * PICKET_ENTROPY_BIT);
        entropy_stop();
        CHECK_INT(chip.stops, 1);
    }
}

static void every_source_gives_its_share(void)
{
    uint8_t buf[128];
    picket_entropy_status_t status;
    make_all();
    start_with(&ring, &chip, &extra);
    CHECK(picket_entropy(0, &status));
    CHECK_INT(status.state, PICKET_ENTROPY_UNUSED);
    CHECK_INT(poll(buf, sizeof buf), 0);
    CHECK(picket_entropy(0, &status));
    CHECK_STR(status.name, "ring");
    CHECK_INT(status.credit, 32);
    CHECK_INT(status.bits, 1);
    CHECK_INT(status.state, PICKET_ENTROPY_OK);
    CHECK_INT(status.samples, 10240);
    CHECK(picket_entropy(1, &status));
    CHECK_STR(status.name, "chip");
    CHECK_INT(status.samples, 128);
    CHECK(picket_entropy(2, &status));
    CHECK_INT(status.credit, 0);
    CHECK_INT(status.samples, 512);
    CHECK(!picket_entropy(3, &status));
    entropy_stop();
    CHECK(!picket_entropy(0, &status));
}

// Whichever source gives something else, the block is another.
static void every_source_counts(void)
{
    uint8_t one[BLOCK], other[BLOCK];
    for (unsigned i = 0; i < 4; i++) {
        make_all();
        start_with(&ring, &chip, &extra);
        CHECK_INT(poll(one, sizeof one), 0);
        entropy_stop();
        make_all();
        source_t *const all[] = {&ring, &chip, &extra};
        if (i < 3)
            all[i]->state++;
        start_with(&ring, &chip, &extra);
        CHECK_INT(poll(other, sizeof other), 0);
        CHECK((memcmp(one, other, BLOCK) == 0) == (i == 3));
        entropy_stop();
    }
}

static void good_sources_go_on(void)
{
    uint8_t buf[128];
    make_all();
    start_with(&ring, &chip, &extra);
    for (size_t i = 0; i < 300; i++)
        CHECK_INT(poll(buf, 1 + i % 128), 0);
    CHECK(!entropy_failed());
    entropy_stop();
}

// --- What is noticed

static const uint8_t zeros[128];

static void check_latched(source_t *s, uint8_t *buf)
{
    CHECK_MEM(buf, zeros, 128);
    CHECK(entropy_failed());
    ring.mood = chip.mood = GOOD;
    s->calls = 0;
    CHECK_INT(poll(buf, 128), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    CHECK_INT(s->calls, 0);
}

// The mood turns after a good block; the failure is noticed at the next, though the other source is good, nothing is
// given out, and it lasts.
static void check_noticed(source_t *s, enum mood mood, enum picket_entropy_state state, const char *why)
{
    uint8_t buf[128];
    make_all();
    start_with(&ring, &chip, &extra);
    CHECK_INT(poll(buf, 128), 0);
    CHECK(!entropy_failed());
    s->mood = mood;
    CHECK_INT(poll(buf, 128), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    check_latched(s, buf);
    CHECK_INT(state_of(s == &chip), state);
    CHECK_STR(explained(), why);
    entropy_stop();
    CHECK(entropy_failed()); // and can be asked for
    CHECK_INT(state_of(s == &chip), state);
    CHECK_INT(ring.stops, 1);
    start_with(&ring, &chip, &extra);
    CHECK(!entropy_failed());
    CHECK_INT(poll(buf, 128), 0);
    entropy_stop();
    CHECK_INT(ring.starts, ring.stops);
}

static void notices_a_dead_source(void)
{
    check_noticed(&ring, DEAD, PICKET_ENTROPY_DEAD, "ring: dead: no more samples");
    check_noticed(&chip, DEAD, PICKET_ENTROPY_DEAD, "chip: dead: no more samples");
    check_noticed(&chip, SILENT, PICKET_ENTROPY_DEAD, "chip: dead: no more samples");
    check_noticed(&ring, TOO_MANY, PICKET_ENTROPY_DEAD, "ring: dead: no more samples");
}

static void notices_a_stuck_source(void)
{
    check_noticed(&chip, STUCK, PICKET_ENTROPY_REPETITION, "chip: stuck: failed the repetition count test");
    check_noticed(&ring, STUCK, PICKET_ENTROPY_REPETITION, "ring: stuck: failed the repetition count test");
}

static void notices_patterns(void)
{
    static const char ring_why[] = "ring: biased or repeating: failed the tests of a block";
    static const char chip_why[] = "chip: biased or repeating: failed the tests of a block";
    check_noticed(&ring, PERIODIC, PICKET_ENTROPY_PATTERN, ring_why);
    check_noticed(&ring, BIASED, PICKET_ENTROPY_PATTERN, ring_why);
    check_noticed(&ring, COUNTING, PICKET_ENTROPY_PATTERN, ring_why);
    check_noticed(&ring, SAME_EACH_TIME, PICKET_ENTROPY_PATTERN, ring_why);
    check_noticed(&chip, COUNTING, PICKET_ENTROPY_PATTERN, chip_why);
}

// A generator that begins anew is noticed at the second block; a seed takes two.
static void notices_a_generator_that_begins_anew(void)
{
    uint8_t buf[128];
    make_all();
    chip.mood = SAME_EACH_TIME;
    start_with(&chip, NULL, NULL);
    CHECK_INT(poll(buf, 128), 0);
    CHECK_INT(poll(buf, 128), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    CHECK_INT(state_of(0), PICKET_ENTROPY_PATTERN);
    entropy_stop();
}

// Two blocks in a row may be bad, and are replaced; not three.
static void allows_a_bad_moment(void)
{
    uint8_t buf[128];
    for (unsigned blocks = 1; blocks <= 3; blocks++) {
        make_all();
        ring.mood = PERIODIC;
        ring.good_after = blocks * 10240;
        start_with(&ring, NULL, NULL);
        CHECK_INT(poll(buf, 128), blocks < 3 ? 0 : MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
        CHECK_INT(ring.samples, blocks < 3 ? (blocks + 1) * 10240 : 3 * 10240);
        entropy_stop();
    }
}

static void a_bad_extra_spoils_nothing(void)
{
    static const enum mood moods[] = {DEAD, STUCK, SAME_EACH_TIME, COUNTING, TOO_MANY, SILENT};
    uint8_t buf[128];
    for (unsigned i = 0; i < sizeof moods / sizeof moods[0]; i++) {
        make_all();
        extra.mood = moods[i];
        start_with(&ring, &extra, NULL);
        CHECK_INT(poll(buf, 128), 0);
        CHECK_INT(poll(buf, 128), 0);
        bool ends = moods[i] == DEAD || moods[i] == TOO_MANY;
        CHECK_INT(state_of(1), ends ? PICKET_ENTROPY_DEAD : PICKET_ENTROPY_OK);
        if (ends)
            CHECK_INT(extra.calls, 1);
        entropy_stop();
    }
}

static void what_is_missing_is_passed_over(void)
{
    uint8_t buf[128];
    make_all();
    ring.missing = true;
    start_with(&ring, &chip, &extra);
    CHECK_INT(poll(buf, 128), 0);
    CHECK_INT(state_of(0), PICKET_ENTROPY_MISSING);
    CHECK_INT(ring.calls, 0);
    entropy_stop();
    CHECK_INT(ring.stops, 0);
    CHECK_INT(chip.stops, 1);
}

static void check_none(const char *why)
{
    uint8_t buf[128];
    CHECK(!entropy_failed());
    CHECK_INT(poll(buf, 128), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    CHECK_MEM(buf, zeros, 128);
    CHECK(entropy_failed());
    CHECK_STR(explained(), why);
    entropy_stop();
}

static void without_a_claim_there_is_none(void)
{
    make_all();
    ring.missing = chip.missing = true;
    start_with(&ring, &chip, &extra);
    check_none("ring: missing");
    start_with(&extra, NULL, NULL);
    check_none("no source of entropy");
    start_with(NULL, NULL, NULL);
    check_none("no source of entropy");
    CHECK_INT(entropy_start(&(picket_port_t){.entropy = NULL}), 0);
    check_none("no source of entropy");
}

static void refuses_impossible_claims(void)
{
    static const struct {
        uint16_t credit;
        uint8_t bits;
    } cases[] = {{32, 0}, {0, 0}, {1025, 1}, {7, 1}, {8193, 8}, {1024, 9}, {0, 9}, {1, 8}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_all();
        make(&extra, "odd", cases[i].credit, cases[i].bits);
        start_with(&chip, &extra, NULL);
        check_none("odd: claims what cannot be");
    }
}

static void more_may_be_added_but_not_too_many(void)
{
    uint8_t buf[128];
    make_all();
    start_with(&ring, NULL, NULL);
    const picket_entropy_source_t *const more[] = {&chip.is, NULL};
    CHECK_INT(entropy_add(NULL), 0);
    CHECK_INT(entropy_add(more), 0);
    CHECK_INT(poll(buf, 128), 0);
    CHECK_INT(chip.samples, 128);
    entropy_stop();
    const picket_entropy_source_t *many[PICKET_ENTROPY_SOURCES + 1] = {0};
    for (unsigned i = 0; i < PICKET_ENTROPY_SOURCES; i++)
        many[i] = &chip.is;
    CHECK_INT(entropy_start(&(picket_port_t){.entropy = many}), 0);
    CHECK_INT(entropy_add(more), PICKET_ERR_ARG);
    entropy_stop();
}

static void states_have_names(void)
{
    for (int i = 0; i <= PICKET_ENTROPY_CLAIM; i++)
        CHECK(picket_entropy_state_name((enum picket_entropy_state)i)[0] != '\0');
    CHECK_STR(picket_entropy_state_name((enum picket_entropy_state)99), "");
    CHECK_STR(picket_entropy_state_name(PICKET_ENTROPY_OK), "ok");
}

// --- With PSA

static void finish(void)
{
    mbedtls_psa_crypto_free();
    CHECK_INT(arena_used(), 0);
    CHECK(arena_check());
    arena_stop();
    entropy_stop();
}

// A seed is two blocks, before psa_crypto_init has finished.
static void seeds_the_generator(void)
{
    uint8_t one[64] = {0}, two[64] = {0};
    REQUIRE(arena_start(memory, sizeof memory));
    make_all();
    start_with(&ring, &chip, NULL);
    CHECK_INT(psa_crypto_init(), PSA_SUCCESS);
    CHECK_INT(ring.samples, 2 * 10240);
    CHECK_INT(chip.samples, 2 * 128);
    CHECK_INT(entropy_random(one, sizeof one), 0);
    CHECK_INT(entropy_random(two, sizeof two), 0);
    CHECK(memcmp(one, two, sizeof one) != 0);
    finish();
}

static void check_refused(enum mood mood)
{
    uint8_t buf[32];
    REQUIRE(arena_start(memory, sizeof memory));
    make_all();
    ring.mood = mood;
    start_with(&ring, NULL, NULL);
    CHECK(psa_crypto_init() != PSA_SUCCESS);
    CHECK(entropy_failed());
    memset(buf, 0x5a, sizeof buf);
    CHECK_INT(entropy_random(buf, sizeof buf), PICKET_ERR_NO_ENTROPY);
    CHECK_MEM(buf, zeros, sizeof buf);
    finish();
}

static void a_bad_source_seeds_nothing(void)
{
    check_refused(DEAD);
    check_refused(STUCK);
    check_refused(BIASED);
    check_refused(PERIODIC);
}

static void works_after_a_bad_source(void)
{
    check_refused(DEAD);
    seeds_the_generator();
    check_refused(STUCK);
    seeds_the_generator();
}

static void the_generator_needs_psa(void)
{
    uint8_t buf[32] = {1};
    make_all();
    start_with(&chip, NULL, NULL);
    CHECK_INT(entropy_random(buf, sizeof buf), PICKET_ERR_NO_ENTROPY);
    CHECK_INT(buf[0], 0);
    entropy_stop();
}

// The generator asks for a new seed in the end; a source that has died by then ends it, for good.
static void a_source_that_dies_later_is_noticed(void)
{
    uint8_t buf[16];
    int result = 0;
    REQUIRE(arena_start(memory, sizeof memory));
    make_all();
    start_with(&chip, NULL, NULL);
    REQUIRE(psa_crypto_init() == PSA_SUCCESS);
    chip.mood = DEAD;
    for (int i = 0; i < 30000 && result == 0; i++)
        result = entropy_random(buf, sizeof buf);
    CHECK_INT(result, PICKET_ERR_NO_ENTROPY);
    chip.mood = GOOD;
    CHECK_INT(entropy_random(buf, sizeof buf), PICKET_ERR_NO_ENTROPY);
    finish();
}

// After 10000 requests.
static void the_generator_is_seeded_again(void)
{
    uint8_t buf[16];
    REQUIRE(arena_start(memory, sizeof memory));
    make_all();
    start_with(&chip, NULL, NULL);
    REQUIRE(psa_crypto_init() == PSA_SUCCESS);
    for (int i = 0; i < 9999; i++)
        CHECK_INT(entropy_random(buf, sizeof buf), 0);
    CHECK_INT(chip.samples, 2 * 128);
    for (int i = 0; i < 2; i++)
        CHECK_INT(entropy_random(buf, sizeof buf), 0);
    CHECK_INT(chip.samples, 4 * 128);
    finish();
}

// Whichever allocation fails: an error, nothing left behind.
static void no_memory_is_clean(void)
{
    psa_status_t status = PSA_ERROR_GENERIC_ERROR;
    for (uint32_t n = 1; n < 200 && status != PSA_SUCCESS; n++) {
        REQUIRE(arena_start(memory, sizeof memory));
        make_all();
        start_with(&chip, NULL, NULL);
        arena_fail_at(n);
        status = psa_crypto_init();
        CHECK((status == PSA_SUCCESS) == (arena_failures() == 0));
        CHECK(!entropy_failed());
        finish();
    }
    CHECK_INT(status, PSA_SUCCESS);
}

int main(void)
{
    RUN(takes_what_the_claim_asks_for);
    RUN(every_source_gives_its_share);
    RUN(every_source_counts);
    RUN(good_sources_go_on);
    RUN(notices_a_dead_source);
    RUN(notices_a_stuck_source);
    RUN(notices_patterns);
    RUN(notices_a_generator_that_begins_anew);
    RUN(allows_a_bad_moment);
    RUN(a_bad_extra_spoils_nothing);
    RUN(what_is_missing_is_passed_over);
    RUN(without_a_claim_there_is_none);
    RUN(refuses_impossible_claims);
    RUN(more_may_be_added_but_not_too_many);
    RUN(states_have_names);
    RUN(seeds_the_generator);
    RUN(a_bad_source_seeds_nothing);
    RUN(works_after_a_bad_source);
    RUN(the_generator_needs_psa);
    RUN(a_source_that_dies_later_is_noticed);
    RUN(the_generator_is_seeded_again);
    RUN(no_memory_is_clean);
    return check_done();
}
