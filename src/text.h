// text.h: short texts built without printf: for details, log lines and numbers in a head.
#ifndef PICKET_TEXT_H
#define PICKET_TEXT_H

#include <stddef.h>
#include <stdint.h>

// Text in a buffer of cap bytes, always ended by NUL; what does not fit is cut off.
typedef struct text {
    char *buf;
    size_t cap; // at least 1
    size_t len;
} text_t;

// Begin an empty text in buf.
text_t text_in(char *buf, size_t cap);

void text_str(text_t *t, const char *s);
void text_num(text_t *t, int64_t n);
void text_hex(text_t *t, const uint8_t *bytes, size_t len);
void text_base64(text_t *t, const uint8_t *bytes, size_t len); // RFC 4648 section 4, padded

// Bytes that came from outside: what is not printable ASCII becomes '?'; at most max of them.
void text_quote(text_t *t, const void *bytes, size_t len, size_t max);

#endif
