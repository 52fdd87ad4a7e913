#include "curve.h"

#include <string.h>

// --- Numbers

static size_t size_of(const curve_t *c)
{
    return (size_t)c->limbs * sizeof(uint32_t);
}

bool number_is_zero(const curve_t *c, const uint32_t *a)
{
    uint32_t bits = 0;
    for (int i = 0; i < c->limbs; i++)
        bits |= a[i];
    return bits == 0;
}

// By words of 64 bits, of which no compiler makes branches.
uint32_t number_add(const curve_t *c, uint32_t *r, const uint32_t *a, const uint32_t *b)
{
    uint64_t carry = 0;
    for (int i = 0; i < c->limbs; i++) {
        carry += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

uint32_t number_sub(const curve_t *c, uint32_t *r, const uint32_t *a, const uint32_t *b)
{
    uint32_t borrow = 0;
    for (int i = 0; i < c->limbs; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        r[i] = (uint32_t)d;
        borrow = (uint32_t)(d >> 32) & 1;
    }
    return borrow;
}

bool number_is_below(const curve_t *c, const uint32_t *a, const uint32_t *b)
{
    number_t t;
    return number_sub(c, t, a, b) != 0;
}

void number_copy(const curve_t *c, uint32_t *r, const uint32_t *a)
{
    memcpy(r, a, size_of(c));
}

bool number_is_same(const curve_t *c, const uint32_t *a, const uint32_t *b)
{
    return memcmp(a, b, size_of(c)) == 0;
}

void number_load(const curve_t *c, uint32_t *r, const uint8_t *bytes)
{
    for (int i = c->limbs - 1; i >= 0; i--, bytes += 4)
        r[i] = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void number_to_montgomery(const curve_t *c, uint32_t *r, const uint32_t *a)
{
    c->mul(r, a, c->square);
}

// --- Points

// dbl-2001-b of the Explicit-Formulas Database (a = -3): delta = z^2, gamma = y^2, beta = x gamma, alpha = 3 (x - delta)
// (x + delta); x' = alpha^2 - 8 beta, z' = (y + z)^2 - gamma - delta, y' = alpha (4 beta - x') - 8 gamma^2.
void point_double(const curve_t *c, point_t *p)
{
    number_t delta, gamma, beta, alpha;
    c->sqr(delta, p->z);
    c->sqr(gamma, p->y);
    c->mul(beta, p->x, gamma);
    c->sub(alpha, p->x, delta);
    c->add(p->x, p->x, delta);
    c->mul(p->x, p->x, alpha);
    c->add(alpha, p->x, p->x);
    c->add(alpha, alpha, p->x);
    c->add(p->z, p->y, p->z);
    c->sqr(p->z, p->z);
    c->sub(p->z, p->z, gamma);
    c->sub(p->z, p->z, delta);
    c->add(beta, beta, beta);
    c->add(beta, beta, beta); // 4 beta
    c->add(delta, beta, beta);
    c->sqr(p->x, alpha);
    c->sub(p->x, p->x, delta);
    c->sub(beta, beta, p->x);
    c->mul(p->y, alpha, beta);
    c->add(gamma, gamma, gamma); // 8 gamma^2 = 2 (2 gamma)^2
    c->sqr(gamma, gamma);
    c->add(gamma, gamma, gamma);
    c->sub(p->y, p->y, gamma);
}

// What is left of p + q, when u1 = x1 z2^2 and s1 = y1 z2^3 (in p), u2 and s2 (in h and r) are known: h = u2 - u1, r = s2 -
// s1; x = r^2 - h^3 - 2 u1 h^2, y = r (u1 h^2 - x) - s1 h^3, z = z1 z2 h (p->z holds z1 z2).
static void add_distinct(const curve_t *c, point_t *p, uint32_t *h, const uint32_t *r)
{
    number_t square;
    c->mul(p->z, p->z, h);
    c->sqr(square, h);
    c->mul(h, h, square);         // h^3
    c->mul(square, square, p->x); // u1 h^2
    c->sqr(p->x, r);
    c->sub(p->x, p->x, h);
    c->sub(p->x, p->x, square);
    c->sub(p->x, p->x, square);
    c->mul(p->y, p->y, h);
    c->sub(square, square, p->x);
    c->mul(square, square, r);
    c->sub(p->y, square, p->y);
}

// h and r as there. Constant time.
static void prepare(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y, const scale_t *scale,
                    uint32_t *h, uint32_t *r)
{
    c->sqr(h, p->z);
    c->mul(r, h, p->z);
    c->mul(h, h, x); // u2
    c->mul(r, r, y); // s2
    if (scale != NULL) {
        c->mul(p->x, p->x, scale->square);
        c->mul(p->y, p->y, scale->cube);
        c->mul(p->z, p->z, scale->z);
    }
    c->sub(h, h, p->x);
    c->sub(r, r, p->y);
}

void point_add(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y, const scale_t *scale)
{
    number_t h, r;
    if (number_is_zero(c, p->z)) {
        number_copy(c, p->x, x);
        number_copy(c, p->y, y);
        number_copy(c, p->z, scale != NULL ? scale->z : c->one);
        return;
    }
    prepare(c, p, x, y, scale, h, r);
    if (number_is_zero(c, h) && number_is_zero(c, r)) {
        point_double(c, p); // which still is what it was, with z1 z2 for its z
        return;
    }
    add_distinct(c, p, h, r); // of opposite points: h = 0, z = 0
}

uint32_t point_add_distinct(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y,
                            const scale_t *scale)
{
    number_t h, r;
    uint32_t bits = 0;
    prepare(c, p, x, y, scale, h, r);
    for (int i = 0; i < c->limbs; i++)
        bits |= h[i] | r[i];
    add_distinct(c, p, h, r);
    return ((bits | (0 - bits)) >> 31) - 1;
}

// --- Multiples
//
// Two points with one z are added in five products and two squares, and the one that is added again has the sum's z then: Meloni, "New
// point addition formulae for ECC applications"; the formulas of Goundar, Joye, Miyaji, Rivain, Venelli, "Scalar multiplication on
// Weierstrass elliptic curves from co-Z arithmetic", with a = -3. Infinity, equal and opposite points are none of these: the order of P
// is a large prime.

// twice = 2 P, and x, y = P, both with the z 2 y.
static void double_both(const curve_t *c, point_t *twice, uint32_t *x, uint32_t *y)
{
    number_t alpha, t;
    c->add(twice->z, y, y);
    c->sub(alpha, x, c->one);
    c->add(t, x, c->one);
    c->mul(t, t, alpha);
    c->add(alpha, t, t);
    c->add(alpha, alpha, t); // 3 (x - 1) (x + 1)
    c->sqr(t, twice->z);     // 4 y^2
    c->mul(x, x, t);         // 4 x y^2
    c->sqr(twice->x, alpha);
    c->sub(twice->x, twice->x, x);
    c->sub(twice->x, twice->x, x);
    c->sqr(y, y);
    c->mul(y, y, t);
    c->add(y, y, y); // 8 y^4
    c->sub(t, x, twice->x);
    c->mul(twice->y, alpha, t);
    c->sub(twice->y, twice->y, y);
}

// x, y = twice + (qx, qy), which have one z, and twice as it is, both with that z times ratio.
static void add_both(const curve_t *c, uint32_t *x, uint32_t *y, point_t *twice, const uint32_t *qx,
                     const uint32_t *qy, uint32_t *ratio)
{
    number_t square, u, t;
    c->sub(ratio, twice->x, qx);
    c->sqr(square, ratio);
    c->mul(u, qx, square);
    c->mul(twice->x, twice->x, square);
    c->sub(t, twice->y, qy);
    c->sub(square, twice->x, u);
    c->mul(twice->y, twice->y, square);
    c->sqr(x, t);
    c->sub(x, x, twice->x);
    c->sub(x, x, u);
    c->sub(u, twice->x, x);
    c->mul(y, t, u);
    c->sub(y, y, twice->y);
}

// All with the last one's z: what all later steps have multiplied it with.
static void scale_all(const curve_t *c, multiples_t *m, number_t ratios[MULTIPLES])
{
    number_t t;
    for (int i = MULTIPLES - 2; i >= 0; i--) {
        uint32_t *ratio = ratios[i + 1];
        if (i < MULTIPLES - 2)
            c->mul(ratio, ratio, ratios[i + 2]);
        c->sqr(t, ratio);
        c->mul(m->points[i].x, m->points[i].x, t);
        c->mul(t, t, ratio);
        c->mul(m->points[i].y, m->points[i].y, t);
    }
}

bool point_odd_multiples(const curve_t *c, multiples_t *m, point_t *p, number_t ratios[MULTIPLES],
                         kernel_go_on_t go_on)
{
    scale_t *scale = &m->scale;
    number_copy(c, m->points[0].x, p->x);
    number_copy(c, m->points[0].y, p->y);
    double_both(c, p, m->points[0].x, m->points[0].y);
    for (int i = 1; i < MULTIPLES; i++)
        add_both(c, m->points[i].x, m->points[i].y, p, m->points[i - 1].x, m->points[i - 1].y, ratios[i]);
    if (go_on != NULL && !go_on())
        return false;
    scale_all(c, m, ratios);
    c->mul(scale->z, p->z, ratios[1]);
    c->sqr(scale->square, scale->z);
    c->mul(scale->cube, scale->square, scale->z);
    return go_on == NULL || go_on();
}

// --- From bytes

// y^2 = x^3 - 3 x + b (in Montgomery's form), and both below p (as they came).
static bool is_on_curve(const curve_t *c, const point_t *p)
{
    number_t left, right;
    c->sqr(right, p->x);
    for (int i = 0; i < 3; i++)
        c->sub(right, right, c->one);
    c->mul(right, right, p->x);
    c->add(right, right, c->b);
    c->sqr(left, p->y);
    return number_is_same(c, left, right);
}

bool point_load(const curve_t *c, point_t *p, const uint8_t *bytes)
{
    number_load(c, p->x, bytes);
    number_load(c, p->y, bytes + size_of(c));
    if (!number_is_below(c, p->x, c->prime) || !number_is_below(c, p->y, c->prime))
        return false;
    number_to_montgomery(c, p->x, p->x);
    number_to_montgomery(c, p->y, p->y);
    number_copy(c, p->z, c->one);
    return is_on_curve(c, p);
}
