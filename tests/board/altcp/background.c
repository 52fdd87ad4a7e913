// background.c: lwIP runs in the SDK's async_context_threadsafe_background, in an interrupt, as with its Wi-Fi library. The
// program only sleeps.
#include "board.h"
#include "hardware/irq.h"
#include "hardware/uart.h"
#include "lwip/timeouts.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"
#include "pico_slip.h"
#include "pico_stack.h"

static async_context_threadsafe_background_t context;

async_context_t *cyw43_arch_async_context(void)
{
    return &context.core;
}

void cyw43_arch_lwip_begin(void)
{
    async_context_acquire_lock_blocking(&context.core);
}

void cyw43_arch_lwip_end(void)
{
    async_context_release_lock(&context.core);
}

static void serve(async_context_t *of, async_at_time_worker_t *worker)
{
    (void)picket_pico_slip_poll(NULL);
    sys_check_timeouts();
    echo_if_due();
    async_context_add_at_time_worker_in_ms(of, worker, 1);
}

static async_at_time_worker_t server = {.do_work = serve};

// The line's interrupt comes for 16 bytes and must not wait for lwIP's, which is as high as others on an RP2040.
void board_start(void)
{
    async_context_threadsafe_background_init_with_defaults(&context);
    cyw43_arch_lwip_begin();
    (void)picket_pico_slip_start(NULL);
    cyw43_arch_lwip_end();
    irq_set_priority(UART_IRQ_NUM(UART_INSTANCE(PICKET_SLIP_UART)), 0x40);
    async_context_add_at_time_worker_in_ms(&context.core, &server, 1);
}

void board_lock(void)
{
    cyw43_arch_lwip_begin();
}

void board_unlock(void)
{
    cyw43_arch_lwip_end();
}

void board_rest(void)
{
    sleep_ms(2);
}

void board_stack(size_t *size, size_t *peak)
{
    picket_pico_stack(size, peak);
}

int main(void)
{
    return application();
}
