#include <stddef.h>

#include "lwip_port.h"
#include "mps2_clock.h"
#include "mps2_lan9118.h"
#include "mps2_netif.h"
#include "mps2_port.h"
#include "mps2_stack.h"
#include "stack.h"

enum { LEASE_MS = 5000, LINGER_MS = 50, NO_MEMORY_MS = 1 };

static const struct picket_mps2_static *fallback;

void picket_mps2_fall_back(const struct picket_mps2_static *addresses)
{
    fallback = addresses;
}

// --- Serving the network ---

static uint32_t serve(void *ctx)
{
    (void)ctx;
    return picket_mps2_netif_feed() ? UINT32_MAX : NO_MEMORY_MS;
}

// While frames wait for memory the flag stays set, and only time helps.
static void sleep_on_network(void *ctx, uint32_t ms)
{
    (void)ctx;
    static const volatile bool never;
    if (ms > NO_MEMORY_MS)
        picket_mps2_sleep_until(picket_mps2_lan9118_flag(), ms);
    else
        picket_mps2_sleep_until(&never, ms);
}

// --- Start and stop ---

static const picket_port_t *port(void);

// Serve the network until it has an address, but no longer than ms.
static bool serve_until_address(uint32_t ms)
{
    uint32_t began = picket_mps2_millis(NULL);
    for (;;) {
        uint32_t pause = port()->poll(NULL);
        uint32_t gone = picket_mps2_millis(NULL) - began;
        if (picket_mps2_netif_has_address())
            return true;
        if (gone >= ms)
            return false;
        port()->wait(NULL, pause < ms - gone ? pause : ms - gone);
    }
}

static int start(void *ctx)
{
    (void)ctx;
    picket_mps2_netif_down();
    bool works = picket_mps2_netif_up();
    if (works && (serve_until_address(LEASE_MS) || (fallback && picket_mps2_netif_set_address(fallback))))
        return 0;
    picket_mps2_netif_down();
    return PICKET_ERR_NO_NETWORK;
}

// What was closed says goodbye meanwhile.
static void stop(void *ctx)
{
    (void)ctx;
    uint32_t began = picket_mps2_millis(NULL);
    while (picket_mps2_millis(NULL) - began < LINGER_MS) {
        port()->poll(NULL);
        sleep_on_network(NULL, 10);
    }
    picket_mps2_netif_down();
}

static const picket_lwip_board_t board = {
    .start = start,
    .stop = stop,
    .poll = serve,
    .run_timers = true,
    .wait = sleep_on_network,
    .millis = picket_mps2_millis,
    .entropy = picket_mps2_test_entropy,
    .stack_make = picket_cortex_m_stack_make,
    .stack_switch = picket_cortex_m_stack_switch,
    .stack_room = picket_mps2_stack_room,
    .stack_intact = picket_mps2_stack_intact,
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
