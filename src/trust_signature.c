// trust_signature.c: who signed a file. See trust_digest.h.
#include "trust_digest.h"

#include <string.h>

#include <psa/crypto.h>

#include "picket/error.h"
#include "tls_stack.h"
#include "trust_der.h"

#define POINT    65u // SEC 1 section 2.3.3: 04, x, y
#define NUMBER   32u
#define SEQUENCE 0x30
#define INTEGER  0x02

// RFC 5480 section 2: SubjectPublicKeyInfo of id-ecPublicKey, prime256v1, up to the point.
static const uint8_t info[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
                               0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

const uint8_t *trust_signature_point(const void *key, size_t len)
{
    const uint8_t *bytes = key;
    if (len == sizeof info + POINT && memcmp(bytes, info, sizeof info) == 0) {
        bytes += sizeof info;
        len -= sizeof info;
    }
    return len == POINT && bytes[0] == 4 ? bytes : NULL;
}

// A positive INTEGER (minimal, X.690 section 8.3.2) of at most 32 bytes, right-aligned.
static bool take_number(const uint8_t **bytes, size_t *len, uint8_t number[NUMBER])
{
    der_t element;
    if (!der_take(bytes, len, INTEGER, &element) || element.len == 0 || (element.body[0] & 0x80) != 0)
        return false;
    if (element.len > 1 && element.body[0] == 0) {
        if ((element.body[1] & 0x80) == 0)
            return false;
        element.body++;
        element.len--;
    }
    if (element.len > NUMBER)
        return false;
    memset(number, 0, NUMBER);
    memcpy(number + NUMBER - element.len, element.body, element.len);
    return true;
}

// RFC 3279 section 2.2.3: Ecdsa-Sig-Value, and nothing behind it.
static bool take_apart(const uint8_t *bytes, size_t len, uint8_t pair[2 * NUMBER])
{
    der_t both;
    if (!der_take(&bytes, &len, SEQUENCE, &both) || len != 0)
        return false;
    return take_number(&both.body, &both.len, pair) && take_number(&both.body, &both.len, pair + NUMBER) &&
           both.len == 0;
}

typedef struct question {
    const uint8_t *point, *sha256;
    uint8_t pair[2 * NUMBER];
} question_t;

static int verify(void *arg)
{
    const question_t *q = arg;
    const psa_algorithm_t alg = PSA_ALG_ECDSA(PSA_ALG_SHA_256);
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_key_id_t key;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1));
    psa_set_key_bits(&attributes, 256);
    psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_VERIFY_HASH);
    psa_set_key_algorithm(&attributes, alg);
    psa_status_t status = psa_import_key(&attributes, q->point, POINT, &key);
    if (status != PSA_SUCCESS)
        return status == PSA_ERROR_INVALID_ARGUMENT ? PICKET_ERR_ARG : PICKET_ERR_NO_MEMORY;
    status = psa_verify_hash(key, alg, q->sha256, TRUST_DIGEST, q->pair, sizeof q->pair);
    psa_destroy_key(key);
    if (status == PSA_SUCCESS)
        return 0;
    return status == PSA_ERROR_INSUFFICIENT_MEMORY ? PICKET_ERR_NO_MEMORY : PICKET_ERR_SIGNATURE;
}

int trust_signature_check(const uint8_t *point, const uint8_t sha256[TRUST_DIGEST], const void *signature,
                          size_t len)
{
    question_t q = {.point = point, .sha256 = sha256};
    if (!take_apart(signature, len, q.pair))
        return PICKET_ERR_SIGNATURE;
    return tls_stack_call(verify, &q);
}
