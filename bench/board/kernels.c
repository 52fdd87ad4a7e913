// kernels: how many cycles the arithmetic takes, the least and the most over KERNEL_ROUNDS random numbers. For what is to
// take the same time with every secret they are the same number.
#include <stdio.h>
#include <string.h>

#include "hardware/structs/systick.h"
#include "kernels/kernels.h"
#include "kernels/p256.h"
#include "kernels/rsa.h"
#include "kernels/x25519.h"
#include "pico/stdlib.h"

#ifndef KERNEL_ROUNDS
#define KERNEL_ROUNDS 16
#endif

enum { ENABLE = 1, PROCESSOR_CLOCK = 4, TOP = 0xffffff };

static struct {
    uint32_t a[8], b[8], t[16], r[16];
    uint8_t secret[32], peer[32], out[32];
} now;

static uint32_t state = 1;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

// Also numbers of zeros and ones alone, below the prime of P-256.
static void draw(int round)
{
    uint32_t mask = round == 0 ? 0 : UINT32_MAX, more = round == 1 ? UINT32_MAX : 0;
    for (uint32_t *word = (uint32_t *)&now; word < (uint32_t *)(&now + 1); word++)
        *word = (next() & mask) | more;
    now.a[7] &= 0x7fffffff;
    now.b[7] &= 0x7fffffff;
    now.t[15] &= 0x7fffffff;
}

static void mul(void)
{
    kernel_mul256(now.r, now.a, now.b);
}

static void sqr(void)
{
    kernel_sqr256(now.r, now.a);
}

static void add_25519(void)
{
    kernel_add_25519(now.r, now.a, now.b);
}

static void sub_25519(void)
{
    kernel_sub_25519(now.r, now.a, now.b);
}

static void reduce_25519(void)
{
    kernel_reduce_25519(now.r, now.t);
}

static void mul_121665(void)
{
    kernel_mul_121665(now.r, now.a);
}

static void add_p256(void)
{
    kernel_add_p256(now.r, now.a, now.b);
}

static void sub_p256(void)
{
    kernel_sub_p256(now.r, now.a, now.b);
}

static void reduce_p256(void)
{
    kernel_reduce_p256(now.r, now.t);
}

static void x25519_secret(void)
{
    (void)x25519(now.out, now.secret, now.peer, NULL);
}

static void nothing(void)
{
}

static uint32_t cycles(void (*run)(void))
{
    systick_hw->cvr = 0;
    uint32_t before = systick_hw->cvr;
    run();
    return (before - systick_hw->cvr) & TOP;
}

static void measure(const char *name, void (*run)(void))
{
    uint32_t least = UINT32_MAX, most = 0, empty = cycles(nothing);
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        draw(i);
        uint32_t took = cycles(run) - empty;
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    printf("picket: kernel %s %lu %lu\n", name, (unsigned long)least, (unsigned long)most);
}

// RFC 6979 section A.2.5: "sample", SHA-256.
static const uint8_t key[64] = {0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6,
                                0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69,
                                0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc,
                                0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c,
                                0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99};
static const uint8_t hash[32] = {0xaf, 0x2b, 0xdb, 0xe1, 0xaa, 0x9b, 0x6e, 0xc1, 0xe2, 0xad, 0xe1,
                                 0xd6, 0x94, 0xf4, 0x1f, 0xc7, 0x1a, 0x83, 0x1d, 0x02, 0x68, 0xe9,
                                 0x89, 0x15, 0x62, 0x11, 0x3d, 0x8a, 0x62, 0xad, 0xd1, 0xbf};
static const uint8_t signature[64] = {
    0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4, 0x5e, 0x81, 0xd6,
    0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d, 0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16,
    0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c, 0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65,
    0xf3, 0xe9, 0x00, 0xdb, 0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};
static int verified;

static void verify(void)
{
    verified = p256_verify(key, hash, sizeof hash, signature, NULL);
}

static uint8_t modulus[RSA_MAX], raised[RSA_MAX];
static uint32_t work[RSA_WORK(RSA_MAX)];
static size_t rsa_len;

static void raise(void)
{
    verified |= rsa_public(work, modulus, raised, rsa_len, NULL);
}

// Numbers of nobody's: it takes the same time.
static void measure_rsa(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof modulus; i++) {
        modulus[i] = (uint8_t)next();
        raised[i] = (uint8_t)next();
    }
    modulus[0] |= 0x80;
    modulus[len - 1] |= 1;
    raised[0] &= 0x7f;
    rsa_len = len;
    uint32_t took = cycles(raise);
    printf("picket: kernel %s %lu %lu\n", name, (unsigned long)took, (unsigned long)took);
}

int main(void)
{
    stdio_init_all();
    systick_hw->rvr = TOP;
    systick_hw->csr = ENABLE | PROCESSOR_CLOCK;
    measure("mul256", mul);
    measure("sqr256", sqr);
    measure("add_25519", add_25519);
    measure("sub_25519", sub_25519);
    measure("reduce_25519", reduce_25519);
    measure("mul_121665", mul_121665);
    measure("add_p256", add_p256);
    measure("sub_p256", sub_p256);
    measure("reduce_p256", reduce_p256);
    measure("x25519", x25519_secret);
    uint32_t took = cycles(verify);
    printf("picket: kernel p256_verify %lu %lu\n", (unsigned long)took, (unsigned long)took);
    measure_rsa("rsa2048", 256);
    measure_rsa("rsa3072", 384);
    measure_rsa("rsa4096", 512);
    printf("picket: exit %d\n", verified);
    stdio_flush();
    for (;;)
        tight_loop_contents();
}
