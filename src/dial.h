// dial.h: from a host name to an established TCP connection: two lookups (IPv6 and IPv4), two attempts raced
// by RFC 8305. No deadline of its own: whoever dials ends it.
#ifndef PICKET_DIAL_H
#define PICKET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "picket/port.h"
#include "timer.h"

// One of the two ways: IPv6 or IPv4.
typedef struct dial_way {
    uint8_t state;
    int handle; // of the lookup or the connection
    int error;
    picket_address_t address;
} dial_way_t;

typedef struct dial {
    const picket_port_t *port;
    const char *host; // borrowed
    uint16_t tcp_port;
    dial_way_t ways[2]; // [0] IPv6, [1] IPv4
    deadline_t head_start;
} dial_t;

// Begin. address: connect there and look nothing up; NULL: look host up.
void dial_start(dial_t *dial, const picket_port_t *port, const char *host, const picket_address_t *address,
                uint16_t tcp_port);

// Take it further. 1: *handle is an established connection to *address, the caller's from now on.
// PICKET_AGAIN, or the error that tells most about why neither way works.
int dial_poll(dial_t *dial, uint32_t now, int *handle, picket_address_t *address);

// Milliseconds until it is needed again, at most ms.
uint32_t dial_next(const dial_t *dial, uint32_t now, uint32_t ms);

// At least one attempt to connect is under way: names no longer are the problem.
bool dial_connecting(const dial_t *dial);

// Give back what it holds. Safe after dial_poll returned anything.
void dial_stop(dial_t *dial);

#endif
