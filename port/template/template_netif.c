#include "template_netif.h"

#include <string.h>

#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"
#include "template_machine.h"

static struct netif netif;
static bool is_up;

// --- From lwIP to the device ---

// p may be a chain; its first ETH_PAD_SIZE bytes are not sent. It is lwIP's again when this returns. A device with
// DMA that reads it later must hold it (pbuf_ref) until then.
static err_t send_frame(struct netif *to, struct pbuf *p)
{
    (void)to;
    static uint8_t frame[PICKET_TEMPLATE_FRAME_MAX];
    size_t len = (size_t)p->tot_len - ETH_PAD_SIZE;
    if (p->tot_len <= ETH_PAD_SIZE || len > sizeof frame)
        return ERR_BUF;
    pbuf_copy_partial(p, frame, (u16_t)len, ETH_PAD_SIZE);
    return picket_template_device_send(frame, len) ? ERR_OK : ERR_MEM;
}

// --- From the device to lwIP ---

// The frame goes into one pbuf of the pool, behind the pad. netif.input takes the pbuf over, unless it fails.
static bool take_frame(size_t len)
{
    struct pbuf *p = NULL;
    if (len <= PICKET_TEMPLATE_FRAME_MAX)
        p = pbuf_alloc(PBUF_RAW, (u16_t)(len + ETH_PAD_SIZE), PBUF_POOL);
    if (len <= PICKET_TEMPLATE_FRAME_MAX && !p)
        return false; // it stays in the device until there is memory: nothing is lost
    bool fits = p && p->len == p->tot_len;
    picket_template_device_take(fits ? (uint8_t *)p->payload + ETH_PAD_SIZE : NULL, len);
    if (p && (!fits || netif.input(p, &netif) != ERR_OK))
        pbuf_free(p);
    return true;
}

static void follow_link(void)
{
    bool link = picket_template_device_link();
    if (link && !netif_is_link_up(&netif))
        netif_set_link_up(&netif);
    else if (!link && netif_is_link_up(&netif))
        netif_set_link_down(&netif);
}

bool picket_template_netif_feed(void)
{
    if (!is_up)
        return true;
    while (picket_template_device_flag) {
        picket_template_device_listen(); // what comes from here on sets the flag again
        follow_link();
        for (size_t len; (len = picket_template_device_next()) > 0;)
            if (!take_frame(len)) {
                picket_template_device_flag = true;
                return false;
            }
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
    return picket_template_device_start(n->hwaddr) ? ERR_OK : ERR_IF;
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

bool picket_template_netif_up(void)
{
    init_lwip();
    memset(&netif, 0, sizeof netif);
    if (!netif_add_noaddr(&netif, NULL, init_netif, ethernet_input))
        return false;
    netif_set_default(&netif);
    netif_set_up(&netif);
    is_up = true;
    follow_link();
    netif_create_ip6_linklocal_address(&netif, 1);
    netif.ip6_autoconfig_enabled = 1;
    return dhcp_start(&netif) == ERR_OK;
}

bool picket_template_netif_has_address(void)
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

void picket_template_netif_down(void)
{
    if (!is_up)
        return;
    end_lookups();
    dhcp_release_and_stop(&netif);
    dhcp_cleanup(&netif);
    netif_remove(&netif);
    is_up = false;
}
