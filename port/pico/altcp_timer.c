// altcp_timer.c: with cyw43_arch the altcp layer's worker is one of the arch's, which lwIP's options know nothing of.
#if LIB_PICO_CYW43_ARCH

#include "../lwip/altcp/altcp_private.h"
#include "pico/cyw43_arch.h"

static void (*work_to_do)(void);

static void expired(async_context_t *context, async_at_time_worker_t *worker)
{
    (void)context;
    (void)worker;
    work_to_do();
}

static async_at_time_worker_t worker = {.do_work = expired};

void altcp_timer_clear(void)
{
    (void)async_context_remove_at_time_worker(cyw43_arch_async_context(), &worker);
}

void altcp_timer_set(uint32_t ms, void (*work)(void))
{
    work_to_do = work;
    altcp_timer_clear();
    (void)async_context_add_at_time_worker_in_ms(cyw43_arch_async_context(), &worker, ms);
}

#endif
