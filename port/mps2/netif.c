#include "mps2_netif.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"
#include "mps2_lan9118.h"
#include "netif/ethernet.h"

_Static_assert(ETH_PAD_SIZE == PICKET_MPS2_LAN9118_PAD, "the controller's pad is lwIP's");

static struct netif netif;
static bool is_up;

// --- From lwIP to the controller ---

static err_t send_frame(struct netif *to, struct pbuf *p)
{
    (void)to;
    static uint32_t words[(PICKET_MPS2_LAN9118_FRAME + ETH_PAD_SIZE + 3) / 4];
    if (p->tot_len <= ETH_PAD_SIZE || p->tot_len > sizeof words)
        return ERR_BUF;
    pbuf_copy_partial(p, words, p->tot_len, 0);
    return picket_mps2_lan9118_send(words, (size_t)(p->tot_len - ETH_PAD_SIZE)) ? ERR_OK : ERR_MEM;
}

// --- From the controller to lwIP ---

// A frame is one pbuf of the pool, so a frame that came in pieces is put together by none.
static bool take_frame(size_t len)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
    if (!p)
        return false;
    if (p->next) { // PBUF_POOL_BUFSIZE is smaller than a frame: not with our options
        picket_mps2_lan9118_take(NULL, 0);
        pbuf_free(p);
        return true;
    }
    picket_mps2_lan9118_take(p->payload, (len + 3) / 4);
    if (netif.input(p, &netif) != ERR_OK)
        pbuf_free(p);
    return true;
}

static void follow_link(void)
{
    bool link = picket_mps2_lan9118_link();
    if (link && !netif_is_link_up(&netif))
        netif_set_link_up(&netif);
    else if (!link && netif_is_link_up(&netif))
        netif_set_link_down(&netif);
}

bool picket_mps2_netif_feed(void)
{
    if (!is_up)
        return true;
    while (*picket_mps2_lan9118_flag()) {
        follow_link();
        for (size_t len; (len = picket_mps2_lan9118_next()) > 0;)
            if (!take_frame(len))
                return false;
        picket_mps2_lan9118_listen();
    }
    return true;
}

// --- Up and down ---

static err_t init_netif(struct netif *n)
{
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->mtu = 1500;
    n->hwaddr_len = ETH_HWADDR_LEN;
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_MLD6;
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = send_frame;
    return picket_mps2_lan9118_start(n->hwaddr) ? ERR_OK : ERR_IF;
}

static void init_lwip(void)
{
    static bool done; // lwip_init is for once in a program
    if (!done)
        lwip_init();
    else
        sys_restart_timeouts(); // nobody ran them meanwhile
    done = true;
}

static void start_ip6(void)
{
    netif_create_ip6_linklocal_address(&netif, 1);
    netif.ip6_autoconfig_enabled = 1;
}

bool picket_mps2_netif_up(void)
{
    init_lwip();
    memset(&netif, 0, sizeof netif);
    if (!netif_add_noaddr(&netif, NULL, init_netif, ethernet_input))
        return false;
    netif_set_default(&netif);
    netif_set_up(&netif);
    is_up = true;
    follow_link();
    start_ip6();
    return dhcp_start(&netif) == ERR_OK;
}

bool picket_mps2_netif_has_address(void)
{
    return dhcp_supplied_address(&netif);
}

bool picket_mps2_netif_set_address(const struct picket_mps2_static *addresses)
{
    ip4_addr_t self;
    ip4_addr_t mask;
    ip4_addr_t gateway;
    ip_addr_t dns;
    dhcp_release_and_stop(&netif);
    if (!ip4addr_aton(addresses->address, &self) || !ip4addr_aton(addresses->mask, &mask) ||
        !ip4addr_aton(addresses->gateway, &gateway) || !ipaddr_aton(addresses->dns, &dns))
        return false;
    netif_set_addr(&netif, &self, &mask, &gateway);
    dns_setserver(0, &dns);
    return netif_is_link_up(&netif);
}

// lwIP cannot be told to forget its lookups, but it ends them when there is no server to ask any more.
static void end_lookups(void)
{
    for (u8_t i = 0; i < DNS_MAX_SERVERS; i++)
        dns_setserver(i, NULL);
    for (int i = 0; i < 2 * DNS_MAX_RETRIES; i++)
        dns_tmr();
}

void picket_mps2_netif_down(void)
{
    if (!is_up)
        return;
    end_lookups();
    dhcp_release_and_stop(&netif);
    dhcp_cleanup(&netif);
    netif_remove(&netif);
    is_up = false;
}
