#include "driver.h"

#include <string.h>

#include <mbedtls/build_info.h>

#include "picket/options.h"

static kernel_go_on_t step;

void driver_set_go_on(kernel_go_on_t go_on)
{
    step = go_on;
}

kernel_go_on_t driver_go_on(void)
{
    return step;
}

#if !PICKET_STOCK_CRYPTO

#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>

#include "driver_psa.h"
#include "../kernels/ecdsa.h"
#include "../kernels/x25519.h"

static psa_status_t status_of(int kernel_error)
{
    if (kernel_error == KERNEL_STOPPED)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    return kernel_error == 0 ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT;
}

static bool is_x25519_pair(const psa_key_attributes_t *attributes, size_t key_len)
{
    return psa_get_key_type(attributes) == PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY) &&
           psa_get_key_bits(attributes) == 255 && key_len == X25519_LEN;
}

// The curve of a public key, or NULL.
static const curve_t *curve_of(const psa_key_attributes_t *attributes)
{
    if (psa_get_key_type(attributes) != PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1))
        return NULL;
    size_t bits = psa_get_key_bits(attributes);
    return bits == 256 ? &curve_p256 : bits == 384 ? &curve_p384 : NULL;
}

// What was computed before an error is not handed out.
static psa_status_t multiply(uint8_t *out, size_t *len, const uint8_t *scalar, const uint8_t *point)
{
    psa_status_t status = status_of(x25519(out, scalar, point, step));
    if (status != PSA_SUCCESS)
        mbedtls_platform_zeroize(out, X25519_LEN);
    *len = status == PSA_SUCCESS ? X25519_LEN : 0;
    return status;
}

psa_status_t driver_export_public_key(const psa_key_attributes_t *attributes, const uint8_t *key,
                                      size_t key_len, uint8_t *out, size_t size, size_t *len)
{
    static const uint8_t base[X25519_LEN] = {9};
    if (!is_x25519_pair(attributes, key_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (size < X25519_LEN)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    return multiply(out, len, key, base);
}

psa_status_t driver_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                  psa_algorithm_t alg, const uint8_t *peer, size_t peer_len, uint8_t *out,
                                  size_t size, size_t *len)
{
    if (!PSA_ALG_IS_ECDH(alg) || !is_x25519_pair(attributes, key_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (peer_len != X25519_LEN)
        return PSA_ERROR_INVALID_ARGUMENT;
    if (size < X25519_LEN)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    return multiply(out, len, key, peer);
}

psa_status_t driver_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                                const uint8_t *signature, size_t signature_len)
{
    if (psa_get_key_type(attributes) == PSA_KEY_TYPE_RSA_PUBLIC_KEY)
        return driver_verify_rsa(attributes, key, key_len, alg, hash, hash_len, signature, signature_len);
    const curve_t *curve = curve_of(attributes);
    if (!PSA_ALG_IS_ECDSA(alg) || curve == NULL)
        return PSA_ERROR_NOT_SUPPORTED;
    size_t pair = 8 * (size_t)curve->limbs;
    if (key_len != 1 + pair)
        return PSA_ERROR_NOT_SUPPORTED;
    if (signature_len != pair)
        return PSA_ERROR_INVALID_SIGNATURE;
    if (key[0] != 4) // 04, x, y: SEC 1 section 2.3.3
        return PSA_ERROR_INVALID_ARGUMENT;
    ecdsa_work_t *work = mbedtls_calloc(1, sizeof *work);
    if (work == NULL)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    int error = ecdsa_verify(curve, work, key + 1, hash, hash_len, signature, step);
    mbedtls_free(work);
    return error == ECDSA_FORGED ? PSA_ERROR_INVALID_SIGNATURE : status_of(error);
}

#endif
