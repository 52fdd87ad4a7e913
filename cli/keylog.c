// keylog.c: see keylog.h.
#include "keylog.h"

#include <fcntl.h>
#include <unistd.h>

FILE *keylog_open(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    FILE *const file = fd >= 0 ? fdopen(fd, "a") : NULL;

    if (file == NULL && fd >= 0)
        close(fd);
    return file;
}

void keylog_line(FILE *file, const char *line)
{
    fprintf(file, "%s\n", line);
    fflush(file);
}
