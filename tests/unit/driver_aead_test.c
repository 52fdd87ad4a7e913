// Records: what the driver answers and writes against Mbed TLS's own functions for PSA, status for status and byte for byte, for
// texts to 600 bytes and some of 16 kB, good and spoiled. PICKET_ROUNDS: how many of each cipher.
#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "rounds.h"
#define DRIVER_HAS_AES 1 // on computers too, whose Mbed TLS has the processor's
#include "driver/driver_aead.c"

#if defined(MBEDTLS_PSA_BUILTIN_ALG_CHACHA20_POLY1305) && defined(MBEDTLS_PSA_BUILTIN_ALG_GCM)

typedef psa_status_t call_t(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                            psa_algorithm_t alg, const uint8_t *nonce, size_t nonce_len, const uint8_t *aad,
                            size_t aad_len, const uint8_t *text, size_t text_len, uint8_t *out, size_t size,
                            size_t *len);

// The library's own.
call_t mbedtls_psa_aead_encrypt, mbedtls_psa_aead_decrypt;

#define SHORT  600u
#define RECORD 16384u

static _Alignas(8) uint8_t arena[64 * 1024];

static struct {
    psa_algorithm_t alg;
    psa_key_attributes_t type;
    uint8_t key[32], nonce[60], aad[SHORT], text[RECORD + AEAD_TAG];
    size_t key_len, nonce_len, aad_len, text_len;
} m;

typedef struct {
    psa_status_t status;
    size_t len;
    uint8_t bytes[RECORD + AEAD_TAG];
} answer_t;

static answer_t ours, theirs;

// Also runs of zeros and ones, where carries go wrong.
static void fill(uint8_t *bytes, size_t len)
{
    uint32_t limbs[15];
    if (next() % 2) {
        random_bytes(NULL, bytes, len);
        return;
    }
    for (size_t at = 0; at < len; at += sizeof limbs) {
        number(limbs, 15);
        memcpy(bytes + at, limbs, len - at < sizeof limbs ? len - at : sizeof limbs);
    }
}

static void draw(psa_algorithm_t alg)
{
    bool is_gcm = alg == PSA_ALG_GCM;
    m.alg = alg;
    m.key_len = is_gcm && next() % 2 ? 16 : 32;
    m.nonce_len = is_gcm && next() % 4 == 0 ? 1 + next() % sizeof m.nonce : 12;
    m.aad_len = next() % 4 == 0 ? next() % (SHORT + 1) : 13;
    m.text_len = next() % 128 == 0 ? RECORD - next() % 20 : next() % (SHORT + 1);
    m.type = (psa_key_attributes_t)PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&m.type, is_gcm ? PSA_KEY_TYPE_AES : PSA_KEY_TYPE_CHACHA20);
    psa_set_key_bits(&m.type, 8 * m.key_len);
    fill(m.key, sizeof m.key);
    fill(m.nonce, sizeof m.nonce);
    fill(m.aad, m.aad_len);
    fill(m.text, m.text_len);
}

static void ask(call_t *call, answer_t *answer, size_t size)
{
    answer->len = 0;
    memset(answer->bytes, 0x5a,
           m.text_len + AEAD_TAG <= sizeof answer->bytes ? m.text_len + AEAD_TAG : sizeof answer->bytes);
    answer->status = call(&m.type, m.key, m.key_len, m.alg, m.nonce, m.nonce_len, m.aad, m.aad_len, m.text,
                          m.text_len, answer->bytes, size, &answer->len);
}

static bool same(void)
{
    return ours.status == theirs.status &&
           (ours.status != PSA_SUCCESS ||
            (ours.len == theirs.len && memcmp(ours.bytes, theirs.bytes, ours.len) == 0));
}

static bool is_untouched(void)
{
    size_t i = 0;
    while (i < m.text_len && ours.bytes[i] == 0x5a)
        i++;
    return i == m.text_len;
}

static void flip_bit(uint8_t *bytes, size_t len)
{
    if (len > 0)
        bytes[next() % len] ^= (uint8_t)(1 << next() % 8);
}

static void spoil(void)
{
    switch (next() % 8) {
    case 0: flip_bit(m.text, m.text_len); break;
    case 1: flip_bit(m.text + m.text_len - AEAD_TAG, AEAD_TAG); break;
    case 2: flip_bit(m.aad, m.aad_len); break;
    case 3: flip_bit(m.key, m.key_len); break;
    case 4: flip_bit(m.nonce, m.nonce_len); break;
    case 5: m.aad_len = next() % (m.aad_len + 1); break;
    case 6: m.text_len--; break;
    default: m.text_len = next() % (AEAD_TAG + 4); // less than a tag too
    }
}

// Sealed, opened, and opened again with something spoiled.
static void records(psa_algorithm_t alg)
{
    int good = 0, bad = 0;
    for (int i = 0; i < rounds(1000); i++) {
        draw(alg);
        ask(driver_aead_encrypt, &ours, m.text_len + AEAD_TAG);
        ask(mbedtls_psa_aead_encrypt, &theirs, m.text_len + AEAD_TAG);
        REQUIRE(same() && ours.status == PSA_SUCCESS);
        memcpy(m.text, ours.bytes, ours.len);
        m.text_len = ours.len;
        if (next() % 2)
            spoil();
        ask(driver_aead_decrypt, &ours, sizeof ours.bytes);
        ask(mbedtls_psa_aead_decrypt, &theirs, sizeof theirs.bytes);
        REQUIRE(same());
        good += ours.status == PSA_SUCCESS;
        bad += ours.status != PSA_SUCCESS;
        REQUIRE(ours.status == PSA_SUCCESS || is_untouched());
    }
    printf("# both opened %d and refused %d\n", good, bad);
    CHECK(3 * good > bad && 3 * bad > good);
}

static void chacha20_poly1305(void)
{
    records(PSA_ALG_CHACHA20_POLY1305);
}

static void aes_gcm(void)
{
    records(PSA_ALG_GCM);
}

// Room for what is written, to the byte.
static void room(void)
{
    for (int i = 0; i < 200; i++) {
        draw(i % 2 ? PSA_ALG_GCM : PSA_ALG_CHACHA20_POLY1305);
        size_t whole = m.text_len + AEAD_TAG, size = i % 4 < 2 ? whole - 1 : next() % whole;
        ask(driver_aead_encrypt, &ours, size);
        ask(mbedtls_psa_aead_encrypt, &theirs, size);
        REQUIRE_INT(ours.status, PSA_ERROR_BUFFER_TOO_SMALL);
        REQUIRE(same() && is_untouched());
    }
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(chacha20_poly1305);
    RUN(aes_gcm);
    RUN(room);
    return check_done();
}

#else

int main(void)
{
    puts("skip records: built without the ciphers of Mbed TLS");
    return 0;
}

#endif
