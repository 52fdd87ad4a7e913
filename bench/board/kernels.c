// kernels: how many cycles the arithmetic takes, the least and the most over KERNEL_ROUNDS random numbers. For what is to
// take the same time with every secret they are the same number.
#include <stdio.h>
#include <string.h>

#include "hardware/structs/systick.h"
#include "kernels/kernels.h"
#include "kernels/ecdh.h"
#include "kernels/ecdsa.h"
#include "kernels/rsa.h"
#include "kernels/x25519.h"
#include "pico/stdlib.h"

#ifndef KERNEL_ROUNDS
#define KERNEL_ROUNDS 16
#endif

enum { ENABLE = 1, PROCESSOR_CLOCK = 4, TOP = 0xffffff };

static struct {
    uint32_t a[8], b[8], t[16], r[16], a384[12], b384[12], t384[24], r384[24];
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

// Also numbers of zeros and ones alone, below the primes.
static void draw(int round)
{
    uint32_t mask = round == 0 ? 0 : UINT32_MAX, more = round == 1 ? UINT32_MAX : 0;
    for (uint32_t *word = (uint32_t *)&now; word < (uint32_t *)(&now + 1); word++)
        *word = (next() & mask) | more;
    now.a[7] &= 0x7fffffff;
    now.b[7] &= 0x7fffffff;
    now.t[15] &= 0x7fffffff;
    now.a384[11] &= 0x7fffffff;
    now.b384[11] &= 0x7fffffff;
    now.t384[23] &= 0x7fffffff;
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

static void mul384(void)
{
    kernel_mul384(now.r384, now.a384, now.b384);
}

static void sqr384(void)
{
    kernel_sqr384(now.r384, now.a384);
}

static void add_p384(void)
{
    kernel_add_p384(now.r384, now.a384, now.b384);
}

static void sub_p384(void)
{
    kernel_sub_p384(now.r384, now.a384, now.b384);
}

static void reduce_p384(void)
{
    kernel_reduce_p384(now.r384, now.t384);
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

static uint32_t total;
static uint32_t last;

// The counter has 24 bits: it is read between the steps.
static bool count(void)
{
    uint32_t here = systick_hw->cvr;
    total += (last - here) & TOP;
    last = here;
    return true;
}

// What takes the same time for the same numbers only.
static void measure_once(const char *name, void (*run)(void))
{
    total = 0;
    last = systick_hw->cvr;
    run();
    (void)count();
    printf("picket: kernel %s %lu %lu\n", name, (unsigned long)total, (unsigned long)total);
}

static int verified;
static ecdsa_work_t ecdsa;

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

// The same section's A.2.6, SHA-384.
static const uint8_t key384[96] = {
    0xec, 0x3a, 0x4e, 0x41, 0x5b, 0x4e, 0x19, 0xa4, 0x56, 0x86, 0x18, 0x02, 0x9f, 0x42, 0x7f, 0xa5,
    0xda, 0x9a, 0x8b, 0xc4, 0xae, 0x92, 0xe0, 0x2e, 0x06, 0xaa, 0xe5, 0x28, 0x6b, 0x30, 0x0c, 0x64,
    0xde, 0xf8, 0xf0, 0xea, 0x90, 0x55, 0x86, 0x60, 0x64, 0xa2, 0x54, 0x51, 0x54, 0x80, 0xbc, 0x13,
    0x80, 0x15, 0xd9, 0xb7, 0x2d, 0x7d, 0x57, 0x24, 0x4e, 0xa8, 0xef, 0x9a, 0xc0, 0xc6, 0x21, 0x89,
    0x67, 0x08, 0xa5, 0x93, 0x67, 0xf9, 0xdf, 0xb9, 0xf5, 0x4c, 0xa8, 0x4b, 0x3f, 0x1c, 0x9d, 0xb1,
    0x28, 0x8b, 0x23, 0x1c, 0x3a, 0xe0, 0xd4, 0xfe, 0x73, 0x44, 0xfd, 0x25, 0x33, 0x26, 0x47, 0x20};
static const uint8_t hash384[48] = {0x9a, 0x90, 0x83, 0x50, 0x5b, 0xc9, 0x22, 0x76, 0xae, 0xc4, 0xbe, 0x31,
                                    0x26, 0x96, 0xef, 0x7b, 0xf3, 0xbf, 0x60, 0x3f, 0x4b, 0xbd, 0x38, 0x11,
                                    0x96, 0xa0, 0x29, 0xf3, 0x40, 0x58, 0x53, 0x12, 0x31, 0x3b, 0xca, 0x4a,
                                    0x9b, 0x5b, 0x89, 0x0e, 0xfe, 0xe4, 0x2c, 0x77, 0xb1, 0xee, 0x25, 0xfe};
static const uint8_t signature384[96] = {
    0x94, 0xed, 0xbb, 0x92, 0xa5, 0xec, 0xb8, 0xaa, 0xd4, 0x73, 0x6e, 0x56, 0xc6, 0x91, 0x91, 0x6b,
    0x3f, 0x88, 0x14, 0x06, 0x66, 0xce, 0x9f, 0xa7, 0x3d, 0x64, 0xc4, 0xea, 0x95, 0xad, 0x13, 0x3c,
    0x81, 0xa6, 0x48, 0x15, 0x2e, 0x44, 0xac, 0xf9, 0x6e, 0x36, 0xdd, 0x1e, 0x80, 0xfa, 0xbe, 0x46,
    0x99, 0xef, 0x4a, 0xeb, 0x15, 0xf1, 0x78, 0xce, 0xa1, 0xfe, 0x40, 0xdb, 0x26, 0x03, 0x13, 0x8f,
    0x13, 0x0e, 0x74, 0x0a, 0x19, 0x62, 0x45, 0x26, 0x20, 0x3b, 0x63, 0x51, 0xd0, 0xa3, 0xa9, 0x4f,
    0xa3, 0x29, 0xc1, 0x45, 0x78, 0x6e, 0x67, 0x9e, 0x7b, 0x82, 0xc7, 0x1a, 0x38, 0x62, 0x8a, 0xc8};

static ecdh_work_t ecdh;
static uint8_t secret[48], point[96];

static void p256_public(void)
{
    verified |= ecdh_public_key(&curve_p256, &ecdh, point, secret, count);
}

static void p256_shared(void)
{
    verified |= ecdh_shared_secret(&curve_p256, &ecdh, point, secret, key, count);
}

static void p384_public(void)
{
    verified |= ecdh_public_key(&curve_p384, &ecdh, point, secret, count);
}

static void p384_shared(void)
{
    verified |= ecdh_shared_secret(&curve_p384, &ecdh, point, secret, key384, count);
}

static void (*counted)(void);

static void run_counted(void)
{
    total = 0;
    last = systick_hw->cvr;
    counted();
    (void)count();
}

// Of secrets below n: random ones, 1, an odd one, an even one and large ones.
static void measure_secret(const char *name, void (*run)(void))
{
    uint32_t least = UINT32_MAX, most = 0;
    for (int i = 0; i < KERNEL_ROUNDS; i++) {
        for (size_t j = 0; j < sizeof secret; j++)
            secret[j] = i == 0 ? j % 16 == 15 : i == 1 ? 0xff : (uint8_t)next();
        secret[0] = i == 1 ? 0xfe : secret[0] & 0x7f;
        secret[31] ^= (uint8_t)i & 1;
        secret[47] ^= (uint8_t)i & 1;
        counted = run;
        uint32_t took = cycles(run_counted), more = (took - total + TOP / 2) & TOP;
        took = total + more - TOP / 2; // exactly, and beyond 2^24
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    printf("picket: kernel %s %lu %lu\n", name, (unsigned long)least, (unsigned long)most);
}

static void verify384(void)
{
    verified |= ecdsa_verify(&curve_p384, &ecdsa, key384, hash384, sizeof hash384, signature384, count);
}

static void verify(void)
{
    verified |= ecdsa_verify(&curve_p256, &ecdsa, key, hash, sizeof hash, signature, count);
}

static uint8_t modulus[RSA_MAX], raised[RSA_MAX];
static uint32_t work[RSA_WORK(RSA_MAX)];
static size_t rsa_len;

static void raise(void)
{
    verified |= rsa_public(work, modulus, raised, rsa_len, count);
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
    measure_once(name, raise);
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
    measure("mul384", mul384);
    measure("sqr384", sqr384);
    measure("add_p384", add_p384);
    measure("sub_p384", sub_p384);
    measure("reduce_p384", reduce_p384);
    measure("x25519", x25519_secret);
    measure_secret("p256_public", p256_public);
    measure_secret("p256_shared", p256_shared);
    measure_secret("p384_public", p384_public);
    measure_secret("p384_shared", p384_shared);
    measure_once("p256_verify", verify);
    measure_once("p384_verify", verify384);
    measure_rsa("rsa2048", 256);
    measure_rsa("rsa3072", 384);
    measure_rsa("rsa4096", 512);
    printf("picket: exit %d\n", verified);
    stdio_flush();
    for (;;)
        tight_loop_contents();
}
