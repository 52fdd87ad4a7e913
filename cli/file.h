// file.h: reading files, pipes and terminals.
#ifndef PICKET_CLI_FILE_H
#define PICKET_CLI_FILE_H

#include <stddef.h>

// Open a file for reading; "-" is standard input. -1 with errno set when that fails, also for a directory.
int file_open(const char *path);

// Close what file_open gave; standard input stays open.
void file_close(int fd);

// All of a file ("-": of standard input) in a new block, *len bytes and a NUL after them. 0 or an errno:
// EFBIG when there are more than max bytes, EINTR when the user interrupted.
int file_read(const char *path, size_t max, char **data, size_t *len);

// The same of a file of the user's own that nobody else can read or write, else ENOTSUP (no file at all, but a device, a
// pipe or a link) or EPERM.
int file_read_private(const char *path, size_t max, char **data, size_t *len);

#endif
