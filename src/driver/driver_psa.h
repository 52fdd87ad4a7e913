// driver_psa.h: the operations that Picket does for Mbed TLS, by the PSA driver interface: PSA_ERROR_NOT_SUPPORTED leaves
// an operation to Mbed TLS. The key is in its export representation; lengths come from the caller unchecked.
#ifndef PICKET_DRIVER_PSA_H
#define PICKET_DRIVER_PSA_H

#include <stddef.h>
#include <stdint.h>

#include <psa/crypto.h>

// X25519. Constant time in the private key.
psa_status_t driver_export_public_key(const psa_key_attributes_t *attributes, const uint8_t *key,
                                      size_t key_len, uint8_t *out, size_t size, size_t *len);

// X25519. Constant time in the private key. A peer of low order (a secret of zeros) is PSA_ERROR_INVALID_ARGUMENT, as
// with Mbed TLS.
psa_status_t driver_key_agreement(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                                  psa_algorithm_t alg, const uint8_t *peer, size_t peer_len, uint8_t *out,
                                  size_t size, size_t *len);

// ECDSA on P-256, of public keys. All of it is public: the time tells what is verified.
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

#endif
