// output.c: see output.h.
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A pipe that is ready for anything takes this much at once without waiting (PIPE_BUF of Linux).
enum { PIECE = 4096 };

int output_open(struct output *output, const char *path, bool append)
{
    struct stat status;

    output->path = path;
    output->fd = STDOUT_FILENO;
    if (path != NULL)
        output->fd = open(path, O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC) | O_CLOEXEC, 0666);
    if (output->fd < 0)
        return errno;
    output->is_open = true;
    output->is_regular = fstat(output->fd, &status) == 0 && S_ISREG(status.st_mode);
    return 0;
}

void output_give(struct output *output, const char *data, size_t len)
{
    output->next = data;
    output->left = len;
}

static bool is_ready(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};

    // An error counts as ready: the write then says which.
    return poll(&ready, 1, 0) != 0;
}

int output_flush(struct output *output)
{
    while (output->left > 0) {
        if (!output->is_regular && !is_ready(output->fd))
            return OUTPUT_AGAIN;
        const size_t len = output->is_regular || output->left < PIECE ? output->left : PIECE;
        const ssize_t n = write(output->fd, output->next, len);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR ? OUTPUT_AGAIN : errno;
        output->next += n;
        output->left -= (size_t)n;
    }
    return 0;
}

int output_close(struct output *output)
{
    const bool own = output->is_open && output->path != NULL;

    output->is_open = false;
    return own && close(output->fd) != 0 ? errno : 0;
}

const char *output_name(const struct output *output)
{
    return output->path != NULL ? output->path : "standard output";
}
