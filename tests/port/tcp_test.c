// TCP through the Linux port: lwIP in this process, libslirp behind it, and servers on the host's loopback.
#define _GNU_SOURCE
#include "linux_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "lwip_port.h"

#define LIMIT_MS 20000u // nothing here takes as long
#define MEGABYTE (1024u * 1024u)

static const picket_port_t *port;
static const picket_address_t loopback4 = {.family = 4, .bytes = {127, 0, 0, 1}};
static const picket_address_t loopback5 = {.family = 4, .bytes = {127, 0, 0, 5}};
static const picket_address_t loopback6 = {.family = 6, .bytes = {[15] = 1}};

// --- Randomness, in the place of the C library's ---

static enum { KERNEL, ONES, ZEROS, COUNTER } randomness;

ssize_t getrandom(void *buf, size_t len, unsigned flags)
{
    static uint32_t counter;

    if (randomness == KERNEL)
        return (ssize_t)syscall(SYS_getrandom, buf, len, flags);
    memset(buf, randomness == ONES ? 0xff : 0, len);
    if (randomness == COUNTER) {
        counter++;
        memcpy(buf, &counter, len < sizeof counter ? len : sizeof counter);
    }
    return (ssize_t)len;
}

// --- The server's side: a thread for each connection that is open at once ---

enum { WORKERS_MAX = 32 };

struct server {
    picket_address_t address;
    uint16_t port;
    int listener;
    void (*talk)(struct server *server, int fd);
    int rounds; // connections, one after the other, that each worker serves
    size_t size;
    pthread_t threads[WORKERS_MAX];
    int workers;
    atomic_int busy;     // workers that have not ended
    atomic_int accepted; // connections
    atomic_size_t moved; // bytes
    atomic_size_t wrong; // bytes that are not the pattern's
    atomic_int last;     // of receiving: 0 after FIN, or an errno
    atomic_bool go;      // the client allows the next step
};

static uint8_t pattern(size_t i)
{
    return (uint8_t)((i * 2654435761u) >> 23);
}

static void fill(uint8_t *to, size_t from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = pattern(from + i);
}

static size_t differing(const uint8_t *bytes, size_t from, size_t len)
{
    size_t wrong = 0;

    for (size_t i = 0; i < len; i++)
        wrong += bytes[i] != pattern(from + i);
    return wrong;
}

static socklen_t to_sockaddr(const picket_address_t *address, uint16_t number, struct sockaddr_storage *to)
{
    struct sockaddr_in *const in = (struct sockaddr_in *)to;
    struct sockaddr_in6 *const in6 = (struct sockaddr_in6 *)to;

    memset(to, 0, sizeof *to);
    if (address->family == 4) {
        in->sin_family = AF_INET;
        in->sin_port = htons(number);
        memcpy(&in->sin_addr, address->bytes, 4);
        return sizeof *in;
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(number);
    memcpy(&in6->sin6_addr, address->bytes, 16);
    return sizeof *in6;
}

// No call of a server's waits for ever.
static void limit_calls(int fd)
{
    const struct timeval limit = {.tv_sec = LIMIT_MS / 1000};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

// A socket bound to a free port of this address; -1 when there is no such address here.
static int bound_socket(const picket_address_t *address, uint16_t *number)
{
    struct sockaddr_storage name;
    socklen_t len = to_sockaddr(address, 0, &name);
    const int fd = socket(address->family == 4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) < 0) {
        close(fd);
        return -1;
    }
    *number = ntohs(address->family == 4 ? ((struct sockaddr_in *)&name)->sin_port
                                         : ((struct sockaddr_in6 *)&name)->sin6_port);
    limit_calls(fd);
    return fd;
}

static void *work(void *argument)
{
    struct server *const server = argument;

    for (int i = 0; i < server->rounds; i++) {
        const int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            break;
        limit_calls(fd);
        server->accepted++;
        server->talk(server, fd);
        close(fd);
    }
    server->busy--;
    return NULL;
}

// Fill in address, talk, and what talk wants to know, first.
static bool serve(struct server *server, int workers, int rounds)
{
    server->listener = bound_socket(&server->address, &server->port);
    if (server->listener < 0 || listen(server->listener, 128) < 0) {
        FAIL("no server: %s", strerror(errno));
        return false;
    }
    server->rounds = rounds;
    for (int i = 0; i < workers; i++) {
        server->busy++;
        if (pthread_create(&server->threads[i], NULL, work, server) != 0)
            abort();
        server->workers++;
    }
    return true;
}

static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static bool send_all(struct server *server, int fd, const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        const ssize_t n = send(fd, (const char *)data + done, len - done, MSG_NOSIGNAL);
        if (n < 0) {
            server->last = errno;
            return false;
        }
        done += (size_t)n;
        server->moved += (size_t)n;
    }
    return true;
}

static bool send_pattern(struct server *server, int fd, size_t len)
{
    uint8_t chunk[16384];

    for (size_t done = 0; done < len;) {
        const size_t n = len - done < sizeof chunk ? len - done : sizeof chunk;
        fill(chunk, done, n);
        if (!send_all(server, fd, chunk, n))
            return false;
        done += n;
    }
    return true;
}

// Up to size bytes of the pattern, or to the end if that is 0. Wrong bytes and how it ended are noted.
static void receive_pattern(struct server *server, int fd, size_t size)
{
    static _Thread_local uint8_t chunk[65536];
    size_t done = 0;
    ssize_t n = 1;

    while (n > 0 && (size == 0 || done < size)) {
        n = recv(fd, chunk, sizeof chunk, 0);
        if (n <= 0)
            break;
        server->wrong += differing(chunk, done, (size_t)n);
        server->moved += (size_t)n;
        done += (size_t)n;
    }
    server->last = n < 0 ? errno : 0;
}

static void wait_for_go(struct server *server)
{
    for (uint32_t ms = 0; !server->go && ms < LIMIT_MS; ms += 5)
        usleep(5000);
}

static void talk_echo(struct server *server, int fd)
{
    static _Thread_local uint8_t chunk[65536];
    ssize_t n;

    while ((n = recv(fd, chunk, sizeof chunk, 0)) > 0 && send_all(server, fd, chunk, (size_t)n))
        ;
    server->last = n < 0 ? errno : 0;
}

static void talk_sink(struct server *server, int fd)
{
    receive_pattern(server, fd, 0);
}

static void talk_source(struct server *server, int fd)
{
    send_pattern(server, fd, server->size);
}

// --- The client's side: the port ---

static uint32_t now(void)
{
    return port->millis(port->ctx);
}

static void turn(uint32_t most)
{
    const uint32_t ms = port->poll(port->ctx);

    if (ms > 0)
        port->wait(port->ctx, ms < most ? ms : most);
}

static void pause_for(uint32_t ms)
{
    const uint32_t began = now();

    while (now() - began < ms)
        turn(5);
}

// Serve the network until all workers have ended.
static void finish(struct server *server)
{
    const uint32_t began = now();

    server->go = true;
    while (server->busy > 0 && now() - began < LIMIT_MS)
        turn(5);
    CHECK_INT(server->busy, 0);
    shutdown(server->listener, SHUT_RDWR);
    for (int i = 0; i < server->workers; i++)
        pthread_join(server->threads[i], NULL);
    close(server->listener);
}

static int connect_to(const struct server *server)
{
    return port->connect(port->ctx, &server->address, server->port);
}

static int until_connected(int handle)
{
    const uint32_t began = now();
    int result;

    while ((result = port->connected(port->ctx, handle)) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn(LIMIT_MS);
    return result;
}

// A connection that is established, or an error.
static int open_to(const struct server *server)
{
    const int handle = connect_to(server);
    const int result = handle < 0 ? handle : until_connected(handle);

    if (handle >= 0 && result != 1)
        port->abort(port->ctx, handle);
    return result == 1 ? handle : result;
}

static int receive(int handle, void *buf, size_t len)
{
    const uint32_t began = now();
    int n;

    while ((n = port->recv(port->ctx, handle, buf, len)) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn(LIMIT_MS);
    return n;
}

static int transmit(int handle, const void *data, size_t len)
{
    const uint32_t began = now();

    for (size_t done = 0; done < len;) {
        const int n = port->send(port->ctx, handle, (const char *)data + done, len - done);
        if (n > 0)
            done += (size_t)n;
        else if (n == PICKET_AGAIN && now() - began < LIMIT_MS)
            turn(LIMIT_MS);
        else
            return n;
    }
    return 0;
}

// Takes the pattern to its end by pieces of this size. Returns what recv said last.
static int receive_all(int handle, size_t piece, size_t *got)
{
    static uint8_t buf[65536];
    size_t wrong = 0;
    int n;

    *got = 0;
    while ((n = receive(handle, buf, piece)) > 0) {
        wrong += differing(buf, *got, (size_t)n);
        *got += (size_t)n;
    }
    CHECK_INT(wrong, 0);
    return n;
}

// Sends and receives the pattern at the same time; the server sends back what it gets.
static void echo(int handle, size_t size)
{
    uint8_t *const out = malloc(size);
    uint8_t *const in = malloc(size);
    const uint32_t began = now();
    size_t sent = 0, got = 0;
    int failed = 0;

    if (out == NULL || in == NULL)
        abort();
    fill(out, size, size);
    while (got < size && failed == 0 && now() - began < LIMIT_MS) {
        const int n = sent < size ? port->send(port->ctx, handle, out + sent, size - sent) : PICKET_AGAIN;
        const int m = port->recv(port->ctx, handle, in + got, size - got);
        sent += n > 0 ? (size_t)n : 0;
        got += m > 0 ? (size_t)m : 0;
        if (n < 0 && n != PICKET_AGAIN)
            failed = n;
        if (m == 0 || (m < 0 && m != PICKET_AGAIN))
            failed = m == 0 ? PICKET_ERR_CLOSED : m;
        if (n == PICKET_AGAIN && m == PICKET_AGAIN)
            turn(LIMIT_MS);
    }
    CHECK_INT(failed, 0);
    CHECK_INT(got, size);
    CHECK_MEM(in, out, got);
    free(out);
    free(in);
}

// --- Random numbers that are not ---

// lwIP takes the first local port from a random number when it begins, so each kind needs a new process.
static int connect_twice_at_once(void)
{
    struct server server = {.address = loopback4, .talk = talk_echo};
    int handles[2];

    if (port->start(port->ctx) != 0 || !serve(&server, 2, 8))
        return 1;
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < 2; i++)
            handles[i] = connect_to(&server);
        for (int i = 0; i < 2; i++) {
            if (handles[i] < 0)
                return 1;
            CHECK_INT(until_connected(handles[i]), 1);
            echo(handles[i], 100);
        }
        port->close(port->ctx, handles[0]);
        (round % 2 == 0 ? port->close : port->abort)(port->ctx, handles[1]);
    }
    finish(&server);
    port->stop(port->ctx);
    return check_state()->wrong > 0 ? 1 : 0;
}

static int in_new_process(int (*function)(void))
{
    const pid_t child = fork();
    int status = -1;

    if (child == 0) {
        check_state()->wrong = 0;
        _exit(function());
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return status;
}

static void connects_when_all_random_bits_are_ones(void)
{
    randomness = ONES;
    CHECK_INT(in_new_process(connect_twice_at_once), 0);
    randomness = KERNEL;
}

static void connects_when_all_random_bits_are_zeros(void)
{
    randomness = ZEROS;
    CHECK_INT(in_new_process(connect_twice_at_once), 0);
    randomness = KERNEL;
}

static void connects_when_random_numbers_count(void)
{
    randomness = COUNTER;
    CHECK_INT(in_new_process(connect_twice_at_once), 0);
    randomness = KERNEL;
}

// --- Moving bytes ---

static void echoes_of_many_sizes(void)
{
    static const size_t sizes[] = {1,    2,     3,     100,   535,   1459,  1460,  1461,
                                   2920, 16384, 23360, 23361, 65535, 65536, 65537, 300000};
    struct server server = {.address = loopback4, .talk = talk_echo};
    int handle;

    REQUIRE(serve(&server, 1, 2));
    handle = open_to(&server);
    CHECK(handle > 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        echo(handle, sizes[i]);
    port->close(port->ctx, handle);
    handle = open_to(&server);
    CHECK(handle > 0);
    for (size_t size = 1; size <= 64; size++)
        echo(handle, size);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.last, 0);
}

static void download(size_t piece)
{
    struct server server = {.address = loopback4, .talk = talk_source, .size = 5 * MEGABYTE};
    size_t got = 0;
    uint8_t byte;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK_INT(receive_all(handle, piece, &got), 0);
    CHECK_INT(got, server.size);
    CHECK_INT(port->recv(port->ctx, handle, &byte, 1), 0);
    port->close(port->ctx, handle);
    finish(&server);
}

static void downloads_by_single_bytes(void)
{
    download(1);
}

static void downloads_by_7(void)
{
    download(7);
}

static void downloads_by_1000(void)
{
    download(1000);
}

static void downloads_by_65536(void)
{
    download(65536);
}

static void upload(size_t piece)
{
    struct server server = {.address = loopback4, .talk = talk_sink};
    uint8_t *const data = malloc(5 * MEGABYTE);
    int handle;

    if (data == NULL)
        abort();
    fill(data, 0, 5 * MEGABYTE);
    if (serve(&server, 1, 1)) {
        handle = open_to(&server);
        CHECK(handle > 0);
        for (size_t done = 0; done < 5 * MEGABYTE; done += piece)
            CHECK_INT(transmit(handle, data + done, piece), 0);
        port->close(port->ctx, handle);
        finish(&server);
        CHECK_INT(server.moved, 5 * MEGABYTE);
        CHECK_INT(server.wrong, 0);
        CHECK_INT(server.last, 0);
    }
    free(data);
}

static void uploads_at_once(void)
{
    upload(5 * MEGABYTE);
}

static void uploads_by_pieces(void)
{
    upload(1024);
    upload(64);
}

static void many_at_once(void)
{
    struct server server = {.address = loopback4, .talk = talk_echo};
    int handles[WORKERS_MAX];

    REQUIRE(serve(&server, WORKERS_MAX, 1));
    for (int i = 0; i < WORKERS_MAX; i++) {
        handles[i] = connect_to(&server);
        CHECK(handles[i] > 0);
    }
    for (int i = 0; i < WORKERS_MAX; i++)
        CHECK_INT(until_connected(handles[i]), 1);
    for (int i = WORKERS_MAX - 1; i >= 0; i--)
        echo(handles[i], 3000 + (size_t)i);
    for (int i = 0; i < WORKERS_MAX; i++)
        port->close(port->ctx, handles[i]);
    finish(&server);
    CHECK_INT(server.accepted, WORKERS_MAX);
}

static void reach(const picket_address_t *address)
{
    struct server server = {.address = *address, .talk = talk_echo};
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    echo(handle, 5000);
    port->close(port->ctx, handle);
    finish(&server);
}

static void reaches_127_0_0_1(void)
{
    reach(&loopback4);
}

static void reaches_127_0_0_5(void)
{
    reach(&loopback5);
}

static bool has_ip6(void)
{
    uint16_t number;
    const int fd = bound_socket(&loopback6, &number);

    close(fd);
    return fd >= 0;
}

static void reaches_ip6(void)
{
    if (!has_ip6())
        SKIP("there is no ::1 here");
    reach(&loopback6);
}

// --- How a connection ends ---

static void talk_fin(struct server *server, int fd)
{
    send_pattern(server, fd, server->size);
    shutdown(fd, SHUT_WR);
    server->moved = 0;
    receive_pattern(server, fd, 0);
}

// After the server's FIN the other direction is still open.
static void ends_after(size_t size, bool late)
{
    struct server server = {.address = loopback4, .talk = talk_fin, .size = size};
    uint8_t bytes[300];
    size_t got = 0;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    if (late)
        pause_for(100);
    CHECK_INT(receive_all(handle, 700, &got), 0);
    CHECK_INT(got, size);
    for (int i = 0; i < 3; i++)
        CHECK_INT(port->recv(port->ctx, handle, bytes, sizeof bytes), 0);
    CHECK_INT(port->connected(port->ctx, handle), 1);
    fill(bytes, 0, sizeof bytes);
    CHECK_INT(transmit(handle, bytes, sizeof bytes), 0);
    CHECK_INT(port->recv(port->ctx, handle, bytes, sizeof bytes), 0);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, sizeof bytes);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(server.last, 0);
}

static void fin_comes_after_the_data(void)
{
    static const size_t sizes[] = {0, 1, 1460, 5000, 100000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ends_after(sizes[i], false);
        ends_after(sizes[i], true);
    }
}

static void talk_reset(struct server *server, int fd)
{
    send_pattern(server, fd, server->size);
    wait_for_go(server);
    reset(fd);
}

// late: data and reset are both there before anything is taken. A reset that comes before libslirp has seen
// that it is connected would take the data with it.
static void resets_after(size_t size, bool late)
{
    struct server server = {.address = loopback4, .talk = talk_reset, .size = size};
    uint8_t byte = 0;
    size_t got = 0;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    server.go = late;
    pause_for(late ? 200 : 20);
    server.go = true;
    CHECK_INT(receive_all(handle, 100, &got), PICKET_ERR_RESET);
    CHECK_INT(got, size);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(port->recv(port->ctx, handle, &byte, 1), PICKET_ERR_RESET);
        CHECK_INT(port->send(port->ctx, handle, &byte, 1), PICKET_ERR_RESET);
        CHECK_INT(port->connected(port->ctx, handle), 1);
        turn(5);
    }
    (late ? port->close : port->abort)(port->ctx, handle);
    finish(&server);
}

static void reset_comes_after_the_data(void)
{
    static const size_t sizes[] = {0, 1, 1000, 2500, 20000};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        resets_after(sizes[i], false);
        resets_after(sizes[i], true);
    }
}

static void talk_reset_while_receiving(struct server *server, int fd)
{
    receive_pattern(server, fd, server->size);
    reset(fd);
}

static void reset_while_sending(void)
{
    struct server server = {.address = loopback4, .talk = talk_reset_while_receiving, .size = 100000};
    uint8_t *const data = malloc(5 * MEGABYTE);
    uint8_t byte;
    int handle;

    if (data == NULL)
        abort();
    fill(data, 0, 5 * MEGABYTE);
    if (serve(&server, 1, 1)) {
        handle = open_to(&server);
        CHECK(handle > 0);
        CHECK_INT(transmit(handle, data, 5 * MEGABYTE), PICKET_ERR_RESET);
        CHECK_INT(port->send(port->ctx, handle, data, 10), PICKET_ERR_RESET);
        CHECK_INT(port->recv(port->ctx, handle, &byte, 1), PICKET_ERR_RESET);
        port->close(port->ctx, handle);
        finish(&server);
        CHECK_INT(server.wrong, 0);
    }
    free(data);
}

static void refuse(const picket_address_t *address)
{
    struct server nobody = {.address = *address};
    const uint32_t began = now();
    uint8_t byte = 0;
    int handle;

    nobody.listener = bound_socket(address, &nobody.port); // its port, but nobody listens
    REQUIRE(nobody.listener >= 0);
    handle = connect_to(&nobody);
    CHECK(handle > 0);
    CHECK_INT(until_connected(handle), PICKET_ERR_REFUSED);
    CHECK(now() - began < 1000);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(port->connected(port->ctx, handle), PICKET_ERR_REFUSED);
        CHECK_INT(port->send(port->ctx, handle, &byte, 1), PICKET_ERR_REFUSED);
        CHECK_INT(port->recv(port->ctx, handle, &byte, 1), PICKET_ERR_REFUSED);
    }
    port->close(port->ctx, handle);
    close(nobody.listener);
}

static void refused_at_once(void)
{
    refuse(&loopback4);
    refuse(&loopback5);
    if (has_ip6())
        refuse(&loopback6);
}

// --- What the functions say ---

static void states_of_connecting(void)
{
    struct server server = {.address = loopback4, .talk = talk_fin};
    uint8_t byte = 0;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = connect_to(&server);
    CHECK(handle > 0);
    CHECK_INT(port->connected(port->ctx, handle), PICKET_AGAIN);
    CHECK_INT(port->send(port->ctx, handle, &byte, 1), PICKET_AGAIN);
    CHECK_INT(port->recv(port->ctx, handle, &byte, 1), PICKET_AGAIN);
    CHECK_INT(until_connected(handle), 1);
    CHECK_INT(receive(handle, &byte, 1), 0);
    CHECK_INT(port->connected(port->ctx, handle), 1);
    port->close(port->ctx, handle);
    CHECK_INT(port->connected(port->ctx, handle), PICKET_ERR_CLOSED);
    finish(&server);
}

static void arguments_are_checked(void)
{
    const picket_address_t odd = {.family = 5};
    struct server server = {.address = loopback4, .talk = talk_sink};
    uint8_t byte = 0;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    CHECK_INT(port->connect(port->ctx, NULL, 80), PICKET_ERR_ARG);
    CHECK_INT(port->connect(port->ctx, &odd, 80), PICKET_ERR_ARG);
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK_INT(port->send(port->ctx, handle, NULL, 1), PICKET_ERR_ARG);
    CHECK_INT(port->send(port->ctx, handle, &byte, 0), PICKET_ERR_ARG);
    CHECK_INT(port->recv(port->ctx, handle, NULL, 1), PICKET_ERR_ARG);
    CHECK_INT(port->recv(port->ctx, handle, &byte, 0), PICKET_ERR_ARG);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, 0);
}

static void is_nobody(int handle)
{
    uint8_t byte = 0;

    CHECK_INT(port->connected(port->ctx, handle), PICKET_ERR_CLOSED);
    CHECK_INT(port->send(port->ctx, handle, &byte, 1), PICKET_ERR_CLOSED);
    CHECK_INT(port->recv(port->ctx, handle, &byte, 1), PICKET_ERR_CLOSED);
    port->close(port->ctx, handle);
    port->abort(port->ctx, handle);
}

// The slot is used again, under another handle.
static void old_handles_are_nobody(void)
{
    struct server server = {.address = loopback4, .talk = talk_echo};
    int old[4];
    int handle;

    REQUIRE(serve(&server, 1, 5));
    for (int i = 0; i < 4; i++) {
        old[i] = open_to(&server);
        CHECK(old[i] > 0);
        (i % 2 == 0 ? port->close : port->abort)(port->ctx, old[i]);
    }
    handle = open_to(&server);
    CHECK(handle > 0);
    for (int i = 0; i < 4; i++) {
        CHECK(old[i] != handle);
        is_nobody(old[i]);
    }
    is_nobody(0);
    is_nobody(-1);
    is_nobody(INT32_MIN);
    is_nobody(INT32_MAX);
    echo(handle, 1000);
    port->close(port->ctx, handle);
    finish(&server);
}

// Nobody accepts them: the host's kernel answers for the listener.
static void full_table_recovers(void)
{
    struct server server = {.address = loopback4};
    int handles[PICKET_LWIP_CONNECTIONS + 1];
    int count = 0;

    REQUIRE(serve(&server, 0, 0));
    while (count <= PICKET_LWIP_CONNECTIONS && (handles[count] = connect_to(&server)) >= 0)
        count++;
    CHECK_INT(count, PICKET_LWIP_CONNECTIONS);
    CHECK_INT(handles[count], PICKET_ERR_NO_MEMORY);
    CHECK_INT(connect_to(&server), PICKET_ERR_NO_MEMORY);
    CHECK_INT(until_connected(handles[0]), 1);
    for (int i = 0; i < count; i += 5) {
        (i % 2 == 0 ? port->close : port->abort)(port->ctx, handles[i]);
        handles[i] = connect_to(&server);
        CHECK(handles[i] > 0);
        CHECK_INT(until_connected(handles[i]), 1);
    }
    CHECK_INT(connect_to(&server), PICKET_ERR_NO_MEMORY);
    while (count-- > 0)
        port->abort(port->ctx, handles[count]);
    finish(&server);
    reach(&loopback4);
}

static void talk_one_byte(struct server *server, int fd)
{
    uint8_t byte;

    if (recv(fd, &byte, 1, 0) == 1)
        send_all(server, fd, &byte, 1);
    if (server->accepted % 3 == 0)
        reset(fd);
    else if (server->accepted % 3 == 1)
        receive_pattern(server, fd, 0);
}

// The server's end is left in turn by reset, after ours, and before it; ours by close or abort.
static void hundreds_one_after_the_other(void)
{
    enum { COUNT = 400 };
    struct server server = {.address = loopback4, .talk = talk_one_byte};
    uint8_t byte = 1;

    REQUIRE(serve(&server, 1, COUNT));
    for (int i = 0; i < COUNT; i++) {
        const int handle = open_to(&server);
        CHECK(handle > 0);
        if (handle < 0)
            break;
        CHECK_INT(transmit(handle, &byte, 1), 0);
        CHECK_INT(receive(handle, &byte, 1), 1);
        (i % 4 == 3 ? port->abort : port->close)(port->ctx, handle);
    }
    finish(&server);
    CHECK_INT(server.accepted, COUNT);
}

// Connections that are given up before they are established.
static void hundreds_given_up(void)
{
    struct server server = {.address = loopback4};

    REQUIRE(serve(&server, 0, 0));
    for (int i = 0; i < 400; i++) {
        const int handle = connect_to(&server);
        CHECK(handle > 0);
        if (i % 3 == 0)
            turn(0);
        (i % 2 == 0 ? port->close : port->abort)(port->ctx, handle);
    }
    finish(&server);
    reach(&loopback4);
}

// --- Holding back ---

static void talk_late_sink(struct server *server, int fd)
{
    wait_for_go(server);
    receive_pattern(server, fd, 0);
}

// Sends the pattern until nothing was taken for half a second. Returns the bytes that were.
static size_t send_until_full(int handle, size_t most)
{
    uint8_t chunk[16384];
    uint32_t moved = now();
    size_t sent = 0;

    while (sent < most && now() - moved < 500) {
        fill(chunk, sent, sizeof chunk);
        const int n = port->send(port->ctx, handle, chunk, sizeof chunk);
        if (n > 0) {
            sent += (size_t)n;
            moved = now();
        } else if (n == PICKET_AGAIN) {
            turn(50);
        } else {
            FAIL("send: %s", picket_error_name(n));
            break;
        }
    }
    return sent;
}

static void send_waits_for_the_server(void)
{
    enum { MOST = 64 * 1024 * 1024 };
    struct server server = {.address = loopback4, .talk = talk_late_sink};
    uint8_t more[50000];
    size_t sent;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    sent = send_until_full(handle, MOST);
    CHECK(sent < MOST);
    fill(more, sent, sizeof more);
    CHECK_INT(port->send(port->ctx, handle, more, sizeof more), PICKET_AGAIN);
    server.go = true;
    CHECK_INT(transmit(handle, more, sizeof more), 0);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, sent + sizeof more);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(server.last, 0);
}

// What the server could send by the time that it has stood still for half a second.
static size_t sent_until_still(struct server *server)
{
    const uint32_t began = now();
    uint32_t moved = now();
    size_t last = 0;

    while (now() - moved < 500 && now() - began < LIMIT_MS) {
        pause_for(20);
        if (server->moved != last)
            moved = now();
        last = server->moved;
    }
    return last;
}

static void not_reading_holds_the_server_back(void)
{
    struct server server = {.address = loopback4, .talk = talk_source, .size = 16 * MEGABYTE};
    uint8_t first[1000];
    size_t got = 0;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK(sent_until_still(&server) < server.size / 2);
    CHECK_INT(receive(handle, first, sizeof first), sizeof first);
    CHECK_INT(differing(first, 0, sizeof first), 0);
    CHECK(sent_until_still(&server) < server.size / 2);
    for (size_t n = sizeof first; n < server.size; n += got) {
        uint8_t chunk[4096];
        const int result = receive(handle, chunk, sizeof chunk);
        if (result <= 0) {
            FAIL("recv says %d after %zu bytes", result, n);
            break;
        }
        got = (size_t)result;
        CHECK_INT(differing(chunk, n, got), 0);
    }
    CHECK_INT(receive(handle, first, sizeof first), 0);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, server.size);
}

// --- Saying goodbye ---

// As much as the port takes without the network being served, then close.
static void close_sends_the_rest(void)
{
    struct server server = {.address = loopback4, .talk = talk_sink};
    uint8_t data[200000];
    size_t sent = 0;
    int handle, n;

    REQUIRE(serve(&server, 1, 1));
    fill(data, 0, sizeof data);
    handle = open_to(&server);
    CHECK(handle > 0);
    while (sent < sizeof data && (n = port->send(port->ctx, handle, data + sent, sizeof data - sent)) > 0)
        sent += (size_t)n;
    CHECK(sent > 10000 && sent < sizeof data);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, sent);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(server.last, 0);
}

static void talk_both(struct server *server, int fd)
{
    if (!send_pattern(server, fd, server->size))
        return;
    server->moved = 0;
    receive_pattern(server, fd, 0);
}

// What was received and not taken does not turn the end into a reset.
static void close_with_unread_data(void)
{
    struct server server = {.address = loopback4, .talk = talk_both, .size = 20000};
    uint8_t data[5000];
    int handle;

    REQUIRE(serve(&server, 1, 1));
    fill(data, 0, sizeof data);
    handle = open_to(&server);
    CHECK(handle > 0);
    pause_for(100);
    CHECK_INT(transmit(handle, data, sizeof data), 0);
    port->close(port->ctx, handle);
    finish(&server);
    CHECK_INT(server.moved, sizeof data);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(server.last, 0);
}

// What arrives later does (RFC 1122 section 4.2.2.13): the server is not listened to any longer.
static void close_ends_a_download(void)
{
    struct server server = {.address = loopback4, .talk = talk_both, .size = 64 * MEGABYTE};
    uint8_t data[5000];
    uint32_t began;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK(receive(handle, data, sizeof data) > 0);
    port->close(port->ctx, handle);
    is_nobody(handle);
    began = now();
    finish(&server);
    CHECK(now() - began < 2000);
    CHECK(server.moved < server.size / 2);
}

// Closing while the server takes nothing: the bytes wait in the background, and reach it all the same.
static void close_waits_in_the_background(void)
{
    struct server server = {.address = loopback4, .talk = talk_late_sink};
    size_t sent;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    sent = send_until_full(handle, 64 * MEGABYTE);
    port->close(port->ctx, handle);
    pause_for(300);
    finish(&server);
    CHECK_INT(server.moved, sent);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(server.last, 0);
}

static void abort_ends_the_connection(void)
{
    struct server server = {.address = loopback4, .talk = talk_sink};
    uint8_t data[1000];
    uint32_t began;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    fill(data, 0, sizeof data);
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK_INT(transmit(handle, data, sizeof data), 0);
    port->abort(port->ctx, handle);
    is_nobody(handle);
    began = now();
    finish(&server);
    CHECK(now() - began < 2000);
    CHECK(server.moved <= sizeof data);
    CHECK_INT(server.wrong, 0);
}

// --- Sleeping ---

static void talk_when_told(struct server *server, int fd)
{
    wait_for_go(server);
    usleep(100000);
    send_pattern(server, fd, 1);
    receive_pattern(server, fd, 0);
}

static void poll_says_that_something_came(void)
{
    struct server server = {.address = loopback4, .talk = talk_when_told};
    const uint32_t began = now();
    uint32_t ms = 1;
    uint8_t byte;
    int handle, n;

    REQUIRE(serve(&server, 1, 1));
    handle = connect_to(&server);
    CHECK(handle > 0);
    while ((n = port->connected(port->ctx, handle)) == PICKET_AGAIN && now() - began < LIMIT_MS)
        ms = port->poll(port->ctx);
    CHECK_INT(n, 1);
    CHECK_INT(ms, 0);
    server.go = true;
    while ((n = port->recv(port->ctx, handle, &byte, 1)) == PICKET_AGAIN && now() - began < LIMIT_MS)
        ms = port->poll(port->ctx);
    CHECK_INT(n, 1);
    CHECK_INT(ms, 0);
    port->close(port->ctx, handle);
    finish(&server);
}

static void quiet_network(void)
{
    for (int i = 0; i < 100 && port->poll(port->ctx) == 0; i++)
        ;
}

static void wait_ends_with_an_arrival(void)
{
    struct server server = {.address = loopback4, .talk = talk_when_told};
    uint32_t began;
    uint8_t byte;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    pause_for(50);
    quiet_network();
    server.go = true;
    began = now();
    port->wait(port->ctx, 10000);
    CHECK(now() - began < 5000);
    CHECK_INT(receive(handle, &byte, 1), 1);
    CHECK(now() - began < 5000);
    port->close(port->ctx, handle);
    finish(&server);
}

// Also when nothing is open, which is when nothing but the time can end it.
static void wait_ends_with_its_time(void)
{
    uint32_t began;

    quiet_network();
    began = now();
    port->wait(port->ctx, 100);
    CHECK(now() - began < 5000);
    port->wait(port->ctx, 0);
}

// Small exchanges, where an arrival that is slept over or an acknowledgement that is put off costs 250 ms.
static void answers_are_not_slept_over(void)
{
    struct server server = {.address = loopback4, .talk = talk_echo};
    uint32_t began;
    int handle;

    REQUIRE(serve(&server, 1, 1));
    handle = open_to(&server);
    CHECK(handle > 0);
    began = now();
    for (int i = 0; i < 200; i++)
        echo(handle, 100);
    CHECK(now() - began < 10000);
    port->close(port->ctx, handle);
    finish(&server);
}

// --- Starting and stopping ---

static void stop_ends_everything(void)
{
    struct server server = {.address = loopback4, .talk = talk_sink};
    int handles[2];

    REQUIRE(serve(&server, 1, 1));
    handles[0] = open_to(&server);
    CHECK(handles[0] > 0);
    handles[1] = connect_to(&server);
    port->stop(port->ctx);
    for (int i = 0; i < 2; i++)
        is_nobody(handles[i]);
    CHECK_INT(connect_to(&server), PICKET_ERR_NO_NETWORK);
    CHECK(port->poll(port->ctx) > 0);
    port->wait(port->ctx, 1);
    finish(&server);
    CHECK_INT(port->start(port->ctx), 0);
    for (int i = 0; i < 2; i++)
        is_nobody(handles[i]);
    reach(&loopback4);
}

static void starts_again_and_again(void)
{
    for (int i = 0; i < 20; i++) {
        port->stop(port->ctx);
        if (i % 5 == 0)
            port->stop(port->ctx);
        CHECK_INT(port->start(port->ctx), 0);
        reach(&loopback4);
    }
    if (has_ip6())
        reach(&loopback6);
}

static void starts_with_dhcp(void)
{
    const struct picket_linux_config asking = {.dhcp = true};
    const struct picket_linux_config having = {.dhcp = false};

    port->stop(port->ctx);
    CHECK_INT(picket_linux_configure(&asking), 0);
    CHECK_INT(port->start(port->ctx), 0);
    reach(&loopback4);
    port->stop(port->ctx);
    CHECK_INT(picket_linux_configure(&having), 0);
    CHECK_INT(port->start(port->ctx), 0);
    reach(&loopback4);
}

// What was closed just before stop is still sent.
static void stop_lets_goodbyes_finish(void)
{
    struct server server = {.address = loopback4, .talk = talk_sink};
    uint8_t data[20000];
    int handle;

    REQUIRE(serve(&server, 1, 1));
    fill(data, 0, sizeof data);
    handle = open_to(&server);
    CHECK(handle > 0);
    CHECK_INT(transmit(handle, data, sizeof data), 0);
    port->close(port->ctx, handle);
    port->stop(port->ctx);
    finish(&server);
    CHECK_INT(server.moved, sizeof data);
    CHECK_INT(server.wrong, 0);
    CHECK_INT(port->start(port->ctx), 0);
}

int main(void)
{
    alarm(150);
    port = picket_port_default();
    RUN(connects_when_all_random_bits_are_ones);
    RUN(connects_when_all_random_bits_are_zeros);
    RUN(connects_when_random_numbers_count);
    if (port->start(port->ctx) != 0)
        return 2;
    RUN(reaches_127_0_0_1);
    RUN(reaches_127_0_0_5);
    RUN(reaches_ip6);
    RUN(echoes_of_many_sizes);
    RUN(downloads_by_single_bytes);
    RUN(downloads_by_7);
    RUN(downloads_by_1000);
    RUN(downloads_by_65536);
    RUN(uploads_at_once);
    RUN(uploads_by_pieces);
    RUN(many_at_once);
    RUN(fin_comes_after_the_data);
    RUN(reset_comes_after_the_data);
    RUN(reset_while_sending);
    RUN(refused_at_once);
    RUN(states_of_connecting);
    RUN(arguments_are_checked);
    RUN(old_handles_are_nobody);
    RUN(full_table_recovers);
    RUN(hundreds_one_after_the_other);
    RUN(hundreds_given_up);
    RUN(send_waits_for_the_server);
    RUN(not_reading_holds_the_server_back);
    RUN(close_sends_the_rest);
    RUN(close_with_unread_data);
    RUN(close_ends_a_download);
    RUN(close_waits_in_the_background);
    RUN(abort_ends_the_connection);
    RUN(poll_says_that_something_came);
    RUN(wait_ends_with_an_arrival);
    RUN(wait_ends_with_its_time);
    RUN(answers_are_not_slept_over);
    RUN(stop_ends_everything);
    RUN(starts_again_and_again);
    RUN(starts_with_dhcp);
    RUN(stop_lets_goodbyes_finish);
    port->stop(port->ctx);
    return check_done();
}
