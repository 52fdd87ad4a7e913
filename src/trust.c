#include "trust.h"

#include <string.h>

#include <mbedtls/oid.h>

#include "arena.h"
#include "trust_der.h"

// Namesakes among the anchors that are tried for one certificate: each may cost a signature check.
#define NAMESAKES 16

// The first anchor with this hash, or where it would be.
static size_t find(const picket_trust_t *store, uint32_t hash)
{
    size_t low = 0, high = store->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (store->anchors[middle].subject_hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// "sha1WithRSAEncryption" is one byte away from "sha256WithRSAEncryption".
static void rename_signature(uint8_t *der, size_t len)
{
    static const uint8_t sha1[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
                                   0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05};
    const uint8_t *names[2];
    if (!der_signature_names(der, len, names))
        return;
    for (int i = 0; i < 2; i++) {
        uint8_t *name = der + (names[i] - der);
        if ((size_t)(der + len - name) >= sizeof sha1 && memcmp(name, sha1, sizeof sha1) == 0)
            name[sizeof sha1 - 1] = 0x0b;
    }
}

static int parse_renamed(mbedtls_x509_crt *crt, const picket_anchor_t *anchor)
{
    uint8_t *der = arena_calloc_short(1, anchor->der_len);
    if (der == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    memcpy(der, anchor->der, anchor->der_len);
    rename_signature(der, anchor->der_len);
    int code = mbedtls_x509_crt_parse_der(crt, der, anchor->der_len);
    picket_arena_free(der);
    return code;
}

// The store's bytes are parsed in place, not copied: they outlive the check. An anchor's own signature proves
// nothing and is never checked, so that one by SHA-1, which one root of the web in five has and Mbed TLS does
// not know here, must not keep it from being read.
static mbedtls_x509_crt *parse(const picket_anchor_t *anchor, int *code)
{
    mbedtls_x509_crt *crt = arena_calloc_short(1, sizeof *crt);
    if (crt == NULL) {
        *code = MBEDTLS_ERR_X509_ALLOC_FAILED;
        return NULL;
    }
    mbedtls_x509_crt_init(crt);
    *code = mbedtls_x509_crt_parse_der_nocopy(crt, anchor->der, anchor->der_len);
    if (*code == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND)
        *code = parse_renamed(crt, anchor);
    if (*code == 0)
        return crt;
    mbedtls_x509_crt_free(crt);
    picket_arena_free(crt);
    return NULL;
}

static void free_list(mbedtls_x509_crt *list)
{
    mbedtls_x509_crt_free(list); // and what is linked to it
    picket_arena_free(list);
}

// An anchor that Mbed TLS cannot read (an algorithm it does not have) is passed over: it can vouch for
// nobody.
int trust_find_issuers(const picket_trust_t *store, const mbedtls_x509_crt *child,
                       mbedtls_x509_crt **candidates)
{
    mbedtls_x509_crt *list = NULL, **end = &list;
    uint32_t failures = arena_failures();
    uint32_t hash = picket_trust_hash(child->issuer_raw.p, child->issuer_raw.len);
    size_t i = find(store, hash);
    for (size_t tried = 0; tried < NAMESAKES && i < store->count && store->anchors[i].subject_hash == hash;
         tried++) {
        int code;
        mbedtls_x509_crt *crt = parse(&store->anchors[i++], &code);
        if (arena_failures() != failures) {
            if (crt != NULL)
                free_list(crt);
            if (list != NULL)
                free_list(list);
            return MBEDTLS_ERR_X509_ALLOC_FAILED;
        }
        if (crt != NULL) {
            *end = crt;
            end = &crt->next;
        }
    }
    *candidates = list;
    return 0;
}

bool trust_knows(const picket_trust_t *store, const mbedtls_x509_buf *name)
{
    uint32_t hash = picket_trust_hash(name->p, name->len);
    size_t i = find(store, hash);
    return i < store->count && store->anchors[i].subject_hash == hash;
}

bool trust_contains(const picket_trust_t *store, const mbedtls_x509_crt *crt)
{
    uint32_t hash = picket_trust_hash(crt->subject_raw.p, crt->subject_raw.len);
    for (size_t i = find(store, hash); i < store->count && store->anchors[i].subject_hash == hash; i++) {
        const picket_anchor_t *anchor = &store->anchors[i];
        if (anchor->der_len == crt->raw.len && memcmp(anchor->der, crt->raw.p, crt->raw.len) == 0)
            return true;
    }
    return false;
}
