// wolfSSL (wolfCrypt): wolfssl/user_settings.h. Under the GPL: what is linked with it is for measuring only.
#include "peer.h"

#include <string.h>

#include <wolfssl/wolfcrypt/settings.h>
#include <wolfssl/wolfcrypt/aes.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>
#include <wolfssl/wolfcrypt/curve25519.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/rsa.h>
#include <wolfssl/wolfcrypt/sha256.h>

int bench_wolfssl_random(unsigned char *out, unsigned len)
{
    bench_random(out, len);
    return 0;
}

// --- Keys

static bool x25519_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer)
{
    curve25519_key own, other;
    word32 len = 32;
    bool good = wc_curve25519_init(&own) == 0 && wc_curve25519_init(&other) == 0 &&
                wc_curve25519_import_private_ex(secret, 32, &own, EC25519_LITTLE_ENDIAN) == 0 &&
                wc_curve25519_import_public_ex(peer, 32, &other, EC25519_LITTLE_ENDIAN) == 0 &&
                wc_curve25519_shared_secret_ex(&own, &other, out, &len, EC25519_LITTLE_ENDIAN) == 0;
    wc_curve25519_free(&own);
    wc_curve25519_free(&other);
    return good && len == 32;
}

bool peer_x25519(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer)
{
    uint8_t scalar[32];
    memcpy(scalar, secret, sizeof scalar);
    scalar[0] &= 0xf8;
    scalar[31] = (uint8_t)((scalar[31] & 0x7f) | 0x40);
    return peer ? x25519_shared(out, scalar, peer) : wc_curve25519_make_pub(32, out, 32, scalar) == 0;
}

bool peer_p256_public(uint8_t out[64], const uint8_t secret[32])
{
    ecc_key key;
    word32 x = 32, y = 32;
    bool good = wc_ecc_init(&key) == 0 &&
                wc_ecc_import_private_key_ex(secret, 32, NULL, 0, &key, ECC_SECP256R1) == 0 &&
                wc_ecc_make_pub(&key, NULL) == 0 &&
                wc_ecc_export_public_raw(&key, out, &x, out + 32, &y) == 0;
    wc_ecc_free(&key);
    return good;
}

// Its import looks at a point's coordinates only if it is configured to, and then with a multiplication by the order too.
static bool read_point(ecc_key *key, const uint8_t *bytes, size_t len, int curve)
{
    uint8_t point[97] = {4};
    memcpy(point + 1, bytes, 2 * len);
    return wc_ecc_init(key) == 0 && wc_ecc_import_x963_ex(point, (word32)(1 + 2 * len), key, curve) == 0 &&
           wc_ecc_point_is_on_curve(&key->pubkey, key->idx) == 0;
}

bool peer_p256_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t peer[64])
{
    ecc_key own, other;
    WC_RNG random;
    word32 len = 32;
    bool good = wc_ecc_init(&own) == 0 && wc_InitRng(&random) == 0 &&
                read_point(&other, peer, 32, ECC_SECP256R1) &&
                wc_ecc_import_private_key_ex(secret, 32, NULL, 0, &own, ECC_SECP256R1) == 0 &&
                wc_ecc_set_rng(&own, &random) == 0 && wc_ecc_shared_secret(&own, &other, out, &len) == 0;
    wc_ecc_free(&own);
    wc_ecc_free(&other);
    return good && len == 32;
}

// --- Signatures

static bool verify(int curve, size_t len, const uint8_t *key_bytes, const uint8_t *hash,
                   const uint8_t *signature)
{
    ecc_key key;
    mp_int r, s;
    int right = 0;
    bool good = read_point(&key, key_bytes, len, curve) &&
                mp_init_multi(&r, &s, NULL, NULL, NULL, NULL) == 0 &&
                mp_read_unsigned_bin(&r, signature, (word32)len) == 0 &&
                mp_read_unsigned_bin(&s, signature + len, (word32)len) == 0 &&
                wc_ecc_verify_hash_ex(&r, &s, hash, (word32)len, &right, &key) == 0;
    wc_ecc_free(&key);
    return good && right == 1;
}

bool peer_p256_verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t signature[64])
{
    return verify(ECC_SECP256R1, 32, key, hash, signature);
}

bool peer_p384_verify(const uint8_t key[96], const uint8_t hash[48], const uint8_t signature[96])
{
    return verify(ECC_SECP384R1, 48, key, hash, signature);
}

bool peer_rsa_verify(const uint8_t *modulus, size_t len, const uint8_t hash[32], const uint8_t *signature)
{
    static const uint8_t exponent[] = {0x01, 0x00, 0x01};
    static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    RsaKey key;
    uint8_t found[sizeof info + 32];
    bool good = wc_InitRsaKey(&key, NULL) == 0 &&
                wc_RsaPublicKeyDecodeRaw(modulus, (word32)len, exponent, sizeof exponent, &key) == 0 &&
                wc_RsaSSL_Verify(signature, (word32)len, found, sizeof found, &key) == (int)sizeof found &&
                memcmp(found, info, sizeof info) == 0 && memcmp(found + sizeof info, hash, 32) == 0;
    wc_FreeRsaKey(&key);
    return good;
}

// --- Records

bool peer_chacha20_poly1305(struct peer_record *record)
{
    return wc_ChaCha20Poly1305_Encrypt(record->key, record->nonce, record->aad, (word32)record->aad_len,
                                       record->text, (word32)record->len, record->text, record->tag) == 0;
}

bool peer_aes_128_gcm(struct peer_record *record)
{
    Aes aes;
    bool good = wc_AesInit(&aes, NULL, INVALID_DEVID) == 0 && wc_AesGcmSetKey(&aes, record->key, 16) == 0 &&
                wc_AesGcmEncrypt(&aes, record->text, record->text, (word32)record->len, record->nonce, 12,
                                 record->tag, 16, record->aad, (word32)record->aad_len) == 0;
    wc_AesFree(&aes);
    return good;
}

bool peer_sha256(uint8_t out[32], const uint8_t *text, size_t len)
{
    wc_Sha256 hash;
    return wc_InitSha256(&hash) == 0 && wc_Sha256Update(&hash, text, (word32)len) == 0 &&
           wc_Sha256Final(&hash, out) == 0;
}
