// SHA-256's block against Mbed TLS's own code, and where that is left out, on boards, what came of the same blocks there.
// PICKET_ROUNDS: how many random blocks.
#include <mbedtls/build_info.h>
#include <mbedtls/sha256.h>

#include "check.h"
#include "kernels/hash.h"
#include "rounds.h"

// As SHA-256 begins (FIPS 180-4 section 5.3.3).
static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static void is_hash(const char *text, size_t times, const uint8_t expected[32])
{
    mbedtls_sha256_context hash;
    uint8_t found[32];
    mbedtls_sha256_init(&hash);
    REQUIRE_INT(mbedtls_sha256_starts(&hash, 0), 0);
    for (size_t i = 0; i < times; i++)
        REQUIRE_INT(mbedtls_sha256_update(&hash, (const uint8_t *)text, strlen(text)), 0);
    REQUIRE_INT(mbedtls_sha256_finish(&hash, found), 0);
    CHECK_MEM(found, expected, 32);
    mbedtls_sha256_free(&hash);
}

// NIST's examples for FIPS 180-4, and the million of FIPS 180-2, B.3.
static void examples(void)
{
    static const uint8_t empty[] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
                                    0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
                                    0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                  0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                  0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t two_blocks[] = {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26,
                                         0x93, 0x0c, 0x3e, 0x60, 0x39, 0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff,
                                         0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1};
    static const uint8_t million[] = {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81, 0xa1, 0xc7,
                                      0xe2, 0x84, 0xd7, 0x3e, 0x67, 0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97,
                                      0x20, 0x0e, 0x04, 0x6d, 0x39, 0xcc, 0xc7, 0x11, 0x2c, 0xd0};
    is_hash("", 1, empty);
    is_hash("abc", 1, abc);
    is_hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1, two_blocks);
    is_hash("aaaaaaaaaa", 100000, million);
}

// Where Mbed TLS's own code is compiled.
static void is_as_mbedtls(const uint32_t before[8], const uint8_t *block, const uint32_t after[8])
{
#ifdef MBEDTLS_SHA256_PROCESS_ALT
    (void)before, (void)block, (void)after;
#else
    mbedtls_sha256_context hash = {0};
    memcpy(hash.MBEDTLS_PRIVATE(state), before, 32);
    REQUIRE_INT(mbedtls_internal_sha256_process(&hash, block), 0);
    REQUIRE_MEM(after, hash.MBEDTLS_PRIVATE(state), 32);
#endif
}

// Zeros, ones, and both in runs.
static void draw(uint8_t *block)
{
    uint32_t words[SHA256_BLOCK / 4];
    number(words, SHA256_BLOCK / 4);
    memcpy(block, words, SHA256_BLOCK);
}

// One after the other, each at another place in a word; the state has a neighbour on each side.
static void random_blocks(void)
{
    static const uint32_t after_1000[8] = {0x6df3dd5a, 0xca9453f7, 0x14f9071a, 0xb66fb345,
                                           0x883c8b3b, 0xc3b1fa11, 0xe60e8621, 0xce0a0d18};
    struct {
        uint32_t before, state[8], after;
    } ours = {0x12345678, {0}, 0x9abcdef0};
    uint32_t was[8];
    _Alignas(8) uint8_t text[SHA256_BLOCK + 8];
    memcpy(ours.state, first, sizeof first);
    int n = rounds(1000);
    for (int i = 0; i < n; i++) {
        uint8_t *block = text + i % 8;
        draw(block);
        memcpy(was, ours.state, sizeof was);
        kernel_sha256(ours.state, block);
        is_as_mbedtls(was, block, ours.state);
        if (i == 999)
            CHECK_MEM(ours.state, after_1000, sizeof after_1000);
    }
    CHECK(ours.before == 0x12345678 && ours.after == 0x9abcdef0);
}

// No bit of block or state is without effect, and the block stays as it is.
static void every_bit_counts(void)
{
    uint8_t block[SHA256_BLOCK], as_it_was[SHA256_BLOCK];
    uint32_t whole[8], other[8];
    draw(block);
    memcpy(as_it_was, block, sizeof block);
    memcpy(whole, first, sizeof first);
    kernel_sha256(whole, block);
    CHECK_MEM(block, as_it_was, sizeof block);
    for (unsigned bit = 0; bit < 8 * (SHA256_BLOCK + 32); bit++) {
        bool of_block = bit < 8 * SHA256_BLOCK;
        unsigned at = bit - 8 * SHA256_BLOCK; // of the state's
        memcpy(other, first, sizeof first);
        if (of_block)
            block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        else
            other[at / 32] ^= 1u << at % 32;
        kernel_sha256(other, block);
        CHECK(memcmp(other, whole, sizeof whole) != 0);
        if (of_block)
            block[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

int main(void)
{
    RUN(examples);
    RUN(every_bit_counts);
    RUN(random_blocks);
    return check_done();
}
