// The emulated RP2040 (tools/rp2040), which needs neither a second stage of the boot code nor clocks: no program for a real one.
#include "board.h"

#define UART1_DR (*(volatile uint32_t *)0x40038000)
#define UART1_FR (*(volatile uint32_t *)0x40038018)
enum { BUSY = 1 << 3 };

void board_put(char c)
{
    UART1_DR = (uint8_t)c;
    while (UART1_FR & BUSY)
        ;
}

// The emulator has ended with the last line.
_Noreturn void board_exit(int code)
{
    (void)code;
    for (;;)
        __asm__ volatile("wfi");
}
