#include "linux_port.h"

#include <arpa/inet.h>
#include <string.h>

#include "linux_clock.h"
#include "linux_nat.h"
#include "linux_netif.h"
#include "linux_stack.h"
#include "linux_trace.h"
#include "lwip_port.h"

enum { LEASE_MS = 5000, LINGER_MS = 250 };

static bool dhcp;
static picket_address_t dns_servers[PICKET_LINUX_DNS_SERVERS]; // family 0: none

// --- Configuration ---

static bool read_address(const char *text, picket_address_t *address)
{
    memset(address, 0, sizeof *address);
    if (!text)
        return true;
    address->family = strchr(text, ':') ? 6 : 4;
    return inet_pton(address->family == 6 ? AF_INET6 : AF_INET, text, address->bytes) == 1;
}

int picket_linux_configure(const struct picket_linux_config *config)
{
    picket_address_t servers[PICKET_LINUX_DNS_SERVERS];
    for (unsigned i = 0; i < PICKET_LINUX_DNS_SERVERS; i++)
        if (!read_address(config->dns_servers[i], &servers[i]))
            return PICKET_ERR_ARG;
    if (picket_linux_trace_open(config->trace_file) < 0)
        return PICKET_ERR_ARG;
    memcpy(dns_servers, servers, sizeof servers);
    dhcp = config->dhcp;
    return 0;
}

// --- Serving the network ---

static uint32_t serve(void *ctx)
{
    (void)ctx;
    picket_linux_netif_feed();
    uint32_t ms = picket_linux_nat_poll(0);
    picket_linux_netif_feed();
    return ms;
}

static void sleep_on_network(void *ctx, uint32_t ms)
{
    (void)ctx;
    if (!picket_linux_netif_has_frames())
        picket_linux_nat_poll(ms);
}

// lwIP is not told of ::1, which it takes for itself.
static void map_address(void *ctx, picket_address_t *address)
{
    (void)ctx;
    static const uint8_t loopback[16] = {[15] = 1};
    static const uint8_t gateway[16] = {0xfe, 0xc0, [15] = PICKET_LINUX_GATEWAY};
    if (address->family == 6 && memcmp(address->bytes, loopback, sizeof loopback) == 0)
        memcpy(address->bytes, gateway, sizeof gateway);
}

// --- Start and stop ---

static const picket_port_t *port(void);

// Serve the network until a condition has this value, but no longer than ms.
static bool serve_until(bool (*condition)(void), bool value, uint32_t ms)
{
    uint32_t began = picket_linux_millis(NULL);
    for (;;) {
        uint32_t pause = port()->poll(NULL);
        uint32_t gone = picket_linux_millis(NULL) - began;
        if (condition() == value)
            return true;
        if (gone >= ms)
            return false;
        port()->wait(NULL, pause < ms - gone ? pause : ms - gone);
    }
}

static void set_dns_servers(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < PICKET_LINUX_DNS_SERVERS; i++) {
        if (dns_servers[i].family == 0)
            continue;
        picket_address_t address = dns_servers[i];
        map_address(NULL, &address);
        picket_linux_netif_set_dns(count++, &address);
    }
}

static int start(void *ctx)
{
    (void)ctx;
    picket_linux_netif_down();
    int result = picket_linux_netif_up(dhcp);
    if (result == 0 && dhcp && !serve_until(picket_linux_netif_has_lease, true, LEASE_MS))
        result = PICKET_ERR_NO_NETWORK;
    if (result < 0)
        picket_linux_netif_down();
    else
        set_dns_servers();
    return result;
}

// What was closed may still be saying goodbye; with libslirp so near that takes no time, and a server that
// does not listen is not waited for.
static void stop(void *ctx)
{
    (void)ctx;
    serve_until(picket_linux_netif_is_sending, false, LINGER_MS);
    picket_linux_netif_down();
    picket_linux_trace_flush();
}

static const picket_lwip_board_t board = {
    .start = start,
    .stop = stop,
    .poll = serve,
    .run_timers = true,
    .wait = sleep_on_network,
    .millis = picket_linux_millis,
    .unix_ms = picket_linux_unix_ms,
    .entropy = picket_linux_entropy,
    .map_address = map_address,
    .stack_make = picket_linux_stack_make,
    .stack_switch = picket_linux_stack_switch,
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
