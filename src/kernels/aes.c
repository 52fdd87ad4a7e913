// AES's round keys, and the table for machines that have one.
#include <string.h>

#include "cipher.h"
#include "wipe.h"
#include "words.h"

#if CIPHER_TABLES

#define FIRST 0xa56363c6u // the entry of 0

#ifdef PICKET_TABLES_SECTION
__attribute__((section(PICKET_TABLES_SECTION)))
#endif
uint32_t kernel_aes_table[256];

static uint32_t twice(uint32_t a)
{
    return (a << 1 ^ ((0 - (a >> 7)) & 0x11b)) & 0xff;
}

// All elements but 0 are powers of 3; with one the other way round there is the inverse. Once: who comes in between writes the
// same.
static void make_table(void)
{
    uint32_t power = 1, inverse = 1;
    if (kernel_aes_table[0] == FIRST)
        return;
    do {
        power ^= twice(power);
        inverse ^= inverse << 1; // divided by 3
        inverse ^= inverse << 2;
        inverse ^= inverse << 4;
        inverse = (inverse ^ ((0 - ((inverse >> 7) & 1)) & 0x09)) & 0xff;
        uint32_t doubled = inverse | inverse << 8, s = inverse ^ 0x63;
        for (int turn = 4; turn <= 7; turn++)
            s ^= doubled >> turn;
        s &= 0xff;
        kernel_aes_table[power] = twice(s) | s << 8 | s << 16 | (s ^ twice(s)) << 24;
    } while (power != 1);
    kernel_aes_table[0] = FIRST; // last: it says that there is a table
}

static uint32_t substitute(uint32_t word)
{
    uint32_t out = 0;
    for (int i = 0; i < 32; i += 8)
        out |= (kernel_aes_table[word >> i & 0xff] >> 8 & 0xff) << i;
    return out;
}

// Column j after a round: of row r, byte r of column j + r. All rows but one, or with 4 all.
static uint32_t column(const uint32_t state[4], int j, int left_out)
{
    uint32_t out = 0;
    for (int r = 0; r < 4; r++) {
        uint32_t entry = kernel_aes_table[state[(j + r) % 4] >> (8 * r) & 0xff];
        if (r != left_out)
            out ^= r == 0 ? entry : entry << (8 * r) | entry >> (32 - 8 * r);
    }
    return out;
}

// The last byte is row 3 of column 3, and comes into column 0 only. That is in each column then, in one row each.
static void look_ahead(struct aes *aes)
{
    const uint32_t *keys = aes->keys.words;
    uint32_t before[4], after[4];
    for (int j = 0; j < 4; j++)
        before[j] = aes->counter[j] ^ keys[j];
    for (int j = 0; j < 4; j++)
        after[j] = keys[4 + j] ^ column(before, j, j == 0 ? 3 : 4);
    aes->ahead[0] = after[0];
    for (int j = 0; j < 4; j++)
        aes->ahead[1 + j] = keys[8 + j] ^ column(after, j, (4 - j) % 4);
    kernel_wipe(before, sizeof before);
    kernel_wipe(after, sizeof after);
}

void kernel_aes_ctr(struct aes *aes, uint32_t *stream, size_t n)
{
    while (n > 0) {
        uint32_t last_byte = aes->counter[3] >> 24;
        size_t some = n < 256 - last_byte ? n : 256 - last_byte;
        kernel_aes_ahead(aes, stream, last_byte, some);
        aes_count(aes, (uint32_t)some);
        if (aes->counter[3] >> 24 == 0)
            look_ahead(aes);
        stream += 4 * some;
        n -= some;
    }
}

#else

static void look_ahead(struct aes *aes)
{
    (void)aes;
}

static void make_table(void)
{
}

static uint32_t substitute(uint32_t word)
{
    return kernel_aes_substitute(word);
}

#endif

void aes_expand(struct aes *aes, const uint8_t *key, size_t len)
{
    uint32_t *w = aes->keys.words, constant = 1;
    size_t n = len / 4, all = 4 * (n + 7);
    make_table();
    aes->rounds = (uint32_t)n + 6;
    for (size_t i = 0; i < n; i++)
        w[i] = load_word(key + 4 * i);
    for (size_t i = n; i < all; i++) {
        uint32_t word = w[i - 1];
        if (i % n == 0) {
            word = substitute(word >> 8 | word << 24) ^ constant;
            constant = constant << 1 ^ ((0 - (constant >> 7)) & 0x11b);
        } else if (i % n == 4) {
            word = substitute(word);
        }
        w[i] = w[i - n] ^ word;
    }
#if !CIPHER_TABLES
    for (size_t round = 0; round <= aes->rounds; round++)
        kernel_aes_slice(aes->keys.planes[round], w + 4 * round);
#endif
}

void aes_count_from(struct aes *aes, const uint32_t counter[4])
{
    memcpy(aes->counter, counter, sizeof aes->counter);
    look_ahead(aes);
}

static uint32_t reverse(uint32_t word)
{
    word = (word >> 8 & 0x00ff00ff) | (word & 0x00ff00ff) << 8;
    return word >> 16 | word << 16;
}

void aes_count(struct aes *aes, uint32_t n)
{
    aes->counter[3] = reverse(reverse(aes->counter[3]) + n);
}
