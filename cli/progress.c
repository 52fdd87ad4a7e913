// progress.c: see progress.h.
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    INTERVAL_MS = 200,
    NUMBERS = 48, // columns that percent, bytes, rate and time may need
    BAR_MAX = 60,
    TIME_MAX = 359999, // 99:59:59
    COLUMNS = 80,      // where the terminal does not say
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int columns(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : COLUMNS;
}

// "812 B", "12.3 kB", "4.0 GB"
static void format_bytes(char *buf, size_t len, double bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;

    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    snprintf(buf, len, "%.*f %s", unit > 0 ? 1 : 0, bytes, units[unit]);
}

static void format_time(char *buf, size_t len, double seconds)
{
    const unsigned s = seconds < 0 ? 0 : seconds < TIME_MAX ? (unsigned)seconds : TIME_MAX;

    if (s >= 3600)
        snprintf(buf, len, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(buf, len, "%u:%02u", s / 60, s % 60);
}

// The bar of a terminal too narrow for it is left out.
static void format_bar(char *buf, double part, int room)
{
    const int width = room < BAR_MAX ? room : BAR_MAX;
    const int full = (int)(part * width);

    buf[0] = '\0';
    if (width < 5)
        return;
    buf[0] = '[';
    memset(buf + 1, '#', (size_t)full);
    memset(buf + 1 + full, '.', (size_t)(width - full));
    memcpy(buf + 1 + width, "] ", 3);
}

static void draw_line(const struct progress *progress, int64_t now)
{
    const double seconds = (double)(now - progress->start_ms + 1) / 1000;
    const double bytes = (double)progress->bytes;
    const double rate = bytes / seconds;
    char bar[BAR_MAX + 4], done[16], speed[16], time[16], line[200];

    format_bytes(done, sizeof done, bytes);
    format_bytes(speed, sizeof speed, rate);
    if (progress->length > 0) {
        const double length = (double)progress->length;
        const double part = bytes < length ? bytes / length : 1;
        format_bar(bar, part, columns() - NUMBERS - 3);
        format_time(time, sizeof time, rate > 0 ? (length - bytes) / rate + 0.5 : TIME_MAX);
        snprintf(line, sizeof line, "%s%3d%%  %s  %s/s  %s left", bar, (int)(part * 100), done, speed, time);
    } else {
        format_time(time, sizeof time, seconds);
        snprintf(line, sizeof line, "%s  %s/s  %s", done, speed, time);
    }
    // A line that wraps cannot be redrawn. ESC [ K wipes what is left of a longer one.
    fprintf(stderr, "\r%.*s\x1b[K", columns() - 1, line);
}

void progress_start(struct progress *progress, bool wanted, int64_t length)
{
    memset(progress, 0, sizeof *progress);
    progress->wanted = wanted;
    progress->length = length;
    progress->start_ms = now_ms();
    progress->drawn_ms = progress->start_ms;
}

void progress_add(struct progress *progress, uint64_t bytes)
{
    progress->bytes += bytes;
}

void progress_draw(struct progress *progress)
{
    const int64_t now = progress->wanted ? now_ms() : 0;

    if (!progress->wanted || now - progress->drawn_ms < INTERVAL_MS)
        return;
    draw_line(progress, now);
    progress->drawn = true;
    progress->drawn_ms = now;
}

void progress_end(struct progress *progress, bool complete)
{
    if (progress->wanted && complete) {
        draw_line(progress, now_ms());
        fputc('\n', stderr);
    } else if (progress->drawn) {
        fputs("\r\x1b[K", stderr);
    }
    progress->wanted = false;
    progress->drawn = false;
}
