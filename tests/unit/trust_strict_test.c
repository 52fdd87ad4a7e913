// What Mbed TLS does not object to, and we do: extensions, names, numbers, and name constraints.
//
// Certificates are made up as far as they are looked at. What is read as DER stands in a buffer of its exact
// size, so that the sanitizer sees a read beyond it.
#include <stdlib.h>

#include <mbedtls/oid.h>

#include "check.h"
#include "trust.h"
#include "trust_der.h"

#define PARTS 8

// --- DER

typedef struct bytes {
    uint8_t p[4096];
    size_t len;
} bytes_t;

static void put(bytes_t *out, const void *p, size_t len)
{
    if (len > 0)
        memcpy(out->p + out->len, p, len);
    out->len += len;
}

// An element around what is there.
static void wrap(bytes_t *b, uint8_t tag)
{
    size_t header = b->len < 128 ? 2 : 4;
    memmove(b->p + header, b->p, b->len);
    b->p[0] = tag;
    b->p[1] = header == 2 ? (uint8_t)b->len : 0x82;
    if (header == 4) {
        b->p[2] = (uint8_t)(b->len >> 8);
        b->p[3] = (uint8_t)b->len;
    }
    b->len += header;
}

static void put_element(bytes_t *out, uint8_t tag, const void *p, size_t len)
{
    bytes_t element = {.len = 0};
    put(&element, p, len);
    wrap(&element, tag);
    put(out, element.p, element.len);
}

// --- A certificate

static mbedtls_x509_crt crt;
static mbedtls_x509_sequence more[PARTS], other_usage;
static mbedtls_x509_name common_name;
static bytes_t extensions, subject;
static uint8_t *exact;
static trust_strict_t strict;

static void clear(void)
{
    static const uint8_t serial[] = {1};
    crt = (mbedtls_x509_crt){.version = 3};
    crt.serial.p = (unsigned char *)(uintptr_t)serial;
    crt.serial.len = sizeof serial;
    memset(more, 0, sizeof more);
    strict = (trust_strict_t){.count = 0};
    extensions.len = subject.len = 0;
    free(exact);
    exact = NULL;
}

static void set(mbedtls_x509_buf *buf, int tag, const void *p, size_t len)
{
    *buf = (mbedtls_x509_buf){tag, len, (unsigned char *)(uintptr_t)p};
}

static void add_name(int kind, const void *p, size_t len)
{
    mbedtls_x509_sequence *last = &crt.subject_alt_names;
    for (size_t i = 0; last->buf.p != NULL; last = last->next)
        last->next = &more[i++];
    set(&last->buf, MBEDTLS_ASN1_CONTEXT_SPECIFIC | kind, p, len);
}

static void add_dns(const char *name)
{
    add_name(MBEDTLS_X509_SAN_DNS_NAME, name, strlen(name));
}

// With a subject: CN=name.
static void name_it(const char *name)
{
    set(&common_name.oid, MBEDTLS_ASN1_OID, MBEDTLS_OID_AT_CN, 3);
    set(&common_name.val, MBEDTLS_ASN1_UTF8_STRING, name, strlen(name));
    crt.subject = common_name;
    put_element(&subject, 0x0c, name, strlen(name));
    bytes_t type = {.len = 0};
    put_element(&type, 0x06, "\x55\x04\x03", 3);
    put(&type, subject.p, subject.len);
    subject = type;
    wrap(&subject, 0x30);
    wrap(&subject, 0x31);
    wrap(&subject, 0x30);
    set(&crt.subject_raw, 0x30, subject.p, subject.len);
}

static void add_extension(const char *oid, size_t oid_len, bool critical, const void *value, size_t len)
{
    bytes_t one = {.len = 0};
    put_element(&one, 0x06, oid, oid_len);
    if (critical)
        put_element(&one, 0x01, "\xff", 1);
    put_element(&one, 0x04, value, len);
    wrap(&one, 0x30);
    put(&extensions, one.p, one.len);
}

static void add_own(uint8_t id, bool critical, const void *value, size_t len)
{
    char oid[3] = {0x55, 0x1d, (char)id};
    add_extension(oid, 3, critical, value, len);
}

// The extensions as Mbed TLS leaves them, at the end of a buffer.
static void set_extensions(const uint8_t *p, size_t len)
{
    free(exact);
    exact = malloc(len == 0 ? 1 : len);
    if (exact == NULL)
        abort();
    memcpy(exact, p, len);
    set(&crt.v3_ext, 0xa3, exact, len);
}

static uint32_t check(enum trust_role role)
{
    bytes_t all = extensions;
    wrap(&all, 0x30);
    if (extensions.len > 0)
        set_extensions(all.p, all.len);
    return trust_check_strictly(&strict, &crt, role);
}

static void check_refused(enum trust_role role, uint32_t flags, const char *words)
{
    CHECK_INT(check(role), flags);
    CHECK_STR(strict.wrong, words);
}

static void check_taken(enum trust_role role)
{
    CHECK_INT(check(role), 0);
    CHECK(strict.wrong == NULL);
}

#define USAGE     MBEDTLS_X509_BADCERT_EXT_KEY_USAGE
#define MALFORMED MBEDTLS_X509_BADCERT_OTHER

// --- Extensions

static void takes_ordinary_certificates(void)
{
    clear();
    name_it("A server");
    add_dns("example.com");
    add_own(14, false, "\x04\x01\x01", 3);
    add_own(35, false, "\x30\x00", 2);
    add_own(17, false, "\x30\x00", 2);
    check_taken(TRUST_LEAF);
    check_taken(TRUST_INTERMEDIATE);
    check_taken(TRUST_ANCHOR);
}

static void takes_what_has_no_extensions(void)
{
    clear();
    check_taken(TRUST_ANCHOR);
    check_taken(TRUST_INTERMEDIATE);
    check_taken(TRUST_LEAF);
}

static void refuses_critical_key_identifiers(void)
{
    for (int role = TRUST_LEAF; role <= TRUST_ANCHOR; role++) {
        clear();
        add_own(35, true, "\x30\x00", 2);
        check_refused((enum trust_role)role, MALFORMED, "critical authority key identifier");
        clear();
        add_own(14, true, "\x04\x01\x01", 3);
        check_refused((enum trust_role)role, MALFORMED, "critical subject key identifier");
    }
}

static void wants_names_critical_without_a_subject_only(void)
{
    clear();
    add_own(17, false, "\x30\x00", 2);
    check_refused(TRUST_LEAF, MALFORMED, "alternative names wrongly marked");
    check_taken(TRUST_INTERMEDIATE);
    clear();
    add_own(17, true, "\x30\x00", 2);
    check_taken(TRUST_LEAF);
    name_it("A server");
    check_refused(TRUST_LEAF, MALFORMED, "alternative names wrongly marked");
}

static void refuses_other_marks(void)
{
    clear();
    add_own(36, false, "\x30\x00", 2);
    check_refused(TRUST_INTERMEDIATE, MALFORMED, "policy constraints not critical");
    clear();
    add_own(37, true, "\x30\x00", 2);
    check_refused(TRUST_LEAF, MALFORMED, "critical extended key usage");
    check_taken(TRUST_INTERMEDIATE);
}

static void reads_access_information(void)
{
    static const struct {
        const char *value;
        size_t len;
        bool sound;
    } values[] = {
        {"\x30\x09\x30\x07\x06\x01\x01\x86\x02http", 11, true},
        {"\x30\x0e\x30\x05\x06\x01\x01\x86\x00\x30\x05\x06\x01\x01\x86\x00", 16, true},
        {"", 0, false},
        {"\x30\x00", 2, false},
        {"\x31\x09\x30\x07\x06\x01\x01\x86\x02http", 11, false},
        {"\x30\x07\x30\x05\x06\x01\x01\x86\x00\x00", 10, false},
        {"\x30\x07\x30\x05\x06\x01\x01\x06\x00", 9, false},
        {"\x30\x07\x30\x05\x05\x01\x01\x86\x00", 9, false},
        {"\x30\x05\x30\x03\x06\x01\x01", 7, false},
        {"\x30\x09\x30\x07\x06\x01\x01\x86\x00\x86\x00", 11, false},
        {"malformed", 9, false},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        clear();
        add_extension("\x2b\x06\x01\x05\x05\x07\x01\x01", 8, false, values[i].value, values[i].len);
        if (values[i].sound)
            check_taken(TRUST_LEAF);
        else
            check_refused(TRUST_LEAF, MALFORMED, "malformed authority access");
    }
}

// --- Keys and numbers

static void asks_what_the_key_is_for(void)
{
    clear();
    crt.MBEDTLS_PRIVATE(ext_types) = MBEDTLS_X509_EXT_BASIC_CONSTRAINTS;
    crt.MBEDTLS_PRIVATE(ca_istrue) = 1;
    check_refused(TRUST_LEAF, USAGE, "a CA certificate");
    check_taken(TRUST_INTERMEDIATE);
    clear();
    crt.MBEDTLS_PRIVATE(ext_types) = MBEDTLS_X509_EXT_KEY_USAGE;
    crt.MBEDTLS_PRIVATE(key_usage) = MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
    check_taken(TRUST_LEAF);
    crt.MBEDTLS_PRIVATE(key_usage) |= MBEDTLS_X509_KU_KEY_CERT_SIGN;
    check_refused(TRUST_LEAF, USAGE, "it may sign certificates");
    check_taken(TRUST_INTERMEDIATE);
}

static void refuses_keys_for_anything(void)
{
    clear();
    set(&crt.ext_key_usage.buf, MBEDTLS_ASN1_OID, MBEDTLS_OID_SERVER_AUTH,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
    crt.MBEDTLS_PRIVATE(ext_types) = MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
    check_taken(TRUST_LEAF);
    check_refused(TRUST_ANCHOR, USAGE, "a root for some uses");
    set(&other_usage.buf, MBEDTLS_ASN1_OID, MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_ANY_EXTENDED_KEY_USAGE));
    crt.ext_key_usage.next = &other_usage;
    check_refused(TRUST_LEAF, USAGE, "its key is for anything");
}

static void asks_what_a_ca_is_for(void)
{
    clear();
    set(&crt.issuer_raw, 0x30, "0\0", 2);
    crt.MBEDTLS_PRIVATE(ext_types) = MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
    set(&crt.ext_key_usage.buf, MBEDTLS_ASN1_OID, MBEDTLS_OID_EMAIL_PROTECTION,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_EMAIL_PROTECTION));
    check_refused(TRUST_INTERMEDIATE, USAGE, "a CA for other uses");
    check_refused(TRUST_ANCHOR, USAGE, "a CA for other uses");
    set(&other_usage.buf, MBEDTLS_ASN1_OID, MBEDTLS_OID_SERVER_AUTH,
        MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH));
    crt.ext_key_usage.next = &other_usage;
    check_taken(TRUST_INTERMEDIATE);
    check_taken(TRUST_ANCHOR);
}

static void counts_from_one(void)
{
    static const uint8_t zeros[1] = {0}, negative[] = {0x80}, long_one[21] = {1}, high[] = {0, 0x80};
    clear();
    set(&crt.serial, 2, zeros, 1);
    check_refused(TRUST_LEAF, MALFORMED, "bad serial number");
    check_refused(TRUST_INTERMEDIATE, MALFORMED, "bad serial number");
    check_taken(TRUST_ANCHOR);
    set(&crt.serial, 2, zeros, 0);
    check_refused(TRUST_LEAF, MALFORMED, "bad serial number");
    set(&crt.serial, 2, negative, 1);
    check_refused(TRUST_LEAF, MALFORMED, "bad serial number");
    set(&crt.serial, 2, long_one, 21);
    check_refused(TRUST_LEAF, MALFORMED, "bad serial number");
    set(&crt.serial, 2, long_one, 20);
    check_taken(TRUST_LEAF);
    set(&crt.serial, 2, high, 2);
    check_taken(TRUST_LEAF);
}

static void compares_a_roots_own_identifiers(void)
{
    clear();
    set(&crt.subject_key_id, 4, "a", 1);
    check_taken(TRUST_ANCHOR);
    set(&crt.authority_key_id.keyIdentifier, 4, "a", 1);
    check_taken(TRUST_ANCHOR);
    set(&crt.authority_key_id.keyIdentifier, 4, "b", 1);
    check_refused(TRUST_ANCHOR, MALFORMED, "its key identifiers differ");
    set(&crt.issuer_raw, 0x30, "another", 7);
    check_taken(TRUST_ANCHOR);
}

// --- The common name

static void wants_the_common_name_among_the_others(void)
{
    static const struct {
        const char *common, *dns, *address;
        bool taken;
    } cases[] = {
        {"example.com", "example.com", NULL, true},
        {"example.com", "www.example.com", NULL, true},
        {"example.com", "*.example.com", NULL, true},
        {"www.example.com", "*.example.com", NULL, true},
        {"example.com", NULL, "\x7f\0\0\1", true},
        {"My server", "example.com", NULL, true},
        {"server", "example.com", NULL, true},
        {"server1", "example.com", NULL, true},
        {"Acme Inc. v1.2", "example.com", NULL, true},
        {"", "example.com", NULL, true},
        {"aa:bb:cc:dd:ee:ff", NULL, "\x7f\0\0\1", true},
        {"127.0.0.1", NULL, "\x7f\0\0\1", true},
        {"127.0.0.1", "127.0.0.1", NULL, true},
        {"0xabcdef", NULL, "\x7f\0\0\1", true},
        {"Example.com", "example.com", NULL, false},
        {"www.example.com", "example.com", NULL, false},
        {"www.example.com", "mail.example.com", NULL, false},
        {"ample.com", "example.com", NULL, false},
        {"xn--a.com", "xn--b.com", NULL, false},
        {"b\xc3\xbc.com", "xn--b-eha.com", NULL, false},
        {"127.0.0.2", NULL, "\x7f\0\0\1", false},
        {"127.000.000.001", NULL, "\x7f\0\0\1", false},
        {"0x7f000001", NULL, "\x7f\0\0\1", false},
        {"0:0:0:0:0:0:0:1", NULL, "\x7f\0\0\1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clear();
        name_it(cases[i].common);
        if (cases[i].dns != NULL)
            add_dns(cases[i].dns);
        if (cases[i].address != NULL)
            add_name(MBEDTLS_X509_SAN_IP_ADDRESS, cases[i].address, 4);
        if ((check(TRUST_LEAF) == 0) != cases[i].taken)
            FAIL("common name '%s': wanted %d", cases[i].common, cases[i].taken);
    }
}

static void knows_one_way_to_write_an_address(void)
{
    static const uint8_t address[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    static const char *const others[] = {"2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::1",
                                         "2001:db8::2"};
    clear();
    add_name(MBEDTLS_X509_SAN_IP_ADDRESS, address, 16);
    name_it("2001:db8::1");
    check_taken(TRUST_LEAF);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        clear();
        add_name(MBEDTLS_X509_SAN_IP_ADDRESS, address, 16);
        name_it(others[i]);
        check_refused(TRUST_LEAF, MALFORMED, "common name is no alternative name");
    }
}

// --- Name constraints

static bytes_t constraints; // as the extension's value

// One list of subtrees, with what is of its kind.
static void constrain(bool excluded, uint8_t kind, const void *p, size_t len)
{
    bytes_t base = {.len = 0};
    put_element(&base, 0x80 | kind, p, len);
    wrap(&base, 0x30);
    wrap(&base, excluded ? 0xa1 : 0xa0);
    constraints = base;
    wrap(&constraints, 0x30);
}

static const char *words(void)
{
    uint8_t *copy = malloc(constraints.len);
    if (copy == NULL)
        abort();
    memcpy(copy, constraints.p, constraints.len);
    bool others;
    const char *wrong = trust_constraints_fault(copy, constraints.len, &others);
    if (wrong == NULL)
        wrong = trust_constrain(copy, constraints.len, &crt);
    free(copy);
    return wrong;
}

static const struct {
    const char *base, *name;
    bool permitted, excluded;
} hosts[] = {
    {"example.com", "example.com", true, true},
    {"example.com", "EXAMPLE.com", true, true},
    {"EXAMPLE.com", "a.example.com", true, true},
    {"example.com", "a.b.example.com", true, true},
    {"example.com", "*.example.com", true, true},
    {"", "example.com", true, true},
    {"com", "example.com", true, true},
    {"example.com", "xexample.com", false, false},
    {"example.com", "example.org", false, false},
    {"a.example.com", "example.com", false, false},
    {"a.example.com", "*.example.com", false, true}, // it stands for a.example.com
    {"a.b.example.com", "*.example.com", false, true},
    {"example.com", "*.com", false, true},
    {"example.com", "*.org", false, false},
};

static void compares_hosts(void)
{
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        for (int excluded = 0; excluded < 2; excluded++) {
            bool allowed = excluded ? !hosts[i].excluded : hosts[i].permitted;
            clear();
            add_dns(hosts[i].name);
            constrain(excluded, 2, hosts[i].base, strlen(hosts[i].base));
            if ((words() == NULL) != allowed)
                FAIL("'%s' of '%s', excluded %d: wanted %d", hosts[i].name, hosts[i].base, excluded, allowed);
        }
    }
}

static void every_name_counts(void)
{
    clear();
    add_dns("a.example.com");
    add_dns("b.example.org");
    constrain(false, 2, "example.com", 11);
    CHECK_STR(words(), "its issuer may not vouch for its names");
}

static void other_kinds_are_not_restricted(void)
{
    clear();
    add_dns("example.com");
    constrain(false, 7, "\x0a\0\0\0\xff\0\0\0", 8);
    CHECK(words() == NULL);
    constrain(true, 0, "", 0);
    CHECK(words() == NULL);
}

static void compares_addresses(void)
{
    clear();
    add_name(MBEDTLS_X509_SAN_IP_ADDRESS, "\x0a\1\2\3", 4);
    constrain(false, 7, "\x0a\0\0\0\xff\0\0\0", 8);
    CHECK(words() == NULL);
    constrain(true, 7, "\x0a\0\0\0\xff\0\0\0", 8);
    CHECK(words() != NULL);
    constrain(false, 7, "\x0b\0\0\0\xff\0\0\0", 8);
    CHECK(words() != NULL);
    constrain(false, 7, "\0\0\0\0\0\0\0\0", 8);
    CHECK(words() == NULL);
    constrain(false, 7, "\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 32);
    CHECK(words() != NULL);
}

// A server is known by nothing else than host names and addresses.
static void other_kinds_are_not_compared(void)
{
    clear();
    name_it("foo");
    add_name(MBEDTLS_X509_SAN_RFC822_NAME, "a@example.com", 13);
    constrain(false, 1, "example.org", 11);
    CHECK(words() == NULL);
    constrain(true, 1, "example.com", 11);
    CHECK(words() == NULL);
    constrain(false, 4, "\x30\x00", 2);
    CHECK(words() == NULL);
    constrain(false, 2, "example.com", 11);
    CHECK(words() == NULL);
}

static void malformed_names_are_not_permitted(void)
{
    static const char *const bad[] = {"", "a b", "*a", "example.com.", "*.*", "*."};
    constrain(false, 2, "example.com", 11);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        clear();
        add_dns(bad[i]);
        if (words() == NULL)
            FAIL("'%s' is taken", bad[i]);
    }
    clear();
    add_name(MBEDTLS_X509_SAN_IP_ADDRESS, "\x0a\1\2\3\4", 5);
    constrain(false, 7, "\x0a\0\0\0\xff\0\0\0", 8);
    CHECK(words() != NULL);
}

static void refuses_malformed_constraints(void)
{
    static const struct {
        uint8_t kind;
        const char *p;
        size_t len;
    } bad[] = {
        {2, ".example.com", 12},
        {2, "*.example.com", 13},
        {7, "\x0a\0\0\0", 4},
        {7, "", 0},

    };
    clear();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        constrain(false, bad[i].kind, bad[i].p, bad[i].len);
        CHECK_STR(words(), "malformed name constraints");
        constrain(true, bad[i].kind, bad[i].p, bad[i].len);
        CHECK_STR(words(), "malformed name constraints");
    }
    static const char *const values[] = {"\x30\x00", "\x30\x02\xa0\x00", "\x30\x02\xa1\x00",
                                         "\x30\x02\xa2\x00", "\x31\x02\xa0\x00"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        size_t len = 2 + (size_t)values[i][1];
        bool others;
        CHECK_STR(trust_constraints_fault((const uint8_t *)values[i], len, &others),
                  "malformed name constraints");
    }
}

static void only_cas_may_have_constraints(void)
{
    constrain(false, 2, "example.com", 11);
    clear();
    add_own(30, false, constraints.p, constraints.len);
    check_refused(TRUST_LEAF, MALFORMED, "name constraints of a server");
    clear();
    add_own(30, false, "\x30\x00", 2);
    check_refused(TRUST_INTERMEDIATE, MALFORMED, "malformed name constraints");
}

// What an issuer's certificate says holds for all below it, but for its own new certificate.
static void constrains_what_is_below(void)
{
    static uint8_t issuer[4096];
    constrain(false, 2, "example.com", 11);
    clear();
    add_own(30, true, constraints.p, constraints.len);
    REQUIRE_INT(check(TRUST_ANCHOR), 0);
    REQUIRE_INT(strict.count, 1);
    trust_strict_t kept = strict;
    memcpy(issuer, kept.constraints[0].value, kept.constraints[0].len);
    kept.constraints[0].value = issuer;
    clear();
    strict = kept;
    add_dns("example.com");
    check_taken(TRUST_LEAF);
    add_dns("example.org");
    check_refused(TRUST_LEAF, USAGE, "its issuer may not vouch for its names");
    check_taken(TRUST_INTERMEDIATE); // self-issued
    set(&crt.issuer_raw, 0x30, "another", 7);
    check_refused(TRUST_INTERMEDIATE, USAGE, "its issuer may not vouch for its names");
}

static void keeps_a_few_constraints(void)
{
    constrain(false, 2, "", 0);
    clear();
    add_own(30, true, constraints.p, constraints.len);
    for (int i = 0; i < TRUST_CONSTRAINED; i++)
        CHECK_INT(check(TRUST_INTERMEDIATE), 0);
    check_refused(TRUST_INTERMEDIATE, MALFORMED, "too many name constraints");
}

// --- Bounds

#define NAMES 3000
static mbedtls_x509_sequence crowd[NAMES];

static void bounds_its_work(void)
{
    static bytes_t list;
    list.len = 0;
    for (int i = 0; i < 400; i++)
        put(&list, "\x30\x04\x82\x02zz", 6);
    wrap(&list, 0xa1);
    constraints = list;
    wrap(&constraints, 0x30);
    for (size_t i = 0; i < NAMES; i++) {
        crowd[i].next = i + 1 < NAMES ? &crowd[i + 1] : NULL;
        set(&crowd[i].buf, 0x82, "example.com", 11);
    }
    clear();
    crt.subject_alt_names = crowd[NAMES - 4];
    CHECK(words() == NULL);
    crt.subject_alt_names = crowd[0];
    CHECK_STR(words(), "its issuer may not vouch for its names");
}

// Every end that a certificate's extensions may come to.
static void reads_no_further_than_there_is(void)
{
    static uint8_t whole[4096];
    constrain(false, 2, "example.com", 11);
    clear();
    name_it("A CA");
    add_dns("example.com");
    add_own(14, false, "\x04\x01\x01", 3);
    add_own(30, true, constraints.p, constraints.len);
    add_extension("\x2b\x06\x01\x05\x05\x07\x01\x01", 8, false, "\x30\x07\x30\x05\x06\x01\x01\x86\x00", 9);
    REQUIRE_INT(check(TRUST_INTERMEDIATE), 0);
    size_t len = crt.v3_ext.len;
    memcpy(whole, crt.v3_ext.p, len);
    for (size_t cut = 1; cut < len; cut++) {
        strict = (trust_strict_t){.count = 0};
        set_extensions(whole, cut);
        CHECK_INT(trust_check_strictly(&strict, &crt, TRUST_INTERMEDIATE), MALFORMED);
    }
}

static void reads_no_further_when_lengths_lie(void)
{
    static uint8_t whole[4096];
    constrain(false, 2, "example.com", 11);
    clear();
    add_dns("example.com");
    add_own(30, true, constraints.p, constraints.len);
    add_extension("\x2b\x06\x01\x05\x05\x07\x01\x01", 8, false, "\x30\x07\x30\x05\x06\x01\x01\x86\x00", 9);
    REQUIRE_INT(check(TRUST_INTERMEDIATE), 0);
    size_t len = crt.v3_ext.len;
    memcpy(whole, crt.v3_ext.p, len);
    for (size_t i = 0; i < len * 256; i++) {
        uint8_t kept = whole[i / 256];
        whole[i / 256] = (uint8_t)i;
        set_extensions(whole, len);
        strict = (trust_strict_t){.count = 0};
        (void)trust_check_strictly(&strict, &crt, TRUST_INTERMEDIATE);
        set(&crt.issuer_raw, 0x30, "another", 7);
        (void)trust_check_strictly(&strict, &crt, TRUST_INTERMEDIATE);
        whole[i / 256] = kept;
    }
}

static void constraints_end_where_they_end(void)
{
    clear();
    name_it("foo");
    add_dns("example.com");
    add_name(MBEDTLS_X509_SAN_IP_ADDRESS, "\x0a\1\2\3", 4);
    constrain(false, 2, "example.com", 11);
    bytes_t whole = constraints;
    for (constraints.len = 1; constraints.len < whole.len; constraints.len++)
        CHECK_STR(words(), "malformed name constraints");
    for (size_t i = 0; i < whole.len * 256; i++) {
        constraints = whole;
        constraints.p[i / 256] = (uint8_t)i;
        (void)words();
    }
}

// --- Anchors

static int read_extension(const char *oid, size_t oid_len)
{
    mbedtls_x509_buf name;
    uint8_t *copy = malloc(constraints.len);
    if (copy == NULL)
        abort();
    memcpy(copy, constraints.p, constraints.len);
    set(&name, MBEDTLS_ASN1_OID, oid, oid_len);
    int code = trust_read_extension(NULL, NULL, &name, 1, copy, copy + constraints.len);
    free(copy);
    return code;
}

#define READ(oid) read_extension(oid, MBEDTLS_OID_SIZE(oid))

// What is critical must be understood.
static void lets_anchors_have_constraints(void)
{
    constrain(false, 2, "example.com", 11);
    CHECK_INT(READ(MBEDTLS_OID_NAME_CONSTRAINTS), 0);
    CHECK_INT(READ(MBEDTLS_OID_POLICY_CONSTRAINTS), MBEDTLS_ERR_X509_INVALID_EXTENSIONS);
    constrain(false, 2, "*.example.com", 13);
    CHECK_INT(READ(MBEDTLS_OID_NAME_CONSTRAINTS), MBEDTLS_ERR_X509_INVALID_EXTENSIONS);
    constrain(true, 7, "\x0a\0\0\0\xff\0\0\0", 8);
    CHECK_INT(READ(MBEDTLS_OID_NAME_CONSTRAINTS), 0);
    constrain(false, 4, "\x30\x00", 2);
    CHECK_INT(READ(MBEDTLS_OID_NAME_CONSTRAINTS), MBEDTLS_ERR_X509_INVALID_EXTENSIONS);
    constrain(true, 1, "example.com", 11);
    CHECK_INT(READ(MBEDTLS_OID_NAME_CONSTRAINTS), MBEDTLS_ERR_X509_INVALID_EXTENSIONS);
}

int main(void)
{
    RUN(takes_ordinary_certificates);
    RUN(takes_what_has_no_extensions);
    RUN(refuses_critical_key_identifiers);
    RUN(wants_names_critical_without_a_subject_only);
    RUN(refuses_other_marks);
    RUN(reads_access_information);
    RUN(asks_what_the_key_is_for);
    RUN(refuses_keys_for_anything);
    RUN(asks_what_a_ca_is_for);
    RUN(counts_from_one);
    RUN(compares_a_roots_own_identifiers);
    RUN(wants_the_common_name_among_the_others);
    RUN(knows_one_way_to_write_an_address);
    RUN(compares_hosts);
    RUN(every_name_counts);
    RUN(other_kinds_are_not_restricted);
    RUN(compares_addresses);
    RUN(other_kinds_are_not_compared);
    RUN(malformed_names_are_not_permitted);
    RUN(refuses_malformed_constraints);
    RUN(only_cas_may_have_constraints);
    RUN(constrains_what_is_below);
    RUN(keeps_a_few_constraints);
    RUN(bounds_its_work);
    RUN(reads_no_further_than_there_is);
    RUN(reads_no_further_when_lengths_lie);
    RUN(constraints_end_where_they_end);
    RUN(lets_anchors_have_constraints);
    free(exact);
    return check_done();
}
