// trust_strict.c: what Mbed TLS does not object to, and we do.
//
// What RFC 5280 and the rules of the web's CAs (the Baseline Requirements of the CA/Browser Forum) ask of a
// certificate, as far as it is looked at nowhere else, and as far as no sensible private CA does otherwise.
// Mbed TLS keeps little of the extensions that it reads, so they are read again here.

#include <string.h>

#include <mbedtls/oid.h>

#include "trust.h"
#include "trust_der.h"

// X.509's own extensions, 2.5.29.x.
enum {
    SUBJECT_KEY = 14,
    ALT_NAMES = 17,
    NAME_CONSTRAINTS = 30,
    AUTHORITY_KEY = 35,
    POLICY_CONSTRAINTS = 36,
    EXTENDED_USAGE = 37
};

#define TAG_SEQUENCE   0x30
#define TAG_OID        0x06
#define TAG_BIT_STRING 0x03

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->p, b->p, a->len) == 0);
}

static bool is_self_issued(const mbedtls_x509_crt *crt)
{
    return same(&crt->issuer_raw, &crt->subject_raw);
}

// --- What the server's key may be used for

static bool has(const mbedtls_x509_crt *crt, int extension)
{
    return mbedtls_x509_crt_has_ext_type(crt, extension) != 0;
}

static bool is_for_anything(const mbedtls_x509_crt *crt)
{
    static const char any[] = MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE;
    return has(crt, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE) &&
           mbedtls_x509_crt_check_extended_key_usage(crt, any, sizeof any - 1) == 0;
}

static bool may_sign_certificates(const mbedtls_x509_crt *crt)
{
    return has(crt, MBEDTLS_X509_EXT_KEY_USAGE) &&
           mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0;
}

// A CA's uses limit what it vouches for: one for mail makes no servers, whatever stands in their certificates. RFC 5280 has
// no such rule, all that verify servers have it. A root says nothing of uses; an intermediate that is an anchor may.
static const char *wrong_ca(const mbedtls_x509_crt *crt, enum trust_role role)
{
    static const char servers[] = MBEDTLS_OID_SERVER_AUTH;
    if (role == TRUST_ANCHOR && is_self_issued(crt) && has(crt, MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE))
        return "a root for some uses";
    return mbedtls_x509_crt_check_extended_key_usage(crt, servers, sizeof servers - 1) == 0
               ? NULL
               : "a CA for other uses";
}

static const char *wrong_usage(const mbedtls_x509_crt *crt, enum trust_role role)
{
    if (role != TRUST_LEAF)
        return wrong_ca(crt, role);
    if (mbedtls_x509_crt_get_ca_istrue(crt) == 1)
        return "a CA certificate";
    if (may_sign_certificates(crt))
        return "it may sign certificates";
    return is_for_anything(crt) ? "its key is for anything" : NULL;
}

// --- Keys and numbers

static const char *wrong_key(const mbedtls_x509_crt *crt)
{
    bool odd = mbedtls_pk_get_bitlen(&crt->pk) % 8 != 0;
    return odd && mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_RSA) ? "RSA key of an odd size" : NULL;
}

// A point is 04, x, y: others Mbed TLS reads with its own curves only. SubjectPublicKeyInfo, RFC 5480 section 2.2.
static const char *wrong_point(const mbedtls_x509_crt *crt)
{
    der_t info, part;
    size_t compressed = 2 + (mbedtls_pk_get_bitlen(&crt->pk) + 7) / 8;
    if (!mbedtls_pk_can_do(&crt->pk, MBEDTLS_PK_ECKEY))
        return NULL;
    bool sound = der_read(crt->pk_raw.p, crt->pk_raw.len, &info) &&
                 der_take(&info.body, &info.len, TAG_SEQUENCE, &part) &&
                 der_take(&info.body, &info.len, TAG_BIT_STRING, &part) && part.len != compressed;
    return sound ? NULL : "compressed key";
}

// RFC 5280 4.1.2.2: positive, at most 20 bytes.
static const char *wrong_serial(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_buf *serial = &crt->serial;
    bool sound = serial->len - 1u < 20u && serial->p[0] < 0x80 && (serial->len > 1 || serial->p[0] != 0);
    return sound ? NULL : "bad serial number";
}

// --- The common name

static bool contains(const mbedtls_x509_buf *name, char c)
{
    return memchr(name->p, c, name->len) != NULL;
}

static bool is_dotted_number(const mbedtls_x509_buf *name)
{
    for (size_t i = 0; i < name->len; i++) {
        if (name->p[i] != '.' && (name->p[i] < '0' || name->p[i] > '9'))
            return false;
    }
    return contains(name, '.');
}

// In any of the ways in which they are written: "0x7f000001", "127.0.0.1", "127.000.000.001", "0:0::1".
static bool is_address(const mbedtls_x509_buf *name)
{
    char text[PICKET_ADDRESS_TEXT];
    picket_address_t address;
    if (name->len >= sizeof text)
        return false;
    memcpy(text, name->p, name->len);
    text[name->len] = '\0';
    return is_dotted_number(name) || (name->len == 10 && text[0] == '0' && text[1] == 'x') ||
           picket_address_parse(text, &address) == 0;
}

// "My server" is just a word.
static bool looks_like_host(const mbedtls_x509_buf *name)
{
    return name->len != 0 && !contains(name, ' ') && (contains(name, '.') || is_address(name));
}

static bool ends_with(const mbedtls_x509_buf *name, const uint8_t *end, size_t len)
{
    return name->len > len && name->p[name->len - len - 1] == '.' &&
           memcmp(name->p + name->len - len, end, len) == 0;
}

// The name itself, one in that domain, or a wildcard for it.
static bool names_host(const mbedtls_x509_buf *san, const mbedtls_x509_buf *name)
{
    if (same(san, name) || ends_with(san, name->p, name->len))
        return true;
    return san->len > 2 && san->p[0] == '*' && ends_with(name, san->p + 2, san->len - 2);
}

static bool names_address(const mbedtls_x509_buf *san, const mbedtls_x509_buf *name)
{
    char text[PICKET_ADDRESS_TEXT];
    picket_address_t address = {.family = san->len == 4 ? 4 : 6};
    if (san->len != 4 && san->len != 16)
        return false;
    memcpy(address.bytes, san->p, san->len);
    picket_address_format(&address, text);
    return strlen(text) == name->len && memcmp(text, name->p, name->len) == 0;
}

// What looks like a host name or an address must have to do with an alternative name of its kind.
static const char *wrong_common_name(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_buf *name = trust_common_name(&crt->subject);
    bool compared = false;
    if (name == NULL || !looks_like_host(name))
        return NULL;
    for (const mbedtls_x509_sequence *s = &crt->subject_alt_names; s != NULL; s = s->next) {
        int kind = s->buf.p == NULL ? -1 : s->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        if ((kind == MBEDTLS_X509_SAN_DNS_NAME && names_host(&s->buf, name)) ||
            (kind == MBEDTLS_X509_SAN_IP_ADDRESS && names_address(&s->buf, name)))
            return NULL;
        compared = compared || kind == MBEDTLS_X509_SAN_DNS_NAME || is_address(name);
    }
    return compared ? "common name is no alternative name" : NULL;
}

// --- Extensions

// AuthorityInfoAccess: where the issuer is found. Nobody looks there; but it must be what it says.
static bool is_access(const der_t *oid)
{
    static const uint8_t id[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01};
    return oid->len == sizeof id && memcmp(oid->body, id, sizeof id) == 0;
}

static bool is_access_list(const uint8_t *value, size_t len)
{
    der_t all, one, part;
    if (!der_take(&value, &len, TAG_SEQUENCE, &all) || len != 0 || all.len == 0)
        return false;
    while (all.len > 0) {
        if (!der_take(&all.body, &all.len, TAG_SEQUENCE, &one) ||
            !der_take(&one.body, &one.len, TAG_OID, &part) || !der_next(&one.body, &one.len, &part) ||
            (part.tag & 0xc0) != 0x80 || one.len != 0)
            return false;
    }
    return true;
}

static const char *keep_constraints(trust_strict_t *strict, const der_extension_t *e, enum trust_role role)
{
    bool others;
    if (role == TRUST_LEAF)
        return "name constraints of a server";
    if (strict->count == TRUST_CONSTRAINED)
        return "too many name constraints";
    strict->constraints[strict->count].value = e->value.body;
    strict->constraints[strict->count++].len = e->value.len;
    return trust_constraints_fault(e->value.body, e->value.len, &others);
}

// Alternative names are critical where there is no subject, and nowhere else.
static const char *wrong_extension(trust_strict_t *strict, const mbedtls_x509_crt *crt, enum trust_role role,
                                   const der_extension_t *e)
{
    switch (e->id) {
    case SUBJECT_KEY: return e->critical ? "critical subject key identifier" : NULL;
    case AUTHORITY_KEY: return e->critical ? "critical authority key identifier" : NULL;
    case ALT_NAMES:
        return role == TRUST_LEAF && e->critical != (crt->subject_raw.len <= 2)
                   ? "alternative names wrongly marked"
                   : NULL;
    case NAME_CONSTRAINTS: return keep_constraints(strict, e, role);
    case POLICY_CONSTRAINTS: return e->critical ? NULL : "policy constraints not critical";
    case EXTENDED_USAGE: return e->critical && role == TRUST_LEAF ? "critical extended key usage" : NULL;
    default: break;
    }
    if (is_access(&e->oid) && !is_access_list(e->value.body, e->value.len))
        return "malformed authority access";
    return NULL;
}

static const char *wrong_extensions(trust_strict_t *strict, const mbedtls_x509_crt *crt, enum trust_role role)
{
    der_t all;
    der_extension_t extension;
    const char *wrong = NULL;
    if (crt->v3_ext.len == 0)
        return NULL;
    if (!der_read(crt->v3_ext.p, crt->v3_ext.len, &all))
        return "malformed extensions";
    while (all.len > 0 && wrong == NULL) {
        if (!der_next_extension(&all.body, &all.len, &extension))
            return "malformed extensions";
        wrong = wrong_extension(strict, crt, role, &extension);
    }
    return wrong;
}

// A root names itself as its issuer.
static const char *wrong_root(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_buf *signer = &crt->authority_key_id.keyIdentifier, *own = &crt->subject_key_id;
    bool differ = signer->len != 0 && own->len != 0 && !same(signer, own);
    return differ && is_self_issued(crt) ? "its key identifiers differ" : NULL;
}

static const char *wrong_contents(trust_strict_t *strict, const mbedtls_x509_crt *crt, enum trust_role role)
{
    const char *wrong = wrong_extensions(strict, crt, role);
    if (wrong == NULL)
        wrong = wrong_point(crt);
    if (wrong != NULL)
        return wrong;
    if (role == TRUST_ANCHOR)
        return wrong_root(crt);
    wrong = wrong_serial(crt);
    return wrong == NULL && role == TRUST_LEAF ? wrong_common_name(crt) : wrong;
}

// Those above it restrict its names, unless it is a CA's own new certificate.
static const char *check_constraints(const trust_strict_t *strict, const mbedtls_x509_crt *crt,
                                     enum trust_role role)
{
    const char *wrong = NULL;
    if (role == TRUST_INTERMEDIATE && is_self_issued(crt))
        return NULL;
    for (size_t i = 0; i < strict->count && wrong == NULL; i++)
        wrong = trust_constrain(strict->constraints[i].value, strict->constraints[i].len, crt);
    return wrong;
}

uint32_t trust_check_strictly(trust_strict_t *strict, const mbedtls_x509_crt *crt, enum trust_role role)
{
    strict->wrong = wrong_usage(crt, role);
    if (strict->wrong == NULL)
        strict->wrong = check_constraints(strict, crt, role);
    if (strict->wrong != NULL)
        return MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    strict->wrong = wrong_key(crt);
    if (strict->wrong != NULL)
        return MBEDTLS_X509_BADCERT_BAD_KEY;
    strict->wrong = wrong_contents(strict, crt, role);
    return strict->wrong != NULL ? MBEDTLS_X509_BADCERT_OTHER : 0;
}

int trust_read_extension(void *ctx, mbedtls_x509_crt const *crt, mbedtls_x509_buf const *oid, int critical,
                         const unsigned char *value, const unsigned char *end)
{
    bool others;
    (void)ctx;
    (void)crt;
    (void)critical;
    if (MBEDTLS_OID_CMP(MBEDTLS_OID_NAME_CONSTRAINTS, oid) != 0 ||
        trust_constraints_fault(value, (size_t)(end - value), &others) != NULL || others)
        return MBEDTLS_ERR_X509_INVALID_EXTENSIONS;
    return 0;
}
