// Datagrams through lwIP, and the time asked for while TLS computes.
#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../src/client.h"
#include "../../src/tls.h"
#include "check.h"
#include "linux_port.h"
#include "lwip/udp.h"
#include "picket/clock.h"
#include "tls_server.h"

enum { LIMIT_MS = 5000, QUIET_MS = 100, WAITING = 4, SOCKETS = PICKET_TIME_SERVERS_MAX + 1, LOCAL = 50000 };

static const picket_port_t *real;
static picket_port_t port;
static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_trust_t trust;
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

// --- A socket of the host's

struct peer {
    int fd;
    uint16_t number;
    struct sockaddr_in client; // who sent something last
};

static struct peer open_peer(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    struct peer peer = {.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    CHECK(peer.fd >= 0 && bind(peer.fd, (struct sockaddr *)&name, len) == 0);
    CHECK(getsockname(peer.fd, (struct sockaddr *)&name, &len) == 0);
    peer.number = ntohs(name.sin_port);
    return peer;
}

static void serve(void)
{
    if (port.poll(port.ctx) > 0)
        port.wait(port.ctx, 2);
}

static ssize_t peer_takes(struct peer *peer, void *buf, size_t len)
{
    socklen_t size = sizeof peer->client;
    ssize_t n = -1;
    for (const uint32_t began = port.millis(port.ctx); n < 0 && port.millis(port.ctx) - began < LIMIT_MS;) {
        serve();
        n = recvfrom(peer->fd, buf, len, MSG_DONTWAIT, (struct sockaddr *)&peer->client, &size);
    }
    return n;
}

static void peer_sends(const struct peer *peer, const struct peer *as, const void *data, size_t len)
{
    CHECK(sendto(as->fd, data, len, 0, (const struct sockaddr *)&peer->client, sizeof peer->client) ==
          (ssize_t)len);
}

static int take(int handle, void *buf, size_t len, uint32_t limit_ms)
{
    int n = PICKET_AGAIN;
    const uint32_t began = port.millis(port.ctx);
    while (n == PICKET_AGAIN && port.millis(port.ctx) - began < limit_ms) {
        n = port.udp_recv(port.ctx, handle, buf, len);
        serve();
    }
    return n;
}

static void start(void)
{
    port = *real;
    memset(&client, 0, sizeof client);
    CHECK_INT(picket_init(&client,
                          &(picket_config_t){
                              .trust = &trust, .arena = arena, .arena_len = sizeof arena, .port = &port}),
              0);
}

// A socket, and a peer that knows where it is.
static int begin(struct peer *peer)
{
    char buf[8];
    start();
    *peer = open_peer();
    const int handle = port.udp_open(port.ctx, &loopback, peer->number, LOCAL);
    CHECK(handle > 0);
    CHECK_INT(port.udp_send(port.ctx, handle, "hello", 5), 5);
    CHECK_INT(peer_takes(peer, buf, sizeof buf), 5);
    return handle;
}

static void end(const struct peer *peer, int handle)
{
    port.udp_close(port.ctx, handle);
    picket_deinit(&client);
    close(peer->fd);
}

// --- Datagrams

static void datagrams_go_both_ways(void)
{
    struct peer peer;
    char buf[PICKET_UDP_MAX], big[PICKET_UDP_MAX + 1] = {0};
    const int handle = begin(&peer);
    peer_sends(&peer, &peer, "world", 5);
    CHECK_INT(take(handle, buf, sizeof buf, LIMIT_MS), 5);
    CHECK_MEM(buf, "world", 5);
    peer_sends(&peer, &peer, "longer", 6);
    CHECK_INT(take(handle, buf, 4, LIMIT_MS), 4); // cut
    CHECK_INT(take(handle, buf, sizeof buf, QUIET_MS), PICKET_AGAIN);
    CHECK_INT(port.udp_send(port.ctx, handle, big, PICKET_UDP_MAX), PICKET_UDP_MAX);
    CHECK_INT(peer_takes(&peer, big, sizeof big), PICKET_UDP_MAX);
    CHECK_INT(port.udp_send(port.ctx, handle, big, sizeof big), PICKET_ERR_ARG);
    end(&peer, handle);
}

static void only_from_where_it_was_sent_to(void)
{
    struct peer peer, other;
    char buf[16];
    const int handle = begin(&peer);
    other = open_peer();
    peer_sends(&peer, &other, "forged", 6);
    CHECK_INT(take(handle, buf, sizeof buf, QUIET_MS), PICKET_AGAIN);
    peer_sends(&peer, &peer, "real", 4);
    CHECK_INT(take(handle, buf, sizeof buf, LIMIT_MS), 4);
    close(other.fd);
    end(&peer, handle);
}

// Of more than wait, the first are kept; and an empty one is one.
static void few_are_kept(void)
{
    struct peer peer;
    char buf[16];
    const int handle = begin(&peer);
    peer_sends(&peer, &peer, "", 0);
    for (char i = 1; i < 20; i++)
        peer_sends(&peer, &peer, &i, 1);
    for (const uint32_t began = port.millis(port.ctx); port.millis(port.ctx) - began < QUIET_MS;)
        serve();
    CHECK_INT(port.udp_recv(port.ctx, handle, buf, sizeof buf), 0);
    for (int i = 1; i < WAITING; i++) {
        CHECK_INT(port.udp_recv(port.ctx, handle, buf, sizeof buf), 1);
        CHECK_INT(buf[0], i);
    }
    CHECK_INT(port.udp_recv(port.ctx, handle, buf, sizeof buf), PICKET_AGAIN);
    end(&peer, handle);
}

static void handles_that_were_given_back_are_recognised(void)
{
    struct peer peer;
    char buf[4];
    const int first = begin(&peer);
    port.udp_close(port.ctx, first);
    port.udp_close(port.ctx, first);
    const int second = port.udp_open(port.ctx, &loopback, peer.number, LOCAL);
    CHECK(second > 0 && second != first);
    CHECK_INT(port.udp_send(port.ctx, first, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(port.udp_recv(port.ctx, first, buf, sizeof buf), PICKET_ERR_CLOSED);
    port.udp_close(port.ctx, first);
    CHECK_INT(port.udp_send(port.ctx, second, "x", 1), 1);
    CHECK_INT(port.udp_send(port.ctx, 0, "x", 1), PICKET_ERR_CLOSED);
    CHECK_INT(port.udp_send(port.ctx, -1, "x", 1), PICKET_ERR_CLOSED);
    end(&peer, second);
}

static void none_is_lost_for_good(void)
{
    struct peer peer;
    const int first = begin(&peer);
    int second = 0;
    for (int i = 1; i < SOCKETS; i++) {
        second = port.udp_open(port.ctx, &loopback, peer.number, LOCAL);
        CHECK(second > 0);
    }
    CHECK_INT(port.udp_open(port.ctx, &loopback, peer.number, LOCAL), PICKET_ERR_NO_MEMORY);
    picket_deinit(&client); // with all open
    start();
    CHECK_INT(port.udp_send(port.ctx, first, "x", 1), PICKET_ERR_CLOSED);
    for (int i = 0; i < 50; i++) {
        const int handle = port.udp_open(port.ctx, &loopback, peer.number, LOCAL);
        CHECK(handle > 0);
        port.udp_close(port.ctx, handle);
    }
    end(&peer, second);
}

static void opens_at(uint16_t local, uint16_t wanted)
{
    CHECK(port.udp_open(port.ctx, &loopback, 123, local) > 0);
    CHECK_INT(udp_pcbs->local_port, wanted);
}

static void the_local_port_is_the_one_asked_for_or_the_next(void)
{
    start();
    opens_at(LOCAL, LOCAL);
    opens_at(LOCAL, LOCAL + 1);
    opens_at(LOCAL, LOCAL + 2);
    opens_at(0xffff, 0xffff);
    opens_at(0xffff, 0xc000);
    picket_deinit(&client);
}

// --- The time, while TLS computes

static struct {
    struct peer peer;
    pthread_t thread;
    volatile bool quit;
    uint32_t seconds; // of its answers, since 1900
} times;

static void *answer_queries(void *argument)
{
    (void)argument;
    while (!times.quit) {
        uint8_t packet[48] = {0}, query[48];
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        const uint32_t seconds = htonl(times.seconds);
        if (recvfrom(times.peer.fd, query, sizeof query, 0, (struct sockaddr *)&from, &len) != 48)
            continue;
        packet[0] = 4 << 3 | 4;
        packet[1] = 1;
        memcpy(packet + 24, query + 40, 8);
        memcpy(packet + 32, &seconds, 4);
        memcpy(packet + 40, &seconds, 4);
        sendto(times.peer.fd, packet, sizeof packet, 0, (struct sockaddr *)&from, len);
    }
    return NULL;
}

// On TLS's stack much time has passed each time somebody looks, so that all its arithmetic comes back early.
static uint32_t hasty_millis(void *ctx)
{
    const uint8_t here = 0;
    const uintptr_t at = (uintptr_t)&here, from = (uintptr_t)arena;
    return real->millis(ctx) + (at >= from && at < from + sizeof arena ? 1000 : 0);
}

static unsigned queries_sent, sent_while_busy, waits_while_busy;

static uint32_t watching_poll(void *ctx)
{
    waits_while_busy += client.state != NULL && tls_busy(client.state->env.tls);
    return real->poll(ctx);
}

static int watching_send(void *ctx, int handle, const void *data, size_t len)
{
    queries_sent++;
    sent_while_busy += tls_busy(client.state->env.tls);
    return real->udp_send(ctx, handle, data, len);
}

static void start_times(void)
{
    const struct timeval limit = {.tv_usec = 50000};
    times.peer = open_peer();
    times.quit = false;
    times.seconds = (uint32_t)(time(NULL) + INT64_C(2208988800));
    CHECK(setsockopt(times.peer.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    CHECK(pthread_create(&times.thread, NULL, answer_queries, NULL) == 0);
}

static void stop_times(void)
{
    times.quit = true;
    pthread_join(times.thread, NULL);
    close(times.peer.fd);
}

static void until_tls_computes(void)
{
    const uint32_t began = real->millis(NULL);
    while (!tls_busy(client.state->env.tls) && real->millis(NULL) - began < LIMIT_MS)
        if (picket_poll(&client) > 0)
            port.wait(port.ctx, 1);
    CHECK(tls_busy(client.state->env.tls));
}

static void both_go_on(const char *url, unsigned polls)
{
    char buf[64];
    picket_http_t http = {0};
    start();
    port.millis = hasty_millis;
    port.poll = watching_poll;
    port.udp_send = watching_send;
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .address = &loopback});
    until_tls_computes();
    for (unsigned i = 0; i < polls; i++)
        picket_poll(&client);
    CHECK_INT(picket_clock_query_blocking(&client, "127.0.0.1", times.peer.number, LIMIT_MS), 0);
    CHECK_INT(picket_http_read_blocking(&http, buf, sizeof buf), 5);
    CHECK_INT(picket_http_status(&http), 200);
    picket_http_close(&http);
    picket_deinit(&client);
}

static void time_is_asked_while_tls_computes(void)
{
    static const tls_chain_t chain = {"udp", "P-256", NULL, "P-256", 0};
    tls_server_t server;
    char url[80];
    REQUIRE(tls_chain_make(&chain) && tls_chain_trust(&chain, 1, &trust) &&
            tls_server_page("page", "hello", 5));
    REQUIRE(tls_server_start(&server, &(tls_server_options_t){.chain = &chain, .nginx = ""}));
    start_times();
    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/page", server.port);
    for (unsigned polls = 0; polls < 60; polls += 7)
        both_go_on(url, polls);
    CHECK(queries_sent >= 9);
    CHECK_INT(sent_while_busy, 0);
    CHECK(waits_while_busy > 20);
    stop_times();
    tls_server_stop(&server);
}

int main(void)
{
    alarm(120);
    real = picket_port_default();
    RUN(datagrams_go_both_ways);
    RUN(only_from_where_it_was_sent_to);
    RUN(few_are_kept);
    RUN(handles_that_were_given_back_are_recognised);
    RUN(none_is_lost_for_good);
    RUN(the_local_port_is_the_one_asked_for_or_the_next);
    RUN(time_is_asked_while_tls_computes);
    return check_done();
}
