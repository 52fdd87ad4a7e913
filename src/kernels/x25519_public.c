// The base point's multiples on Curve25519's other form, the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 (RFC 7748 section
// 4.1): u = (1 + y) / (1 - y). Its addition holds for any two points, so nothing is asked of the scalar.
#include <string.h>

#include "bytes.h"
#include "field25519.h"
#include "mask.h"
#include "x25519.h"
#include "x25519_table.h"

#define STEPS 6 // between two questions whether to go on: 1 ms on a Cortex-M0+ at 125 MHz

// x = X / Z, y = Y / Z, T = X Y / Z.
struct extended {
    field_t x, y, z, t;
};

// A point of the table.
struct chosen {
    field_t part[3];
    uint32_t is_negative; // x is to be
};
enum { MINUS, PLUS, PRODUCT }; // y - x, y + x, 2 d x y

struct comb {
    struct extended sum;
    struct chosen chosen;
    field_t a, b, e; // as in the formulas
    uint32_t digits[LIMBS];
};

// --- Digits
//
// The sum of 2^i for i < 255, each taken with + or -, plus where d has a bit, is 2 d - (2^255 - 1). Here it is k - n, n the order of
// the base point: d = (k + 2^255 - 1 - n) / 2, and as k is even and n odd, nothing is lost.

static void set_digits(uint32_t d[LIMBS], const uint8_t scalar[32])
{
    static const uint32_t more[LIMBS] = {0xa30a2c12, 0xa7ed9ce5, 0x5d086329, 0xeb210621,
                                         0xffffffff, 0xffffffff, 0xffffffff, 0x6fffffff};
    load_little(d, scalar);
    d[0] &= ~(uint32_t)7; // clamped: RFC 7748 section 5
    d[7] = (d[7] & 0x7fffffff) | 0x40000000;
    uint64_t sum = 0;
    for (int i = 0; i < LIMBS; i++) {
        sum += (uint64_t)d[i] + more[i];
        d[i] = (uint32_t)sum;
        sum >>= 32;
    }
    for (int i = 0; i < LIMBS - 1; i++)
        d[i] = d[i] >> 1 | d[i + 1] << 31;
    d[LIMBS - 1] >>= 1;
}

static uint32_t digit(const uint32_t d[LIMBS], int at)
{
    uint32_t value = 0;
    for (int tooth = 0; tooth < X25519_TEETH; tooth++, at += X25519_APART)
        value |= (d[at / 32] >> at % 32 & 1) << tooth;
    return value;
}

static uint32_t one_of_four(const uint32_t words[4], const uint32_t masks[4])
{
    return (words[0] & masks[0]) | (words[1] & masks[1]) | (words[2] & masks[2]) | (words[3] & masks[3]);
}

// The whole table is read: of each word, that of every point.
static void choose(struct chosen *chosen, uint32_t value)
{
    uint32_t minus = (value >> (X25519_TEETH - 1)) - 1, wanted = (value ^ minus) & (X25519_POINTS - 1);
    uint32_t masks[X25519_POINTS];
    for (uint32_t i = 0; i < X25519_POINTS; i++)
        masks[i] = kernel_mask_if_same(i, wanted);
    for (int part = 0; part < 3; part++) {
        for (int word = 0; word < LIMBS; word++) {
            uint32_t sum = 0;
            for (int i = 0; i < X25519_POINTS; i += 4)
                sum |= one_of_four(x25519_comb[part][word] + i, masks + i);
            chosen->part[part][word] = sum;
        }
    }
    chosen->is_negative = minus & 1;
    field_swap_if(chosen->is_negative, chosen->part[MINUS], chosen->part[PLUS], LIMBS);
}

// --- Points: Hisil, Wong, Carter, Dawson, "Twisted Edwards curves revisited", sections 3.1 to 3.3, with its names

static void take_first(struct comb *c)
{
    struct extended *p = &c->sum;
    kernel_sub_25519(p->x, c->chosen.part[PLUS], c->chosen.part[MINUS]); // 2 x
    kernel_add_25519(p->y, c->chosen.part[PLUS], c->chosen.part[MINUS]); // 2 y
    memset(p->z, 0, sizeof p->z);
    p->z[0] = 2; // T is not needed to double
}

// F and H with the other sign.
static void doubled(struct comb *c)
{
    struct extended *p = &c->sum;
    kernel_add_25519(c->e, p->x, p->y);
    kernel_sqr_25519(c->a, p->x);
    kernel_sqr_25519(c->b, p->y);
    kernel_sqr_25519(p->z, p->z);
    kernel_sqr_25519(c->e, c->e);
    kernel_add_25519(p->t, c->a, c->b); // H = A + B
    kernel_sub_25519(c->e, c->e, p->t); // E = (X + Y)^2 - H
    kernel_sub_25519(c->b, c->b, c->a); // G = B - A
    kernel_add_25519(p->z, p->z, p->z); // C = 2 Z^2
    kernel_sub_25519(c->a, p->z, c->b); // F = C - G
    kernel_mul_25519(p->x, c->e, c->a); // E F
    kernel_mul_25519(p->y, c->b, p->t); // G H
    kernel_mul_25519(p->t, c->e, p->t); // E H
    kernel_mul_25519(p->z, c->a, c->b); // F G
}

// Without T, which is not needed afterwards.
static void add_chosen(struct comb *c)
{
    struct extended *p = &c->sum;
    kernel_sub_25519(c->a, p->y, p->x);
    kernel_add_25519(c->b, p->y, p->x);
    kernel_mul_25519(c->a, c->a, c->chosen.part[MINUS]);     // A
    kernel_mul_25519(c->b, c->b, c->chosen.part[PLUS]);      // B
    kernel_mul_25519(p->t, p->t, c->chosen.part[PRODUCT]);   // C
    kernel_add_25519(p->z, p->z, p->z);                      // D
    kernel_sub_25519(c->e, c->b, c->a);                      // E = B - A
    kernel_add_25519(c->b, c->b, c->a);                      // H = B + A
    kernel_sub_25519(c->a, p->z, p->t);                      // F = D - C
    kernel_add_25519(p->z, p->z, p->t);                      // G = D + C
    field_swap_if(c->chosen.is_negative, c->a, p->z, LIMBS); // C is negative too
    kernel_mul_25519(p->x, c->e, c->a);                      // E F
    kernel_mul_25519(p->y, p->z, c->b);                      // G H
    kernel_mul_25519(p->z, c->a, p->z);                      // F G
}

static bool multiply(struct comb *c, kernel_go_on_t go_on)
{
    choose(&c->chosen, digit(c->digits, X25519_APART - 1));
    take_first(c);
    for (int i = X25519_APART - 2; i >= 0; i--) {
        doubled(c);
        choose(&c->chosen, digit(c->digits, i));
        add_chosen(c);
        if (i % STEPS == 0 && go_on != NULL && !go_on())
            return false;
    }
    return true;
}

int x25519_public(uint8_t out[32], const uint8_t scalar[32], kernel_go_on_t go_on)
{
    struct comb c;
    set_digits(c.digits, scalar);
    bool whole = multiply(&c, go_on);
    if (whole) {
        kernel_add_25519(c.a, c.sum.z, c.sum.y);
        kernel_sub_25519(c.b, c.sum.z, c.sum.y); // not 0: no clamped scalar is a multiple of n
        field_divide(c.a, c.a, c.b);
        store_little(out, c.a);
    }
    wipe(&c, sizeof c);
    return whole ? 0 : KERNEL_STOPPED;
}
