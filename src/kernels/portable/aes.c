// AES in C without a table: four blocks at a time, each bit of their bytes in a word of its own. For machines with a cache, and the
// reference for the assembler.
#include "../cipher.h"

#include <string.h>

#include "../wipe.h"

#if !CIPHER_TABLES

// q[b]: bit b of 64 bytes, of which byte i is bit i; four blocks of 16.
typedef uint64_t slice_t[8];

// The S-box as 113 gates: Boyar, Peralta: A new combinational logic minimization technique with applications to cryptology
// (2010), with the names there; x0 is the highest bit.
static void substitute(slice_t q)
{
    uint64_t x0 = q[7], x1 = q[6], x2 = q[5], x3 = q[4], x4 = q[3], x5 = q[2], x6 = q[1], x7 = q[0];
    uint64_t y14 = x3 ^ x5, y13 = x0 ^ x6, y9 = x0 ^ x3, y8 = x0 ^ x5, t0 = x1 ^ x2, y1 = t0 ^ x7;
    uint64_t y4 = y1 ^ x3, y12 = y13 ^ y14, y2 = y1 ^ x0, y5 = y1 ^ x6, y3 = y5 ^ y8, t1 = x4 ^ y12;
    uint64_t y15 = t1 ^ x5, y20 = t1 ^ x1, y6 = y15 ^ x7, y10 = y15 ^ t0, y11 = y20 ^ y9, y7 = x7 ^ y11;
    uint64_t y17 = y10 ^ y11, y19 = y10 ^ y8, y16 = t0 ^ y11, y21 = y13 ^ y16, y18 = x0 ^ y16;

    uint64_t t2 = y12 & y15, t4 = (y3 & y6) ^ t2, t6 = (y4 & x7) ^ t2, t7 = y13 & y16;
    uint64_t t9 = (y5 & y1) ^ t7, t11 = (y2 & y7) ^ t7, t12 = y9 & y11;
    uint64_t t14 = (y14 & y17) ^ t12, t16 = (y8 & y10) ^ t12;
    uint64_t t21 = t4 ^ t14 ^ y20, t22 = t6 ^ t16 ^ y19, t23 = t9 ^ t14 ^ y21, t24 = t11 ^ t16 ^ y18;
    uint64_t t25 = t21 ^ t22, t26 = t21 & t23, t27 = t24 ^ t26, t29 = (t25 & t27) ^ t22;
    uint64_t t30 = t23 ^ t24, t31 = t22 ^ t26, t33 = (t31 & t30) ^ t24, t34 = t23 ^ t33, t35 = t27 ^ t33;
    uint64_t t36 = t24 & t35, t37 = t36 ^ t34, t38 = t27 ^ t36, t40 = t25 ^ (t29 & t38), t41 = t40 ^ t37;
    uint64_t t42 = t29 ^ t33, t43 = t29 ^ t40, t44 = t33 ^ t37, t45 = t42 ^ t41;

    uint64_t z0 = t44 & y15, z1 = t37 & y6, z2 = t33 & x7, z3 = t43 & y16, z4 = t40 & y1, z5 = t29 & y7;
    uint64_t z6 = t42 & y11, z7 = t45 & y17, z8 = t41 & y10, z9 = t44 & y12, z10 = t37 & y3, z11 = t33 & y4;
    uint64_t z12 = t43 & y13, z13 = t40 & y5, z14 = t29 & y2, z15 = t42 & y9, z16 = t45 & y14, z17 = t41 & y8;

    uint64_t t46 = z15 ^ z16, t47 = z10 ^ z11, t48 = z5 ^ z13, t49 = z9 ^ z10, t50 = z2 ^ z12, t51 = z2 ^ z5;
    uint64_t t52 = z7 ^ z8, t53 = z0 ^ z3, t54 = z6 ^ z7, t55 = z16 ^ z17, t56 = z12 ^ t48, t57 = t50 ^ t53;
    uint64_t t58 = z4 ^ t46, t59 = z3 ^ t54, t60 = t46 ^ t57, t61 = z14 ^ t57, t62 = t52 ^ t58,
             t63 = t49 ^ t58;
    uint64_t t64 = z4 ^ t59, t65 = t61 ^ t62, t66 = z1 ^ t63, t67 = t64 ^ t65;
    q[7] = t59 ^ t63;
    q[1] = t56 ^ ~t62;
    q[0] = t48 ^ ~t60;
    q[4] = t53 ^ t66;
    q[3] = t51 ^ t66;
    q[2] = t47 ^ t65;
    q[6] = t64 ^ ~q[4];
    q[5] = t55 ^ ~t67;
}

// Of each block, the bits of row r are 4 c + r.
#define ROW(r) (0x1111111111111111u << (r))

static uint64_t shift_row(uint64_t word, int row)
{
    uint64_t low = 0x0001000100010001u * ((1u << (16 - 4 * row)) - 1);
    word &= ROW(row);
    return (word >> (4 * row) & low) | (word << (16 - 4 * row) & ~low);
}

static void shift_rows(slice_t q)
{
    for (int b = 0; b < 8; b++)
        q[b] = (q[b] & ROW(0)) | shift_row(q[b], 1) | shift_row(q[b], 2) | shift_row(q[b], 3);
}

// Each row is the one below it.
static uint64_t up(uint64_t word)
{
    return (word >> 1 & ~ROW(3)) | (word << 3 & ROW(3));
}

static uint64_t up_two(uint64_t word)
{
    return (word >> 2 & (ROW(0) | ROW(1))) | (word << 2 & (ROW(2) | ROW(3)));
}

// a = 2 a0 + 3 a1 + a2 + a3 = 2 (a0 + a1) + a1 + (a2 + a3).
static void mix_columns(slice_t q)
{
    slice_t sum, below;
    for (int b = 0; b < 8; b++) {
        below[b] = up(q[b]);
        sum[b] = q[b] ^ below[b];
    }
    for (int b = 0; b < 8; b++) {
        uint64_t doubled = b == 0 ? sum[7] : b == 1 || b == 3 || b == 4 ? sum[b - 1] ^ sum[7] : sum[b - 1];
        q[b] = doubled ^ below[b] ^ up_two(sum[b]);
    }
}

static void add_key(slice_t q, const uint16_t planes[8])
{
    for (int b = 0; b < 8; b++)
        q[b] ^= 0x0001000100010001u * planes[b];
}

// Bit b of byte i of eight bytes, the first of them lowest, comes to bit i of byte b: by squares of 1, 2 and 4 bits.
static uint64_t transpose(uint64_t x)
{
    uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aau;
    x ^= t ^ t << 7;
    t = (x ^ x >> 14) & 0x0000cccc0000ccccu;
    x ^= t ^ t << 14;
    t = (x ^ x >> 28) & 0x00000000f0f0f0f0u;
    return x ^ t ^ t << 28;
}

// Eight bytes into the place of the ones that begin with 8 n.
static void take(slice_t q, int n, uint64_t bytes)
{
    bytes = transpose(bytes);
    for (int b = 0; b < 8; b++)
        q[b] |= (bytes >> (8 * b) & 0xff) << (8 * n);
}

static uint64_t give(const slice_t q, int n)
{
    uint64_t bytes = 0;
    for (int b = 0; b < 8; b++)
        bytes |= (q[b] >> (8 * n) & 0xff) << (8 * b);
    return transpose(bytes);
}

uint32_t kernel_aes_substitute(uint32_t word)
{
    slice_t q = {0};
    take(q, 0, word);
    substitute(q);
    uint32_t out = (uint32_t)give(q, 0);
    kernel_wipe(q, sizeof q);
    return out;
}

void kernel_aes_slice(uint16_t planes[8], const uint32_t key[4])
{
    slice_t q = {0};
    take(q, 0, key[0] | (uint64_t)key[1] << 32);
    take(q, 1, key[2] | (uint64_t)key[3] << 32);
    for (int b = 0; b < 8; b++)
        planes[b] = (uint16_t)q[b];
    kernel_wipe(q, sizeof q);
}

static void encrypt(const struct aes *aes, slice_t q)
{
    add_key(q, aes->keys.planes[0]);
    for (uint32_t round = 1; round < aes->rounds; round++) {
        substitute(q);
        shift_rows(q);
        mix_columns(q);
        add_key(q, aes->keys.planes[round]);
    }
    substitute(q);
    shift_rows(q);
    add_key(q, aes->keys.planes[aes->rounds]);
}

static void four_blocks(struct aes *aes, uint32_t *stream, size_t n)
{
    slice_t q = {0};
    for (size_t i = 0; i < n; i++) {
        take(q, (int)(2 * i), aes->counter[0] | (uint64_t)aes->counter[1] << 32);
        take(q, (int)(2 * i + 1), aes->counter[2] | (uint64_t)aes->counter[3] << 32);
        aes_count(aes, 1);
    }
    encrypt(aes, q);
    for (size_t i = 0; i < 2 * n; i++) {
        uint64_t bytes = give(q, (int)i);
        *stream++ = (uint32_t)bytes;
        *stream++ = (uint32_t)(bytes >> 32);
    }
    kernel_wipe(q, sizeof q);
}

void kernel_aes_ctr(struct aes *aes, uint32_t *stream, size_t n)
{
    for (; n > 4; n -= 4, stream += 16)
        four_blocks(aes, stream, 4);
    four_blocks(aes, stream, n);
}

#endif
