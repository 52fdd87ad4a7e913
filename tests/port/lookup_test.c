// Lookups through lwIP's resolver, with a name server of our own. It needs port 53, so all of this runs in a
// private network where that is free.
#define _GNU_SOURCE
#include "linux_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "lwip_port.h"

enum { TYPE_A = 1, TYPE_CNAME = 5, TYPE_AAAA = 28 };
enum { RCODE_OK = 0, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };
enum { HEADER = 12, MESSAGE_MAX = 2048, LIMIT_MS = 20000, UNANSWERED_MS = 8000 };

static const picket_port_t *port;
static char why_not[200]; // there is no private network

// --- The name server ---

// A query, and the answer to it as it grows.
struct message {
    uint8_t bytes[MESSAGE_MAX];
    size_t len;
    size_t question; // the end of the question
    uint16_t type;
    char name[300];
};

static atomic_int queries;

static void put(struct message *m, const void *bytes, size_t len)
{
    if (len <= sizeof m->bytes - m->len) {
        memcpy(m->bytes + m->len, bytes, len);
        m->len += len;
    }
}

static void put16(struct message *m, unsigned value)
{
    const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(m, bytes, sizeof bytes);
}

static bool read_query(struct message *m)
{
    size_t at = HEADER, out = 0;

    while (at < m->len && m->bytes[at] != 0) {
        const size_t part = m->bytes[at++];
        if (at + part >= m->len || out + part + 2 > sizeof m->name)
            return false;
        memcpy(m->name + out, m->bytes + at, part);
        at += part;
        out += part;
        m->name[out++] = '.';
    }
    if (at + 5 > m->len || out == 0)
        return false;
    m->name[out - 1] = '\0';
    m->type = (uint16_t)(m->bytes[at + 1] << 8 | m->bytes[at + 2]);
    m->question = m->len = at + 5;
    return true;
}

static void answer(struct message *m, uint8_t code, uint8_t records)
{
    m->bytes[2] = 0x81;
    m->bytes[3] = (uint8_t)(0x80 | code);
    m->bytes[6] = 0;
    m->bytes[7] = records;
    memset(m->bytes + 8, 0, 4);
}

// A record of the name at this offset of the message.
static void put_record(struct message *m, unsigned name, unsigned type, unsigned ttl, const void *data,
                       size_t len)
{
    put16(m, 0xc000u | name);
    put16(m, type);
    put16(m, 1);
    put16(m, ttl >> 16);
    put16(m, ttl & 0xffff);
    put16(m, (unsigned)len);
    put(m, data, len);
}

static void put_address(struct message *m, unsigned name, unsigned ttl)
{
    static const uint8_t ip4[4] = {192, 0, 2, 7};
    static const uint8_t ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};

    if (m->type == TYPE_A)
        put_record(m, name, TYPE_A, ttl, ip4, sizeof ip4);
    else
        put_record(m, name, TYPE_AAAA, ttl, ip6, sizeof ip6);
}

static bool starts(const struct message *m, const char *with)
{
    return strncmp(m->name, with, strlen(with)) == 0;
}

// name is an alias of x.name, which is an alias of y.x.name, and so on, six times.
static void answer_alias(struct message *m)
{
    unsigned name = HEADER;

    answer(m, RCODE_OK, 7);
    for (unsigned i = 0; i < 6; i++) {
        const uint8_t alias[4] = {1, (uint8_t)('a' + i), (uint8_t)(0xc0 | name >> 8), (uint8_t)name};
        const unsigned at = (unsigned)m->len + 12;
        put_record(m, name, TYPE_CNAME, 60, alias, sizeof alias);
        name = at;
    }
    put_address(m, name, 60);
}

// What is wrong with an answer, by number. The last one lwIP takes for a "no".
static void spoil(struct message *m, unsigned kind)
{
    switch (kind) {
    case 0: m->bytes[0] ^= 0x55; break;                                    // another id
    case 1: m->bytes[HEADER + 1] ^= 1; break;                              // another name
    case 2: m->bytes[m->question - 3] ^= 0x1d; break;                      // another type
    case 3: m->bytes[m->question - 1] = 3; break;                          // another class
    case 4: m->bytes[2] &= 0x7f; break;                                    // a query
    case 5: m->bytes[5] = 2; break;                                        // two questions
    case 6: memset(m->bytes + HEADER, 0xff, m->len - HEADER); break;       // pointers everywhere
    case 7: m->bytes[HEADER] = 0xc0, m->bytes[HEADER + 1] = HEADER; break; // a name that is itself
    case 8: m->bytes[m->question] = 63; break;                             // a record's name past the end
    default:
        m->bytes[m->question + 10] = 0xff, m->bytes[m->question + 3]++;
        break; // a record past the end, unknown
    }
}

static void reply(int fd, const struct message *m, size_t len, const struct sockaddr_in *to)
{
    (void)sendto(fd, m->bytes, len, 0, (const struct sockaddr *)to, sizeof *to);
}

// All but the lengths that leave whole questions and no record: lwIP takes those for a "no".
static void reply_truncated(int fd, const struct message *m, const struct sockaddr_in *to)
{
    for (size_t len = 0; len < m->len; len++)
        if (len < m->question || len > m->question + 2)
            reply(fd, m, len, to);
}

static void serve_query(int fd, struct message *m, const struct sockaddr_in *to)
{
    struct message spoilt;

    queries++;
    if (starts(m, "silent") || (starts(m, "lost") && queries == 1))
        return;
    if (starts(m, "slow"))
        usleep(500000);
    answer(m, RCODE_OK, 1);
    if (starts(m, "nx"))
        answer(m, RCODE_NXDOMAIN, 0);
    else if (starts(m, "fail"))
        answer(m, RCODE_SERVFAIL, 0);
    else if (starts(m, "empty") || (starts(m, "only4") && m->type != TYPE_A))
        answer(m, RCODE_OK, 0);
    else if (starts(m, "alias"))
        answer_alias(m);
    else
        put_address(m, HEADER, starts(m, "brief") ? 0 : 60);
    spoilt = *m;
    if (starts(m, "spoilt")) {
        spoil(&spoilt, (unsigned)(m->name[6] - '0'));
        reply(fd, &spoilt, spoilt.len, to);
        if (strcmp(m->name + 7, ".only") == 0)
            return;
    }
    if (starts(m, "cut"))
        reply_truncated(fd, m, to);
    reply(fd, m, m->len, to);
}

static void *serve(void *argument)
{
    static struct message m;
    const int fd = *(const int *)argument;
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n;

    while ((n = recvfrom(fd, m.bytes, sizeof m.bytes, 0, (struct sockaddr *)&from, &len)) > 0) {
        m.len = (size_t)n;
        if (n > HEADER && read_query(&m))
            serve_query(fd, &m, &from);
        len = sizeof from;
    }
    return NULL; // a datagram without contents ends it
}

// --- The private network ---

static bool not_possible(const char *what)
{
    snprintf(why_not, sizeof why_not, "no private network here: %s: %s", what, strerror(errno));
    return false;
}

static bool bring_loopback_up(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;

    close(fd);
    return up;
}

// As root, or as anybody where the kernel lets users have namespaces.
static bool enter_private_network(int *fd)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};

    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return not_possible("unshare");
    if (!bring_loopback_up())
        return not_possible("lo");
    *fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (*fd < 0 || bind(*fd, (struct sockaddr *)&name, sizeof name) < 0)
        return not_possible("port 53");
    return true;
}

static void end_server(int fd)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(53)};

    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    (void)sendto(fd, "", 0, 0, (struct sockaddr *)&name, sizeof name);
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

static int begin(const char *name, int family)
{
    return port->lookup(port->ctx, name, family);
}

static int until_answered(int handle, picket_address_t *address)
{
    const uint32_t began = now();
    int result;

    while ((result = port->lookup_result(port->ctx, handle, address)) == PICKET_AGAIN &&
           now() - began < LIMIT_MS)
        turn(LIMIT_MS);
    return result;
}

static int look_up(const char *name, int family, picket_address_t *address)
{
    const int handle = begin(name, family);
    int result;

    memset(address, 0, sizeof *address);
    if (handle < 0)
        return handle;
    result = until_answered(handle, address);
    CHECK_INT(port->lookup_result(port->ctx, handle, address), result);
    port->lookup_end(port->ctx, handle);
    CHECK_INT(port->lookup_result(port->ctx, handle, address), PICKET_ERR_CLOSED);
    return result;
}

static void is_the_address(const picket_address_t *address, int family)
{
    static const uint8_t ip4[4] = {192, 0, 2, 7};
    static const uint8_t ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7};

    CHECK_INT(address->family, family);
    CHECK_INT(address->zone, 0);
    CHECK_MEM(address->bytes, family == 4 ? ip4 : ip6, family == 4 ? sizeof ip4 : sizeof ip6);
}

static void finds(const char *name, int family)
{
    picket_address_t address;
    const int result = look_up(name, family, &address);

    CHECK_INT(result, 1);
    if (result == 1)
        is_the_address(&address, family);
}

static void finds_nothing(const char *name, int family)
{
    picket_address_t address;
    const uint32_t began = now();

    CHECK_INT(look_up(name, family, &address), PICKET_ERR_NO_ADDRESS);
    CHECK(now() - began < 2000);
    CHECK_INT(address.family, 0);
}

// lwIP forgets its answers, and what it still waits for, when it is started again.
static void start_anew(void)
{
    port->stop(port->ctx);
    CHECK_INT(port->start(port->ctx), 0);
    queries = 0;
}

// --- Answers ---

static void finds_addresses(void)
{
    finds("host.example", 4);
    finds("host.example", 6);
    finds("HOST.example", 4);
    finds("dot.example.", 4);
    finds("label", 4);
}

static void poll_says_that_an_answer_came(void)
{
    const uint32_t began = now();
    picket_address_t address;
    uint32_t ms = 1;
    const int handle = begin("slow.example", 4);

    while (port->lookup_result(port->ctx, handle, &address) == PICKET_AGAIN && now() - began < LIMIT_MS) {
        ms = port->poll(port->ctx);
        if (ms > 0)
            port->wait(port->ctx, LIMIT_MS);
    }
    CHECK_INT(ms, 0);
    CHECK(now() - began < 5000);
    port->lookup_end(port->ctx, handle);
}

static void finds_no_address(void)
{
    finds_nothing("nx.example", 4);
    finds_nothing("nx.example", 6);
    finds_nothing("empty.example", 4);
    finds_nothing("empty.example", 6);
    finds_nothing("only4.example", 6);
    finds("only4.example", 4);
    finds_nothing("fail.example", 4);
}

static void follows_aliases(void)
{
    finds("alias.example", 4);
    finds("alias.example", 6);
}

static void asks_again_when_an_answer_is_lost(void)
{
    start_anew();
    finds("lost.example", 4);
    CHECK_INT(queries, 2);
}

// An answer is remembered for its time to live, and an answer without one is not.
static void remembers_for_the_time_to_live(void)
{
    start_anew();
    finds("remembered.example", 4);
    finds("remembered.example", 4);
    CHECK_INT(queries, 1);
    finds("brief.example", 4);
    pause_for(1200);
    finds("brief.example", 4);
    CHECK_INT(queries, 3);
}

// The true answer comes just behind.
static void false_answers_are_thrown_away(void)
{
    char name[] = "spoilt0.example";

    for (int i = 0; i < 9; i++) {
        name[6] = (char)('0' + i);
        finds(name, 4);
        finds(name, 6);
    }
}

static void a_record_longer_than_the_message_is_no_address(void)
{
    finds_nothing("spoilt9.only", 4);
    finds_nothing("spoilt9.only", 6);
}

static void truncated_answers_are_thrown_away(void)
{
    finds("cut.example", 4);
    finds("cut.example", 6);
}

// One server says nothing, and of another only false answers arrive.
static void no_answer_is_a_timeout(void)
{
    static const char *const names[] = {"silent.example", "spoilt0.only", "spoilt6.only"};
    enum { COUNT = sizeof names / sizeof names[0] };
    const uint32_t began = now();
    picket_address_t address = {0};
    int handles[COUNT];

    start_anew();
    for (int i = 0; i < COUNT; i++)
        handles[i] = begin(names[i], 4);
    for (int i = 0; i < COUNT; i++) {
        CHECK_INT(until_answered(handles[i], &address), PICKET_ERR_TIMEOUT_LOOKUP);
        port->lookup_end(port->ctx, handles[i]);
    }
    CHECK(now() - began <= UNANSWERED_MS);
    CHECK(now() - began > 3000);
    CHECK_INT(address.family, 0);
    CHECK(queries >= 3 * COUNT);
}

// --- Names ---

// parts of 63 characters, and one for the rest
static void long_name(char *name, size_t len)
{
    memset(name, 'a', len);
    for (size_t i = 63; i + 1 < len; i += 64)
        name[i] = '.';
    name[len] = '\0';
}

static void the_longest_names(void)
{
    char name[300];

    for (size_t len = 250; len <= 253; len++) {
        long_name(name, len);
        finds(name, 4);
        finds(name, 6);
    }
}

static void names_that_cannot_be_asked(void)
{
    static const char *const names[] = {"", ".", "a..b", ".a", "a..", ".."};
    char name[301];
    picket_address_t address;

    start_anew();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_INT(look_up(names[i], 4, &address), PICKET_ERR_NO_ADDRESS);
    memset(name, 'a', 64);
    name[64] = '\0';
    CHECK_INT(look_up(name, 4, &address), PICKET_ERR_NO_ADDRESS);
    long_name(name, 300);
    CHECK_INT(look_up(name, 4, &address), PICKET_ERR_NO_ADDRESS);
    CHECK_INT(port->lookup(port->ctx, NULL, 4), PICKET_ERR_ARG);
    CHECK_INT(begin("host.example", 0), PICKET_ERR_ARG);
    CHECK_INT(begin("host.example", 5), PICKET_ERR_ARG);
    CHECK_INT(queries, 0);
}

// --- Several at once ---

static void two_at_once(void)
{
    picket_address_t address;
    const int six = begin("slow.both.example", 6);
    const int four = begin("slow.both.example", 4);

    CHECK(six > 0 && four > 0 && six != four);
    CHECK_INT(until_answered(four, &address), 1);
    is_the_address(&address, 4);
    CHECK_INT(until_answered(six, &address), 1);
    is_the_address(&address, 6);
    port->lookup_end(port->ctx, four);
    port->lookup_end(port->ctx, six);
}

static void the_same_name_twice(void)
{
    picket_address_t address;
    const int first = begin("slow.same.example", 4);
    const int second = begin("slow.same.example", 4);

    CHECK(first > 0 && second > 0 && first != second);
    CHECK_INT(until_answered(second, &address), 1);
    port->lookup_end(port->ctx, second);
    CHECK_INT(until_answered(first, &address), 1);
    is_the_address(&address, 4);
    port->lookup_end(port->ctx, first);
}

static void ended_before_the_answer(void)
{
    picket_address_t address;

    for (int i = 0; i < 3; i++) {
        char name[40];
        snprintf(name, sizeof name, "slow%d.ended.example", i);
        const int handle = begin(name, 4);
        CHECK(handle > 0);
        port->lookup_end(port->ctx, handle);
        CHECK_INT(port->lookup_result(port->ctx, handle, &address), PICKET_ERR_CLOSED);
        port->lookup_end(port->ctx, handle);
    }
    finds("slow3.ended.example", 4);
    pause_for(1000);
    finds("host.after.example", 4);
}

static int fill_table(int *handles)
{
    char name[40];
    int count = 0;

    do
        snprintf(name, sizeof name, "silent%d.full.example", count);
    while (count < 100 && (handles[count] = begin(name, 4)) >= 0 && ++count);
    return count;
}

// A slot that was given up is free again when lwIP has given up too.
static void full_table_recovers(void)
{
    int handles[101];
    picket_address_t address;
    int count;

    start_anew();
    count = fill_table(handles);
    CHECK_INT(count, PICKET_LWIP_LOOKUPS);
    CHECK_INT(handles[count], PICKET_AGAIN);
    for (int i = 0; i < count; i++)
        port->lookup_end(port->ctx, handles[i]);
    CHECK_INT(begin("host.full.example", 4), PICKET_AGAIN);
    pause_for(UNANSWERED_MS);
    for (int i = 0; i < count; i++)
        CHECK_INT(port->lookup_result(port->ctx, handles[i], &address), PICKET_ERR_CLOSED);
    finds("host.full.example", 4);
    for (int i = 0; i < 2 * PICKET_LWIP_LOOKUPS; i++)
        finds("nearby.full.example", i % 2 == 0 ? 4 : 6);
}

static void full_table_with_answers(void)
{
    int handles[PICKET_LWIP_LOOKUPS];
    picket_address_t address;
    char name[40];

    start_anew();
    for (int i = 0; i < PICKET_LWIP_LOOKUPS; i++) {
        snprintf(name, sizeof name, "host%d.example", i);
        handles[i] = begin(name, i % 2 == 0 ? 4 : 6);
        CHECK(handles[i] > 0);
    }
    for (int i = PICKET_LWIP_LOOKUPS - 1; i >= 0; i--) {
        CHECK_INT(until_answered(handles[i], &address), 1);
        is_the_address(&address, i % 2 == 0 ? 4 : 6);
    }
    CHECK_INT(begin("more.example", 4), PICKET_AGAIN); // they are still held
    for (int i = 0; i < PICKET_LWIP_LOOKUPS; i++)
        port->lookup_end(port->ctx, handles[i]);
    finds("more.example", 4);
}

static void stop_ends_lookups(void)
{
    int handles[101];
    picket_address_t address;
    int count;

    start_anew();
    count = fill_table(handles);
    port->stop(port->ctx);
    for (int i = 0; i < count; i++)
        CHECK_INT(port->lookup_result(port->ctx, handles[i], &address), PICKET_ERR_CLOSED);
    CHECK_INT(begin("host.example", 4), PICKET_ERR_NO_NETWORK);
    CHECK_INT(begin("host.example", 6), PICKET_ERR_NO_NETWORK);
    CHECK_INT(port->start(port->ctx), 0);
    for (int i = 0; i < count; i++)
        CHECK_INT(port->lookup_result(port->ctx, handles[i], &address), PICKET_ERR_CLOSED);
    CHECK_INT(fill_table(handles), PICKET_LWIP_LOOKUPS);
    start_anew();
    finds("host.example", 4);
}

static void configure_reads_addresses(void)
{
    static const char *const bad[] = {"",      "localhost",    "127.0.0", "1.2.3.4.5",
                                      "::1::", "127.0.0.1:53", "[::1]"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct picket_linux_config config = {.dns_servers = {"127.0.0.1", bad[i]}};
        CHECK_INT(picket_linux_configure(&config), PICKET_ERR_ARG);
    }
    start_anew(); // what was not accepted has changed nothing
    finds("host.example", 4);
}

// --- What the host says about servers that cannot be reached: this network has no way out ---

static void unreachable(const picket_address_t *address)
{
    const uint32_t began = now();
    const int handle = port->connect(port->ctx, address, 80);
    int result;

    if (handle < 0) {
        CHECK_INT(handle, PICKET_ERR_UNREACHABLE);
        return;
    }
    while ((result = port->connected(port->ctx, handle)) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn(LIMIT_MS);
    CHECK_INT(result, PICKET_ERR_UNREACHABLE);
    CHECK_INT(port->connected(port->ctx, handle), PICKET_ERR_UNREACHABLE);
    CHECK(now() - began < 1000);
    port->abort(port->ctx, handle);
}

static void no_route_is_unreachable(void)
{
    const picket_address_t ip4 = {.family = 4, .bytes = {192, 0, 2, 7}};
    const picket_address_t ip6 = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}};

    unreachable(&ip4);
    unreachable(&ip6);
}

// --- All of it ---

static void (*current)(void);

static void possible_only_in_private(void)
{
    if (why_not[0] != '\0')
        SKIP(why_not);
    current();
}

static void run(const char *name, void (*test)(void))
{
    current = test;
    check_run(name, possible_only_in_private);
}

#define RUN_PRIVATE(test) run(#test, test)

static void run_all(void)
{
    RUN_PRIVATE(finds_addresses);
    RUN_PRIVATE(poll_says_that_an_answer_came);
    RUN_PRIVATE(finds_no_address);
    RUN_PRIVATE(follows_aliases);
    RUN_PRIVATE(asks_again_when_an_answer_is_lost);
    RUN_PRIVATE(remembers_for_the_time_to_live);
    RUN_PRIVATE(false_answers_are_thrown_away);
    RUN_PRIVATE(a_record_longer_than_the_message_is_no_address);
    RUN_PRIVATE(truncated_answers_are_thrown_away);
    RUN_PRIVATE(no_answer_is_a_timeout);
    RUN_PRIVATE(the_longest_names);
    RUN_PRIVATE(names_that_cannot_be_asked);
    RUN_PRIVATE(two_at_once);
    RUN_PRIVATE(the_same_name_twice);
    RUN_PRIVATE(ended_before_the_answer);
    RUN_PRIVATE(full_table_recovers);
    RUN_PRIVATE(full_table_with_answers);
    RUN_PRIVATE(stop_ends_lookups);
    RUN_PRIVATE(configure_reads_addresses);
    RUN_PRIVATE(no_route_is_unreachable);
}

int main(void)
{
    const struct picket_linux_config config = {.dns_servers = {"127.0.0.1"}};
    pthread_t thread;
    int fd = -1;

    alarm(150);
    port = picket_port_default();
    if (!enter_private_network(&fd)) {
        run_all();
        return check_done();
    }
    if (picket_linux_configure(&config) != 0 || port->start(port->ctx) != 0 ||
        pthread_create(&thread, NULL, serve, &fd) != 0)
        return 2;
    run_all();
    port->stop(port->ctx);
    end_server(fd);
    pthread_join(thread, NULL);
    close(fd);
    return check_done();
}
