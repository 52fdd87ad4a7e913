// trust_constraints.c: may a certificate's issuer vouch for its names? (RFC 5280 4.2.1.10)
//
// Mbed TLS gives up on certificates whose constraints are marked critical, and passes over others. Host names
// and addresses are compared here: a server is known by nothing else.

#include <string.h>

#include "trust.h"
#include "trust_der.h"

// Kinds of names (GeneralName).
enum { DNS = 2, ADDRESS = 7 };

#define TAG_SEQUENCE  0x30
#define TAG_PERMITTED 0xa0
#define TAG_EXCLUDED  0xa1

// Comparisons for one certificate: a thousand constraints on a thousand names are an attack.
#define WORK          2000

static const char malformed[] = "malformed name constraints";
static const char outside[] = "its issuer may not vouch for its names";

typedef struct name {
    uint8_t kind;
    const uint8_t *p;
    size_t len;
} name_t;

typedef struct constraints {
    der_t permitted, excluded;
    unsigned work;
} constraints_t;

// --- Reading

// A host name as a constraint has neither wildcards nor, other than in mail, a period in front.
static bool is_sound(const name_t *base)
{
    if (base->kind == DNS)
        return base->len == 0 || (base->p[0] != '.' && memchr(base->p, '*', base->len) == NULL);
    return base->kind != ADDRESS || base->len == 8 || base->len == 32;
}

static bool next_base(der_t *list, name_t *base)
{
    der_t subtree, name;
    if (!der_take(&list->body, &list->len, TAG_SEQUENCE, &subtree) ||
        !der_next(&subtree.body, &subtree.len, &name) || subtree.len != 0)
        return false;
    *base = (name_t){name.tag & 0x1f, name.body, name.len};
    return is_sound(base);
}

static bool open(const uint8_t *value, size_t len, constraints_t *c)
{
    der_t all;
    c->permitted.len = c->excluded.len = c->work = 0;
    if (!der_take(&value, &len, TAG_SEQUENCE, &all) || len != 0)
        return false;
    if (all.len > 0 && all.body[0] == TAG_PERMITTED)
        (void)der_next(&all.body, &all.len, &c->permitted);
    if (all.len > 0)
        (void)der_take(&all.body, &all.len, TAG_EXCLUDED, &c->excluded);
    return all.len == 0 && (c->permitted.len > 0 || c->excluded.len > 0);
}

const char *trust_constraints_fault(const uint8_t *value, size_t len, bool *others)
{
    constraints_t c;
    name_t base;
    *others = false;
    if (!open(value, len, &c))
        return malformed;
    while (c.permitted.len > 0 || c.excluded.len > 0) {
        if (!next_base(c.permitted.len > 0 ? &c.permitted : &c.excluded, &base))
            return malformed;
        *others = *others || (base.kind != DNS && base.kind != ADDRESS);
    }
    return NULL;
}

// --- Comparing

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

// "example.com" holds itself and what ends with ".example.com"; an empty one holds all.
static bool holds_host(const uint8_t *base, size_t base_len, const uint8_t *p, size_t len)
{
    if (base_len > len)
        return false;
    p += len - base_len;
    for (size_t i = 0; i < base_len; i++) {
        if (fold(base[i]) != fold(p[i]))
            return false;
    }
    return base_len == 0 || base_len == len || p[-1] == '.';
}

static bool holds_address(const name_t *base, const name_t *name)
{
    if (base->len != name->len * 2)
        return false;
    for (size_t i = 0; i < name->len; i++) {
        if (((base->p[i] ^ name->p[i]) & base->p[name->len + i]) != 0)
            return false;
    }
    return true;
}

// "*.example.com" stands for "a.example.com" too, which may be excluded.
static bool holds(const name_t *base, const name_t *name, bool excluded)
{
    if (base->kind == ADDRESS)
        return holds_address(base, name);
    if (holds_host(base->p, base->len, name->p, name->len))
        return true;
    return excluded && name->len > 2 && name->p[0] == '*' &&
           holds_host(name->p + 2, name->len - 2, base->p, base->len);
}

// Does the list hold a base of the name's kind, and one that holds the name?
static bool search(constraints_t *c, const name_t *name, bool excluded, bool *kind)
{
    name_t base;
    der_t list = excluded ? c->excluded : c->permitted;
    while (list.len > 0 && next_base(&list, &base)) {
        if (++c->work > WORK)
            return excluded;
        if (base.kind != name->kind)
            continue;
        *kind = true;
        if (holds(&base, name, excluded))
            return true;
    }
    return false;
}

static bool allows(constraints_t *c, const name_t *name)
{
    bool restricted = false;
    if (name->kind != DNS && name->kind != ADDRESS)
        return true;
    return (search(c, name, false, &restricted) || !restricted) && !search(c, name, true, &restricted) &&
           c->work <= WORK;
}

const char *trust_constrain(const uint8_t *value, size_t len, const mbedtls_x509_crt *crt)
{
    constraints_t c;
    if (!open(value, len, &c))
        return malformed;
    for (const mbedtls_x509_sequence *san = &crt->subject_alt_names; san != NULL; san = san->next) {
        if (san->buf.p != NULL && !allows(&c, &(name_t){san->buf.tag & 0x1f, san->buf.p, san->buf.len}))
            return outside;
    }
    return NULL;
}
