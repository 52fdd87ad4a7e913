// SHA-256 in C, and the reference for the assembler.
#include "../hash.h"

#include "../wipe.h"

#if !KERNELS_ARMV6M

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t turn(uint32_t word, int right)
{
    return word >> right | word << (32 - right);
}

static inline uint32_t word_of(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void schedule(uint32_t w[64], const uint8_t *block)
{
    for (int i = 0; i < 16; i++)
        w[i] = word_of(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t x = w[i - 15], y = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) +
               (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
    }
}

// Round `at`, of which a to h are s[-at % 8] and those that follow: nothing is moved.
static inline void round_of(uint32_t s[8], unsigned at, uint32_t word)
{
    uint32_t a = s[(0 - at) % 8], b = s[(1 - at) % 8], c = s[(2 - at) % 8];
    uint32_t e = s[(4 - at) % 8], f = s[(5 - at) % 8], g = s[(6 - at) % 8];
    uint32_t t = s[(7 - at) % 8] + word + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g)));
    s[(3 - at) % 8] += t;
    s[(7 - at) % 8] = t + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (b ^ ((a ^ b) & (b ^ c)));
}

void kernel_sha256(uint32_t state[8], const uint8_t block[SHA256_BLOCK])
{
    uint32_t w[64], s[8];
    schedule(w, block);
    for (int i = 0; i < 8; i++)
        s[i] = state[i];
    for (unsigned i = 0; i < 64; i += 8)
#pragma GCC unroll 8
        for (unsigned at = 0; at < 8; at++)
            round_of(s, at, w[i + at] + constants[i + at]);
    for (int i = 0; i < 8; i++)
        state[i] += s[i];
    kernel_wipe(w, sizeof w); // what is hashed may be a key
    kernel_wipe(s, sizeof s);
}

#endif
