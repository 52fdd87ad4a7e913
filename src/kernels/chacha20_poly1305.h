// chacha20_poly1305.h: RFC 8439 section 2.8. See aead.h.
#ifndef PICKET_CHACHA20_POLY1305_H
#define PICKET_CHACHA20_POLY1305_H

#include "aead.h"

#define CHACHA20_POLY1305_KEY   32u
#define CHACHA20_POLY1305_NONCE 12u
#define CHACHA20_POLY1305_MAX   0x3fffffffc0ull // bytes of text: 2^32 - 1 blocks

void chacha20_poly1305_seal(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                            uint8_t tag[AEAD_TAG]);
bool chacha20_poly1305_open(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                            const uint8_t tag[AEAD_TAG]);

#endif
