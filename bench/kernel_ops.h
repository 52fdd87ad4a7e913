// kernel_ops.h: the kernels on random numbers, for the programs that count cycles (board/kernels.c) and instructions
// (mps2/instructions.c).
#ifndef BENCH_KERNEL_OPS_H
#define BENCH_KERNEL_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/kernels.h"

static struct {
    uint32_t a[12], b[12], t[24], r[24];
} numbers;

static uint32_t next(void)
{
    static uint32_t state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

static void fill(void *words, size_t len, uint32_t mask, uint32_t more)
{
    for (uint32_t *word = words; len >= 4; word++, len -= 4)
        *word = (next() & mask) | more;
}

// All zeros in the first round, ones in the second, else random.
static void fill_round(void *words, size_t len, int round)
{
    fill(words, len, round == 0 ? 0 : UINT32_MAX, round == 1 ? UINT32_MAX : 0);
}

// Below the primes, as numbers of 8 words and of 12.
static void draw_numbers(int round)
{
    fill_round(&numbers, sizeof numbers, round);
    numbers.a[7] &= 0x7fffffff;
    numbers.b[7] &= 0x7fffffff;
    numbers.t[15] &= 0x7fffffff;
    numbers.a[11] &= 0x7fffffff;
    numbers.b[11] &= 0x7fffffff;
    numbers.t[23] &= 0x7fffffff;
}

static void mul256(void)
{
    kernel_mul256(numbers.r, numbers.a, numbers.b);
}

static void sqr256(void)
{
    kernel_sqr256(numbers.r, numbers.a);
}

static void add_25519(void)
{
    kernel_add_25519(numbers.r, numbers.a, numbers.b);
}

static void sub_25519(void)
{
    kernel_sub_25519(numbers.r, numbers.a, numbers.b);
}

static void reduce_25519(void)
{
    kernel_reduce_25519(numbers.r, numbers.t);
}

static void mul_121665(void)
{
    kernel_mul_121665(numbers.r, numbers.a);
}

static void add_p256(void)
{
    kernel_add_p256(numbers.r, numbers.a, numbers.b);
}

static void sub_p256(void)
{
    kernel_sub_p256(numbers.r, numbers.a, numbers.b);
}

static void reduce_p256(void)
{
    kernel_reduce_p256(numbers.r, numbers.t);
}

static void mul384(void)
{
    kernel_mul384(numbers.r, numbers.a, numbers.b);
}

static void sqr384(void)
{
    kernel_sqr384(numbers.r, numbers.a);
}

static void add_p384(void)
{
    kernel_add_p384(numbers.r, numbers.a, numbers.b);
}

static void sub_p384(void)
{
    kernel_sub_p384(numbers.r, numbers.a, numbers.b);
}

static void reduce_p384(void)
{
    kernel_reduce_p384(numbers.r, numbers.t);
}

static void mul_25519(void)
{
    kernel_mul_25519(numbers.r, numbers.a, numbers.b);
}

static void sqr_25519(void)
{
    kernel_sqr_25519(numbers.r, numbers.a);
}

static void mul_p256(void)
{
    kernel_mul_p256(numbers.r, numbers.a, numbers.b);
}

static void sqr_p256(void)
{
    kernel_sqr_p256(numbers.r, numbers.a);
}

static void mul_p384(void)
{
    kernel_mul_p384(numbers.r, numbers.a, numbers.b);
}

static void sqr_p384(void)
{
    kernel_sqr_p384(numbers.r, numbers.a);
}

static const struct {
    const char *name;
    void (*run)(void);
} kernel_ops[] = {
    {"mul256", mul256},
    {"sqr256", sqr256},
    {"add_25519", add_25519},
    {"sub_25519", sub_25519},
    {"reduce_25519", reduce_25519},
    {"mul_25519", mul_25519},
    {"sqr_25519", sqr_25519},
    {"mul_121665", mul_121665},
    {"add_p256", add_p256},
    {"sub_p256", sub_p256},
    {"reduce_p256", reduce_p256},
    {"mul_p256", mul_p256},
    {"sqr_p256", sqr_p256},
    {"mul384", mul384},
    {"sqr384", sqr384},
    {"add_p384", add_p384},
    {"sub_p384", sub_p384},
    {"reduce_p384", reduce_p384},
    {"mul_p384", mul_p384},
    {"sqr_p384", sqr_p384},
};
#define KERNEL_OPS (sizeof kernel_ops / sizeof kernel_ops[0])

#endif
