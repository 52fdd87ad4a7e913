// test_driver.h: the slot in Mbed TLS's driver wrappers that Picket's arithmetic goes into.
//
// psa_crypto_driver_wrappers.h includes a header of this name when PSA_CRYPTO_DRIVER_TEST is defined (the PSA
// configuration does, config/picket_psa.h), and asks these functions first, for every operation; what they answer with
// PSA_ERROR_NOT_SUPPORTED, Mbed TLS does itself. The header is no part of the library, so that this one is found.
//
// The operations that we have are functions (driver.c); all others are macros that are compiled away. A release that asks
// for one more does not compile; tools/check-driver says which.
#ifndef PICKET_DRIVER_SLOT_H
#define PICKET_DRIVER_SLOT_H

#include <psa/crypto.h>

#include "driver_psa.h"

#define mbedtls_test_transparent_aead_decrypt                  driver_aead_decrypt
#define mbedtls_test_transparent_aead_encrypt                  driver_aead_encrypt
#define mbedtls_test_transparent_export_public_key             driver_export_public_key
#define mbedtls_test_transparent_generate_key                  driver_generate_key
#define mbedtls_test_transparent_import_key                    driver_import_key
#define mbedtls_test_transparent_key_agreement                 driver_key_agreement
#define mbedtls_test_transparent_signature_verify_hash         driver_verify_hash

#define mbedtls_test_transparent_init()                        PSA_SUCCESS
#define mbedtls_test_opaque_init()                             PSA_SUCCESS
#define mbedtls_test_transparent_free()                        ((void)0)
#define mbedtls_test_opaque_free()                             ((void)0)
#define mbedtls_test_opaque_size_function(...)                 0

#define mbedtls_test_opaque_asymmetric_decrypt(...)            PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_asymmetric_encrypt(...)            PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_abort(...)                  PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_decrypt(...)                PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_decrypt_setup(...)          PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_encrypt(...)                PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_encrypt_setup(...)          PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_finish(...)                 PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_set_iv(...)                 PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_cipher_update(...)                 PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_copy_key(...)                      PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_export_key(...)                    PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_export_public_key(...)             PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_generate_key(...)                  PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_get_builtin_key(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_import_key(...)                    PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_key_agreement(...)                 PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_abort(...)                     PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_compute(...)                   PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_sign_finish(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_sign_setup(...)                PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_update(...)                    PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_verify_finish(...)             PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_mac_verify_setup(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_signature_sign_hash(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_signature_sign_message(...)        PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_signature_verify_hash(...)         PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_opaque_signature_verify_message(...)      PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_abort(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_decrypt_setup(...)       PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_encrypt_setup(...)       PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_finish(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_set_lengths(...)         PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_set_nonce(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_update(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_update_ad(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_aead_verify(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_asymmetric_decrypt(...)       PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_asymmetric_encrypt(...)       PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_abort(...)             PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_decrypt(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_decrypt_setup(...)     PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_encrypt(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_encrypt_setup(...)     PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_finish(...)            PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_set_iv(...)            PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_cipher_update(...)            PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_abort(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_clone(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_compute(...)             PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_finish(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_setup(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_hash_update(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_abort(...)                PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_compute(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_sign_finish(...)          PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_sign_setup(...)           PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_update(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_verify_finish(...)        PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_mac_verify_setup(...)         PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_pake_abort(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_pake_get_implicit_key(...)    PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_pake_input(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_pake_output(...)              PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_pake_setup(...)               PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_signature_sign_hash(...)      PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_signature_sign_message(...)   PSA_ERROR_NOT_SUPPORTED
#define mbedtls_test_transparent_signature_verify_message(...) PSA_ERROR_NOT_SUPPORTED

#endif
