// trust_make.c: a certificate made of an anchor that is only a name, a key and two dates, since Mbed TLS takes nothing
// less for an issuer. It is nobody's: its signature is empty, and never looked at.

#include <string.h>

#include "clock.h"
#include "trust.h"
#include "trust_der.h"

enum { SEQUENCE = 0x30, GENERALIZED_TIME = 0x18, TIME_LEN = 15 };

// Version 3; serial number 1; ecdsa-with-SHA256, since there must be an algorithm.
static const uint8_t front[] = {0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01, 0x30, 0x0a,
                                0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
// basicConstraints: critical, a CA.
static const uint8_t extensions[] = {0xa3, 0x13, 0x30, 0x11, 0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13,
                                     0x01, 0x01, 0xff, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xff};
// The same algorithm again, and a signature without bits.
static const uint8_t back[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
                               0x3d, 0x04, 0x03, 0x02, 0x03, 0x02, 0x00, 0x00};

#define DATES_LEN (2u * (2 + TIME_LEN))

static uint8_t *put(uint8_t *at, const uint8_t *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

// A SEQUENCE of 256 bytes and more, which a name and a key always are with what stands around them, but for the
// smallest of keys: those have a byte less of length.
static size_t header_len(size_t len)
{
    return len < 0x80 ? 2 : len < 0x100 ? 3 : 4;
}

static uint8_t *put_header(uint8_t *at, size_t len)
{
    size_t count = header_len(len) - 2;
    *at++ = SEQUENCE;
    *at++ = count == 0 ? (uint8_t)len : (uint8_t)(0x80 | count);
    while (count-- > 0)
        *at++ = (uint8_t)(len >> 8 * count);
    return at;
}

static uint8_t *put_number(uint8_t *at, int number, int digits)
{
    for (int i = digits; i-- > 0; number /= 10)
        at[i] = (uint8_t)('0' + number % 10);
    return at + digits;
}

static uint8_t *put_time(uint8_t *at, uint32_t unix_s)
{
    int year, month, day, h, m, s;
    clock_civil(unix_s, &year, &month, &day, &h, &m, &s);
    *at++ = GENERALIZED_TIME;
    *at++ = TIME_LEN;
    at = put_number(at, year, 4);
    at = put_number(at, month, 2);
    at = put_number(at, day, 2);
    at = put_number(at, h, 2);
    at = put_number(at, m, 2);
    at = put_number(at, s, 2);
    *at++ = 'Z';
    return at;
}

static size_t contents_len(const picket_anchor_t *anchor)
{
    return sizeof front + 2u * anchor->name_len + 2 + DATES_LEN + (anchor->der_len - anchor->name_len) +
           sizeof extensions;
}

// The name is its issuer's as well: a root's.
static uint8_t *put_contents(uint8_t *at, const picket_anchor_t *anchor)
{
    at = put(at, front, sizeof front);
    at = put(at, anchor->der, anchor->name_len);
    at = put_header(at, DATES_LEN);
    at = put_time(at, anchor->not_before);
    at = put_time(at, anchor->not_after);
    at = put(at, anchor->der, anchor->der_len);
    return put(at, extensions, sizeof extensions);
}

static bool is_name_and_key(const picket_anchor_t *anchor)
{
    der_t element;
    return anchor->name_len <= anchor->der_len && der_read(anchor->der, anchor->name_len, &element) &&
           element.whole == anchor->name_len &&
           der_read(anchor->der + anchor->name_len, anchor->der_len - anchor->name_len, &element) &&
           element.whole == (size_t)anchor->der_len - anchor->name_len;
}

size_t trust_make_len(const picket_anchor_t *anchor)
{
    if (!is_name_and_key(anchor))
        return 0;
    size_t contents = contents_len(anchor);
    size_t len = header_len(contents) + contents + sizeof back;
    return header_len(len) + len;
}

void trust_make(const picket_anchor_t *anchor, uint8_t *der)
{
    size_t contents = contents_len(anchor);
    der = put_header(der, header_len(contents) + contents + sizeof back);
    der = put_header(der, contents);
    der = put_contents(der, anchor);
    (void)put(der, back, sizeof back);
}
