// driver_psa.h: the operations that Picket does for Mbed TLS, by the PSA driver interface: PSA_ERROR_NOT_SUPPORTED leaves
// an operation to Mbed TLS. The key is in its export representation; lengths come from the caller unchecked.
#ifndef PICKET_DRIVER_PSA_H
#define PICKET_DRIVER_PSA_H

#include <stddef.h>
#include <stdint.h>

#include <psa/crypto.h>

// X25519, P-256, P-384. Keys that are imported are checked: a point is to be of its curve (not of low order, X25519's), a
// private key from 1 to n - 1; PSA_ERROR_INVALID_ARGUMENT else, as with Mbed TLS. Constant time in the private key.
psa_status_t driver_import_key(const psa_key_attributes_t *attributes, const uint8_t *data, size_t len,
                               uint8_t *key, size_t size, size_t *key_len, size_t *bits);
psa_status_t driver_generate_key(const psa_key_attributes_t *attributes, uint8_t *key, size_t size,
                                 size_t *key_len);
psa_status_t driver_export_public_key(const psa_key_attributes_t *attributes, const uint8_t *key,
                                      size_t key_len, uint8_t *out, size_t size, size_t *len);

// The same. A peer of low order (X25519's secret of zeros) and a point that is not of the curve are
// PSA_ERROR_INVALID_ARGUMENT, as with Mbed TLS.
psa_status_t driver_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                  psa_algorithm_t alg, const uint8_t *peer, size_t peer_len, uint8_t *out,
                                  size_t size, size_t *len);

// ECDSA on P-256 and P-384, and RSA, of public keys. All of it is public: the time tells what is verified.
psa_status_t driver_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                                const uint8_t *signature, size_t signature_len);

// AEAD in one call, as TLS has it for records: ChaCha20-Poly1305. Constant time in all but lengths. With a wrong tag nothing
// has been written.
psa_status_t driver_aead_encrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len);
psa_status_t driver_aead_decrypt(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                 psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len,
                                 const uint8_t *aad, size_t aad_len, const uint8_t *text, size_t text_len,
                                 uint8_t *out, size_t size, size_t *len);

// Of these, RSA: PKCS #1 v1.5 and PSS with SHA-256, SHA-384 and SHA-512, for a modulus of 2048 to 4096 bits and the exponent
// 65537; the status for everything bad is that of Mbed TLS. Works in memory of Mbed TLS's allocator, 4 bytes for each of the
// modulus.
psa_status_t driver_verify_rsa(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                               psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                               const uint8_t *signature, size_t signature_len);

#endif
