// Randomness: a source that is dead or stuck is noticed, and nothing random is given out after it.
#include "entropy.h"

#include <stdint.h>

#include "arena.h"
#include "check.h"
#include "mbedtls/build_info.h"
#include "mbedtls/entropy.h"
#include "psa/crypto.h"

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

static _Alignas(8) uint8_t memory[64 * 1024];

// A source in all its moods.
enum mood { GOOD, DEAD, STUCK, STUCK_AT_THE_END, SAME_EACH_CALL, SAME_BLOCK, ONE_BLOCK_TWICE, SHORT_RUN };

static struct {
    enum mood mood;
    unsigned calls;
    uint32_t state;
} source;

static void fill(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        source.state = source.state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(source.state >> 24);
    }
}

static void spoil(uint8_t *bytes, size_t len)
{
    if (source.mood == STUCK)
        memset(bytes, 0xff, len);
    if (source.mood == STUCK_AT_THE_END)
        memset(bytes + len - 16, 0, 16);
    if (source.mood == SAME_BLOCK) {
        for (size_t at = 16; at + 16 <= len; at += 16)
            memcpy(bytes + at, bytes, 16);
    }
    if (source.mood == ONE_BLOCK_TWICE && len >= 48)
        memcpy(bytes + 32, bytes + 16, 16);
    if (source.mood == SHORT_RUN)
        memset(bytes, 0, 15);
}

static int port_random(void *ctx, void *buf, size_t len)
{
    CHECK(ctx == &source);
    source.calls++;
    if (source.mood == DEAD)
        return PICKET_ERR_NO_ENTROPY;
    if (source.mood == SAME_EACH_CALL)
        source.state = 1;
    fill(buf, len);
    spoil(buf, len);
    return 0;
}

static const picket_port_t port = {.ctx = &source, .random = port_random};

static void start(enum mood mood)
{
    source.mood = mood;
    source.calls = 0;
    source.state = 12345;
    entropy_start(&port);
}

static int poll(uint8_t *buf, size_t len)
{
    size_t got = 999;
    int result = mbedtls_hardware_poll(NULL, buf, len, &got);
    CHECK_INT(got, result == 0 ? len : 0);
    return result;
}

static void gives_what_a_good_source_gives(void)
{
    uint8_t buf[128], wanted[128];
    for (size_t len = 1; len <= sizeof buf; len++) {
        start(GOOD);
        CHECK_INT(poll(buf, len), 0);
        source.state = 12345;
        fill(wanted, len);
        CHECK_MEM(buf, wanted, len);
    }
    for (int i = 0; i < 1000; i++)
        CHECK_INT(poll(buf, 1 + (size_t)i % 128), 0);
    CHECK(!entropy_failed());
    entropy_stop();
}

// The mood turns after a good seed; the failure is noticed at once, nothing of it is given out, and it lasts.
static void check_noticed(enum mood mood, size_t len)
{
    uint8_t buf[128];
    static const uint8_t zeros[128];
    start(GOOD);
    CHECK_INT(poll(buf, len), 0);
    CHECK(!entropy_failed());
    source.mood = mood;
    CHECK_INT(poll(buf, len), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    CHECK_MEM(buf, zeros, len);
    CHECK(entropy_failed());
    source.mood = GOOD;
    source.calls = 0;
    CHECK_INT(poll(buf, len), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    CHECK_INT(source.calls, 0);
    start(GOOD);
    CHECK(!entropy_failed());
    CHECK_INT(poll(buf, len), 0);
    entropy_stop();
}

static void notices_a_dead_source(void)
{
    check_noticed(DEAD, 128);
    check_noticed(DEAD, 1);
}

static void notices_a_stuck_source(void)
{
    for (size_t len = 1; len <= 128; len++)
        check_noticed(STUCK, len);
    for (size_t len = 16; len <= 128; len++)
        check_noticed(STUCK_AT_THE_END, len);
}

static void notices_repeated_blocks(void)
{
    for (size_t len = 32; len <= 128; len++)
        check_noticed(SAME_BLOCK, len);
    for (size_t len = 48; len <= 128; len++)
        check_noticed(ONE_BLOCK_TWICE, len);
}

static void notices_a_source_that_begins_anew(void)
{
    uint8_t buf[128];
    for (size_t len = 1; len <= sizeof buf; len++) {
        start(SAME_EACH_CALL);
        CHECK_INT(poll(buf, len), 0);
        CHECK_INT(poll(buf, len), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    }
    entropy_stop();
}

static void lets_short_runs_pass(void)
{
    uint8_t buf[128];
    start(SHORT_RUN);
    CHECK_INT(poll(buf, sizeof buf), 0);
    entropy_stop();
}

static void without_a_port_there_is_none(void)
{
    uint8_t buf[32] = {1};
    entropy_stop();
    CHECK_INT(poll(buf, sizeof buf), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    entropy_start(&(picket_port_t){.random = NULL});
    CHECK(!entropy_failed());
    CHECK_INT(poll(buf, sizeof buf), MBEDTLS_ERR_ENTROPY_SOURCE_FAILED);
    entropy_stop();
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

static void seeds_the_generator(void)
{
    uint8_t one[64] = {0}, two[64] = {0};
    REQUIRE(arena_start(memory, sizeof memory));
    start(GOOD);
    CHECK_INT(psa_crypto_init(), PSA_SUCCESS);
    CHECK(source.calls > 0);
    CHECK_INT(entropy_random(one, sizeof one), 0);
    CHECK_INT(entropy_random(two, sizeof two), 0);
    CHECK(memcmp(one, two, sizeof one) != 0);
    finish();
}

static void check_refused(enum mood mood)
{
    uint8_t buf[32];
    static const uint8_t zeros[32];
    REQUIRE(arena_start(memory, sizeof memory));
    start(mood);
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
    check_refused(SAME_BLOCK);
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
    start(GOOD);
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
    start(GOOD);
    REQUIRE(psa_crypto_init() == PSA_SUCCESS);
    source.mood = DEAD;
    for (int i = 0; i < 30000 && result == 0; i++)
        result = entropy_random(buf, sizeof buf);
    CHECK_INT(result, PICKET_ERR_NO_ENTROPY);
    source.mood = GOOD;
    CHECK_INT(entropy_random(buf, sizeof buf), PICKET_ERR_NO_ENTROPY);
    finish();
}

// Whichever allocation fails: an error, nothing left behind.
static void no_memory_is_clean(void)
{
    psa_status_t status = PSA_ERROR_GENERIC_ERROR;
    for (uint32_t n = 1; n < 200 && status != PSA_SUCCESS; n++) {
        REQUIRE(arena_start(memory, sizeof memory));
        start(GOOD);
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
    RUN(gives_what_a_good_source_gives);
    RUN(notices_a_dead_source);
    RUN(notices_a_stuck_source);
    RUN(notices_repeated_blocks);
    RUN(notices_a_source_that_begins_anew);
    RUN(lets_short_runs_pass);
    RUN(without_a_port_there_is_none);
    RUN(seeds_the_generator);
    RUN(a_bad_source_seeds_nothing);
    RUN(works_after_a_bad_source);
    RUN(the_generator_needs_psa);
    RUN(a_source_that_dies_later_is_noticed);
    RUN(no_memory_is_clean);
    return check_done();
}
