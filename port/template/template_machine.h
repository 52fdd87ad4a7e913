// template_machine.h: what the hardware has to do, and nothing of lwIP or Picket: the clock, randomness, sleep, and an
// Ethernet device that interrupts when it has something.
#ifndef PICKET_TEMPLATE_MACHINE_H
#define PICKET_TEMPLATE_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/entropy.h"

// --- Time and randomness (picket/port.h) ---

uint32_t picket_template_millis(void *ctx);
int64_t picket_template_unix_ms(void *ctx);
extern const picket_entropy_source_t *const picket_template_entropy[];

// For the handlers in the vector table: once a millisecond, and when the device wants something.
void picket_template_tick(void);
void picket_template_device_interrupt(void);

// Until the flag is set, at most ms milliseconds.
void picket_template_sleep_until(const volatile bool *flag, uint32_t ms);

// --- The device ---

enum { PICKET_TEMPLATE_FRAME_MAX = 1514 };

// Set by the interrupt, cleared by device_listen: frames wait, or the link has changed.
extern volatile bool picket_template_device_flag;

// Reset it, read its address, start receiving. False: there is none.
bool picket_template_device_start(uint8_t mac[6]);
bool picket_template_device_link(void);

// Send a frame (checksum and padding are the device's); false when there is no room for it now.
bool picket_template_device_send(const void *frame, size_t len);

// The length of the next frame that has arrived, 0: none. Then take it: exactly that many bytes, or NULL to throw
// it away.
size_t picket_template_device_next(void);
void picket_template_device_take(void *frame, size_t len);

// Everything has been taken: clear the flag, and let the device interrupt again.
void picket_template_device_listen(void);

#endif
