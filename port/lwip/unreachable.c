// "Destination unreachable", in its two versions: ICMP type 3 (RFC 792) and ICMPv6 type 1 (RFC 4443 section
// 3.1).
//
// lwIP ignores both, and goes on sending SYNs. A client that has another address to try, or a user who waits,
// wants to know (RFC 5461). The message quotes the packet that it is about; its random sequence number shows
// that whoever sent the message has seen that packet.
#include <stdbool.h>
#include <string.h>

#include "lwip/pbuf.h"
#include "lwip_address.h"
#include "lwip_tcp.h"

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_ICMP6 = 58 };

// The hooks that config/lwipopts.h installs: called with each packet before lwIP looks at it. They return 0:
// go on.
int picket_lwip_ip4_input(struct pbuf *p, struct netif *netif);
int picket_lwip_ip6_input(struct pbuf *p, struct netif *netif);

static bool copy(const struct pbuf *p, size_t offset, uint8_t *to, uint16_t len)
{
    return offset + len <= p->tot_len && pbuf_copy_partial(p, to, len, (u16_t)offset) == len;
}

static uint16_t be16(const uint8_t *b)
{
    return (uint16_t)(b[0] << 8 | b[1]);
}

static uint32_t be32(const uint8_t *b)
{
    return (uint32_t)be16(b) << 16 | be16(b + 2);
}

// The first eight bytes of the quoted TCP header: ports and sequence number.
static void report(const struct pbuf *p, size_t offset, const picket_address_t *remote, int error)
{
    uint8_t tcp[8];
    if (!copy(p, offset, tcp, sizeof tcp))
        return;
    struct picket_lwip_packet packet = {
        .remote = picket_lwip_to_ip(remote),
        .local_port = be16(tcp),
        .remote_port = be16(tcp + 2),
        .seqno = be32(tcp + 4),
    };
    picket_lwip_undelivered(&packet, error);
}

#if LWIP_IPV4
static void report4(const struct pbuf *p, size_t offset, int error)
{
    uint8_t quoted[20];
    if (!copy(p, offset, quoted, sizeof quoted) || quoted[9] != PROTOCOL_TCP)
        return;
    picket_address_t remote = {.family = 4};
    memcpy(remote.bytes, quoted + 16, 4);
    report(p, offset + (quoted[0] & 15U) * 4, &remote, error);
}

int picket_lwip_ip4_input(struct pbuf *p, struct netif *netif)
{
    (void)netif;
    uint8_t ip[20];
    uint8_t icmp[8];
    if (!copy(p, 0, ip, sizeof ip) || ip[9] != PROTOCOL_ICMP)
        return 0;
    size_t offset = (ip[0] & 15U) * 4;
    if (!copy(p, offset, icmp, sizeof icmp) || icmp[0] != 3)
        return 0;
    bool no_service = icmp[1] == 2 || icmp[1] == 3; // protocol, port
    bool too_big = icmp[1] == 4;                    // says nothing about a SYN
    if (!too_big)
        report4(p, offset + sizeof icmp, no_service ? PICKET_ERR_REFUSED : PICKET_ERR_UNREACHABLE);
    return 0;
}
#endif

#if LWIP_IPV6
static void report6(const struct pbuf *p, size_t offset, int error)
{
    uint8_t quoted[40];
    if (!copy(p, offset, quoted, sizeof quoted) || quoted[6] != PROTOCOL_TCP)
        return;
    picket_address_t remote = {.family = 6};
    memcpy(remote.bytes, quoted + 24, 16);
    report(p, offset + sizeof quoted, &remote, error);
}

int picket_lwip_ip6_input(struct pbuf *p, struct netif *netif)
{
    (void)netif;
    uint8_t ip[40];
    uint8_t icmp[8];
    if (!copy(p, 0, ip, sizeof ip) || ip[6] != PROTOCOL_ICMP6)
        return 0;
    if (!copy(p, sizeof ip, icmp, sizeof icmp) || icmp[0] != 1)
        return 0;
    bool no_service = icmp[1] == 4; // port
    report6(p, sizeof ip + sizeof icmp, no_service ? PICKET_ERR_REFUSED : PICKET_ERR_UNREACHABLE);
    return 0;
}
#endif
