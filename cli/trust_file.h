// trust_file.h: the trusted certificates, and the words when they cannot be had.
#ifndef PICKET_CLI_TRUST_FILE_H
#define PICKET_CLI_TRUST_FILE_H

#include "linux_trust.h"

// Load the certificates of a file, or those of the system (path NULL). 0, or an exit code with the reason
// said on stderr.
int trust_file_load(struct picket_linux_trust *trust, const char *path);

#endif
