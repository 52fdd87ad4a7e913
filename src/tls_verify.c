// Who the server is. Mbed TLS checks chain, signatures, dates and usage against the anchors that
// tls_verify_find_issuer finds, and calls tls_verify_certificate for every certificate of the path, root
// first; the name is checked here.

#include <string.h>

#include "arena.h"
#include "text.h"
#include "tls_private.h"
#include "tls_stack.h"
#include "trust.h"

// A server's certificate that is in the store itself, or whose key is all that counts, needs no path; what the server sent
// behind it could only lead astray.
static bool stand_alone(const picket_trust_t *store, mbedtls_x509_crt *leaf)
{
    if (!trust_is_pins_only(store) && !trust_contains(store, leaf))
        return false;
    trust_free(leaf->next);
    leaf->next = NULL;
    return true;
}

// While a chain is checked nothing is received, and most of the record buffer lies idle: it is lent to the
// arithmetic, which would otherwise be what decides how much memory a handshake needs. Behind the message, and
// whatever came with it in the same record, nothing is kept.
static void lend_record_buffer(tls_t *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    size_t message = ssl->MBEDTLS_PRIVATE(in_hslen), record = ssl->MBEDTLS_PRIVATE(in_msglen);
    uint8_t *from = ssl->MBEDTLS_PRIVATE(in_msg) + (message > record ? message : record);
    uint8_t *end = ssl->MBEDTLS_PRIVATE(in_buf) + MBEDTLS_SSL_IN_CONTENT_LEN;
    if (from < end)
        tls->lent = arena_lend(from, (size_t)(end - from));
}

static void prepare(tls_t *tls, mbedtls_x509_crt *leaf)
{
    tls->search.store = tls->client->config->trust;
    lend_record_buffer(tls);
    tls->alone = stand_alone(tls->search.store, leaf);
    if (!tls->alone)
        tls->checks -= (uint8_t)trust_order(&tls->search, leaf);
    tls->ordered = true;
}

static bool is_late(const tls_t *tls)
{
    const picket_port_t *port = tls->client->config->port;
    return deadline_passed(&tls->until, port->millis(port->ctx));
}

// Where TLS has no stack of its own, the deadline is not seen anywhere else before the chain has been checked.
static bool may_go_on(tls_t *tls)
{
    const picket_config_t *config = tls->client->config;
    if (config->alive != NULL)
        config->alive(config->ctx);
    tls->late = tls->late || is_late(tls);
    return !tls->late && tls_stack_pause();
}

// The context is the client's; the connection is the one inside Mbed TLS now. The first child asked about is
// the server's own certificate, with what came behind it. Between two signatures is a good place to come back.
// Every anchor handed out may cost a check of a signature, every certificate behind the server's one; tls->checks is
// what is left for anchors.
int tls_verify_find_issuer(void *ctx, mbedtls_x509_crt const *child, mbedtls_x509_crt **candidates)
{
    tls_t *tls = ((tls_client_t *)ctx)->stepping;
    if (!tls->ordered)
        prepare(tls, (mbedtls_x509_crt *)(uintptr_t)child);
    if (!may_go_on(tls))
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    int code = trust_find_issuers(&tls->search, child, tls->checks, candidates);
    for (const mbedtls_x509_crt *each = *candidates; code == 0 && each != NULL; each = each->next)
        tls->checks--;
    return code;
}

// --- What flags mean

// What cannot even be checked comes first, since it makes the rest unknown; then who issued it; then the
// dates; then the name.
static const struct {
    uint32_t flags;
    int error;
    const char *word;
} causes[] = {
    {MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK, PICKET_ERR_CERT_WEAK, "weak signature"},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, PICKET_ERR_UNKNOWN_ISSUER, "unknown issuer"},
    {TLS_BADCERT_PIN, PICKET_ERR_PIN, "no pinned key"},
    {MBEDTLS_X509_BADCERT_BAD_KEY, PICKET_ERR_CERT_WEAK, "weak key"},
    {MBEDTLS_X509_BADCERT_EXPIRED, PICKET_ERR_EXPIRED, "expired"},
    {MBEDTLS_X509_BADCERT_FUTURE, PICKET_ERR_NOT_YET_VALID, "not yet valid"},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, PICKET_ERR_WRONG_HOST, "other host name"},
    {MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE | MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
     PICKET_ERR_CERT_USAGE, "not for a TLS server"},
    {MBEDTLS_X509_BADCERT_MISSING, PICKET_ERR_NO_CERT, "none sent"},
    {MBEDTLS_X509_BADCERT_OTHER, PICKET_ERR_CERT_MALFORMED, "malformed"},
};
#define CAUSES (sizeof causes / sizeof causes[0])

// The cause that is named, of several: CAUSES when there is none.
static size_t first_cause(uint32_t flags)
{
    size_t i = 0;
    while (i < CAUSES && (causes[i].flags & flags) == 0)
        i++;
    return i;
}

// --- Words for what is wrong

static void put_name(text_t *t, const mbedtls_x509_name *name)
{
    const mbedtls_x509_buf *common = trust_common_name(name);
    if (common != NULL)
        text_quote(t, common->p, common->len, 40);
    else
        text_str(t, "(no common name)");
}

static void put_date(text_t *t, const mbedtls_x509_time *time)
{
    text_num(t, time->year);
    text_str(t, time->mon < 10 ? "-0" : "-");
    text_num(t, time->mon);
    text_str(t, time->day < 10 ? "-0" : "-");
    text_num(t, time->day);
}

static const mbedtls_x509_crt *sent_issuer(const mbedtls_x509_crt *crt)
{
    for (const mbedtls_x509_crt *c = crt->next; c != NULL; c = c->next) {
        if (c->subject_raw.len == crt->issuer_raw.len &&
            memcmp(c->subject_raw.p, crt->issuer_raw.p, c->subject_raw.len) == 0)
            return c;
    }
    return NULL;
}

static void explain_issuer(text_t *t, const picket_trust_t *store, const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_crt *issuer = sent_issuer(crt);
    put_name(t, &crt->subject);
    text_str(t, " is issued by ");
    put_name(t, &crt->issuer);
    if (issuer == NULL && trust_knows(store, &crt->issuer_raw))
        text_str(t, ", which is not believed for it, or did not sign it");
    else if (issuer == NULL)
        text_str(t, ", which is neither trusted nor sent by the server");
    else if (mbedtls_x509_crt_get_ca_istrue(issuer) != 1)
        text_str(t, ", which is not a CA certificate");
    else
        text_str(t, ", which may not sign it or did not");
}

// So that whoever knows the server can pin it.
static void explain_key(text_t *t, const mbedtls_x509_crt *crt)
{
    uint8_t hash[TRUST_HASH];
    if (!trust_key_hash(crt, hash))
        return;
    text_str(t, "the server's key is sha256//");
    text_base64(t, hash, sizeof hash);
}

static const char *expected_name(const tls_t *tls)
{
    return tls->pin != NULL && tls->pin->name != NULL ? tls->pin->name : tls->peer.host;
}

static void explain(tls_t *tls, const mbedtls_x509_crt *crt, uint32_t flags)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    size_t cause = first_cause(flags);
    flags &= cause < CAUSES ? causes[cause].flags : 0;
    if ((flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0 && !tls->self_signed) {
        explain_issuer(&t, tls->client->config->trust, crt);
        return;
    }
    if ((flags & TLS_BADCERT_PIN) != 0) {
        explain_key(&t, crt);
        return;
    }
    put_name(&t, &crt->subject);
    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        text_str(&t, " was valid until ");
        put_date(&t, &crt->valid_to);
    } else if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        text_str(&t, " is valid from ");
        put_date(&t, &crt->valid_from);
    } else if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        text_str(&t, " is not for ");
        text_quote(&t, expected_name(tls), strlen(expected_name(tls)), 60);
    } else if (tls->strict.wrong != NULL) {
        text_str(&t, ": ");
        text_str(&t, tls->strict.wrong);
    }
}

// --- The checks

// Mbed TLS passes over a certificate whose signature algorithm it does not know, and takes the next one for
// the server's. So what it took is compared with the first one in the message, which lies where Mbed TLS read
// it: a header of four bytes, in TLS 1.3 an empty context, the length of the list, that of the certificate.
static bool was_sent_first(const tls_t *tls, const mbedtls_x509_crt *crt)
{
    const mbedtls_ssl_context *ssl = &tls->ssl;
    size_t at = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3 ? 4 + 1 + 3 + 3 : 4 + 3 + 3;
    size_t len = ssl->MBEDTLS_PRIVATE(in_hslen);
    return len >= at && crt->raw.len != 0 && crt->raw.len <= len - at &&
           memcmp(ssl->MBEDTLS_PRIVATE(in_msg) + at, crt->raw.p, crt->raw.len) == 0;
}

// By name, and by key identifiers where there are any: an unknown CA may have the same name.
static bool is_self_signed(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_buf *signer = &crt->authority_key_id.keyIdentifier, *own = &crt->subject_key_id;
    if (crt->issuer_raw.len == 0 || crt->issuer_raw.len != crt->subject_raw.len ||
        memcmp(crt->issuer_raw.p, crt->subject_raw.p, crt->issuer_raw.len) != 0)
        return false;
    return signer->len == 0 || own->len == 0 ||
           (signer->len == own->len && memcmp(signer->p, own->p, own->len) == 0);
}

// The name that a pin has, instead of the URL's: Mbed TLS has compared the latter.
static void check_pinned_name(const char *name, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    picket_address_t literal;
    bool is_literal = picket_address_parse(name, &literal) == 0;
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if (!trust_name_matches(crt, name, is_literal ? &literal : NULL) && !trust_common_name_is(crt, name))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
}

// By the whole path: it has been gone through from the anchor down. Without anchors the pin stands for the issuer.
static void check_pin(tls_t *tls, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    const picket_trust_t *store = tls->client->config->trust;
    if (trust_has_pins(store) && tls->pin == NULL)
        *flags |= TLS_BADCERT_PIN;
    if (!trust_is_pins_only(store))
        return;
    *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    if (tls->pin != NULL && tls->pin->name != NULL)
        check_pinned_name(tls->pin->name, crt, flags);
}

static void check_leaf(tls_t *tls, const mbedtls_x509_crt *crt, uint32_t *flags)
{
    tls->checked = true;
    tls->key_bits = mbedtls_pk_get_bitlen(&crt->pk);
    tls->self_signed = is_self_signed(crt);
    tls->leaf_unread = !was_sent_first(tls, crt);
    if (!trust_name_matches(crt, tls->peer.host, tls->peer.literal))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    // A self-signed box is trusted by naming its very certificate. It stands alone: there is no path to
    // check.
    if (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED && trust_contains(tls->client->config->trust, crt))
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
    check_pin(tls, crt, flags);
}

// The first certificate of a path is its anchor. Of a certificate that is trusted by itself nothing is asked.
static uint32_t check_strictly(tls_t *tls, const mbedtls_x509_crt *crt, int depth, bool first)
{
    enum trust_role role = first ? TRUST_ANCHOR : depth == 0 ? TRUST_LEAF : TRUST_INTERMEDIATE;
    return tls->alone || (first && depth == 0) ? 0 : trust_check_strictly(&tls->strict, crt, role);
}

int tls_verify_certificate(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    tls_t *tls = ctx;
    bool first = tls->chain_len == 0;
    if (tls->chain_len++ == 0 || mbedtls_x509_time_cmp(&crt->valid_to, &tls->valid_to) < 0)
        tls->valid_to = crt->valid_to;
    if (tls->pin == NULL)
        tls->pin = trust_pin_of(tls->client->config->trust, crt);
    if (depth == 0)
        check_leaf(tls, crt, flags);
    if ((*flags | tls->flags) == 0)
        *flags |= check_strictly(tls, crt, depth, first);
    if (*flags != 0 && first_cause(*flags) <= first_cause(tls->flags))
        explain(tls, crt, *flags);
    tls->flags |= *flags;
    return 0;
}

// --- Flags to errors

static void add_other_causes(tls_t *tls, size_t named)
{
    const char *separator = tls->text[0] != '\0' ? "; also " : "also ";
    text_t t = {tls->text, sizeof tls->text, strlen(tls->text)};
    for (size_t i = named + 1; i < CAUSES; i++) {
        if ((tls->flags & causes[i].flags) == 0)
            continue;
        text_str(&t, separator);
        text_str(&t, causes[i].word);
        separator = ", ";
    }
}

static int unread_leaf(tls_t *tls)
{
    text_t t = text_in(tls->text, sizeof tls->text);
    text_str(&t, "the server's own certificate is signed in a way that is not supported");
    return PICKET_ERR_CERT_WEAK;
}

int tls_verify_error(tls_t *tls)
{
    if (tls->leaf_unread)
        return unread_leaf(tls);
    for (size_t i = 0; i < CAUSES; i++) {
        if ((tls->flags & causes[i].flags) == 0)
            continue;
        add_other_causes(tls, i);
        if (causes[i].error == PICKET_ERR_UNKNOWN_ISSUER && tls->self_signed)
            return PICKET_ERR_SELF_SIGNED;
        return causes[i].error;
    }
    return PICKET_ERR_CERT_MALFORMED;
}
