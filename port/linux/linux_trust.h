// linux_trust.h: trusted certificates from a file, PEM or DER, or from the system's bundle.
#ifndef PICKET_LINUX_TRUST_H
#define PICKET_LINUX_TRUST_H

#include <stddef.h>

#include "picket/trust.h"

#ifdef __cplusplus
extern "C" {
#endif

// A store and the memory behind it, which picket_linux_trust_free gives back. Zero it first.
struct picket_linux_trust {
    picket_trust_t store;
    void *data;
    void *mem;
    size_t bad; // after PICKET_ERR_TRUST_FORMAT: the offset of the first certificate that is not one
};

// Load a file of certificates; path NULL is the system's bundle. Returns 0; PICKET_ERR_NO_TRUST when the file
// cannot be read (errno says why; ENOENT when the system has no bundle); PICKET_ERR_TRUST_FORMAT when it
// holds no certificates or damaged ones; PICKET_ERR_NO_MEMORY. On failure there is nothing to free.
int picket_linux_trust_load(struct picket_linux_trust *trust, const char *path);

void picket_linux_trust_free(struct picket_linux_trust *trust);

// The file that NULL stands for: $SSL_CERT_FILE, or the first bundle there is where distributions keep it.
// NULL when there is none.
const char *picket_linux_trust_path(void);

#ifdef __cplusplus
}
#endif
#endif
