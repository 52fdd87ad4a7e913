// GHASH in C without a table: products of polynomials by the processor's multiplication of numbers. For machines with a cache, and
// the reference for the assembler.
#include "../cipher.h"
#include "../words.h"

#if !CIPHER_TABLES

// Products of numbers with one bit in four are sums of no more than eight in every fourth bit: the carries do not reach the
// next of these, and what is odd is the product of the polynomials. Constant time as far as the multiplication is.
static uint64_t product32(uint32_t a, uint32_t b)
{
    uint64_t sum = 0;
    for (int k = 0; k < 4; k++) {
        uint64_t part = 0;
        for (int i = 0; i < 4; i++)
            part ^= (uint64_t)(a & 0x11111111u << i) * (b & 0x11111111u << ((k - i) & 3));
        sum |= part & 0x1111111111111111u << k;
    }
    return sum;
}

// r = a b, of words, lowest first: Karatsuba's way, as carries there are none.
static void product64(uint32_t r[4], const uint32_t a[2], const uint32_t b[2])
{
    uint64_t low = product32(a[0], b[0]), high = product32(a[1], b[1]);
    uint64_t middle = product32(a[0] ^ a[1], b[0] ^ b[1]) ^ low ^ high;
    r[0] = (uint32_t)low;
    r[1] = (uint32_t)(low >> 32) ^ (uint32_t)middle;
    r[2] = (uint32_t)high ^ (uint32_t)(middle >> 32);
    r[3] = (uint32_t)(high >> 32);
}

static void product128(uint32_t r[8], const uint32_t a[4], const uint32_t b[4])
{
    uint32_t middle[4], a_sum[2] = {a[0] ^ a[2], a[1] ^ a[3]}, b_sum[2] = {b[0] ^ b[2], b[1] ^ b[3]};
    product64(r, a, b);
    product64(r + 4, a + 2, b + 2);
    product64(middle, a_sum, b_sum);
    for (int i = 0; i < 4; i++)
        middle[i] ^= r[i] ^ r[4 + i];
    for (int i = 0; i < 4; i++)
        r[2 + i] ^= middle[i];
}

void ghash_begin(struct ghash *g, const uint8_t h[GHASH_BLOCK])
{
    for (int i = 0; i < 4; i++) {
        g->y[i] = 0;
        g->h[i] = load_big_word(h + 4 * i);
    }
}

// The highest bit of the first word is 1: read from the other end, as numbers, the product is 2^255 for 1, one bit short of it.
static void multiply(uint32_t y[4], const uint32_t h[4])
{
    uint32_t r[8], a[4] = {y[3], y[2], y[1], y[0]}, b[4] = {h[3], h[2], h[1], h[0]};
    product128(r, a, b);
    for (int i = 7; i > 0; i--)
        r[i] = r[i] << 1 | r[i - 1] >> 31;
    r[0] <<= 1;
    for (int i = 0; i < 4; i++) { // x^128 is 1 + x + x^2 + x^7
        uint32_t low = r[i];
        r[i + 4] ^= low ^ low >> 1 ^ low >> 2 ^ low >> 7;
        r[i + 3] ^= low << 31 ^ low << 30 ^ low << 25;
    }
    for (int i = 0; i < 4; i++)
        y[i] = r[7 - i];
}

void kernel_ghash(struct ghash *g, const uint8_t *blocks, size_t n)
{
    for (; n > 0; n--, blocks += GHASH_BLOCK) {
        for (int i = 0; i < 4; i++)
            g->y[i] ^= load_big_word(blocks + 4 * i);
        multiply(g->y, g->h);
    }
}

#endif
