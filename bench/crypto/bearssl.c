// BearSSL with what it takes by default on a processor whose multiplication has 32 bits (BR_LOMUL, which
// BR_ARMEL_CORTEXM_GCC implies): m15 and i15.
#include "peer.h"

#include <string.h>

#include <bearssl.h>

bool peer_x25519(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer)
{
    if (!peer)
        return br_ec_c25519_m15.mulgen(out, secret, 32, BR_EC_curve25519) == 32;
    memcpy(out, peer, 32);
    return br_ec_c25519_m15.mul(out, 32, secret, 32, BR_EC_curve25519) == 1;
}

bool peer_p256_public(uint8_t out[64], const uint8_t secret[32])
{
    uint8_t point[65];
    size_t len = br_ec_p256_m15.mulgen(point, secret, 32, BR_EC_secp256r1);
    memcpy(out, point + 1, 64);
    return len == sizeof point;
}

bool peer_p256_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t peer[64])
{
    uint8_t point[65] = {4};
    memcpy(point + 1, peer, 64);
    bool good = br_ec_p256_m15.mul(point, sizeof point, secret, 32, BR_EC_secp256r1) == 1;
    memcpy(out, point + 1, 32);
    return good;
}

bool peer_p256_verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t signature[64])
{
    uint8_t point[65] = {4};
    memcpy(point + 1, key, 64);
    const br_ec_public_key public_key = {BR_EC_secp256r1, point, sizeof point};
    return br_ecdsa_i15_vrfy_raw(&br_ec_p256_m15, hash, 32, &public_key, signature, 64) == 1;
}

bool peer_p384_verify(const uint8_t key[96], const uint8_t hash[48], const uint8_t signature[96])
{
    uint8_t point[97] = {4};
    memcpy(point + 1, key, 96);
    const br_ec_public_key public_key = {BR_EC_secp384r1, point, sizeof point};
    return br_ecdsa_i15_vrfy_raw(&br_ec_prime_i15, hash, 48, &public_key, signature, 96) == 1;
}

bool peer_rsa_verify(const uint8_t *modulus, size_t len, const uint8_t hash[32], const uint8_t *signature)
{
    static const unsigned char exponent[] = {0x01, 0x00, 0x01};
    uint8_t found[32];
    const br_rsa_public_key key = {(unsigned char *)modulus, len, (unsigned char *)exponent, sizeof exponent};
    return br_rsa_i15_pkcs1_vrfy(signature, len, BR_HASH_OID_SHA256, 32, &key, found) == 1 &&
           memcmp(found, hash, 32) == 0;
}

bool peer_chacha20_poly1305(struct peer_record *record)
{
    br_poly1305_ctmul32_run(record->key, record->nonce, record->text, record->len, record->aad,
                            record->aad_len, record->tag, br_chacha20_ct_run, 1);
    return true;
}

bool peer_aes_128_gcm(struct peer_record *record)
{
    br_aes_ct_ctr_keys keys;
    br_gcm_context gcm;
    br_aes_ct_ctr_init(&keys, record->key, 16);
    br_gcm_init(&gcm, &keys.vtable, br_ghash_ctmul32);
    br_gcm_reset(&gcm, record->nonce, 12);
    br_gcm_aad_inject(&gcm, record->aad, record->aad_len);
    br_gcm_flip(&gcm);
    br_gcm_run(&gcm, 1, record->text, record->len);
    br_gcm_get_tag(&gcm, record->tag);
    return true;
}

bool peer_sha256(uint8_t out[32], const uint8_t *text, size_t len)
{
    br_sha256_context hash;
    br_sha256_init(&hash);
    br_sha256_update(&hash, text, len);
    br_sha256_out(&hash, out);
    return true;
}
