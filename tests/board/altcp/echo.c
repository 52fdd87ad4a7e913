// echo.c: an ICMP echo request every 50 ms, and how late it is answered.
#include <stdbool.h>
#include <string.h>

#include "board.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip4.h"
#include "lwip/netif.h"
#include "lwip/prot/ip.h"
#include "lwip/prot/icmp.h"
#include "pico/time.h"

enum { EVERY_US = 50000, LEN = 20 + 8 };

uint32_t echoes, latest_echo;

static netif_output_fn output;
static uint64_t due;

static err_t send(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    uint8_t bytes[LEN];
    bool is_reply = pbuf_copy_partial(p, bytes, LEN, 0) == LEN && p->tot_len == LEN &&
                    bytes[9] == IP_PROTO_ICMP && bytes[20] == ICMP_ER;
    if (!is_reply)
        return output(netif, p, to);
    uint32_t late = (uint32_t)(time_us_64() - due);
    latest_echo = late > latest_echo ? late : latest_echo;
    echoes++;
    return ERR_OK;
}

static void request(void)
{
    uint8_t bytes[LEN] = {0x45, 0, 0, LEN, 0,  0, 0, 0,  64,       IP_PROTO_ICMP, 0, 0, // from the computer
                          10,   0, 2, 2,   10, 0, 2, 15, ICMP_ECHO};
    struct pbuf *p = pbuf_alloc(PBUF_RAW, LEN, PBUF_RAM);
    if (p == NULL)
        return;
    uint16_t sum = inet_chksum(bytes, 20);
    memcpy(bytes + 10, &sum, 2);
    sum = inet_chksum(bytes + 20, 8);
    memcpy(bytes + 22, &sum, 2);
    pbuf_take(p, bytes, LEN);
    if (netif_default->input(p, netif_default) != ERR_OK)
        pbuf_free(p);
}

void echo_if_due(void)
{
    if (output == NULL) {
        output = netif_default->output;
        netif_default->output = send;
        due = time_us_64();
    }
    if (time_us_64() < due)
        return;
    request();
    due = time_us_64() + EVERY_US;
}
