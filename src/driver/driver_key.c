// Keys on P-256, P-384 and X25519, as PSA makes, takes and stores them. What is refused, and with which status, is what Mbed
// TLS refuses: without its curves nobody else looks at a key before it is used.
#include <string.h>

#include <psa/crypto.h>

#include "driver.h"
#include "driver_psa.h"
#include "picket/options.h"

#if !PICKET_STOCK_CRYPTO

#include <mbedtls/platform_util.h>

#include "driver_curve.h"
#include "../kernels/x25519.h"

#define ATTEMPTS 32 // at a number below the order: one in 2^32 is not (P-256), or in 2^190 (P-384)

// From 1 to n - 1. Constant time, but for the answer.
static bool is_private_key(const curve_t *curve, const uint8_t *key)
{
    number_t k, t;
    number_load(curve, k, key);
    uint32_t below = number_sub(curve, t, k, curve->order);
    bool good = below && !number_is_zero(curve, k);
    mbedtls_platform_zeroize(k, sizeof k);
    mbedtls_platform_zeroize(t, sizeof t);
    return good;
}

static void clamp(uint8_t key[X25519_LEN]) // RFC 7748 section 5
{
    key[0] &= 0xf8;
    key[31] = (key[31] & 0x7f) | 0x40;
}

// --- Import

static psa_status_t take(const uint8_t *data, size_t len, uint8_t *key, size_t size, size_t *key_len)
{
    if (size < len)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    memcpy(key, data, len);
    *key_len = len;
    return PSA_SUCCESS;
}

// A point, 04, x, y, or a private key.
static psa_status_t check_import(const curve_t *curve, bool is_public, const uint8_t *data, size_t len)
{
    point_t point;
    if (len != (is_public ? driver_point_size(curve) : driver_size(curve)))
        return PSA_ERROR_INVALID_ARGUMENT;
    bool good = is_public ? data[0] == 4 && point_load(curve, &point, data + 1) : is_private_key(curve, data);
    return good ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT;
}

// Where nobody has said how many bits there are, the length does.
static const curve_t *curve_of_import(const psa_key_attributes_t *attributes, bool is_public, size_t len)
{
    size_t bits = psa_get_key_bits(attributes);
    if (bits == 0)
        bits = 8 * (is_public ? len / 2 : len);
    return driver_curve(bits);
}

static psa_status_t import_x25519(bool is_public, const uint8_t *data, size_t len, uint8_t *key, size_t size,
                                  size_t *key_len)
{
    if (len != X25519_LEN)
        return PSA_ERROR_INVALID_ARGUMENT;
    psa_status_t status = take(data, len, key, size, key_len);
    if (status != PSA_SUCCESS)
        return status;
    if (!is_public) {
        clamp(key);
        return PSA_SUCCESS;
    }
    // Points of low order, which Mbed TLS has a list of, are those that every private key turns into 0.
    static const uint8_t scalar[X25519_LEN];
    uint8_t product[X25519_LEN];
    key[31] &= 0x7f;
    int error = x25519(product, scalar, key, driver_go_on());
    return error == 0                ? PSA_SUCCESS
           : error == KERNEL_STOPPED ? PSA_ERROR_INSUFFICIENT_MEMORY
                                     : PSA_ERROR_INVALID_ARGUMENT;
}

psa_status_t driver_import_key(const psa_key_attributes_t *attributes, const uint8_t *data, size_t len,
                               uint8_t *key, size_t size, size_t *key_len, size_t *bits)
{
    psa_key_type_t type = psa_get_key_type(attributes);
    bool is_public = PSA_KEY_TYPE_IS_PUBLIC_KEY(type);
    if (!PSA_KEY_TYPE_IS_ECC(type))
        return PSA_ERROR_NOT_SUPPORTED;
    psa_ecc_family_t family = PSA_KEY_TYPE_ECC_GET_FAMILY(type);
    size_t given = psa_get_key_bits(attributes);
    if (family == PSA_ECC_FAMILY_MONTGOMERY && (given == 255 || (given == 0 && len == X25519_LEN))) {
        *bits = 255;
        return import_x25519(is_public, data, len, key, size, key_len);
    }
    const curve_t *curve = curve_of_import(attributes, is_public, len);
    if (family != PSA_ECC_FAMILY_SECP_R1 || curve == NULL)
        return PSA_ERROR_NOT_SUPPORTED;
    psa_status_t status = check_import(curve, is_public, data, len);
    if (status != PSA_SUCCESS)
        return status;
    *bits = 8 * driver_size(curve);
    return take(data, len, key, size, key_len);
}

// --- Generation

// Numbers that are not in the range are thrown away, and so tell nothing of the one that is (FIPS 186-5 A.2.2).
static psa_status_t generate_number(const curve_t *curve, uint8_t *key)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        psa_status_t status = psa_generate_random(key, driver_size(curve));
        if (status != PSA_SUCCESS || is_private_key(curve, key))
            return status;
    }
    return PSA_ERROR_INSUFFICIENT_ENTROPY;
}

psa_status_t driver_generate_key(const psa_key_attributes_t *attributes, uint8_t *key, size_t size,
                                 size_t *key_len)
{
    const curve_t *curve = driver_curve_of(attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
    if (curve == NULL && !driver_is_x25519_pair(attributes, X25519_LEN))
        return PSA_ERROR_NOT_SUPPORTED;
    size_t wanted = curve != NULL ? driver_size(curve) : X25519_LEN;
    if (size < wanted)
        return PSA_ERROR_BUFFER_TOO_SMALL;
    psa_status_t status = curve != NULL ? generate_number(curve, key) : psa_generate_random(key, X25519_LEN);
    if (status != PSA_SUCCESS) {
        mbedtls_platform_zeroize(key, wanted);
        return status;
    }
    if (curve == NULL)
        clamp(key);
    *key_len = wanted;
    return PSA_SUCCESS;
}

#endif
