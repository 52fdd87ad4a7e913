// Servers that say nothing, and messages that a packet could not be delivered: true, false and damaged ones.
#define _GNU_SOURCE
#include "linux_port.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "linux_netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip_port.h"

enum { FILLERS = 4, CONNECT_MS = 12000 };

static const picket_port_t *port;

// --- A listener that has no room for another connection, which the host's kernel then leaves unanswered ---

struct black_hole {
    int family;
    uint16_t port;
    int fds[1 + FILLERS];
};

static struct black_hole hole4, hole6;

static bool fill_up(struct black_hole *hole, const struct sockaddr *name, socklen_t len)
{
    for (int i = 1; i <= FILLERS; i++) {
        hole->fds[i] = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (hole->fds[i] < 0 || (connect(hole->fds[i], name, len) < 0 && errno != EINPROGRESS))
            return false;
    }
    usleep(50000);
    return true;
}

static bool dig(struct black_hole *hole, int family)
{
    struct sockaddr_in6 name6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    struct sockaddr *const name = family == 4 ? (struct sockaddr *)&name4 : (struct sockaddr *)&name6;
    socklen_t len = family == 4 ? sizeof name4 : sizeof name6;

    hole->family = family;
    hole->fds[0] = socket(name->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (hole->fds[0] < 0 || bind(hole->fds[0], name, len) < 0 || listen(hole->fds[0], 0) < 0 ||
        getsockname(hole->fds[0], name, &len) < 0)
        return false;
    hole->port = ntohs(family == 4 ? name4.sin_port : name6.sin6_port);
    return fill_up(hole, name, len);
}

static void bury(struct black_hole *hole)
{
    for (int i = FILLERS; i >= 0; i--)
        close(hole->fds[i]);
}

// --- The port ---

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
        turn(10);
}

static picket_address_t loopback(int family)
{
    const picket_address_t ip4 = {.family = 4, .bytes = {127, 0, 0, 1}};
    const picket_address_t ip6 = {.family = 6, .bytes = {[15] = 1}};

    return family == 4 ? ip4 : ip6;
}

static int connect_to(int family, uint16_t number)
{
    const picket_address_t address = loopback(family);

    return port->connect(port->ctx, &address, number);
}

// The one attempt that there is.
static const struct tcp_pcb *attempt(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next)
        if (pcb->state == SYN_SENT)
            return pcb;
    return NULL;
}

// --- Messages ---

struct report {
    uint8_t bytes[100];
    uint16_t len;
    uint16_t kind;  // offset of the message's type; its code is next
    uint16_t ip;    // offset of the quoted packet
    uint16_t tcp;   // offset of the quoted TCP header
    uint16_t owner; // offset of the quoted destination address
};

static void put16(uint8_t *to, unsigned value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static void quote_tcp(struct report *report, const struct tcp_pcb *pcb)
{
    uint8_t *const tcp = report->bytes + report->tcp;

    put16(tcp, pcb->local_port);
    put16(tcp + 2, pcb->remote_port);
    put16(tcp + 4, pcb->lastack >> 16);
    put16(tcp + 6, pcb->lastack & 0xffff);
    report->len = (uint16_t)(report->tcp + 8);
}

static struct report report4(const struct tcp_pcb *pcb, uint8_t code)
{
    struct report report = {.bytes = {0x45}, .kind = 20, .ip = 28, .tcp = 48, .owner = 44};

    report.bytes[9] = 1; // ICMP
    report.bytes[20] = 3;
    report.bytes[21] = code;
    report.bytes[28] = 0x45;
    report.bytes[37] = 6; // TCP
    memcpy(report.bytes + report.owner, &ip_2_ip4(&pcb->remote_ip)->addr, 4);
    quote_tcp(&report, pcb);
    return report;
}

static struct report report6(const struct tcp_pcb *pcb, uint8_t code)
{
    struct report report = {.bytes = {0x60}, .kind = 40, .ip = 48, .tcp = 88, .owner = 72};

    report.bytes[6] = 58; // ICMPv6
    report.bytes[40] = 1;
    report.bytes[41] = code;
    report.bytes[48] = 0x60;
    report.bytes[54] = 6; // TCP
    memcpy(report.bytes + report.owner, ip_2_ip6(&pcb->remote_ip)->addr, 16);
    quote_tcp(&report, pcb);
    return report;
}

// In one pbuf of just this length, or in two.
static void deliver(int family, const struct report *report, uint16_t len, uint16_t split)
{
    struct pbuf *const p = pbuf_alloc(PBUF_RAW, split, PBUF_RAM);
    struct pbuf *const rest = split < len ? pbuf_alloc(PBUF_RAW, (uint16_t)(len - split), PBUF_RAM) : NULL;

    if (p == NULL || (split < len && rest == NULL))
        abort();
    if (rest != NULL)
        pbuf_cat(p, rest);
    if (len > 0)
        CHECK_INT(pbuf_take(p, report->bytes, len), ERR_OK);
    CHECK_INT((family == 4 ? picket_lwip_ip4_input : picket_lwip_ip6_input)(p, NULL), 0);
    pbuf_free(p);
}

static void ignored(int family, int handle, const struct report *report, uint16_t len)
{
    deliver(family, report, len, len);
    CHECK_INT(port->connected(port->ctx, handle), PICKET_AGAIN);
}

static void each_byte_matters(int family, int handle, const struct report *report, unsigned from,
                              unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        struct report other = *report;
        other.bytes[i] ^= 1;
        ignored(family, handle, &other, other.len);
    }
}

static void false_reports_are_ignored(const struct black_hole *hole)
{
    const int handle = connect_to(hole->family, hole->port);
    const struct tcp_pcb *const pcb = attempt();
    const int family = hole->family;
    struct report report;

    REQUIRE(handle > 0 && pcb != NULL);
    report = family == 4 ? report4(pcb, 1) : report6(pcb, 0);
    for (uint16_t len = 0; len < report.len; len++)
        ignored(family, handle, &report, len);
    each_byte_matters(family, handle, &report, family == 4 ? 9 : 6, 1); // the protocol
    each_byte_matters(family, handle, &report, report.kind, 1);
    each_byte_matters(family, handle, &report, family == 4 ? 37 : 54, 1); // the quoted protocol
    each_byte_matters(family, handle, &report, report.owner, family == 4 ? 4 : 16);
    each_byte_matters(family, handle, &report, report.tcp, 8);
    if (family == 4) {
        report.bytes[21] = 4; // too big
        ignored(4, handle, &report, report.len);
        report.bytes[21] = 1;
        report.bytes[0] = 0x4f; // header lengths that lead past the end
        ignored(4, handle, &report, report.len);
        report.bytes[0] = 0x45;
        report.bytes[28] = 0x4f;
        ignored(4, handle, &report, report.len);
    }
    port->abort(port->ctx, handle);
}

static void true_report(const struct black_hole *hole, uint8_t code, uint16_t split, int error)
{
    const int handle = connect_to(hole->family, hole->port);
    const struct tcp_pcb *const pcb = attempt();
    struct report report;
    uint8_t byte = 0;

    REQUIRE(handle > 0 && pcb != NULL);
    report = hole->family == 4 ? report4(pcb, code) : report6(pcb, code);
    deliver(hole->family, &report, report.len, split < report.len ? split : report.len);
    CHECK_INT(port->connected(port->ctx, handle), error);
    CHECK_INT(port->poll(port->ctx), 0);
    CHECK_INT(port->send(port->ctx, handle, &byte, 1), error);
    CHECK_INT(port->recv(port->ctx, handle, &byte, 1), error);
    port->abort(port->ctx, handle);
}

static void false_ip4_reports_are_ignored(void)
{
    false_reports_are_ignored(&hole4);
}

static void false_ip6_reports_are_ignored(void)
{
    if (hole6.port == 0)
        SKIP("there is no ::1 here");
    false_reports_are_ignored(&hole6);
}

static void ip4_reports_end_an_attempt(void)
{
    true_report(&hole4, 0, 100, PICKET_ERR_UNREACHABLE);
    true_report(&hole4, 1, 100, PICKET_ERR_UNREACHABLE);
    true_report(&hole4, 2, 100, PICKET_ERR_REFUSED);
    true_report(&hole4, 3, 100, PICKET_ERR_REFUSED);
    true_report(&hole4, 13, 100, PICKET_ERR_UNREACHABLE);
    for (uint16_t split = 1; split < 56; split++)
        true_report(&hole4, 1, split, PICKET_ERR_UNREACHABLE);
}

static void ip6_reports_end_an_attempt(void)
{
    if (hole6.port == 0)
        SKIP("there is no ::1 here");
    true_report(&hole6, 0, 100, PICKET_ERR_UNREACHABLE);
    true_report(&hole6, 3, 100, PICKET_ERR_UNREACHABLE);
    true_report(&hole6, 4, 100, PICKET_ERR_REFUSED);
    for (uint16_t split = 1; split < 96; split++)
        true_report(&hole6, 0, split, PICKET_ERR_UNREACHABLE);
}

// --- Silence ---

// A server whose kernel accepts, and that reads nothing: send until no more fits, then close.
static int deaf_server(uint16_t *number)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0 || listen(fd, 4) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) < 0)
        abort();
    *number = ntohs(name.sin_port);
    return fd;
}

static void send_until_full(int handle)
{
    static const uint8_t data[16384];
    uint32_t moved = now();

    while (now() - moved < 500) {
        const int n = port->send(port->ctx, handle, data, sizeof data);
        if (n > 0)
            moved = now();
        else
            turn(50);
    }
}

// Both at once, for they take their time: the attempt to reach nobody, and the goodbye that nobody hears.
static void silent_servers_are_given_up(void)
{
    uint16_t number = 0;
    const int deaf = deaf_server(&number);
    const int handle = connect_to(4, number);
    uint32_t began = now(), closed, tried;
    int attempted, result;

    CHECK(handle > 0);
    send_until_full(handle);
    tried = now();
    attempted = connect_to(4, hole4.port);
    CHECK(attempted > 0);
    port->close(port->ctx, handle);
    closed = now();
    CHECK(picket_linux_netif_is_sending());
    while ((result = port->connected(port->ctx, attempted)) == PICKET_AGAIN && now() - began < 25000)
        turn(1000);
    CHECK_INT(result, PICKET_ERR_TIMEOUT_CONNECT);
    CHECK(now() - tried > CONNECT_MS - 3000 && now() - tried < CONNECT_MS + 3000);
    CHECK_INT(port->connected(port->ctx, attempted), PICKET_ERR_TIMEOUT_CONNECT);
    port->abort(port->ctx, attempted);
    while (picket_linux_netif_is_sending() && now() - closed < 25000)
        pause_for(20);
    CHECK(!picket_linux_netif_is_sending());
    CHECK(now() - closed < (PICKET_LWIP_CLOSE_S + 3) * 1000);
    close(deaf);
}

int main(void)
{
    alarm(100);
    port = picket_port_default();
    if (!dig(&hole4, 4) || port->start(port->ctx) != 0)
        return 2;
    if (!dig(&hole6, 6))
        hole6.port = 0;
    RUN(false_ip4_reports_are_ignored);
    RUN(false_ip6_reports_are_ignored);
    RUN(ip4_reports_end_an_attempt);
    RUN(ip6_reports_end_an_attempt);
    RUN(silent_servers_are_given_up);
    port->stop(port->ctx);
    bury(&hole4);
    bury(&hole6);
    return check_done();
}
