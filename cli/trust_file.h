// trust_file.h: the trusted certificates, and the words when they cannot be had.
#ifndef PICKET_CLI_TRUST_FILE_H
#define PICKET_CLI_TRUST_FILE_H

#include "linux_trust.h"

// Load the certificates of a file; path NULL: of the file that SSL_CERT_FILE in the environment names, else the web's roots.
// 0, or an exit code with the reason said on stderr.
int trust_file_load(struct picket_linux_trust *trust, const char *path);

#endif
