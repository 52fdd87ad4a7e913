// ether.h: the cable that libslirp thinks it has. A serial line has no Ethernet, so the headers are put on
// and taken off here, and what libslirp asks its cable about the board (ARP, neighbour solicitations) is
// answered.
#ifndef PICKET_LINK_ETHER_H
#define PICKET_LINK_ETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ETHER_HEADER = 14, ETHER_MTU = 1500, ETHER_FRAME = ETHER_HEADER + ETHER_MTU };

// The largest that ether_answer and the two announcements write.
enum { ETHER_TALK = 86 };

// Puts the header before an IP packet of len bytes, at most ETHER_MTU, into frame, which has ETHER_FRAME
// bytes. Returns the length of the frame.
size_t ether_wrap(uint8_t *frame, const uint8_t *packet, size_t len);

// The IP packet in a frame from libslirp: its length, and where it starts. 0: there is none for the board.
size_t ether_unwrap(const uint8_t *frame, size_t len, const uint8_t **packet);

// Is the frame a question about the board's Ethernet address? Then the answer is written, and its length
// returned; otherwise 0.
size_t ether_answer(uint8_t answer[ETHER_TALK], const uint8_t *frame, size_t len);

// What tells libslirp about the board before it asks: an ARP question and a neighbour advertisement. Both
// return the length.
size_t ether_announce4(uint8_t frame[ETHER_TALK]);
size_t ether_announce6(uint8_t frame[ETHER_TALK]);

#endif
