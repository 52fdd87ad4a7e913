// vectors.h: what goes into the operations, and what must come out.
#ifndef BENCH_CRYPTO_VECTORS_H
#define BENCH_CRYPTO_VECTORS_H

#include <stdint.h>

#define VECTOR_TEXT 16384 // bytes of a record's text

extern const uint8_t vector_x25519_secret[32];
extern const uint8_t vector_x25519_own[32];
extern const uint8_t vector_x25519_peer[32];
extern const uint8_t vector_x25519_both[32];
extern const uint8_t vector_p256_secret[32];
extern const uint8_t vector_p256_own[64];
extern const uint8_t vector_p256_peer[64];
extern const uint8_t vector_p256_both[32];
extern const uint8_t vector_p256_key[64];
extern const uint8_t vector_p256_hash[32];
extern const uint8_t vector_p256_signature[64];
extern const uint8_t vector_p384_key[96];
extern const uint8_t vector_p384_hash[48];
extern const uint8_t vector_p384_signature[96];
extern const uint8_t vector_sample_hash[32];
extern const uint8_t vector_rsa2048_modulus[256];
extern const uint8_t vector_rsa2048_signature[256];
extern const uint8_t vector_rsa3072_modulus[384];
extern const uint8_t vector_rsa3072_signature[384];
extern const uint8_t vector_rsa4096_modulus[512];
extern const uint8_t vector_rsa4096_signature[512];
extern const uint8_t vector_chacha20_poly1305_tag[16];
extern const uint8_t vector_aes_128_gcm_tag[16];
extern const uint8_t vector_text_hash[32];
extern const uint8_t vector_key[32], vector_nonce[12];

// Of the text encrypted: FNV-1a.
#define VECTOR_CHACHA20_POLY1305_SUM 0xd4fbe3dau
#define VECTOR_AES_128_GCM_SUM       0xe09a6c0fu

#endif
