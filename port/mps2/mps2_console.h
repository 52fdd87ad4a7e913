// mps2_console.h: UART 0, on which QEMU's -serial listens. stdout and stderr go there too.
#ifndef PICKET_MPS2_CONSOLE_H
#define PICKET_MPS2_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

void picket_mps2_console_start(void);
void picket_mps2_write(const void *data, size_t len);
void picket_mps2_print(const char *text);
void picket_mps2_print_hex(uint32_t number);

// A message, then exit code 70: something that cannot be happened.
_Noreturn void picket_mps2_panic(const char *message);

#endif
