// ChaCha20 in C, and the reference for the assembler.
#include "../cipher.h"

#include <string.h>

#include "../wipe.h"

#if KERNELS_PORTABLE

static inline uint32_t turn(uint32_t word, int left)
{
    return word << left | word >> (32 - left);
}

static inline void quarter(uint32_t x[16], int a, int b, int c, int d)
{
    x[a] += x[b];
    x[d] = turn(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = turn(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = turn(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = turn(x[b] ^ x[c], 7);
}

void kernel_chacha20(uint32_t stream[16], const uint32_t state[16])
{
    uint32_t x[16];
    memcpy(x, state, sizeof x);
    for (int i = 0; i < 10; i++) {
        quarter(x, 0, 4, 8, 12);
        quarter(x, 1, 5, 9, 13);
        quarter(x, 2, 6, 10, 14);
        quarter(x, 3, 7, 11, 15);
        quarter(x, 0, 5, 10, 15);
        quarter(x, 1, 6, 11, 12);
        quarter(x, 2, 7, 8, 13);
        quarter(x, 3, 4, 9, 14);
    }
    for (int i = 0; i < 16; i++)
        stream[i] = x[i] + state[i];
    kernel_wipe(x, sizeof x); // the rounds can be undone
}

void kernel_xor(uint8_t *out, const uint8_t *in, const uint32_t *stream, size_t len)
{
    size_t i = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; len - i >= 4; i += 4) {
        uint32_t word;
        memcpy(&word, in + i, 4);
        word ^= stream[i / 4];
        memcpy(out + i, &word, 4);
    }
#endif
    for (; i < len; i++)
        out[i] = (uint8_t)(in[i] ^ stream[i / 4] >> (8 * (i % 4)));
}

#endif
