// board.h: the machine under a program, an emulated one: rp2040.c or mps2.c.
#ifndef BENCH_CRYPTO_BOARD_H
#define BENCH_CRYPTO_BOARD_H

#include <stdint.h>

void board_put(char c);

// What SysTick has counted: cycles on the RP2040; on the mps2 40 instructions each, if QEMU runs with -icount shift=0.
uint64_t board_count(void);

_Noreturn void board_exit(int code);

// sections.ld
extern uint32_t board_stack_bottom[];

void board_reset(void);
int main(void);

#endif
