#include "trust.h"

#include <string.h>

#include <mbedtls/oid.h>

#include "arena.h"
#include "clock.h"
#include "trust_der.h"

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

// --- From an anchor to a certificate

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
    int code =
        mbedtls_x509_crt_parse_der_with_ext_cb(crt, der, anchor->der_len, 1, trust_read_extension, NULL);
    picket_arena_free(der);
    return code;
}

static int parse_made(mbedtls_x509_crt *crt, const picket_anchor_t *anchor)
{
    size_t len = trust_make_len(anchor);
    if (len == 0)
        return MBEDTLS_ERR_X509_INVALID_FORMAT;
    uint8_t *der = arena_calloc_short(1, len);
    if (der == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    trust_make(anchor, der);
    int code = mbedtls_x509_crt_parse_der(crt, der, len);
    picket_arena_free(der);
    return code;
}

// The store's bytes are parsed in place, not copied: they outlive the check. An anchor's own signature proves
// nothing and is never checked, so that one by SHA-1, which one root of the web in five has and Mbed TLS does
// not know here, must not keep it from being read.
static int parse_anchor(mbedtls_x509_crt *crt, const picket_anchor_t *anchor)
{
    if (anchor->name_len != 0)
        return parse_made(crt, anchor);
    int code = mbedtls_x509_crt_parse_der_with_ext_cb(crt, anchor->der, anchor->der_len, 0,
                                                      trust_read_extension, NULL);
    if (code == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND)
        code = parse_renamed(crt, anchor);
    return code;
}

// NULL: it cannot be read, or (arena_failures tells) there is no memory.
static mbedtls_x509_crt *parse(const picket_anchor_t *anchor)
{
    mbedtls_x509_crt *crt = arena_calloc_short(1, sizeof *crt);
    if (crt == NULL)
        return NULL;
    mbedtls_x509_crt_init(crt);
    if (parse_anchor(crt, anchor) == 0)
        return crt;
    trust_free(crt);
    return NULL;
}

void trust_free(mbedtls_x509_crt *list)
{
    if (list == NULL)
        return;
    mbedtls_x509_crt_free(list); // and what is linked to it
    picket_arena_free(list);
}

// --- Which anchors may have issued a certificate

bool trust_in_time(const mbedtls_x509_crt *crt)
{
    return !mbedtls_x509_time_is_past(&crt->valid_to) && !mbedtls_x509_time_is_future(&crt->valid_from);
}

bool trust_keys_agree(const mbedtls_x509_crt *parent, const mbedtls_x509_crt *child)
{
    const mbedtls_x509_buf *wanted = &child->authority_key_id.keyIdentifier, *has = &parent->subject_key_id;
    return wanted->len == 0 || has->len == 0 ||
           (wanted->len == has->len && memcmp(wanted->p, has->p, has->len) == 0);
}

static bool is_distrusted(const trust_search_t *search, const picket_anchor_t *anchor)
{
    mbedtls_x509_time last;
    if (anchor->distrust_after == 0 || search->issued == NULL)
        return false;
    clock_civil(anchor->distrust_after, &last.year, &last.mon, &last.day, &last.hour, &last.min, &last.sec);
    return mbedtls_x509_time_cmp(search->issued, &last) > 0;
}

static bool may_lead(const trust_search_t *search, const mbedtls_x509_crt *anchor,
                     const mbedtls_x509_crt *child)
{
    return trust_keys_agree(anchor, child) && (search->any_time || trust_in_time(anchor));
}

// One that Mbed TLS cannot read (an algorithm it does not have) is passed over: it can vouch for nobody.
static mbedtls_x509_crt *candidate(const trust_search_t *search, const picket_anchor_t *anchor,
                                   const mbedtls_x509_crt *child)
{
    if (is_distrusted(search, anchor))
        return NULL;
    mbedtls_x509_crt *crt = parse(anchor);
    if (crt != NULL && !may_lead(search, crt, child)) {
        trust_free(crt);
        return NULL;
    }
    return crt;
}

int trust_find_issuers(const trust_search_t *search, const mbedtls_x509_crt *child, unsigned max,
                       mbedtls_x509_crt **candidates)
{
    const picket_trust_t *store = search->store;
    mbedtls_x509_crt *list = NULL, **end = &list;
    uint32_t failures = arena_failures();
    uint32_t hash = picket_trust_hash(child->issuer_raw.p, child->issuer_raw.len);
    for (size_t i = find(store, hash); max > 0 && i < store->count && store->anchors[i].subject_hash == hash;
         i++) {
        mbedtls_x509_crt *crt = candidate(search, &store->anchors[i], child);
        if (crt != NULL) {
            *end = crt;
            end = &crt->next;
            max--;
        }
        if (arena_failures() != failures) {
            trust_free(list);
            return MBEDTLS_ERR_X509_ALLOC_FAILED;
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
        if (anchor->name_len == 0 && anchor->der_len == crt->raw.len &&
            memcmp(anchor->der, crt->raw.p, crt->raw.len) == 0)
            return true;
    }
    return false;
}
