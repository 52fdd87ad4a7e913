// RSA's arithmetic (src/kernels/rsa.c) against Mbed TLS's big numbers, and the checks of what was signed (src/driver) against
// Mbed TLS's, status for status. PICKET_ROUNDS: how many random numbers.
#include <mbedtls/bignum.h>

#include "arena.h"
#include "check.h"
#include "rounds.h"
#include "rsa_encode.h"
#include "driver/driver.h"
#include "driver/driver_psa.h"
#include "kernels/rsa.h"

static _Alignas(8) uint8_t arena[64 * 1024];

// The library's own, for keys in PSA's format.
psa_status_t mbedtls_psa_rsa_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key,
                                         size_t key_len, psa_algorithm_t alg, const uint8_t *hash,
                                         size_t hash_len, const uint8_t *signature, size_t signature_len);

// To sign takes seconds in QEMU: there only a few of what is run elsewhere.
#if defined(__arm__)
#define STRIDE 97
#else
#define STRIDE 1
#endif

// --- Numbers

static void to_mpi(mbedtls_mpi *x, const uint32_t *a, size_t limbs)
{
    mbedtls_mpi_read_binary_le(x, (const unsigned char *)a, 4 * limbs);
}

static bool is_mpi(const uint32_t *a, size_t limbs, const mbedtls_mpi *x)
{
    mbedtls_mpi y;
    mbedtls_mpi_init(&y);
    to_mpi(&y, a, limbs);
    bool same = mbedtls_mpi_cmp_mpi(&y, x) == 0;
    mbedtls_mpi_free(&y);
    return same;
}

// r + a m, with the carry as a word more.
static void rows(void)
{
    mbedtls_mpi x, y;
    mbedtls_mpi_init(&x);
    mbedtls_mpi_init(&y);
    for (int i = 0; i < rounds(20000); i++) {
        uint32_t a[24], r[25], m;
        size_t n = 1 + next() % 24;
        number(a, n);
        number(r, n);
        number(&m, 1);
        to_mpi(&x, a, n);
        to_mpi(&y, &m, 1);
        mbedtls_mpi_mul_mpi(&x, &x, &y);
        to_mpi(&y, r, n);
        mbedtls_mpi_add_mpi(&x, &x, &y);
        r[n] = kernel_add_row(r, a, n, m);
        REQUIRE(is_mpi(r, n + 1, &x));
    }
    mbedtls_mpi_free(&x);
    mbedtls_mpi_free(&y);
}

// The square of a, from the products of different words of it.
static void squares(void)
{
    mbedtls_mpi x;
    mbedtls_mpi_init(&x);
    for (int i = 0; i < rounds(20000); i++) {
        uint32_t a[24], r[48] = {0};
        size_t n = 1 + next() % 24;
        number(a, n);
        for (size_t j = 0; j + 1 < n; j++)
            r[n + j] = kernel_add_row(r + 2 * j + 1, a + j + 1, n - 1 - j, a[j]);
        kernel_add_squares(r, a, n);
        to_mpi(&x, a, n);
        mbedtls_mpi_mul_mpi(&x, &x, &x);
        REQUIRE(is_mpi(r, 2 * n, &x));
    }
    mbedtls_mpi_free(&x);
}

// --- The public operation

static uint8_t modulus[RSA_MAX], input[RSA_MAX], output[RSA_MAX];
static uint32_t work[RSA_WORK(RSA_MAX)];

static bool same_power(size_t len)
{
    mbedtls_mpi n, x, e;
    mbedtls_mpi_init(&n);
    mbedtls_mpi_init(&x);
    mbedtls_mpi_init(&e);
    mbedtls_mpi_lset(&e, 65537);
    mbedtls_mpi_read_binary(&n, modulus, len);
    mbedtls_mpi_read_binary(&x, input, len);
    bool below = mbedtls_mpi_cmp_mpi(&x, &n) < 0;
    mbedtls_mpi_exp_mod(&x, &x, &e, &n, NULL);
    mbedtls_mpi_write_binary(&x, output, len);
    mbedtls_mpi_free(&n);
    mbedtls_mpi_free(&x);
    mbedtls_mpi_free(&e);
    int error = rsa_public(work, modulus, input, len, NULL);
    return below ? error == 0 && memcmp(work, output, len) == 0 : error == KERNEL_BAD;
}

static void powers(void)
{
    static const size_t lengths[] = {RSA_MIN, RSA_MIN + 4, 384, RSA_MAX - 4, RSA_MAX};
    for (int i = 0; i < rounds(200 / STRIDE); i++) {
        size_t len = lengths[i % 5];
        number((uint32_t *)(void *)modulus, len / 4);
        number((uint32_t *)(void *)input, len / 4);
        modulus[0] |= 0x80;
        modulus[len - 1] |= 1;
        REQUIRE(same_power(len));
    }
}

// The least and the largest modulus, and one of zeros and ones; 0, 1, n - 1, n, n + 1, 2^(8 len) - 1.
static void edges(void)
{
    for (int kind = 0; kind < 3; kind++) {
        memset(modulus, kind == 0 ? 0 : 0xff, RSA_MIN);
        modulus[0] |= 0x80;
        modulus[RSA_MIN - 1] |= 1;
        if (kind == 2)
            memset(modulus + 4, 0, 128);
        for (int place = 0; place < 6; place++) {
            memset(input, place == 5 ? 0xff : 0, RSA_MIN);
            input[RSA_MIN - 1] |= place == 1;
            if (place >= 2 && place < 5)
                memcpy(input, modulus, RSA_MIN);
            if (place == 2)
                input[RSA_MIN - 1]--;
            if (place == 4 && ++input[RSA_MIN - 1] == 0)
                continue; // of the largest there is none
            REQUIRE(same_power(RSA_MIN));
        }
    }
    memset(input, 0, RSA_MIN);
    modulus[RSA_MIN - 1] = 0xfe;
    CHECK_INT(rsa_public(work, modulus, input, RSA_MIN, NULL), KERNEL_BAD);
    modulus[RSA_MIN - 1] = 0xff;
    modulus[0] = 0x7f;
    CHECK_INT(rsa_public(work, modulus, input, RSA_MIN, NULL), KERNEL_BAD);
}

static int asked;

static bool three_times(void)
{
    return ++asked < 3;
}

static void is_stopped(void)
{
    memset(modulus, 0xff, RSA_MIN);
    asked = 0;
    CHECK_INT(rsa_public(work, modulus, input, RSA_MIN, three_times), KERNEL_STOPPED);
    CHECK_INT(asked, 3);
}

// --- Signatures

#define LEN     RSA_MIN
#define KEY_LEN (LEN + 14)

// A key of nobody's.
static const char public_number[] =
    "dc53f2a8e11b31da717ef4b9c32ca73952ee299d4228ca0f4e488f89eafa8ba83c398b67c180a8f95665abe1e60ff713"
    "6ab186238ceb529d724b63f9f5fc995bf6d4336884854f9b0786af7bceb7933caf0d71c890b1a9b96668d3ec33cfdad8"
    "2cfd9415e77ec3d4b6f13a563dc63511588903613bf9bb3323a9e8c9da519d7b44579a297fe9339cfbc7f489eee0b100"
    "6f580fa0c369b01399f3a21a862676ab25576a792e9cf79cf351ed527d8f9ba56cde7f14c69a6046d9f60bb40898427b"
    "1778296aec155d5dd9e97dd67bb791fc643f25ce8999045b9d70e8b069761c42d13f025e9203be4e6032a860c5a7ee94"
    "ecde8c5b3370a2c396afb5216e24dab9";
static const char private_number[] =
    "00b2cc6d601f4db267533373e64c3d3077949531b02cc06d397e8de3ee48828a533c8c7654fcf32c2d2bafd68cbbe6b8"
    "db48fa47a111fae6505f304f31ca2df3466e48466fcb1b643eab1ce1cbd735a286dc884c8e36ddf69e3e3d53bd9b4e52"
    "8a9bf82cf499a885c359b2e964933d0653cd456338c53324779bb986f047fb738fd3aaf63bdfd205a55f62dcb6c0458b"
    "ee5121c7f390ab91c224ec361c3cab884ba619f2d44de390eba692b9db7b2cc357b0c73f8e55cf61531db3eb78827bd5"
    "e0fc99c8f3f2845e416bcfefdb72717a24fc7bd60c28de6ca8d9a9dc90f8f117bad89742d72f3c429a1b216558ee6c0b"
    "fef317c33f98d7c1a75e14d8d49525ed";

typedef struct {
    mbedtls_mpi n, d, x;
    uint8_t key[KEY_LEN], em[LEN], signature[LEN + 1];
    psa_algorithm_t alg;
    rsa_hash_t hash;
} signer_t;

static void setup(signer_t *s)
{
    static const uint8_t head[] = {0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00};
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    memset(s, 0, sizeof *s);
    mbedtls_mpi_read_string(&s->n, 16, public_number);
    mbedtls_mpi_read_string(&s->d, 16, private_number);
    memcpy(s->key, head, sizeof head);
    mbedtls_mpi_write_binary(&s->n, s->key + sizeof head, LEN);
    memcpy(s->key + sizeof head + LEN, exponent, sizeof exponent);
}

static void teardown(signer_t *s)
{
    mbedtls_mpi_free(&s->n);
    mbedtls_mpi_free(&s->d);
    mbedtls_mpi_free(&s->x);
}

static void use_hash(signer_t *s, unsigned which)
{
    rsa_draw_hash(&s->hash, which);
}

static void sign_em(signer_t *s)
{
    mbedtls_mpi_read_binary(&s->x, s->em, LEN);
    mbedtls_mpi_exp_mod(&s->x, &s->x, &s->d, &s->n, NULL);
    mbedtls_mpi_write_binary(&s->x, s->signature, LEN);
}

static psa_key_attributes_t attributes(void)
{
    psa_key_attributes_t made = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&made, PSA_KEY_TYPE_RSA_PUBLIC_KEY);
    psa_set_key_bits(&made, 8 * LEN);
    return made;
}

static psa_status_t ours(const signer_t *s, size_t hash_len, size_t len)
{
    psa_key_attributes_t type = attributes();
    return driver_verify_hash(&type, s->key, KEY_LEN, s->alg, s->hash.bytes, hash_len, s->signature, len);
}

static psa_status_t theirs(const signer_t *s, size_t hash_len, size_t len)
{
    psa_key_attributes_t type = attributes();
    return mbedtls_psa_rsa_verify_hash(&type, s->key, KEY_LEN, s->alg, s->hash.bytes, hash_len, s->signature,
                                       len);
}

// What both say; -1 if they differ.
static int both(const signer_t *s)
{
    psa_status_t status = ours(s, s->hash.len, LEN);
    return status == theirs(s, s->hash.len, LEN) ? status : -1;
}

static void encode_pkcs1(signer_t *s)
{
    rsa_encode_pkcs1(s->em, LEN, &s->hash);
}

static void encode_pss(signer_t *s, size_t salt_len)
{
    rsa_encode_pss(s->em, LEN, &s->hash, salt_len);
}

// Every byte of the encoded message counts.
static void pkcs1_every_byte(void)
{
    signer_t s;
    setup(&s);
    for (unsigned which = 0; which < 3; which++) {
        use_hash(&s, which);
        s.alg = PSA_ALG_RSA_PKCS1V15_SIGN(s.hash.alg);
        encode_pkcs1(&s);
        sign_em(&s);
        REQUIRE_INT(both(&s), PSA_SUCCESS);
        for (size_t i = which; i < LEN; i += 3 * STRIDE) {
            s.em[i] ^= (uint8_t)(i == 0 ? 1 : 1 << next() % 8);
            sign_em(&s);
            REQUIRE_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
            encode_pkcs1(&s);
        }
    }
    teardown(&s);
}

// Paddings that end early, with what is behind moved up, and no NULL in the algorithm: Bleichenbacher's forgeries.
static void pkcs1_short_padding(void)
{
    signer_t s;
    setup(&s);
    use_hash(&s, 0);
    s.alg = PSA_ALG_RSA_PKCS1V15_SIGN(s.hash.alg);
    for (size_t by = 1; by < 200; by += 1 + 10 * STRIDE) {
        encode_pkcs1(&s);
        memmove(s.em + 10, s.em + 10 + by, LEN - 10 - by);
        sign_em(&s);
        REQUIRE_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
    }
    encode_pkcs1(&s);
    uint8_t *info = s.em + LEN - 51;
    memmove(info + 2, info, 15);
    memset(info, 0xff, 2);
    info[-1] = 0xff;
    info[1] = 0;
    info[3] -= 2;
    info[5] -= 2;
    sign_em(&s);
    CHECK_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
    teardown(&s);
}

// The standard length, and any other if any is allowed, up to all there is room for.
static void pss_salt_lengths(void)
{
    signer_t s;
    setup(&s);
    for (unsigned which = 0; which < 3; which++) {
        use_hash(&s, which);
        size_t most = LEN - s.hash.len - 2;
        const size_t lengths[] = {0, 1, s.hash.len - 1, s.hash.len, s.hash.len + 1, most - 1, most};
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            if (STRIDE > 1 && lengths[i] != s.hash.len && lengths[i] != most)
                continue;
            encode_pss(&s, lengths[i]);
            sign_em(&s);
            s.alg = PSA_ALG_RSA_PSS_ANY_SALT(s.hash.alg);
            REQUIRE_INT(both(&s), PSA_SUCCESS);
            s.alg = PSA_ALG_RSA_PSS(s.hash.alg);
            REQUIRE_INT(both(&s), lengths[i] == s.hash.len ? PSA_SUCCESS : PSA_ERROR_INVALID_SIGNATURE);
        }
    }
    teardown(&s);
}

// No byte of it may be another; nothing but zeros before the 1.
static void pss_every_byte(void)
{
    signer_t s;
    setup(&s);
    use_hash(&s, 0);
    s.alg = PSA_ALG_RSA_PSS_ANY_SALT(s.hash.alg);
    for (size_t i = 0; i < LEN; i += STRIDE) {
        encode_pss(&s, 32);
        s.em[i] ^= (uint8_t)(1 << next() % (i == 0 ? 7 : 8));
        sign_em(&s);
        REQUIRE_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
    }
    do
        encode_pss(&s, 32);
    while (s.em[0] >= 0x5c);
    s.em[0] |= 0x80; // below the modulus, whose first byte is dc
    sign_em(&s);
    REQUIRE_INT(both(&s), PSA_ERROR_INVALID_ARGUMENT);
    memset(s.em, 0, LEN); // nothing but zeros
    sign_em(&s);
    REQUIRE_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
    teardown(&s);
}

static void lengths_and_limits(void)
{
    signer_t s;
    setup(&s);
    use_hash(&s, 0);
    encode_pkcs1(&s);
    sign_em(&s);
    for (int pss = 0; pss < 2; pss++) {
        s.alg = pss ? PSA_ALG_RSA_PSS(s.hash.alg) : PSA_ALG_RSA_PKCS1V15_SIGN(s.hash.alg);
        for (size_t len = 0; len <= LEN + 1; len += len == 1 ? LEN - 2 : 1) {
            if (len != LEN)
                CHECK_INT(ours(&s, s.hash.len, len), PSA_ERROR_INVALID_SIGNATURE);
            CHECK_INT(ours(&s, s.hash.len, len), theirs(&s, s.hash.len, len));
        }
        for (size_t len = 0; len <= 64; len += 16)
            CHECK_INT(ours(&s, len, LEN), theirs(&s, len, LEN));
    }
    memcpy(s.signature, s.key + 9, LEN); // the modulus itself, then more
    CHECK_INT(both(&s), PSA_ERROR_INVALID_ARGUMENT);
    memset(s.signature, 0xff, LEN);
    CHECK_INT(both(&s), PSA_ERROR_INVALID_ARGUMENT);
    memset(s.signature, 0, LEN);
    CHECK_INT(both(&s), PSA_ERROR_INVALID_SIGNATURE);
    teardown(&s);
}

// Left to Mbed TLS: other exponents, sizes, hashes and encodings of the key.
static void what_is_not_ours(void)
{
    signer_t s;
    setup(&s);
    use_hash(&s, 0);
    s.alg = PSA_ALG_RSA_PKCS1V15_SIGN(s.hash.alg);
    for (size_t i = 0; i < 14; i++) {
        size_t at = i < 9 ? i : LEN + i;
        s.key[at] ^= 2;
        CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_NOT_SUPPORTED);
        s.key[at] ^= 2;
    }
    s.key[9] ^= 0x80; // a modulus of less bits
    CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_NOT_SUPPORTED);
    s.key[9] ^= 0x80;
    psa_key_attributes_t type = attributes();
    for (size_t len = 0; len < KEY_LEN; len += 5)
        CHECK_INT(driver_verify_hash(&type, s.key, len, s.alg, s.hash.bytes, 32, s.signature, LEN),
                  PSA_ERROR_NOT_SUPPORTED);
    s.alg = PSA_ALG_RSA_PKCS1V15_SIGN_RAW;
    CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_NOT_SUPPORTED);
    s.alg = PSA_ALG_RSA_PKCS1V15_SIGN(PSA_ALG_SHA_1);
    CHECK_INT(ours(&s, 20, LEN), PSA_ERROR_NOT_SUPPORTED);
    s.alg = PSA_ALG_ECDSA(PSA_ALG_SHA_256);
    CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_NOT_SUPPORTED);
    psa_set_key_type(&type, PSA_KEY_TYPE_RSA_KEY_PAIR);
    s.alg = PSA_ALG_RSA_PSS(PSA_ALG_SHA_256);
    CHECK_INT(driver_verify_hash(&type, s.key, KEY_LEN, s.alg, s.hash.bytes, 32, s.signature, LEN),
              PSA_ERROR_NOT_SUPPORTED);
    teardown(&s);
}

// No memory, and nobody waiting any more, are errors, and nothing is kept.
static void without_memory(void)
{
    signer_t s;
    setup(&s);
    use_hash(&s, 0);
    encode_pkcs1(&s);
    sign_em(&s);
    s.alg = PSA_ALG_RSA_PKCS1V15_SIGN(s.hash.alg);
    size_t used = arena_used();
    arena_fail_at(1);
    CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_INSUFFICIENT_MEMORY);
    arena_fail_at(0);
    driver_set_go_on(three_times);
    asked = 0;
    CHECK_INT(ours(&s, 32, LEN), PSA_ERROR_INSUFFICIENT_MEMORY);
    driver_set_go_on(NULL);
    CHECK(arena_used() == used && arena_check());
    CHECK_INT(ours(&s, 32, LEN), PSA_SUCCESS);
    teardown(&s);
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(rows);
    RUN(squares);
    RUN(powers);
    RUN(edges);
    RUN(is_stopped);
    RUN(pkcs1_every_byte);
    RUN(pkcs1_short_padding);
    RUN(pss_salt_lengths);
    RUN(pss_every_byte);
    RUN(lengths_and_limits);
    RUN(what_is_not_ours);
    RUN(without_memory);
    return check_done();
}
