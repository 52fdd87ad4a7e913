#include "x25519.h"

#include <string.h>

#include "bytes.h"

#define STEPS 8 // of the ladder, between two questions whether to go on: 1 ms on a Cortex-M0+ at 125 MHz

typedef uint32_t field_t[LIMBS]; // modulo 2^255 - 19, below 2^256

static void mul(field_t r, const field_t a, const field_t b)
{
    uint32_t t[2 * LIMBS];
    kernel_mul256(t, a, b);
    kernel_reduce_25519(r, t);
}

static void sqr(field_t r, const field_t a, int times)
{
    uint32_t t[2 * LIMBS];
    memmove(r, a, sizeof(field_t));
    while (times-- > 0) {
        kernel_sqr256(t, r);
        kernel_reduce_25519(r, t);
    }
}

// r = a^(p - 2): 2^255 - 21 is 250 ones and 01011. In the comments, the exponent.
static void invert(field_t r, const field_t a)
{
    field_t x, y, z;
    sqr(x, a, 1); // 2
    sqr(y, x, 2); // 8
    mul(y, y, a); // 9
    mul(z, y, x); // 11
    sqr(x, z, 1); // 22
    mul(y, y, x); // 2^5 - 1
    memcpy(r, z, sizeof(field_t));
    sqr(x, y, 5);
    mul(y, x, y); // 2^10 - 1
    sqr(x, y, 10);
    mul(x, x, y); // 2^20 - 1
    sqr(z, x, 20);
    mul(x, z, x); // 2^40 - 1
    sqr(x, x, 10);
    mul(y, x, y); // 2^50 - 1
    sqr(x, y, 50);
    mul(x, x, y); // 2^100 - 1
    sqr(z, x, 100);
    mul(x, z, x); // 2^200 - 1
    sqr(x, x, 50);
    mul(x, x, y); // 2^250 - 1
    sqr(x, x, 5); // 2^255 - 32
    mul(r, x, r); // 2^255 - 21
}

// The one below p. a < 2^256; after the bit above 2^255 has come back as 19, a < 2^255 + 19 < 2 p, and a >= p exactly if a
// + 19 has that bit.
static void freeze(field_t a)
{
    field_t t;
    uint32_t top = a[7] >> 31;
    a[7] &= 0x7fffffff;
    kernel_add_25519(a, a, (field_t){19 * top});
    kernel_add_25519(t, a, (field_t){19});
    kernel_add_25519(a, a, (field_t){19 * (t[7] >> 31)});
    a[7] &= 0x7fffffff;
}

// Exchanges a and b if swap is 1, not if it is 0.
static void swap_if(uint32_t swap, uint32_t *a, uint32_t *b, size_t n)
{
    uint32_t mask = 0 - swap;
    for (size_t i = 0; i < n; i++) {
        uint32_t t = (a[i] ^ b[i]) & mask;
        a[i] ^= t;
        b[i] ^= t;
    }
}

struct ladder {
    field_t u;
    struct {
        field_t x, z;
    } p, q; // q - p is u, always
};

// p = 2 p, q = p + q: RFC 7748 section 5, with its names.
static void ladder_step(struct ladder *l)
{
    field_t a, b, t;
    kernel_add_25519(a, l->p.x, l->p.z);      // A
    kernel_sub_25519(b, l->p.x, l->p.z);      // B
    kernel_add_25519(t, l->q.x, l->q.z);      // C
    kernel_sub_25519(l->q.x, l->q.x, l->q.z); // D
    mul(l->q.x, l->q.x, a);                   // DA
    mul(t, t, b);                             // CB
    kernel_sub_25519(l->q.z, l->q.x, t);
    kernel_add_25519(l->q.x, l->q.x, t);
    sqr(l->q.x, l->q.x, 1); // (DA + CB)^2
    sqr(l->q.z, l->q.z, 1);
    mul(l->q.z, l->q.z, l->u); // u (DA - CB)^2
    sqr(a, a, 1);              // AA
    sqr(b, b, 1);              // BB
    mul(l->p.x, a, b);         // AA BB
    kernel_sub_25519(b, a, b); // E
    kernel_mul_121665(t, b);
    kernel_add_25519(t, t, a);
    mul(l->p.z, b, t); // E (AA + 121665 E)
}

// Bits 254 to 0 of the scalar, clamped: the lowest three are 0, bit 254 is 1.
static uint32_t bit_of(const uint8_t scalar[32], int i)
{
    uint32_t byte = scalar[i / 8];
    if (i / 8 == 0)
        byte &= 0xf8;
    if (i / 8 == 31)
        byte |= 0x40;
    return (byte >> (i % 8)) & 1;
}

static bool climb(struct ladder *l, const uint8_t scalar[32], kernel_go_on_t go_on)
{
    uint32_t swapped = 0;
    for (int i = 254; i >= 0; i--) {
        uint32_t bit = bit_of(scalar, i);
        swap_if(bit ^ swapped, l->p.x, l->q.x, LIMBS);
        swap_if(bit ^ swapped, l->p.z, l->q.z, LIMBS);
        swapped = bit;
        ladder_step(l);
        if (i % STEPS == 0 && go_on != NULL && !go_on())
            return false;
    }
    return true; // bit 0 is 0: not swapped
}

static uint32_t any_bit(const field_t a)
{
    uint32_t bits = 0;
    for (int i = 0; i < LIMBS; i++)
        bits |= a[i];
    return bits;
}

static void begin(struct ladder *l, const uint8_t u[32])
{
    memset(l, 0, sizeof *l);
    load_little(l->u, u);
    l->u[7] &= 0x7fffffff;
    l->p.x[0] = l->q.z[0] = 1;
    memcpy(l->q.x, l->u, sizeof(field_t));
}

int x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t u[32], kernel_go_on_t go_on)
{
    struct ladder l;
    begin(&l, u);
    bool whole = climb(&l, scalar, go_on);
    if (whole) {
        invert(l.p.z, l.p.z); // of 0: 0
        mul(l.p.x, l.p.x, l.p.z);
        freeze(l.p.x);
        store_little(out, l.p.x);
    }
    uint32_t some = any_bit(l.p.x);
    wipe(&l, sizeof l);
    if (!whole)
        return KERNEL_STOPPED;
    uint32_t is_zero = 1 ^ (some | (0 - some)) >> 31;
    return (int)is_zero * KERNEL_BAD;
}
