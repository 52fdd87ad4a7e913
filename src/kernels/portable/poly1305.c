// Poly1305 in C, and the reference for the assembler.
#include "../cipher.h"

#include <string.h>

#include "../wipe.h"
#include "../words.h"

#if KERNELS_PORTABLE

static uint64_t product(uint32_t a, uint32_t b)
{
    return (uint64_t)a * b;
}

// h[4] <= 4 before, and 6 with the block. 2^130 = 5, and r1 to r3 are multiples of 4: 2^128 r_i = 5/4 r_i = s_i. Each column is less
// than 4 2^32 5/4 2^28 + 6 5/4 2^28 + 2^32 < 2^63, and top less than 2^32.
void kernel_poly1305(struct poly1305 *p, const uint8_t *blocks, size_t n)
{
    uint32_t r[4], h[5];
    memcpy(h, p->h, sizeof h);
    const uint32_t *s = p->whole; // s[0] is s1
    for (int i = 0; i < 4; i++)
        r[i] = p->k[3 - i][0] | p->k[3 - i][1] << 14;
    uint64_t carry;
    for (; n > 0; n--, blocks += POLY1305_BLOCK) {
        carry = 0;
        for (int i = 0; i < 4; i++) {
            carry += (uint64_t)h[i] + load_word(blocks + 4 * i);
            h[i] = (uint32_t)carry;
            carry >>= 32;
        }
        h[4] += (uint32_t)carry + 1;
        uint64_t d0 = product(h[0], r[0]) + product(h[1], s[2]) + product(h[2], s[1]) + product(h[3], s[0]);
        uint64_t d1 = product(h[0], r[1]) + product(h[1], r[0]) + product(h[2], s[2]) + product(h[3], s[1]);
        uint64_t d2 = product(h[0], r[2]) + product(h[1], r[1]) + product(h[2], r[0]) + product(h[3], s[2]);
        uint64_t d3 = product(h[0], r[3]) + product(h[1], r[2]) + product(h[2], r[1]) + product(h[3], r[0]);
        d1 += product(h[4], s[0]) + (d0 >> 32);
        d2 += product(h[4], s[1]) + (d1 >> 32);
        d3 += product(h[4], s[2]) + (d2 >> 32);
        uint32_t top = h[4] * r[0] + (uint32_t)(d3 >> 32);
        carry = (uint64_t)(top >> 2) * 5;
        uint32_t low[4] = {(uint32_t)d0, (uint32_t)d1, (uint32_t)d2, (uint32_t)d3};
        for (int i = 0; i < 4; i++) {
            carry += low[i];
            h[i] = (uint32_t)carry;
            carry >>= 32;
        }
        h[4] = (top & 3) + (uint32_t)carry;
    }
    memcpy(p->h, h, sizeof h);
    kernel_wipe(h, sizeof h);
    kernel_wipe(r, sizeof r);
}

#endif
