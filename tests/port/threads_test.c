// The same exchanges with lwIP run in all three ways (port.h: who polls, which lock is held when): by Picket
// itself; by a second thread, as under an RTOS; and in an interrupt of the application's thread, a signal here,
// which the lock blocks.
//
// Whoever runs lwIP in the background also sends it an ICMP echo request every few milliseconds, which must be
// answered while TLS computes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "linux_clock.h"
#include "linux_lock.h"
#include "linux_nat.h"
#include "linux_netif.h"
#include "linux_stack.h"
#include "lwip/etharp.h"
#include "lwip/prot/icmp.h"
#include "lwip/timeouts.h"
#include "lwip_port.h"
#include "picket/picket.h"
#include "tls_server.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWER = 5 };
#else
enum { SLOWER = 1 };
#endif

#ifdef __SANITIZE_THREAD__
enum { SANITIZES_THREADS = 1 };
#else
enum { SANITIZES_THREADS = 0 };
#endif

enum {
    MEGABYTE = 1 << 20,
    UPLOAD = 300000,
    LIMIT_MS = 30000, // nothing here takes as long
    ECHO_MS = 5,
    ECHO_LEN = 14 + 20 + 8,
    HOLD_US =
        1000 * SLOWER, // of the processor's time: many times what was seen, and less than a signature takes
    CANCELS = 120,
    HANDSHAKES = 25,
};

static enum { POLL, THREAD, INTERRUPT } model;
static picket_port_t port;
static picket_t client;
static picket_trust_t trust;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(2)];
static uint8_t megabyte[MEGABYTE];
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static const tls_chain_t chains[] = {
    {"quick", "P-256", "P-256", "P-256", 0},
    {"slow", "P-384", "P-384", "P-384", 0},
};
static tls_server_t quick, slow, trickle;

// --- What must never happen, counted by whichever thread sees it ---

static struct {
    atomic_uint unlocked;  // lwIP called without the lock
    atomic_uint twice;     // the lock taken by whoever has it
    atomic_uint sleeping;  // wait called with the lock
    atomic_uint computing; // something of TLS or of the application's called with the lock
} wrong;

static void nothing_is_wrong(void)
{
    CHECK_INT(atomic_exchange(&wrong.unlocked, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.twice, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.sleeping, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.computing, 0), 0);
}

// --- The lock ---

static pthread_mutex_t core = PTHREAD_MUTEX_INITIALIZER;
static sigset_t interrupt; // the signal that stands for it
static sigset_t nothing;
static _Thread_local bool interrupted; // in it
static _Thread_local bool holding;
static _Thread_local int64_t held_since; // of this thread's processor time
static int64_t longest_hold;             // the application's, in microseconds

static int64_t processor_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void lock(void *ctx)
{
    (void)ctx;
    wrong.twice += holding;
    if (holding || (model == THREAD && pthread_mutex_lock(&core) != 0))
        abort();
    if (model == INTERRUPT && !interrupted)
        sigprocmask(SIG_BLOCK, &interrupt, NULL);
    holding = true;
    held_since = processor_us();
}

static void unlock(void *ctx)
{
    (void)ctx;
    holding = false;
    if (model == THREAD && pthread_mutex_unlock(&core) != 0)
        abort();
    if (model == INTERRUPT && !interrupted)
        sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
}

static void unlock_timed(void *ctx)
{
    int64_t held = processor_us() - held_since;

    if (held > longest_hold)
        longest_hold = held;
    unlock(ctx);
}

static void lwip_is_called(void)
{
    wrong.unlocked += model != POLL && !holding;
}

// --- Echo requests from the gateway; all of this belongs to whoever has the lock ---

static struct {
    bool on;
    int64_t due;
    int64_t interval_ms;
    uint16_t sent;
    int64_t sent_at;
    unsigned late;
    netif_linkoutput_fn output;
} echo;
static atomic_uint echoes; // answered
static atomic_uint
    meanwhile; // of them, answered while the application was inside of one and the same picket_poll
static atomic_uint poll_count; // odd: inside

static bool is_echo_reply(const struct pbuf *p)
{
    uint8_t frame[ECHO_LEN];

    return pbuf_copy_partial(p, frame, sizeof frame, 0) == sizeof frame && frame[12] == 8 && frame[13] == 0 &&
           frame[23] == IPPROTO_ICMP && frame[34] == ICMP_ER;
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    if (!is_echo_reply(p))
        return echo.output(netif, p);
    echo.late += picket_linux_nanoseconds() - echo.sent_at > (int64_t)HOLD_US * 1000;
    echoes++;
    return ERR_OK;
}

static void send_echo(void)
{
    uint8_t frame[ECHO_LEN] = {
        [6] = 0x52,      0x55,      0x0a, 0x00, 0x02, 0x02, 8, 0, // from libslirp's gateway
        [14] = 0x45,     0,         0,    28,   0,    0,    0, 0, 64,
        IPPROTO_ICMP,    [26] = 10, 0,    2,    2,    10,   0, 2, 15,
        [34] = ICMP_ECHO};
    struct pbuf *p = pbuf_alloc(PBUF_RAW, sizeof frame, PBUF_RAM);

    if (!p)
        abort();
    memcpy(frame, netif_default->hwaddr, 6);
    frame[40] = (uint8_t)(++echo.sent >> 8);
    frame[41] = (uint8_t)echo.sent;
    pbuf_take(p, frame, sizeof frame);
    if (netif_default->input(p, netif_default) != ERR_OK)
        pbuf_free(p);
}

static void send_due_echo(int64_t wanted)
{
    if (!echo.on || wanted < echo.due)
        return;
    echo.due = wanted + echo.interval_ms * 1000000;
    echo.sent_at = wanted; // waiting for the lock counts
    send_echo();
}

static void start_echo(void)
{
    echo.output = netif_default->linkoutput;
    netif_default->linkoutput = send_frame;
    echo.on = model != POLL;
    echo.due = 0;
}

// --- The network's thread, and its interrupt ---

static pthread_t network;
static atomic_bool quit;
static atomic_bool paused;

static void serve_network(void)
{
    const int64_t wanted = picket_linux_nanoseconds();
    const unsigned count = poll_count, answered = echoes;

    lock(NULL);
    send_due_echo(wanted);
    picket_linux_netif_feed();
    picket_linux_nat_poll(0);
    picket_linux_netif_feed();
    sys_check_timeouts();
    unlock(NULL);
    if (count % 2 == 1 && count == poll_count)
        meanwhile += echoes - answered;
}

static void *run_network(void *argument)
{
    (void)argument;
    while (!quit) {
        if (!paused)
            serve_network();
        usleep(500);
    }
    return NULL;
}

static void on_interrupt(int number)
{
    const int error = errno;

    (void)number;
    interrupted = true;
    if (!paused && !quit)
        serve_network();
    interrupted = false;
    errno = error;
}

// On a stack of its own: TLS's has no room for libslirp.
static void prepare_interrupt(void)
{
    static uint8_t stack[262144];
    const stack_t handlers = {.ss_sp = stack, .ss_size = sizeof stack};
    const struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_ONSTACK | SA_RESTART};

    sigemptyset(&nothing);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGRTMIN);
    if (sigaltstack(&handlers, NULL) != 0 || sigaction(SIGRTMIN, &action, NULL) != 0)
        abort();
}

static timer_t ticks;

static void start_interrupt(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    const struct itimerspec often = {.it_value.tv_nsec = 700000, .it_interval.tv_nsec = 700000};

    if (timer_create(CLOCK_MONOTONIC, &event, &ticks) != 0 || timer_settime(ticks, 0, &often, NULL) != 0)
        abort();
}

static void start_network(void)
{
    quit = paused = false;
    if (model == INTERRUPT)
        start_interrupt();
    if (model == THREAD && pthread_create(&network, NULL, run_network, NULL) != 0)
        abort();
}

static void stop_network(void)
{
    quit = true;
    if (model == INTERRUPT)
        timer_delete(ticks);
    if (model == THREAD)
        pthread_join(network, NULL);
}

// --- The board ---

static pthread_mutex_t bell = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rings;
static volatile bool rung;
static void (*before_sleep)(void); // what a test does in wait, before it sleeps
static void (*in_clock)(void);     // and when TLS asks for the time

static void wake(void *ctx)
{
    (void)ctx;
    if (model == THREAD)
        pthread_mutex_lock(&bell);
    rung = true;
    if (model == THREAD) {
        pthread_cond_signal(&rings);
        pthread_mutex_unlock(&bell);
    }
}

static void sleep_until_woken(uint32_t ms)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&bell);
    while (!rung && pthread_cond_timedwait(&rings, &bell, &end) == 0)
        ;
    rung = false;
    pthread_mutex_unlock(&bell);
}

// As WFI with interrupts off.
static void sleep_until_interrupted(uint32_t ms)
{
    const uint32_t began = picket_linux_millis(NULL);

    sigprocmask(SIG_BLOCK, &interrupt, NULL);
    while (!rung && picket_linux_millis(NULL) - began < ms)
        sigsuspend(&nothing);
    rung = false;
    sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
}

static void wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    wrong.sleeping += holding;
    if (before_sleep)
        before_sleep();
    if (model == THREAD)
        sleep_until_woken(ms);
    else if (model == INTERRUPT)
        sleep_until_interrupted(ms);
    else if (!picket_linux_netif_has_frames())
        picket_linux_nat_poll(ms);
}

static uint32_t serve(void *ctx)
{
    (void)ctx;
    picket_linux_netif_feed();
    const uint32_t ms = picket_linux_nat_poll(0);
    picket_linux_netif_feed();
    return ms;
}

static int64_t unix_ms(void *ctx)
{
    wrong.computing += holding;
    if (in_clock)
        in_clock();
    return picket_linux_unix_ms(ctx);
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    wrong.computing += holding;
    return picket_linux_random(ctx, samples, n) == 0 ? (int)n : PICKET_ERR_NO_ENTROPY;
}

static const picket_entropy_source_t kernel = {
    .name = "kernel", .credit = 8 * PICKET_ENTROPY_BIT, .bits = 8, .conditioned = true, .collect = collect};

static const picket_entropy_source_t *const sources[] = {&kernel, NULL};

static int start(void *ctx)
{
    (void)ctx;
    int result;

    lock(NULL);
    result = picket_linux_netif_up(false);
    if (result == 0)
        start_echo();
    unlock(NULL);
    longest_hold = 0;
    if (result == 0)
        start_network();
    return result;
}

static void stop(void *ctx)
{
    (void)ctx;
    stop_network();
    lock(NULL);
    picket_linux_netif_down();
    unlock(NULL);
}

static const picket_lwip_board_t background_board = {
    .start = start,
    .stop = stop,
    .wait = wait,
    .millis = picket_linux_millis,
    .unix_ms = unix_ms,
    .entropy = sources,
    .lock = lock,
    .unlock = unlock_timed,
    .wake = wake,
#ifndef __SANITIZE_THREAD__ // which follows no switch of stacks
    .stack_make = picket_linux_stack_make,
    .stack_switch = picket_linux_stack_switch,
#endif
};

// TLS on the caller's stack: the Linux port itself, in other tests, is the poll model with a stack for TLS.
static const picket_lwip_board_t poll_board = {
    .start = start,
    .stop = stop,
    .poll = serve,
    .run_timers = true,
    .wait = wait,
    .millis = picket_linux_millis,
    .unix_ms = unix_ms,
    .entropy = sources,
};

// --- The application ---

static uint32_t now(void)
{
    return picket_linux_millis(NULL);
}

static void log_line(void *ctx, enum picket_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
    wrong.computing += holding;
}

static int init(void)
{
    picket_lwip_port(&port, model == POLL ? &poll_board : &background_board);
    return picket_init(
        &client,
        &(picket_config_t){
            .trust = &trust, .arena = arena, .arena_len = sizeof arena, .port = &port, .log = log_line});
}

static uint32_t poll_once(void)
{
    poll_count++;
    const uint32_t ms = picket_poll(&client);
    poll_count++;
    return ms;
}

static void turn(uint32_t most)
{
    const uint32_t ms = poll_once();

    if (ms > 0)
        port.wait(port.ctx, ms < most ? ms : most);
}

static void pause_for(uint32_t ms)
{
    for (const uint32_t began = now(); now() - began < ms;)
        turn(5);
}

// The C library's sleep ends with an interrupt.
static void idle_for(uint32_t ms)
{
    for (const uint32_t began = now(); now() - began < ms;)
        usleep(500);
}

typedef struct transfer {
    picket_http_t http;
    char url[96];
    int result; // of read, so far
    size_t len;
    bool differs;
} transfer_t;

static void begin(transfer_t *t, uint16_t number, const char *path, picket_request_t request)
{
    memset(t, 0, sizeof *t);
    snprintf(t->url, sizeof t->url, "https://" TLS_SERVER_HOST ":%u/%s", number, path);
    request.url = t->url;
    request.address = &loopback;
    t->result = picket_http_start(&t->http, &client, &request);
    if (t->result == 0)
        t->result = PICKET_AGAIN;
}

static bool is_over(const transfer_t *t)
{
    return t->result <= 0 && t->result != PICKET_AGAIN;
}

static bool read_some(transfer_t *t)
{
    uint8_t buf[3000];

    t->result = picket_http_read(&t->http, buf, sizeof buf);
    if (t->result <= 0)
        return false;
    t->differs |= t->len + (size_t)t->result > sizeof megabyte ||
                  memcmp(buf, megabyte + t->len, (size_t)t->result) != 0;
    t->len += (size_t)t->result;
    return true;
}

static void finish(transfer_t *t)
{
    for (const uint32_t began = now(); !is_over(t) && now() - began < LIMIT_MS;)
        if (!read_some(t) && !is_over(t))
            turn(LIMIT_MS);
}

static void is_whole(transfer_t *t, size_t len)
{
    CHECK_STR(picket_error_name(t->result), "PICKET_OK");
    CHECK_INT(picket_http_status(&t->http), 200);
    CHECK_INT(t->len, len);
    CHECK(!t->differs);
    picket_http_close(&t->http);
}

// --- Exchanges, in all models ---

static void gets_a_page(void)
{
    transfer_t t;

    for (int i = 0; i < 4; i++) {
        begin(&t, i % 2 ? slow.port : quick.port, "page", (picket_request_t){0});
        finish(&t);
        is_whole(&t, 1000);
    }
}

static void gets_a_page_blocking(void)
{
    transfer_t t;
    uint8_t buf[700];

    begin(&t, slow.port, "page", (picket_request_t){0});
    while ((t.result = picket_http_read_blocking(&t.http, buf, sizeof buf)) > 0)
        t.len += (size_t)t.result;
    is_whole(&t, 1000);
}

static void downloads_a_megabyte(void)
{
    transfer_t t;

    begin(&t, quick.port, "megabyte", (picket_request_t){0});
    finish(&t);
    is_whole(&t, MEGABYTE);
}

static void uploads(void)
{
    static uint8_t arrived[UPLOAD + 1];
    transfer_t t;
    size_t sent = 0;
    long stored;

    begin(&t, quick.port, "upload", (picket_request_t){.method = "PUT", .body_len = UPLOAD});
    for (const uint32_t began = now(); sent < UPLOAD && now() - began < LIMIT_MS;) {
        const int n = picket_http_write(&t.http, megabyte + sent, UPLOAD - sent);
        if (n > 0)
            sent += (size_t)n;
        else if (n == PICKET_AGAIN)
            turn(LIMIT_MS);
        else
            break;
    }
    CHECK_INT(sent, UPLOAD);
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_OK");
    CHECK(picket_http_status(&t.http) == 201 || picket_http_status(&t.http) == 204);
    picket_http_close(&t.http);
    lock(NULL);
    stored = tls_server_read("upload", arrived, sizeof arrived);
    unlock(NULL);
    REQUIRE_INT(stored, UPLOAD);
    CHECK(memcmp(arrived, megabyte, UPLOAD) == 0);
}

static void moves_two_at_once(void)
{
    transfer_t a, b;
    const uint32_t began = now();

    begin(&a, quick.port, "megabyte", (picket_request_t){0});
    begin(&b, slow.port, "megabyte", (picket_request_t){0});
    while ((!is_over(&a) || !is_over(&b)) && now() - began < LIMIT_MS) {
        bool moved = !is_over(&a) && read_some(&a);
        moved |= !is_over(&b) && read_some(&b);
        if (!moved)
            turn(LIMIT_MS);
    }
    is_whole(&a, MEGABYTE);
    is_whole(&b, MEGABYTE);
}

// A name that is looked up, and given up: lwIP goes on asking.
static void begin_lookup(transfer_t *t)
{
    memset(t, 0, sizeof *t);
    t->result =
        picket_http_start(&t->http, &client, &(picket_request_t){.url = "https://never.picket.invalid/"});
}

static void cancels_at_any_time(void)
{
    transfer_t t;
    size_t before, after;

    picket_memory(&client, &before, NULL);
    srand(7);
    for (int i = 0; i < CANCELS; i++) {
        const int turns = rand() % (i % 8 < 6 ? 60 : 4);
        if (i % 8 == 7)
            begin_lookup(&t);
        else
            begin(&t, i % 2 ? slow.port : quick.port, "megabyte", (picket_request_t){0});
        for (int j = 0; j < turns && !is_over(&t); j++)
            if (i % 8 == 7 || !read_some(&t))
                turn((uint32_t)rand() % 3);
        picket_http_close(&t.http);
    }
    pause_for(50);
    picket_memory(&client, &after, NULL);
    CHECK(after <= before + 2 * (PICKET_SESSION_MAX + 512)); // sessions stay
    gets_a_page();
}

static void server_dies(void)
{
    transfer_t t;
    tls_server_t mortal;
    uint32_t died;
    bool started;

    lock(NULL); // an interrupt must not meet the C library at work
    started =
        tls_server_start(&mortal, &(tls_server_options_t){.chain = &chains[0], .nginx = "limit_rate 200k;"});
    unlock(NULL);
    REQUIRE(started);
    begin(&t, mortal.port, "megabyte", (picket_request_t){0});
    for (const uint32_t began = now(); t.len < 10000 && !is_over(&t) && now() - began < LIMIT_MS;)
        if (!read_some(&t))
            turn(LIMIT_MS);
    CHECK(t.len >= 10000);
    tls_server_stop(&mortal);
    died = now();
    finish(&t);
    CHECK(t.result == PICKET_ERR_RESET || t.result == PICKET_ERR_BODY_CUT);
    CHECK(now() - died < 10000);
    CHECK(!t.differs);
    picket_http_close(&t.http);
}

// A busy machine may be late, never early.
static void took_about(uint32_t took, uint32_t wanted)
{
    if (took < wanted || took > wanted + 2000 * SLOWER)
        FAIL("took %u ms, not %u", (unsigned)took, (unsigned)wanted);
}

static void deadlines_are_kept(void)
{
    transfer_t t;
    uint32_t began = now();

    begin(&t, trickle.port, "megabyte", (picket_request_t){.timeouts.total_ms = 700});
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_ERR_TIMEOUT_TOTAL");
    took_about(now() - began, 700);
    picket_http_close(&t.http);
}

static int silent_server(uint16_t *number)
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

// Nobody answers, and nobody is busy meanwhile.
static void silence_is_slept_through(void)
{
    transfer_t t;
    uint16_t number;
    const int fd = silent_server(&number);
    const uint32_t began = now();
    const unsigned polls = poll_count;

    begin(&t, number, "", (picket_request_t){.timeouts.connect_ms = 1000});
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_ERR_TIMEOUT_HANDSHAKE");
    took_about(now() - began, 1000);
    CHECK((poll_count - polls) / 2 < 60);
    picket_http_close(&t.http);
    close(fd);
}

// --- What only the background models have ---

// A thread of lower priority than the application's gets to run lwIP's timers only if the application sleeps.
static void late_timers_are_not_waited_for_by_spinning(void)
{
    const uint32_t began = now();
    unsigned polls = 0;

    pause_for(20);
    paused = true;
    while (now() - began < 700) {
        turn(100);
        polls++;
    }
    paused = false;
    CHECK(polls < 60);
}

static int peer = -1;

static void let_it_happen(void)
{
    paused = false;
    idle_for(50 * SLOWER);
}

// Bytes that arrive when wait has already looked, and does not sleep yet.
static void wait_ends_for_what_came_before_it(void)
{
    uint16_t number;
    const int fd = silent_server(&number), handle = port.connect(port.ctx, &loopback, number);
    uint32_t began = now();
    uint8_t byte;

    REQUIRE(handle > 0);
    while (port.connected(port.ctx, handle) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn(5);
    peer = accept(fd, NULL, NULL);
    pause_for(50);
    paused = true;
    idle_for(20);
    CHECK(send(peer, "x", 1, MSG_NOSIGNAL) == 1);
    while (port.poll(port.ctx) == 0)
        ;
    CHECK_INT(port.recv(port.ctx, handle, &byte, 1), PICKET_AGAIN);
    rung = false; // an older one is used up
    before_sleep = let_it_happen;
    began = now();
    port.wait(port.ctx, 5000 * SLOWER);
    before_sleep = NULL;
    CHECK(now() - began < 2000 * SLOWER);
    CHECK_INT(port.recv(port.ctx, handle, &byte, 1), 1);
    port.abort(port.ctx, handle);
    close(peer);
    close(fd);
}

static unsigned clock_calls;
static unsigned unanswered;

// TLS, in the middle of a chain's arithmetic, does not go on before an echo request has been answered.
static void wait_for_an_echo(void)
{
    const unsigned answered = echoes;
    const uint32_t began = now();

    clock_calls++;
    while (echoes == answered && now() - began < 2000)
        usleep(500);
    unanswered += echoes == answered;
}

static void the_network_lives_while_tls_computes(void)
{
    transfer_t t;

    clock_calls = unanswered = 0;
    in_clock = wait_for_an_echo;
    begin(&t, slow.port, "page", (picket_request_t){0});
    finish(&t);
    in_clock = NULL;
    is_whole(&t, 1000);
    CHECK(clock_calls >= 3); // a certificate each, at least
    CHECK_INT(unanswered, 0);
}

static int64_t get_and_measure(void)
{
    transfer_t t;
    int64_t longest = 0;

    begin(&t, slow.port, "page", (picket_request_t){0});
    for (const uint32_t started = now(); !is_over(&t) && now() - started < LIMIT_MS;) {
        const int64_t began = processor_us();
        const uint32_t ms = poll_once();
        if (processor_us() - began > longest)
            longest = processor_us() - began;
        if (!read_some(&t) && !is_over(&t) && ms > 0)
            port.wait(port.ctx, ms);
    }
    is_whole(&t, 1000);
    return longest;
}

// Three signatures with P-384, time and again, since this machine checks one in a millisecond: echo requests are
// answered while they are being checked.
static void echoes_do_not_wait_for_arithmetic(void)
{
    int64_t longest = 0, hold = 0;

    lock(NULL);
    echo.interval_ms = 1;
    unlock(NULL);
    for (int i = 0; i < HANDSHAKES; i++) {
        const int64_t took = get_and_measure();
        longest = took > longest ? took : longest;
        hold = longest_hold > hold ? longest_hold : hold;
        picket_deinit(&client); // the session goes with it
        REQUIRE_INT(init(), 0);
    }
    lock(NULL);
    CHECK(hold * 2 < longest);
    CHECK(echoes >= HANDSHAKES * 2);
    CHECK(meanwhile >= HANDSHAKES / 2);
    CHECK(echo.late <= echoes / 10);
    fprintf(stderr, "# the longest poll took %d us, the longest hold %d us\n", (int)longest, (int)hold);
    fprintf(stderr, "# %u echo requests answered, %u of them inside one poll, %u late\n", echoes, meanwhile,
            echo.late);
    unlock(NULL);
}

// --- All of them ---

static void (*the_test)(void);

static void with_client(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&rings, &monotonic);
    echo.interval_ms = ECHO_MS;
    echo.late = echoes = meanwhile = 0;
    REQUIRE_INT(init(), 0);
    the_test();
    picket_deinit(&client);
    pthread_cond_destroy(&rings);
    CHECK(longest_hold < HOLD_US);
    nothing_is_wrong();
}

static void all_in_the_model_INTERRUPT(void)
{
    SKIP("the thread sanitizer keeps signals until the C library is called");
}

static void run(const char *name, void (*test)(void))
{
    the_test = test;
    check_run(name, with_client);
}

#define RUN_IN(the_model, test)                       \
    do {                                              \
        model = the_model;                            \
        run(#test " in the model " #the_model, test); \
    } while (0)
#define RUN_IN_BACKGROUND(test)      \
    do {                             \
        RUN_IN(THREAD, test);        \
        if (!SANITIZES_THREADS)      \
            RUN_IN(INTERRUPT, test); \
    } while (0)
#define RUN_IN_ALL(test)         \
    do {                         \
        RUN_IN(POLL, test);      \
        RUN_IN_BACKGROUND(test); \
    } while (0)

static bool start_servers(void)
{
    const char *const put = "dav_methods PUT; create_full_put_path on;";

    for (size_t i = 0; i < sizeof megabyte; i++)
        megabyte[i] = (uint8_t)((i * 2654435761u) >> 23);
    return tls_chain_make(&chains[0]) && tls_chain_make(&chains[1]) && tls_chain_trust(chains, 2, &trust) &&
           tls_server_page("page", megabyte, 1000) &&
           tls_server_page("megabyte", megabyte, sizeof megabyte) &&
           tls_server_start(&quick, &(tls_server_options_t){.chain = &chains[0], .nginx = put}) &&
           tls_server_start(&slow, &(tls_server_options_t){.chain = &chains[1], .nginx = put}) &&
           tls_server_start(&trickle,
                            &(tls_server_options_t){.chain = &chains[0], .nginx = "limit_rate 20k;"});
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "probe") == 0)
        return 0; // can it be started at all? (tests/run.py)
    alarm(240);
    if (!start_servers())
        return 2;
    prepare_interrupt();
    picket_linux_on_lwip_call(lwip_is_called);
    RUN_IN_ALL(gets_a_page);
    RUN_IN_ALL(gets_a_page_blocking);
    RUN_IN_ALL(downloads_a_megabyte);
    RUN_IN_ALL(uploads);
    RUN_IN_ALL(moves_two_at_once);
    RUN_IN_ALL(cancels_at_any_time);
    RUN_IN_ALL(server_dies);
    RUN_IN_ALL(deadlines_are_kept);
    RUN_IN_ALL(silence_is_slept_through);
    RUN_IN_BACKGROUND(late_timers_are_not_waited_for_by_spinning);
    RUN_IN_BACKGROUND(wait_ends_for_what_came_before_it);
    RUN_IN_BACKGROUND(the_network_lives_while_tls_computes);
    RUN_IN_BACKGROUND(echoes_do_not_wait_for_arithmetic);
    if (SANITIZES_THREADS)
        RUN(all_in_the_model_INTERRUPT);
    return check_done();
}
