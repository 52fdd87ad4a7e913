// picket_psa.h: the algorithms that PSA provides (MBEDTLS_PSA_CRYPTO_CONFIG_FILE): what a TLS client of today
// needs.
#ifndef PICKET_PSA_CONFIG_H
#define PICKET_PSA_CONFIG_H

#include "picket/options.h"

// The arithmetic of src/driver and src/kernels comes first, by the slot for drivers in Mbed TLS's wrappers; what it does not
// do, Mbed TLS does.
#if !PICKET_STOCK_CRYPTO
#define PSA_CRYPTO_DRIVER_TEST
#define PSA_CRYPTO_DRIVER_PRESENT
#define PSA_CRYPTO_ACCELERATOR_DRIVER_PRESENT
#define PSA_CRYPTO_TEST_DRIVER_LOCATION 0x7fffff
#endif

// Small machines do without Mbed TLS's own code for what Picket does: one-shot only, no PSA operation in parts.
#if !PICKET_STOCK_CRYPTO && __SIZEOF_POINTER__ < 8
#define MBEDTLS_PSA_ACCEL_ALG_CHACHA20_POLY1305 1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_CHACHA20     1
#define MBEDTLS_PSA_ACCEL_ALG_GCM               1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_AES          1
#define MBEDTLS_AES_C                           // the generator's
#define MBEDTLS_AES_FEWER_TABLES
#endif

// All of the curves, what is done on them and all kinds of keys: of one that Mbed TLS had to do, it would have to do all.
#if !PICKET_STOCK_CURVES
#if PICKET_STOCK_CRYPTO || PICKET_P521 || PICKET_CLIENT_CERT
#error "PICKET_STOCK_CRYPTO, PICKET_P521 and PICKET_CLIENT_CERT need Mbed TLS's curves: PICKET_STOCK_CURVES"
#endif
#define MBEDTLS_PSA_ACCEL_ALG_ECDH                       1
#define MBEDTLS_PSA_ACCEL_ALG_ECDSA                      1
#define MBEDTLS_PSA_ACCEL_ECC_MONTGOMERY_255             1
#define MBEDTLS_PSA_ACCEL_ECC_SECP_R1_256                1
#define MBEDTLS_PSA_ACCEL_ECC_SECP_R1_384                1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_ECC_PUBLIC_KEY        1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_ECC_KEY_PAIR_BASIC    1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_ECC_KEY_PAIR_IMPORT   1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_ECC_KEY_PAIR_EXPORT   1
#define MBEDTLS_PSA_ACCEL_KEY_TYPE_ECC_KEY_PAIR_GENERATE 1
#endif

#define PSA_WANT_ALG_CHACHA20_POLY1305 1
#define PSA_WANT_ALG_GCM               1
#define PSA_WANT_ALG_ECDH              1
#define PSA_WANT_ALG_ECDSA             1
#define PSA_WANT_ALG_HMAC              1
#define PSA_WANT_ALG_HKDF              1
#define PSA_WANT_ALG_HKDF_EXTRACT      1
#define PSA_WANT_ALG_HKDF_EXPAND       1
#define PSA_WANT_ALG_RSA_PKCS1V15_SIGN 1
#define PSA_WANT_ALG_RSA_PSS           1
#define PSA_WANT_ALG_SHA_256           1
#define PSA_WANT_ALG_SHA_384           1
#define PSA_WANT_ALG_SHA_512           1
#define PSA_WANT_ALG_TLS12_PRF         1

#define PSA_WANT_ECC_MONTGOMERY_255    1
#define PSA_WANT_ECC_SECP_R1_256       1
#define PSA_WANT_ECC_SECP_R1_384       1
#if PICKET_P521
#define PSA_WANT_ECC_SECP_R1_521 1
#endif

#define PSA_WANT_KEY_TYPE_AES                   1
#define PSA_WANT_KEY_TYPE_CHACHA20              1
#define PSA_WANT_KEY_TYPE_DERIVE                1
#define PSA_WANT_KEY_TYPE_HMAC                  1
#define PSA_WANT_KEY_TYPE_ECC_PUBLIC_KEY        1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_BASIC    1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_IMPORT   1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_EXPORT   1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_GENERATE 1
#define PSA_WANT_KEY_TYPE_RSA_PUBLIC_KEY        1
#if PICKET_CLIENT_CERT
#define PSA_WANT_KEY_TYPE_RSA_KEY_PAIR_BASIC  1
#define PSA_WANT_KEY_TYPE_RSA_KEY_PAIR_IMPORT 1
#endif

#endif
