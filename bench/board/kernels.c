// kernels: how many cycles the arithmetic takes, the least and the most over random numbers. For what is to take the same time
// with every secret they are the same number, and so is the way through the program (spread.h).
#include <stdio.h>

#include "crypto/vectors.h"
#include "kernel_ops.h"
#include "kernels/ecdh.h"
#include "kernels/ecdsa.h"
#include "kernels/rsa.h"
#include "kernels/x25519.h"
#include "pico/stdlib.h"
#include "spread.h"

enum { TOP = SYSTICK_TOP };

static _Alignas(4) uint8_t secret[48], point[96]; // or 32 bytes of them

static void draw(int round)
{
    draw_numbers(round);
    fill_round(secret, sizeof secret, round);
    fill_round(point, sizeof point, round);
}

static void x25519_secret(void)
{
    uint8_t out[32];
    (void)x25519(out, secret, point, NULL);
}

static void x25519_own(void)
{
    uint8_t out[32];
    (void)x25519_public(out, secret, NULL);
}

// Has another way for odd numbers, which has to be noticed.
static void branch(void)
{
    if (numbers.a[0] & 1)
        __asm volatile("nop");
}

static void measure(const char *name, void (*run)(void))
{
    spread_t spread = {0};
    uint32_t empty = spread_empty(), trace;
    for (unsigned i = 0; i < spread_rounds(); i++) {
        draw((int)i);
        uint32_t took = spread_cycles(run, &trace) - empty;
        spread_add(&spread, took, trace);
    }
    spread_print(name, &spread);
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
    spread_t spread = {0};
    spread_add(&spread, total, 0);
    spread_print(name, &spread);
}

static int verified;
static ecdsa_work_t ecdsa;

static ecdh_work_t ecdh;

static void p256_public(void)
{
    verified |= ecdh_public_key(&curve_p256, &ecdh, point, secret, count);
}

static void p256_shared(void)
{
    verified |= ecdh_shared_secret(&curve_p256, &ecdh, point, secret, vector_p256_key, count);
}

static void p384_public(void)
{
    verified |= ecdh_public_key(&curve_p384, &ecdh, point, secret, count);
}

static void p384_shared(void)
{
    verified |= ecdh_shared_secret(&curve_p384, &ecdh, point, secret, vector_p384_key, count);
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
    spread_t spread = {0};
    for (unsigned i = 0; i < spread_rounds(); i++) {
        for (size_t j = 0; j < sizeof secret; j++)
            secret[j] = i == 0 ? j % 16 == 15 : i == 1 ? 0xff : (uint8_t)next();
        secret[0] = i == 1 ? 0xfe : secret[0] & 0x7f;
        secret[31] ^= (uint8_t)i & 1;
        secret[47] ^= (uint8_t)i & 1;
        counted = run;
        uint32_t trace, took = spread_cycles(run_counted, &trace), more = (took - total + TOP / 2) & TOP;
        spread_add(&spread, total + more - TOP / 2, trace); // exactly, and beyond 2^24
    }
    spread_print(name, &spread);
}

static void verify384(void)
{
    verified |= ecdsa_verify(&curve_p384, &ecdsa, vector_p384_key, vector_p384_hash, sizeof vector_p384_hash,
                             vector_p384_signature, count);
}

static void verify(void)
{
    verified |= ecdsa_verify(&curve_p256, &ecdsa, vector_p256_key, vector_p256_hash, sizeof vector_p256_hash,
                             vector_p256_signature, count);
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
    spread_start();
    for (size_t i = 0; i < KERNEL_OPS; i++)
        measure(kernel_ops[i].name, kernel_ops[i].run);
    measure("x25519", x25519_secret);
    measure("x25519_public", x25519_own);
    measure_secret("p256_public", p256_public);
    measure_secret("p256_shared", p256_shared);
    measure_secret("p384_public", p384_public);
    measure_secret("p384_shared", p384_shared);
    measure_once("p256_verify", verify);
    measure_once("p384_verify", verify384);
    measure_rsa("rsa2048", 256);
    measure_rsa("rsa3072", 384);
    measure_rsa("rsa4096", 512);
    measure("branch", branch);
    printf("picket: exit %d\n", verified);
    stdio_flush();
    for (;;)
        tight_loop_contents();
}
