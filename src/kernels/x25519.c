#include "x25519.h"

#include <string.h>

#include "bytes.h"
#include "field25519.h"

#define STEPS 8 // of the ladder, between two questions whether to go on: 1 ms on a Cortex-M0+ at 125 MHz

struct ladder {
    field_t u;
    struct {
        field_t x, z;
    } p, q;          // q - p is u, always
    field_t a, b, t; // of a step
};

// p = 2 p, q = p + q: RFC 7748 section 5, with its names.
static void ladder_step(struct ladder *l)
{
    uint32_t *a = l->a, *b = l->b, *t = l->t;
    kernel_add_25519(a, l->p.x, l->p.z);      // A
    kernel_sub_25519(b, l->p.x, l->p.z);      // B
    kernel_add_25519(t, l->q.x, l->q.z);      // C
    kernel_sub_25519(l->q.x, l->q.x, l->q.z); // D
    kernel_mul_25519(l->q.x, l->q.x, a);      // DA
    kernel_mul_25519(t, t, b);                // CB
    kernel_sub_25519(l->q.z, l->q.x, t);
    kernel_add_25519(l->q.x, l->q.x, t);
    kernel_sqr_25519(l->q.x, l->q.x); // (DA + CB)^2
    kernel_sqr_25519(l->q.z, l->q.z);
    kernel_mul_25519(l->q.z, l->q.z, l->u); // u (DA - CB)^2
    kernel_sqr_25519(a, a);                 // AA
    kernel_sqr_25519(b, b);                 // BB
    kernel_mul_25519(l->p.x, a, b);         // AA BB
    kernel_sub_25519(b, a, b);              // E
    kernel_mul_121665(t, b);
    kernel_add_25519(t, t, a);
    kernel_mul_25519(l->p.z, b, t); // E (AA + 121665 E)
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
        field_swap_if(bit ^ swapped, l->p.x, l->q.x, LIMBS);
        field_swap_if(bit ^ swapped, l->p.z, l->q.z, LIMBS);
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
        field_divide(l.p.x, l.p.x, l.p.z); // 0 at infinity
        store_little(out, l.p.x);
    }
    uint32_t some = any_bit(l.p.x);
    wipe(&l, sizeof l);
    if (!whole)
        return KERNEL_STOPPED;
    uint32_t is_zero = 1 ^ (some | (0 - some)) >> 31;
    return (int)is_zero * KERNEL_BAD;
}
