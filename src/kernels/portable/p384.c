#include "../kernels.h"

#if KERNELS_PORTABLE

#define N 12

void kernel_mul384(uint32_t r[24], const uint32_t a[12], const uint32_t b[12])
{
    for (int i = 0; i < 2 * N; i++)
        r[i] = 0;
    for (int i = 0; i < N; i++)
        r[i + N] = kernel_add_row(r + i, b, N, a[i]);
}

void kernel_sqr384(uint32_t r[24], const uint32_t a[12])
{
    kernel_mul384(r, a, a);
}

// p = 2^384 - 2^128 - 2^96 + 2^32 - 1
static const uint32_t prime[N] = {0xffffffff, 0,          0,          0xffffffff, 0xfffffffe, 0xffffffff,
                                  0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};

// r += p if mask is all ones, nothing if it is 0.
static void add_prime_if(uint32_t r[N], uint32_t mask)
{
    uint64_t carry = 0;
    for (int i = 0; i < N; i++) {
        carry += (uint64_t)r[i] + (prime[i] & mask);
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

// r = a - b, the borrow out (0 or 1).
static uint32_t sub(uint32_t r[N], const uint32_t a[N], const uint32_t b[N])
{
    uint32_t borrow = 0;
    for (int i = 0; i < N; i++) {
        uint64_t d = (uint64_t)a[i] - b[i] - borrow;
        r[i] = (uint32_t)d;
        borrow = (uint32_t)(d >> 32) & 1;
    }
    return borrow;
}

// r + 2^384 carry, which is below 2 p, modulo p.
static void subtract_prime(uint32_t r[N], uint32_t carry)
{
    uint32_t borrow = sub(r, r, prime);
    add_prime_if(r, carry - borrow); // -1 if it was below p, else 0
}

void kernel_add_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12])
{
    uint64_t carry = 0;
    for (int i = 0; i < N; i++) {
        carry += (uint64_t)a[i] + b[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    subtract_prime(r, (uint32_t)carry);
}

void kernel_sub_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12])
{
    uint32_t borrow = sub(r, a, b);
    add_prime_if(r, 0 - borrow);
}

// sum / 2^32, rounded down.
static int64_t carry_of(int64_t sum)
{
    return (sum - (int64_t)(uint32_t)sum) / ((int64_t)1 << 32);
}

// p = 2^32 - 1 modulo 2^96: word i of t, with what was added below it, is m[i], how often p is to be added 2^(32 i) times; so
// that t + m (2^384 - 2^128 - 2^96 + 2^32 - 1) has twelve words of zeros. m takes the place of t's lower half.
void kernel_reduce_p384(uint32_t r[12], uint32_t t[24])
{
    int64_t column = 0;
    for (int i = 0; i < 2 * N; i++) {
        column += t[i];
        if (i >= 1 && i < N + 1)
            column += t[i - 1];
        if (i >= 3 && i < N + 3)
            column -= t[i - 3];
        if (i >= 4 && i < N + 4)
            column -= t[i - 4];
        if (i >= N)
            column += t[i - N];
        if (i < N)
            t[i] = (uint32_t)column;
        else
            r[i - N] = (uint32_t)column;
        column = carry_of(column);
    }
    subtract_prime(r, (uint32_t)column);
}

#endif
