#include "p256.h"

#include <string.h>

#include "bytes.h"
#include "p256_table.h"

#define DIGITS 257 // of a number of 256 bits: recoding may carry
#define OWN    8   // odd multiples of the key's point: digits below 16
#define STEPS  8   // doublings between two questions whether to go on: 1 ms on a Cortex-M0+ at 125 MHz

// Coordinates are modulo p, in Montgomery's form (times 2^256).
typedef struct {
    uint32_t x[LIMBS], y[LIMBS], z[LIMBS]; // (x / z^2, y / z^3); z = 0: the point at infinity
} point_t;

static const uint32_t prime[LIMBS] = {0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff};
static const uint32_t order[LIMBS] = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad,
                                      0xffffffff, 0xffffffff, 0,          0xffffffff};
static const uint32_t one[LIMBS] = {1, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0};

// --- Numbers of 256 bits

static bool is_zero(const uint32_t a[LIMBS])
{
    uint32_t bits = 0;
    for (int i = 0; i < LIMBS; i++)
        bits |= a[i];
    return bits == 0;
}

static uint32_t add(uint32_t r[LIMBS], const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    uint32_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t sum = a[i] + carry;
        carry = sum < carry;
        r[i] = sum + b[i];
        carry += r[i] < sum;
    }
    return carry;
}

static uint32_t sub(uint32_t r[LIMBS], const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    uint32_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t low = a[i] - borrow;
        uint32_t more = low > a[i];
        borrow = more + (low < b[i]);
        r[i] = low - b[i];
    }
    return borrow;
}

static bool is_below(const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    uint32_t t[LIMBS];
    return sub(t, a, b) != 0;
}

static void half(uint32_t a[LIMBS], uint32_t top)
{
    for (int i = 0; i < LIMBS - 1; i++)
        a[i] = a[i] >> 1 | a[i + 1] << 31;
    a[LIMBS - 1] = a[LIMBS - 1] >> 1 | top << 31;
}

// --- Modulo the order n

// a / 2 modulo n, for a < n.
static void half_modulo(uint32_t a[LIMBS])
{
    half(a, a[0] & 1 ? add(a, a, order) : 0);
}

static void sub_modulo(uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    if (sub(a, a, b))
        (void)add(a, a, order);
}

// The common binary algorithm, for 0 < a < n: u = c a and v = d a modulo n, all along, until one of them is 1.
static void invert_modulo(uint32_t r[LIMBS], const uint32_t a[LIMBS])
{
    uint32_t u[LIMBS], v[LIMBS], d[LIMBS] = {0};
    memcpy(u, a, sizeof u);
    memcpy(v, order, sizeof v);
    memset(r, 0, sizeof u); // c
    r[0] = 1;
    while (!is_zero(u)) {
        for (; !(u[0] & 1); half_modulo(r))
            half(u, 0);
        for (; !(v[0] & 1); half_modulo(d))
            half(v, 0);
        if (is_below(u, v)) {
            (void)sub(v, v, u);
            sub_modulo(d, r);
        } else {
            (void)sub(u, u, v);
            sub_modulo(r, d);
        }
    }
    memcpy(r, d, sizeof d); // v is the greatest common divisor, 1
}

// r = a b / 2^256 modulo n, for a b < 2^256 n: a b + m n is a multiple of 2^256 for m = a b (-1 / n) modulo 2^256.
static void multiply_modulo(uint32_t r[LIMBS], const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    static const uint32_t minus_inverse[LIMBS] = {0xee00bc4f, 0xccd1c8aa, 0x7d74d2e4, 0x48c94408,
                                                  0xc588c6f6, 0x50fe77ec, 0xa9d6281c, 0x60d06633};
    uint32_t t[2 * LIMBS], m[2 * LIMBS], low[LIMBS];
    kernel_mul256(t, a, b);
    kernel_mul256(m, t, minus_inverse);
    memcpy(low, m, sizeof low);
    kernel_mul256(m, low, order);
    // The low halves add up to 2^256, or are both 0.
    uint32_t carry = add(low, t, m);
    carry = add(low, m + LIMBS, (uint32_t[LIMBS]){carry}); // 0: m n is below 2^256 n
    carry = add(r, t + LIMBS, low);
    if (carry || !is_below(r, order))
        (void)sub(r, r, order);
}

// --- Modulo p

static void mul(uint32_t r[LIMBS], const uint32_t a[LIMBS], const uint32_t b[LIMBS])
{
    uint32_t t[2 * LIMBS];
    kernel_mul256(t, a, b);
    kernel_reduce_p256(r, t);
}

static void sqr(uint32_t r[LIMBS], const uint32_t a[LIMBS])
{
    uint32_t t[2 * LIMBS];
    kernel_sqr256(t, a);
    kernel_reduce_p256(r, t);
}

static void to_montgomery(uint32_t r[LIMBS], const uint32_t a[LIMBS])
{
    static const uint32_t square[LIMBS] = {3,          0,          0xffffffff, 0xfffffffb,
                                           0xfffffffe, 0xffffffff, 0xfffffffd, 4};
    mul(r, a, square); // 2^512
}

// --- Points

// dbl-2001-b of the Explicit-Formulas Database (a = -3): delta = z^2, gamma = y^2, beta = x gamma, alpha = 3 (x - delta)
// (x + delta); x' = alpha^2 - 8 beta, z' = (y + z)^2 - gamma - delta, y' = alpha (4 beta - x') - 8 gamma^2.
// Infinity is its own double.
static void double_point(point_t *p)
{
    uint32_t delta[LIMBS], gamma[LIMBS], beta[LIMBS], alpha[LIMBS];
    sqr(delta, p->z);
    sqr(gamma, p->y);
    mul(beta, p->x, gamma);
    kernel_sub_p256(alpha, p->x, delta);
    kernel_add_p256(p->x, p->x, delta);
    mul(p->x, p->x, alpha);
    kernel_add_p256(alpha, p->x, p->x);
    kernel_add_p256(alpha, alpha, p->x);
    kernel_add_p256(p->z, p->y, p->z);
    sqr(p->z, p->z);
    kernel_sub_p256(p->z, p->z, gamma);
    kernel_sub_p256(p->z, p->z, delta);
    kernel_add_p256(beta, beta, beta);
    kernel_add_p256(beta, beta, beta); // 4 beta
    kernel_add_p256(delta, beta, beta);
    sqr(p->x, alpha);
    kernel_sub_p256(p->x, p->x, delta);
    kernel_sub_p256(beta, beta, p->x);
    mul(p->y, alpha, beta);
    kernel_add_p256(gamma, gamma, gamma); // 8 gamma^2 = 2 (2 gamma)^2
    sqr(gamma, gamma);
    kernel_add_p256(gamma, gamma, gamma);
    kernel_sub_p256(p->y, p->y, gamma);
}

// What is left of p + q, when u1 = x1 z2^2 and s1 = y1 z2^3 (in p), u2 and s2 (in h and r) are known: h = u2 - u1, r = s2 -
// s1; x = r^2 - h^3 - 2 u1 h^2, y = r (u1 h^2 - x) - s1 h^3, z = z1 z2 h (p->z holds z1 z2).
static void add_distinct(point_t *p, uint32_t h[LIMBS], const uint32_t r[LIMBS])
{
    uint32_t square[LIMBS];
    mul(p->z, p->z, h);
    sqr(square, h);
    mul(h, h, square);         // h^3
    mul(square, square, p->x); // u1 h^2
    sqr(p->x, r);
    kernel_sub_p256(p->x, p->x, h);
    kernel_sub_p256(p->x, p->x, square);
    kernel_sub_p256(p->x, p->x, square);
    mul(p->y, p->y, h);
    kernel_sub_p256(square, square, p->x);
    mul(square, square, r);
    kernel_sub_p256(p->y, square, p->y);
}

// p += (x, y, z), which is not infinity; z NULL: 1.
static void add_point(point_t *p, const uint32_t x[LIMBS], const uint32_t y[LIMBS], const uint32_t *z)
{
    uint32_t h[LIMBS], r[LIMBS];
    if (is_zero(p->z)) {
        memcpy(p->x, x, sizeof p->x);
        memcpy(p->y, y, sizeof p->y);
        memcpy(p->z, z != NULL ? z : one, sizeof p->z);
        return;
    }
    sqr(h, p->z);
    mul(r, h, p->z);
    mul(h, h, x); // u2
    mul(r, r, y); // s2
    if (z != NULL) {
        uint32_t t[LIMBS];
        sqr(t, z);
        mul(p->x, p->x, t);
        mul(t, t, z);
        mul(p->y, p->y, t);
        mul(p->z, p->z, z);
    }
    kernel_sub_p256(h, h, p->x);
    kernel_sub_p256(r, r, p->y);
    if (is_zero(h) && is_zero(r)) {
        double_point(p); // which still is what it was, with z1 z2 for its z
        return;
    }
    add_distinct(p, h, r); // of opposite points: h = 0, z = 0
}

static void add_or_subtract(point_t *p, const uint32_t x[LIMBS], const uint32_t y[LIMBS], const uint32_t *z,
                            bool minus)
{
    static const uint32_t zero[LIMBS];
    uint32_t negative[LIMBS];
    if (minus)
        kernel_sub_p256(negative, zero, y);
    add_point(p, x, minus ? negative : y, z);
}

// y^2 = x^3 - 3 x + b (in Montgomery's form), and both below p (as they came).
static bool is_on_curve(const point_t *p)
{
    static const uint32_t b[LIMBS] = {0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd,
                                      0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d};
    uint32_t left[LIMBS], right[LIMBS];
    sqr(right, p->x);
    kernel_sub_p256(right, right, one);
    kernel_sub_p256(right, right, one);
    kernel_sub_p256(right, right, one);
    mul(right, right, p->x);
    kernel_add_p256(right, right, b);
    sqr(left, p->y);
    return memcmp(left, right, sizeof left) == 0;
}

static bool load_point(point_t *p, const uint8_t key[64])
{
    load_big(p->x, key);
    load_big(p->y, key + 32);
    if (!is_below(p->x, prime) || !is_below(p->y, prime))
        return false;
    to_montgomery(p->x, p->x);
    to_montgomery(p->y, p->y);
    memcpy(p->z, one, sizeof one);
    return is_on_curve(p);
}

// --- u1 G + u2 Q

// Digits, each 0 or odd and below 2^(width - 1) in magnitude, of which any width in a row hold one that is not 0.
static void recode(int8_t digits[DIGITS], const uint32_t number[LIMBS], int width)
{
    uint32_t rest[LIMBS], carry = 0; // rest + 2^256 carry
    memcpy(rest, number, sizeof rest);
    for (int i = 0; i < DIGITS; i++) {
        int digit = 0;
        if (rest[0] & 1) {
            digit = (int)(rest[0] & ((1u << width) - 1));
            if (digit >= 1 << (width - 1))
                digit -= 1 << width;
            if (digit > 0)
                rest[0] -= (uint32_t)digit; // of its own lowest bits
            else
                carry += add(rest, rest, (uint32_t[LIMBS]){(uint32_t)-digit});
        }
        digits[i] = (int8_t)digit;
        half(rest, carry);
        carry = 0;
    }
}

static void make_multiples(point_t own[OWN])
{
    point_t twice = own[0];
    double_point(&twice);
    for (int i = 1; i < OWN; i++) {
        own[i] = own[i - 1];
        add_point(&own[i], twice.x, twice.y, twice.z);
    }
}

struct work {
    int8_t digits[2][DIGITS]; // of u1 and u2
    point_t own[OWN];
};

static bool add_multiples(point_t *p, struct work *w, kernel_go_on_t go_on)
{
    memset(p, 0, sizeof *p);
    for (int i = DIGITS - 1; i >= 0; i--) {
        int d1 = w->digits[0][i], d2 = w->digits[1][i];
        double_point(p);
        if (d1 != 0) {
            const uint32_t(*base)[LIMBS] = p256_base[(d1 < 0 ? -d1 : d1) / 2];
            add_or_subtract(p, base[0], base[1], NULL, d1 < 0);
        }
        if (d2 != 0) {
            const point_t *own = &w->own[(d2 < 0 ? -d2 : d2) / 2];
            add_or_subtract(p, own->x, own->y, own->z, d2 < 0);
        }
        if (i % STEPS == 0 && go_on != NULL && !go_on())
            return false;
    }
    return true;
}

// --- ECDSA

// The leftmost 256 bits, modulo n.
static void load_hash(uint32_t e[LIMBS], const uint8_t *hash, size_t len)
{
    uint8_t bytes[32] = {0};
    size_t n = len < sizeof bytes ? len : sizeof bytes;
    if (n > 0)
        memcpy(bytes + sizeof bytes - n, hash, n);
    load_big(e, bytes);
    if (!is_below(e, order))
        (void)sub(e, e, order);
}

static bool load_scalar(uint32_t a[LIMBS], const uint8_t bytes[32])
{
    load_big(a, bytes);
    return !is_zero(a) && is_below(a, order);
}

// u1 = e / s, u2 = r / s.
static void prepare(struct work *w, uint32_t e[LIMBS], const uint32_t r[LIMBS], const uint32_t s[LIMBS])
{
    static const uint32_t square[LIMBS] = {0xbe79eea2, 0x83244c95, 0x49bd6fa6, 0x4699799c,
                                           0x2b6bec59, 0x2845b239, 0xf3d95620, 0x66e12d94}; // 2^512
    uint32_t inverse[LIMBS], u2[LIMBS];
    invert_modulo(inverse, s);
    multiply_modulo(inverse, inverse, square);
    multiply_modulo(e, e, inverse);
    multiply_modulo(u2, r, inverse);
    recode(w->digits[0], e, P256_BASE_WIDTH);
    recode(w->digits[1], u2, 5);
}

// x / z^2 = r or r + n, without a division. r < n.
static bool has_x(const point_t *p, const uint32_t r[LIMBS])
{
    uint32_t square[LIMBS], x[LIMBS];
    if (is_zero(p->z))
        return false;
    sqr(square, p->z);
    to_montgomery(x, r);
    mul(x, x, square);
    if (memcmp(x, p->x, sizeof x) == 0)
        return true;
    if (add(x, r, order) || !is_below(x, prime))
        return false;
    to_montgomery(x, x);
    mul(x, x, square);
    return memcmp(x, p->x, sizeof x) == 0;
}

int p256_verify(const uint8_t key[64], const uint8_t *hash, size_t hash_len, const uint8_t signature[64],
                kernel_go_on_t go_on)
{
    struct work w;
    uint32_t r[LIMBS], s[LIMBS], e[LIMBS];
    point_t sum;
    if (!load_point(&w.own[0], key))
        return KERNEL_BAD;
    if (!load_scalar(r, signature) || !load_scalar(s, signature + 32))
        return P256_FORGED;
    load_hash(e, hash, hash_len);
    prepare(&w, e, r, s);
    make_multiples(w.own);
    if (!add_multiples(&sum, &w, go_on))
        return KERNEL_STOPPED;
    return has_x(&sum, r) ? 0 : P256_FORGED;
}
