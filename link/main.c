// picket-link: the computer's side of a board that reaches the network over a serial line. It speaks SLIP
// with the board and is its gateway: libslirp turns what the board sends into ordinary sockets of this
// process.
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bridge.h"
#include "linux_trace.h"
#include "serial.h"

enum { EXIT_USAGE = 2, EXIT_GONE = 3 };

static struct {
    const char *device, *fds, *path, *trace;
    long baud;
    bool verbose;
} options = {.baud = SERIAL_BAUD};

static volatile sig_atomic_t ending;

static const char usage[] =
    "usage: picket-link DEVICE [options]     the board is at the other end of a serial line\n"
    "       picket-link --fd N [options]     of an open descriptor (or IN,OUT)\n"
    "       picket-link --unix PATH          of a socket that this listens at, one board after the other\n"
    "\n"
    "  --baud N         the line's speed (921600), 8 bits, no parity, one stop bit\n"
    "  --trace F.pcap   write every packet into this file\n"
    "  -v, --verbose    say on stderr what happens\n"
    "\n"
    "The board is 10.0.2.15 (fec0::15), this computer 10.0.2.2 (fec0::2; a connection there ends at its own\n"
    "loopback, as one to 127.0.0.1 does), its name server 10.0.2.3; all else is reached as from any program "
    "of\n"
    "this computer. Neither root nor an interface is needed.\n"
    "Exit code: 0 after SIGINT, SIGTERM, SIGHUP or the end of the board's bytes, 1 when something fails,\n"
    "2 for wrong usage, 3 when the device has gone.\n";

static int fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("picket-link: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    return code;
}

static void say(const char *what)
{
    if (options.verbose)
        fprintf(stderr, "picket-link: %s\n", what);
}

static void end(int number)
{
    (void)number;
    ending = 1;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = end}; // without SA_RESTART: what waits is to notice
    struct sigaction hangup;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) // not after nohup
        sigaction(SIGHUP, &action, NULL);
}

// --- One board

static void report(const struct bridge_counts *counts)
{
    if (options.verbose)
        fprintf(stderr, "picket-link: %lu packets from the board, %lu to it, %lu dropped, %lu lost\n",
                counts->from_board, counts->to_board, counts->dropped, counts->lost);
}

// Serve until the board or the user ends it: 0, or the errno of its end.
static int serve(int in, int out)
{
    struct bridge_counts counts;
    if (bridge_open(in, out) < 0)
        return errno ? errno : EIO;
    say("the board's line is open");
    errno = 0;
    while (!ending && bridge_serve(1000))
        picket_linux_trace_flush();
    int error = ending ? 0 : errno;
    bridge_close(&counts);
    picket_linux_trace_flush();
    report(&counts);
    return error;
}

static int serve_device(void)
{
    const char *why;
    int fd = serial_open(options.device, options.baud, &why);
    if (fd < 0)
        return fail(1, "%s: %s", options.device, why);
    int error = serve(fd, fd);
    close(fd);
    if (ending)
        return 0;
    return fail(EXIT_GONE, "%s has gone%s%s", options.device, error ? ": " : "",
                error ? strerror(error) : "");
}

static bool read_fd(const char *text, char **end_of_it, int *fd)
{
    long number = strtol(text, end_of_it, 10);
    *fd = (int)number;
    return *end_of_it != text && number >= 0 && number < 1024;
}

static int serve_fds(void)
{
    char *rest;
    int in, out;
    if (!read_fd(options.fds, &rest, &in))
        return fail(EXIT_USAGE, "--fd %s: a descriptor is a number", options.fds);
    out = in;
    if (*rest == ',' && !read_fd(rest + 1, &rest, &out))
        return fail(EXIT_USAGE, "--fd %s: a descriptor is a number", options.fds);
    if (*rest != '\0')
        return fail(EXIT_USAGE, "--fd %s: N or IN,OUT", options.fds);
    int error = serve(in, out);
    if (error == 0 || error == EPIPE || error == ECONNRESET)
        return 0;
    return fail(1, "--fd %s: %s", options.fds, strerror(error));
}

// --- Boards at a socket

static bool fill_address(struct sockaddr_un *address, const char *path)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    errno = ENAMETOOLONG;
    if (strlen(path) >= sizeof address->sun_path)
        return false;
    strcpy(address->sun_path, path);
    return true;
}

// The socket of a picket-link that was killed: nobody listens there.
static bool was_left(const struct sockaddr_un *address)
{
    struct stat found;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool left = fd >= 0 && lstat(address->sun_path, &found) == 0 && S_ISSOCK(found.st_mode) &&
                connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    errno = EADDRINUSE;
    return left;
}

static bool bind_to(int fd, const struct sockaddr_un *address)
{
    if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0)
        return true;
    return errno == EADDRINUSE && was_left(address) && unlink(address->sun_path) == 0 &&
           bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address;
    int fd =
        fill_address(&address, path) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
    return fd >= 0 && bind_to(fd, &address) && listen(fd, 1) == 0 ? fd : -1;
}

// -1 when it is time to end: errno says why, unless a signal did.
static int next_board(int listener)
{
    struct pollfd waiting = {.fd = listener, .events = POLLIN};
    while (!ending) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (peer >= 0 || (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED))
            return peer;
        poll(&waiting, 1, 1000); // no longer: the signal may have come before it
    }
    return -1;
}

static int serve_socket(void)
{
    int peer, listener = listen_at(options.path);
    if (listener < 0)
        return fail(1, "%s: %s", options.path, strerror(errno));
    say("listening");
    while ((peer = next_board(listener)) >= 0) {
        serve(peer, peer);
        close(peer);
        say("the board has gone");
    }
    int error = errno;
    close(listener);
    unlink(options.path);
    return ending ? 0 : fail(1, "%s: %s", options.path, strerror(error));
}

// --- The command line

static bool read_number(const char *text, long *number)
{
    char *rest;
    *number = strtol(text, &rest, 10);
    return rest != text && *rest == '\0';
}

// Sets what the arguments say; false: they are wrong.
static bool read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"fd", required_argument, NULL, 'f'},
        {"unix", required_argument, NULL, 'u'},
        {"baud", required_argument, NULL, 'b'},
        {"trace", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "vh", known, NULL)) != -1) {
        switch (option) {
        case 'f': options.fds = optarg; break;
        case 'u': options.path = optarg; break;
        case 'b':
            if (!read_number(optarg, &options.baud))
                return false;
            break;
        case 't': options.trace = optarg; break;
        case 'v': options.verbose = true; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: return false;
        }
    }
    options.device = optind < argc ? argv[optind++] : NULL;
    if (options.path && *options.path == '\0')
        return false; // it would be a name of the kernel's choice
    return optind == argc && (options.device != NULL) + (options.fds != NULL) + (options.path != NULL) == 1;
}

int main(int argc, char **argv)
{
    if (!read_options(argc, argv)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (picket_linux_trace_open(options.trace) < 0)
        return fail(1, "%s: %s", options.trace, strerror(errno));
    catch_signals();
    if (options.device)
        return serve_device();
    return options.fds ? serve_fds() : serve_socket();
}
