// altcp_flow.c: the worker, called by a timer: all of TLS happens there, and all that the application is told.
//
// It holds lwIP's lock, but for its calls into TLS (stream_...). Whenever it comes back from one, the application may have let
// go of the flow (conn is NULL), and TCP may have ended (inner is NULL).
//
// So nothing of the application's runs within a callback of the connection underneath, and whatever the application
// does in a callback of its own (close, abort, write, connect anew) finds no TLS at work. A flow that it has let go of
// stays in the list until the worker has said goodbye for it, and freed it.
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS

#include <stdatomic.h>
#include <string.h>

#include "../../../src/arena.h"
#include "../../../src/clock.h"
#include "../../../src/clock_wait.h"
#include "../../../src/url.h"
#include "lwip_board.h"
#include "lwip_owner.h"
#include "lwip_port.h"

// What recv refused is offered again after this time, as lwIP's TCP does; and a pbuf is asked for again.
#define AGAIN_MS   250u
#define NO_PBUF_MS 20u

// How often to look for the answers of time servers, of which nobody tells.
#define TIME_MS    20u

// And for a configuration that has to wait for somebody else's arithmetic.
#define CONFIG_MS  20u

// Without connections: a counter of milliseconds must not come round unseen.
#define IDLE_MS    86400000u

// Turns of a loop that a server could keep going before others get their turn.
#define TURNS      64

// The longest that the worker sleeps.
#define SLEEP_MS   1000u

static flow_t *flows;
static bool working;
static bool kicked;
static uint32_t began; // working

// --- The list

flow_t *altcp_flow_find(int handle)
{
    flow_t *f = flows;
    while (f != NULL && f->handle != handle)
        f = f->next;
    return f;
}

flow_t *altcp_flow_of(const void *who)
{
    flow_t *f = flows;
    while (f != NULL && (f->conn == NULL || (who != f->conn && who != f->conn->arg)))
        f = f->next;
    return f;
}

bool altcp_flows_any(void)
{
    return flows != NULL || working;
}

static int next_handle(void)
{
    static int last;
    do {
        last = last < INT32_MAX ? last + 1 : 1;
    } while (altcp_flow_find(last) != NULL);
    return last;
}

flow_t *altcp_flow_new(struct altcp_tls_config *config, struct altcp_pcb *conn, struct altcp_pcb *inner)
{
    flow_t *f = picket_arena_calloc(1, sizeof *f);
    tls_context_t *context = f != NULL ? tls_context_new(config->client) : NULL;
    if (context == NULL) {
        picket_arena_free(f);
        return NULL;
    }
    f->context = context;
    f->config = config;
    f->conn = conn;
    f->inner = inner;
    f->stream.handle = -1;
    picket_lwip_guard(true); // programs come here without the lock, too
    f->handle = next_handle();
    config->flows++;
    f->next = flows;
    flows = f;
    picket_lwip_guard(false);
    return f;
}

static void unlink_flow(flow_t *f)
{
    picket_lwip_guard(true);
    flow_t **at = &flows;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    picket_lwip_guard(false);
}

static void destroy(flow_t *f)
{
    altcp_unlock();
    stream_stop(&f->stream, true);
    altcp_lock();
    altcp_inner_close(f);
    altcp_inner_discard(f);
    if (f->refused != NULL)
        pbuf_free(f->refused);
    if (f->out != NULL)
        pbuf_free(f->out);
    tls_context_free(f->context);
    picket_arena_free(f->host);
    altcp_config_release(f->config);
    arena_free_wiped(f, sizeof *f);
}

// Not while TLS computes for somebody else: it has one stack, and freeing needs it. Its own arithmetic is ended.
static bool is_done(const flow_t *f)
{
    const tls_t *tls = f->stream.tls;
    bool free = tls == NULL || !tls_busy(f->config->client) || tls_computes(tls);
    return f->conn == NULL && f->state == FLOW_ENDED && free;
}

static void sweep(void)
{
    for (flow_t *f = flows, *next; f != NULL; f = next) {
        next = f->next;
        if (!is_done(f))
            continue;
        unlink_flow(f);
        destroy(f);
    }
}

// --- The end

static err_t code_of(int error)
{
    switch (error) {
    case PICKET_ERR_NO_MEMORY:
    case PICKET_ERR_STACK: return ERR_MEM;
    case PICKET_ERR_RESET: return ERR_RST;
    case PICKET_ERR_BODY_CUT:
    case PICKET_ERR_TLS_CLOSED: return ERR_CLSD;
    case PICKET_ERR_NO_TIME:
    case PICKET_ERR_NO_ENTROPY: return ERR_CONN;
    case PICKET_ERR_NO_TRUST:
    case PICKET_ERR_TRUST_FORMAT:
    case PICKET_ERR_IDENTITY:
    case PICKET_ERR_NO_HOST:
    case PICKET_ERR_URL: return ERR_VAL;
    default: break;
    }
    if (error <= PICKET_ERR_TIMEOUT_LOOKUP && error >= PICKET_ERR_TIMEOUT_TIME)
        return ERR_TIMEOUT;
    return error <= PICKET_ERR_UNKNOWN_ISSUER && error >= PICKET_ERR_PIN ? ERR_VAL : ERR_ABRT;
}

void altcp_flow_describe(const flow_t *f, picket_detail_t *detail)
{
    *detail = (picket_detail_t){.alert = -1, .phase = PICKET_PHASE_CONNECT};
    if (f->stream.port == NULL)
        return;
    stream_describe(&f->stream, detail);
    detail->phase = f->stream.phase;
}

static void fail_as(flow_t *f, int error, err_t code)
{
    picket_detail_t detail;
    if (f->state == FLOW_ENDED)
        return;
    f->error = error;
    f->code = code;
    f->state = FLOW_ENDED;
    altcp_flow_describe(f, &detail);
    altcp_remember(f->conn, error, &detail);
}

static void fail(flow_t *f, int error)
{
    fail_as(f, error, code_of(error));
}

// What lwIP said of inner while it connected is handed on as it is.
static void fail_connect(flow_t *f)
{
    int error = f->lost == ERR_RST ? PICKET_ERR_REFUSED : PICKET_ERR_TIMEOUT_CONNECT;
    if (f->lost == ERR_RTE)
        error = PICKET_ERR_UNREACHABLE;
    fail_as(f, error, f->lost);
}

static void flush(flow_t *f)
{
    altcp_unlock();
    (void)stream_flush(&f->stream);
    altcp_lock();
}

// As lwIP has it: err is called, and the pcb is gone. The application may yet try to close it: conn->state is NULL then.
static void tell_end(flow_t *f)
{
    flush(f); // an alert that says why
    struct altcp_pcb *conn = f->conn;
    altcp_inner_close(f);
    if (conn == NULL)
        return;
    f->conn = NULL;
    conn->state = NULL;
    conn->inner_conn = NULL;
    if (conn->err != NULL)
        conn->err(conn->arg, f->code);
    altcp_free(conn);
}

void altcp_flow_release(flow_t *f)
{
    altcp_inner_discard(f);
    f->conn = NULL;
    f->finishing = true;
    f->deadline = deadline_in(altcp_now(), PICKET_LWIP_CLOSE_S * 1000u);
    if (f->state != FLOW_OPEN)
        f->state = FLOW_ENDED;
    altcp_kick();
}

// --- The way there

static int choose_host(flow_t *f, const char *name)
{
    size_t len = name != NULL ? strlen(name) : 0;
    if (len == 0)
        return PICKET_ERR_NO_HOST;
    if (name[len - 1] == '.')
        len--; // the root's dot is not part of a certificate's names
    if (len == 0 || len > PICKET_HOST_MAX)
        return PICKET_ERR_URL;
    f->host = picket_arena_calloc(1, len + 1);
    if (f->host == NULL)
        return PICKET_ERR_NO_MEMORY;
    memcpy(f->host, name, len);
    if (url_parse_address(f->host, len, &f->literal) || url_is_host_name(f->host, len))
        return 0;
    return PICKET_ERR_URL;
}

static int find_host(flow_t *f)
{
    const char *shown = tls_context_host(f->context);
    return choose_host(f, shown != NULL ? shown : f->config->host);
}

static void begin(flow_t *f)
{
    int error = f->config->error != 0 ? f->config->error : find_host(f);
    if (error != 0) {
        fail(f, error);
        return;
    }
    const tls_peer_t peer = {f->host, f->literal.family != 0 ? &f->literal : NULL, f->port, false};
    const deadline_t deadline = f->deadline;
    f->state = FLOW_SHAKING;
    altcp_unlock();
    stream_adopt(&f->stream, &altcp_inner_port, f->config->client, &peer, f->handle, &deadline);
    altcp_lock();
    altcp_kick();
}

static void wait_for_tcp(flow_t *f)
{
    if (f->lost != ERR_OK)
        fail_connect(f);
    else if (f->established && f->config->pending == NULL)
        begin(f);
    else if (deadline_passed(&f->deadline, altcp_now()))
        fail(f, PICKET_ERR_TIMEOUT_CONNECT);
}

// One slice for all, in a turn of the worker's.
static void shake_hands(flow_t *f)
{
    if (altcp_now() - began >= PICKET_SLICE_MS) {
        altcp_kick();
        return;
    }
    altcp_unlock();
    int result = stream_poll(&f->stream, altcp_now());
    altcp_lock();
    if (f->conn == NULL || result == PICKET_AGAIN)
        return;
    if (result < 0) {
        fail(f, result);
        return;
    }
    f->state = FLOW_OPEN;
    f->deadline.on = false;
    if (f->conn->connected != NULL)
        (void)f->conn->connected(f->conn->arg, f->conn, ERR_OK);
}

// --- Reading

static void offer(flow_t *f, struct pbuf *p)
{
    uint16_t len = p->tot_len;
    f->unread += len;
    if (f->conn->recv == NULL) {
        f->unread -= len;
        pbuf_free(p);
        return;
    }
    err_t err = f->conn->recv(f->conn->arg, f->conn, p, ERR_OK);
    if (err == ERR_OK || err == ERR_ABRT)
        return;
    if (f->conn == NULL) {
        pbuf_free(p);
        return;
    }
    f->unread -= len;
    f->refused = p;
    f->refused_at = altcp_now();
}

static void offer_again(flow_t *f)
{
    struct pbuf *p = f->refused;
    if (p == NULL || f->conn == NULL || altcp_now() - f->refused_at < AGAIN_MS)
        return;
    f->refused = NULL;
    offer(f, p);
}

static bool may_read(const flow_t *f)
{
    return f->conn != NULL && f->state == FLOW_OPEN && !f->ended && f->refused == NULL && f->unread < TCP_WND;
}

static void take_end(flow_t *f, int result)
{
    if (result == 0)
        f->ended = true;
    else if (result < 0 && result != PICKET_AGAIN)
        fail(f, result);
}

// True when there may be more at once.
static bool read_some(flow_t *f)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, PBUF_POOL_BUFSIZE, PBUF_POOL);
    f->starved = p == NULL;
    if (p == NULL)
        return false;
    altcp_unlock();
    int n = stream_read(&f->stream, p->payload, p->len);
    altcp_lock();
    if (n <= 0 || f->deaf || f->conn == NULL) {
        pbuf_free(p);
        take_end(f, n);
        return n > 0;
    }
    pbuf_realloc(p, (u16_t)n);
    offer(f, p);
    return true;
}

static void read_all(flow_t *f)
{
    f->starved = false;
    offer_again(f);
    for (int turn = 0; turn < TURNS && may_read(f); turn++) {
        if (!read_some(f))
            return;
    }
    if (may_read(f))
        altcp_kick();
}

static void tell_ended(flow_t *f)
{
    if (f->conn == NULL || !f->ended || f->end_told || f->refused != NULL)
        return;
    f->end_told = true;
    if (f->conn->recv != NULL && !f->deaf)
        (void)f->conn->recv(f->conn->arg, f->conn, NULL, ERR_OK);
}

// --- Writing

// What has been encrypted lies between here and the position that ciphertext has reached. Without a place the last mark
// moves on, and its bytes are told of a little later.
static void mark(flow_t *f)
{
    if (f->unmarked == 0 || !stream_is_flushed(&f->stream))
        return;
    if (f->mark_count == FLOW_MARKS)
        f->mark_count--;
    else
        f->marks[f->mark_count].bytes = 0;
    f->marks[f->mark_count].bytes += f->unmarked;
    f->marks[f->mark_count].position = f->put;
    f->mark_count++;
    f->unmarked = 0;
}

static bool write_some(flow_t *f)
{
    altcp_unlock();
    int n = stream_write(&f->stream, f->out->payload, f->out->len);
    altcp_lock();
    if (n < 0 && n != PICKET_AGAIN && f->inner != NULL)
        fail(f, n); // otherwise what came before the end is read first, and the end with it
    if (n <= 0)
        return false;
    f->unmarked += (uint32_t)n;
    f->out = pbuf_free_header(f->out, (u16_t)n);
    return true;
}

static void finish(flow_t *f)
{
    if (!f->finishing || f->out != NULL || f->finished)
        return;
    altcp_unlock();
    bool finished = stream_finish(&f->stream) == 1;
    altcp_lock();
    f->finished = finished;
}

static void write_all(flow_t *f)
{
    if (stream_is_held(&f->stream))
        return;
    bool more = true;
    while (more && f->out != NULL && f->state == FLOW_OPEN) {
        more = write_some(f);
        mark(f);
    }
    flush(f);
    mark(f);
    finish(f);
}

static uint32_t take_acknowledged(flow_t *f)
{
    uint32_t bytes = 0;
    unsigned n = 0;
    while (n < f->mark_count && f->acknowledged - f->marks[n].position < UINT32_MAX / 2)
        bytes += f->marks[n++].bytes;
    f->mark_count -= n;
    memmove(f->marks, f->marks + n, f->mark_count * sizeof f->marks[0]);
    f->written -= bytes;
    return bytes;
}

static void tell_sent(flow_t *f)
{
    uint32_t bytes = take_acknowledged(f);
    while (bytes > 0 && f->conn != NULL) {
        u16_t part = bytes < 0xffff ? (u16_t)bytes : 0xffff;
        bytes -= part;
        if (f->conn->sent != NULL)
            (void)f->conn->sent(f->conn->arg, f->conn, part);
    }
}

// The rest of a record that has begun is missing, and the application would read it.
static bool waits_for_record(const flow_t *f)
{
    return may_read(f) && f->in == NULL && tls_inside_record(f->stream.tls);
}

// A server that acknowledges nothing of what was written, or stops within a record, for PICKET_IDLE_MS.
static void watch(flow_t *f)
{
    uint32_t moved = f->acknowledged + f->taken;
    if (f->conn == NULL || f->state != FLOW_OPEN)
        return;
    bool waits = (f->written > 0 || waits_for_record(f)) && !stream_is_held(&f->stream);
    if (!waits || moved != f->moved || !f->deadline.on)
        f->deadline = deadline_in(altcp_now(), PICKET_IDLE_MS);
    f->deadline.on = waits;
    f->moved = moved;
    if (deadline_passed(&f->deadline, altcp_now()))
        fail(f, f->written > 0 ? PICKET_ERR_TIMEOUT_SEND : PICKET_ERR_TIMEOUT_IDLE);
}

static void tell_poll(flow_t *f)
{
    if (!f->poll_due || f->conn == NULL)
        return;
    f->poll_due = false;
    if (f->conn->poll != NULL)
        (void)f->conn->poll(f->conn->arg, f->conn);
}

static void converse(flow_t *f)
{
    tell_sent(f);
    if (f->state == FLOW_OPEN)
        write_all(f);
    if (f->state == FLOW_OPEN)
        read_all(f);
    tell_ended(f);
    if (f->state == FLOW_OPEN)
        write_all(f); // what recv has written
    watch(f);
    if (f->ended && f->inner == NULL && f->conn != NULL)
        fail(f, PICKET_ERR_RESET);
}

// The application is gone: what it wrote goes out, and close_notify, in the time that is left.
static void say_goodbye(flow_t *f)
{
    if (f->state != FLOW_OPEN)
        return;
    write_all(f);
    bool late = deadline_passed(&f->deadline, altcp_now());
    if (late)
        altcp_inner_abort(f);
    if (late || f->finished || f->inner == NULL)
        f->state = FLOW_ENDED;
}

// --- The worker

static void go_on(flow_t *f)
{
    switch (f->state) {
    case FLOW_CONNECTING: wait_for_tcp(f); break;
    case FLOW_SHAKING: shake_hands(f); break;
    case FLOW_OPEN: converse(f); break;
    default: break;
    }
    tell_poll(f);
}

static void push(flow_t *f)
{
    if (f->inner != NULL && f->pushed != f->put)
        (void)altcp_output(f->inner);
    f->pushed = f->put;
}

static void attend(flow_t *f)
{
    if (f->conn != NULL)
        go_on(f);
    push(f);
    if (f->conn != NULL && f->state == FLOW_ENDED)
        tell_end(f);
    if (f->conn == NULL)
        say_goodbye(f);
    push(f);
}

static uint32_t next(flow_t *f, uint32_t ms)
{
    uint32_t now = altcp_now();
    if (f->state == FLOW_SHAKING && f->stream.phase == PICKET_PHASE_TIME && ms > TIME_MS)
        ms = TIME_MS;
    if (f->state == FLOW_SHAKING)
        return stream_next(&f->stream, now, ms);
    if (f->state == FLOW_ENDED || (f->state == FLOW_OPEN && f->stream.pressed))
        return f->state == FLOW_ENDED ? ms : 0;
    if (f->refused != NULL && ms > AGAIN_MS)
        ms = AGAIN_MS;
    if (f->starved && ms > NO_PBUF_MS)
        ms = NO_PBUF_MS;
    return deadline_left(&f->deadline, now, ms);
}

// Of the board's main stack: the callbacks and lwIP's run on it.
static bool stack_is_intact(void)
{
    const picket_port_t *port = altcp_port();
    return port->stack_intact == NULL || port->stack_intact(port->ctx);
}

static void fail_all(int error)
{
    for (flow_t *f = flows; f != NULL; f = f->next) {
        if (f->conn != NULL)
            fail(f, error);
    }
}

// One slice of arithmetic, whoever's turn it is, and the rest for everybody.
static uint32_t attend_all(void)
{
    altcp_unlock();
    (void)clock_known(); // it counts on
    uint32_t ms = clock_wait_poll(SLEEP_MS);
    altcp_lock();
    bool waits = altcp_configs_prepare();
    if (!stack_is_intact())
        fail_all(PICKET_ERR_STACK);
    for (flow_t *f = flows; f != NULL; f = f->next)
        attend(f);
    sweep();
    altcp_configs_sweep();
    for (flow_t *f = flows; f != NULL; f = f->next)
        ms = next(f, ms);
    return waits && ms > CONFIG_MS ? CONFIG_MS : ms;
}

static atomic_bool missed; // a turn, since somebody else had Picket

// Whoever has it calls again when he gives it back: so it is said before it is asked for.
static bool take_turn(void)
{
    missed = true;
    if (!picket_lwip_take())
        return false;
    missed = false;
    if (altcp_runs())
        return true;
    picket_lwip_give();
    return false;
}

static void work(void)
{
    if (!take_turn())
        return;
    altcp_lock();
    working = true;
    kicked = false;
    began = altcp_now();
    uint32_t ms = attend_all();
    working = false;
    bool idle = flows == NULL && !altcp_configs_wait();
    kicked = kicked && flows != NULL;
    altcp_timer_set(kicked ? 0 : idle ? IDLE_MS : ms, work);
    altcp_unlock();
    picket_lwip_give();
}

bool altcp_take(void)
{
    return picket_lwip_take();
}

void altcp_give(void)
{
    picket_lwip_give();
    if (missed)
        altcp_timer_set(0, work);
}

void altcp_kick(void)
{
    if (!working && !kicked)
        altcp_timer_set(0, work);
    kicked = true;
}

void altcp_worker_stop(void)
{
    altcp_timer_clear();
    kicked = missed = false;
}

#endif
