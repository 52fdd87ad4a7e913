// body.c: see body.h.
#include "body.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "picket/picket.h"

void body_from_memory(struct body *body, const char *bytes, size_t len)
{
    body->present = true;
    body->length = (int64_t)len;
    body->fd = -1;
    body->next = bytes;
    body->left = len;
}

int body_from_file(struct body *body, const char *path)
{
    struct stat status;
    const int fd = file_open(path);

    if (fd < 0 || fstat(fd, &status) != 0)
        return errno;
    body->present = true;
    body->name = path;
    body->fd = fd;
    // Standard input may stand in the middle of a file, so its size says nothing about what is to come.
    body->length = S_ISREG(status.st_mode) && fd != STDIN_FILENO ? (int64_t)status.st_size : PICKET_CHUNKED;
    body->unread = body->length;
    return 0;
}

static bool has_input(int fd)
{
    struct pollfd input = {.fd = fd, .events = POLLIN};

    return poll(&input, 1, 0) != 0;
}

static int refill(struct body *body)
{
    size_t wanted = sizeof body->buffer;

    if (body->length != PICKET_CHUNKED && (uint64_t)body->unread < wanted)
        wanted = (size_t)body->unread;
    if (wanted == 0)
        return BODY_END;
    if (!has_input(body->fd))
        return BODY_WAIT;
    const ssize_t n = read(body->fd, body->buffer, wanted);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? BODY_WAIT : BODY_FAILED;
    if (n == 0)
        return body->length == PICKET_CHUNKED ? BODY_END : BODY_SHRUNK;
    body->unread -= body->length != PICKET_CHUNKED ? n : 0;
    body->next = body->buffer;
    body->left = (size_t)n;
    return 1;
}

int body_peek(struct body *body, const char **data)
{
    if (body->left == 0) {
        const int result = body->fd >= 0 ? refill(body) : BODY_END;
        if (result <= 0)
            return result;
    }
    *data = body->next;
    return body->left < INT_MAX ? (int)body->left : INT_MAX;
}

void body_take(struct body *body, size_t len)
{
    body->next += len;
    body->left -= len;
}

bool body_is_seekable(const struct body *body)
{
    return body->present && (body->fd < 0 || body->length != PICKET_CHUNKED);
}

int body_read_at(struct body *body, uint64_t at, void *buf, size_t len)
{
    const uint64_t left = (uint64_t)body->length - at;

    len = left < len ? (size_t)left : len;
    if (body->fd < 0) {
        memcpy(buf, body->next + at, len);
        return (int)len;
    }
    const ssize_t n = len > 0 ? pread(body->fd, buf, len, (off_t)at) : 0;
    if (n > 0 || len == 0)
        return (int)n;
    body->failed = n == 0 ? BODY_SHRUNK : BODY_FAILED;
    return -1;
}

void body_close(struct body *body)
{
    if (body->present && body->fd >= 0)
        file_close(body->fd);
    memset(body, 0, sizeof *body);
}
