#define _DEFAULT_SOURCE
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    long baud;
    speed_t speed;
} speeds[] = {
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {921600, B921600},
    {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
};

static bool find_speed(long baud, speed_t *speed)
{
    for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++) {
        if (speeds[i].baud == baud) {
            *speed = speeds[i].speed;
            return true;
        }
    }
    return false;
}

static bool make_raw(int fd, speed_t speed)
{
    struct termios line;
    if (tcgetattr(fd, &line) < 0)
        return false;
    cfmakeraw(&line);
    line.c_iflag &= ~(tcflag_t)(IXOFF | IXANY | INPCK); // what cfmakeraw leaves
    line.c_cflag |= CLOCAL | CREAD;
    line.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS);
    cfsetispeed(&line, speed);
    cfsetospeed(&line, speed);
    return tcsetattr(fd, TCSAFLUSH, &line) == 0 && ioctl(fd, TIOCEXCL) == 0;
}

int serial_open(const char *device, long baud, const char **why)
{
    speed_t speed;
    if (!find_speed(baud, &speed)) {
        *why = "no speed that serial lines have";
        return -1;
    }
    int fd = open(device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && make_raw(fd, speed))
        return fd;
    *why = errno == ENOTTY ? "not a serial line" : strerror(errno);
    if (fd >= 0)
        close(fd);
    return -1;
}
