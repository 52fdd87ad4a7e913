#include "driver.h"

#include <string.h>

#include <psa/crypto.h>

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

#include "driver_curve.h"
#include "driver_psa.h"
#include "../kernels/ecdh.h"
#include "../kernels/ecdsa.h"
#include "../kernels/x25519.h"

static psa_status_t status_of(int kernel_error)
{
    if (kernel_error == KERNEL_STOPPED)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    return kernel_error == 0 ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT;
}

// What was computed before an error is not handed out.
static psa_status_t finish(int error, uint8_t *out, size_t wanted, size_t *len)
{
    psa_status_t status = status_of(error);
    if (status != PSA_SUCCESS)
        mbedtls_platform_zeroize(out, wanted);
    *len = status == PSA_SUCCESS ? wanted : 0;
    return status;
}

// A point is 04, x, y: SEC 1 section 2.3.3.
static psa_status_t export_point(const curve_t *curve, const uint8_t *key, uint8_t *out, size_t size,
                                 size_t *len)
{
    size_t point = driver_point_size(curve);
    if (size < point)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    ecdh_work_t *work = mbedtls_calloc(1, sizeof *work);
    if (work == NULL)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    out[0] = 4;
    int error = ecdh_public_key(curve, work, out + 1, key, step);
    mbedtls_free(work);
    return finish(error, out, point, len);
}

psa_status_t driver_export_public_key(const psa_key_attributes_t *attributes, const uint8_t *key,
                                      size_t key_len, uint8_t *out, size_t size, size_t *len)
{
    const curve_t *curve = driver_curve_of(attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    if (curve != NULL && key_len == driver_size(curve))
        return export_point(curve, key, out, size, len);
    if (!driver_is_x25519_pair(attributes, key_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (size < X25519_LEN)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    return finish(x25519_public(out, key, step), out, X25519_LEN, len);
}

static psa_status_t agree(const curve_t *curve, const uint8_t *key, const uint8_t *peer, uint8_t *out,
                          size_t *len)
{
    ecdh_work_t *work = mbedtls_calloc(1, sizeof *work);
    if (work == NULL)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    int error = ecdh_shared_secret(curve, work, out, key, peer + 1, step);
    mbedtls_free(work);
    return finish(error, out, driver_size(curve), len);
}

psa_status_t driver_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                  psa_algorithm_t alg, const uint8_t *peer, size_t peer_len, uint8_t *out,
                                  size_t size, size_t *len)
{
    const curve_t *curve = driver_curve_of(attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    bool is_x25519 = driver_is_x25519_pair(attributes, key_len);
    if (!PSA_ALG_IS_ECDH(alg) || (!is_x25519 && (curve == NULL || key_len != driver_size(curve))))
        return PSA_ERROR_NOT_SUPPORTED;
    if (peer_len != (is_x25519 ? X25519_LEN : driver_point_size(curve)) || (!is_x25519 && peer[0] != 4))
        return PSA_ERROR_INVALID_ARGUMENT;
    if (size < key_len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    if (!is_x25519)
        return agree(curve, key, peer, out, len);
    return finish(x25519(out, key, peer, step), out, X25519_LEN, len);
}

psa_status_t driver_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                                const uint8_t *signature, size_t signature_len)
{
    if (psa_get_key_type(attributes) == PSA_KEY_TYPE_RSA_PUBLIC_KEY)
        return driver_verify_rsa(attributes, key, key_len, alg, hash, hash_len, signature, signature_len);
    const curve_t *curve = driver_curve_of(attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
    if (!PSA_ALG_IS_ECDSA(alg) || curve == NULL)
        return PSA_ERROR_NOT_SUPPORTED;
    size_t pair = 2 * driver_size(curve);
    if (key_len != 1 + pair)
        return PSA_ERROR_NOT_SUPPORTED;
    if (signature_len != pair)
        return PSA_ERROR_INVALID_SIGNATURE;
    if (key[0] != 4)
        return PSA_ERROR_INVALID_ARGUMENT;
    ecdsa_work_t *work = mbedtls_calloc(1, sizeof *work);
    if (work == NULL)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    int error = ecdsa_verify(curve, work, key + 1, hash, hash_len, signature, step);
    mbedtls_free(work);
    return error == ECDSA_FORGED ? PSA_ERROR_INVALID_SIGNATURE : status_of(error);
}

#endif
