// A board to copy: bare metal, an Ethernet device with an interrupt, lwIP run by Picket (the poll model). What to
// write is in template_machine.c; docs/PORTING.md goes through it in order.
#include <stddef.h>

#include "lwip_port.h"
#include "template_machine.h"
#include "template_netif.h"

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#include "stack.h" // port/cortex_m
#define STACK_MAKE   picket_cortex_m_stack_make
#define STACK_SWITCH picket_cortex_m_stack_switch
#else
#define STACK_MAKE   NULL
#define STACK_SWITCH NULL
#endif

enum { LEASE_MS = 10000, NO_MEMORY_MS = 1 };

static const picket_port_t *port(void);

// --- Serving the network: called by picket_poll ---

// Frames that wait for memory are looked at again soon; everything else announces itself.
static uint32_t serve(void *ctx)
{
    (void)ctx;
    return picket_template_netif_feed() ? UINT32_MAX : NO_MEMORY_MS;
}

// While frames wait for memory the flag stays set, and only time helps.
static void sleep_on_network(void *ctx, uint32_t ms)
{
    (void)ctx;
    static const volatile bool never;
    bool is_short = ms <= NO_MEMORY_MS;
    picket_template_sleep_until(is_short ? &never : &picket_template_device_flag, ms);
}

// --- Start and stop: called by picket_init and picket_deinit ---

static bool serve_until_address(uint32_t ms)
{
    uint32_t began = picket_template_millis(NULL);
    for (;;) {
        uint32_t pause = port()->poll(NULL);
        uint32_t gone = picket_template_millis(NULL) - began;
        if (picket_template_netif_has_address())
            return true;
        if (gone >= ms)
            return false;
        port()->wait(NULL, pause < ms - gone ? pause : ms - gone);
    }
}

// There is a network when this returns 0. A board whose application joins it (Wi-Fi, say) has no start.
static int start(void *ctx)
{
    (void)ctx;
    picket_template_netif_down();
    if (picket_template_netif_up() && serve_until_address(LEASE_MS))
        return 0;
    picket_template_netif_down();
    return PICKET_ERR_NO_NETWORK;
}

// Picket has let go of its connections and lookups. Not needed where the network outlives Picket.
static void stop(void *ctx)
{
    (void)ctx;
    picket_template_netif_down();
}

// --- The board ---

static const picket_lwip_board_t board = {
    .ctx = NULL, // handed to every function here; for one that serves two boards
    .start = start,
    .stop = stop,

    // Who runs lwIP (picket/port.h). Here it is Picket. In the background and RTOS models: poll NULL, run_timers
    // false, and all three of lock, unlock and wake (docs/PORTING.md has them).
    .poll = serve,
    .run_timers = true,
    .lock = NULL,
    .unlock = NULL,
    .wake = NULL,

    .wait = sleep_on_network,
    .millis = picket_template_millis,
    // NULL: no clock goes on without power; the time is unknown until it is set (picket/clock.h).
    .unix_ms = picket_template_unix_ms,
    .entropy = picket_template_entropy,

    // A stack for TLS, without an RTOS. NULL: TLS runs on the caller's stack, which then needs PICKET_STACK_SIZE
    // bytes more.
    .stack_make = STACK_MAKE,
    .stack_switch = STACK_SWITCH,

    // Under an RTOS: what is left of the task's stack, such as uxTaskGetStackHighWaterMark() in bytes. NULL: not known.
    .stack_room = NULL,

    // False when the words at the end of the caller's stack are not what was painted there. NULL: not known.
    .stack_intact = NULL,

    // For programs that use lwIP's altcp (picket/altcp.h), in the background and RTOS models: where the worker runs, and
    // how contexts are kept apart. Here lwIP's timers are enough (port/pico/worker.c has an interrupt, and a task).
    .worker = NULL,
    .context = NULL,
    .guard = NULL,
    .unguard = NULL,

    // Nothing to replace: addresses are the network's own.
    .map_address = NULL,
};

static const picket_port_t *port(void)
{
    static picket_port_t the_port;
    if (!the_port.poll)
        picket_lwip_port(&the_port, &board);
    return &the_port;
}

const picket_port_t *picket_port_default(void)
{
    return port();
}
