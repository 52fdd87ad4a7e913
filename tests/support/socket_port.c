#define _GNU_SOURCE
#include "socket_port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "linux_stack.h"

#define SOCKETS_MAX 16

static int sockets[SOCKETS_MAX]; // the open ones
static size_t open_sockets;
static uint8_t *record;
static size_t record_size, *record_len;
static uint32_t state;
static int64_t fixed_ms;

void socket_port_record(uint8_t *bytes, size_t size, size_t *len)
{
    record = bytes;
    record_size = size;
    record_len = len;
    if (len != NULL)
        *len = 0;
}

void socket_port_deterministic(uint32_t seed, int64_t unix_ms)
{
    state = seed;
    fixed_ms = unix_ms;
}

static uint32_t port_poll(void *ctx)
{
    (void)ctx;
    return open_sockets == 0 ? 1000 : 1;
}

static void port_wait(void *ctx, uint32_t ms)
{
    struct pollfd fds[SOCKETS_MAX];
    (void)ctx;
    for (size_t i = 0; i < open_sockets; i++)
        fds[i] = (struct pollfd){.fd = sockets[i], .events = POLLIN};
    (void)poll(fds, (nfds_t)open_sockets, (int)ms);
}

static uint32_t port_millis(void *ctx)
{
    struct timespec ts;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint32_t)((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static int64_t port_unix_ms(void *ctx)
{
    struct timespec ts;
    (void)ctx;
    clock_gettime(CLOCK_REALTIME, &ts);
    return fixed_ms != 0 ? fixed_ms : (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    (void)ctx;
    if (state == 0)
        return (int)getrandom(samples, n, 0);
    for (size_t i = 0; i < n; i++) {
        state = state * 1664525u + 1013904223u;
        samples[i] = (uint8_t)(state >> 24);
    }
    return (int)n;
}

static const picket_entropy_source_t kernel = {
    .name = "kernel", .credit = 8 * PICKET_ENTROPY_BIT, .bits = 8, .conditioned = true, .collect = collect};

static const picket_entropy_source_t *const sources[] = {&kernel, NULL};

static int port_lookup(void *ctx, const char *name, int family)
{
    (void)ctx;
    (void)name;
    (void)family;
    return PICKET_ERR_NO_ADDRESS;
}

static int port_lookup_result(void *ctx, int handle, picket_address_t *address)
{
    (void)ctx;
    (void)handle;
    (void)address;
    return PICKET_ERR_NO_ADDRESS;
}

static void port_lookup_end(void *ctx, int handle)
{
    (void)ctx;
    (void)handle;
}

static int port_connect(void *ctx, const picket_address_t *address, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    (void)ctx;
    memcpy(&to.sin_addr, address->bytes, sizeof to.sin_addr);
    int fd = open_sockets < SOCKETS_MAX ? socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0) : -1;
    if (fd < 0)
        return PICKET_ERR_NO_MEMORY;
    // The request follows the client's Finished at once, and must not wait for the acknowledgement of that.
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
        close(fd);
        return PICKET_ERR_REFUSED;
    }
    return sockets[open_sockets++] = fd;
}

static int port_connected(void *ctx, int handle)
{
    struct pollfd fd = {.fd = handle, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof error;
    (void)ctx;
    if (poll(&fd, 1, 0) == 0)
        return PICKET_AGAIN;
    (void)getsockopt(handle, SOL_SOCKET, SO_ERROR, &error, &len);
    return error == 0 ? 1 : PICKET_ERR_REFUSED;
}

static int port_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    ssize_t n = send(handle, data, len, MSG_NOSIGNAL);
    if (n > 0)
        return (int)n;
    return errno == EAGAIN ? PICKET_AGAIN : PICKET_ERR_RESET;
}

static int port_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    ssize_t n = recv(handle, buf, len, 0);
    if (n < 0)
        return errno == EAGAIN ? PICKET_AGAIN : PICKET_ERR_RESET;
    if (record != NULL) {
        size_t room = record_size - *record_len;
        memcpy(record + *record_len, buf, (size_t)n < room ? (size_t)n : room);
        *record_len += (size_t)n < room ? (size_t)n : room;
    }
    return (int)n;
}

static void port_close(void *ctx, int handle)
{
    (void)ctx;
    for (size_t i = 0; i < open_sockets; i++) {
        if (sockets[i] == handle)
            sockets[i--] = sockets[--open_sockets];
    }
    close(handle);
}

const picket_port_t *socket_port(void)
{
    static const picket_port_t port = {
        .poll = port_poll,
        .wait = port_wait,
        .millis = port_millis,
        .unix_ms = port_unix_ms,
        .entropy = sources,
        .lookup = port_lookup,
        .lookup_result = port_lookup_result,
        .lookup_end = port_lookup_end,
        .connect = port_connect,
        .connected = port_connected,
        .send = port_send,
        .recv = port_recv,
        .close = port_close,
        .abort = port_close,
        .stack_make = picket_linux_stack_make,
        .stack_switch = picket_linux_stack_switch,
    };
    return &port;
}

// For programs that link no board. Another support file may define its own.
__attribute__((weak)) const picket_port_t *picket_port_default(void)
{
    return socket_port();
}
