// ether.c: see ether.h.
#include "ether.h"

#include <string.h>

#include "linux_nat.h"
#include "packet.h"

enum { TYPE_IP4 = 0x0800, TYPE_ARP = 0x0806, TYPE_IP6 = 0x86dd };
enum { MAC = 6, ARP_LENGTH = 28, ARP_ASKS = 1, ARP_ANSWERS = 2 };
enum {
    NEXT_ICMP6 = 58,
    SOLICITATION = 135,
    ADVERTISEMENT = 136,
    SOLICITATION_LENGTH = 24,
    ADVERTISEMENT_LENGTH = 32
};

static const uint8_t board[MAC] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}; // locally administered
static const uint8_t gateway[MAC] = {0x52, 0x55, PICKET_LINUX_NET, PICKET_LINUX_GATEWAY}; // libslirp's

static void put_header(uint8_t *frame, uint16_t type)
{
    memcpy(frame, gateway, MAC);
    memcpy(frame + MAC, board, MAC);
    packet_put_u16(frame + 2 * MAC, type);
}

size_t ether_wrap(uint8_t *frame, const uint8_t *packet, size_t len)
{
    put_header(frame, packet_version(packet) == 4 ? TYPE_IP4 : TYPE_IP6);
    memcpy(frame + ETHER_HEADER, packet, len);
    return ETHER_HEADER + len;
}

static bool is_of_type(const uint8_t *frame, size_t len, uint16_t type)
{
    return len > ETHER_HEADER && packet_u16(frame + 2 * MAC) == type;
}

// A frame may be padded: the packet is as long as it says.
size_t ether_unwrap(const uint8_t *frame, size_t len, const uint8_t **packet)
{
    if (!is_of_type(frame, len, TYPE_IP4) && !is_of_type(frame, len, TYPE_IP6))
        return 0;
    *packet = frame + ETHER_HEADER;
    const size_t length = packet_length(*packet, len - ETHER_HEADER);
    return length <= ETHER_MTU ? length : 0;
}

// --- ARP (RFC 826) ---

static size_t put_arp(uint8_t *frame, uint16_t operation, const uint8_t sender[4], const uint8_t target[4])
{
    static const uint8_t start[6] = {0, 1, 8, 0, MAC, 4};
    uint8_t *const arp = frame + ETHER_HEADER;
    put_header(frame, TYPE_ARP);
    memcpy(arp, start, sizeof start);
    packet_put_u16(arp + 6, operation);
    memcpy(arp + 8, board, MAC);
    memcpy(arp + 14, sender, 4);
    memcpy(arp + 18, gateway, MAC);
    memcpy(arp + 24, target, 4);
    return ETHER_HEADER + ARP_LENGTH;
}

// Whatever address is asked for: nobody but the board is on the line.
static size_t answer_arp(uint8_t *answer, const uint8_t *frame, size_t len)
{
    const uint8_t *const arp = frame + ETHER_HEADER;
    if (!is_of_type(frame, len, TYPE_ARP) || len < ETHER_HEADER + ARP_LENGTH ||
        packet_u16(arp + 6) != ARP_ASKS)
        return 0;
    return put_arp(answer, ARP_ANSWERS, arp + 24, arp + 14);
}

size_t ether_announce4(uint8_t frame[ETHER_TALK])
{
    static const uint8_t self[4] = {PICKET_LINUX_NET, PICKET_LINUX_SELF};
    static const uint8_t host[4] = {PICKET_LINUX_NET, PICKET_LINUX_GATEWAY};
    return put_arp(frame, ARP_ASKS, self, host);
}

// --- Neighbour discovery (RFC 4861) ---

static void put_ip6(uint8_t *ip, const uint8_t source[16], const uint8_t destination[16])
{
    static const uint8_t start[8] = {0x60, 0, 0, 0, 0, ADVERTISEMENT_LENGTH, NEXT_ICMP6, 255};
    memcpy(ip, start, sizeof start);
    memcpy(ip + 8, source, 16);
    memcpy(ip + 24, destination, 16);
}

static size_t put_advertisement(uint8_t *frame, const uint8_t target[16], const uint8_t destination[16])
{
    static const uint8_t start[8] = {ADVERTISEMENT, 0, 0, 0, 0x60}; // solicited, override
    static const uint8_t option[2] = {2, 1};                        // the target's link-layer address
    uint8_t *const ip = frame + ETHER_HEADER;
    uint8_t *const icmp = ip + IP6_HEADER;
    put_header(frame, TYPE_IP6);
    put_ip6(ip, target, destination);
    memcpy(icmp, start, sizeof start);
    memcpy(icmp + 8, target, 16);
    memcpy(icmp + 24, option, sizeof option);
    memcpy(icmp + 26, board, MAC);
    // The pseudo-header: both addresses, the length and the number of the protocol.
    packet_put_u16(icmp + 2,
                   packet_checksum(ip + 8, 32 + ADVERTISEMENT_LENGTH, ADVERTISEMENT_LENGTH + NEXT_ICMP6));
    return ETHER_HEADER + IP6_HEADER + ADVERTISEMENT_LENGTH;
}

static size_t answer_solicitation(uint8_t *answer, const uint8_t *frame, size_t len)
{
    const uint8_t *const ip = frame + ETHER_HEADER;
    if (!is_of_type(frame, len, TYPE_IP6) || len < ETHER_HEADER + IP6_HEADER + SOLICITATION_LENGTH)
        return 0;
    if (ip[6] != NEXT_ICMP6 || ip[IP6_HEADER] != SOLICITATION)
        return 0;
    return put_advertisement(answer, ip + IP6_HEADER + 8, ip + 8);
}

size_t ether_announce6(uint8_t frame[ETHER_TALK])
{
    static const uint8_t self[16] = {0xfe, 0xc0, [15] = PICKET_LINUX_SELF};
    static const uint8_t host[16] = {0xfe, 0xc0, [15] = PICKET_LINUX_GATEWAY};
    return put_advertisement(frame, self, host);
}

size_t ether_answer(uint8_t answer[ETHER_TALK], const uint8_t *frame, size_t len)
{
    const size_t arp = answer_arp(answer, frame, len);
    return arp > 0 ? arp : answer_solicitation(answer, frame, len);
}
