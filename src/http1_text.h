// http1_text.h: the characters that HTTP is made of (RFC 9110 section 5), the same in requests and responses.
#ifndef PICKET_HTTP1_TEXT_H
#define PICKET_HTTP1_TEXT_H

#include <stdbool.h>
#include <string.h>

static inline bool http1_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool http1_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline char http1_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

// tchar: what methods and field names consist of.
static inline bool http1_is_token(char c)
{
    const char low = http1_lower(c);

    return (low >= 'a' && low <= 'z') || http1_is_digit(c) ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

// What field values and reason phrases consist of: no control character but HTAB. Bytes from 0x80 on are
// opaque.
static inline bool http1_is_text(char c)
{
    const unsigned char byte = (unsigned char)c;

    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// The value of a hexadecimal digit, or -1.
static inline int http1_hex(char c)
{
    const char low = http1_lower(c);

    if (http1_is_digit(c))
        return c - '0';
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

// Field names are equal whatever their case, and so are host names.
static inline bool http1_same_bytes(const char *a, const char *b, size_t len)
{
    size_t i = 0;
    while (i < len && http1_lower(a[i]) == http1_lower(b[i]))
        i++;
    return i == len;
}

static inline bool http1_same_name(const char *a, const char *b)
{
    while (*a != '\0' && http1_lower(*a) == http1_lower(*b))
        a++, b++;
    return http1_lower(*a) == http1_lower(*b);
}

#endif
