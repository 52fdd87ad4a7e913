// Which names and addresses a certificate is for (RFC 9525): the subject alternative names, and nothing else.
#include <mbedtls/oid.h>

#include "check.h"
#include "trust.h"

#define NAMES 4

// A certificate as far as it is looked at.
static mbedtls_x509_crt crt;
static mbedtls_x509_sequence more[NAMES];

static void clear(void)
{
    crt = (mbedtls_x509_crt){0};
    memset(more, 0, sizeof more);
}

static mbedtls_x509_sequence *next_place(void)
{
    mbedtls_x509_sequence *last = &crt.subject_alt_names;
    for (size_t i = 0; last->buf.p != NULL; last = last->next)
        last->next = &more[i++];
    return last;
}

static void add(int kind, const void *value, size_t len)
{
    mbedtls_x509_buf *buf = &next_place()->buf;
    buf->tag = MBEDTLS_ASN1_CONTEXT_SPECIFIC | kind;
    buf->p = (unsigned char *)(uintptr_t)value;
    buf->len = len;
    crt.MBEDTLS_PRIVATE(ext_types) |= MBEDTLS_X509_EXT_SUBJECT_ALT_NAME;
}

static void add_dns(const char *name)
{
    add(MBEDTLS_X509_SAN_DNS_NAME, name, strlen(name));
}

// --- DNS names

struct dns {
    const char *san;
    const char *host;
    bool covers;
};

static const struct dns table[] = {
    {"example.com", "example.com", true},
    {"example.com", "EXAMPLE.com", true},
    {"EXAMPLE.COM", "example.com", true},
    {"localhost", "localhost", true},
    {"a-b_c.example.com", "a-b_c.example.com", true},
    {"xn--bcher-kva.example", "xn--bcher-kva.example", true},
    {"example.com", "example.org", false},
    {"example.com", "a.example.com", false},
    {"a.example.com", "example.com", false},
    {"example.com", "xexample.com", false},
    {"example.co", "example.com", false},
    {"example.com", "example.co", false},
    {"", "example.com", false},
    {" example.com", "example.com", false},
    {"example.com ", "example.com", false},
    // ASCII letters only: '@' and '`', '[' and '{' are 32 apart as well
    {"a@b", "a`b", false},
    {"a[b", "a{b", false},
    {"a_b",
     "a\x7f"
     "b",
     false},
    // The root's dot has been taken off a host name, and no certificate has one
    {"example.com.", "example.com", false},
    {"*.example.com.", "a.example.com", false},
    {".example.com", "example.com", false},
    {".example.com", "a.example.com", false},
    // Wildcards: one whole label, the leftmost
    {"*.example.com", "a.example.com", true},
    {"*.EXAMPLE.com", "A.example.COM", true},
    {"*.example.com", "xn--bcher-kva.example.com", true},
    {"*.a.example.com", "b.a.example.com", true},
    {"*.example.com", "a.b.example.com", false},
    {"*.example.com", "example.com", false},
    {"*.example.com", ".example.com", false},
    {"*.example.com", "aexample.com", false},
    {"*.example.com", "a.example.org", false},
    {"*.example.com", "a.xexample.com", false},
    {"*.example.com", "a.example.com.org", false},
    {"*.com", "example.com", false},
    // and no domain that is open to everybody
    {"*.co.uk", "example.co.uk", false},
    {"*.CO.UK", "example.co.uk", false},
    {"*.com.br", "example.com.br", false},
    {"*.gouv.fr", "example.gouv.fr", false},
    {"*.co.example", "a.co.example", true},
    {"*.x.uk", "a.x.uk", true},
    {"*.c.uk", "a.c.uk", true},
    {"*.om.uk", "a.om.uk", true},
    {"*.example.co.uk", "a.example.co.uk", true},
    {"*.blogs.uk", "a.blogs.uk", true},
    {"*.a.co", "b.a.co", true},
    {"*.t.co", "a.t.co", true},
    {"*.s3.amazonaws.com", "a.s3.amazonaws.com", true},
    {"*.com.", "example.com", false},
    {"*.", "example.com", false},
    {"*", "example.com", false},
    {"*", "localhost", false},
    {"*.localhost", "a.localhost", false},
    {"**.example.com", "a.example.com", false},
    {"w*.example.com", "www.example.com", false},
    {"*w.example.com", "www.example.com", false},
    {"w*w.example.com", "www.example.com", false},
    {"*.*.example.com", "a.b.example.com", false},
    {"*.*.com", "a.example.com", false},
    {"*.*", "example.com", false},
    {"a.*.com", "a.example.com", false},
    {"a.*", "a.com", false},
    {"*..com", "a.example.com", false},
    {"*example.com", "aexample.com", false},
    {"*.example.*", "a.example.com", false},
    // An address is not a name, whatever it looks like
    {"192.0.2.1", "example.com", false},
};

static void covers_dns_names(void)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        clear();
        add_dns(table[i].san);
        if (trust_name_matches(&crt, table[i].host, NULL) != table[i].covers)
            FAIL("'%s' for '%s': wanted %d", table[i].san, table[i].host, table[i].covers);
    }
}

static void is_not_led_astray_by_nul(void)
{
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, "example.com\0.evil.org", 21);
    add(MBEDTLS_X509_SAN_DNS_NAME, "example.com\0", 12);
    add(MBEDTLS_X509_SAN_DNS_NAME, "\0example.com", 12);
    CHECK(!trust_name_matches(&crt, "example.com", NULL));
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, "*.example.com\0.evil.org", 23);
    add(MBEDTLS_X509_SAN_DNS_NAME, "*\0.example.com", 14);
    CHECK(!trust_name_matches(&crt, "a.example.com", NULL));
}

// The bytes of a name lie in the middle of a certificate: what follows them does not belong to it.
static void looks_no_further_than_the_name(void)
{
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, "example.community", 11);
    CHECK(trust_name_matches(&crt, "example.com", NULL));
    CHECK(!trust_name_matches(&crt, "example.community", NULL));
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, "*.example.com", 5);
    CHECK(!trust_name_matches(&crt, "a.exa", NULL));
    CHECK(!trust_name_matches(&crt, "a.example.com", NULL));
}

static void covers_by_any_of_several_names(void)
{
    clear();
    add_dns("example.net");
    add_dns("*.example.org");
    add(MBEDTLS_X509_SAN_IP_ADDRESS, "\xc0\x00\x02\x01", 4);
    add_dns("example.com");
    CHECK(trust_name_matches(&crt, "example.com", NULL));
    CHECK(trust_name_matches(&crt, "example.net", NULL));
    CHECK(trust_name_matches(&crt, "a.example.org", NULL));
    CHECK(!trust_name_matches(&crt, "a.example.net", NULL));
}

static void ignores_empty_names(void)
{
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, "", 0);
    CHECK(!trust_name_matches(&crt, "example.com", NULL));
    add_dns("example.com");
    CHECK(trust_name_matches(&crt, "example.com", NULL));
}

// URI, e-mail, other names: not names of a host.
static void ignores_names_of_other_kinds(void)
{
    for (int kind = 0; kind <= 8; kind++) {
        bool dns = kind == MBEDTLS_X509_SAN_DNS_NAME;
        clear();
        add(kind, "example.com", 11);
        CHECK(trust_name_matches(&crt, "example.com", NULL) == dns);
    }
}

// --- Addresses

static const picket_address_t four = {.family = 4, .bytes = {127, 0, 0, 1}};
static const picket_address_t six = {.family = 6, .bytes = {0x20, 1, 0x0d, 0xb8, [15] = 1}};
static const picket_address_t mapped = {.family = 6, .bytes = {[10] = 0xff, 0xff, 127, 0, 0, 1}};

static bool covers_address(const void *san, size_t len, const picket_address_t *address, const char *host)
{
    clear();
    add(MBEDTLS_X509_SAN_IP_ADDRESS, san, len);
    return trust_name_matches(&crt, host, address);
}

static void covers_addresses(void)
{
    CHECK(covers_address(four.bytes, 4, &four, "127.0.0.1"));
    CHECK(covers_address(six.bytes, 16, &six, "2001:db8::1"));
    CHECK(!covers_address("\x7f\0\0\x02", 4, &four, "127.0.0.1"));
    CHECK(!covers_address(mapped.bytes, 16, &six, "2001:db8::1"));
}

static void covers_no_address_of_another_length(void)
{
    uint8_t bytes[40] = {127, 0, 0, 1};
    for (size_t len = 0; len <= sizeof bytes; len++)
        CHECK(covers_address(bytes, len, &four, "127.0.0.1") == (len == 4));
    memcpy(bytes, six.bytes, 16);
    for (size_t len = 0; len <= sizeof bytes; len++)
        CHECK(covers_address(bytes, len, &six, "2001:db8::1") == (len == 16));
}

// An IPv4 address and the same one mapped into IPv6 are two.
static void tells_families_apart(void)
{
    CHECK(!covers_address(four.bytes, 4, &mapped, "::ffff:127.0.0.1"));
    CHECK(!covers_address(mapped.bytes, 16, &four, "127.0.0.1"));
    CHECK(covers_address(mapped.bytes, 16, &mapped, "::ffff:127.0.0.1"));
}

static void matches_no_address_against_a_dns_name(void)
{
    static const char *const names[] = {"127.0.0.1", "*.0.0.1", "*", "*.1", "\x7f\x00\x00\x01"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        clear();
        add_dns(names[i]);
        CHECK(!trust_name_matches(&crt, "127.0.0.1", &four));
    }
    clear();
    add(MBEDTLS_X509_SAN_DNS_NAME, four.bytes, 4);
    CHECK(!trust_name_matches(&crt, "127.0.0.1", &four));
    clear();
    add_dns("2001:db8::1");
    CHECK(!trust_name_matches(&crt, "2001:db8::1", &six));
}

// The text of an address in an iPAddress, or a name whose letters are the bytes of one.
static void matches_no_name_against_an_address(void)
{
    clear();
    add(MBEDTLS_X509_SAN_IP_ADDRESS, "abcd", 4);
    add(MBEDTLS_X509_SAN_IP_ADDRESS, "*.b.example.comX", 16);
    add(MBEDTLS_X509_SAN_IP_ADDRESS, "127.0.0.1", 9);
    CHECK(!trust_name_matches(&crt, "abcd", NULL));
    CHECK(!trust_name_matches(&crt, "a.b.example.com", NULL));
    CHECK(!trust_name_matches(&crt, "127.0.0.1", &four));
}

// --- No alternative names

static void set_common_name(mbedtls_x509_name *name, const char *value)
{
    *name = (mbedtls_x509_name){0};
    name->oid.p = (unsigned char *)(uintptr_t) "\x55\x04\x03";
    name->oid.len = 3;
    name->val.p = (unsigned char *)(uintptr_t)value;
    name->val.len = strlen(value);
}

static void takes_no_common_name(void)
{
    clear();
    set_common_name(&crt.subject, "example.com");
    CHECK(!trust_name_matches(&crt, "example.com", NULL));
    set_common_name(&crt.subject, "127.0.0.1");
    CHECK(!trust_name_matches(&crt, "127.0.0.1", &four));
    add_dns("example.org");
    CHECK(!trust_name_matches(&crt, "127.0.0.1", &four));
}

// But a box whose key is pinned may have nothing else.
static void tells_the_common_name_of_a_box(void)
{
    clear();
    CHECK(!trust_common_name_is(&crt, ""));
    set_common_name(&crt.subject, "Box 7");
    CHECK(trust_common_name_is(&crt, "box 7"));
    CHECK(!trust_common_name_is(&crt, "box"));
    CHECK(!trust_common_name_is(&crt, "box 77"));
    set_common_name(&crt.subject, "*.example.com");
    CHECK(!trust_common_name_is(&crt, "a.example.com"));
    add_dns("example.org");
    CHECK(!trust_common_name_is(&crt, "*.example.com"));
}

// The list counts only when the certificate has the extension.
static void wants_the_extension(void)
{
    clear();
    add_dns("example.com");
    crt.MBEDTLS_PRIVATE(ext_types) = 0;
    CHECK(!trust_name_matches(&crt, "example.com", NULL));
}

static void finds_the_last_common_name(void)
{
    mbedtls_x509_name names[3];
    set_common_name(&names[0], "first");
    set_common_name(&names[1], "last");
    set_common_name(&names[2], "not a common name");
    names[2].oid.p = (unsigned char *)(uintptr_t) "\x55\x04\x0a";
    names[0].next = &names[1];
    names[1].next = &names[2];
    CHECK(trust_common_name(&names[0]) == &names[1].val);
    CHECK(trust_common_name(&names[2]) == NULL);
    CHECK(trust_common_name(NULL) == NULL);
}

int main(void)
{
    RUN(covers_dns_names);
    RUN(is_not_led_astray_by_nul);
    RUN(looks_no_further_than_the_name);
    RUN(covers_by_any_of_several_names);
    RUN(ignores_empty_names);
    RUN(ignores_names_of_other_kinds);
    RUN(covers_addresses);
    RUN(covers_no_address_of_another_length);
    RUN(tells_families_apart);
    RUN(matches_no_address_against_a_dns_name);
    RUN(matches_no_name_against_an_address);
    RUN(takes_no_common_name);
    RUN(tells_the_common_name_of_a_box);
    RUN(wants_the_extension);
    RUN(finds_the_last_common_name);
    return check_done();
}
