// picket-link: the computer's side of a board that reaches the network over a serial line. It speaks SLIP with the
// board and is its gateway: libslirp turns what the board sends into ordinary sockets of this process.
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
    "The board is 10.0.2.15, this computer 10.0.2.2 (a connection there ends at 127.0.0.1), its name server 10.0.2.3;\n"
    "all else is reached as from any program of this computer. Neither root nor an interface is needed.\n"
    "Exit code: 0 after SIGINT, SIGTERM or the end of the board's bytes, 1 when something fails, 2 for wrong usage,\n"
    "3 when the device has gone.\n";

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
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

// --- One board

static void report(const struct bridge_counts *counts)
{
    if (options.verbose)
        fprintf(stderr, "picket-link: %lu packets from the board, %lu to it, %lu dropped\n", counts->from_board,
                counts->to_board, counts->dropped);
}

// Serve until the board or the user ends it: 0, or the errno of its end.
static int serve(int in, int out)
{
    struct bridge_counts counts;
    int error = 0;
    if (bridge_open(in, out) < 0)
        return errno ? errno : EIO;
    say("the board's line is open");
    while (!ending && error == 0 && bridge_serve(1000))
        picket_linux_trace_flush();
    error = ending ? 0 : errno;
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
    return ending ? 0 : fail(EXIT_GONE, "%s has gone%s%s", options.device, error ? ": " : "", error ? strerror(error) : "");
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
    return error == 0 || error == EPIPE || error == ECONNRESET ? 0 : fail(1, "--fd %s: %s", options.fds, strerror(error));
}

// --- Boards at a socket

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0)
        return fd;
    return -1;
}

static int serve_socket(void)
{
    int listener = listen_at(options.path);
    if (listener < 0)
        return fail(1, "%s: %s", options.path, strerror(errno));
    say("listening");
    while (!ending) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (peer < 0)
            continue; // a signal, or a peer that has gone again
        serve(peer, peer);
        close(peer);
        say("the board has gone");
    }
    close(listener);
    unlink(options.path);
    return 0;
}

// --- The command line

static bool read_options(int argc, char **argv)
{
    static const struct option known[] = {
        {"fd", required_argument, NULL, 'f'},    {"unix", required_argument, NULL, 'u'},
        {"baud", required_argument, NULL, 'b'},  {"trace", required_argument, NULL, 't'},
        {"verbose", no_argument, NULL, 'v'},     {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "vh", known, NULL)) != -1) {
        switch (option) {
        case 'f': options.fds = optarg; break;
        case 'u': options.path = optarg; break;
        case 'b': options.baud = strtol(optarg, NULL, 10); break;
        case 't': options.trace = optarg; break;
        case 'v': options.verbose = true; break;
        case 'h': fputs(usage, stdout); exit(0);
        default: return false;
        }
    }
    options.device = optind < argc ? argv[optind++] : NULL;
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
