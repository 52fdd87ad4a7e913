#include "dial.h"

#include "picket/options.h"

enum { WAY_NONE, WAY_WANTED, WAY_LOOKUP, WAY_KNOWN, WAY_CONNECTING, WAY_FAILED };
enum { IPV6, IPV4, WAYS };

// How long an IPv4 answer waits for the IPv6 one (RFC 8305 section 3).
#define RESOLUTION_DELAY_MS 50

static void fail(dial_way_t *way, int error)
{
    way->state = WAY_FAILED;
    way->error = error;
}

void dial_start(dial_t *dial, const picket_port_t *port, const char *host, const picket_address_t *address,
                uint16_t tcp_port)
{
    *dial = (dial_t){.port = port, .host = host, .tcp_port = tcp_port};
    if (address == NULL) {
        dial->ways[IPV6].state = dial->ways[IPV4].state = WAY_WANTED;
        return;
    }
    dial_way_t *way = &dial->ways[address->family == 6 ? IPV6 : IPV4];
    way->state = WAY_KNOWN;
    way->address = *address;
}

// --- One way

static void begin_lookup(dial_t *dial, dial_way_t *way, int family)
{
    int handle = dial->port->lookup(dial->port->ctx, dial->host, family);
    if (handle == PICKET_AGAIN)
        return; // all lookups are taken: ask again
    if (handle < 0) {
        fail(way, handle);
        return;
    }
    way->state = WAY_LOOKUP;
    way->handle = handle;
}

static void follow_lookup(dial_t *dial, dial_way_t *way)
{
    int result = dial->port->lookup_result(dial->port->ctx, way->handle, &way->address);
    if (result == PICKET_AGAIN)
        return;
    dial->port->lookup_end(dial->port->ctx, way->handle);
    if (result < 0)
        fail(way, result);
    else
        way->state = WAY_KNOWN;
}

static void begin_connect(dial_t *dial, dial_way_t *way)
{
    int handle = dial->port->connect(dial->port->ctx, &way->address, dial->tcp_port);
    if (handle < 0) {
        fail(way, handle);
        return;
    }
    way->state = WAY_CONNECTING;
    way->handle = handle;
}

// True when it is established.
static bool follow_connect(dial_t *dial, dial_way_t *way)
{
    int result = dial->port->connected(dial->port->ctx, way->handle);
    if (result == PICKET_AGAIN)
        return false;
    if (result > 0)
        return true;
    dial->port->abort(dial->port->ctx, way->handle);
    fail(way, result);
    return false;
}

// --- The race

// IPv6 goes at once. IPv4 waits while IPv6 is being looked up, briefly, and while IPv6 has its head start.
static bool may_connect(dial_t *dial, int which, uint32_t now)
{
    uint8_t other = dial->ways[IPV6].state;
    if (which == IPV6 || other == WAY_NONE || other == WAY_FAILED)
        return true;
    if (!dial->head_start.on)
        dial->head_start = deadline_in(now, RESOLUTION_DELAY_MS);
    return deadline_passed(&dial->head_start, now);
}

static bool advance(dial_t *dial, int which, uint32_t now)
{
    dial_way_t *way = &dial->ways[which];
    if (way->state == WAY_WANTED)
        begin_lookup(dial, way, which == IPV6 ? 6 : 4);
    if (way->state == WAY_LOOKUP)
        follow_lookup(dial, way);
    if (way->state == WAY_KNOWN && may_connect(dial, which, now)) {
        begin_connect(dial, way);
        if (which == IPV6)
            dial->head_start = deadline_in(now, PICKET_RACE_MS);
    }
    return way->state == WAY_CONNECTING && follow_connect(dial, way);
}

// The further a way came, the more its error tells; of two that came as far, a server's word tells more than
// silence or than an address family that this network does not have.
static int rank(int error)
{
    static const int order[] = {PICKET_ERR_NO_NETWORK, PICKET_ERR_NO_ADDRESS,  PICKET_ERR_TIMEOUT_LOOKUP,
                                PICKET_ERR_NO_MEMORY,  PICKET_ERR_UNREACHABLE, PICKET_ERR_TIMEOUT_CONNECT,
                                PICKET_ERR_RESET,      PICKET_ERR_REFUSED};
    int n = (int)(sizeof order / sizeof order[0]);
    for (int i = 0; i < n; i++) {
        if (order[i] == error)
            return i + 1;
    }
    return error == 0 ? 0 : n + 1;
}

static int both_failed(const dial_t *dial)
{
    int six = dial->ways[IPV6].error, four = dial->ways[IPV4].error;
    return rank(six) > rank(four) ? six : four;
}

int dial_poll(dial_t *dial, uint32_t now, int *handle, picket_address_t *address)
{
    bool open = false;
    for (int which = 0; which < WAYS; which++) {
        dial_way_t *way = &dial->ways[which];
        if (advance(dial, which, now)) {
            *handle = way->handle;
            *address = way->address;
            way->state = WAY_NONE; // the caller's now
            dial_stop(dial);
            return 1;
        }
        open = open || (way->state != WAY_NONE && way->state != WAY_FAILED);
    }
    return open ? PICKET_AGAIN : both_failed(dial);
}

uint32_t dial_next(const dial_t *dial, uint32_t now, uint32_t ms)
{
    if (dial->ways[IPV4].state == WAY_KNOWN)
        ms = deadline_left(&dial->head_start, now, ms);
    bool again = dial->ways[IPV6].state == WAY_WANTED || dial->ways[IPV4].state == WAY_WANTED;
    return again && ms > 10 ? 10 : ms;
}

bool dial_connecting(const dial_t *dial)
{
    return dial->ways[IPV6].state == WAY_CONNECTING || dial->ways[IPV4].state == WAY_CONNECTING;
}

void dial_stop(dial_t *dial)
{
    for (int which = 0; which < WAYS; which++) {
        dial_way_t *way = &dial->ways[which];
        if (way->state == WAY_LOOKUP)
            dial->port->lookup_end(dial->port->ctx, way->handle);
        if (way->state == WAY_CONNECTING)
            dial->port->abort(dial->port->ctx, way->handle);
        way->state = WAY_NONE;
    }
}
