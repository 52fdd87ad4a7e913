// packet.h: is it an IP packet? And what of it.
#ifndef PICKET_LINK_PACKET_H
#define PICKET_LINK_PACKET_H

#include <stddef.h>
#include <stdint.h>

enum { IP4_HEADER = 20, IP6_HEADER = 40 };

// The length that the header of an IP packet says, which is at most len, the bytes that there are; 0 when it
// is no IP packet, its header is cut short or lies about the lengths.
size_t packet_length(const uint8_t *packet, size_t len);

// Of a packet that packet_length has found good: 4 or 6.
int packet_version(const uint8_t *packet);

uint16_t packet_u16(const uint8_t *bytes);
void packet_put_u16(uint8_t *bytes, uint16_t value);

// The Internet checksum (RFC 1071) over len bytes, an even number, with sum added.
uint16_t packet_checksum(const uint8_t *bytes, size_t len, uint32_t sum);

#endif
