// ciphers: how many cycles the ciphers for records, and a block of SHA-256, take, the least and the most over random keys and texts: they are the same number,
// and so is the way through the program (spread.h). The text lies as a record's does in Mbed TLS's buffer, at the second byte of a
// word.
#include <stdio.h>
#include <string.h>

#include "kernels/aes_gcm.h"
#include "kernels/chacha20_poly1305.h"
#include "kernels/cipher.h"
#include "kernels/hash.h"
#include "pico/stdlib.h"
#include "spread.h"

enum { RECORD = 16384, AAD = 5, AT = 1 };

static struct {
    uint32_t state[16], stream[16];
    uint32_t counter[4];
    struct poly1305 poly;
    struct aes aes;
    struct ghash ghash;
    uint8_t key[32], nonce[12], aad[AAD], tag[16];
    uint8_t text[RECORD + 4];
} now;

static uint32_t state = 1;
static bool good = true;

static uint32_t next(void)
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

// Also nothing but zeros, and nothing but ones.
static void draw(int round)
{
    uint32_t mask = round == 0 ? 0 : UINT32_MAX, more = round == 1 ? UINT32_MAX : 0;
    for (uint32_t *word = (uint32_t *)&now; word < (uint32_t *)(&now + 1); word++)
        *word = (next() & mask) | more;
    for (int i = 0; i < 7; i++) {
        now.poly.k[i][0] &= 0x3fff;
        now.poly.k[i][1] &= 0x3fff;
    }
    now.poly.h[4] &= 3;
    for (int i = 0; i < 4; i++)
        now.poly.whole[i] &= 0x0fffffff;
}

static void chacha20_block(void)
{
    kernel_chacha20(now.stream, now.state);
}

static void xor_in_place(void)
{
    kernel_xor(now.text + AT, now.text + AT, now.stream, 64);
}

static void poly1305_blocks(void)
{
    kernel_poly1305(&now.poly, now.text + AT, 64);
}

static void sha256_block(void)
{
    kernel_sha256(now.state, now.text + AT);
}

static struct aead_text record(size_t len)
{
    return (struct aead_text){
        .aad = now.aad, .aad_len = AAD, .in = now.text + AT, .out = now.text + AT, .len = len};
}

static void chacha20_poly1305(size_t len)
{
    struct aead_text text = record(len);
    chacha20_poly1305_seal(now.key, now.nonce, &text, now.tag);
}

static void chacha20_poly1305_64(void)
{
    chacha20_poly1305(64);
}

static void chacha20_poly1305_1024(void)
{
    chacha20_poly1305(1024);
}

static void chacha20_poly1305_16384(void)
{
    chacha20_poly1305(RECORD);
}

static void chacha20_poly1305_opened(void)
{
    struct aead_text text = record(RECORD);
    good = chacha20_poly1305_open(now.key, now.nonce, &text, now.tag) && good;
}

static void aes_blocks(void)
{
    kernel_aes_ctr(&now.aes, now.stream, 4);
}

static void ghash_blocks(void)
{
    kernel_ghash(&now.ghash, now.text + AT, 64);
}

// The table for AES is made by the first that needs it.
static void aes_and_ghash(void)
{
    aes_expand(&now.aes, now.key, 16);
    now.counter[3] &= 0xffffff;
    aes_count_from(&now.aes, now.counter);
    ghash_begin(&now.ghash, now.key);
}

static void aes_gcm(size_t key_len, size_t len)
{
    struct aes_gcm_key key = {now.key, key_len, now.nonce, sizeof now.nonce};
    struct aead_text text = record(len);
    aes_gcm_seal(&key, &text, now.tag);
}

static void aes_128_gcm_64(void)
{
    aes_gcm(16, 64);
}

static void aes_128_gcm_1024(void)
{
    aes_gcm(16, 1024);
}

static void aes_128_gcm_16384(void)
{
    aes_gcm(16, RECORD);
}

static void aes_256_gcm_16384(void)
{
    aes_gcm(32, RECORD);
}

static void aes_256_gcm_opened(void)
{
    struct aes_gcm_key key = {now.key, 32, now.nonce, sizeof now.nonce};
    struct aead_text text = record(RECORD);
    good = aes_gcm_open(&key, &text, now.tag) && good;
}

// before: what is run first, and not measured.
static void measure_after(const char *name, void (*before)(void), void (*run)(void))
{
    spread_t spread = {0};
    uint32_t empty = spread_empty(), trace;
    for (unsigned i = 0; i < spread_rounds(); i++) {
        draw((int)i);
        before();
        uint32_t took = spread_cycles(run, &trace) - empty;
        spread_add(&spread, took, trace);
    }
    spread_print(name, &spread);
}

static void measure(const char *name, void (*run)(void))
{
    measure_after(name, spread_nothing, run);
}

int main(void)
{
    stdio_init_all();
    spread_start();
    measure("chacha20_block", chacha20_block);
    measure("xor_64", xor_in_place);
    measure("poly1305_1024", poly1305_blocks);
    measure("sha256_block", sha256_block);
    measure("chacha20_poly1305_64", chacha20_poly1305_64);
    measure("chacha20_poly1305_1024", chacha20_poly1305_1024);
    measure("chacha20_poly1305_16384", chacha20_poly1305_16384);
    measure_after("chacha20_poly1305_opened", chacha20_poly1305_16384, chacha20_poly1305_opened);
    aes_and_ghash();
    measure("aes_and_ghash", aes_and_ghash);
    measure_after("aes_128_ctr_64", aes_and_ghash, aes_blocks);
    measure_after("ghash_1024", aes_and_ghash, ghash_blocks);
    measure("aes_128_gcm_64", aes_128_gcm_64);
    measure("aes_128_gcm_1024", aes_128_gcm_1024);
    measure("aes_128_gcm_16384", aes_128_gcm_16384);
    measure("aes_256_gcm_16384", aes_256_gcm_16384);
    measure_after("aes_256_gcm_opened", aes_256_gcm_16384, aes_256_gcm_opened);
    printf("picket: exit %d\n", good ? 0 : 1);
    stdio_flush();
    for (;;)
        tight_loop_contents();
}
