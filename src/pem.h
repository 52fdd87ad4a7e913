// pem.h: blocks of base64 between lines that name what is in them (RFC 7468).
#ifndef PICKET_PEM_H
#define PICKET_PEM_H

#include <stddef.h>

// One block: where its first line begins (for messages), its base64 text, and the place behind it.
typedef struct pem {
    const char *at;
    const char *text;
    size_t len;
    const char *behind;
} pem_t;

// The next block of this kind ("CERTIFICATE"). 1: found, 0: there is none, -1: begun and not ended.
int pem_next(const char *text, size_t len, const char *kind, pem_t *block);

#endif
