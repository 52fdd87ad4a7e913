// trust_file.h: trusted certificates from a file, PEM or DER.
#ifndef PICKET_CLI_TRUST_FILE_H
#define PICKET_CLI_TRUST_FILE_H

#include "picket/trust.h"

// A store and the memory behind it. Zero it first.
struct trust_file {
    picket_trust_t store;
    void *data;
    void *mem;
};

// The file that curl would take: $SSL_CERT_FILE, or the system's bundle. NULL when there is none.
const char *trust_file_default(void);

// Load a file. 0, or an exit code with the reason said on stderr.
int trust_file_load(struct trust_file *trust, const char *path);

void trust_file_free(struct trust_file *trust);

#endif
