// instructions: how many instructions the arithmetic and the ciphers take on QEMU's mps2-an505, the least and the most over random
// numbers, keys and texts. For what is to take the same time with every secret they are the same number. QEMU has no model of the
// processor's pipeline: these are no cycles. bench/instructions.py runs it, with -icount shift=10: then each instruction takes 1024 ns
// of the counter's 100.
//
// QEMU's -semihosting-config arg=: of how many numbers.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_ops.h"
#include "kernels/aes_gcm.h"
#include "kernels/chacha20_poly1305.h"
#include "kernels/cipher.h"
#include "kernels/ecdh.h"
#include "kernels/ecdsa.h"
#include "kernels/hash.h"
#include "kernels/rsa.h"
#include "kernels/x25519.h"
#include "mps2_machine.h"
#include "mps2_semihosting.h"

enum { RECORD = 16384, AAD = 5, AT = 1, NANOSECONDS = 1024, TICK = 100 };

#define SYST_CSR PICKET_MPS2_REGISTER(0xe000e010)
#define COUNTER  PICKET_MPS2_REGISTER(PICKET_MPS2_FPGAIO + 0x18)
#define PRESCALE PICKET_MPS2_REGISTER(PICKET_MPS2_FPGAIO + 0x1c)

static struct {
    uint32_t state[16], stream[256];
    struct poly1305 poly;
    struct aes aes;
    struct ghash ghash;
    uint8_t secret[48], peer[96], signature[96], hash[48], out[96];
    uint8_t key[32], nonce[12], aad[AAD], tag[16];
} now;
static uint8_t text[RECORD + 4];
static uint8_t modulus[RSA_MAX], raised[RSA_MAX];
static uint32_t work[RSA_WORK(RSA_MAX)];
static ecdh_work_t ecdh;
static ecdsa_work_t ecdsa;
static bool good = true;

static void draw(int round)
{
    draw_numbers(round);
    fill_round(&now, sizeof now, round);
    now.poly.h[4] &= 3;
    for (int i = 0; i < 7; i++) {
        now.poly.k[i][0] &= 0x3fff;
        now.poly.k[i][1] &= 0x3fff;
    }
    for (int i = 0; i < 4; i++)
        now.poly.whole[i] &= 0x0fffffff;
    // Secrets are below n, and not 0.
    now.secret[0] = round == 1 ? 0xfe : now.secret[0] & 0x7f;
    now.secret[31] |= round == 0;
    now.secret[47] |= round == 0;
    aes_expand(&now.aes, now.key, 16);
    now.state[3] &= 0xffffff; // the byte that counts
    aes_count_from(&now.aes, now.state);
    ghash_begin(&now.ghash, now.key);
}

// --- What is counted

static void add_row_64(void)
{
    (void)kernel_add_row(work, work + 64, 64, numbers.a[0]);
}

static void chacha20_block(void)
{
    kernel_chacha20(now.stream, now.state);
}

static void xor_64(void)
{
    kernel_xor(text + AT, text + AT, now.stream, 64);
}

static void poly1305_1024(void)
{
    kernel_poly1305(&now.poly, text + AT, 64);
}

static void sha256_block(void)
{
    kernel_sha256(now.state, text + AT);
}

static void aes_128_ctr_64(void)
{
    kernel_aes_ctr(&now.aes, now.stream, 4);
}

static void ghash_1024(void)
{
    kernel_ghash(&now.ghash, text + AT, 64);
}

static void x25519_secret(void)
{
    (void)x25519(now.out, now.secret, now.peer, NULL);
}

static void x25519_own(void)
{
    (void)x25519_public(now.out, now.secret, NULL);
}

static void public_key(const curve_t *curve)
{
    good = ecdh_public_key(curve, &ecdh, now.out, now.secret, NULL) == 0 && good;
}

static void p256_public(void)
{
    public_key(&curve_p256);
}

static void p384_public(void)
{
    public_key(&curve_p384);
}

// With the point that is this secret's public key.
static void shared_secret(const curve_t *curve)
{
    uint8_t point[96];
    memcpy(point, now.out, sizeof point);
    good = ecdh_shared_secret(curve, &ecdh, now.out, now.secret, point, NULL) == 0 && good;
}

static void p256_shared(void)
{
    shared_secret(&curve_p256);
}

static void p384_shared(void)
{
    shared_secret(&curve_p384);
}

// A forged signature: whether it is good is known at the end.
static void verify(const curve_t *curve, size_t len)
{
    now.signature[0] &= 0x7f;
    now.signature[len] &= 0x7f;
    now.signature[len - 1] |= 1;
    now.signature[2 * len - 1] |= 1;
    good = ecdsa_verify(curve, &ecdsa, now.out, now.hash, len, now.signature, NULL) == ECDSA_FORGED && good;
}

static void p256_verify(void)
{
    verify(&curve_p256, 32);
}

static void p384_verify(void)
{
    verify(&curve_p384, 48);
}

static void power(size_t len)
{
    good = rsa_public(work, modulus, raised, len, NULL) == 0 && good;
}

static void rsa2048(void)
{
    power(256);
}

static void rsa4096(void)
{
    power(512);
}

static void chacha20_poly1305_16384(void)
{
    struct aead_text record = {now.aad, AAD, text + AT, text + AT, RECORD};
    chacha20_poly1305_seal(now.key, now.nonce, &record, now.tag);
}

static void aes_128_gcm_16384(void)
{
    struct aes_gcm_key key = {now.key, 16, now.nonce, sizeof now.nonce};
    struct aead_text record = {now.aad, AAD, text + AT, text + AT, RECORD};
    aes_gcm_seal(&key, &record, now.tag);
}

static void nothing(void)
{
}

// --- Counting

// The millisecond that it was in ends first.
static void start_counter(void)
{
    SYST_CSR = 0; // nothing is to interrupt
    PRESCALE = 1;
    uint32_t before = COUNTER;
    while (COUNTER == before)
        continue;
}

// The same code whatever is run.
static __attribute__((noipa)) uint32_t ticks(void (*run)(void))
{
    uint32_t before = COUNTER;
    run();
    return COUNTER - before;
}

static uint32_t instructions(void (*run)(void))
{
    uint64_t took = ticks(run) - ticks(nothing);
    return (uint32_t)((took * TICK + NANOSECONDS / 2) / NANOSECONDS);
}

static void hundred(void)
{
    __asm__ volatile(".rept 100\n\tnop\n\t.endr");
}

// before: what is run first, and not counted.
static void count(const char *name, int rounds, void (*before)(void), void (*run)(void))
{
    uint32_t least = UINT32_MAX, most = 0;
    for (int i = 0; i < rounds; i++) {
        draw(i);
        before();
        uint32_t took = instructions(run);
        least = took < least ? took : least;
        most = took > most ? took : most;
    }
    printf("picket: kernel %s %lu %lu\n", name, (unsigned long)least, (unsigned long)most);
}

static void prepare_rsa(void)
{
    fill(modulus, sizeof modulus, UINT32_MAX, 0x80u);
    fill(raised, sizeof raised, 0xffffff7f, 0);
    modulus[255] |= 1;
    modulus[511] |= 1;
}

static void count_kernels(int rounds)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } more[] = {
        {"add_row_64", add_row_64},       {"chacha20_block", chacha20_block}, {"xor_64", xor_64},
        {"poly1305_1024", poly1305_1024}, {"aes_128_ctr_64", aes_128_ctr_64}, {"ghash_1024", ghash_1024},
        {"sha256_block", sha256_block},
    };
    for (size_t i = 0; i < KERNEL_OPS; i++)
        count(kernel_ops[i].name, rounds, nothing, kernel_ops[i].run);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        count(more[i].name, rounds, nothing, more[i].run);
}

int main(void)
{
    char given[12];
    int rounds = picket_mps2_argument(given, sizeof given) == 0 ? atoi(given) : 0;
    start_counter();
    if (rounds < 1 || instructions(hundred) != 100) {
        printf("picket: wants -icount shift=10, and a number\n");
        return 2;
    }
    printf("picket: kernels %s\n", KERNELS_ARMV7EM ? "armv7em" : "portable");
    count_kernels(rounds);
    count("x25519", rounds, nothing, x25519_secret);
    count("x25519_public", rounds, nothing, x25519_own);
    count("p256_public", rounds, nothing, p256_public);
    count("p256_shared", rounds, p256_public, p256_shared);
    count("p384_public", rounds, nothing, p384_public);
    count("p384_shared", rounds, p384_public, p384_shared);
    count("chacha20_poly1305_16384", rounds, nothing, chacha20_poly1305_16384);
    count("aes_128_gcm_16384", rounds, nothing, aes_128_gcm_16384);
    // What is public
    count("p256_verify", rounds, p256_public, p256_verify);
    count("p384_verify", rounds, p384_public, p384_verify);
    count("rsa2048", 1, prepare_rsa, rsa2048);
    count("rsa4096", 1, prepare_rsa, rsa4096);
    return good ? 0 : 1;
}
