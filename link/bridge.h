// bridge.h: between a serial line, which carries IP packets, and libslirp, which wants Ethernet frames.
#ifndef PICKET_LINK_BRIDGE_H
#define PICKET_LINK_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

struct bridge_counts {
    unsigned long from_board, to_board; // packets
    unsigned long dropped;              // of the board's: not what they should be
    unsigned long lost;                 // of those to it: it does not read
};

// Begin and end with one board. in and out are its descriptors, which become non-blocking. Returns 0, or -1.
int bridge_open(int in, int out);
void bridge_close(struct bridge_counts *counts);

// Wait, at most ms milliseconds, and move what can be moved. False when the board has gone: errno says why, 0
// at the end of its bytes.
bool bridge_serve(uint32_t ms);

#endif
