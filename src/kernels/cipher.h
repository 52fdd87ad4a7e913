// cipher.h: what ChaCha20-Poly1305 stands on.
//
// All of it takes the same time whatever key, message and tag are; lengths and where the bytes lie are no secret. Each exists
// twice: portable/ in C, armv6m/ in assembler; the one that fits is compiled.
#ifndef PICKET_KERNELS_CIPHER_H
#define PICKET_KERNELS_CIPHER_H

#include <stddef.h>
#include <stdint.h>

#define CHACHA20_BLOCK 64u

// A block of the key stream (RFC 8439 section 2.3), its words as they are, on a machine of whichever byte order. stream is
// not state.
void kernel_chacha20(uint32_t stream[16], const uint32_t state[16]);

// out = in ^ stream, whose words count from the lowest byte. out is in, or apart from it.
void kernel_xor(uint8_t *out, const uint8_t *in, const uint32_t *stream, size_t len);

#define POLY1305_BLOCK 16u

// h is below 2^130 + 2^128, less when blocks are done. k: the words of r (RFC 8439 section 2.5) and s_i = r_i + r_i / 4 in
// the order r3 r2 r1 r0 s3 s2 s1, each as its low 14 bits and the others, which are not more than 15: four products of those
// with 16 bits of h fit into 33 bits. whole: s1 s2 s3 r0.
struct poly1305 {
    uint32_t h[5];
    uint32_t k[7][2];
    uint32_t whole[4];
};

// h = (h + block + 2^128) r, for each of n blocks. n > 0.
void kernel_poly1305(struct poly1305 *p, const uint8_t *blocks, size_t n);

#endif
