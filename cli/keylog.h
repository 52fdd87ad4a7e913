// keylog.h: a file that receives the TLS secrets (NSS key log format), for Wireshark. Whoever has it can read
// the traffic.
#ifndef PICKET_CLI_KEYLOG_H
#define PICKET_CLI_KEYLOG_H

#include <stdio.h>

// Open path to append to it; only the user may read a new file. NULL with errno set when that fails.
FILE *keylog_open(const char *path);

// One line; it is in the file when this returns.
void keylog_line(FILE *file, const char *line);

#endif
