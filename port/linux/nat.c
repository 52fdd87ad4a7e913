#include "linux_nat.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <libslirp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "linux_clock.h"
#include "linux_trace.h"
#include "picket/error.h"

struct timer {
    SlirpTimerCb run;
    void *argument;
    int64_t due; // milliseconds of the monotonic clock; negative: not set
    struct timer *next;
};

enum { STALE_MS = 1000 };

static Slirp *slirp;
static picket_linux_nat_output *output;
static struct timer *timers;
static struct pollfd *fds;
static size_t fd_count;
static size_t fd_room;
static bool ignoring;  // SIGPIPE, which was not ignored before
static int64_t polled; // when, in milliseconds

// --- Timers ---

static int64_t now_ms(void)
{
    return picket_linux_nanoseconds() / 1000000;
}

static void *timer_new(SlirpTimerCb run, void *argument, void *opaque)
{
    (void)opaque;
    struct timer *timer = calloc(1, sizeof *timer);
    if (!timer)
        abort(); // libslirp does the same when memory runs out
    *timer = (struct timer){.run = run, .argument = argument, .due = -1, .next = timers};
    timers = timer;
    return timer;
}

static void timer_free(void *the_timer, void *opaque)
{
    (void)opaque;
    struct timer **link = &timers;
    while (*link && *link != the_timer)
        link = &(*link)->next;
    if (*link)
        *link = (*link)->next;
    free(the_timer);
}

static void timer_mod(void *the_timer, int64_t due, void *opaque)
{
    (void)opaque;
    ((struct timer *)the_timer)->due = due;
}

static void run_timers(void)
{
    int64_t now = now_ms();
    struct timer *next;
    for (struct timer *timer = timers; timer; timer = next) {
        next = timer->next;
        if (timer->due < 0 || timer->due > now)
            continue;
        timer->due = -1;
        timer->run(timer->argument);
    }
}

static uint32_t until_timers(uint32_t ms)
{
    int64_t now = now_ms();
    for (const struct timer *timer = timers; timer; timer = timer->next)
        if (timer->due >= 0 && timer->due - now < ms)
            ms = timer->due > now ? (uint32_t)(timer->due - now) : 0;
    return ms;
}

// --- What libslirp calls ---

static ssize_t send_packet(const void *frame, size_t len, void *opaque)
{
    (void)opaque;
    picket_linux_trace_frame(frame, len);
    output(frame, len);
    return (ssize_t)len;
}

static void guest_error(const char *message, void *opaque)
{
    (void)message; // about lwIP's packets, for whoever debugs it; not for the user's terminal
    (void)opaque;
}

static int64_t clock_get_ns(void *opaque)
{
    (void)opaque;
    return picket_linux_nanoseconds();
}

// The set is made anew for each poll, and whoever waits is in this thread.
static void ignore_fd(int fd, void *opaque)
{
    (void)fd;
    (void)opaque;
}

static void ignore_notify(void *opaque)
{
    (void)opaque;
}

static const SlirpCb callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_get_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = ignore_fd,
    .unregister_poll_fd = ignore_fd,
    .notify = ignore_notify,
};

// --- Opening and closing ---

static struct in_addr ip4(uint8_t last)
{
    const uint8_t bytes[4] = {PICKET_LINUX_NET, last};
    struct in_addr address;
    memcpy(&address, bytes, sizeof bytes);
    return address;
}

static struct in6_addr ip6(uint8_t last)
{
    return (struct in6_addr){.s6_addr = {0xfe, 0xc0, [15] = last}};
}

// libslirp writes to sockets whose other end may have gone.
static void ignore_sigpipe(void)
{
    struct sigaction action;
    if (sigaction(SIGPIPE, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
        return;
    action.sa_handler = SIG_IGN;
    ignoring = sigaction(SIGPIPE, &action, NULL) == 0;
}

static void restore_sigpipe(void)
{
    if (ignoring)
        signal(SIGPIPE, SIG_DFL);
    ignoring = false;
}

int picket_linux_nat_open(picket_linux_nat_output *the_output)
{
    const SlirpConfig config = {
        .version = 1,
        .in_enabled = true,
        .vnetwork = ip4(0),
        .vnetmask = {.s_addr = htonl(0xffffff00)},
        .vhost = ip4(PICKET_LINUX_GATEWAY),
        .vdhcp_start = ip4(PICKET_LINUX_SELF),
        .vnameserver = ip4(PICKET_LINUX_NAME_SERVER),
        .in6_enabled = true,
        .vprefix_addr6 = ip6(0),
        .vprefix_len = 64,
        .vhost6 = ip6(PICKET_LINUX_GATEWAY),
        .vnameserver6 = ip6(PICKET_LINUX_NAME_SERVER),
        .if_mtu = PICKET_LINUX_MTU,
        .if_mru = PICKET_LINUX_MTU,
    };
    output = the_output;
    slirp = slirp_new(&config, &callbacks, NULL);
    if (!slirp)
        return PICKET_ERR_NO_NETWORK;
    ignore_sigpipe();
    picket_linux_nat_poll(0); // libslirp learns the time
    return 0;
}

void picket_linux_nat_close(void)
{
    if (slirp)
        slirp_cleanup(slirp);
    slirp = NULL;
    restore_sigpipe();
    free(fds);
    fds = NULL;
    fd_count = fd_room = 0;
}

// --- Moving bytes ---

// libslirp looks at the clock only when it is polled. With an old time a new query would be too old at the
// next poll.
static void refresh_time(void)
{
    if (now_ms() - polled > STALE_MS)
        picket_linux_nat_poll(0);
}

// libslirp 4.7.0 crashes when the end of a fragmented IPv4 packet comes before its beginning. lwIP sends no
// fragments (config/lwipopts.h), and what a board sends by picket-link can be anything.
static bool is_fragment(const uint8_t *frame, size_t len)
{
    enum { TYPE = 12, FRAGMENT = 20, MORE_AND_OFFSET = 0x3f };
    return len >= FRAGMENT + 2 && frame[TYPE] == 8 && frame[TYPE + 1] == 0 &&
           ((frame[FRAGMENT] & MORE_AND_OFFSET) != 0 || frame[FRAGMENT + 1] != 0);
}

void picket_linux_nat_input(const void *frame, size_t len)
{
    refresh_time();
    picket_linux_trace_frame(frame, len);
    if (!is_fragment(frame, len))
        slirp_input(slirp, frame, (int)len);
}

static bool grow(void)
{
    size_t room = fd_room ? fd_room * 2 : 16;
    struct pollfd *more = realloc(fds, room * sizeof *more);
    if (!more)
        return false;
    fds = more;
    fd_room = room;
    return true;
}

static short to_poll(int events)
{
    return (short)((events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
                   (events & SLIRP_POLL_PRI ? POLLPRI : 0) | (events & SLIRP_POLL_ERR ? POLLERR : 0) |
                   (events & SLIRP_POLL_HUP ? POLLHUP : 0));
}

// Of a socket that was reset only the reading end is told. There libslirp finds what arrived before the
// reset, then the reset; by writing it would use up the error, and pass on a clean end.
static int to_slirp(short events)
{
    if ((events & POLLERR) && (events & POLLIN))
        return SLIRP_POLL_IN;
    return (events & POLLIN ? SLIRP_POLL_IN : 0) | (events & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (events & POLLPRI ? SLIRP_POLL_PRI : 0) | (events & POLLERR ? SLIRP_POLL_ERR : 0) |
           (events & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static int add_poll(int fd, int events, void *opaque)
{
    (void)opaque;
    if (fd_count == fd_room && !grow())
        return -1; // not looked at this time
    fds[fd_count] = (struct pollfd){.fd = fd, .events = to_poll(events)};
    return (int)fd_count++;
}

static int get_revents(int index, void *opaque)
{
    (void)opaque;
    return index < 0 ? 0 : to_slirp(fds[index].revents);
}

static bool add_others(const struct pollfd *others, size_t count)
{
    while (fd_room - fd_count < count)
        if (!grow())
            return false;
    if (count > 0)
        memcpy(fds + fd_count, others, count * sizeof *others);
    return true;
}

// libslirp's descriptors, and the others behind them. Without memory those are not looked at this time.
static int wait_for_fds(struct pollfd *others, size_t count, uint32_t ms)
{
    size_t all = fd_count + (add_others(others, count) ? count : 0);
    int ready = poll(fds, (nfds_t)all, ms > INT32_MAX ? INT32_MAX : (int)ms);
    for (size_t i = 0; i < count; i++)
        others[i].revents = ready > 0 && all > fd_count ? fds[fd_count + i].revents : 0;
    return ready;
}

uint32_t picket_linux_nat_poll_with(struct pollfd *others, size_t count, uint32_t ms)
{
    uint32_t wanted = UINT32_MAX;
    fd_count = 0;
    if (!slirp) {
        wait_for_fds(others, count, ms);
        return wanted;
    }
    slirp_pollfds_fill(slirp, &wanted, add_poll, NULL);
    wanted = until_timers(wanted);
    int ready = wait_for_fds(others, count, ms < wanted ? ms : wanted);
    slirp_pollfds_poll(slirp, ready < 0, get_revents, NULL);
    polled = now_ms();
    run_timers();
    return wanted;
}

uint32_t picket_linux_nat_poll(uint32_t ms)
{
    return picket_linux_nat_poll_with(NULL, 0, ms);
}
