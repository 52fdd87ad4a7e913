// vectors: runs the lines of a file through the driver; on Linux its argument, on a board QEMU's -semihosting-config arg=.
//
//   x25519 OUT PRIVATE PUBLIC        OUT is "-" if it is to be refused
//   ecdh OUT PRIVATE PUBLIC          the same on P-256
//   p1363 ok|bad KEY HASH SIGNATURE  r and s; any length
//   der ok|bad KEY HASH SIGNATURE    as in X.509 and TLS
//   pkcs1 ok|bad KEY HASH SIGNATURE  RSA; the hash's length tells which it is
//   pss ok|bad KEY HASH SIGNATURE    a salt of the hash's length
//   salt ok|bad KEY HASH SIGNATURE   a salt of any length
//   chacha20_poly1305 ok|bad KEY NONCE AAD TEXT SEALED
//   aes_gcm ok|bad KEY NONCE AAD TEXT SEALED
//
// All in hexadecimal, an empty one as "-". Prints "vectors: N good, M bad".
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mbedtls/psa_util.h>

#include "arena.h"
#define DRIVER_HAS_AES 1 // on computers too, whose Mbed TLS has the processor's
#include "driver/driver_aead.c"

enum { SIZE = 65536, FIELD = 4352 };

#if PICKET_MPS2_AN385 || PICKET_MPS2_AN505
#include "mps2_semihosting.h"
#endif

static _Alignas(8) uint8_t arena[16 * 1024]; // what Mbed TLS allocates from
static char text[SIZE + 1];
static unsigned good, bad;

typedef struct {
    uint8_t bytes[FIELD + 1];
    size_t len;
} field_t;

static field_t fields[5];

static bool parse(field_t *field, const char *hex)
{
    field->len = 0;
    if (strcmp(hex, "-") == 0)
        return true;
    for (; hex[0] != '\0' && hex[1] != '\0' && field->len < FIELD; hex += 2) {
        char digits[3] = {hex[0], hex[1], '\0'};
        field->bytes[field->len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return hex[0] == '\0';
}

static psa_key_attributes_t attributes(psa_key_type_t type, size_t bits)
{
    psa_key_attributes_t made = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&made, type);
    psa_set_key_bits(&made, bits);
    return made;
}

static bool agrees(bool x25519, const field_t *wanted, const field_t *key, const field_t *peer)
{
    psa_ecc_family_t family = x25519 ? PSA_ECC_FAMILY_MONTGOMERY : PSA_ECC_FAMILY_SECP_R1;
    psa_key_attributes_t type = attributes(PSA_KEY_TYPE_ECC_KEY_PAIR(family), x25519 ? 255 : 256);
    uint8_t out[32];
    size_t len = 0;
    psa_status_t status = driver_key_agreement(&type, key->bytes, key->len, PSA_ALG_ECDH, peer->bytes,
                                               peer->len, out, sizeof out, &len);
    if (wanted->len == 0)
        return status == PSA_ERROR_INVALID_ARGUMENT && len == 0;
    return status == PSA_SUCCESS && len == wanted->len && memcmp(out, wanted->bytes, len) == 0;
}

// As PSA tells it from a point's length.
static size_t bits_of(const field_t *key)
{
    return 8 * (key->len - 1) / 2;
}

static psa_status_t verify(const field_t *key, const field_t *hash, const uint8_t *signature, size_t len)
{
    psa_key_attributes_t type = attributes(PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), bits_of(key));
    return driver_verify_hash(&type, key->bytes, key->len, PSA_ALG_ECDSA_ANY, hash->bytes, hash->len,
                              signature, len);
}

static bool verify_der(const field_t *key, const field_t *hash, const field_t *signature)
{
    uint8_t raw[96];
    size_t len;
    return mbedtls_ecdsa_der_to_raw(bits_of(key), signature->bytes, signature->len, raw, sizeof raw, &len) ==
               0 &&
           verify(key, hash, raw, len) == PSA_SUCCESS;
}

// Both ways; of what is refused nothing is written.
static bool seals(psa_key_type_t key_type, psa_algorithm_t alg, const field_t *f, bool valid)
{
    const field_t *key = &f[0], *nonce = &f[1], *aad = &f[2], *plain = &f[3], *sealed = &f[4];
    static uint8_t out[FIELD];
    psa_key_attributes_t type = attributes(key_type, 8 * key->len);
    size_t len = 0;
    memset(out, 0x5a, sizeof out);
    psa_status_t status =
        driver_aead_decrypt(&type, key->bytes, key->len, alg, nonce->bytes, nonce->len, aad->bytes, aad->len,
                            sealed->bytes, sealed->len, out, sizeof out, &len);
    if (!valid) {
        for (size_t i = 0; i < sizeof out; i++)
            status = out[i] == 0x5a ? status : PSA_SUCCESS;
        return status != PSA_SUCCESS && len == 0;
    }
    if (status != PSA_SUCCESS || len != plain->len || memcmp(out, plain->bytes, len) != 0)
        return false;
    status = driver_aead_encrypt(&type, key->bytes, key->len, alg, nonce->bytes, nonce->len, aad->bytes,
                                 aad->len, plain->bytes, plain->len, out, sizeof out, &len);
    return status == PSA_SUCCESS && len == sealed->len && memcmp(out, sealed->bytes, len) == 0;
}

// The library's own, for the exponents that are not ours.
psa_status_t mbedtls_psa_rsa_verify_hash(const psa_key_attributes_t *type, const uint8_t *key, size_t key_len,
                                         psa_algorithm_t alg, const uint8_t *hash, size_t hash_len,
                                         const uint8_t *signature, size_t signature_len);

static bool verify_rsa(const char *kind, const field_t *key, const field_t *hash, const field_t *signature)
{
    psa_algorithm_t alg = hash->len == 32   ? PSA_ALG_SHA_256
                          : hash->len == 48 ? PSA_ALG_SHA_384
                                            : PSA_ALG_SHA_512;
    psa_key_attributes_t type = attributes(PSA_KEY_TYPE_RSA_PUBLIC_KEY, 8 * (key->len - 14));
    alg = strcmp(kind, "pss") == 0    ? PSA_ALG_RSA_PSS(alg)
          : strcmp(kind, "salt") == 0 ? PSA_ALG_RSA_PSS_ANY_SALT(alg)
                                      : PSA_ALG_RSA_PKCS1V15_SIGN(alg);
    psa_status_t status = driver_verify_hash(&type, key->bytes, key->len, alg, hash->bytes, hash->len,
                                             signature->bytes, signature->len);
    if (status == PSA_ERROR_NOT_SUPPORTED)
        status = mbedtls_psa_rsa_verify_hash(&type, key->bytes, key->len, alg, hash->bytes, hash->len,
                                             signature->bytes, signature->len);
    return status == PSA_SUCCESS;
}

static bool is_valid(const char *kind, const field_t *key, const field_t *hash, const field_t *signature)
{
    if (strcmp(kind, "der") == 0)
        return verify_der(key, hash, signature);
    if (strcmp(kind, "p1363") == 0)
        return verify(key, hash, signature->bytes, signature->len) == PSA_SUCCESS;
    return verify_rsa(kind, key, hash, signature);
}

static bool holds(const char *kind, const char *wanted)
{
    static field_t out;
    if (strcmp(kind, "x25519") == 0 || strcmp(kind, "ecdh") == 0)
        return parse(&out, wanted) && agrees(kind[0] == 'x', &out, &fields[0], &fields[1]);
    bool valid = strcmp(wanted, "ok") == 0;
    if (strcmp(kind, "chacha20_poly1305") == 0)
        return seals(PSA_KEY_TYPE_CHACHA20, PSA_ALG_CHACHA20_POLY1305, fields, valid);
    if (strcmp(kind, "aes_gcm") == 0)
        return seals(PSA_KEY_TYPE_AES, PSA_ALG_GCM, fields, valid);
    return is_valid(kind, &fields[0], &fields[1], &fields[2]) == valid;
}

static void run(char *line)
{
    char *words[7] = {NULL};
    int n = 0;
    for (char *word = strtok(line, " "); word != NULL && n < 7; word = strtok(NULL, " "))
        words[n++] = word;
    bool whole = n >= 4;
    for (int i = 2; i < n; i++)
        whole = parse(&fields[i - 2], words[i]) && whole;
    if (whole && holds(words[0], words[1])) {
        good++;
        return;
    }
    bad++;
    printf("wrong: %s %s %s\n", words[0], words[1], n > 2 ? words[2] : "");
}

static int run_all(void)
{
    if (!arena_start(arena, sizeof arena))
        return 2;
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        *end = '\0';
        if (*at != '\0')
            run(at);
    }
    printf("vectors: %u good, %u bad\n", good, bad);
    return bad != 0 || good == 0;
}

#if PICKET_MPS2_AN385 || PICKET_MPS2_AN505
// The file has SIZE bytes, padded with empty lines.
int main(void)
{
    char path[200];
    if (picket_mps2_argument(path, sizeof path) < 0 || picket_mps2_read_file(path, text, SIZE) < 0)
        return 2;
    return run_all();
}
#else
int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (file == NULL)
        return 2;
    size_t len = fread(text, 1, SIZE, file);
    text[len] = '\0';
    fclose(file);
    return run_all();
}
#endif
