// slip.h: packets on a serial line (RFC 1055), both ways. Bytes in, bytes out: no device here.
#ifndef PICKET_LINK_SLIP_H
#define PICKET_LINK_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_MTU          1500u // RFC 1055 says 1006; what a board's lwIP sends and takes is this

// What encoding makes of a packet at the most: every byte escaped, and an END before and behind.
#define SLIP_ENCODED(len) (2 * (len) + 2)

struct slip_decoder {
    uint8_t packet[SLIP_MTU];
    size_t len;
    bool escaped; // the byte before was ESC
    bool spoiled; // the packet is too long, or has a broken escape: it is dropped as a whole
    unsigned long dropped;
};

// Take one byte. The length of the packet that it completes, which is in d->packet until the next byte; 0:
// none.
size_t slip_decode(struct slip_decoder *d, uint8_t byte);

// Put a packet into out (SLIP_ENCODED(len) bytes of room); the bytes it became.
size_t slip_encode(const uint8_t *packet, size_t len, uint8_t *out);

#endif
