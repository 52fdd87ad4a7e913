#include "ecdsa.h"

#include <string.h>

#define WIDTH    5 // of the key's digits: below 16

// Doublings between two questions whether to go on, 1 ms on a Cortex-M0+ at 125 MHz: 8 of P-256, 3 of P-384.
#define STEPS(c) (64 / ((c)->limbs * (c)->limbs / 8))

static bool may_go_on(kernel_go_on_t go_on)
{
    return go_on == NULL || go_on();
}

static void half(const curve_t *c, uint32_t *a, uint32_t top)
{
    for (int i = 0; i < c->limbs - 1; i++)
        a[i] = a[i] >> 1 | a[i + 1] << 31;
    a[c->limbs - 1] = a[c->limbs - 1] >> 1 | top << 31;
}

// --- Modulo the order n

// r = a b / 2^(32 limbs) modulo n, for b < n, any a: Montgomery's product, row by row; t stays below 2 n 2^(32 i).
static void multiply_modulo(const curve_t *c, uint32_t *r, const uint32_t *a, const uint32_t *b)
{
    uint32_t t[2 * LIMBS_MAX + 1] = {0};
    size_t n = (size_t)c->limbs;
    for (size_t i = 0; i < n; i++) {
        uint32_t carry = kernel_add_row(t + i, b, n, a[i]);
        uint32_t sum = t[i + n] + carry;
        t[i + n + 1] = sum < carry;
        carry = kernel_add_row(t + i, c->order, n, t[i] * c->order_n0);
        t[i + n] = sum + carry;
        t[i + n + 1] += t[i + n] < carry;
    }
    if (t[2 * n] || !number_is_below(c, t + n, c->order))
        (void)number_sub(c, t + n, t + n, c->order);
    number_copy(c, r, t + n);
}

// r = 2^(32 limbs) / a modulo n, for 0 < a < n: Kaliski's almost inverse. 2^k u = -r a and 2^k v = s a modulo n, all along,
// until v is 0 and u the greatest common divisor, 1. r and s stay below 2 n, which takes a limb more; k is at least the bits of
// n, and at most twice as many.
static void invert_modulo(const curve_t *c, uint32_t *result, const uint32_t *a)
{
    uint32_t r[LIMBS_MAX + 1] = {0}, s[LIMBS_MAX + 1] = {1};
    number_t u, v, t;
    curve_t more = *c;
    int k = 0, bits = 32 * c->limbs;
    more.limbs++;
    number_copy(c, u, c->order);
    number_copy(c, v, a);
    for (; !number_is_zero(c, v); k++) {
        if (!(u[0] & 1)) {
            half(c, u, 0);
            (void)number_add(&more, s, s, s);
        } else if (!(v[0] & 1)) {
            half(c, v, 0);
            (void)number_add(&more, r, r, r);
        } else if (number_sub(c, t, v, u)) {
            (void)number_sub(c, u, u, v);
            half(c, u, 0);
            (void)number_add(&more, r, r, s);
            (void)number_add(&more, s, s, s);
        } else {
            number_copy(c, v, t);
            half(c, v, 0);
            (void)number_add(&more, s, s, r);
            (void)number_add(&more, r, r, r);
        }
    }
    if (number_sub(c, t, c->order, r) || r[c->limbs]) // r is 2^k times the inverse's opposite
        (void)number_add(c, t, t, c->order);
    memset(u, 0, sizeof u);
    u[(2 * bits - k) / 32 % c->limbs] = (uint32_t)1 << (2 * bits - k) % 32;
    if (k > bits)
        multiply_modulo(c, t, u, t);
    number_copy(c, result, t);
}

// --- u1 G + u2 Q

// Digits, each 0 or odd and below 2^(width - 1) in magnitude, of which any width in a row hold one that is not 0. The number
// is used up.
static void recode(const curve_t *c, int8_t digits[ECDSA_DIGITS], uint32_t *rest, int width)
{
    uint32_t carry = 0; // rest + 2^(32 limbs) carry
    for (int i = 0; i <= 32 * c->limbs; i++) {
        int digit = 0;
        if (rest[0] & 1) {
            digit = (int)(rest[0] & ((1u << width) - 1));
            if (digit >= 1 << (width - 1))
                digit -= 1 << width;
            if (digit > 0)
                rest[0] -= (uint32_t)digit; // of its own lowest bits
            else
                carry += number_add(c, rest, rest, (number_t){(uint32_t)-digit});
        }
        digits[i] = (int8_t)digit;
        half(c, rest, carry);
        carry = 0;
    }
}

// p += (x, y, z) or p -= (x, y, z).
static void add_or_subtract(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y,
                            const uint32_t *z, bool minus)
{
    static const number_t zero;
    number_t negative;
    if (minus)
        c->sub(negative, zero, y);
    point_add(c, p, x, minus ? negative : y, z);
}

static void add_digits(const curve_t *c, point_t *p, const ecdsa_work_t *w, int i)
{
    int d1 = w->digits[0][i], d2 = w->digits[1][i];
    if (d1 != 0) {
        const uint32_t *base = c->base + (d1 < 0 ? -d1 : d1) / 2 * 2 * c->limbs;
        add_or_subtract(c, p, base, base + c->limbs, NULL, d1 < 0);
    }
    if (d2 != 0) {
        const point_t *own = &w->own[(d2 < 0 ? -d2 : d2) / 2];
        add_or_subtract(c, p, own->x, own->y, own->z, d2 < 0);
    }
}

static bool add_multiples(const curve_t *c, point_t *p, const ecdsa_work_t *w, kernel_go_on_t go_on)
{
    memset(p, 0, sizeof *p);
    for (int i = 32 * c->limbs; i >= 0; i--) {
        point_double(c, p);
        add_digits(c, p, w, i);
        if (i % STEPS(c) == 0 && !may_go_on(go_on))
            return false;
    }
    return true;
}

// --- ECDSA

// The leftmost bits, as many as n has, modulo n.
static void load_hash(const curve_t *c, uint32_t *e, const uint8_t *hash, size_t len)
{
    uint8_t bytes[4 * LIMBS_MAX] = {0};
    size_t size = 4 * (size_t)c->limbs, n = len < size ? len : size;
    if (n > 0)
        memcpy(bytes + size - n, hash, n);
    number_load(c, e, bytes);
    if (!number_is_below(c, e, c->order))
        (void)number_sub(c, e, e, c->order);
}

static bool load_scalar(const curve_t *c, uint32_t *a, const uint8_t *bytes)
{
    number_load(c, a, bytes);
    return !number_is_zero(c, a) && number_is_below(c, a, c->order);
}

// u1 = e / s, u2 = r / s.
static void prepare(const curve_t *c, ecdsa_work_t *w, uint32_t *e, const uint32_t *r, const uint32_t *s)
{
    number_t inverse, u2;
    invert_modulo(c, inverse, s);
    multiply_modulo(c, e, e, inverse);
    multiply_modulo(c, u2, r, inverse);
    recode(c, w->digits[0], e, c->base_width);
    recode(c, w->digits[1], u2, WIDTH);
}

// x / z^2 = r or r + n, without a division. r < n.
static bool has_x(const curve_t *c, const point_t *p, const uint32_t *r)
{
    number_t square, x;
    if (number_is_zero(c, p->z))
        return false;
    c->sqr(square, p->z);
    number_to_montgomery(c, x, r);
    c->mul(x, x, square);
    if (number_is_same(c, x, p->x))
        return true;
    if (number_add(c, x, r, c->order) || !number_is_below(c, x, c->prime))
        return false;
    number_to_montgomery(c, x, x);
    c->mul(x, x, square);
    return number_is_same(c, x, p->x);
}

int ecdsa_verify(const curve_t *c, ecdsa_work_t *w, const uint8_t *key, const uint8_t *hash, size_t hash_len,
                 const uint8_t *signature, kernel_go_on_t go_on)
{
    number_t r, s, e;
    point_t sum;
    if (!point_load(c, &w->own[0], key))
        return KERNEL_BAD;
    if (!load_scalar(c, r, signature) || !load_scalar(c, s, signature + 4 * c->limbs))
        return ECDSA_FORGED;
    load_hash(c, e, hash, hash_len);
    prepare(c, w, e, r, s);
    if (!may_go_on(go_on) || !point_odd_multiples(c, w->own, ECDSA_OWN, go_on) ||
        !add_multiples(c, &sum, w, go_on))
        return KERNEL_STOPPED;
    return has_x(c, &sum, r) ? 0 : ECDSA_FORGED;
}
