// session_file.c: see session_file.h.
#define _DEFAULT_SOURCE // explicit_bzero
#include "session_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "picket/session.h"

#include "exit_code.h"
#include "file.h"
#include "memory.h"
#include "message.h"

enum { FILE_MAX = 65536 };

// An unknown time is no reason to complain: the first connection learns it.
static void take(picket_t *client, const char *path, const char *data, size_t len)
{
    const int result = picket_session_import(client, data, len);

    if (result == PICKET_ERR_SESSION)
        message_line("--ssl-sessions %s: passed over: %s", path, picket_strerror(result));
}

// Whoever can write it can be any server to this client (picket/session.h), so that it has to be the user's alone. A device,
// say, is not to be replaced.
static int cannot_be_read(const char *path, int failed)
{
    if (failed == ENOTSUP)
        message_line("--ssl-sessions %s: not a file", path);
    else if (failed == EPERM)
        message_line("--ssl-sessions %s: not yours alone: its mode has to be 0600", path);
    else
        message_line("--ssl-sessions %s: cannot be read: %s", path, strerror(failed));
    return EXIT_READ;
}

int session_file_load(picket_t *client, const char *path)
{
    char *data;
    size_t len;

    const int failed = strcmp(path, "-") == 0 ? ENOTSUP : file_read_private(path, FILE_MAX, &data, &len);
    if (failed == ENOENT)
        return 0;
    if (failed != 0)
        return cannot_be_read(path, failed);
    take(client, path, data, len);
    explicit_bzero(data, len);
    free(data);
    return 0;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) == 0;
}

// Beside it, and then in its place: a reader sees the old one or the new one. mkstemp makes files of mode 0600.
static int replace(const char *path, const uint8_t *data, size_t len)
{
    static const char suffix[] = ".XXXXXX";
    const size_t path_len = strlen(path);
    char *const beside = memory_resize(NULL, path_len + sizeof suffix);
    int failed = 0;

    memcpy(beside, path, path_len);
    memcpy(beside + path_len, suffix, sizeof suffix);
    const int fd = mkstemp(beside);
    if (fd < 0 || !write_all(fd, data, len))
        failed = errno;
    if (fd >= 0 && close(fd) != 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(beside, path) != 0)
        failed = errno;
    if (failed != 0 && fd >= 0)
        unlink(beside);
    free(beside);
    return failed;
}

int session_file_save(picket_t *client, const char *path)
{
    uint8_t data[PICKET_SESSION_EXPORT_MAX];
    const int n = picket_session_export(client, data, sizeof data);

    if (n <= 0)
        return 0;
    const int failed = replace(path, data, (size_t)n);
    explicit_bzero(data, sizeof data);
    if (failed == 0)
        return 0;
    message_line("--ssl-sessions %s: cannot be written: %s", path, strerror(failed));
    return EXIT_WRITE;
}
