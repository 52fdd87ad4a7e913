// aead.h: what the two ciphers for records have in common.
//
// seal writes text->len bytes to out, and the tag. open compares the tag first, and if it is another it writes nothing: false.
// out is in, or apart from it; aad, key, nonce and tag are apart from out. Any alignment, any length from 0. Constant time in
// all but lengths and addresses. Keys and what comes from them are wiped. A record is not interrupted: 16 kB are 1.1 million
// cycles of a Cortex-M0+ with ChaCha20-Poly1305.
#ifndef PICKET_AEAD_H
#define PICKET_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AEAD_TAG 16u

struct aead_text {
    const uint8_t *aad;
    size_t aad_len;
    const uint8_t *in;
    uint8_t *out;
    size_t len;
};

// Whether a tag is the right one is told to everybody, and nothing else is: constant_time_test.c has this marked.
#ifndef AEAD_TOLD
#define AEAD_TOLD(differs) (differs)
#endif

static inline bool aead_tags_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint32_t differs = 0;
    for (size_t i = 0; i < len; i++)
        differs |= (uint32_t)(a[i] ^ b[i]);
    return AEAD_TOLD(differs) == 0;
}

#endif
