// mps2_lan9118.h: the LAN9118 Ethernet controller. Frames go in and out in the program's own context; its
// interrupt only says that there is something to do, and is then off until picket_mps2_lan9118_listen.
#ifndef PICKET_MPS2_LAN9118_H
#define PICKET_MPS2_LAN9118_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Before an Ethernet header, in both directions (ETH_PAD_SIZE).
enum { PICKET_MPS2_LAN9118_PAD = 2, PICKET_MPS2_LAN9118_FRAME = 1514 };

// Returns false when no such controller answers. mac is the address that it was given.
bool picket_mps2_lan9118_start(uint8_t mac[6]);

// Interrupts on again. What arrived meanwhile interrupts at once.
void picket_mps2_lan9118_listen(void);

// Set by the interrupt, cleared by listen.
const volatile bool *picket_mps2_lan9118_flag(void);

// The cable is plugged in.
bool picket_mps2_lan9118_link(void);

// The length of the next frame, its pad included and its checksum not; 0: none. Damaged frames are skipped.
size_t picket_mps2_lan9118_next(void);

// Take that frame: words of it, up to (length + 3) / 4; then the rest is dropped.
void picket_mps2_lan9118_take(uint32_t *words, size_t count);

// Send a frame: len bytes after the pad. Returns false when there is no room, or it is too long.
bool picket_mps2_lan9118_send(const uint32_t *words, size_t len);

#endif
