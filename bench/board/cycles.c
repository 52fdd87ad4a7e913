#include "cycles.h"

#include "hardware/irq.h"
#include "hardware/structs/systick.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "hardware/uart.h"
#include "lwip/netif.h"
#include "pico_slip.h"

// SysTick counts down: 10 ms at 125 MHz. Its interrupt also ends a sleep, so that none is longer than that.
enum { PERIOD = 1250000, ENABLE = 1, INTERRUPT = 2, PROCESSOR_CLOCK = 4 };

static volatile uint32_t wraps;
static volatile uint32_t in_interrupt; // cycles in the line's, modulo 2^32
static uint64_t slept, on_line;

static irq_handler_t line_interrupt;
static netif_output_fn line_output;

// The name is the SDK's.
void isr_systick(void);
void isr_systick(void)
{
    wraps = wraps + 1;
}

void cycles_start(void)
{
    systick_hw->rvr = PERIOD - 1;
    systick_hw->cvr = 0;
    systick_hw->csr = ENABLE | INTERRUPT | PROCESSOR_CLOCK;
}

// Of less than a period.
static uint32_t between(uint32_t before, uint32_t after)
{
    return before >= after ? before - after : before + PERIOD - after;
}

static uint64_t all_cycles(void)
{
    uint32_t before, count;
    do {
        before = wraps;
        count = PERIOD - 1 - systick_hw->cvr;
    } while (before != wraps);
    return (uint64_t)before * PERIOD + count;
}

uint64_t cycles_busy(void)
{
    return all_cycles() - slept;
}

uint64_t cycles_work(void)
{
    return all_cycles() - slept - on_line;
}

static void timed_interrupt(void)
{
    uint32_t before = systick_hw->cvr;
    line_interrupt();
    in_interrupt = in_interrupt + between(before, systick_hw->cvr);
}

static err_t timed_output(struct netif *to, struct pbuf *p, const ip4_addr_t *address)
{
    uint64_t before = all_cycles();
    err_t error = line_output(to, p, address);
    on_line += all_cycles() - before;
    return error;
}

void cycles_watch_line(void)
{
    uint irq = UART_IRQ_NUM(UART_INSTANCE(PICKET_SLIP_UART));
    line_output = netif_default->output;
    netif_default->output = timed_output;
    irq_set_enabled(irq, false);
    line_interrupt = irq_get_exclusive_handler(irq);
    irq_remove_handler(irq, line_interrupt);
    irq_set_exclusive_handler(irq, timed_interrupt);
    irq_set_enabled(irq, true);
}

// What SysTick and the interrupt's counter say at the same moment.
static uint32_t look(uint32_t *interrupt)
{
    uint32_t were = save_and_disable_interrupts();
    uint32_t count = systick_hw->cvr;
    *interrupt = in_interrupt;
    restore_interrupts(were);
    return count;
}

// Whatever came since the last look has set the event flag, and then WFE does not wait.
static void sleep_once(void)
{
    uint32_t interrupt_before, interrupt;
    uint32_t before = look(&interrupt_before);
    __wfe();
    uint32_t after = look(&interrupt);
    slept += between(before, after) - (interrupt - interrupt_before);
}

// Looking at the time costs cycles too: 32 bits of it will do.
enum { LONGEST_MS = 60000 };

void cycles_wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    uint32_t began = time_us_32(), us = (ms < LONGEST_MS ? ms : LONGEST_MS) * 1000;
    while (!picket_pico_slip_has_work() && time_us_32() - began < us)
        sleep_once();
}
