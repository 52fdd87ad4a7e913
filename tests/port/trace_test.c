// The trace file of the Linux port: what another program reads has to be in it, and to be right.
#define _GNU_SOURCE
#include "linux_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define LIMIT_MS 20000u

enum { SIZE = 50000, ETHERNET = 14, FIN = 0x01, SYN = 0x02, RST = 0x04 };

static const picket_port_t *port;
static char path[300];

// --- An echo server for one connection ---

static void *echo(void *argument)
{
    const int listener = *(const int *)argument;
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    char chunk[4096];
    ssize_t n;

    while (fd >= 0 && (n = recv(fd, chunk, sizeof chunk, 0)) > 0)
        if (send(fd, chunk, (size_t)n, MSG_NOSIGNAL) != n)
            break;
    close(fd);
    return NULL;
}

static int listen_on(int family, uint16_t *number)
{
    const struct timeval limit = {.tv_sec = LIMIT_MS / 1000};
    struct sockaddr_in6 name6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct sockaddr *const name = family == 4 ? (struct sockaddr *)&name4 : (struct sockaddr *)&name6;
    socklen_t len = family == 4 ? sizeof name4 : sizeof name6;
    const int fd = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, name, len) < 0 || listen(fd, 4) < 0 || getsockname(fd, name, &len) < 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    *number = ntohs(family == 4 ? name4.sin_port : name6.sin6_port);
    return fd;
}

// --- The traffic ---

static uint32_t now(void)
{
    return port->millis(port->ctx);
}

static void turn(void)
{
    const uint32_t ms = port->poll(port->ctx);

    if (ms > 0)
        port->wait(port->ctx, ms);
}

static int connect_to(int family, uint16_t number)
{
    const picket_address_t ip4 = {.family = 4, .bytes = {127, 0, 0, 1}};
    const picket_address_t ip6 = {.family = 6, .bytes = {[15] = 1}};
    const uint32_t began = now();
    const int handle = port->connect(port->ctx, family == 4 ? &ip4 : &ip6, number);

    while (handle > 0 && port->connected(port->ctx, handle) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn();
    return handle;
}

static void exchange(int handle)
{
    static char data[SIZE];
    const uint32_t began = now();
    size_t sent = 0, got = 0;

    while (got < SIZE && now() - began < LIMIT_MS) {
        const int n = sent < SIZE ? port->send(port->ctx, handle, data, SIZE - sent) : PICKET_AGAIN;
        const int m = port->recv(port->ctx, handle, data, SIZE - got);
        sent += n > 0 ? (size_t)n : 0;
        got += m > 0 ? (size_t)m : 0;
        if (n < 0 && m < 0)
            turn();
    }
    CHECK_INT(got, SIZE);
}

static void make_traffic(int family, void (*end)(void *ctx, int handle))
{
    uint16_t number = 0;
    int listener = listen_on(family, &number);
    pthread_t thread;
    int handle;

    REQUIRE(listener >= 0);
    if (pthread_create(&thread, NULL, echo, &listener) != 0)
        abort();
    handle = connect_to(family, number);
    CHECK(handle > 0);
    exchange(handle);
    end(port->ctx, handle);
    for (uint32_t began = now(); now() - began < 50;)
        turn();
    pthread_join(thread, NULL);
    close(listener);
}

// --- Reading the file ---

struct seen {
    size_t frames, out, in; // out: from lwIP
    size_t ip4, ip6;
    size_t bytes_out, bytes_in; // TCP's payload
    unsigned flags_out;         // of all segments
    uint32_t first_s, last_s;
    uint64_t last_us;
};

static uint8_t *read_whole(size_t *len)
{
    static uint8_t bytes[4 * 1024 * 1024];
    FILE *const file = fopen(path, "rb");

    *len = 0;
    if (file != NULL) {
        *len = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
    }
    return bytes;
}

static unsigned be16(const uint8_t *b)
{
    return (unsigned)(b[0] << 8 | b[1]);
}

static uint32_t native32(const uint8_t *b)
{
    uint32_t value;

    memcpy(&value, b, sizeof value);
    return value;
}

// The sum of all 16-bit words (RFC 1071).
static uint32_t add_up(uint32_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += be16(bytes + i);
    if (len % 2 != 0)
        sum += (uint32_t)bytes[len - 1] << 8;
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static void check_tcp(struct seen *seen, bool out, const uint8_t *addresses, size_t addresses_len,
                      const uint8_t *tcp, size_t len)
{
    const uint8_t rest[4] = {(uint8_t)(len >> 8), (uint8_t)len, 0, IPPROTO_TCP}; // of the pseudo header
    const size_t head = len >= 20 ? (tcp[12] >> 4) * 4u : 0;

    if (head < 20 || head > len) {
        FAIL("frame %zu: a TCP header of %zu bytes in %zu", seen->frames, head, len);
        return;
    }
    if (add_up(add_up(add_up(0, addresses, addresses_len), rest, sizeof rest), tcp, len) != 0xffff)
        FAIL("frame %zu: TCP checksum", seen->frames);
    *(out ? &seen->bytes_out : &seen->bytes_in) += len - head;
    if (out)
        seen->flags_out |= tcp[13];
}

static void check_ip4(struct seen *seen, bool out, const uint8_t *ip, size_t len)
{
    const size_t head = len >= 20 ? (ip[0] & 15u) * 4u : 0;
    const size_t total = len >= 20 ? be16(ip + 2) : 0;

    if (head < 20 || ip[0] >> 4 != 4 || total < head || total > len) {
        FAIL("frame %zu: IPv4 header", seen->frames);
        return;
    }
    if (add_up(0, ip, head) != 0xffff)
        FAIL("frame %zu: IPv4 checksum", seen->frames);
    seen->ip4++;
    if (ip[9] == IPPROTO_TCP)
        check_tcp(seen, out, ip + 12, 8, ip + head, total - head);
}

static void check_ip6(struct seen *seen, bool out, const uint8_t *ip, size_t len)
{
    const size_t payload = len >= 40 ? be16(ip + 4) : 0;

    if (len < 40 || ip[0] >> 4 != 6 || 40 + payload > len) {
        FAIL("frame %zu: IPv6 header", seen->frames);
        return;
    }
    seen->ip6++;
    if (ip[6] == IPPROTO_TCP)
        check_tcp(seen, out, ip + 8, 32, ip + 40, payload);
}

static void check_frame(struct seen *seen, const uint8_t *frame, size_t len)
{
    static const uint8_t self[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    bool out;

    seen->frames++;
    if (len < ETHERNET) {
        FAIL("frame %zu has %zu bytes", seen->frames, len);
        return;
    }
    out = memcmp(frame + 6, self, sizeof self) == 0;
    (*(out ? &seen->out : &seen->in))++;
    if (be16(frame + 12) == 0x0800)
        check_ip4(seen, out, frame + ETHERNET, len - ETHERNET);
    else if (be16(frame + 12) == 0x86dd)
        check_ip6(seen, out, frame + ETHERNET, len - ETHERNET);
    else if (be16(frame + 12) != 0x0806)
        FAIL("frame %zu: type %04x", seen->frames, be16(frame + 12));
}

static void check_time(struct seen *seen, uint32_t s, uint32_t us)
{
    const uint64_t time_us = (uint64_t)s * 1000000 + us;

    if (us > 999999 || time_us < seen->last_us)
        FAIL("frame %zu: time %" PRIu32 ".%06" PRIu32, seen->frames, s, us);
    if (seen->frames == 0)
        seen->first_s = s;
    seen->last_us = time_us;
    seen->last_s = s;
}

static void check_header(const uint8_t *bytes)
{
    const uint16_t version[2] = {2, 4};

    CHECK_INT(native32(bytes), 0xa1b2c3d4);
    CHECK_MEM(bytes + 4, version, sizeof version);
    CHECK_INT(native32(bytes + 8), 0);
    CHECK_INT(native32(bytes + 12), 0);
    CHECK_INT(native32(bytes + 16), 65535);
    CHECK_INT(native32(bytes + 20), 1); // Ethernet
}

static struct seen check_file(void)
{
    struct seen seen = {0};
    size_t len;
    const uint8_t *const bytes = read_whole(&len);
    size_t at = 24;

    CHECK(len >= at);
    if (len < at)
        return seen;
    check_header(bytes);
    while (at + 16 <= len && at + 16 + native32(bytes + at + 8) <= len) {
        const uint32_t captured = native32(bytes + at + 8);
        CHECK_INT(native32(bytes + at + 12), captured);
        check_time(&seen, native32(bytes + at), native32(bytes + at + 4));
        check_frame(&seen, bytes + at + 16, captured);
        at += 16 + captured;
    }
    CHECK_INT(at, len);
    return seen;
}

static void configure(const char *trace_file)
{
    const struct picket_linux_config config = {.trace_file = trace_file};

    CHECK_INT(picket_linux_configure(&config), 0);
}

// --- The tests ---

static void has_everything_once(int family)
{
    const time_t began = time(NULL);
    struct seen seen;

    configure(path);
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(family, port->close);
    port->stop(port->ctx);
    seen = check_file();
    CHECK(seen.out > 0 && seen.in > 0);
    CHECK((family == 4 ? seen.ip4 : seen.ip6) > 50);
    CHECK_INT(seen.bytes_out, SIZE);
    CHECK_INT(seen.bytes_in, SIZE);
    CHECK_INT(seen.flags_out & (SYN | FIN | RST), SYN | FIN);
    CHECK(seen.first_s >= began && seen.last_s <= time(NULL));
}

static void traces_ip4(void)
{
    has_everything_once(4);
}

static void traces_ip6(void)
{
    uint16_t number;
    const int fd = listen_on(6, &number);

    if (fd < 0)
        SKIP("there is no ::1 here");
    close(fd);
    has_everything_once(6);
}

static void abort_is_a_reset(void)
{
    struct seen seen;

    configure(path);
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(4, port->abort);
    port->stop(port->ctx);
    seen = check_file();
    CHECK_INT(seen.flags_out & (SYN | FIN | RST), SYN | RST);
}

static void goes_on_after_stop_and_start(void)
{
    struct seen once, twice;

    configure(path);
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(4, port->close);
    port->stop(port->ctx);
    once = check_file();
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(4, port->close);
    port->stop(port->ctx);
    twice = check_file();
    CHECK(twice.frames > once.frames);
    CHECK_INT(twice.bytes_out, 2 * SIZE);
    CHECK_INT(twice.bytes_in, 2 * SIZE);
}

static void ends_with_the_next_configure(void)
{
    size_t before, after;

    configure(path);
    REQUIRE_INT(port->start(port->ctx), 0);
    port->stop(port->ctx);
    configure(NULL);
    (void)read_whole(&before);
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(4, port->close);
    port->stop(port->ctx);
    (void)read_whole(&after);
    CHECK_INT(after, before);
    configure(path); // begins anew
    configure(NULL);
    (void)read_whole(&after);
    CHECK_INT(after, 24);
}

static void cannot_write(const char *file, int error)
{
    const struct picket_linux_config config = {.trace_file = file};

    errno = 0;
    CHECK_INT(picket_linux_configure(&config), PICKET_ERR_ARG);
    CHECK_INT(errno, error);
}

static void unwritable_files_are_an_error(void)
{
    char below[sizeof path + 10];

    snprintf(below, sizeof below, "%s/below", path);
    cannot_write(below, ENOTDIR);
    cannot_write("", ENOENT);
    cannot_write(".", EISDIR);
    REQUIRE_INT(port->start(port->ctx), 0);
    make_traffic(4, port->close);
    port->stop(port->ctx);
}

int main(void)
{
    const char *const folder = getenv("TMPDIR");
    int fd;

    alarm(100);
    port = picket_port_default();
    snprintf(path, sizeof path, "%s/picket_trace_XXXXXX", folder != NULL ? folder : P_tmpdir);
    fd = mkstemp(path);
    if (fd < 0)
        return 2;
    close(fd);
    RUN(traces_ip4);
    RUN(traces_ip6);
    RUN(abort_is_a_reset);
    RUN(goes_on_after_stop_and_start);
    RUN(ends_with_the_next_configure);
    RUN(unwritable_files_are_an_error);
    configure(NULL);
    unlink(path);
    return check_done();
}
