// GHASH's tables, for machines that have them.
#include "cipher.h"

#if CIPHER_TABLES

#include <string.h>

#include "words.h"

// v x.
static void times_x(uint32_t v[4])
{
    uint32_t beyond = 0 - (v[3] & 1);
    for (int i = 3; i > 0; i--)
        v[i] = v[i] >> 1 | v[i - 1] << 31;
    v[0] = v[0] >> 1 ^ (beyond & 0xe1000000);
}

// v x^32.
static void times_word(uint32_t v[4])
{
    uint32_t beyond = v[3];
    v[3] = v[2];
    v[2] = v[1];
    v[1] = v[0] ^ beyond << 31 ^ beyond << 30 ^ beyond << 25;
    v[0] = beyond ^ beyond >> 1 ^ beyond >> 2 ^ beyond >> 7;
}

static void add_row(uint32_t sum[4][4], uint32_t a[4][4], uint32_t b[4][4])
{
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++)
            sum[i][j] = a[i][j] ^ b[i][j];
    }
}

void ghash_begin(struct ghash *g, const uint8_t h[GHASH_BLOCK])
{
    memset(g, 0, sizeof *g);
    for (int i = 0; i < 4; i++)
        g->table[8][0][i] = load_big_word(h + 4 * i);
    for (int n = 4; n > 0; n /= 2) {
        memcpy(g->table[n][0], g->table[2 * n][0], 16);
        times_x(g->table[n][0]);
    }
    for (int n = 1; n < 16; n *= 2) {
        for (int i = 1; i < 4; i++) {
            memcpy(g->table[n][i], g->table[n][i - 1], 16);
            times_word(g->table[n][i]);
        }
        for (int m = 1; m < n; m++)
            add_row(g->table[n + m], g->table[n], g->table[m]);
    }
}

#endif
