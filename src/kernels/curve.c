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
static void prepare(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y, const uint32_t *z,
                    uint32_t *h, uint32_t *r)
{
    c->sqr(h, p->z);
    c->mul(r, h, p->z);
    c->mul(h, h, x); // u2
    c->mul(r, r, y); // s2
    if (z != NULL) {
        number_t t;
        c->sqr(t, z);
        c->mul(p->x, p->x, t);
        c->mul(t, t, z);
        c->mul(p->y, p->y, t);
        c->mul(p->z, p->z, z);
    }
    c->sub(h, h, p->x);
    c->sub(r, r, p->y);
}

void point_add(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y, const uint32_t *z)
{
    number_t h, r;
    if (number_is_zero(c, p->z)) {
        number_copy(c, p->x, x);
        number_copy(c, p->y, y);
        number_copy(c, p->z, z != NULL ? z : c->one);
        return;
    }
    prepare(c, p, x, y, z, h, r);
    if (number_is_zero(c, h) && number_is_zero(c, r)) {
        point_double(c, p); // which still is what it was, with z1 z2 for its z
        return;
    }
    add_distinct(c, p, h, r); // of opposite points: h = 0, z = 0
}

uint32_t point_add_distinct(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y,
                            const uint32_t *z)
{
    number_t h, r;
    uint32_t bits = 0;
    prepare(c, p, x, y, z, h, r);
    for (int i = 0; i < c->limbs; i++)
        bits |= h[i] | r[i];
    add_distinct(c, p, h, r);
    return ((bits | (0 - bits)) >> 31) - 1;
}

bool point_odd_multiples(const curve_t *c, point_t *points, int count, kernel_go_on_t go_on)
{
    point_t twice = points[0];
    point_double(c, &twice);
    for (int i = 1; i < count; i++) {
        points[i] = points[i - 1];
        point_add(c, &points[i], twice.x, twice.y, twice.z);
        if (i % 2 == 0 && go_on != NULL && !go_on())
            return false;
    }
    return true;
}

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
