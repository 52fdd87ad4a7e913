// Picket's arithmetic (src/kernels), and Mbed TLS's SHA-256 as Picket has it. What src/driver takes from the arena comes
// from the heap here.
#include "peer.h"

#include <string.h>

#include <mbedtls/sha256.h>

#include "kernels/aes_gcm.h"
#include "kernels/chacha20_poly1305.h"
#include "kernels/ecdh.h"
#include "kernels/ecdsa.h"
#include "kernels/rsa.h"
#include "kernels/x25519.h"

bool peer_x25519(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer)
{
    return (peer ? x25519(out, secret, peer, NULL) : x25519_public(out, secret, NULL)) == 0;
}

bool peer_p256_public(uint8_t out[64], const uint8_t secret[32])
{
    ecdh_work_t *work = bench_calloc(1, sizeof *work);
    bool good = work && ecdh_public_key(&curve_p256, work, out, secret, NULL) == 0;
    bench_free(work);
    return good;
}

bool peer_p256_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t peer[64])
{
    ecdh_work_t *work = bench_calloc(1, sizeof *work);
    bool good = work && ecdh_shared_secret(&curve_p256, work, out, secret, peer, NULL) == 0;
    bench_free(work);
    return good;
}

static bool verify(const curve_t *curve, const uint8_t *key, const uint8_t *hash, size_t hash_len,
                   const uint8_t *signature)
{
    ecdsa_work_t *work = bench_calloc(1, sizeof *work);
    bool good = work && ecdsa_verify(curve, work, key, hash, hash_len, signature, NULL) == 0;
    bench_free(work);
    return good;
}

bool peer_p256_verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t signature[64])
{
    return verify(&curve_p256, key, hash, 32, signature);
}

bool peer_p384_verify(const uint8_t key[96], const uint8_t hash[48], const uint8_t signature[96])
{
    return verify(&curve_p384, key, hash, 48, signature);
}

// 00 01 FF ... FF 00, the DigestInfo up to the hash, the hash: as src/driver/driver_rsa.c, whose PSS needs all of PSA.
static bool is_padded(const uint8_t *em, size_t len, const uint8_t hash[32])
{
    static const uint8_t info[] = {0x00, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                                   0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
    size_t info_at = len - 32 - sizeof info;
    for (size_t i = 2; i < info_at; i++)
        if (em[i] != 0xff)
            return false;
    return em[0] == 0 && em[1] == 1 && memcmp(em + info_at, info, sizeof info) == 0 &&
           memcmp(em + len - 32, hash, 32) == 0;
}

bool peer_rsa_verify(const uint8_t *modulus, size_t len, const uint8_t hash[32], const uint8_t *signature)
{
    uint32_t *work = bench_calloc(RSA_WORK(len), sizeof *work);
    bool good = work && rsa_public(work, modulus, signature, len, NULL) == 0 &&
                is_padded((const uint8_t *)work, len, hash);
    bench_free(work);
    return good;
}

static struct aead_text text_of(const struct peer_record *record)
{
    return (struct aead_text){.aad = record->aad,
                              .aad_len = record->aad_len,
                              .in = record->text,
                              .out = record->text,
                              .len = record->len};
}

bool peer_chacha20_poly1305(struct peer_record *record)
{
    struct aead_text text = text_of(record);
    chacha20_poly1305_seal(record->key, record->nonce, &text, record->tag);
    return true;
}

bool peer_aes_128_gcm(struct peer_record *record)
{
    struct aead_text text = text_of(record);
    aes_gcm_seal(&(struct aes_gcm_key){record->key, 16, record->nonce, 12}, &text, record->tag);
    return true;
}

bool peer_sha256(uint8_t out[32], const uint8_t *text, size_t len)
{
    return mbedtls_sha256(text, len, out, 0) == 0;
}
