// base64.h: bytes from base64 (RFC 4648 section 4).
#ifndef PICKET_BASE64_H
#define PICKET_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Decode len characters into out, which has room for three bytes for every four characters begun. Blanks and ends of lines
// are passed over. False for anything but base64 and the padding that its length asks for.
bool base64_decode(const char *text, size_t len, uint8_t *out, size_t *out_len);

#endif
