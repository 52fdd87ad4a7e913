// The kernels in C: for machines that multiply 32 by 32 bits into 64, and as the reference for those in assembler.
#include "../kernels.h"

#if KERNELS_PORTABLE

// --- Plain

// Each step holds a b + r + carry <= (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
void kernel_mul256(uint32_t r[16], const uint32_t a[8], const uint32_t b[8])
{
    for (int i = 0; i < 16; i++)
        r[i] = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            carry += (uint64_t)a[i] * b[j] + r[i + j];
            r[i + j] = (uint32_t)carry;
            carry >>= 32;
        }
        r[i + LIMBS] = (uint32_t)carry;
    }
}

void kernel_sqr256(uint32_t r[16], const uint32_t a[8])
{
    kernel_mul256(r, a, a);
}

// r = a + b, the carry out.
static uint32_t add(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

// r = a - b, the borrow out (0 or 1).
static uint32_t sub(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        r[i] = (uint32_t)d;
        borrow = (uint32_t)(d >> 32) & 1;
    }
    return borrow;
}

// --- 2^255 - 19

// r += n, the carry out.
static uint32_t add_word(uint32_t r[8], uint32_t n)
{
    uint64_t carry = n;
    for (int i = 0; i < LIMBS; i++) {
        carry += r[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

// r += 2^256 n, for n < 2^25: when that carries, what is left is below 38 n, and takes another 38.
static void fold(uint32_t r[8], uint32_t n)
{
    r[0] += 38 * add_word(r, 38 * n);
}

void kernel_add_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    fold(r, add(r, a, b));
}

// A borrow of 2^256 is taken back as 38; should that borrow, what is left is above 2^256 - 38.
void kernel_sub_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    const uint32_t some[8] = {38 * sub(r, a, b)};
    r[0] -= 38 * sub(r, r, some);
}

// r = low + 38 high: the carry stays below 39.
void kernel_reduce_25519(uint32_t r[8], const uint32_t t[16])
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)t[i + LIMBS] * 38 + t[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, (uint32_t)carry);
}

void kernel_mul_121665(uint32_t r[8], const uint32_t a[8])
{
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)a[i] * 121665;
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    fold(r, (uint32_t)carry);
}

// --- P-256

static const uint32_t prime[8] = {0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff};

static void add_prime_if(uint32_t r[8], uint32_t mask)
{
    uint32_t some[8];
    for (int i = 0; i < LIMBS; i++)
        some[i] = prime[i] & mask;
    (void)add(r, r, some);
}

// r + 2^256 carry, which is below 2 p, modulo p.
static void subtract_prime(uint32_t r[8], uint32_t carry)
{
    uint32_t borrow = sub(r, r, prime);
    add_prime_if(r, carry - borrow); // -1 if it was below p, else 0
}

void kernel_add_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t carry = add(r, a, b);
    subtract_prime(r, carry);
}

void kernel_sub_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t borrow = sub(r, a, b);
    add_prime_if(r, 0 - borrow);
}

// *limb += n + carry, the carry out; n is at most 2^32 - 1.
static uint32_t step(uint32_t *limb, uint32_t n, uint32_t carry)
{
    uint64_t sum = (uint64_t)*limb + n + carry;
    *limb = (uint32_t)sum;
    return (uint32_t)(sum >> 32);
}

// p = -1 modulo 2^32, so that the least limb m itself says how often p is to be added: t + m p has a limb of zeros, and m p
// = m 2^96 + m 2^192 + (2^32 - 1) m 2^224 - m, where (2^32 - 1) m has the limbs -m and m - (m != 0).
void kernel_reduce_p256(uint32_t r[8], uint32_t t[16])
{
    uint32_t pending = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t m = t[i];
        uint32_t carry = step(&t[i + 3], m, 0);
        carry = step(&t[i + 4], 0, carry);
        carry = step(&t[i + 5], 0, carry);
        carry = step(&t[i + 6], m, carry);
        carry = step(&t[i + 7], 0 - m, carry);
        pending =
            step(&t[i + 8], m - ((m | (0 - m)) >> 31) + pending, carry); // no overflow: m - 1 + 1, or 0 + 1
    }
    for (int i = 0; i < LIMBS; i++)
        r[i] = t[i + LIMBS];
    subtract_prime(r, pending); // (t + 2^256 p) / 2^256 < 2 p
}

#endif
