// The ciphers for records against Mbed TLS's own code; where that is left out, on boards, against the textbook.
// PICKET_ROUNDS: how many random texts.
#include <mbedtls/aes.h>
#include <mbedtls/bignum.h>
#include <mbedtls/build_info.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

#include "arena.h"
#include "check.h"
#include "rounds.h"
#include "kernels/aes_gcm.h"
#include "kernels/chacha20_poly1305.h"
#include "kernels/cipher.h"

#define LONGEST 300u
#define ROOM    (LONGEST + 16)

static _Alignas(8) uint8_t arena[64 * 1024];

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
    uint8_t key[32], nonce[60];
    uint8_t aad[LONGEST], text[LONGEST], moved_aad[LONGEST + 4], moved[LONGEST + 4];
    uint8_t ours[ROOM + 4], theirs[LONGEST];
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

#if !defined(MBEDTLS_CHACHAPOLY_C) || !defined(MBEDTLS_GCM_C)

// By the textbook, as boards have no code of Mbed TLS's for it: bit by bit, and with its big numbers.
static uint8_t *text_bytes(uint8_t *at, const uint8_t *bytes, size_t len)
{
    memcpy(at, bytes, len);
    memset(at + len, 0, 15);
    return at + (len + 15) / 16 * 16;
}

// What is authenticated, with zeros to whole blocks and the lengths.
static size_t authenticated(uint8_t *all, const struct aead_text *text, bool big, size_t unit)
{
    uint8_t *end = text_bytes(text_bytes(all, text->aad, text->aad_len), text->out, text->len);
    for (size_t i = 0; i < 8; i++) {
        end[big ? 7 - i : i] = (uint8_t)((uint64_t)text->aad_len * unit >> 8 * i);
        end[8 + (big ? 7 - i : i)] = (uint8_t)((uint64_t)text->len * unit >> 8 * i);
    }
    return (size_t)(end - all) + 16;
}

static uint8_t whole[2 * LONGEST + 64];

static void textbook_ghash(const uint8_t h[16], const uint8_t *bytes, size_t len, uint8_t y[16])
{
    memset(y, 0, 16);
    for (size_t at = 0; at < len; at += 16) {
        uint8_t v[16], z[16] = {0};
        memcpy(v, h, 16);
        for (int i = 0; i < 16; i++)
            y[i] ^= bytes[at + (size_t)i];
        for (int bit = 0; bit < 128; bit++) {
            bool set = y[bit / 8] >> (7 - bit % 8) & 1, beyond = v[15] & 1;
            for (int i = 15; i >= 0; i--) {
                z[i] ^= set ? v[i] : 0;
                v[i] = (uint8_t)(v[i] >> 1 | (i > 0 ? v[i - 1] << 7 : 0));
            }
            v[0] ^= beyond ? 0xe1 : 0;
        }
        memcpy(y, z, 16);
    }
}

static void textbook_gcm(const struct aead_text *text, uint8_t *tag, size_t key_len)
{
    mbedtls_aes_context aes;
    uint8_t h[16], counter[16] = {0}, stream[16];
    mbedtls_aes_init(&aes);
    mbedtls_aes_setkey_enc(&aes, m.key, (unsigned)key_len * 8);
    mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, counter, h);
    memcpy(counter, m.nonce, 12);
    for (size_t i = 0; i < text->len; i++) {
        if (i % 16 == 0) {
            counter[14] = (uint8_t)((i / 16 + 2) >> 8);
            counter[15] = (uint8_t)(i / 16 + 2);
            mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, counter, stream);
        }
        text->out[i] = text->in[i] ^ stream[i % 16];
    }
    counter[14] = 0;
    counter[15] = 1;
    mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, counter, stream);
    textbook_ghash(h, whole, authenticated(whole, text, true, 8), tag);
    for (int i = 0; i < 16; i++)
        tag[i] ^= stream[i];
    mbedtls_aes_free(&aes);
}

static void textbook_quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    static const int left[4] = {16, 12, 8, 7};
    for (int i = 0; i < 4; i++) {
        uint32_t *to = i % 2 ? c : a, *by = i % 2 ? d : b, *turned = i % 2 ? b : d;
        *to += *by;
        *turned ^= *to;
        *turned = *turned << left[i] | *turned >> (32 - left[i]);
    }
}

static void textbook_chacha20(uint32_t counter, uint8_t stream[64])
{
    uint8_t bytes[64] = "expand 32-byte k";
    uint32_t state[16], x[16];
    memcpy(bytes + 16, m.key, 32);
    memcpy(bytes + 52, m.nonce, 12);
    memcpy(state, bytes, 64); // all these machines have the lowest byte first
    state[12] = counter;
    memcpy(x, state, 64);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 4; i++) {
            int turn = round % 2;
            textbook_quarter(&x[i], &x[4 + (i + turn) % 4], &x[8 + (i + 2 * turn) % 4],
                             &x[12 + (i + 3 * turn) % 4]);
        }
    }
    for (int i = 0; i < 16; i++)
        x[i] += state[i];
    memcpy(stream, x, 64);
}

static void textbook_poly1305(const uint8_t key[32], const uint8_t *bytes, size_t len, uint8_t tag[16])
{
    mbedtls_mpi h, r, p;
    uint8_t clamped[16], block[17];
    mbedtls_mpi_init(&h);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&p);
    for (int i = 0; i < 16; i++)
        clamped[i] = key[i] & (i % 4 == 3 ? 15 : i % 4 == 0 && i > 0 ? 252 : 255);
    mbedtls_mpi_read_binary_le(&r, clamped, 16);
    mbedtls_mpi_read_string(&p, 16, "3fffffffffffffffffffffffffffffffb");
    for (size_t at = 0; at < len; at += 16) {
        mbedtls_mpi x;
        mbedtls_mpi_init(&x);
        memcpy(block, bytes + at, 16);
        block[16] = 1;
        mbedtls_mpi_read_binary_le(&x, block, 17);
        mbedtls_mpi_add_mpi(&h, &h, &x);
        mbedtls_mpi_mul_mpi(&h, &h, &r);
        mbedtls_mpi_mod_mpi(&h, &h, &p);
        mbedtls_mpi_free(&x);
    }
    mbedtls_mpi_read_binary_le(&r, key + 16, 16);
    mbedtls_mpi_add_mpi(&h, &h, &r);
    uint8_t sum[20];
    mbedtls_mpi_write_binary_le(&h, sum, sizeof sum);
    memcpy(tag, sum, 16);
    mbedtls_mpi_free(&h);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&p);
}

static void textbook_chacha20_poly1305(const struct aead_text *text, uint8_t *tag)
{
    uint8_t key[64], stream[64];
    textbook_chacha20(0, key);
    for (size_t i = 0; i < text->len; i++) {
        if (i % 64 == 0)
            textbook_chacha20((uint32_t)(i / 64 + 1), stream);
        text->out[i] = text->in[i] ^ stream[i % 64];
    }
    textbook_poly1305(key, whole, authenticated(whole, text, false, 1), tag);
}

#endif

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
    textbook_chacha20_poly1305(text, tag);
#endif
}

static size_t gcm_key_len = 16, gcm_nonce_len = 12;

static struct aes_gcm_key gcm_key(void)
{
    return (struct aes_gcm_key){m.key, gcm_key_len, m.nonce, gcm_nonce_len};
}

static void gcm_seal(const struct aead_text *text, uint8_t *tag)
{
    struct aes_gcm_key key = gcm_key();
    aes_gcm_seal(&key, text, tag);
}

static bool gcm_open(const struct aead_text *text, const uint8_t *tag)
{
    struct aes_gcm_key key = gcm_key();
    return aes_gcm_open(&key, text, tag);
}

static void gcm_reference(const struct aead_text *text, uint8_t *tag)
{
#ifdef MBEDTLS_GCM_C
    mbedtls_gcm_context context;
    mbedtls_gcm_init(&context);
    mbedtls_gcm_setkey(&context, MBEDTLS_CIPHER_ID_AES, m.key, (unsigned)gcm_key_len * 8);
    mbedtls_gcm_crypt_and_tag(&context, MBEDTLS_GCM_ENCRYPT, text->len, m.nonce, gcm_nonce_len, text->aad,
                              text->aad_len, text->in, text->out, AEAD_TAG, tag);
    mbedtls_gcm_free(&context);
#else
    textbook_gcm(text, tag, gcm_key_len);
#endif
}

static const struct cipher gcm = {gcm_seal, gcm_open, gcm_reference};
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

// What the reference makes of m.aad and m.text.
static void ask_reference(size_t aad_len, size_t len)
{
    struct aead_text text = {m.aad, aad_len, m.text, m.theirs, len};
    cipher->reference(&text, m.their_tag);
}

// That text from byte `from` of a word to byte `to` of one, sealed, opened, and refused with a bit flipped; nothing beside it is
// written.
static bool agrees(size_t from, size_t to, size_t aad_len, size_t len)
{
    memcpy(m.moved + from, m.text, len);
    memcpy(m.moved_aad + to, m.aad, aad_len);
    struct aead_text ours = {m.moved_aad + to, aad_len, m.moved + from, m.ours + to, len};
    memset(m.ours, 0x5a, sizeof m.ours);
    cipher->seal(&ours, m.tag);
    if (memcmp(ours.out, m.theirs, len) != 0 || memcmp(m.tag, m.their_tag, AEAD_TAG) != 0)
        return false;
    if (!only(m.ours, to, 0x5a) || !only(ours.out + len, sizeof m.ours - to - len, 0x5a))
        return false;
    memcpy(m.moved + from, m.theirs, len);
    if (!cipher->open(&ours, m.tag) || memcmp(ours.out, m.text, len) != 0)
        return false;
    memset(m.ours, 0x5a, sizeof m.ours);
    m.tag[next() % AEAD_TAG] ^= (uint8_t)(1 << next() % 8);
    return !cipher->open(&ours, m.tag) && only(m.ours, sizeof m.ours, 0x5a);
}

static bool agrees_in_place(size_t at, size_t aad_len, size_t len)
{
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
        draw();
        ask_reference(len % 37, len);
        for (size_t place = 0; place < 16; place++) {
            REQUIRE(agrees(place / 4, place % 4, len % 37, len));
            REQUIRE(agrees_in_place(place % 4, len % 37, len));
        }
    }
    for (size_t aad_len = 0; aad_len <= LONGEST; aad_len++) {
        draw();
        ask_reference(aad_len, 5);
        REQUIRE(agrees(0, aad_len % 4, aad_len, 5));
    }
}

static void random_texts(void)
{
    for (int i = 0; i < rounds(1000); i++) {
        draw();
        size_t len = next() % (LONGEST + 1), aad_len = next() % 3 == 0 ? next() % LONGEST : 13;
        ask_reference(aad_len, len);
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

// --- GCM's counter

#ifdef MBEDTLS_GCM_C

// Nonces of other lengths give counters that come round at any place, in one byte and in four.
static void other_nonces(void)
{
    for (int i = 0; i < rounds(1000); i++) {
        draw();
        gcm_key_len = i % 2 ? 16 : 32;
        gcm_nonce_len = 1 + next() % 60;
        size_t len = LONGEST - next() % 40;
        ask_reference(13, len);
        REQUIRE(agrees(0, 1, 13, len));
    }
    gcm_nonce_len = 12;
}

#endif

// 256 blocks and more.
static void long_text(void)
{
    static uint8_t text[4300], out[4300];
    size_t at = sizeof text - 150;
    struct aes aes;
    static const uint32_t first[4] = {1, 2, 3, 2u << 24};
    uint32_t all[4 * 300], one[4];
    draw();
    aes_expand(&aes, m.key, 16);
    aes_count_from(&aes, first);
    kernel_aes_ctr(&aes, all, 300);
    for (uint32_t i = 0; i < 300; i++) {
        aes_count_from(&aes, first);
        aes_count(&aes, i);
        uint32_t now[4];
        memcpy(now, aes.counter, sizeof now);
        aes_count_from(&aes, now);
        kernel_aes_ctr(&aes, one, 1);
        REQUIRE_MEM(one, all + 4 * i, 16);
    }
    fill(text, sizeof text);
    struct aead_text record = {m.aad, 5, text, out, sizeof text}, back = {m.aad, 5, out, out, sizeof text};
    cipher->seal(&record, m.tag);
    REQUIRE(memcmp(text + at, out + at, 150) != 0);
    REQUIRE(cipher->open(&back, m.tag));
    REQUIRE_MEM(text, out, sizeof text);
}

// The last four bytes count alone.
static void counter_comes_round(void)
{
    struct aes aes;
    static const uint32_t last[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    static const uint32_t next_one[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, 0};
    uint32_t two[8], one[4];
    draw();
    aes_expand(&aes, m.key, 32);
    aes_count_from(&aes, last);
    kernel_aes_ctr(&aes, two, 2);
    aes_count_from(&aes, next_one);
    kernel_aes_ctr(&aes, one, 1);
    CHECK_MEM(one, two + 4, 16);
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
    cipher = &gcm;
    for (int bits = 128; bits <= 256; bits += 128) {
        gcm_key_len = (size_t)bits / 8;
        check_run("aes_gcm: all_lengths", all_lengths);
        check_run("aes_gcm: random_texts", random_texts);
        check_run("aes_gcm: flipped_bits", flipped_bits);
    }
    RUN(long_text);
    RUN(counter_comes_round);
#ifdef MBEDTLS_GCM_C
    RUN(other_nonces);
#endif
    return check_done();
}
