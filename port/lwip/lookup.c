#include "lwip_lookup.h"

#include <stdbool.h>
#include <string.h>

#include "lwip/dns.h"
#include "lwip/ip.h"
#include "lwip_address.h"
#include "lwip_board.h"
#include "lwip_handle.h"

struct lookup {
    uint32_t generation;
    bool held;    // its handle is out
    bool waiting; // lwIP has not answered yet
    int result;   // 1, PICKET_AGAIN or an error
    picket_address_t address;
};

static struct lookup lookups[PICKET_LWIP_LOOKUPS];

static int handle_of(const struct lookup *lookup)
{
    return picket_lwip_handle((unsigned)(lookup - lookups), lookup->generation);
}

static struct lookup *find(int handle)
{
    unsigned index = picket_lwip_index(handle);
    if (handle <= 0 || index >= PICKET_LWIP_LOOKUPS ||
        lookups[index].generation != picket_lwip_generation(handle))
        return NULL;
    return &lookups[index];
}

static struct lookup *find_free(void)
{
    for (unsigned i = 0; i < PICKET_LWIP_LOOKUPS; i++)
        if (!lookups[i].held && !lookups[i].waiting)
            return &lookups[i];
    return NULL;
}

static void set_address(struct lookup *lookup, const ip_addr_t *ip)
{
    lookup->address = picket_lwip_from_ip(ip);
    lookup->result = 1;
}

// lwIP says the same when a server has answered "no" and when none has answered. But an answer is a packet,
// which lwIP is dealing with at this moment, and a time-out is not. (A server that could not find out,
// SERVFAIL, counts as a "no".)
static int why_not(void)
{
    return ip_current_netif() ? PICKET_ERR_NO_ADDRESS : PICKET_ERR_TIMEOUT_LOOKUP;
}

static void answered(const char *name, const ip_addr_t *ip, void *argument)
{
    (void)name;
    struct lookup *lookup = find(picket_lwip_from_argument(argument));
    if (!lookup)
        return;
    lookup->waiting = false;
    if (ip)
        set_address(lookup, ip);
    else
        lookup->result = why_not();
    picket_lwip_happened();
}

// What can be written into a query: parts of 1 to 63 characters (RFC 1035 section 2.3.4). lwIP does not look.
static bool can_be_asked(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= DNS_MAX_NAME_LENGTH)
        return false;
    while (*name) {
        size_t part = strcspn(name, ".");
        if (part == 0 || part > 63)
            return false;
        name += part;
        name += *name == '.';
    }
    return true;
}

static int ask(struct lookup *lookup, const char *name, int family)
{
    ip_addr_t ip;
    lookup->generation = picket_lwip_next_generation(lookup->generation);
    lookup->result = PICKET_AGAIN;
    u8_t type = family == 6 ? LWIP_DNS_ADDRTYPE_IPV6 : LWIP_DNS_ADDRTYPE_IPV4;
    err_t err =
        dns_gethostbyname_addrtype(name, &ip, answered, picket_lwip_argument(handle_of(lookup)), type);
    if (err == ERR_MEM)
        return PICKET_AGAIN; // lwIP's own table is full
    if (err == ERR_VAL)
        return PICKET_ERR_NO_NETWORK; // no name server is known
    if (err != ERR_OK && err != ERR_INPROGRESS)
        return PICKET_ERR_NO_ADDRESS;
    if (err == ERR_OK)
        set_address(lookup, &ip);
    lookup->waiting = err == ERR_INPROGRESS && lookup->result == PICKET_AGAIN;
    lookup->held = true;
    return handle_of(lookup);
}

static int lookup_locked(const char *name, int family)
{
    if (!picket_lwip_has_network(family))
        return PICKET_ERR_NO_NETWORK;
    struct lookup *lookup = find_free();
    return lookup ? ask(lookup, name, family) : PICKET_AGAIN;
}

int picket_lwip_lookup(void *ctx, const char *name, int family)
{
    (void)ctx;
    if (!name || (family != 4 && family != 6))
        return PICKET_ERR_ARG;
    if (!can_be_asked(name))
        return PICKET_ERR_NO_ADDRESS;
    picket_lwip_lock();
    int result = lookup_locked(name, family);
    picket_lwip_unlock();
    return result;
}

static int result_of(int handle, picket_address_t *address)
{
    const struct lookup *lookup = find(handle);
    if (!lookup || !lookup->held)
        return PICKET_ERR_CLOSED;
    if (lookup->result == 1)
        *address = lookup->address;
    return lookup->result;
}

int picket_lwip_lookup_result(void *ctx, int handle, picket_address_t *address)
{
    (void)ctx;
    picket_lwip_lock();
    int result = result_of(handle, address);
    picket_lwip_unlock();
    return result;
}

// lwIP cannot cancel a lookup: while it is waiting, the slot stays taken, as lwIP's own does.
void picket_lwip_lookup_end(void *ctx, int handle)
{
    (void)ctx;
    picket_lwip_lock();
    struct lookup *lookup = find(handle);
    if (lookup)
        lookup->held = false;
    picket_lwip_unlock();
}

void picket_lwip_lookup_stop(void)
{
    for (unsigned i = 0; i < PICKET_LWIP_LOOKUPS; i++) {
        lookups[i].generation = picket_lwip_next_generation(lookups[i].generation);
        lookups[i].held = lookups[i].waiting = false;
    }
}
