// aes_gcm.h: NIST SP 800-38D, with whole tags. See aead.h.
#ifndef PICKET_AES_GCM_H
#define PICKET_AES_GCM_H

#include "aead.h"

#define AES_GCM_MAX 0xfffffffe0ull // bytes of text: 2^32 - 2 blocks

struct aes_gcm_key {
    const uint8_t *key;
    size_t key_len; // 16 or 32
    const uint8_t *nonce;
    size_t nonce_len; // 12 is what it is made for, any but 0 will do
};

void aes_gcm_seal(const struct aes_gcm_key *key, const struct aead_text *text, uint8_t tag[AEAD_TAG]);
bool aes_gcm_open(const struct aes_gcm_key *key, const struct aead_text *text, const uint8_t tag[AEAD_TAG]);

#endif
