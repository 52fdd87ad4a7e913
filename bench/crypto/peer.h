// peer.h: the operations that ./do bench --crypto measures, as each library's own file has them (picket.c, mbedtls.c,
// bearssl.c, wolfssl.c). Whatever a library needs for one is in the call: keys and points come as bytes.
#ifndef BENCH_CRYPTO_PEER_H
#define BENCH_CRYPTO_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// peer NULL: the public key that belongs to secret, otherwise the shared secret.
bool peer_x25519(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer);

// Points are x and y, big-endian.
bool peer_p256_public(uint8_t out[64], const uint8_t secret[32]);
bool peer_p256_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t peer[64]);

// A signature is r and s. True: it is right.
bool peer_p256_verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t signature[64]);
bool peer_p384_verify(const uint8_t key[96], const uint8_t hash[48], const uint8_t signature[96]);

// PKCS #1 v1.5 with SHA-256; the exponent is 65537.
bool peer_rsa_verify(const uint8_t *modulus, size_t len, const uint8_t hash[32], const uint8_t *signature);

// Encrypted in place.
struct peer_record {
    const uint8_t *key, *nonce, *aad; // a nonce has 12 bytes
    size_t aad_len;
    uint8_t *text;
    size_t len;
    uint8_t tag[16];
};
bool peer_chacha20_poly1305(struct peer_record *record); // a key of 32 bytes
bool peer_aes_128_gcm(struct peer_record *record);       // of 16

bool peer_sha256(uint8_t out[32], const uint8_t *text, size_t len);

// For a library that blinds what it does: quick, and nothing else.
void bench_random(uint8_t *out, size_t len);

// The heap, counted; its peak is a figure.
void *bench_calloc(size_t n, size_t size);
void bench_free(void *p);

#endif
