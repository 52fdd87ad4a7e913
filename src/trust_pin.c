// trust_pin.c: keys that are known beforehand.

#include <string.h>

#include <psa/crypto.h>

#include "base64.h"
#include "trust.h"
#include "trust_der.h"

static const char form[] = "sha256//";

// 43 digits and the padding.
#define DIGITS 44u

int picket_pin_parse(const char *text, size_t len, picket_pin_t *pin)
{
    uint8_t hash[DIGITS / 4 * 3];
    size_t got;
    if (text == NULL || pin == NULL)
        return PICKET_ERR_ARG;
    if (len != sizeof form - 1 + DIGITS || memcmp(text, form, sizeof form - 1) != 0 ||
        !base64_decode(text + sizeof form - 1, DIGITS, hash, &got) || got != TRUST_HASH)
        return PICKET_ERR_TRUST_FORMAT;
    memcpy(pin->sha256, hash, TRUST_HASH);
    pin->name = NULL;
    return 0;
}

static bool hash_of(const uint8_t *bytes, size_t len, uint8_t sha256[TRUST_HASH])
{
    size_t got;
    return psa_hash_compute(PSA_ALG_SHA_256, bytes, len, sha256, TRUST_HASH, &got) == PSA_SUCCESS;
}

int picket_pin_of(const void *der, size_t len, picket_pin_t *pin)
{
    const uint8_t *key;
    size_t key_len;
    if (der == NULL || pin == NULL)
        return PICKET_ERR_ARG;
    if (!der_key(der, len, &key, &key_len) || !hash_of(key, key_len, pin->sha256))
        return PICKET_ERR_TRUST_FORMAT;
    pin->name = NULL;
    return 0;
}

bool trust_is_pins_only(const picket_trust_t *store)
{
    return (store->anchors == NULL || store->count == 0) && trust_has_pins(store);
}

bool trust_has_pins(const picket_trust_t *store)
{
    return store->pins != NULL && store->pin_count > 0;
}

bool trust_key_hash(const mbedtls_x509_crt *crt, uint8_t sha256[TRUST_HASH])
{
    return hash_of(crt->pk_raw.p, crt->pk_raw.len, sha256);
}

const picket_pin_t *trust_pin_of(const picket_trust_t *store, const mbedtls_x509_crt *crt)
{
    uint8_t hash[TRUST_HASH];
    if (!trust_has_pins(store) || !trust_key_hash(crt, hash))
        return NULL;
    for (size_t i = 0; i < store->pin_count; i++) {
        if (memcmp(store->pins[i].sha256, hash, sizeof hash) == 0)
            return &store->pins[i];
    }
    return NULL;
}
