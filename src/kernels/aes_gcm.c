#include "aes_gcm.h"

#include <string.h>

#include "cipher.h"
#include "wipe.h"
#include "words.h"

#define GCM_BATCH 16u // blocks of key stream at a time

struct gcm {
    struct aes aes;
    uint32_t pad[4]; // of the tag
    struct ghash ghash;
};

// With zeros to a whole block.
static void hash_bytes(struct ghash *g, const uint8_t *bytes, size_t len)
{
    size_t rest = len % GHASH_BLOCK;
    if (len >= GHASH_BLOCK)
        kernel_ghash(g, bytes, len / GHASH_BLOCK);
    if (rest != 0) {
        uint8_t last[GHASH_BLOCK] = {0};
        memcpy(last, bytes + len - rest, rest);
        kernel_ghash(g, last, 1);
    }
}

static void hash_lengths(struct ghash *g, uint64_t first, uint64_t second)
{
    uint8_t lengths[GHASH_BLOCK];
    for (int i = 0; i < 8; i++) {
        lengths[i] = (uint8_t)(first * 8 >> (56 - 8 * i));
        lengths[8 + i] = (uint8_t)(second * 8 >> (56 - 8 * i));
    }
    kernel_ghash(g, lengths, 1);
}

// y, its words' lowest bytes first; then it is 0 again.
static void take_hash(struct ghash *g, uint32_t out[4])
{
    for (int i = 0; i < 4; i++) {
        uint8_t bytes[4];
        store_word(bytes, g->y[i]);
        out[i] = load_big_word(bytes);
        g->y[i] = 0;
    }
}

// The first counter: a nonce of 12 bytes and 1, or the hash of another nonce.
static void begin_counter(struct gcm *s, const struct aes_gcm_key *key)
{
    uint32_t counter[4];
    if (key->nonce_len == 12) {
        for (int i = 0; i < 3; i++)
            counter[i] = load_word(key->nonce + 4 * i);
        counter[3] = 1u << 24;
    } else {
        hash_bytes(&s->ghash, key->nonce, key->nonce_len);
        hash_lengths(&s->ghash, 0, key->nonce_len);
        take_hash(&s->ghash, counter);
    }
    aes_count_from(&s->aes, counter);
}

// Of the block of zeros comes the key of GHASH.
static void begin_hash(struct gcm *s)
{
    static const uint32_t zeros[4];
    uint32_t words[4];
    uint8_t h[GHASH_BLOCK];
    aes_count_from(&s->aes, zeros);
    kernel_aes_ctr(&s->aes, words, 1);
    for (int i = 0; i < 4; i++)
        store_word(h + 4 * i, words[i]);
    ghash_begin(&s->ghash, h);
    kernel_wipe(words, sizeof words);
    kernel_wipe(h, sizeof h);
}

static void begin_gcm(struct gcm *s, const struct aes_gcm_key *key, const struct aead_text *text)
{
    aes_expand(&s->aes, key->key, key->key_len);
    begin_hash(s);
    begin_counter(s, key);
    kernel_aes_ctr(&s->aes, s->pad, 1);
    hash_bytes(&s->ghash, text->aad, text->aad_len);
}

static void xor_stream(struct gcm *s, const struct aead_text *text)
{
    uint32_t stream[4 * GCM_BATCH];
    for (size_t at = 0; at < text->len; at += sizeof stream) {
        size_t some = text->len - at < sizeof stream ? text->len - at : sizeof stream;
        kernel_aes_ctr(&s->aes, stream, (some + AES_BLOCK - 1) / AES_BLOCK);
        kernel_xor(text->out + at, text->in + at, stream, some);
    }
    kernel_wipe(stream, sizeof stream);
}

static void make_tag(struct gcm *s, const struct aead_text *text, const uint8_t *hashed,
                     uint8_t tag[AEAD_TAG])
{
    uint32_t hash[4];
    hash_bytes(&s->ghash, hashed, text->len);
    hash_lengths(&s->ghash, text->aad_len, text->len);
    take_hash(&s->ghash, hash);
    for (int i = 0; i < 4; i++)
        store_word(tag + 4 * i, hash[i] ^ s->pad[i]);
    kernel_wipe(hash, sizeof hash);
}

void aes_gcm_seal(const struct aes_gcm_key *key, const struct aead_text *text, uint8_t tag[AEAD_TAG])
{
    struct gcm s;
    begin_gcm(&s, key, text);
    xor_stream(&s, text);
    make_tag(&s, text, text->out, tag);
    kernel_wipe(&s, sizeof s);
}

bool aes_gcm_open(const struct aes_gcm_key *key, const struct aead_text *text, const uint8_t tag[AEAD_TAG])
{
    struct gcm s;
    uint8_t right[AEAD_TAG];
    begin_gcm(&s, key, text);
    make_tag(&s, text, text->in, right);
    bool good = aead_tags_equal(right, tag, AEAD_TAG);
    if (good)
        xor_stream(&s, text);
    kernel_wipe(right, sizeof right);
    kernel_wipe(&s, sizeof s);
    return good;
}
