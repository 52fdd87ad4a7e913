#include "op.h"

#include <string.h>

#include "peer.h"
#include "vectors.h"

enum { RECORD = VECTOR_TEXT, AAD = 5 };

// A record's text lies where a TLS record's does if its header lies at a word: at the second byte of one.
static _Alignas(8) uint8_t record_memory[RECORD + 8];
static struct peer_record record;
static uint8_t out[64];

static bool is(const uint8_t *expected, size_t len)
{
    return memcmp(out, expected, len) == 0;
}

// What is not measured: nothing at all.
static bool nothing(void)
{
    return true;
}

const struct bench_op bench_op_nothing = {NULL, nothing, nothing};

// What must end the run.
static bool wrong(void)
{
    return false;
}

const struct bench_op bench_op_wrong = {NULL, nothing, wrong};

// --- Keys

static bool x25519_public(void)
{
    return peer_x25519(out, vector_x25519_secret, NULL);
}

static bool x25519_public_is_right(void)
{
    return is(vector_x25519_own, 32);
}

const struct bench_op bench_op_x25519_public = {NULL, x25519_public, x25519_public_is_right};

static bool x25519_shared(void)
{
    return peer_x25519(out, vector_x25519_secret, vector_x25519_peer);
}

static bool x25519_shared_is_right(void)
{
    return is(vector_x25519_both, 32);
}

const struct bench_op bench_op_x25519_shared = {NULL, x25519_shared, x25519_shared_is_right};

static bool p256_public(void)
{
    return peer_p256_public(out, vector_p256_secret);
}

static bool p256_public_is_right(void)
{
    return is(vector_p256_own, 64);
}

const struct bench_op bench_op_p256_public = {NULL, p256_public, p256_public_is_right};

static bool p256_shared(void)
{
    return peer_p256_shared(out, vector_p256_secret, vector_p256_peer);
}

// And with a point that is not on the curve there is none.
static bool p256_shared_is_right(void)
{
    uint8_t peer[64];
    memcpy(peer, vector_p256_peer, 64);
    peer[63] ^= 1;
    return is(vector_p256_both, 32) && !peer_p256_shared(out, vector_p256_secret, peer);
}

const struct bench_op bench_op_p256_shared = {NULL, p256_shared, p256_shared_is_right};

// --- Signatures: the right one is accepted, and that of another hash is not.

static bool p256_verify(void)
{
    return peer_p256_verify(vector_p256_key, vector_p256_hash, vector_p256_signature);
}

static bool p256_verify_is_right(void)
{
    memcpy(out, vector_p256_hash, 32);
    out[31] ^= 1;
    return !peer_p256_verify(vector_p256_key, out, vector_p256_signature);
}

const struct bench_op bench_op_p256_verify = {NULL, p256_verify, p256_verify_is_right};

static bool p384_verify(void)
{
    return peer_p384_verify(vector_p384_key, vector_p384_hash, vector_p384_signature);
}

static bool p384_verify_is_right(void)
{
    memcpy(out, vector_p384_hash, 48);
    out[47] ^= 1;
    return !peer_p384_verify(vector_p384_key, out, vector_p384_signature);
}

const struct bench_op bench_op_p384_verify = {NULL, p384_verify, p384_verify_is_right};

static const uint8_t *modulus, *signature;
static size_t modulus_len;

static bool rsa_verify(void)
{
    return peer_rsa_verify(modulus, modulus_len, vector_sample_hash, signature);
}

static bool rsa_verify_is_right(void)
{
    memcpy(out, vector_sample_hash, 32);
    out[31] ^= 1;
    return !peer_rsa_verify(modulus, modulus_len, out, signature);
}

#define RSA(bits)                                 \
    static void choose_rsa##bits(void)            \
    {                                             \
        modulus = vector_rsa##bits##_modulus;     \
        modulus_len = (bits) / 8;                 \
        signature = vector_rsa##bits##_signature; \
    }                                             \
    const struct bench_op bench_op_rsa##bits##_verify = {choose_rsa##bits, rsa_verify, rsa_verify_is_right}

RSA(2048);
RSA(3072);
RSA(4096);

// --- Records

static void make_text(uint8_t *text)
{
    for (unsigned i = 0; i < RECORD; i++)
        text[i] = (uint8_t)(167 * i + (i >> 8));
}

static void make_record_at(unsigned at)
{
    static const uint8_t aad[AAD] = {0x17, 0x03, 0x03, 0x40, 0x11};
    record = (struct peer_record){.key = vector_key,
                                  .nonce = vector_nonce,
                                  .aad = aad,
                                  .aad_len = AAD,
                                  .text = record_memory + at,
                                  .len = RECORD};
    make_text(record.text);
}

static void make_record(void)
{
    make_record_at(AAD);
}

static void make_aligned_record(void)
{
    make_record_at(0);
}

// FNV-1a
static uint32_t sum(const uint8_t *bytes, size_t len)
{
    uint32_t h = 0x811c9dc5;
    while (len-- > 0)
        h = (h ^ *bytes++) * 0x01000193;
    return h;
}

static bool chacha20_poly1305(void)
{
    return peer_chacha20_poly1305(&record);
}

static bool chacha20_poly1305_is_right(void)
{
    return memcmp(record.tag, vector_chacha20_poly1305_tag, 16) == 0 &&
           sum(record.text, RECORD) == VECTOR_CHACHA20_POLY1305_SUM;
}

const struct bench_op bench_op_chacha20_poly1305 = {make_record, chacha20_poly1305,
                                                    chacha20_poly1305_is_right};
const struct bench_op bench_op_chacha20_poly1305_aligned = {make_aligned_record, chacha20_poly1305,
                                                            chacha20_poly1305_is_right};

static bool aes_128_gcm(void)
{
    return peer_aes_128_gcm(&record);
}

static bool aes_128_gcm_is_right(void)
{
    return memcmp(record.tag, vector_aes_128_gcm_tag, 16) == 0 &&
           sum(record.text, RECORD) == VECTOR_AES_128_GCM_SUM;
}

const struct bench_op bench_op_aes_128_gcm = {make_record, aes_128_gcm, aes_128_gcm_is_right};
const struct bench_op bench_op_aes_128_gcm_aligned = {make_aligned_record, aes_128_gcm, aes_128_gcm_is_right};

static bool sha256(void)
{
    return peer_sha256(out, record.text, RECORD);
}

static bool sha256_is_right(void)
{
    return is(vector_text_hash, 32);
}

const struct bench_op bench_op_sha256 = {make_record, sha256, sha256_is_right};
const struct bench_op bench_op_sha256_aligned = {make_aligned_record, sha256, sha256_is_right};
