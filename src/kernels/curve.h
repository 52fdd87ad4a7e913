// curve.h: the points of P-256 and P-384 (y^2 = x^3 - 3 x + b), as ecdsa.c and ecdh.c use them.
//
// A number has the curve's limbs, least first, in an array with room for the largest.
#ifndef PICKET_CURVE_H
#define PICKET_CURVE_H

#include "kernels.h"

#define LIMBS_MAX 12

typedef uint32_t number_t[LIMBS_MAX];

// Coordinates are modulo p, in Montgomery's form (times 2^(32 limbs)).
typedef struct {
    number_t x, y, z; // (x / z^2, y / z^3); z = 0: the point at infinity
} point_t;

// The z that some points have in common, its square and its cube.
typedef struct {
    number_t z, square, cube;
} scale_t;

#define MULTIPLES 8

// P, 3 P, 5 P, ..., all with the same z.
typedef struct {
    struct {
        number_t x, y;
    } points[MULTIPLES];
    scale_t scale;
} multiples_t;

typedef void (*curve_two_t)(uint32_t *r, const uint32_t *a, const uint32_t *b);

typedef struct {
    int limbs;
    // Modulo p, constant time, r may be an argument. Of mul and sqr, r = a b / 2^(32 limbs).
    curve_two_t mul, add, sub;
    void (*sqr)(uint32_t *r, const uint32_t *a);
    const uint32_t *prime, *one, *square,
        *b;                // p; 2^(32 limbs), 2^(64 limbs) and b, in Montgomery's form, modulo p
    const uint32_t *order; // n
    uint32_t order_n0;     // -1 / n modulo 2^32
    const uint32_t *base;  // x and y of G, 3 G, 5 G, ..., in Montgomery's form
    int base_width;        // 2^(base_width - 2) of them
    const uint32_t *comb;  // NULL, or for key pairs: 16 points 2^(4 apart) G +- 2^(3 apart) G +- ... +- G
    int comb_apart;
} curve_t;

extern const curve_t curve_p256, curve_p384;

// --- Numbers. Constant time, but for number_is_below.

bool number_is_zero(const curve_t *c, const uint32_t *a);
uint32_t number_add(const curve_t *c, uint32_t *r, const uint32_t *a, const uint32_t *b); // the carry
uint32_t number_sub(const curve_t *c, uint32_t *r, const uint32_t *a, const uint32_t *b); // the borrow
bool number_is_below(const curve_t *c, const uint32_t *a, const uint32_t *b);
void number_copy(const curve_t *c, uint32_t *r, const uint32_t *a);
bool number_is_same(const curve_t *c, const uint32_t *a, const uint32_t *b);
void number_load(const curve_t *c, uint32_t *r, const uint8_t *bytes); // big-endian
void number_to_montgomery(const curve_t *c, uint32_t *r, const uint32_t *a);

// --- Points

// x and y, big-endian; false if they are not below p, or no point of the curve. Not constant time: a point is public.
bool point_load(const curve_t *c, point_t *p, const uint8_t *bytes);

// p = 2 p. Constant time. Infinity is its own double.
void point_double(const curve_t *c, point_t *p);

// p += (x, y, the scale's z), which is not infinity; scale NULL: z is 1. NOT constant time: it looks for equal, opposite and infinite
// ones.
void point_add(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y, const scale_t *scale);

// The same, constant time, if neither is infinity and they are not the same: if they are, -1 is returned and p is lost; else
// 0.
uint32_t point_add_distinct(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y,
                            const scale_t *scale);

// Of p, whose z is 1, and which is used up, as are ratios. False: go_on said so. Constant time.
bool point_odd_multiples(const curve_t *c, multiples_t *m, point_t *p, number_t ratios[MULTIPLES],
                         kernel_go_on_t go_on);

#endif
