// Mbed TLS in its default configuration, as the rival of ./do bench has it (bench/rival).
#include "peer.h"

#include <mbedtls/chachapoly.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/gcm.h>
#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>

static int blind(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    bench_random(out, len);
    return 0;
}

// --- Keys

typedef struct {
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;
    mbedtls_mpi a, b;
} curve_work_t;

static bool begin(curve_work_t *w, mbedtls_ecp_group_id id)
{
    mbedtls_ecp_group_init(&w->group);
    mbedtls_ecp_point_init(&w->point);
    mbedtls_mpi_init(&w->a);
    mbedtls_mpi_init(&w->b);
    return mbedtls_ecp_group_load(&w->group, id) == 0;
}

static void end(curve_work_t *w)
{
    mbedtls_mpi_free(&w->b);
    mbedtls_mpi_free(&w->a);
    mbedtls_ecp_point_free(&w->point);
    mbedtls_ecp_group_free(&w->group);
}

// RFC 7748 section 5.
static bool read_secret(mbedtls_mpi *number, const uint8_t secret[32])
{
    return mbedtls_mpi_read_binary_le(number, secret, 32) == 0 && mbedtls_mpi_set_bit(number, 0, 0) == 0 &&
           mbedtls_mpi_set_bit(number, 1, 0) == 0 && mbedtls_mpi_set_bit(number, 2, 0) == 0 &&
           mbedtls_mpi_set_bit(number, 255, 0) == 0 && mbedtls_mpi_set_bit(number, 254, 1) == 0;
}

static bool x25519_public(curve_work_t *w, uint8_t out[32])
{
    size_t len;
    return mbedtls_ecp_mul(&w->group, &w->point, &w->a, &w->group.G, blind, NULL) == 0 &&
           mbedtls_ecp_point_write_binary(&w->group, &w->point, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, out, 32) ==
               0;
}

static bool x25519_shared(curve_work_t *w, uint8_t out[32], const uint8_t *peer)
{
    return mbedtls_ecp_point_read_binary(&w->group, &w->point, peer, 32) == 0 &&
           mbedtls_ecdh_compute_shared(&w->group, &w->b, &w->point, &w->a, blind, NULL) == 0 &&
           mbedtls_mpi_write_binary_le(&w->b, out, 32) == 0;
}

bool peer_x25519(uint8_t out[32], const uint8_t secret[32], const uint8_t *peer)
{
    curve_work_t w;
    bool good = begin(&w, MBEDTLS_ECP_DP_CURVE25519) && read_secret(&w.a, secret) &&
                (peer ? x25519_shared(&w, out, peer) : x25519_public(&w, out));
    end(&w);
    return good;
}

bool peer_p256_public(uint8_t out[64], const uint8_t secret[32])
{
    curve_work_t w;
    bool good = begin(&w, MBEDTLS_ECP_DP_SECP256R1) && mbedtls_mpi_read_binary(&w.a, secret, 32) == 0 &&
                mbedtls_ecp_mul(&w.group, &w.point, &w.a, &w.group.G, blind, NULL) == 0 &&
                mbedtls_mpi_write_binary(&w.point.MBEDTLS_PRIVATE(X), out, 32) == 0 &&
                mbedtls_mpi_write_binary(&w.point.MBEDTLS_PRIVATE(Y), out + 32, 32) == 0;
    end(&w);
    return good;
}

// x and y, as the key of a certificate or of a peer is read.
static bool read_point(curve_work_t *w, const uint8_t *bytes, size_t len)
{
    uint8_t point[97] = {4};
    for (size_t i = 0; i < 2 * len; i++)
        point[1 + i] = bytes[i];
    return mbedtls_ecp_point_read_binary(&w->group, &w->point, point, 1 + 2 * len) == 0 &&
           mbedtls_ecp_check_pubkey(&w->group, &w->point) == 0;
}

bool peer_p256_shared(uint8_t out[32], const uint8_t secret[32], const uint8_t peer[64])
{
    curve_work_t w;
    bool good = begin(&w, MBEDTLS_ECP_DP_SECP256R1) && mbedtls_mpi_read_binary(&w.a, secret, 32) == 0 &&
                read_point(&w, peer, 32) &&
                mbedtls_ecdh_compute_shared(&w.group, &w.b, &w.point, &w.a, blind, NULL) == 0 &&
                mbedtls_mpi_write_binary(&w.b, out, 32) == 0;
    end(&w);
    return good;
}

// --- Signatures

static bool verify(mbedtls_ecp_group_id id, size_t len, const uint8_t *key, const uint8_t *hash,
                   const uint8_t *signature)
{
    curve_work_t w;
    bool good = begin(&w, id) && read_point(&w, key, len) &&
                mbedtls_mpi_read_binary(&w.a, signature, len) == 0 &&
                mbedtls_mpi_read_binary(&w.b, signature + len, len) == 0 &&
                mbedtls_ecdsa_verify(&w.group, hash, len, &w.point, &w.a, &w.b) == 0;
    end(&w);
    return good;
}

bool peer_p256_verify(const uint8_t key[64], const uint8_t hash[32], const uint8_t signature[64])
{
    return verify(MBEDTLS_ECP_DP_SECP256R1, 32, key, hash, signature);
}

bool peer_p384_verify(const uint8_t key[96], const uint8_t hash[48], const uint8_t signature[96])
{
    return verify(MBEDTLS_ECP_DP_SECP384R1, 48, key, hash, signature);
}

bool peer_rsa_verify(const uint8_t *modulus, size_t len, const uint8_t hash[32], const uint8_t *signature)
{
    static const uint8_t exponent[] = {0x01, 0x00, 0x01};
    mbedtls_rsa_context rsa;
    mbedtls_rsa_init(&rsa);
    bool good = mbedtls_rsa_import_raw(&rsa, modulus, len, NULL, 0, NULL, 0, NULL, 0, exponent,
                                       sizeof exponent) == 0 &&
                mbedtls_rsa_complete(&rsa) == 0 && mbedtls_rsa_check_pubkey(&rsa) == 0 &&
                mbedtls_rsa_pkcs1_verify(&rsa, MBEDTLS_MD_SHA256, 32, hash, signature) == 0;
    mbedtls_rsa_free(&rsa);
    return good;
}

// --- Records

bool peer_chacha20_poly1305(struct peer_record *record)
{
    mbedtls_chachapoly_context cipher;
    mbedtls_chachapoly_init(&cipher);
    bool good =
        mbedtls_chachapoly_setkey(&cipher, record->key) == 0 &&
        mbedtls_chachapoly_encrypt_and_tag(&cipher, record->len, record->nonce, record->aad, record->aad_len,
                                           record->text, record->text, record->tag) == 0;
    mbedtls_chachapoly_free(&cipher);
    return good;
}

bool peer_aes_128_gcm(struct peer_record *record)
{
    mbedtls_gcm_context cipher;
    mbedtls_gcm_init(&cipher);
    bool good =
        mbedtls_gcm_setkey(&cipher, MBEDTLS_CIPHER_ID_AES, record->key, 128) == 0 &&
        mbedtls_gcm_crypt_and_tag(&cipher, MBEDTLS_GCM_ENCRYPT, record->len, record->nonce, 12, record->aad,
                                  record->aad_len, record->text, record->text, 16, record->tag) == 0;
    mbedtls_gcm_free(&cipher);
    return good;
}

bool peer_sha256(uint8_t out[32], const uint8_t *text, size_t len)
{
    return mbedtls_sha256(text, len, out, 0) == 0;
}
