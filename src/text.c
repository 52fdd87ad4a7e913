#include "text.h"

static void put(text_t *t, char c)
{
    if (t->len + 1 < t->cap) {
        t->buf[t->len++] = c;
        t->buf[t->len] = '\0';
    }
}

text_t text_in(char *buf, size_t cap)
{
    buf[0] = '\0';
    return (text_t){buf, cap, 0};
}

void text_str(text_t *t, const char *s)
{
    while (*s != '\0')
        put(t, *s++);
}

void text_num(text_t *t, int64_t n)
{
    char digits[20];
    size_t count = 0;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (n < 0)
        put(t, '-');
    while (count > 0)
        put(t, digits[--count]);
}

void text_hex(text_t *t, const uint8_t *bytes, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        put(t, digit[bytes[i] >> 4]);
        put(t, digit[bytes[i] & 15]);
    }
}

void text_base64(text_t *t, const uint8_t *bytes, size_t len)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= i + 2 < len ? bytes[i + 2] : 0;
        put(t, digit[bits >> 18]);
        put(t, digit[bits >> 12 & 63]);
        put(t, i + 1 < len ? digit[bits >> 6 & 63] : '=');
        put(t, i + 2 < len ? digit[bits & 63] : '=');
    }
}

void text_quote(text_t *t, const void *bytes, size_t len, size_t max)
{
    const uint8_t *p = bytes;
    put(t, '\'');
    for (size_t i = 0; i < len && i < max; i++)
        put(t, p[i] >= 0x20 && p[i] <= 0x7e ? (char)p[i] : '?');
    text_str(t, len > max ? "...'" : "'");
}
