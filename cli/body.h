// body.h: the request body of one exchange, piece by piece: from memory, from a file, or from standard input.
#ifndef PICKET_CLI_BODY_H
#define PICKET_CLI_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Zero it: no body.
struct body {
    bool present;
    int64_t length;   // PICKET_CHUNKED when it is not known
    const char *name; // of the file, for messages
    int fd;           // -1: all of it is in memory
    int64_t unread;   // bytes of a known length that have not been read from fd
    const char *next; // bytes that have been read and not been taken
    size_t left;
    int failed; // of body_read_at
    char buffer[16384];
};

// What body_peek says when it gives no bytes.
enum { BODY_END = 0, BODY_WAIT = -1, BODY_FAILED = -2, BODY_SHRUNK = -3 };

// Bytes that stay where they are until the exchange is over.
void body_from_memory(struct body *body, const char *bytes, size_t len);

// A file, or "-" for standard input. 0 or an errno.
int body_from_file(struct body *body, const char *path);

// The next bytes: how many, above 0, and *data set; BODY_END; BODY_WAIT when a pipe has none yet; BODY_FAILED
// with errno set; BODY_SHRUNK when the file has become shorter than it was.
int body_peek(struct body *body, const char **data);

// So many of them have been sent.
void body_take(struct body *body, size_t len);

// All of it can be read from any offset, again and again: it is in memory, or a regular file.
bool body_is_seekable(const struct body *body);

// So many bytes of it from this offset on; fewer at its end; -1 when that fails, and why (BODY_FAILED with errno set, or BODY_SHRUNK) is in
// body->failed.
int body_read_at(struct body *body, uint64_t at, void *buf, size_t len);

void body_close(struct body *body);

#endif
