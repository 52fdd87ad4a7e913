#include <mbedtls/build_info.h>

#include "picket/options.h"

#if !PICKET_STOCK_CRYPTO

#include "driver_psa.h"
#include "../kernels/chacha20_poly1305.h"

static bool is_chacha20(const psa_key_attributes_t *attributes, size_t key_len, psa_algorithm_t alg,
                        size_t nonce_len)
{
    return psa_get_key_type(attributes) == PSA_KEY_TYPE_CHACHA20 && key_len == CHACHA20_POLY1305_KEY &&
           alg == PSA_ALG_CHACHA20_POLY1305 && nonce_len == CHACHA20_POLY1305_NONCE;
}

static bool is_too_long(uint64_t len)
{
    return len > CHACHA20_POLY1305_MAX;
}

psa_status_t driver_aead_encrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len)
{
    struct aead_text t = {.aad = aad, .aad_len = aad_len, .in = text, .out = out, .len = text_len};
    if (!is_chacha20(attributes, key_len, alg, nonce_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (is_too_long(text_len))
        return PSA_ERROR_INVALID_ARGUMENT;
    if (size < AEAD_TAG || size - AEAD_TAG < text_len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    chacha20_poly1305_seal(key, nonce, &t, out + text_len);
    *len = text_len + AEAD_TAG;
    return PSA_SUCCESS;
}

psa_status_t driver_aead_decrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len)
{
    if (!is_chacha20(attributes, key_len, alg, nonce_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (text_len < AEAD_TAG || is_too_long(text_len - AEAD_TAG))
        return PSA_ERROR_INVALID_ARGUMENT;
    struct aead_text t = {.aad = aad, .aad_len = aad_len, .in = text, .out = out, .len = text_len - AEAD_TAG};
    if (size < t.len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    if (!chacha20_poly1305_open(key, nonce, &t, text + t.len))
        return PSA_ERROR_INVALID_SIGNATURE;
    *len = t.len;
    return PSA_SUCCESS;
}

#endif
