#include <psa/crypto.h>

#include "picket/options.h"

#if !PICKET_STOCK_CRYPTO

#include "driver_psa.h"
#include "../kernels/aes_gcm.h"
#include "../kernels/chacha20_poly1305.h"

// Where the processor may have instructions for AES, Mbed TLS looks for them.
#ifndef DRIVER_HAS_AES
#if defined(MBEDTLS_AESNI_C) || defined(MBEDTLS_AESCE_C)
#define DRIVER_HAS_AES 0
#else
#define DRIVER_HAS_AES 1
#endif
#endif

// One call, of either cipher.
struct call {
    bool is_gcm;
    struct aes_gcm_key key;
    struct aead_text text;
};

static bool is_chacha20(const psa_key_attributes_t *attributes, size_t key_len, psa_algorithm_t alg,
                        size_t nonce_len)
{
    return psa_get_key_type(attributes) == PSA_KEY_TYPE_CHACHA20 && key_len == CHACHA20_POLY1305_KEY &&
           alg == PSA_ALG_CHACHA20_POLY1305 && nonce_len == CHACHA20_POLY1305_NONCE;
}

static bool is_gcm(const psa_key_attributes_t *attributes, size_t key_len, psa_algorithm_t alg,
                   size_t nonce_len)
{
    return DRIVER_HAS_AES && psa_get_key_type(attributes) == PSA_KEY_TYPE_AES &&
           (key_len == 16 || key_len == 32) && alg == PSA_ALG_GCM && nonce_len > 0;
}

static psa_status_t prepare(struct call *call, const psa_key_attributes_t *attributes, psa_algorithm_t alg)
{
    call->is_gcm = is_gcm(attributes, call->key.key_len, alg, call->key.nonce_len);
    if (!call->is_gcm && !is_chacha20(attributes, call->key.key_len, alg, call->key.nonce_len))
        return PSA_ERROR_NOT_SUPPORTED;
    uint64_t most = call->is_gcm ? AES_GCM_MAX : CHACHA20_POLY1305_MAX, len = call->text.len;
    return len > most ? PSA_ERROR_INVALID_ARGUMENT : PSA_SUCCESS;
}

static void seal(const struct call *call, uint8_t *tag)
{
    if (call->is_gcm)
        aes_gcm_seal(&call->key, &call->text, tag);
    else
        chacha20_poly1305_seal(call->key.key, call->key.nonce, &call->text, tag);
}

static bool open(const struct call *call, const uint8_t *tag)
{
    return call->is_gcm ? aes_gcm_open(&call->key, &call->text, tag)
                        : chacha20_poly1305_open(call->key.key, call->key.nonce, &call->text, tag);
}

psa_status_t driver_aead_encrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len)
{
    struct call call = {
        .key = {key, key_len, nonce, nonce_len},
        .text = {aad, aad_len, text, out, text_len},
    };
    psa_status_t status = prepare(&call, attributes, alg);
    if (status != PSA_SUCCESS)
        return status;
    if (size < AEAD_TAG || size - AEAD_TAG < text_len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    seal(&call, out + text_len);
    *len = text_len + AEAD_TAG;
    return PSA_SUCCESS;
}

psa_status_t driver_aead_decrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len)
{
    struct call call = {
        .key = {key, key_len, nonce, nonce_len},
        .text = {aad, aad_len, text, out, text_len < AEAD_TAG ? 0 : text_len - AEAD_TAG},
    };
    psa_status_t status = prepare(&call, attributes, alg);
    if (status != PSA_SUCCESS)
        return status;
    if (text_len < AEAD_TAG)
        return PSA_ERROR_INVALID_ARGUMENT;
    if (size < call.text.len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    if (!open(&call, text + call.text.len))
        return PSA_ERROR_INVALID_SIGNATURE;
    *len = call.text.len;
    return PSA_SUCCESS;
}

#endif
