#include "chacha20_poly1305.h"

#include <string.h>

#include "bytes.h"
#include "cipher.h"
#include "wipe.h"
#include "words.h"

#define BATCH 4u // blocks of key stream at a time

// --- ChaCha20

// Block 0 of the stream is the key of Poly1305; those of the text count from 1.
static void begin_stream(uint32_t state[16], const uint8_t *key, const uint8_t *nonce)
{
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(state, sigma, sizeof sigma);
    load_little(state + 4, key);
    state[12] = 0;
    for (int i = 0; i < 3; i++)
        state[13 + i] = load_word(nonce + 4 * i);
}

static void apply_stream(uint32_t state[16], uint8_t *out, const uint8_t *in, size_t len)
{
    uint32_t stream[16 * BATCH];
    while (len > 0) {
        size_t some = len < sizeof stream ? len : sizeof stream;
        for (size_t at = 0; at < some; at += CHACHA20_BLOCK, state[12]++)
            kernel_chacha20(stream + at / 4, state);
        kernel_xor(out, in, stream, some);
        out += some;
        in += some;
        len -= some;
    }
    kernel_wipe(stream, sizeof stream);
}

// --- Poly1305

static void begin_tag(struct poly1305 *p, const uint32_t key[8])
{
    static const uint32_t clamp[4] = {0x0fffffff, 0x0ffffffc, 0x0ffffffc, 0x0ffffffc};
    memset(p, 0, sizeof *p);
    for (int i = 0; i < 4; i++) {
        uint32_t r = key[i] & clamp[i], s = r + (r >> 2);
        p->k[3 - i][0] = r & 0x3fff;
        p->k[3 - i][1] = r >> 14;
        if (i == 0) {
            p->whole[3] = r;
            continue;
        }
        p->k[7 - i][0] = s & 0x3fff;
        p->k[7 - i][1] = s >> 14;
        p->whole[i - 1] = s;
    }
}

// With zeros to a whole block.
static void absorb(struct poly1305 *p, const uint8_t *bytes, size_t len)
{
    size_t rest = len % POLY1305_BLOCK;
    if (len >= POLY1305_BLOCK)
        kernel_poly1305(p, bytes, len / POLY1305_BLOCK);
    if (rest != 0) {
        uint8_t last[POLY1305_BLOCK] = {0};
        memcpy(last, bytes + len - rest, rest);
        kernel_poly1305(p, last, 1);
    }
}

// h modulo 2^130 - 5, whose multiple it holds at most once, plus the second half of the key, modulo 2^128.
static void finish_tag(struct poly1305 *p, const uint32_t pad[4], uint8_t tag[AEAD_TAG])
{
    uint32_t reduced[4];
    uint64_t carry = 5;
    for (int i = 0; i < 4; i++) {
        carry += p->h[i];
        reduced[i] = (uint32_t)carry;
        carry >>= 32;
    }
    uint32_t is_larger = 0 - (((uint32_t)carry + p->h[4]) >> 2);
    carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (uint64_t)(p->h[i] ^ ((p->h[i] ^ reduced[i]) & is_larger)) + pad[i];
        store_word(tag + 4 * i, (uint32_t)carry);
        carry >>= 32;
    }
    kernel_wipe(reduced, sizeof reduced);
}

// --- Both

struct sealing {
    uint32_t state[16];
    uint32_t key[16]; // of Poly1305, in the first eight
    struct poly1305 poly;
};

static void begin(struct sealing *s, const uint8_t *key, const uint8_t *nonce, const struct aead_text *text)
{
    begin_stream(s->state, key, nonce);
    kernel_chacha20(s->key, s->state);
    s->state[12] = 1;
    begin_tag(&s->poly, s->key);
    absorb(&s->poly, text->aad, text->aad_len);
}

static void end(struct sealing *s, const struct aead_text *text, uint8_t tag[AEAD_TAG])
{
    uint8_t lengths[POLY1305_BLOCK] = {0};
    for (int i = 0; i < 8; i++) {
        lengths[i] = (uint8_t)((uint64_t)text->aad_len >> (8 * i));
        lengths[8 + i] = (uint8_t)((uint64_t)text->len >> (8 * i));
    }
    absorb(&s->poly, lengths, sizeof lengths);
    finish_tag(&s->poly, s->key + 4, tag);
}

void chacha20_poly1305_seal(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                            uint8_t tag[AEAD_TAG])
{
    struct sealing s;
    begin(&s, key, nonce, text);
    apply_stream(s.state, text->out, text->in, text->len);
    absorb(&s.poly, text->out, text->len);
    end(&s, text, tag);
    kernel_wipe(&s, sizeof s);
}

bool chacha20_poly1305_open(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                            const uint8_t tag[AEAD_TAG])
{
    struct sealing s;
    uint8_t right[AEAD_TAG];
    begin(&s, key, nonce, text);
    absorb(&s.poly, text->in, text->len);
    end(&s, text, right);
    bool good = aead_tags_equal(right, tag, AEAD_TAG);
    if (good)
        apply_stream(s.state, text->out, text->in, text->len);
    kernel_wipe(right, sizeof right);
    kernel_wipe(&s, sizeof s);
    return good;
}
