// file.c: see file.h.
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

int file_open(const char *path)
{
    struct stat status;
    const int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
        file_close(fd);
        errno = EISDIR;
        return -1;
    }
    return fd;
}

void file_close(int fd)
{
    if (fd > STDERR_FILENO)
        close(fd);
}

static int read_all(int fd, size_t max, char **data, size_t *len)
{
    size_t room = 0;

    for (;;) {
        if (room - *len < 2) {
            room = room > 0 ? 2 * room : 65536;
            *data = memory_resize(*data, room);
        }
        const ssize_t n = read(fd, *data + *len, room - *len - 1);
        if (n < 0)
            return errno;
        (*data)[*len + (size_t)n] = '\0';
        if (n == 0)
            return 0;
        *len += (size_t)n;
        if (*len > max)
            return EFBIG;
    }
}

static int read_and_close(int fd, size_t max, char **data, size_t *len)
{
    *data = NULL;
    *len = 0;
    if (fd < 0)
        return errno;
    const int failed = read_all(fd, max, data, len);
    file_close(fd);
    if (failed != 0) {
        free(*data);
        *data = NULL;
        *len = 0;
    }
    return failed;
}

int file_read(const char *path, size_t max, char **data, size_t *len)
{
    return read_and_close(file_open(path), max, data, len);
}

static int check_private(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return errno;
    if (!S_ISREG(status.st_mode))
        return ENOTSUP;
    return status.st_uid == geteuid() && (status.st_mode & (S_IRWXG | S_IRWXO)) == 0 ? 0 : EPERM;
}

// What is looked at is what is read. A pipe without a writer is not waited for.
int file_read_private(const char *path, size_t max, char **data, size_t *len)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return errno == ELOOP || errno == ENXIO ? ENOTSUP : errno;
    const int failed = check_private(fd);
    if (failed == 0)
        return read_and_close(fd, max, data, len);
    file_close(fd);
    return failed;
}
