#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "lwip_board.h"
#include "lwip_lookup.h"
#include "lwip_owner.h"
#include "lwip_tcp.h"
#include "lwip_udp.h"
#include "lwip_wall.h"

// How often to look, where somebody else runs lwIP, for what nobody tells: that memory, or a place in the
// table of lookups, is free again. It is the interval of lwIP's fast TCP timer.
enum { ELSEWHERE_MS = 250 };

static const picket_lwip_board_t *board;
static bool happened;

// --- What the other files need (lwip_board.h) ---

const picket_lwip_board_t *picket_lwip_board(void)
{
    return board;
}

void picket_lwip_lock(void)
{
    if (board->lock)
        board->lock(board->ctx);
}

void picket_lwip_unlock(void)
{
    if (board->unlock)
        board->unlock(board->ctx);
}

void picket_lwip_guard(bool on)
{
    if (board->guard != NULL && on)
        board->guard(board->ctx);
    else if (board->guard != NULL)
        board->unguard(board->ctx);
}

// Once is enough until the next poll, which takes notice of all that has come.
void picket_lwip_happened(void)
{
    bool is_news = !happened;
    happened = true;
    if (is_news && board->wake)
        board->wake(board->ctx);
}

picket_address_t picket_lwip_mapped(const picket_address_t *address)
{
    picket_address_t mapped = *address;
    if (board->map_address)
        board->map_address(board->ctx, &mapped);
    return mapped;
}

static bool has_ip4(const struct netif *netif)
{
#if LWIP_IPV4
    return !ip4_addr_isany_val(*netif_ip4_addr(netif));
#else
    (void)netif;
    return false;
#endif
}

static bool has_ip6(const struct netif *netif)
{
#if LWIP_IPV6
    for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)) &&
            !ip6_addr_islinklocal(netif_ip6_addr(netif, i)))
            return true;
#else
    (void)netif;
#endif
    return false;
}

static bool serves(const struct netif *netif, int family)
{
    if (!netif_is_up(netif) || !netif_is_link_up(netif))
        return false;
    return (family != 6 && has_ip4(netif)) || (family != 4 && has_ip6(netif));
}

bool picket_lwip_has_network(int family)
{
    const struct netif *netif;
    NETIF_FOREACH(netif)
    {
        if (serves(netif, family))
            return true;
    }
    return false;
}

// --- The functions of port.h that are the board's ---

static int start_board(void *ctx)
{
    (void)ctx;
    return board->start ? board->start(board->ctx) : 0;
}

static void stop_all(void *ctx)
{
    (void)ctx;
    picket_lwip_lock();
    picket_lwip_tcp_stop();
    picket_lwip_lookup_stop();
    picket_lwip_udp_stop();
    picket_lwip_unlock();
    if (board->stop)
        board->stop(board->ctx);
}

// Run lwIP's timers, unless somebody else does. Then they are not looked at either: one that is overdue there
// must not keep this thread from sleeping, which may be what the other one waits for.
static uint32_t timers(void)
{
    if (!board->run_timers)
        return ELSEWHERE_MS;
    picket_lwip_lock();
    sys_check_timeouts();
    uint32_t ms = sys_timeouts_sleeptime();
    picket_lwip_unlock();
    return ms;
}

static bool has_happened(void)
{
    picket_lwip_lock();
    bool has = happened;
    picket_lwip_unlock();
    return has;
}

static bool take_happened(void)
{
    picket_lwip_lock();
    bool was = happened;
    happened = false;
    picket_lwip_unlock();
    return was;
}

static int64_t counted_ms(void)
{
    uint32_t now = board->millis(board->ctx);
    picket_lwip_guard(true);
    int64_t ms = picket_lwip_wall_ms(now);
    picket_lwip_guard(false);
    return ms;
}

static uint32_t poll_all(void *ctx)
{
    (void)ctx;
    (void)counted_ms(); // millis wraps
    uint32_t board_ms = board->poll ? board->poll(board->ctx) : UINT32_MAX;
    uint32_t timer_ms = timers();
    if (take_happened())
        return 0;
    return board_ms < timer_ms ? board_ms : timer_ms;
}

// What happened since the last poll, in an interrupt say, is not slept over. What happens from here on is the
// board's wake.
static void wait_board(void *ctx, uint32_t ms)
{
    (void)ctx;
    if (!has_happened())
        board->wait(board->ctx, ms);
}

static uint32_t board_millis(void *ctx)
{
    (void)ctx;
    return board->millis(board->ctx);
}

// What was set counts for more than the board's own clock.
static int64_t unix_ms(void *ctx)
{
    (void)ctx;
    int64_t set = counted_ms();
    if (set >= 0)
        return set;
    return board->unix_ms ? board->unix_ms(board->ctx) : PICKET_ERR_NO_TIME;
}

static int set_unix_ms(void *ctx, int64_t ms)
{
    (void)ctx;
    uint32_t now = board->millis(board->ctx);
    picket_lwip_guard(true);
    picket_lwip_wall_set(ms, now);
    picket_lwip_guard(false);
    return 0;
}

static bool online(void *ctx)
{
    (void)ctx;
    picket_lwip_lock();
    bool has = picket_lwip_has_network(0);
    picket_lwip_unlock();
    return has;
}

static void *stack_make(void *ctx, void *mem, size_t len, void (*entry)(void))
{
    (void)ctx;
    return board->stack_make(board->ctx, mem, len, entry);
}

static void stack_switch(void *ctx, void **from, void *to)
{
    (void)ctx;
    board->stack_switch(board->ctx, from, to);
}

static size_t stack_room(void *ctx)
{
    (void)ctx;
    return board->stack_room(board->ctx);
}

static bool stack_intact(void *ctx)
{
    (void)ctx;
    return board->stack_intact(board->ctx);
}

static void guard(void *ctx)
{
    (void)ctx;
    picket_lwip_guard(true);
}

static void unguard(void *ctx)
{
    (void)ctx;
    picket_lwip_guard(false);
}

static bool beside(void *ctx)
{
    (void)ctx;
    return picket_lwip_is_beside();
}

void picket_lwip_port(picket_port_t *port, const picket_lwip_board_t *the_board)
{
    board = the_board;
    *port = (picket_port_t){
        .start = start_board,
        .stop = stop_all,
        .poll = poll_all,
        .wait = wait_board,
        .millis = board_millis,
        .unix_ms = unix_ms,
        .set_unix_ms = set_unix_ms,
        .entropy = the_board->entropy,
        .online = online,
        .lookup = picket_lwip_lookup,
        .lookup_result = picket_lwip_lookup_result,
        .lookup_end = picket_lwip_lookup_end,
        .connect = picket_lwip_connect,
        .connected = picket_lwip_connected,
        .send = picket_lwip_send,
        .recv = picket_lwip_recv,
        .close = picket_lwip_close,
        .abort = picket_lwip_abort,
        .udp_open = picket_lwip_udp_open,
        .udp_send = picket_lwip_udp_send,
        .udp_recv = picket_lwip_udp_recv,
        .udp_close = picket_lwip_udp_close,
        .stack_make = the_board->stack_make ? stack_make : NULL,
        .stack_switch = the_board->stack_switch ? stack_switch : NULL,
        .stack_room = the_board->stack_room ? stack_room : NULL,
        .stack_intact = the_board->stack_intact ? stack_intact : NULL,
        .guard = the_board->guard ? guard : NULL,
        .unguard = the_board->guard ? unguard : NULL,
        .beside = the_board->guard ? beside : NULL,
    };
}
