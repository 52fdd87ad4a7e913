#include "base64.h"

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len)
{
    uint32_t bits = 0;
    size_t count = 0, padding = 0, n = 0;
    for (size_t i = 0; i < len; i++) {
        if (is_blank(text[i]))
            continue;
        if (text[i] == '=') {
            padding++;
            continue;
        }
        int value = sextet(text[i]);
        if (value < 0 || padding != 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        if (++count % 4 != 1)
            out[n++] = (uint8_t)(bits >> (6 - 2 * ((count - 1) % 4)));
    }
    *out_len = n;
    return (count + padding) % 4 == 0 && padding < 3 && count % 4 != 1;
}
