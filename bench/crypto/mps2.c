// QEMU's mps2-an385.
#include "board.h"

#define UART0_DATA  (*(volatile uint32_t *)0x40004000)
#define UART0_STATE (*(volatile uint32_t *)0x40004004)
#define UART0_CTRL  (*(volatile uint32_t *)0x40004008)
#define UART0_BAUD  (*(volatile uint32_t *)0x40004010)
enum { TX_FULL = 1, TX_ENABLE = 1 };

void board_put(char c)
{
    UART0_BAUD = 16;
    UART0_CTRL = TX_ENABLE;
    UART0_DATA = (uint8_t)c;
    while (UART0_STATE & TX_FULL)
        ;
}

// Semihosting: SYS_EXIT_EXTENDED, ADP_Stopped_ApplicationExit.
_Noreturn void board_exit(int code)
{
    const uint32_t arguments[] = {0x20026, (uint32_t)code};
    register uint32_t operation __asm__("r0") = 0x20;
    register const uint32_t *block __asm__("r1") = arguments;
    for (;;)
        __asm__ volatile("bkpt 0xab" ::"r"(operation), "r"(block) : "memory");
}
