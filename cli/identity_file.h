// identity_file.h: the certificate that the client shows (--cert, --key).
#ifndef PICKET_CLI_IDENTITY_FILE_H
#define PICKET_CLI_IDENTITY_FILE_H

#include "picket/identity.h"

// Read the files; key NULL: it is in the file of the certificate. 0, or an exit code with the reason said on stderr.
int identity_file_load(picket_identity_t *identity, const char *cert, const char *key);

// Wipe what was read, which picket_init has copied.
void identity_file_free(picket_identity_t *identity);

#endif
