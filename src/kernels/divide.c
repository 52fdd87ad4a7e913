// By division steps: Bernstein and Yang, "Fast constant-time gcd computation and modular inversion", 30 steps of the lowest bits at a
// time, as libsecp256k1 has them (Wuille, Dettman; doc/safegcd_implementation.md there), for 256 and 384 bits. f and g begin as m
// and a, and become the greatest common divisor, 1 or -1, and 0. Along the way d a = f k and e a = g k modulo m, up to the powers
// of two that steps divide by, which updating d and e divides by as well.
//
// Numbers are limbs of 30 bits, least first, of which the uppermost has the sign: below 2 m in magnitude, whatever happens. Of
// negative numbers >> is taken to be arithmetic.
#include "divide.h"

#include <string.h>

#include "bytes.h"

_Static_assert(-1 >> 1 == -1, "an arithmetic shift");

#define STEPS           30
#define LOW             ((int32_t)((1u << STEPS) - 1))
#define LIMBS_30        13 // of 384 bits
#define LIMBS_OF(words) ((words) == 8 ? 9 : LIMBS_30)

// Half-delta steps that are enough: 590 for 256 bits, 885 for 384, by Wuille's convex hulls.
#define ROUNDS(words)   ((words) == 8 ? 20 : 30)

typedef int32_t number30_t[LIMBS_30];

typedef struct {
    number30_t f, g, d, e, m;
    int32_t u, v, q, r; // 30 steps: f, g = (u f + v g, q f + r g) / 2^30
    uint32_t inverse;   // 1 / m modulo 2^32
    int limbs;
} division_t;

static void cut(int32_t *to, const uint32_t *from, int words)
{
    for (int i = 0, bit = 0; i < LIMBS_OF(words); i++, bit += STEPS) {
        uint32_t low = from[bit / 32] >> bit % 32;
        uint32_t high = bit / 32 + 1 < words ? from[bit / 32 + 1] << 1 << (31 - bit % 32) : 0;
        to[i] = (int32_t)(low | high) & LOW;
    }
}

static void join(uint32_t *to, const int32_t *from, int words)
{
    memset(to, 0, (size_t)words * sizeof *to);
    for (int i = 0, bit = 0; i < LIMBS_OF(words); i++, bit += STEPS) {
        to[bit / 32] |= (uint32_t)from[i] << bit % 32;
        if (bit / 32 + 1 < words)
            to[bit / 32 + 1] |= (uint32_t)from[i] >> 1 >> (31 - bit % 32);
    }
}

// 30 steps of f's and g's lowest bits. zeta is -(delta + 1/2): the next one.
static int32_t step(division_t *w, int32_t zeta)
{
    uint32_t u = 1, v = 0, q = 0, r = 1, f = (uint32_t)w->f[0], g = (uint32_t)w->g[0];
    for (int i = 0; i < STEPS; i++) {
        uint32_t minus = (uint32_t)(zeta >> 31), odd = 0 - (g & 1);
        g += ((f ^ minus) - minus) & odd;
        q += ((u ^ minus) - minus) & odd;
        r += ((v ^ minus) - minus) & odd;
        minus &= odd;
        zeta = (int32_t)((uint32_t)zeta ^ minus) - 1;
        f += g & minus;
        u += q & minus;
        v += r & minus;
        g >>= 1;
        u <<= 1;
        v <<= 1;
    }
    w->u = (int32_t)u;
    w->v = (int32_t)v;
    w->q = (int32_t)q;
    w->r = (int32_t)r;
    return zeta;
}

// Compilers for Armv6-M call a function for that, and libgcc's takes longer or shorter.
#ifdef __ARM_ARCH_6M__
static int64_t product(int32_t a, int32_t b)
{
    uint32_t x = (uint32_t)a, y = (uint32_t)b;
    uint32_t x0 = x & 0xffff, x1 = x >> 16, y0 = y & 0xffff, y1 = y >> 16;
    uint32_t low = x0 * y0, m = x1 * y0, n = x0 * y1, high = x1 * y1;
    uint32_t middle = (low >> 16) + (m & 0xffff) + (n & 0xffff);
    high += (m >> 16) + (n >> 16) + (middle >> 16);
    high -= (y & (uint32_t)(a >> 31)) + (x & (uint32_t)(b >> 31));
    return (int64_t)((uint64_t)high << 32 | (middle << 16 | (low & 0xffff)));
}
#else
static int64_t product(int32_t a, int32_t b)
{
    return (int64_t)a * b;
}
#endif

static void update_f_g(division_t *w)
{
    int64_t f = 0, g = 0;
    for (int i = 0; i < w->limbs; i++) {
        int32_t fi = w->f[i], gi = w->g[i];
        f += product(w->u, fi) + product(w->v, gi);
        g += product(w->q, fi) + product(w->r, gi);
        if (i > 0) {
            w->f[i - 1] = (int32_t)f & LOW;
            w->g[i - 1] = (int32_t)g & LOW;
        }
        f >>= STEPS; // at i = 0, what is lost is 0
        g >>= STEPS;
    }
    w->f[w->limbs - 1] = (int32_t)f;
    w->g[w->limbs - 1] = (int32_t)g;
}

// How often m is to be added, that the lowest 30 bits become 0 and that -2 m < result < m.
static int32_t times_of_m(const division_t *w, int32_t a, int32_t b, int32_t lowest)
{
    int32_t times = (a & (w->d[w->limbs - 1] >> 31)) + (b & (w->e[w->limbs - 1] >> 31));
    uint32_t more = (w->inverse * (uint32_t)lowest + (uint32_t)times) & (uint32_t)LOW;
    return times - (int32_t)more;
}

static void update_d_e(division_t *w)
{
    int64_t d = product(w->u, w->d[0]) + product(w->v, w->e[0]);
    int64_t e = product(w->q, w->d[0]) + product(w->r, w->e[0]);
    int32_t md = times_of_m(w, w->u, w->v, (int32_t)d), me = times_of_m(w, w->q, w->r, (int32_t)e);
    d = (d + product(md, w->m[0])) >> STEPS;
    e = (e + product(me, w->m[0])) >> STEPS;
    for (int i = 1; i < w->limbs; i++) {
        int32_t di = w->d[i], ei = w->e[i];
        d += product(w->u, di) + product(w->v, ei) + product(md, w->m[i]);
        e += product(w->q, di) + product(w->r, ei) + product(me, w->m[i]);
        w->d[i - 1] = (int32_t)d & LOW;
        w->e[i - 1] = (int32_t)e & LOW;
        d >>= STEPS;
        e >>= STEPS;
    }
    w->d[w->limbs - 1] = (int32_t)d;
    w->e[w->limbs - 1] = (int32_t)e;
}

// d = sign d + m where the mask says so.
static void add_m(division_t *w, int32_t sign, int32_t mask)
{
    int32_t carry = 0;
    for (int i = 0; i < w->limbs; i++) {
        carry += ((w->d[i] ^ sign) - sign) + (w->m[i] & mask);
        w->d[i] = i < w->limbs - 1 ? carry & LOW : carry;
        carry >>= STEPS;
    }
}

// d has f's sign, and is from 0 to m - 1.
static void normalize(division_t *w)
{
    int last = w->limbs - 1;
    add_m(w, 0, w->d[last] >> 31); // from -m + 1
    add_m(w, w->f[last] >> 31, 0);
    add_m(w, 0, w->d[last] >> 31);
}

// Newton's: x = 1 / m modulo 2^3 for odd m, 2^6 ...
static uint32_t inverse_of(uint32_t m)
{
    uint32_t x = m;
    for (int i = 0; i < 4; i++)
        x *= 2 - m * x;
    return x;
}

void kernel_divide(uint32_t *r, const uint32_t *k, const uint32_t *a, const uint32_t *m, int words)
{
    division_t w;
    memset(&w, 0, sizeof w);
    w.limbs = LIMBS_OF(words);
    w.inverse = inverse_of(m[0]);
    cut(w.m, m, words);
    cut(w.f, m, words);
    cut(w.g, a, words);
    cut(w.e, k, words);
    int32_t zeta = -1;
    for (int i = 0; i < ROUNDS(words); i++) {
        zeta = step(&w, zeta);
        update_d_e(&w);
        update_f_g(&w);
    }
    normalize(&w);
    join(r, w.d, words);
    wipe(&w, sizeof w);
}
