#include "rsa.h"

#include <string.h>

#define SQUARES 16 // 65537 = 2^16 + 1

// Products of words between two questions whether to go on: 1 ms on a Cortex-M0+ at 125 MHz.
#define STEPS   4096

// Numbers have n words, least first; n0 is -1 / modulus modulo 2^32.
typedef struct {
    uint32_t *modulus, *y, *t; // t: 2 n words
    size_t n;
    uint32_t n0;
    kernel_go_on_t go_on;
    size_t steps;
} rsa_t;

static uint32_t word_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

// Word i of a number of n words that is written as bytes, big-endian.
static uint32_t word_of(const uint8_t *bytes, size_t n, size_t i)
{
    return word_at(bytes + 4 * (n - 1 - i));
}

static void load(uint32_t *r, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        r[i] = word_of(bytes, n, i);
}

// In place.
static void store(uint32_t *a, size_t n)
{
    uint8_t *bytes = (uint8_t *)a;
    for (size_t i = 0, j = n - 1; i <= j; i++, j--) {
        uint32_t low = a[i], high = a[j];
        for (int k = 0; k < 4; k++) {
            bytes[4 * i + (size_t)k] = (uint8_t)(high >> (24 - 8 * k));
            bytes[4 * j + (size_t)k] = (uint8_t)(low >> (24 - 8 * k));
        }
    }
}

static bool is_below(const uint32_t *a, const uint32_t *b, size_t n)
{
    while (n-- > 0) {
        if (a[n] != b[n])
            return a[n] < b[n];
    }
    return false;
}

// r -= a, the borrow.
static uint32_t subtract(uint32_t *r, const uint32_t *a, size_t n)
{
    uint32_t borrow = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t low = r[i] - borrow;
        uint32_t more = low > r[i];
        borrow = more + (low < a[i]);
        r[i] = low - a[i];
    }
    return borrow;
}

// r += a m, the carry; false if it is to end.
static bool add_row(rsa_t *w, uint32_t *r, const uint32_t *a, size_t n, uint32_t m, uint32_t *carry)
{
    *carry = kernel_add_row(r, a, n, m);
    w->steps += n;
    if (w->steps < STEPS || w->go_on == NULL)
        return true;
    w->steps = 0;
    return w->go_on();
}

// By Newton's iteration, from the three bits of an odd number's inverse that are its own.
static uint32_t minus_inverse(uint32_t a)
{
    uint32_t x = a;
    for (int bits = 3; bits < 32; bits *= 2)
        x *= 2 - a * x;
    return 0 - x;
}

// --- Into Montgomery's form: y = x 2^(32 n) modulo the modulus, by division: schoolbook, with the quotient's digits from the
// modulus' first word. All ones' complement: to subtract is to add then.

// (2^64 - 1) / d - 2^32, for d >= 2^31.
static uint32_t reciprocal(uint32_t d)
{
    uint32_t q = 0, rest = ~d; // 2^32 - 1 - d, which is below d
    for (int i = 0; i < 32; i++) {
        uint32_t top = rest >> 31;
        rest = rest << 1 | 1;
        q <<= 1;
        if (top || rest >= d) {
            rest -= d;
            q |= 1;
        }
    }
    return q;
}

// (high low) / d for high <= d, at most 2^32 - 1: Moeller and Granlund, Improved division by invariant integers, algorithm 4.
static uint32_t divide(uint32_t high, uint32_t low, uint32_t d, uint32_t inverse)
{
    if (high >= d)
        return UINT32_MAX;
    uint64_t q = (uint64_t)high * inverse + ((uint64_t)high << 32 | low);
    uint32_t digit = (uint32_t)(q >> 32) + 1, rest = low - digit * d;
    if (rest > (uint32_t)q) {
        digit--;
        rest += d;
    }
    return rest >= d ? digit + 1 : digit;
}

// The digit is too large by two at most; then a - digit m is negative, and its complement's top word is not all ones.
static bool to_montgomery(rsa_t *w)
{
    size_t n = w->n;
    uint32_t d = w->modulus[n - 1], inverse = reciprocal(d), carry;
    memset(w->t, 0xff, 4 * n);
    for (size_t i = 0; i < n; i++)
        w->t[n + i] = ~w->t[n + i];
    for (size_t i = n; i-- > 0;) {
        uint32_t *rest = w->t + i; // n + 1 words
        uint32_t digit = divide(~rest[n], ~rest[n - 1], d, inverse);
        if (!add_row(w, rest, w->modulus, n, digit, &carry))
            return false;
        rest[n] += carry;
        while (rest[n] != UINT32_MAX)
            rest[n] -= subtract(rest, w->modulus, n);
    }
    for (size_t i = 0; i < n; i++)
        w->y[i] = ~w->t[i];
    return true;
}

// --- Montgomery's products

// y = t / 2^(32 n) modulo the modulus, for t < 2^(32 n) modulus.
static bool reduce(rsa_t *w)
{
    size_t n = w->n;
    uint32_t pending = 0, carry; // pending: of t[i + n]
    for (size_t i = 0; i < n; i++) {
        uint32_t *t = w->t + i;
        if (!add_row(w, t, w->modulus, n, t[0] * w->n0, &carry))
            return false;
        uint32_t sum = t[n] + carry;
        carry = sum < carry;
        t[n] = sum + pending;
        pending = carry + (t[n] < sum);
    }
    memcpy(w->y, w->t + n, 4 * n);
    if (pending || !is_below(w->y, w->modulus, n))
        (void)subtract(w->y, w->modulus, n);
    return true;
}

static bool square(rsa_t *w)
{
    size_t n = w->n;
    memset(w->t, 0, 8 * n);
    for (size_t i = 0; i < n - 1; i++) {
        if (!add_row(w, w->t + 2 * i + 1, w->y + i + 1, n - 1 - i, w->y[i], &w->t[n + i]))
            return false;
    }
    kernel_add_squares(w->t, w->y, n);
    return reduce(w);
}

static bool multiply(rsa_t *w, const uint8_t *x)
{
    size_t n = w->n;
    memset(w->t, 0, 8 * n);
    for (size_t i = 0; i < n; i++) {
        if (!add_row(w, w->t + i, w->y, n, word_of(x, n, i), &w->t[n + i]))
            return false;
    }
    return reduce(w);
}

// x in Montgomery's form to the 2^16th, and times x as it is: x^65537, as it is.
static bool power(rsa_t *w, const uint8_t *x)
{
    if (!to_montgomery(w))
        return false;
    for (int i = 0; i < SQUARES; i++) {
        if (!square(w))
            return false;
    }
    return multiply(w, x);
}

int rsa_public(uint32_t *work, const uint8_t *modulus, const uint8_t *signature, size_t len,
               kernel_go_on_t go_on)
{
    size_t n = len / 4;
    rsa_t w = {.y = work, .modulus = work + n, .t = work + 2 * n, .n = n, .go_on = go_on};
    load(w.modulus, modulus, n);
    load(w.t + n, signature, n);
    if (!(w.modulus[0] & 1) || !(w.modulus[n - 1] >> 31) || !is_below(w.t + n, w.modulus, n))
        return KERNEL_BAD;
    w.n0 = minus_inverse(w.modulus[0]);
    if (!power(&w, signature))
        return KERNEL_STOPPED;
    store(w.y, n);
    return 0;
}
