#include "ecdsa.h"

#include <string.h>

#include "divide.h"

#define WIDTH    5 // of the key's digits: below 16

// Doublings between two questions whether to go on, 1 ms on a Cortex-M0+ at 125 MHz: 8 of P-256, 3 of P-384.
#define STEPS(c) (64 / ((c)->limbs * (c)->limbs / 8))

static bool may_go_on(kernel_go_on_t go_on)
{
    return go_on == NULL || go_on();
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

// --- u1 G + u2 Q

// Bits from at on, at most 8 of them; those beyond the number are 0.
static int bits_of(const curve_t *c, const uint32_t *a, int at, int count)
{
    int word = at / 32;
    uint32_t bits = word < c->limbs ? a[word] >> at % 32 : 0;
    if (word + 1 < c->limbs && at % 32 > 0)
        bits |= a[word + 1] << (32 - at % 32);
    return (int)(bits & ((1u << count) - 1));
}

// Digits, each 0 or odd and below 2^(width - 1) in magnitude, of which any width in a row hold one that is not 0. After a
// negative one the next bits are of a number that is larger by one.
static void recode(const curve_t *c, int8_t digits[ECDSA_DIGITS], const uint32_t *a, int width)
{
    int more = 0;
    memset(digits, 0, ECDSA_DIGITS);
    for (int i = 0; i <= 32 * c->limbs;) {
        if (bits_of(c, a, i, 1) == more) {
            i++;
            continue;
        }
        int digit = bits_of(c, a, i, width) + more;
        more = digit >> (width - 1);
        digits[i] = (int8_t)(digit - (more << width));
        i += width;
    }
}

// p += (x, y, z), or -=.
static void add_or_subtract(const curve_t *c, point_t *p, const uint32_t *x, const uint32_t *y,
                            const scale_t *scale, bool minus)
{
    static const number_t zero;
    number_t negative;
    if (minus)
        c->sub(negative, zero, y);
    point_add(c, p, x, minus ? negative : y, scale);
}

static void add_digits(const curve_t *c, point_t *p, const ecdsa_work_t *w, int at)
{
    int d1 = w->digits[0][at], d2 = w->digits[1][at];
    if (d1 != 0) {
        const uint32_t *base = c->base + (d1 < 0 ? -d1 : d1) / 2 * 2 * c->limbs;
        add_or_subtract(c, p, base, base + c->limbs, NULL, d1 < 0);
    }
    if (d2 != 0) {
        int i = (d2 < 0 ? -d2 : d2) / 2;
        add_or_subtract(c, p, w->own.points[i].x, w->own.points[i].y, &w->own.scale, d2 < 0);
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
    static const number_t zero;
    number_t inverse, u2;
    (void)number_sub(c, u2, zero, c->order); // 2^(32 limbs) modulo n
    kernel_divide(inverse, u2, s, c->order, c->limbs);
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
    if (!point_load(c, &sum, key))
        return KERNEL_BAD;
    if (!load_scalar(c, r, signature) || !load_scalar(c, s, signature + 4 * c->limbs))
        return ECDSA_FORGED;
    if (!point_odd_multiples(c, &w->own, &sum, w->ratios, go_on))
        return KERNEL_STOPPED;
    load_hash(c, e, hash, hash_len);
    prepare(c, w, e, r, s);
    if (!may_go_on(go_on) || !add_multiples(c, &sum, w, go_on))
        return KERNEL_STOPPED;
    return has_x(c, &sum, r) ? 0 : ECDSA_FORGED;
}
