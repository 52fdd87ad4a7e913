#include "ecdh.h"

#include <string.h>

#include "bytes.h"
#include "divide.h"
#include "mask.h"

#define COMB_TEETH 5
#define WIDTH_MAX  5 // of a digit
_Static_assert(COMB_TEETH <= WIDTH_MAX && ECDH_WIDTH <= WIDTH_MAX, "a table has too many points");

// A table of multiples, and how a private key is cut into digits that choose from it.
typedef struct {
    const uint32_t *points; // x and y
    size_t y, stride;       // words from x to y, and from one point to the next
    const scale_t *scale;   // NULL: z is 1
    int width;              // bits of a digit: the table has 2^(width - 1) points
    int count;              // digits
    int apart;              // from one bit of a digit to the next
    int doubled;            // times, between two digits
} table_t;

// --- Constant time

// -1 if a is 0, else 0.
static uint32_t mask_if_zero(const curve_t *c, const uint32_t *a)
{
    uint32_t bits = 0;
    for (int i = 0; i < c->limbs; i++)
        bits |= a[i];
    return ((bits | (0 - bits)) >> 31) - 1;
}

// r = a if mask is -1, r as it is if it is 0.
static void take_if(const curve_t *c, uint32_t mask, uint32_t *r, const uint32_t *a)
{
    mask = kernel_mask(mask);
    for (int i = 0; i < c->limbs; i++)
        r[i] ^= (r[i] ^ a[i]) & mask;
}

static void negate_if(const curve_t *c, uint32_t mask, uint32_t *y, uint32_t *t)
{
    static const number_t zero;
    c->sub(t, zero, y);
    take_if(c, mask, y, t);
}

// --- Digits
//
// An odd k is the sum of b[i] 2^i for i < l, where each b[i] is 1 or -1: bit i of (k + 2^l) / 2 says which, l = width count. A
// digit is made of width of them; the uppermost gives its sign, the others, inverted if it is minus, a point of the table.

// The odd one of k and n - k, as these bits; *negated: -1 if it is n - k. -1 if k is 0, or n or more; else 0.
static uint32_t set_digits(const curve_t *c, ecdh_work_t *w, const table_t *table, const uint8_t *key,
                           uint32_t *negated)
{
    int top = table->width * table->count - 1;
    memset(w->digits, 0, sizeof w->digits);
    number_load(c, w->digits, key);
    uint32_t is_low = number_sub(c, w->t, c->order, w->digits) ^ 1; // k <= n; n becomes 0
    uint32_t is_bad = mask_if_zero(c, w->t) | mask_if_zero(c, w->digits) | (is_low - 1);
    *negated = (w->digits[0] & 1) - 1;
    take_if(c, *negated, w->digits, w->t);
    for (int i = 0; i < LIMBS_MAX - 1; i++)
        w->digits[i] = w->digits[i] >> 1 | w->digits[i + 1] << 31;
    w->digits[LIMBS_MAX - 1] >>= 1;
    w->digits[top / 32] |= (uint32_t)1 << top % 32;
    return is_bad;
}

static uint32_t digit(const ecdh_work_t *w, const table_t *table, int i)
{
    uint32_t value = 0;
    int at = table->apart == 1 ? table->width * i : i;
    for (int bit = 0; bit < table->width; bit++, at += table->apart)
        value |= (w->digits[at / 32] >> at % 32 & 1) << bit;
    return value;
}

// Of the points' words, from the first one's on, those of the point whose mask is -1.
static void gather(const curve_t *c, uint32_t *to, const table_t *table, const uint32_t *from,
                   const uint32_t *masks)
{
    size_t count = (size_t)1 << (table->width - 1);
    for (int i = 0; i < c->limbs; i++, from++) {
        uint32_t sum = 0;
        for (size_t at = 0; at < count; at++)
            sum |= from[at * table->stride] & masks[at];
        to[i] = sum;
    }
}

// Every point is read.
static void choose(const curve_t *c, ecdh_work_t *w, const table_t *table, int i)
{
    uint32_t value = digit(w, table, i), half = (uint32_t)1 << (table->width - 1);
    uint32_t minus = (value >> (table->width - 1)) - 1, wanted = (value ^ minus) & (half - 1);
    uint32_t masks[1 << (WIDTH_MAX - 1)];
    for (uint32_t at = 0; at < half; at++)
        masks[at] = kernel_mask_if_same(at, wanted);
    gather(c, w->chosen.x, table, table->points, masks);
    gather(c, w->chosen.y, table, table->points + table->y, masks);
    negate_if(c, minus, w->chosen.y, w->t);
}

// --- k P

static void set_z(const curve_t *c, point_t *p, const table_t *table)
{
    number_copy(c, p->z, table->scale != NULL ? table->scale->z : c->one);
}

// sum += chosen, though they may be the same.
static void add_any(const curve_t *c, ecdh_work_t *w, const table_t *table)
{
    w->doubled = w->chosen;
    set_z(c, &w->doubled, table);
    point_double(c, &w->doubled);
    uint32_t same = point_add_distinct(c, &w->sum, w->chosen.x, w->chosen.y, table->scale);
    take_if(c, same, w->sum.x, w->doubled.x);
    take_if(c, same, w->sum.y, w->doubled.y);
    take_if(c, same, w->sum.z, w->doubled.z);
}

// sum = k P. A digit's points are odd multiples of P, or sums and differences of those that are far apart: twice what the sum was
// is neither the same nor opposite, as whole numbers, and both are below n / 2 and a little. But for the last digit: there
// the sum can be the same modulo n (for n - 2 with digits of 4 bits on P-256). It is opposite only if k P is infinity.
static bool multiply(const curve_t *c, ecdh_work_t *w, const table_t *table, kernel_go_on_t go_on)
{
    choose(c, w, table, table->count - 1);
    w->sum = w->chosen;
    set_z(c, &w->sum, table);
    for (int i = table->count - 2; i >= 0; i--) {
        for (int times = 0; times < table->doubled; times++)
            point_double(c, &w->sum);
        choose(c, w, table, i);
        if (i == 0)
            add_any(c, w, table);
        else
            (void)point_add_distinct(c, &w->sum, w->chosen.x, w->chosen.y, table->scale);
        if (go_on != NULL && !go_on())
            return false;
    }
    return true;
}

// --- Out of Montgomery's form, and of Jacobi's

static void store(const curve_t *c, uint8_t *out, const uint32_t *a, uint32_t *t)
{
    c->mul(t, a, (const number_t){1});
    for (int i = 0; i < 4 * c->limbs; i++)
        out[4 * c->limbs - 1 - i] = (uint8_t)(t[i / 4] >> 8 * (i % 4));
}

// x and, if it is wanted, y of the sum, the latter with the other sign if negated.
static void put(const curve_t *c, ecdh_work_t *w, uint8_t *out, bool with_y, uint32_t negated)
{
    uint32_t *inverse = w->chosen.x, *square = w->chosen.y;
    kernel_divide(inverse, c->square, w->sum.z, c->prime, c->limbs); // 0 at infinity
    c->sqr(square, inverse);
    c->mul(w->sum.x, w->sum.x, square);
    store(c, out, w->sum.x, w->t);
    if (!with_y)
        return;
    c->mul(square, square, inverse);
    c->mul(w->sum.y, w->sum.y, square);
    negate_if(c, negated, w->sum.y, w->t);
    store(c, out + 4 * c->limbs, w->sum.y, w->t);
}

static int run(const curve_t *c, ecdh_work_t *w, const table_t *table, uint8_t *out, bool with_y,
               const uint8_t *key, kernel_go_on_t go_on)
{
    uint32_t negated, is_bad = set_digits(c, w, table, key, &negated);
    if (!multiply(c, w, table, go_on))
        return KERNEL_STOPPED;
    put(c, w, out, with_y, negated);
    return (int)(is_bad & 1) * KERNEL_BAD;
}

static table_t table_of_base(const curve_t *c)
{
    int width = c->comb != NULL ? COMB_TEETH : c->base_width - 1;
    table_t table = {.points = c->base,
                     .y = (size_t)c->limbs,
                     .stride = 2 * (size_t)c->limbs,
                     .width = width,
                     .count = (32 * c->limbs + width - 1) / width,
                     .apart = 1,
                     .doubled = width};
    if (c->comb != NULL) {
        table.points = c->comb;
        table.count = table.apart = c->comb_apart;
        table.doubled = 1;
    }
    return table;
}

int ecdh_public_key(const curve_t *c, ecdh_work_t *w, uint8_t *out, const uint8_t *key, kernel_go_on_t go_on)
{
    const table_t table = table_of_base(c);
    int error = run(c, w, &table, out, true, key, go_on);
    wipe(w, sizeof *w);
    return error;
}

int ecdh_shared_secret(const curve_t *c, ecdh_work_t *w, uint8_t *out, const uint8_t *key,
                       const uint8_t *peer, kernel_go_on_t go_on)
{
    const table_t table = {.points = (const uint32_t *)w->own.points,
                           .y = LIMBS_MAX,
                           .stride = 2 * LIMBS_MAX,
                           .scale = &w->own.scale,
                           .width = ECDH_WIDTH,
                           .count = 32 * c->limbs / ECDH_WIDTH,
                           .apart = 1,
                           .doubled = ECDH_WIDTH};
    point_t point;
    if (!point_load(c, &point, peer))
        return KERNEL_BAD;
    int error = KERNEL_STOPPED;
    if (point_odd_multiples(c, &w->own, &point, w->ratios, go_on))
        error = run(c, w, &table, out, false, key, go_on);
    wipe(w, sizeof *w);
    return error;
}
