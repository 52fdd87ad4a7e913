// lwip_board.h: the board in use, as the files of this folder see it.
#ifndef PICKET_LWIP_BOARD_H
#define PICKET_LWIP_BOARD_H

#include "lwip_port.h"

// NULL before picket_lwip_port().
const picket_lwip_board_t *picket_lwip_board(void);

// Around every call into lwIP, and around all that its callbacks touch.
void picket_lwip_lock(void);
void picket_lwip_unlock(void);

// Keep all other contexts out, or let them in again (lwip_port.h: guard), where the board can. Not nested.
void picket_lwip_guard(bool on);

// Something arrived, was acknowledged, was answered or failed: the next poll returns 0. Called under the
// lock.
void picket_lwip_happened(void);

// True when an interface is up and has an address of this family (4, 6, or 0 for any). Of IPv6 a link-local
// address does not count: nothing beyond the link answers to it. Called under the lock.
bool picket_lwip_has_network(int family);

// The address that stands for this one on the board.
picket_address_t picket_lwip_mapped(const picket_address_t *address);

#endif
