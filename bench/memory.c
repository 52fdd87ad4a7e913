// How much memory HTTPS needs: GETs from openssl s_server, and what they took of the arena and of the stack.
//
// Prints a line for each figure, "what <tab> bytes", for memory.py, which runs this as 64-bit and as 32-bit
// code.
#define _GNU_SOURCE

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "picket/picket.h"
#include "socket_port.h"
#include "tls_server.h"

#define SERVERS     3
#define PATIENCE_MS 5000
#define BODY_LEN    49152 // three records of the largest size
#define UNLIMITED   SIZE_MAX

static const tls_chain_t chains[] = {
    {"p256", "P-256", "P-256", "P-256", 0},
    {"p384", "P-384", "P-384", "P-384", 0},
    {"rsa2048", "rsa:2048", "rsa:2048", "rsa:2048", 0},
    {"root4096", "rsa:4096", "rsa:2048", "rsa:2048", 0},
    {"ec4096", "rsa:4096", "P-256", "P-256", 0},
    {"worst", "rsa:4096", "rsa:4096", "rsa:4096", 80},
};
static const char *const titles[] = {
    "P-256", "P-384", "RSA-2048", "RSA-2048 under RSA-4096", "P-256 under RSA-4096", "RSA-4096, 4 KB leaf",
};
#define CHAINS (sizeof chains / sizeof chains[0])
#define WORST  (CHAINS - 1)

static const struct {
    const char *name;
    uint16_t number;
} versions[] = {{"1.3", PICKET_TLS_1_3}, {"1.2", PICKET_TLS_1_2}};
#define VERSIONS (sizeof versions / sizeof versions[0])

static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
static _Alignas(8) uint8_t arena[400000];
static picket_t client;
static picket_trust_t trust;
static tls_server_t servers[SERVERS];
static uint16_t version;

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "memory: %s\n", what);
    exit(1);
}

static void report(size_t bytes, const char *format, const char *a, const char *b, const char *c)
{
    printf(format, a, b, c);
    printf("\t%zu\n", bytes);
    fflush(stdout);
}

// --- A port that can hold a connection up: it hands out so many bytes of it and no more

static struct gate {
    int handle;
    size_t limit, taken;
} gates[SERVERS]; // in the order in which connections are made
static size_t connected;
static size_t next_limit = UNLIMITED;

static int gated_connect(void *ctx, const picket_address_t *address, uint16_t port)
{
    int handle = socket_port()->connect(ctx, address, port);
    if (handle >= 0)
        gates[connected++ % SERVERS] = (struct gate){handle, next_limit, 0};
    return handle;
}

static struct gate *gate_of(int handle)
{
    for (size_t i = SERVERS; i-- > 0;) {
        if (gates[i].handle == handle && i < connected)
            return &gates[i];
    }
    give_up("a handle that was not given out");
}

static int gated_recv(void *ctx, int handle, void *buf, size_t len)
{
    struct gate *gate = gate_of(handle);
    size_t left = gate->limit - gate->taken;
    if (left == 0)
        return PICKET_AGAIN;
    int n = socket_port()->recv(ctx, handle, buf, len < left ? len : left);
    if (n > 0)
        gate->taken += (size_t)n;
    return n;
}

static void gated_close(void *ctx, int handle)
{
    gate_of(handle)->handle = -1;
    socket_port()->close(ctx, handle);
}

static const picket_port_t *gated_port(void)
{
    static picket_port_t port;
    port = *socket_port();
    port.connect = gated_connect;
    port.recv = gated_recv;
    port.close = port.abort = gated_close;
    return &port;
}

// --- A client

static uint32_t keep_ms = PICKET_KEEP_NEVER;

static int init(size_t arena_len)
{
    return picket_init(&client, &(picket_config_t){
                                    .keep_ms = keep_ms,
                                    .trust = &trust,
                                    .arena = arena,
                                    .arena_len = arena_len,
                                    .port = gated_port(),
                                    .tls_min = version,
                                    .tls_max = version,
                                });
}

static size_t used(void)
{
    size_t now;
    picket_memory(&client, &now, NULL);
    return now;
}

static int begin(picket_http_t *http, size_t server, const char *path)
{
    static char urls[SERVERS][64]; // borrowed by the exchange
    snprintf(urls[server], sizeof urls[server], "https://" TLS_SERVER_HOST ":%u/%s", servers[server].port,
             path);
    return picket_http_start(http, &client, &(picket_request_t){.url = urls[server], .address = &loopback});
}

static void start_servers(const tls_chain_t *chain, size_t count)
{
    if (!tls_chain_trust(chain, 1, &trust))
        give_up("no trust store");
    for (size_t i = 0; i < SERVERS; i++) {
        tls_server_stop(&servers[i]);
        if (i < count && !tls_server_start(&servers[i], &(tls_server_options_t){.chain = chain}))
            give_up("no server");
    }
}

// --- One connection at a time

typedef struct figures {
    size_t handshake, peak, steady; // beyond what the client takes itself
    bool resumed;
} figures_t;

static int get(figures_t *f, const char *path)
{
    static char buf[4096];
    picket_http_t http = {0};
    int n = begin(&http, 0, path);
    while (n >= 0 && (n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0) {
        if (f != NULL && used() > f->steady)
            f->steady = used();
    }
    picket_detail_t detail = picket_http_detail(&http);
    for (int i = 0; f != NULL && i < PICKET_PHASES; i++)
        f->peak = detail.heap_peak[i] > f->peak ? detail.heap_peak[i] : f->peak;
    if (f != NULL) {
        f->handshake = detail.heap_peak[PICKET_PHASE_HANDSHAKE];
        f->resumed = detail.resumed;
    }
    picket_http_close(&http);
    return n;
}

static void measure_one(const char *title, const char *version_name, bool resumed, size_t base)
{
    char name[64];
    figures_t f = {0};
    if (get(&f, "page") != 0 || f.resumed != resumed)
        give_up("the GET failed");
    snprintf(name, sizeof name, "%s%s", title, resumed ? ", resumed" : "");
    report(f.handshake - base, "TLS %s, %s\thandshake%s", version_name, name, "");
    report(f.peak - base, "TLS %s, %s\tpeak%s", version_name, name, "");
    report(f.steady - base, "TLS %s, %s\tsteady%s", version_name, name, "");
}

static void measure(const char *title, size_t v)
{
    version = versions[v].number;
    if (init(sizeof arena) != 0)
        give_up("no client");
    size_t base = used();
    measure_one(title, versions[v].name, false, base);
    measure_one(title, versions[v].name, true, base);
    picket_deinit(&client);
}

// --- A connection that is kept for the next request, idle, and its session

static void measure_kept(size_t v)
{
    tls_server_stop(&servers[0]); // s_server keeps none
    if (!tls_server_start(&servers[0], &(tls_server_options_t){.chain = &chains[0], .nginx = ""}))
        give_up("no server");
    version = versions[v].number;
    keep_ms = 0; // the default
    if (init(sizeof arena) != 0)
        give_up("no client");
    size_t base = used();
    if (get(NULL, "page") != 0)
        give_up("the GET failed");
    report(used() - base, "kept connection and its session, TLS %s\t%s%s", versions[v].name, "", "");
    picket_deinit(&client);
    keep_ms = PICKET_KEEP_NEVER;
}

// --- The stack: painted, and looked at afterwards

#define STACK_SIZE 262144
#define PAINT      0xa5

static void *get_on_stack(void *result)
{
    *(int *)result = init(sizeof arena) == 0 ? get(NULL, "page") : -1;
    picket_deinit(&client);
    return NULL;
}

static void *do_nothing(void *result)
{
    *(int *)result = 0;
    return NULL;
}

static size_t stack_used_by(void *(*run)(void *))
{
    pthread_t thread;
    pthread_attr_t attributes;
    int result = -1;
    size_t untouched = 0;
    uint8_t *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED)
        give_up("no stack");
    memset(stack, PAINT, STACK_SIZE);
    pthread_attr_init(&attributes);
    if (pthread_attr_setstack(&attributes, stack, STACK_SIZE) != 0 ||
        pthread_create(&thread, &attributes, run, &result) != 0 || pthread_join(thread, NULL) != 0 ||
        result != 0)
        give_up("the GET on a stack of its own failed");
    pthread_attr_destroy(&attributes);
    while (untouched < STACK_SIZE && stack[untouched] == PAINT)
        untouched++;
    munmap(stack, STACK_SIZE);
    return STACK_SIZE - untouched;
}

static void measure_stack(const char *title, size_t v)
{
    version = versions[v].number;
    size_t base = stack_used_by(do_nothing);
    report(stack_used_by(get_on_stack) - base, "TLS %s, %s\tstack%s", versions[v].name, title, "");
}

// --- Several at once, each where it holds the most

// The worst that others can do while one connection goes all the way: to be held up in the middle of the
// handshake, or in the body, with a large response head.
enum parking { IN_HANDSHAKE, IN_BODY, PARKINGS };

static const char *page = "head"; // or "page": with a small head

static picket_http_t handles[SERVERS];
static uint32_t began;

static void take_turn(void)
{
    uint32_t ms = picket_poll(&client);
    if (ms > 0)
        socket_port()->wait(NULL, ms < 2 ? ms : 2);
    if (socket_port()->millis(NULL) - began > PATIENCE_MS)
        give_up("a connection makes no progress");
}

static bool has_failed(size_t i)
{
    return picket_http_detail(&handles[i]).error != 0;
}

// Let a connection come as far as its gate does, and use all that it has taken.
static void go_to_gate(size_t i)
{
    began = socket_port()->millis(NULL);
    while (!has_failed(i) && (connected <= i || gates[i].taken < gates[i].limit))
        take_turn();
    for (int turn = 0; turn < 8; turn++)
        (void)picket_poll(&client);
}

static void go_to_body(size_t i)
{
    began = socket_port()->millis(NULL);
    while (!has_failed(i) && picket_http_status(&handles[i]) == 0)
        take_turn();
}

static bool park(size_t i, enum parking parking, size_t limit)
{
    next_limit = parking == IN_HANDSHAKE ? limit : UNLIMITED;
    if (begin(&handles[i], i, page) != 0)
        return false;
    if (parking == IN_HANDSHAKE)
        go_to_gate(i);
    else
        go_to_body(i);
    next_limit = UNLIMITED;
    return !has_failed(i);
}

static bool read_to_end(size_t i)
{
    static char buf[4096];
    int n;
    gates[i].limit = UNLIMITED;
    while ((n = picket_http_read_blocking(&handles[i], buf, sizeof buf)) > 0)
        ;
    return n == 0;
}

// All but the last are parked, one after the other; the last goes all the way, then those before it. All
// response heads are kept to the end.
static bool run_together(size_t n, enum parking parking, size_t limit, bool resumed)
{
    bool good = true;
    connected = 0;
    for (size_t i = 0; i + 1 < n; i++)
        good = good && park(i, parking, limit);
    good = good && begin(&handles[n - 1], n - 1, page) == 0;
    for (size_t i = n; i-- > 0;)
        good = good && read_to_end(i);
    for (size_t i = 0; i < n; i++) {
        good = good && (!resumed || picket_http_detail(&handles[i]).resumed);
        picket_http_close(&handles[i]);
    }
    return good;
}

// After how many bytes from the server a connection in the handshake holds the most while it waits.
static size_t find_limit(void)
{
    size_t limit = 0, best = 0, most = 0;
    connected = 0;
    next_limit = 1;
    if (begin(&handles[0], 0, page) != 0)
        give_up("no connection");
    while (picket_http_detail(&handles[0]).phase < PICKET_PHASE_SEND) {
        go_to_gate(0);
        limit = gates[0].limit;
        if (used() > most) {
            most = used();
            best = limit;
        }
        gates[0].limit += 16;
    }
    next_limit = UNLIMITED;
    (void)read_to_end(0);
    picket_http_close(&handles[0]);
    return best;
}

static struct {
    size_t full, resumed;
} parked_at;

static void find_limits(void)
{
    if (init(sizeof arena) != 0)
        give_up("no client");
    parked_at.full = find_limit();
    parked_at.resumed = find_limit();
    picket_deinit(&client);
}

static bool fits(size_t arena_len, size_t n, enum parking parking)
{
    bool resumed = n <= PICKET_SESSIONS; // that there is no room to keep a session is no failure, but a loss
    bool good = init(arena_len) == 0 && run_together(n, parking, parked_at.full, false) &&
                run_together(n, parking, parked_at.resumed, resumed);
    picket_deinit(&client);
    memset(handles, 0, sizeof handles);
    return good;
}

static size_t smallest(size_t n, enum parking parking)
{
    size_t low = 0, high = sizeof arena;
    if (!fits(high, n, parking))
        give_up("it does not even fit into the largest arena");
    while (high - low > 64) {
        size_t middle = (low + (high - low) / 2) & ~(size_t)7;
        if (fits(middle, n, parking))
            high = middle;
        else
            low = middle;
    }
    return high;
}

static void measure_together(const char *of, size_t v)
{
    version = versions[v].number;
    find_limits();
    for (size_t n = 1; n <= SERVERS; n++) {
        size_t most = 0;
        for (int parking = 0; parking < PARKINGS; parking++) {
            size_t least = smallest(n, (enum parking)parking);
            most = least > most ? least : most;
        }
        report(most, "arena for %s, TLS %s\t%s", of, versions[v].name,
               (const char *[]){"1", "2", "3"}[n - 1]);
    }
}

// --- All of it

static void put_page(const char *name, size_t head_len)
{
    static char whole[PICKET_HTTP_HEAD_MAX + BODY_LEN];
    int n = snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: ", BODY_LEN);
    memset(whole + n, 'x', sizeof whole - (size_t)n);
    memcpy(whole + head_len - 4, "\r\n\r\n", 4);
    if (!tls_server_page(name, whole, head_len + BODY_LEN))
        give_up("no page");
}

static void measure_sizes(void)
{
    report(sizeof(picket_t), "sizeof %s\t%s%s", "picket_t", "", "");
    report(sizeof(picket_http_t), "sizeof %s\t%s%s", "picket_http_t", "", "");
    report(PICKET_ARENA_BASE, "PICKET_ARENA_BASE%s\t%s%s", "", "", "");
    report(PICKET_ARENA_CONNECTION, "PICKET_ARENA_CONNECTION%s\t%s%s", "", "", "");
    if (!tls_chain_trust(&chains[0], 1, &trust) || init(sizeof arena) != 0)
        give_up("no client");
    report(used(), "client without connections%s\t%s%s", "", "", "");
    picket_deinit(&client);
}

int main(void)
{
    put_page("page", 200);
    put_page("head", PICKET_HTTP_HEAD_MAX - 64);
    for (size_t i = 0; i < CHAINS; i++) {
        if (!tls_chain_make(&chains[i]))
            give_up("no certificates");
    }
    measure_sizes();
    for (size_t v = 0; v < VERSIONS; v++)
        measure_kept(v);
    for (size_t i = 0; i < CHAINS; i++) {
        start_servers(&chains[i], 1);
        for (size_t v = 0; v < VERSIONS; v++) {
            measure(titles[i], v);
            measure_stack(titles[i], v);
        }
    }
    start_servers(&chains[WORST], SERVERS);
    for (size_t v = 0; v < VERSIONS; v++)
        measure_together("the largest head", v);
    page = "page";
    for (size_t v = 0; v < VERSIONS; v++)
        measure_together("a small head", v);
    start_servers(&chains[0], SERVERS);
    for (size_t v = 0; v < VERSIONS; v++)
        measure_together("a small head, P-256 chain", v);
    return 0;
}
