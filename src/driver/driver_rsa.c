// RFC 8017: RSASSA-PKCS1-v1_5 (section 8.2.2) and RSASSA-PSS (8.1.2), verification.
#include <string.h>

#include <mbedtls/platform.h>

#include "driver.h"
#include "driver_psa.h"
#include "picket/options.h"

#if !PICKET_STOCK_CRYPTO

#include "../kernels/rsa.h"

#define HASH_MAX 64u

typedef struct {
    const uint8_t *modulus;
    size_t len; // of it, and so of a signature and of an encoded message
    psa_algorithm_t alg, hash_alg;
    const uint8_t *hash;
    size_t hash_len;
} check_t;

// --- What it is about

// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }: as Mbed TLS writes it. Other moduli and exponents
// than ours make other headers, or begin with zeros.
static bool read_key(check_t *c, const uint8_t *key, size_t key_len)
{
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    if (key_len < RSA_MIN + 14 || key_len > RSA_MAX + 14)
        return false;
    size_t len = key_len - 14, all = len + 10, number = len + 1;
    const uint8_t header[] = {0x30, 0x82, (uint8_t)(all >> 8),    (uint8_t)all,
                              0x02, 0x82, (uint8_t)(number >> 8), (uint8_t)number,
                              0x00};
    c->modulus = key + sizeof header;
    c->len = len;
    return len % 4 == 0 && c->modulus[0] & 0x80 && memcmp(key, header, sizeof header) == 0 &&
           memcmp(c->modulus + len, exponent, sizeof exponent) == 0;
}

static size_t length_of(psa_algorithm_t hash_alg)
{
    return hash_alg == PSA_ALG_SHA_256   ? 32
           : hash_alg == PSA_ALG_SHA_384 ? 48
           : hash_alg == PSA_ALG_SHA_512 ? 64
                                         : 0;
}

// --- Encoded messages

static bool all_are(const uint8_t *bytes, size_t len, uint8_t value)
{
    while (len > 0 && bytes[len - 1] == value)
        len--;
    return len == 0;
}

// 00 01 FF ... FF 00, the DigestInfo up to the hash, the hash: every byte is compared (section 9.2).
static psa_status_t check_pkcs1(const check_t *c, const uint8_t *em)
{
    uint8_t info[] = {0x30, 0, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                      0x65, 3, 0x04, 0x02, 0,    0x05, 0x00, 0x04, 0};
    info[1] = (uint8_t)(sizeof info - 2 + c->hash_len);
    info[14] = c->hash_alg == PSA_ALG_SHA_256 ? 1 : c->hash_alg == PSA_ALG_SHA_384 ? 2 : 3;
    info[18] = (uint8_t)c->hash_len;
    size_t hash_at = c->len - c->hash_len, info_at = hash_at - sizeof info, zero_at = info_at - 1;
    bool same = em[0] == 0 && em[1] == 1 && all_are(em + 2, zero_at - 2, 0xff) && em[zero_at] == 0 &&
                memcmp(em + info_at, info, sizeof info) == 0 &&
                memcmp(em + hash_at, c->hash, c->hash_len) == 0;
    return same ? PSA_SUCCESS : PSA_ERROR_INVALID_SIGNATURE;
}

typedef struct {
    const uint8_t *bytes;
    size_t len;
} piece_t;

// out = hash(the pieces).
static psa_status_t hash_pieces(const check_t *c, uint8_t out[HASH_MAX], const piece_t *pieces, size_t n)
{
    psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
    psa_status_t status = psa_hash_setup(&operation, c->hash_alg);
    for (size_t i = 0; i < n && status == PSA_SUCCESS; i++)
        status = psa_hash_update(&operation, pieces[i].bytes, pieces[i].len);
    size_t len;
    if (status == PSA_SUCCESS)
        status = psa_hash_finish(&operation, out, HASH_MAX, &len);
    (void)psa_hash_abort(&operation);
    return status;
}

// db ^= MGF1(seed), section B.2.1.
static psa_status_t unmask(const check_t *c, uint8_t *db, size_t db_len, const uint8_t *seed)
{
    uint8_t mask[HASH_MAX], counter[4] = {0};
    const piece_t pieces[] = {{seed, c->hash_len}, {counter, sizeof counter}};
    for (size_t at = 0; at < db_len; at += c->hash_len, counter[3]++) {
        psa_status_t status = hash_pieces(c, mask, pieces, 2);
        if (status != PSA_SUCCESS)
            return status;
        for (size_t i = 0; i < c->hash_len && at + i < db_len; i++)
            db[at + i] ^= mask[i];
    }
    return PSA_SUCCESS;
}

// As Mbed TLS has it: the length of the hash or what there is room for, or any.
static bool is_salt_len(const check_t *c, size_t len)
{
    size_t room = c->len - 2 - c->hash_len;
    return PSA_ALG_IS_RSA_PSS_ANY_SALT(c->alg) || len == (room < c->hash_len ? room : c->hash_len);
}

// The masked 00 ... 00 01 and salt, then hash(8 zeros, the hash, salt), BC (section 9.1.2). The modulus has 8 len bits: the
// uppermost is 0.
static psa_status_t check_pss(const check_t *c, uint8_t *em)
{
    static const uint8_t zeros[8];
    size_t db_len = c->len - c->hash_len - 1, at = 0;
    const uint8_t *h = em + db_len;
    if (em[c->len - 1] != 0xbc)
        return PSA_ERROR_INVALID_SIGNATURE;
    if (em[0] & 0x80)
        return PSA_ERROR_INVALID_ARGUMENT;
    psa_status_t status = unmask(c, em, db_len, h);
    if (status != PSA_SUCCESS)
        return status;
    em[0] &= 0x7f;
    while (at < db_len - 1 && em[at] == 0)
        at++;
    if (em[at++] != 1 || !is_salt_len(c, db_len - at))
        return PSA_ERROR_INVALID_SIGNATURE;
    uint8_t wanted[HASH_MAX];
    const piece_t pieces[] = {{zeros, sizeof zeros}, {c->hash, c->hash_len}, {em + at, db_len - at}};
    status = hash_pieces(c, wanted, pieces, 3);
    if (status != PSA_SUCCESS)
        return status;
    return memcmp(h, wanted, c->hash_len) == 0 ? PSA_SUCCESS : PSA_ERROR_INVALID_SIGNATURE;
}

// --- Verification

static psa_status_t check(const check_t *c, const uint8_t *signature, uint32_t *work)
{
    int error = rsa_public(work, c->modulus, signature, c->len, driver_go_on());
    if (error == KERNEL_STOPPED)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    if (error != 0)
        return PSA_ERROR_INVALID_ARGUMENT;
    uint8_t *em = (uint8_t *)work;
    return PSA_ALG_IS_RSA_PSS(c->alg) ? check_pss(c, em) : check_pkcs1(c, em);
}

psa_status_t driver_verify_rsa(const psa_key_attributes_t *attributes, const uint8_t *key, size_t key_len,
                               psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                               const uint8_t *signature, size_t signature_len)
{
    check_t c = {.alg = alg, .hash_alg = PSA_ALG_SIGN_GET_HASH(alg), .hash = hash, .hash_len = hash_len};
    size_t wanted = length_of(c.hash_alg);
    if ((!PSA_ALG_IS_RSA_PKCS1V15_SIGN(alg) && !PSA_ALG_IS_RSA_PSS(alg)) || wanted == 0 ||
        psa_get_key_type(attributes) != PSA_KEY_TYPE_RSA_PUBLIC_KEY || !read_key(&c, key, key_len))
        return PSA_ERROR_NOT_SUPPORTED;
    if (hash_len != wanted)
        return PSA_ERROR_INVALID_ARGUMENT;
    if (signature_len != c.len)
        return PSA_ERROR_INVALID_SIGNATURE;
    uint32_t *work = mbedtls_calloc(RSA_WORK(c.len), sizeof *work);
    if (work == NULL)
        return PSA_ERROR_INSUFFICIENT_MEMORY;
    psa_status_t status = check(&c, signature, work);
    mbedtls_free(work);
    return status;
}

#endif
