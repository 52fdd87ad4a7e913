// The ciphers for records against Mbed TLS's own code; where that is left out, on boards, against the portable kernels.
// PICKET_ROUNDS: how many random texts.
#include <stdlib.h>

#include <mbedtls/build_info.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

#include "arena.h"
#include "check.h"
#include "kernels/chacha20_poly1305.h"
#include "kernels/cipher.h"

// --- What is compared with

#ifndef MBEDTLS_CHACHAPOLY_C
#define PICKET_PORTABLE_KERNELS
#define kernel_chacha20        reference_chacha20
#define kernel_xor             reference_xor
#define kernel_poly1305        reference_poly1305
#define chacha20_poly1305_seal reference_chacha20_poly1305_seal
#define chacha20_poly1305_open reference_chacha20_poly1305_open
void reference_chacha20(uint32_t stream[16], const uint32_t state[16]);
void reference_xor(uint8_t *out, const uint8_t *in, const uint32_t *stream, size_t len);
void reference_poly1305(struct poly1305 *p, const uint8_t *blocks, size_t n);
void reference_chacha20_poly1305_seal(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                                      uint8_t tag[AEAD_TAG]);
bool reference_chacha20_poly1305_open(const uint8_t *key, const uint8_t *nonce, const struct aead_text *text,
                                      const uint8_t tag[AEAD_TAG]);
#include "kernels/chacha20_poly1305.c"
#include "kernels/portable/chacha20.c"
#define load load_block
#include "kernels/portable/poly1305.c"
#undef load
#undef chacha20_poly1305_seal
#undef chacha20_poly1305_open
#endif

#define LONGEST 300u
#define ROOM    (LONGEST + 16)

static _Alignas(8) uint8_t arena[64 * 1024];

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint32_t next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32);
}

static int rounds(int usual)
{
    const char *given = getenv("PICKET_ROUNDS");
    return given != NULL ? atoi(given) : usual;
}

// Also long runs of zeros and ones: where carries go wrong.
static void fill(uint8_t *bytes, size_t len)
{
    uint32_t kind = next() % 4;
    for (size_t i = 0; i < len; i++) {
        if (i % 16 == 0 && kind == 3)
            kind = next() % 3 == 0 ? 3 : next() % 3;
        bytes[i] = kind == 0 ? 0 : kind == 1 ? 0xff : (uint8_t)next();
    }
}

// A message and what has been made of it. Buffers with room for alignment.
struct message {
    uint8_t key[32], nonce[12];
    uint8_t aad[LONGEST + 4], text[ROOM + 4], ours[ROOM + 4], theirs[ROOM + 4];
    uint8_t tag[AEAD_TAG], their_tag[AEAD_TAG];
};

static struct message m;

struct cipher {
    void (*seal)(const struct aead_text *text, uint8_t *tag);
    bool (*open)(const struct aead_text *text, const uint8_t *tag);
    void (*reference)(const struct aead_text *text, uint8_t *tag);
};

static void chacha_seal(const struct aead_text *text, uint8_t *tag)
{
    chacha20_poly1305_seal(m.key, m.nonce, text, tag);
}

static bool chacha_open(const struct aead_text *text, const uint8_t *tag)
{
    return chacha20_poly1305_open(m.key, m.nonce, text, tag);
}

static void chacha_reference(const struct aead_text *text, uint8_t *tag)
{
#ifdef MBEDTLS_CHACHAPOLY_C
    mbedtls_chachapoly_context context;
    mbedtls_chachapoly_init(&context);
    mbedtls_chachapoly_setkey(&context, m.key);
    mbedtls_chachapoly_encrypt_and_tag(&context, text->len, m.nonce, text->aad, text->aad_len, text->in,
                                       text->out, tag);
    mbedtls_chachapoly_free(&context);
#else
    reference_chacha20_poly1305_seal(m.key, m.nonce, text, tag);
#endif
}

static const struct cipher chacha = {chacha_seal, chacha_open, chacha_reference};

static const struct cipher *cipher;

static void draw(void)
{
    fill(m.key, sizeof m.key);
    fill(m.nonce, sizeof m.nonce);
    fill(m.aad, sizeof m.aad);
    fill(m.text, sizeof m.text);
}

static bool only(const uint8_t *bytes, size_t len, uint8_t value)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != value)
            return false;
    }
    return true;
}

// One text from byte `from` to byte `to` of a word, sealed, opened, and refused with a bit flipped; nothing beside it written.
static bool agrees(size_t from, size_t to, size_t aad_len, size_t len)
{
    struct aead_text ours = {m.aad + from, aad_len, m.text + from, m.ours + to, len}, theirs = ours;
    theirs.out = m.theirs;
    memset(m.ours, 0x5a, sizeof m.ours);
    cipher->seal(&ours, m.tag);
    cipher->reference(&theirs, m.their_tag);
    if (memcmp(ours.out, theirs.out, len) != 0 || memcmp(m.tag, m.their_tag, AEAD_TAG) != 0)
        return false;
    if (!only(m.ours, to, 0x5a) || !only(ours.out + len, sizeof m.ours - to - len, 0x5a))
        return false;
    struct aead_text back = {ours.aad, aad_len, theirs.out, ours.out, len};
    if (!cipher->open(&back, m.tag) || memcmp(back.out, ours.in, len) != 0)
        return false;
    memset(m.ours, 0x5a, sizeof m.ours);
    m.tag[next() % AEAD_TAG] ^= (uint8_t)(1 << next() % 8);
    return !cipher->open(&back, m.tag) && only(m.ours, sizeof m.ours, 0x5a);
}

static bool agrees_in_place(size_t at, size_t aad_len, size_t len)
{
    struct aead_text theirs = {m.aad, aad_len, m.text, m.theirs, len};
    cipher->reference(&theirs, m.their_tag);
    memset(m.ours, 0x5a, sizeof m.ours);
    memcpy(m.ours + at, m.text, len);
    struct aead_text ours = {m.aad, aad_len, m.ours + at, m.ours + at, len};
    cipher->seal(&ours, m.ours + at + len);
    if (memcmp(ours.out, m.theirs, len) != 0 || memcmp(ours.out + len, m.their_tag, AEAD_TAG) != 0)
        return false;
    if (!only(m.ours, at, 0x5a) ||
        !only(ours.out + len + AEAD_TAG, sizeof m.ours - at - len - AEAD_TAG, 0x5a))
        return false;
    return cipher->open(&ours, ours.out + len) && memcmp(ours.out, m.text, len) == 0;
}

// Every length and place in a word.
static void all_lengths(void)
{
    for (size_t len = 0; len <= LONGEST; len++) {
        for (size_t place = 0; place < 16; place++) {
            draw();
            REQUIRE(agrees(place / 4, place % 4, len % 40, len));
            REQUIRE(agrees_in_place(place % 4, len % 33, len));
        }
    }
    for (size_t aad_len = 0; aad_len <= LONGEST; aad_len++) {
        draw();
        REQUIRE(agrees(aad_len % 4, 0, aad_len, 5));
    }
}

static void random_texts(void)
{
    for (int i = 0; i < rounds(2000); i++) {
        draw();
        size_t len = next() % (LONGEST + 1), aad_len = next() % 3 == 0 ? next() % LONGEST : 13;
        REQUIRE(agrees(next() % 4, next() % 4, aad_len, len));
        REQUIRE(agrees_in_place(next() % 4, aad_len, len));
    }
}

// Every bit of a record: of what is authenticated only, of the text, of the tag, of key and nonce.
static void flipped_bits(void)
{
    enum { AAD = 13, LEN = 61 };
    draw();
    struct aead_text text = {m.aad, AAD, m.text, m.ours, LEN}, back = {m.aad, AAD, m.ours, m.theirs, LEN};
    cipher->seal(&text, m.tag);
    REQUIRE(cipher->open(&back, m.tag));
    struct {
        uint8_t *bytes;
        size_t len;
    } parts[] = {{m.aad, AAD}, {m.ours, LEN}, {m.tag, AEAD_TAG}, {m.key, 16}, {m.nonce, 12}};
    for (size_t part = 0; part < sizeof parts / sizeof *parts; part++) {
        for (size_t bit = 0; bit < 8 * parts[part].len; bit++) {
            uint8_t *byte = parts[part].bytes + bit / 8;
            memset(m.theirs, 0x5a, sizeof m.theirs);
            *byte ^= (uint8_t)(1 << bit % 8);
            REQUIRE(!cipher->open(&back, m.tag));
            REQUIRE(only(m.theirs, sizeof m.theirs, 0x5a));
            *byte ^= (uint8_t)(1 << bit % 8);
        }
    }
    back.len--;
    REQUIRE(!cipher->open(&back, m.tag));
    back.len++;
    back.aad_len--;
    REQUIRE(!cipher->open(&back, m.tag));
    back.aad_len++;
    REQUIRE(cipher->open(&back, m.tag));
}

// --- Poly1305 where it is hard: RFC 7539's and its errata's edge cases, by the kernel alone

// r = 2, h near 2^130 - 5.
static void poly1305_edges(void)
{
    static const struct {
        uint8_t r[16], blocks[48];
        size_t n;
        uint32_t tag; // the first word
    } edges[] = {
        {{2},
         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         1,
         3},
        {{1},
         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x11},
         3,
         5},
        {{1},
         {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xfb, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe,
          0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01},
         3,
         0},
    };
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct poly1305 p = {.k = {{0}}, .whole = {0, 0, 0, edges[i].r[0]}};
        p.k[3][0] = edges[i].r[0];
        kernel_poly1305(&p, edges[i].blocks, edges[i].n);
        uint64_t least = (uint64_t)p.h[0] + 5;
        bool beyond = p.h[4] > 3 || (p.h[4] == 3 && (p.h[1] & p.h[2] & p.h[3]) == UINT32_MAX && least >> 32);
        CHECK_INT(beyond ? (uint32_t)least : p.h[0], edges[i].tag);
    }
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(poly1305_edges);
    cipher = &chacha;
    check_run("chacha20_poly1305: all_lengths", all_lengths);
    check_run("chacha20_poly1305: random_texts", random_texts);
    check_run("chacha20_poly1305: flipped_bits", flipped_bits);
    return check_done();
}
