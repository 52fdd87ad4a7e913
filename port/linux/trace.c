#include "linux_trace.h"

#include <stdint.h>
#include <stdio.h>
#include <time.h>

enum { LINKTYPE_ETHERNET = 1, SNAP_LENGTH = 65535 };

static FILE *file;

static void close_file(void)
{
    if (file)
        fclose(file);
    file = NULL;
}

static void write_file_header(void)
{
    const struct {
        uint32_t magic; // times in microseconds, numbers in this machine's byte order
        uint16_t major, minor;
        int32_t zone;
        uint32_t accuracy, snap_length, link_type;
    } header = {0xa1b2c3d4, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_ETHERNET};
    fwrite(&header, sizeof header, 1, file);
}

int picket_linux_trace_open(const char *path)
{
    close_file();
    if (!path)
        return 0;
    file = fopen(path, "wbe");
    if (!file)
        return -1;
    write_file_header();
    return 0;
}

void picket_linux_trace_frame(const void *frame, size_t len)
{
    if (!file)
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    const uint32_t header[4] = {(uint32_t)now.tv_sec, (uint32_t)(now.tv_nsec / 1000), (uint32_t)len,
                                (uint32_t)len};
    fwrite(header, sizeof header, 1, file);
    fwrite(frame, len, 1, file);
}

void picket_linux_trace_flush(void)
{
    if (file)
        fflush(file);
}
