// pico_slip.h: IP over a serial line (RFC 1055), so that a board without Wi-Fi reaches the network through a
// computer. The other end has fixed addresses too: `./do link` on the computer.
#ifndef PICKET_PICO_SLIP_H
#define PICKET_PICO_SLIP_H

#include <stdbool.h>
#include <stdint.h>

// The line: 8 bits, no parity, one stop bit, no flow control.
#ifndef PICKET_SLIP_UART
#define PICKET_SLIP_UART 0
#endif
#ifndef PICKET_SLIP_TX_PIN
#define PICKET_SLIP_TX_PIN 0
#endif
#ifndef PICKET_SLIP_RX_PIN
#define PICKET_SLIP_RX_PIN 1
#endif
#ifndef PICKET_SLIP_BAUD
#define PICKET_SLIP_BAUD 921600
#endif

// For packets that wait for picket_poll, a power of two, 4096 at the least. At 921600 baud 8192 are 89 ms: a 16 kB record is
// decrypted meanwhile. Lower: packets are lost while the board computes, and are sent again.
#ifndef PICKET_SLIP_RING
#define PICKET_SLIP_RING 8192
#endif

// The board, the computer, and its resolver.
#ifndef PICKET_SLIP_ADDRESS
#define PICKET_SLIP_ADDRESS "10.0.2.15"
#endif
#ifndef PICKET_SLIP_MASK
#define PICKET_SLIP_MASK "255.255.255.0"
#endif
#ifndef PICKET_SLIP_GATEWAY
#define PICKET_SLIP_GATEWAY "10.0.2.2"
#endif
#ifndef PICKET_SLIP_NAME_SERVER
#define PICKET_SLIP_NAME_SERVER "10.0.2.3"
#endif

// As in port/lwip/lwip_port.h.
int picket_pico_slip_start(void *ctx);
uint32_t picket_pico_slip_poll(void *ctx);

// A packet has come.
bool picket_pico_slip_has_work(void);

#endif
