// board.h: what the demo asks of a board beyond Picket's port. printf goes to the board's console.
#ifndef DEMO_BOARD_H
#define DEMO_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"

// First of all: the console.
void board_start(void);

// After picket_init: the board's IPv4 address, as text.
void board_address(char text[PICKET_ADDRESS_TEXT]);

// Clock cycles of the processor since some time ago; 0: they are not counted.
uint64_t board_cycles(void);

// Main's stack, and how much of it has been used at the most.
void board_stack(size_t *size, size_t *peak);

// The end.
_Noreturn void board_exit(int code);

#endif
