#include "script_port.h"

#include "linux_stack.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picket/clock.h"

// So many polls without a moment passing are a loop that does not end.
#define POLLS_MAX 1000000u

enum { UNUSED, OPEN, GIVEN_BACK };

typedef struct lookup {
    int state;
    int family;
    uint32_t began;
    bool answered;
} lookup_t;

typedef struct bytes {
    char *data;
    size_t len, room;
} bytes_t;

typedef struct connection {
    int state;
    const script_way_t *way;
    uint32_t began;
    int result; // PICKET_AGAIN while it is not known
    const script_step_t *step;
    size_t step_at; // bytes of a SEND step that have gone
    bool asleep;    // in a SLEEP step, since:
    uint32_t slept_from;
    bytes_t in; // to the client
    size_t in_at;
    bytes_t sent;   // by the client
    size_t sent_at; // what the peer has looked at
    size_t window;  // bytes that the peer still takes
    size_t quota;   // bytes taken since the last poll
    bool refused;   // a send found no room
    bool fin, rst;
} connection_t;

script_t script;

static lookup_t lookups[SCRIPT_HANDLES];
static connection_t connections[SCRIPT_HANDLES];
static unsigned lookup_count;
static unsigned polls;
static bool stopped;
static bool changed; // since the last poll
static uint32_t seed;

// --- Records

static void tell(const char *what, int family)
{
    size_t at = strlen(script.story);
    snprintf(script.story + at, sizeof script.story - at, "%s%" PRIu32 " %s %d", at == 0 ? "" : ", ",
             script.now_ms, what, family);
}

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "# script_port, at %" PRIu32 " ms: ", script.now_ms);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    script.wrong++;
}

static void append(bytes_t *b, const char *data, size_t len)
{
    if (b->room - b->len < len + 1) {
        b->room = (b->len + len + 1) * 2;
        b->data = realloc(b->data, b->room);
        if (b->data == NULL)
            abort();
    }
    memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

const char *script_sent(unsigned n, size_t *len)
{
    const bytes_t *sent = n < SCRIPT_HANDLES ? &connections[n].sent : NULL;
    bool some = sent != NULL && sent->data != NULL;
    if (len != NULL)
        *len = some ? sent->len : 0;
    return some ? sent->data : "";
}

static void forget(connection_t *c)
{
    free(c->in.data);
    free(c->sent.data);
}

__attribute__((destructor)) static void forget_all(void)
{
    for (int i = 0; i < SCRIPT_HANDLES; i++)
        forget(&connections[i]);
}

void script_reset(void)
{
    static const script_way_t at_once = {.lookup = 1, .connect = 1};
    forget_all();
    memset(lookups, 0, sizeof lookups);
    memset(connections, 0, sizeof connections);
    script = (script_t){.unix_ms = (picket_clock_floor() + 86400) * 1000, .six = at_once, .four = at_once};
    script.lookups = SCRIPT_HANDLES;
    lookup_count = polls = 0;
    stopped = changed = false;
    seed = 1;
}

bool script_clean(void)
{
    if (script.open != 0)
        fprintf(stderr, "# script_port: %u handles were not given back: %s\n", script.open, script.story);
    return script.open == 0 && script.wrong == 0;
}

// --- Time

void script_sleep(uint32_t ms)
{
    script.now_ms += ms;
    if (script.unix_ms >= 0)
        script.unix_ms += ms;
    if (ms > 0)
        polls = 0;
}

static bool due(uint32_t began, uint32_t after_ms)
{
    return script.now_ms - began >= after_ms;
}

static uint32_t sooner(uint32_t ms, uint32_t began, uint32_t after_ms)
{
    uint32_t left = due(began, after_ms) ? 0 : after_ms - (script.now_ms - began);
    return left < ms ? left : ms;
}

static const script_way_t *way_of(int family)
{
    return family == 6 ? &script.six : &script.four;
}

// Milliseconds until something happens, at most ms.
static uint32_t next_event(uint32_t ms)
{
    for (unsigned i = 0; i < lookup_count; i++) {
        const script_way_t *way = way_of(lookups[i].family);
        if (lookups[i].state == OPEN && !lookups[i].answered && way->lookup != SCRIPT_NEVER)
            ms = sooner(ms, lookups[i].began, way->lookup_ms);
    }
    for (unsigned i = 0; i < script.opened; i++) {
        const connection_t *c = &connections[i];
        if (c->state == OPEN && c->result == PICKET_AGAIN && c->way->connect != SCRIPT_NEVER)
            ms = sooner(ms, c->began, c->way->connect_ms);
        if (c->state == OPEN && c->asleep)
            ms = sooner(ms, c->slept_from, (uint32_t)c->step->n);
    }
    return ms;
}

// --- Peers

static bool expect(connection_t *c, const char *data, size_t len)
{
    size_t there = c->sent.len - c->sent_at;
    size_t n = there < len ? there : len;
    if (n > 0 && memcmp(c->sent.data + c->sent_at, data, n) != 0) {
        complain("sent: %.300s\nexpected: %.300s", c->sent.data + c->sent_at, data);
        c->sent_at = c->sent.len;
        return true;
    }
    if (there >= len)
        c->sent_at += len;
    return there >= len;
}

static bool expect_head(connection_t *c)
{
    const char *head = c->sent.data != NULL ? c->sent.data + c->sent_at : "";
    const char *end = strstr(head, "\r\n\r\n");
    if (end != NULL)
        c->sent_at += (size_t)(end + 4 - head);
    return end != NULL;
}

static bool expect_count(connection_t *c, size_t n)
{
    bool there = c->sent.len - c->sent_at >= n;
    if (there)
        c->sent_at += n;
    return there;
}

static bool give(connection_t *c, const script_step_t *step)
{
    size_t left = step->len - c->step_at;
    size_t n = step->n != 0 && step->n < left ? step->n : left;
    append(&c->in, step->data + c->step_at, n);
    c->step_at += n;
    changed = changed || n > 0;
    return c->step_at == step->len;
}

static bool doze(connection_t *c, uint32_t ms)
{
    if (!c->asleep) {
        c->asleep = true;
        c->slept_from = script.now_ms;
    }
    if (!due(c->slept_from, ms))
        return false;
    c->asleep = false;
    return true;
}

static bool open_window(connection_t *c, size_t n)
{
    c->window = n;
    changed = changed || c->refused;
    c->refused = false;
    return true;
}

static bool end(bool *which)
{
    changed = true;
    return *which = true;
}

// True when the step is done and the next one may follow in the same poll.
static bool do_step(connection_t *c, const script_step_t *step)
{
    switch (step->verb) {
    case SCRIPT_EXPECT: return expect(c, step->data, step->len);
    case SCRIPT_HEAD: return expect_head(c);
    case SCRIPT_COUNT: return expect_count(c, step->n);
    case SCRIPT_SEND: return give(c, step);
    case SCRIPT_SLEEP: return doze(c, (uint32_t)step->n);
    case SCRIPT_TAKE: return open_window(c, step->n);
    case SCRIPT_FIN: return end(&c->fin);
    case SCRIPT_RST: return end(&c->rst);
    case SCRIPT_END: break;
    }
    return false;
}

static void run_peer(connection_t *c)
{
    while (c->step != NULL && do_step(c, c->step)) {
        c->step++;
        c->step_at = 0;
    }
}

static void poll_connection(connection_t *c)
{
    if (c->result == PICKET_AGAIN && c->way->connect != SCRIPT_NEVER && due(c->began, c->way->connect_ms)) {
        c->result = c->way->connect;
        changed = true;
    }
    if (c->result != 1)
        return;
    if (c->quota > 0 && script.send_poll != 0)
        changed = true;
    c->quota = 0;
    run_peer(c);
}

static void poll_lookup(lookup_t *l)
{
    const script_way_t *way = way_of(l->family);
    if (l->answered || way->lookup == SCRIPT_NEVER || !due(l->began, way->lookup_ms))
        return;
    l->answered = true;
    changed = true;
}

// --- The port: time, start and stop

static int port_start(void *ctx)
{
    (void)ctx;
    if (script.running)
        complain("started twice");
    script.running = script.start == 0;
    stopped = false;
    return script.start;
}

static void port_stop(void *ctx)
{
    (void)ctx;
    if (!script.running)
        complain("stopped without having been started");
    if (script.open != 0)
        complain("stopped with %u handles open: %s", script.open, script.story);
    script.running = false;
    stopped = true;
}

static void check_running(const char *what)
{
    if (stopped)
        complain("%s after stop", what);
}

static uint32_t port_poll(void *ctx)
{
    (void)ctx;
    check_running("poll");
    if (++polls > POLLS_MAX) {
        complain("%u polls and no time has passed", polls);
        abort();
    }
    for (unsigned i = 0; i < lookup_count; i++) {
        if (lookups[i].state == OPEN)
            poll_lookup(&lookups[i]);
    }
    for (unsigned i = 0; i < script.opened; i++) {
        if (connections[i].state == OPEN)
            poll_connection(&connections[i]);
    }
    bool was_changed = changed;
    changed = false;
    return was_changed ? 0 : next_event(60000);
}

static void port_wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    check_running("wait");
    if (ms == 0)
        complain("wait for nothing");
    ms = next_event(ms);
    script.waited_ms += ms;
    script_sleep(ms);
}

static uint32_t port_millis(void *ctx)
{
    (void)ctx;
    return script.now_ms;
}

static int64_t port_unix_ms(void *ctx)
{
    (void)ctx;
    return script.unix_ms;
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    (void)ctx;
    if (script.no_random)
        return PICKET_ERR_NO_ENTROPY;
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        samples[i] = (uint8_t)(seed >> 24);
    }
    return (int)n;
}

static const picket_entropy_source_t generator = {
    .name = "script", .credit = 8 * PICKET_ENTROPY_BIT, .bits = 8, .conditioned = true, .collect = collect};

static const picket_entropy_source_t *const sources[] = {&generator, NULL};

// --- Lookups

static unsigned open_lookups(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < lookup_count; i++)
        n += lookups[i].state == OPEN;
    return n;
}

static bool port_online(void *ctx)
{
    (void)ctx;
    return !script.offline;
}

static int port_lookup(void *ctx, const char *name, int family)
{
    (void)ctx;
    check_running("lookup");
    if (family != 4 && family != 6)
        complain("lookup of family %d", family);
    if (name == NULL || strlen(name) < 1 || strlen(name) > 253)
        complain("lookup of a name that is none");
    int start = way_of(family)->lookup_start;
    if (start < 0)
        return start;
    if (open_lookups() >= script.lookups || lookup_count == SCRIPT_HANDLES)
        return PICKET_AGAIN;
    tell("lookup", family);
    lookups[lookup_count] = (lookup_t){.state = OPEN, .family = family, .began = script.now_ms};
    script.open++;
    return (int)lookup_count++;
}

static lookup_t *find_lookup(int handle, const char *what)
{
    check_running(what);
    if (handle >= 0 && (unsigned)handle < lookup_count && lookups[handle].state == OPEN)
        return &lookups[handle];
    complain("%s of lookup %d, which is not open", what, handle);
    return NULL;
}

static void make_address(int family, picket_address_t *address)
{
    static const picket_address_t six = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
    static const picket_address_t four = {.family = 4, .bytes = {192, 0, 2, 1}};
    *address = family == 6 ? six : four;
}

static int port_lookup_result(void *ctx, int handle, picket_address_t *address)
{
    (void)ctx;
    lookup_t *l = find_lookup(handle, "result");
    if (l == NULL)
        return PICKET_ERR_INTERNAL;
    if (!l->answered)
        return PICKET_AGAIN;
    int result = way_of(l->family)->lookup;
    if (result == 1)
        make_address(l->family, address);
    return result;
}

static void port_lookup_end(void *ctx, int handle)
{
    (void)ctx;
    lookup_t *l = find_lookup(handle, "end");
    if (l == NULL)
        return;
    if (!l->answered)
        tell("cancel", l->family);
    l->state = GIVEN_BACK;
    script.open--;
}

// --- Connections

static int port_connect(void *ctx, const picket_address_t *address, uint16_t port)
{
    (void)ctx;
    check_running("connect");
    if ((address->family != 4 && address->family != 6) || port == 0)
        complain("connect to family %d port %u", address->family, port);
    tell("connect", address->family);
    int start = way_of(address->family)->connect_start;
    if (start < 0)
        return start;
    if (script.opened == SCRIPT_HANDLES)
        return PICKET_ERR_NO_MEMORY;
    const script_step_t *own = script.peers[script.opened];
    connections[script.opened] = (connection_t){
        .state = OPEN,
        .way = way_of(address->family),
        .began = script.now_ms,
        .result = PICKET_AGAIN,
        .step = own != NULL ? own : script.peer,
        .window = SIZE_MAX,
    };
    script.open++;
    return (int)script.opened++;
}

static connection_t *find(int handle, const char *what)
{
    check_running(what);
    if (handle >= 0 && (unsigned)handle < script.opened && connections[handle].state == OPEN)
        return &connections[handle];
    complain("%s of connection %d, which is not open", what, handle);
    return NULL;
}

static connection_t *find_established(int handle, const char *what, size_t len)
{
    connection_t *c = find(handle, what);
    if (c != NULL && (c->result != 1 || len == 0)) {
        complain("%s of connection %d: %zu bytes, not established or nothing", what, handle, len);
        return NULL;
    }
    return c;
}

static int port_connected(void *ctx, int handle)
{
    (void)ctx;
    connection_t *c = find(handle, "connected");
    return c != NULL ? c->result : PICKET_ERR_INTERNAL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int port_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    connection_t *c = find_established(handle, "send", len);
    if (c == NULL)
        return PICKET_ERR_INTERNAL;
    if (c->rst)
        return PICKET_ERR_RESET;
    size_t n = least(len, c->window);
    if (script.send_call != 0)
        n = least(n, script.send_call);
    if (script.send_poll != 0)
        n = least(n, script.send_poll - c->quota);
    c->refused = n == 0;
    if (n == 0)
        return PICKET_AGAIN;
    append(&c->sent, data, n);
    c->window -= c->window == SIZE_MAX ? 0 : n;
    c->quota += script.send_poll != 0 ? n : 0;
    changed = true; // the peer may go on
    return (int)n;
}

static int port_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    connection_t *c = find_established(handle, "recv", len);
    if (c == NULL)
        return PICKET_ERR_INTERNAL;
    size_t n = least(len, c->in.len - c->in_at);
    if (n > 0) {
        memcpy(buf, c->in.data + c->in_at, n);
        c->in_at += n;
        return (int)n;
    }
    return c->rst ? PICKET_ERR_RESET : c->fin ? 0 : PICKET_AGAIN;
}

static void give_back(int handle, const char *what, unsigned *count)
{
    connection_t *c = find(handle, what);
    if (c == NULL)
        return;
    tell(what, c->way == &script.six ? 6 : 4);
    c->state = GIVEN_BACK;
    script.open--;
    (*count)++;
}

static void port_close(void *ctx, int handle)
{
    (void)ctx;
    give_back(handle, "close", &script.closed);
}

static void port_abort(void *ctx, int handle)
{
    (void)ctx;
    give_back(handle, "abort", &script.aborted);
}

const picket_port_t *script_port(void)
{
    static const picket_port_t port = {
        .start = port_start,
        .stop = port_stop,
        .poll = port_poll,
        .wait = port_wait,
        .millis = port_millis,
        .unix_ms = port_unix_ms,
        .entropy = sources,
        .online = port_online,
        .lookup = port_lookup,
        .lookup_result = port_lookup_result,
        .lookup_end = port_lookup_end,
        .connect = port_connect,
        .connected = port_connected,
        .send = port_send,
        .recv = port_recv,
        .close = port_close,
        .abort = port_abort,
        .stack_make = picket_linux_stack_make,
        .stack_switch = picket_linux_stack_switch,
    };
    return &port;
}

// A test program's own port, unless it links a real one.
__attribute__((weak)) const picket_port_t *picket_port_default(void)
{
    return script_port();
}
