// mps2_port.h: Picket's port for bare metal on QEMU's mps2-an385 and mps2-an505.
//
// The address comes by DHCP. The clock is unknown until picket_clock_set. The randomness is the computer's, by
// semihosting: FOR TESTS ONLY, and so is this port.
#ifndef PICKET_MPS2_PORT_H
#define PICKET_MPS2_PORT_H

#include "picket/port.h"

#ifdef __cplusplus
extern "C" {
#endif

// IPv4 addresses for a network without DHCP, as text.
struct picket_mps2_static {
    const char *address;
    const char *mask;
    const char *gateway;
    const char *dns;
};

// What to use when no DHCP server has answered for 5 seconds; NULL: nothing, PICKET_ERR_NO_NETWORK. Borrowed.
// Before picket_init.
void picket_mps2_fall_back(const struct picket_mps2_static *addresses);

#ifdef __cplusplus
}
#endif
#endif
