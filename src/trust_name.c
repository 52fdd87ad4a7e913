#include <string.h>

#include <mbedtls/oid.h>

#include "trust.h"

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (fold(a[i]) != fold(b[i]))
            return false;
    }
    return true;
}

// ".co.uk", ".com.br": under which everybody registers names. The real list of public suffixes has 10,000
// entries; these labels before a country's two letters are what most of them look like.
static bool is_public_suffix(const char *rest, size_t len)
{
    static const char labels[] =
        "ac\0co\0com\0edu\0gen\0go\0gob\0gouv\0gov\0gv\0id\0in\0mil\0ne\0net\0nom\0or\0org\0sch\0";
    if (len < 6 || rest[len - 3] != '.')
        return false;
    for (const char *label = labels; *label != '\0'; label += strlen(label) + 1) {
        if (strlen(label) == len - 4 && same(label, rest + 1, len - 4))
            return true;
    }
    return false;
}

// "*.example.com" covers one label before ".example.com". "*.com" and "*.co.uk" cover nothing: no one is
// given all of a domain that is open to everybody.
static bool wildcard_covers(const char *pattern, size_t pattern_len, const char *host, size_t host_len)
{
    const char *rest = pattern + 1;
    size_t rest_len = pattern_len - 1;
    const char *dot = memchr(host, '.', host_len);
    if (dot == NULL || dot == host || memchr(rest + 1, '.', rest_len - 1) == NULL ||
        is_public_suffix(rest, rest_len))
        return false;
    size_t tail = host_len - (size_t)(dot - host);
    return tail == rest_len && same(dot, rest, rest_len);
}

static bool dns_covers(const mbedtls_x509_buf *san, const char *host)
{
    const char *name = (const char *)san->p;
    size_t host_len = strlen(host);
    if (san->len > 2 && name[0] == '*' && name[1] == '.')
        return wildcard_covers(name, san->len, host, host_len);
    return san->len == host_len && same(name, host, host_len);
}

static bool address_covers(const mbedtls_x509_buf *san, const picket_address_t *literal)
{
    size_t len = literal->family == 4 ? 4 : 16;
    return san->len == len && memcmp(san->p, literal->bytes, len) == 0;
}

static bool covers(const mbedtls_x509_buf *san, const char *host, const picket_address_t *literal)
{
    int kind = san->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    if (literal != NULL)
        return kind == MBEDTLS_X509_SAN_IP_ADDRESS && address_covers(san, literal);
    return kind == MBEDTLS_X509_SAN_DNS_NAME && dns_covers(san, host);
}

bool trust_name_matches(const mbedtls_x509_crt *crt, const char *host, const picket_address_t *literal)
{
    if (!mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME))
        return false;
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san != NULL; san = san->next) {
        if (san->buf.p != NULL && covers(&san->buf, host, literal))
            return true;
    }
    return false;
}

const mbedtls_x509_buf *trust_common_name(const mbedtls_x509_name *name)
{
    const mbedtls_x509_buf *found = NULL;
    for (; name != NULL; name = name->next) {
        if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) == 0)
            found = &name->val;
    }
    return found;
}

bool trust_common_name_is(const mbedtls_x509_crt *crt, const char *name)
{
    const mbedtls_x509_buf *common = trust_common_name(&crt->subject);
    return !mbedtls_x509_crt_has_ext_type(crt, MBEDTLS_X509_EXT_SUBJECT_ALT_NAME) && common != NULL &&
           common->len == strlen(name) && same((const char *)common->p, name, common->len);
}
