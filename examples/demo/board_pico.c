// A Raspberry Pi Pico or Pico 2: the network on UART0 (SLIP), the console on UART1.
#include <stdio.h>

#include "board.h"
#include "hardware/clocks.h"
#include "hardware/structs/systick.h"
#include "hardware/sync.h"
#include "lwip/netif.h"
#include "pico/stdlib.h"
#include "pico_clock.h"
#include "pico_stack.h"

enum { TOP = 0xffffff, ENABLE = 1, INTERRUPT = 2, PROCESSOR_CLOCK = 4 };

static volatile uint32_t wraps;

// SysTick counts down from TOP, every 134 ms at 125 MHz. The name is the SDK's.
void isr_systick(void);
void isr_systick(void)
{
    wraps = wraps + 1;
}

// The SDK's printf does not go through the C library's stdout, so that must not keep back what fwrite has written.
void board_start(void)
{
    stdio_init_all();
    setvbuf(stdout, NULL, _IONBF, 0);
    systick_hw->rvr = TOP;
    systick_hw->cvr = 0;
    systick_hw->csr = ENABLE | INTERRUPT | PROCESSOR_CLOCK;
}

void board_address(char text[PICKET_ADDRESS_TEXT])
{
    ip4addr_ntoa_r(netif_ip4_addr(netif_default), text, PICKET_ADDRESS_TEXT);
}

static uint64_t all_cycles(void)
{
    uint32_t before, count;
    do {
        before = wraps;
        count = TOP - systick_hw->cvr;
    } while (before != wraps);
    return ((uint64_t)before << 24) + count;
}

// Those in which the processor did not sleep.
uint64_t board_cycles(void)
{
    return all_cycles() - picket_pico_slept_us() * (clock_get_hz(clk_sys) / 1000000);
}

void board_stack(size_t *size, size_t *peak)
{
    picket_pico_stack(size, peak);
}

void board_exit(int code)
{
    (void)code; // the last line says it
    stdio_flush();
    for (;;)
        __wfi();
}
