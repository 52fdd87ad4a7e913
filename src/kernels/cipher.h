// cipher.h: what ChaCha20-Poly1305 and AES-GCM stand on.
//
// All of it takes the same time whatever key, message and tag are; lengths and where the bytes lie are no secret. Each exists
// more than once: portable/ in C, armv6m/ and (but for AES and GHASH) armv7em/ in assembler; which.h chooses.
#ifndef PICKET_KERNELS_CIPHER_H
#define PICKET_KERNELS_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#include "which.h"

#define CIPHER_TABLES  KERNELS_TABLES

#define CHACHA20_BLOCK 64u

// A block of the key stream (RFC 8439 section 2.3), as words. stream is not state.
void kernel_chacha20(uint32_t stream[16], const uint32_t state[16]);

// out = in ^ stream, whose words begin with their lowest bytes. out is in, or apart from it.
void kernel_xor(uint8_t *out, const uint8_t *in, const uint32_t *stream, size_t len);

#define POLY1305_BLOCK 16u

// h is below 5 2^128 when blocks are done. k: the words of r (RFC 8439 section 2.5) and s_i = r_i + r_i / 4 in
// the order r3 r2 r1 r0 s3 s2 s1, each as its low 14 bits and the others, which are not more than 15: four products of those
// with 16 bits of h fit into 33 bits. whole: s1 s2 s3 r0.
struct poly1305 {
    uint32_t h[5];
    uint32_t k[7][2];
    uint32_t whole[4];
};

// h = (h + block + 2^128) r, for each of n blocks. n > 0.
void kernel_poly1305(struct poly1305 *p, const uint8_t *blocks, size_t n);

// --- AES (FIPS 197)

#define AES_BLOCK 16u

// The round keys: as words, or each bit of their bytes by itself (portable/aes.c).
struct aes {
    union {
        uint32_t words[60];
        uint16_t planes[15][8];
    } keys;
    uint32_t rounds; // 10 or 14
#if CIPHER_TABLES
    // 256 blocks whose counters differ in the last byte are, after two rounds, almost the same: what of it is.
    uint32_t ahead[5];
#endif
    uint32_t counter[4]; // the next block, its words' lowest bytes first
};

// len: 16 or 32.
void aes_expand(struct aes *aes, const uint8_t *key, size_t len);

// The block that counting begins with.
void aes_count_from(struct aes *aes, const uint32_t counter[4]);

// n blocks of key stream, as words; the last four bytes of the counter count, highest first. n > 0.
void kernel_aes_ctr(struct aes *aes, uint32_t *stream, size_t n);

// n blocks on.
void aes_count(struct aes *aes, uint32_t n);

#if CIPHER_TABLES
extern uint32_t kernel_aes_table[256]; // of byte s of the S-box: 2 s, s, s, 3 s, lowest first
// n blocks of which `ahead` is true, the first with this last byte of its counter.
void kernel_aes_ahead(const struct aes *aes, uint32_t *stream, uint32_t last_byte, size_t n);
#else
uint32_t kernel_aes_substitute(uint32_t word); // each byte by the S-box
void kernel_aes_slice(uint16_t planes[8], const uint32_t key[4]);
#endif

// --- GHASH (NIST SP 800-38D section 6.4)

#define GHASH_BLOCK 16u

// As big-endian words: the highest bit of the first is 1, the lowest of the last x^127.
struct ghash {
    uint32_t y[4];
#if CIPHER_TABLES
    // Aligned, so that a look-up reads all banks of striped memory, in the same order always.
    _Alignas(16) uint32_t table[16][4][4]; // [n][i] = n h x^(32 i), the highest bit of n being 1
#else
    uint32_t h[4];
#endif
};

void ghash_begin(struct ghash *g, const uint8_t h[GHASH_BLOCK]);

// y = (y + block) h, for each of n blocks. n > 0.
void kernel_ghash(struct ghash *g, const uint8_t *blocks, size_t n);

#endif
