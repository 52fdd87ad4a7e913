// entropy.c: from samples to the generator behind PSA.
//
// Whenever the generator wants a seed, the library asks for blocks of 32 bytes, and every block is the SHA-256 of
// fresh samples of all sources. Each source that claims entropy gives 64 bits of it more than the block has, so that
// by SP 800-90B (3.1.5.1.2) the block is as good as uniform if the claim of one of them is true. The library hashes two
// blocks into a seed of 48 bytes.
#include "entropy.h"

#include <stdint.h>
#include <string.h>

#include "entropy_health.h"
#include "mbedtls/build_info.h"
#include "mbedtls/entropy.h"
#include "mbedtls/platform_util.h"
#include "psa/crypto.h"
#include "tls_stack.h"

enum {
    BLOCK = 32,              // bytes
    CREDIT = 8 * BLOCK + 64, // bits that every source has to claim for one
    START_UP = 1024,         // samples of the start-up test
    PART = 64,               // samples taken at once
    EXTRAS = 512,            // samples of an extra
    ATTEMPTS = 3,            // blocks that may fail in a row
};

_Static_assert(BLOCK == PSA_HASH_LENGTH(PSA_ALG_SHA_256), "a block is a hash");
_Static_assert((CREDIT * PICKET_ENTROPY_BIT / PICKET_ENTROPY_CREDIT_MIN + 1023) / 1024 <= HEALTH_BLOCK,
               "a block of the smallest claim can be tested");

typedef struct source {
    const picket_entropy_source_t *is;
    health_t health;
    uint32_t samples;
    uint32_t first[2]; // bits of the block before, while it passes for a generator
    enum picket_entropy_state state;
    bool started;
} source_t;

static struct {
    source_t sources[PICKET_ENTROPY_SOURCES];
    uint8_t count;
    bool begun;
    bool failed;
    bool has_seeded; // a block has been given out: the start-up tests are over
    uint8_t part[PART];
    uint32_t window[HEALTH_WINDOW];
} entropy;

// --- The sources

int entropy_add(const picket_entropy_source_t *const *sources)
{
    for (; sources != NULL && *sources != NULL; sources++) {
        if (entropy.count == PICKET_ENTROPY_SOURCES)
            return PICKET_ERR_ARG;
        entropy.sources[entropy.count++].is = *sources;
    }
    return 0;
}

int entropy_start(const picket_port_t *port)
{
    entropy_stop();
    mbedtls_platform_zeroize(&entropy, sizeof entropy);
    return entropy_add(port->entropy);
}

void entropy_stop(void)
{
    for (unsigned i = 0; i < entropy.count; i++) {
        source_t *s = &entropy.sources[i];
        if (s->started && s->is->stop != NULL)
            s->is->stop(s->is->ctx);
        s->started = false;
    }
    if (!entropy.failed)
        mbedtls_platform_zeroize(&entropy, sizeof entropy);
}

bool entropy_failed(void)
{
    return entropy.failed;
}

// A sample takes a place of 1, 2, 4 or 8 bits.
static unsigned width(const picket_entropy_source_t *is)
{
    return is->bits <= 2 ? is->bits : is->bits <= 4 ? 4 : 8;
}

static bool passes_for_generator(const picket_entropy_source_t *is)
{
    return is->credit == is->bits * PICKET_ENTROPY_BIT && is->bits == width(is);
}

static bool claim_is_possible(const picket_entropy_source_t *is)
{
    return is->bits >= 1 && is->bits <= 8 &&
           (is->credit == 0 ||
            (is->credit >= PICKET_ENTROPY_CREDIT_MIN && is->credit <= is->bits * PICKET_ENTROPY_BIT));
}

static enum picket_entropy_state start_source(source_t *s)
{
    const picket_entropy_source_t *is = s->is;
    if (!claim_is_possible(is))
        return PICKET_ENTROPY_CLAIM;
    if (is->start != NULL && is->start(is->ctx) != 0)
        return PICKET_ENTROPY_MISSING;
    s->started = true;
    if (is->credit != 0)
        health_start(&s->health, is->credit, is->bits, HEALTH_ALPHA);
    return PICKET_ENTROPY_OK;
}

static void begin(void)
{
    for (unsigned i = 0; i < entropy.count; i++)
        entropy.sources[i].state = start_source(&entropy.sources[i]);
    entropy.begun = true;
}

// --- Samples

// Some samples, at most n and PART; 0: none, and the state says why where it is a fault.
static unsigned take(source_t *s, unsigned n)
{
    unsigned most = n < PART ? n : PART;
    int got = s->is->collect(s->is->ctx, entropy.part, most);
    if (got < 0 || (unsigned)got > most || (got == 0 && s->is->credit != 0)) {
        s->state = PICKET_ENTROPY_DEAD;
        return 0;
    }
    s->samples += (unsigned)got;
    return (unsigned)got;
}

// Test samples and put them into the window, each behind the one before it.
static void test(source_t *s, unsigned at, unsigned n)
{
    unsigned bits = width(s->is), mask = (1U << s->is->bits) - 1, bit = at * bits;
    for (unsigned i = 0; i < n && s->state == PICKET_ENTROPY_OK; i++, bit += bits) {
        unsigned sample = entropy.part[i] & mask;
        s->state = health_take(&s->health, sample);
        entropy.window[bit / 32] |= (uint32_t)sample << bit % 32;
    }
}

static bool fill(source_t *s)
{
    unsigned all = HEALTH_WINDOW * 32 / width(s->is), n;
    memset(entropy.window, 0, sizeof entropy.window);
    for (unsigned at = 0; at < all && s->state == PICKET_ENTROPY_OK; at += n) {
        n = take(s, all - at);
        test(s, at, n);
    }
    return s->state == PICKET_ENTROPY_OK;
}

static bool hash_in(psa_hash_operation_t *hash, const void *data, size_t len)
{
    return psa_hash_update(hash, data, len) == PSA_SUCCESS;
}

// --- Blocks

// Good generators do so once in 2^64 blocks.
static bool begins_as_before(source_t *s)
{
    if (!passes_for_generator(s->is))
        return false;
    bool same = memcmp(s->first, entropy.window, sizeof s->first) == 0;
    memcpy(s->first, entropy.window, sizeof s->first);
    return same;
}

// How much a bit of the window has to be worth; 0: the bits of a sample are not alike, and say nothing one by one.
static unsigned credit_of_bit(const picket_entropy_source_t *is)
{
    if (is->bits == 1)
        return is->credit;
    return passes_for_generator(is) ? PICKET_ENTROPY_BIT : 0;
}

static unsigned windows_needed(const picket_entropy_source_t *is)
{
    unsigned bits = width(is), windows = (CREDIT * bits + is->credit - 1) / is->credit;
    unsigned start_up = START_UP * bits / (HEALTH_WINDOW * 32);
    return entropy.has_seeded || is->conditioned || windows > start_up ? windows : start_up;
}

// False when a sample failed. *good: what a block has to pass.
static bool collect_windows(source_t *s, psa_hash_operation_t *hash, bool *good)
{
    unsigned credit = credit_of_bit(s->is);
    *good = true;
    health_block_begin();
    for (unsigned left = windows_needed(s->is); left > 0; left--) {
        if (!fill(s) || !hash_in(hash, entropy.window, sizeof entropy.window))
            return false;
        if (credit != 0)
            health_block_take(entropy.window);
    }
    *good = !begins_as_before(s) && (credit == 0 || health_block_passes(credit, HEALTH_ALPHA));
    return true;
}

// Samples of a block that fails go into the hash too, and count for nothing. A source is allowed a bad moment: two
// oscillators may meet in a rhythm and leave it again.
static bool collect_credited(source_t *s, psa_hash_operation_t *hash)
{
    bool good = false;
    for (unsigned attempt = 0; attempt < ATTEMPTS && !good; attempt++)
        if (!collect_windows(s, hash, &good))
            return false;
    if (!good)
        s->state = PICKET_ENTROPY_PATTERN;
    return good;
}

// An extra that stops is missed by nobody.
static bool collect_extra(source_t *s, psa_hash_operation_t *hash)
{
    unsigned n;
    for (unsigned left = EXTRAS; left > 0; left -= n) {
        n = take(s, left);
        if (n == 0)
            break;
        if (!hash_in(hash, entropy.part, n))
            return false;
    }
    return true;
}

// Collect from every source that is there; at least one has to claim something.
static bool collect_all(psa_hash_operation_t *hash)
{
    bool any = false;
    for (unsigned i = 0; i < entropy.count; i++) {
        source_t *s = &entropy.sources[i];
        bool credited = s->is->credit != 0;
        if (s->state == PICKET_ENTROPY_CLAIM)
            return false;
        if (s->state != PICKET_ENTROPY_OK)
            continue;
        if (!(credited ? collect_credited(s, hash) : collect_extra(s, hash)))
            return false;
        any |= credited;
    }
    return any;
}

static bool make_block(uint8_t block[BLOCK])
{
    psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT; // works before psa_crypto_init has finished
    size_t len = 0;
    if (!entropy.begun)
        begin();
    bool good = psa_hash_setup(&hash, PSA_ALG_SHA_256) == PSA_SUCCESS && collect_all(&hash) &&
                psa_hash_finish(&hash, block, BLOCK, &len) == PSA_SUCCESS && len == BLOCK;
    psa_hash_abort(&hash);
    mbedtls_platform_zeroize(entropy.part, sizeof entropy.part);
    mbedtls_platform_zeroize(entropy.window, sizeof entropy.window);
    health_block_begin(); // forgets the last one
    entropy.has_seeded |= good;
    return good;
}

// Mbed TLS's name for the source of entropy (MBEDTLS_ENTROPY_HARDWARE_ALT). It is content with less than it asks for,
// and asks again.
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    uint8_t block[BLOCK];
    (void)data;
    *olen = 0;
    mbedtls_platform_zeroize(output, len);
    if (entropy.failed || !make_block(block)) {
        entropy.failed = true;
        mbedtls_platform_zeroize(block, BLOCK);
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    }
    *olen = len < BLOCK ? len : BLOCK;
    memcpy(output, block, *olen);
    mbedtls_platform_zeroize(block, BLOCK);
    return 0;
}

// --- What became of them

bool picket_entropy(size_t n, picket_entropy_status_t *status)
{
    if (n >= entropy.count)
        return false;
    const source_t *s = &entropy.sources[n];
    *status = (picket_entropy_status_t){s->is->name, s->is->credit, s->is->bits, s->state, s->samples};
    return true;
}

const char *picket_entropy_state_name(enum picket_entropy_state state)
{
    static const char *const names[] = {
        "not used yet",
        "ok",
        "missing",
        "dead: no more samples",
        "stuck: failed the repetition count test",
        "failed the adaptive proportion test",
        "biased or repeating: failed the tests of a block",
        "claims what cannot be",
    };
    return (unsigned)state < sizeof names / sizeof names[0] ? names[state] : "";
}

static bool is_to_blame(const source_t *s)
{
    return s->state > PICKET_ENTROPY_OK && (s->is->credit != 0 || s->state == PICKET_ENTROPY_CLAIM);
}

// A fault before an absence.
static const source_t *find_cause(void)
{
    const source_t *cause = NULL;
    for (unsigned i = 0; i < entropy.count; i++) {
        const source_t *s = &entropy.sources[i];
        if (is_to_blame(s) && (cause == NULL || s->state > cause->state))
            cause = s;
    }
    return cause;
}

void entropy_explain(text_t *text)
{
    const source_t *cause = find_cause();
    if (cause == NULL) {
        text_str(text, "no source of entropy");
        return;
    }
    text_str(text, cause->is->name);
    text_str(text, ": ");
    text_str(text, picket_entropy_state_name(cause->state));
}

// --- The generator

typedef struct span {
    void *buf;
    size_t len;
} span_t;

static int generate(void *arg)
{
    const span_t *span = arg;
    return psa_generate_random(span->buf, span->len) == PSA_SUCCESS ? 0 : PICKET_ERR_NO_ENTROPY;
}

int entropy_random(void *buf, size_t len)
{
    if (!entropy.failed && tls_stack_call(generate, &(span_t){buf, len}) == 0)
        return 0;
    mbedtls_platform_zeroize(buf, len);
    return PICKET_ERR_NO_ENTROPY;
}
