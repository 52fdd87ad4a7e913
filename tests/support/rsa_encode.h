// rsa_encode.h: what is signed with RSA (RFC 8017 section 9), for tests. The modulus has 8 len bits.
#ifndef PICKET_TESTS_RSA_ENCODE_H
#define PICKET_TESTS_RSA_ENCODE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <psa/crypto.h>

#include "rounds.h"

typedef struct {
    psa_algorithm_t alg; // SHA-256, SHA-384 or SHA-512
    size_t len;
    uint8_t bytes[64];
} rsa_hash_t;

// A random one; which: of 0, 1, 2.
static inline void rsa_draw_hash(rsa_hash_t *hash, unsigned which)
{
    static const psa_algorithm_t algs[] = {PSA_ALG_SHA_256, PSA_ALG_SHA_384, PSA_ALG_SHA_512};
    hash->alg = algs[which];
    hash->len = 32 + 16 * which;
    random_bytes(NULL, hash->bytes, sizeof hash->bytes);
}

static inline void rsa_encode_pkcs1(uint8_t *em, size_t len, const rsa_hash_t *hash)
{
    static const uint8_t sha2[] = {0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};
    uint8_t *at = em + len - hash->len - 19;
    memset(em, 0xff, len);
    em[0] = 0;
    em[1] = 1;
    at[-1] = 0;
    at[0] = 0x30;
    at[1] = (uint8_t)(17 + hash->len);
    memcpy(at + 2, sha2, sizeof sha2);
    at[14] = hash->alg == PSA_ALG_SHA_256 ? 1 : hash->alg == PSA_ALG_SHA_384 ? 2 : 3;
    at[15] = 5;
    at[16] = 0;
    at[17] = 4;
    at[18] = (uint8_t)hash->len;
    memcpy(at + 19, hash->bytes, hash->len);
}

static inline void rsa_hash_two(psa_algorithm_t alg, const uint8_t *a, size_t a_len, const uint8_t *b,
                                size_t b_len, uint8_t out[64])
{
    size_t len;
    psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
    psa_hash_setup(&operation, alg);
    psa_hash_update(&operation, a, a_len);
    psa_hash_update(&operation, b, b_len);
    psa_hash_finish(&operation, out, 64, &len);
}

// With a random salt. The uppermost bit is 0.
static inline void rsa_encode_pss(uint8_t *em, size_t len, const rsa_hash_t *hash, size_t salt_len)
{
    size_t db_len = len - hash->len - 1;
    uint8_t prefix[8 + 64] = {0}, mask[64], counter[4] = {0};
    memset(em, 0, len);
    em[db_len - salt_len - 1] = 1;
    uint8_t *salt = em + db_len - salt_len;
    random_bytes(NULL, salt, salt_len);
    memcpy(prefix + 8, hash->bytes, hash->len);
    rsa_hash_two(hash->alg, prefix, 8 + hash->len, salt, salt_len, mask);
    memcpy(em + db_len, mask, hash->len);
    em[len - 1] = 0xbc;
    for (size_t at = 0; at < db_len; at += hash->len, counter[3]++) {
        rsa_hash_two(hash->alg, em + db_len, hash->len, counter, 4, mask);
        for (size_t i = 0; i < hash->len && at + i < db_len; i++)
            em[at + i] ^= mask[i];
    }
    em[0] &= 0x7f;
}

#endif
