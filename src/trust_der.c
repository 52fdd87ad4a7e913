#include "trust_der.h"

#include "picket/trust.h"

enum {
    TAG_BOOLEAN = 0x01,
    TAG_INTEGER = 0x02,
    TAG_BITS = 0x03,
    TAG_OCTETS = 0x04,
    TAG_OID = 0x06,
    TAG_SEQUENCE = 0x30,
    TAG_SET = 0x31,
    TAG_VERSION = 0xa0
};

// --- Elements

// Lengths of up to three bytes: 16 MB, and a store takes less.
static bool read_length(const uint8_t *bytes, size_t len, size_t *header, size_t *length)
{
    if (len < 2)
        return false;
    if (bytes[1] < 0x80) {
        *header = 2;
        *length = bytes[1];
        return true;
    }
    size_t count = bytes[1] & 0x7fu;
    if (count == 0 || count > 3 || len < 2 + count || bytes[2] == 0)
        return false;
    *length = 0;
    for (size_t i = 0; i < count; i++)
        *length = *length << 8 | bytes[2 + i];
    *header = 2 + count;
    return *length >= 0x80;
}

bool der_read(const uint8_t *bytes, size_t len, der_t *element)
{
    size_t header, length;
    if (!read_length(bytes, len, &header, &length) || length > len - header)
        return false;
    *element = (der_t){bytes[0], bytes + header, length, header + length};
    return true;
}

bool der_next(const uint8_t **bytes, size_t *len, der_t *element)
{
    if (!der_read(*bytes, *len, element))
        return false;
    *bytes += element->whole;
    *len -= element->whole;
    return true;
}

bool der_take(const uint8_t **bytes, size_t *len, uint8_t tag, der_t *element)
{
    return der_next(bytes, len, element) && element->tag == tag;
}

static bool expect(const uint8_t **bytes, size_t *len, uint8_t tag)
{
    der_t element;
    return der_take(bytes, len, tag, &element);
}

static bool open_certificate(const uint8_t *bytes, size_t len, der_t *certificate, der_t *tbs)
{
    return der_read(bytes, len, certificate) && certificate->tag == TAG_SEQUENCE &&
           der_read(certificate->body, certificate->len, tbs) && tbs->tag == TAG_SEQUENCE;
}

// To the signature's algorithm, behind the version (optional) and the serial number.
static bool to_algorithm(const der_t *tbs, const uint8_t **p, size_t *left)
{
    *p = tbs->body;
    *left = tbs->len;
    if (*left > 0 && **p == TAG_VERSION && !expect(p, left, TAG_VERSION))
        return false;
    return expect(p, left, TAG_INTEGER);
}

// RFC 5280 4.1: version (optional), serial number, signature, issuer, validity, subject.
bool der_certificate(const uint8_t *bytes, size_t len, size_t *whole, const uint8_t **subject,
                     size_t *subject_len)
{
    der_t certificate, tbs, name;
    const uint8_t *p;
    size_t left;
    if (!open_certificate(bytes, len, &certificate, &tbs) || !to_algorithm(&tbs, &p, &left))
        return false;
    for (int i = 0; i < 3; i++) {
        if (!expect(&p, &left, TAG_SEQUENCE))
            return false;
    }
    if (!der_read(p, left, &name) || name.tag != TAG_SEQUENCE)
        return false;
    *whole = certificate.whole;
    *subject = p;
    *subject_len = name.whole;
    return true;
}

// RFC 5280 4.1: an algorithm and a string of bits.
static bool is_key(const der_t *element)
{
    const uint8_t *p = element->body;
    size_t left = element->len;
    return element->tag == TAG_SEQUENCE && expect(&p, &left, TAG_SEQUENCE) && expect(&p, &left, TAG_BITS) &&
           left == 0;
}

bool der_key(const uint8_t *bytes, size_t len, const uint8_t **key, size_t *key_len)
{
    size_t whole, name_len;
    const uint8_t *name;
    der_t element;
    *key = bytes;
    if (der_certificate(bytes, len, &whole, &name, &name_len)) {
        if (whole != len)
            return false;
        *key = name + name_len;
        len -= (size_t)(*key - bytes);
    } else if (!der_read(bytes, len, &element) || element.whole != len) {
        return false;
    }
    if (!der_read(*key, len, &element) || !is_key(&element))
        return false;
    *key_len = element.whole;
    return true;
}

bool der_signature_names(const uint8_t *bytes, size_t len, const uint8_t *names[2])
{
    der_t certificate, tbs, name;
    size_t left;
    if (!open_certificate(bytes, len, &certificate, &tbs) || !to_algorithm(&tbs, &names[0], &left) ||
        !der_read(names[0], left, &name) || name.tag != TAG_SEQUENCE)
        return false;
    names[1] = certificate.body + tbs.whole;
    return der_read(names[1], certificate.len - tbs.whole, &name) && name.tag == TAG_SEQUENCE;
}

// --- Extensions

static uint8_t id_of(const der_t *oid)
{
    if (oid->len != 3 || oid->body[0] != 0x55 || oid->body[1] != 0x1d || oid->body[2] >= 0x80)
        return 0;
    return oid->body[2];
}

bool der_next_extension(const uint8_t **bytes, size_t *len, der_extension_t *extension)
{
    der_t all, mark;
    if (!der_take(bytes, len, TAG_SEQUENCE, &all) || !der_take(&all.body, &all.len, TAG_OID, &extension->oid))
        return false;
    extension->id = id_of(&extension->oid);
    extension->critical = all.len > 0 && all.body[0] == TAG_BOOLEAN;
    if (extension->critical) {
        if (!der_next(&all.body, &all.len, &mark) || mark.len != 1)
            return false;
        extension->critical = mark.body[0] != 0;
    }
    return der_take(&all.body, &all.len, TAG_OCTETS, &extension->value) && all.len == 0;
}

// --- The hash of a name: FNV-1a over each attribute's type and its value folded as RFC 5280 7.1 compares it

static uint32_t add(uint32_t hash, uint8_t byte)
{
    return (hash ^ byte) * 16777619u;
}

static uint8_t fold(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

// Case folded, blanks at the ends dropped, runs of blanks one. The kind of string is left out.
static uint32_t add_value(uint32_t hash, const uint8_t *value, size_t len)
{
    bool blank = false, begun = false;
    for (size_t i = 0; i < len; i++) {
        if (value[i] == ' ') {
            blank = begun;
            continue;
        }
        if (blank)
            hash = add(hash, ' ');
        hash = add(hash, fold(value[i]));
        blank = false;
        begun = true;
    }
    return add(hash, 0);
}

static bool add_attribute(uint32_t *hash, const uint8_t *bytes, size_t len)
{
    der_t attribute, type, value;
    if (!der_read(bytes, len, &attribute) || attribute.tag != TAG_SEQUENCE)
        return false;
    const uint8_t *p = attribute.body;
    size_t left = attribute.len;
    if (!der_next(&p, &left, &type) || type.tag != TAG_OID || !der_next(&p, &left, &value))
        return false;
    for (size_t i = 0; i < type.len; i++)
        *hash = add(*hash, type.body[i]);
    *hash = add_value(*hash, value.body, value.len);
    return true;
}

static bool add_set(uint32_t *hash, const uint8_t *p, size_t left)
{
    der_t attribute;
    while (left > 0) {
        const uint8_t *at = p;
        size_t before = left;
        if (!der_next(&p, &left, &attribute) || !add_attribute(hash, at, before))
            return false;
    }
    return true;
}

uint32_t picket_trust_hash(const uint8_t *bytes, size_t len)
{
    der_t name, set;
    uint32_t hash = 2166136261u;
    if (bytes == NULL || !der_read(bytes, len, &name) || name.tag != TAG_SEQUENCE)
        return 0;
    const uint8_t *p = name.body;
    size_t left = name.len;
    while (left > 0) {
        if (!der_next(&p, &left, &set) || set.tag != TAG_SET || !add_set(&hash, set.body, set.len))
            return 0;
    }
    return hash;
}
