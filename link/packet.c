// packet.c: see packet.h.
#include "packet.h"

uint16_t packet_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

void packet_put_u16(uint8_t *bytes, uint16_t value)
{
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

int packet_version(const uint8_t *packet)
{
    return packet[0] >> 4;
}

static size_t length4(const uint8_t *packet, size_t len)
{
    if (len < IP4_HEADER)
        return 0;
    const size_t header = (size_t)(packet[0] & 15) * 4;
    const size_t total = packet_u16(packet + 2);
    return header >= IP4_HEADER && header <= total && total <= len ? total : 0;
}

static size_t length6(const uint8_t *packet, size_t len)
{
    if (len < IP6_HEADER)
        return 0;
    const size_t total = IP6_HEADER + (size_t)packet_u16(packet + 4);
    return total <= len ? total : 0;
}

size_t packet_length(const uint8_t *packet, size_t len)
{
    if (len == 0)
        return 0;
    switch (packet_version(packet)) {
    case 4: return length4(packet, len);
    case 6: return length6(packet, len);
    default: return 0;
    }
}

uint16_t packet_checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        sum += packet_u16(bytes + i);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}
