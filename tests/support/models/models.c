#define _GNU_SOURCE
#include "models.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "linux_lock.h"
#include "linux_nat.h"
#include "linux_netif.h"
#include "linux_stack.h"
#include "lwip/etharp.h"
#include "lwip/prot/icmp.h"
#include "lwip/timeouts.h"

enum { ECHO_LEN = 14 + 20 + 8 };

enum model model;

struct models_wrong wrong;

void nothing_is_wrong(void)
{
    CHECK_INT(atomic_exchange(&wrong.unlocked, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.twice, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.sleeping, 0), 0);
    CHECK_INT(atomic_exchange(&wrong.computing, 0), 0);
}

// --- The lock ---

static pthread_mutex_t core = PTHREAD_MUTEX_INITIALIZER;
static sigset_t interrupt; // the signal that stands for lwIP's
static sigset_t both;      // and the worker's below it
static sigset_t nothing;
static volatile sig_atomic_t level; // of interrupts: 0 the application, 1 the worker, 2 lwIP
static _Thread_local bool holding;
static _Thread_local int64_t held_since; // of this thread's processor time, but for the line's
int64_t longest_hold;

int64_t processor_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

// In lwIP's interrupt there is nobody to keep out.
static void keep_out(int how)
{
    if (model == INTERRUPT && level < 2)
        sigprocmask(how, level == 0 ? &both : &interrupt, NULL);
}

void lock(void *ctx)
{
    (void)ctx;
    wrong.twice += holding;
    if (holding || (model == THREAD && pthread_mutex_lock(&core) != 0))
        abort();
    keep_out(SIG_BLOCK);
    holding = true;
    held_since = processor_us();
}

void unlock(void *ctx)
{
    (void)ctx;
    holding = false;
    if (model == THREAD && pthread_mutex_unlock(&core) != 0)
        abort();
    keep_out(SIG_UNBLOCK);
}

bool is_locked(void)
{
    return holding;
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

struct models_echo echo;
atomic_uint echoes;
atomic_uint meanwhile;
atomic_uint poll_count;
void (*in_network)(void);

static bool is_echo_reply(const struct pbuf *p)
{
    uint8_t frame[ECHO_LEN];

    return pbuf_copy_partial(p, frame, sizeof frame, 0) == sizeof frame && frame[12] == 8 && frame[13] == 0 &&
           frame[23] == IPPROTO_ICMP && frame[34] == ICMP_ER;
}

// Behind the line is this computer's network: its calls of the system, a server's connection made or torn down among them, are
// none of what holds the lock on a board.
static err_t send_on(struct netif *netif, struct pbuf *p)
{
    const int64_t began = processor_us();
    const err_t result = echo.output(netif, p);

    held_since += processor_us() - began;
    return result;
}

static err_t send_frame(struct netif *netif, struct pbuf *p)
{
    if (!is_echo_reply(p))
        return send_on(netif, p);
    const int64_t took = (picket_linux_nanoseconds() - echo.sent_at) / 1000;
    echo.late += took > echo.limit_us;
    echo.slowest_us = took > echo.slowest_us ? took : echo.slowest_us;
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
    echo.on = model != POLL || echo.in_poll;
    echo.due = 0;
}

// --- The network's thread, and its interrupt ---

static pthread_t network;
static atomic_bool quit;
atomic_bool paused;

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
    if (in_network)
        in_network();
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
    const sig_atomic_t before = level;

    (void)number;
    level = 2;
    if (!paused && !quit)
        serve_network();
    level = before;
    errno = error;
}

static void (*volatile work_to_do)(void);

static void work_now(void)
{
    void (*work)(void) = work_to_do;

    work_to_do = NULL;
    if (work == NULL)
        return;
    poll_count++;
    work();
    poll_count++;
}

static void on_worker(int number)
{
    const int error = errno;

    (void)number;
    level = 1;
    work_now();
    level = 0;
    errno = error;
}

// lwIP's has a stack of its own: TLS's has no room for libslirp. The worker's not: lwIP would begin at its top when it comes
// while TLS's is in use.
static void prepare_interrupts(void)
{
    static uint8_t stack[262144];
    const stack_t handlers = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_ONSTACK | SA_RESTART};

    sigemptyset(&nothing);
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGRTMIN);
    sigemptyset(&both);
    sigaddset(&both, SIGRTMIN);
    sigaddset(&both, SIGRTMIN + 1);
    action.sa_mask = both;
    if (sigaltstack(&handlers, NULL) != 0 || sigaction(SIGRTMIN, &action, NULL) != 0)
        abort();
    action = (struct sigaction){.sa_handler = on_worker, .sa_flags = SA_RESTART};
    if (sigaction(SIGRTMIN + 1, &action, NULL) != 0)
        abort();
}

static timer_t timer_of(int number)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0)
        abort();
    return timer;
}

static timer_t ticks;
static timer_t due;

static void start_interrupts(void)
{
    const struct itimerspec often = {.it_value.tv_nsec = 700000, .it_interval.tv_nsec = 700000};

    due = timer_of(SIGRTMIN + 1);
    ticks = timer_of(SIGRTMIN);
    if (timer_settime(ticks, 0, &often, NULL) != 0)
        abort();
}

// --- The worker's thread ---

static pthread_t worker_thread;
static pthread_mutex_t desk = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t something;
static uint32_t due_at;

static void wait_on(pthread_cond_t *condition, pthread_mutex_t *mutex, uint32_t ms)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += (long)(ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(condition, mutex, &end);
}

static atomic_uint ahead;

static uint32_t millis(void *ctx)
{
    return picket_linux_millis(ctx) + ahead;
}

static void *run_worker(void *argument)
{
    (void)argument;
    pthread_mutex_lock(&desk);
    while (!quit) {
        const int32_t left = (int32_t)(due_at - millis(NULL));
        void (*work)(void) = work_to_do;
        if (work == NULL || left > 0) {
            wait_on(&something, &desk, work == NULL || left > 100 ? 100 : (uint32_t)left);
            continue;
        }
        work_to_do = NULL;
        pthread_mutex_unlock(&desk);
        poll_count++;
        work();
        poll_count++;
        pthread_mutex_lock(&desk);
    }
    pthread_mutex_unlock(&desk);
    return NULL;
}

static void worker(void *ctx, uint32_t ms, void (*work)(void))
{
    struct itimerspec once = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 + 1}};

    (void)ctx;
    if (model == INTERRUPT) {
        work_to_do = work;
        if (timer_settime(due, 0, &once, NULL) != 0)
            abort();
        return;
    }
    pthread_mutex_lock(&desk);
    work_to_do = work;
    due_at = millis(NULL) + ms;
    pthread_cond_signal(&something);
    pthread_mutex_unlock(&desk);
}

void models_pass(uint32_t ms)
{
    const struct itimerspec soon = {.it_value = {.tv_nsec = 1}};

    ahead += ms;
    if (model == INTERRUPT && timer_settime(due, 0, &soon, NULL) != 0)
        abort();
}

static void *context(void *ctx)
{
    static _Thread_local char thread[3];

    (void)ctx;
    return &thread[model == INTERRUPT ? level : 0];
}

static pthread_mutex_t few = PTHREAD_MUTEX_INITIALIZER;
static sigset_t before_guard;

static void guard(void *ctx)
{
    sigset_t old;

    (void)ctx;
    if (model == THREAD)
        pthread_mutex_lock(&few);
    if (model != INTERRUPT)
        return;
    sigprocmask(SIG_BLOCK, &both, &old);
    before_guard = old;
}

static void unguard(void *ctx)
{
    sigset_t old = before_guard;

    (void)ctx;
    if (model == THREAD)
        pthread_mutex_unlock(&few);
    if (model == INTERRUPT)
        sigprocmask(SIG_SETMASK, &old, NULL);
}

// ---

static void start_network(void)
{
    quit = paused = false;
    if (model == INTERRUPT)
        start_interrupts();
    if (model == THREAD && (pthread_create(&network, NULL, run_network, NULL) != 0 ||
                            pthread_create(&worker_thread, NULL, run_worker, NULL) != 0))
        abort();
}

static void stop_network(void)
{
    quit = true;
    if (model == INTERRUPT) {
        timer_delete(due);
        timer_delete(ticks);
    }
    if (model == THREAD) {
        pthread_join(network, NULL);
        pthread_join(worker_thread, NULL);
    }
}

// --- The board ---

static pthread_mutex_t bell = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t rings;
volatile bool rung;
void (*before_sleep)(void);
void (*in_clock)(void);

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
    pthread_mutex_lock(&bell);
    if (!rung)
        wait_on(&rings, &bell, ms);
    rung = false;
    pthread_mutex_unlock(&bell);
}

// As WFI with interrupts off.
static void sleep_until_interrupted(uint32_t ms)
{
    const uint32_t began = picket_linux_millis(NULL);

    sigprocmask(SIG_BLOCK, &both, NULL);
    while (!rung && picket_linux_millis(NULL) - began < ms)
        sigsuspend(&nothing);
    rung = false;
    sigprocmask(SIG_UNBLOCK, &both, NULL);
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
    send_due_echo(picket_linux_nanoseconds());
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

#ifdef __SANITIZE_THREAD__ // which follows no switch of stacks
#define STACKS
#else
#define STACKS .stack_make = picket_linux_stack_make, .stack_switch = picket_linux_stack_switch,
#endif

#define BOARD \
    STACKS.start = start, .stop = stop, .wait = wait, .millis = millis, .unix_ms = unix_ms, .entropy = sources
#define BACKGROUND_BOARD BOARD, .lock = lock, .unlock = unlock_timed, .wake = wake

static const picket_lwip_board_t background_board = {BACKGROUND_BOARD};

static const picket_lwip_board_t worker_board = {BACKGROUND_BOARD, .worker = worker, .context = context,
                                                 .guard = guard, .unguard = unguard};

// TLS on the caller's stack: the Linux port itself, in other tests, is the poll model with a stack for TLS.
static const picket_lwip_board_t poll_board = {
    .start = start,
    .stop = stop,
    .poll = serve,
    .run_timers = true,
    .wait = wait,
    .millis = millis,
    .unix_ms = unix_ms,
    .entropy = sources,
};

static const picket_lwip_board_t poll_board_with_stack = {BOARD, .poll = serve, .run_timers = true};

const picket_lwip_board_t *models_board(bool with_worker)
{
    if (model == POLL)
        return with_worker ? &poll_board_with_stack : &poll_board;
    return with_worker ? &worker_board : &background_board;
}

// --- A test ---

void models_prepare(void)
{
    prepare_interrupts();
    picket_linux_on_lwip_call(lwip_is_called);
}

void models_begin(void)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&rings, &monotonic);
    pthread_cond_init(&something, &monotonic);
    echo.interval_ms = ECHO_MS;
    echo.limit_us = HOLD_US;
    echo.slowest_us = 0;
    echo.late = echoes = meanwhile = 0;
    longest_hold = 0;
}

void models_end(void)
{
    pthread_cond_destroy(&rings);
    pthread_cond_destroy(&something);
}

void all_in_the_model_INTERRUPT(void)
{
    SKIP("the thread sanitizer keeps signals until the C library is called");
}
