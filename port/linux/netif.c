#include "linux_netif.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "linux_nat.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/timeouts.h"
#include "lwip_address.h"
#include "netif/ethernet.h"

// A frame on its way to lwIP, which uses it where it lies and then frees it, so that none is lost for want of
// a pbuf. There are never many: libslirp's sockets are read only when lwIP has had what came before, and then
// no further than lwIP's windows.
struct frame {
    struct pbuf_custom pbuf;
    struct frame *next;
    uint16_t len;
    // An Ethernet header has 14 bytes; two more before it put the IP header on a multiple of four.
    _Alignas(4) uint8_t space[2];
    uint8_t bytes[];
};

// Checksums are written and not verified (arch/lwip_options.h).
enum {
    CHECKSUMS = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_UDP | NETIF_CHECKSUM_GEN_TCP |
                NETIF_CHECKSUM_GEN_ICMP | NETIF_CHECKSUM_GEN_ICMP6
};

static struct netif netif;
static bool is_up;
static struct frame *first;
static struct frame *last;

// --- From libslirp to lwIP ---

static void free_frame(struct pbuf *p)
{
    free(p); // the first member of struct frame, and its first in turn
}

// libslirp may be in the middle of anything, lwIP too: nothing but queue here. A frame that the C library has
// no memory for is lost, as on a cable.
static void queue_frame(const void *bytes, size_t len)
{
    struct frame *frame = len <= UINT16_MAX ? malloc(sizeof *frame + len) : NULL;
    if (!frame)
        return;
    frame->next = NULL;
    frame->len = (uint16_t)len;
    memcpy(frame->bytes, bytes, len);
    if (last)
        last->next = frame;
    else
        first = frame;
    last = frame;
}

static struct frame *take_frame(void)
{
    struct frame *frame = first;
    first = frame->next;
    if (!first)
        last = NULL;
    return frame;
}

bool picket_linux_netif_has_frames(void)
{
    return first != NULL;
}

static void feed_frame(struct frame *frame)
{
    frame->pbuf.custom_free_function = free_frame;
    struct pbuf *p =
        pbuf_alloced_custom(PBUF_RAW, frame->len, PBUF_REF, &frame->pbuf, frame->bytes, frame->len);
    if (netif.input(p, &netif) != ERR_OK)
        pbuf_free(p);
}

// lwIP's answers to these may bring more; its windows end that.
void picket_linux_netif_feed(void)
{
    while (first)
        feed_frame(take_frame());
}

static void drop_frames(void)
{
    while (first)
        free(take_frame());
}

// --- From lwIP to libslirp ---

static err_t send_frame(struct netif *to, struct pbuf *p)
{
    (void)to;
    static uint8_t whole[PICKET_LINUX_MTU + SIZEOF_ETH_HDR];
    const void *frame = pbuf_get_contiguous(p, whole, sizeof whole, p->tot_len, 0);
    if (frame)
        picket_linux_nat_input(frame, p->tot_len);
    return ERR_OK;
}

// --- Routes (arch/lwip_options.h) ---

struct netif *picket_linux_route(const ip4_addr_t *destination)
{
    return is_up && ip4_addr_isloopback(destination) ? &netif : NULL;
}

static void ip6(ip6_addr_t *address, uint32_t last_byte)
{
    IP6_ADDR(address, PP_HTONL(0xfec00000), 0, 0, lwip_htonl(last_byte));
    ip6_addr_clear_zone(address);
}

const ip6_addr_t *picket_linux_gateway(void)
{
    static ip6_addr_t gateway;
    ip6(&gateway, PICKET_LINUX_GATEWAY);
    return &gateway;
}

static ip4_addr_t ip4(uint8_t last_byte)
{
    const uint8_t bytes[4] = {PICKET_LINUX_NET, last_byte};
    ip4_addr_t address;
    memcpy(&address.addr, bytes, sizeof bytes);
    return address;
}

// --- Up and down ---

static err_t init_netif(struct netif *n)
{
    static const uint8_t mac[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; // locally administered
    n->name[0] = 's';
    n->name[1] = 'l';
    n->mtu = PICKET_LINUX_MTU;
    n->hwaddr_len = sizeof mac;
    memcpy(n->hwaddr, mac, sizeof mac);
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = send_frame;
    return ERR_OK;
}

static void init_lwip(void)
{
    static bool done; // lwip_init is for once in a process
    if (!done)
        lwip_init();
    else
        sys_restart_timeouts(); // nobody ran them meanwhile
    done = true;
}

// An address that is known to be free is usable at once: no waiting for whether somebody else has it.
static void set_ip6(s8_t index)
{
    netif_ip6_addr_set_state(&netif, index, IP6_ADDR_PREFERRED);
}

static void set_addresses6(void)
{
    ip6_addr_t self;
    ip6(&self, PICKET_LINUX_SELF);
    netif_create_ip6_linklocal_address(&netif, 1);
    netif_ip6_addr_set(&netif, 1, &self);
    set_ip6(0);
    set_ip6(1);
}

static void set_addresses4(void)
{
    ip4_addr_t self = ip4(PICKET_LINUX_SELF);
    ip4_addr_t gateway = ip4(PICKET_LINUX_GATEWAY);
    ip4_addr_t mask = {PP_HTONL(0xffffff00)};
    picket_address_t server = {.family = 4, .bytes = {PICKET_LINUX_NET, PICKET_LINUX_NAME_SERVER}};
    netif_set_addr(&netif, &self, &mask, &gateway);
    picket_linux_netif_set_dns(0, &server);
}

int picket_linux_netif_up(bool dhcp)
{
    init_lwip();
    if (picket_linux_nat_open(queue_frame) < 0)
        return PICKET_ERR_NO_NETWORK;
    memset(&netif, 0, sizeof netif);
    netif_add_noaddr(&netif, NULL, init_netif, ethernet_input);
    NETIF_SET_CHECKSUM_CTRL(&netif, CHECKSUMS);
    netif_set_default(&netif);
    netif_set_link_up(&netif);
    netif_set_up(&netif);
    is_up = true;
    set_addresses6();
    if (!dhcp)
        set_addresses4();
    else if (dhcp_start(&netif) != ERR_OK)
        return PICKET_ERR_NO_NETWORK;
    return 0;
}

bool picket_linux_netif_has_lease(void)
{
    return dhcp_supplied_address(&netif);
}

// lwIP cannot be told to forget its lookups, but it ends them when there is no server to ask any more.
static void end_lookups(void)
{
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++)
        dns_setserver(i, NULL);
    for (int i = 0; i < 2 * DNS_MAX_RETRIES; i++)
        dns_tmr();
}

// Without its addresses lwIP resets the connections that are left (netif_remove).
void picket_linux_netif_down(void)
{
    if (!is_up)
        return;
    end_lookups();
    dhcp_release_and_stop(&netif);
    dhcp_cleanup(&netif);
    netif_remove(&netif);
    is_up = false;
    picket_linux_nat_close();
    drop_frames();
}

bool picket_linux_netif_is_sending(void)
{
    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
        if (pcb->unsent || pcb->unacked)
            return true;
    return false;
}

void picket_linux_netif_set_dns(unsigned index, const picket_address_t *address)
{
    ip_addr_t ip = picket_lwip_to_ip(address);
    dns_setserver((u8_t)index, &ip);
}
