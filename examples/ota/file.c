// ota on Linux: what has come is in FILE.part, and what it is of in FILE.tag, until FILE is whole.
#include "ota.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char part[300], tag[300], validator[PICKET_DOWNLOAD_VALIDATOR], block[4096];
static const char *name;
static int fd;

void store_name(const char *file)
{
    name = file;
    snprintf(part, sizeof part, "%s.part", file);
    snprintf(tag, sizeof tag, "%s.tag", file);
}

static int write_block(void *ctx, uint64_t offset, const void *data, size_t len)
{
    if (offset == 0) {
        int t = open(tag, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        bool written = ftruncate(fd, 0) == 0 && dprintf(t, "%s", picket_download_validator(ctx)) >= 0;
        if (close(t) != 0 || !written)
            return -1;
    }
    return pwrite(fd, data, len, (off_t)offset) == (ssize_t)len && fdatasync(fd) == 0 ? 0 : -1;
}

static int restart(void *ctx)
{
    return ctx != NULL ? 0 : -1; // the next write is at 0
}

static int read_block(void *ctx, uint64_t offset, void *data, size_t len)
{
    return ctx != NULL && pread(fd, data, len, (off_t)offset) == (ssize_t)len ? 0 : -1;
}

void store_open(picket_download_request_t *request)
{
    int t = open(tag, O_RDONLY | O_CLOEXEC);
    bool known = read(t, validator, sizeof validator - 1) > 0;
    close(t);
    fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    request->sink = (picket_sink_t){write_block, restart, read_block, NULL, block, sizeof block};
    request->size_max = 64 << 20;
    request->offset = known && fd >= 0 ? (uint64_t)lseek(fd, 0, SEEK_END) / sizeof block * sizeof block : 0;
    request->validator = validator;
}

void store_forget(void)
{
    unlink(tag);
}

void store_done(uint32_t length)
{
    bool good = ftruncate(fd, length) == 0 && rename(part, name) == 0 && unlink(tag) == 0;
    printf("ota: %s: %s\n", name, good ? "new" : "not written");
}
