#if PICKET_ALTCP && \
    (PICO_CYW43_ARCH_POLL || PICO_CYW43_ARCH_THREADSAFE_BACKGROUND || PICO_CYW43_ARCH_FREERTOS)

#include "pico_worker.h"

#include <stdbool.h>

#include "lwip/opt.h"
#include "picket/error.h"
#include "picket/options.h"
#include "pico/cyw43_arch.h"

static void (*volatile work_to_do)(void);

#if PICO_CYW43_ARCH_POLL

static void expired(async_context_t *context, async_at_time_worker_t *worker)
{
    (void)context;
    (void)worker;
    work_to_do();
}

static async_at_time_worker_t timer = {.do_work = expired};

int picket_pico_worker_start(void)
{
    return 0;
}

void picket_pico_worker(void *ctx, uint32_t ms, void (*work)(void))
{
    (void)ctx;
    work_to_do = work;
    (void)async_context_remove_at_time_worker(cyw43_arch_async_context(), &timer);
    if (work != NULL)
        (void)async_context_add_at_time_worker_in_ms(cyw43_arch_async_context(), &timer, ms);
}

#elif PICO_CYW43_ARCH_THREADSAFE_BACKGROUND

#include "hardware/irq.h"
#include "hardware/sync.h"
#include "hardware/timer.h"
#include "pico/async_context_threadsafe_background.h"
#include "pico/time.h"

#if PICO_LOWEST_IRQ_PRIORITY <= ASYNC_CONTEXT_THREADSAFE_BACKGROUND_DEFAULT_LOW_PRIORITY_IRQ_HANDLER_PRIORITY
#error "lwIP's interrupt must be above the worker's: link picket_altcp, which says so to the SDK's libraries"
#endif

// How soon to look again, when lwIP's lock was somebody's who cannot go on before this ends, or the other core's.
#define LOCKED_US 100u

static int irq = -1;
static int alarm; // a hardware alarm of its own: it is there whoever else uses the SDK's pool

static async_context_threadsafe_background_t *background(void)
{
    return (async_context_threadsafe_background_t *)(void *)cyw43_arch_async_context();
}

static void pend(uint number)
{
    (void)number;
    irq_set_pending((uint)irq);
}

// On lwIP's core, where the alarm's handler is; what was set before is forgotten.
static void pend_in(uint64_t us)
{
    while (hardware_alarm_set_target((uint)alarm, make_timeout_time_us(us)))
        us = 1; // it has passed meanwhile
}

// The SDK's lock lets the core that has it in again, so that it must not be asked for by who has interrupted
// somebody with it. With the lock free, nobody on this core takes it before this is done, but lwIP's interrupt,
// which gives it back. The other core is not waited for in an interrupt, as long as that can be helped.
static bool is_locked(void)
{
    return lock_is_owner_id_valid(background()->lock_mutex.owner);
}

static void on_interrupt(void)
{
    void (*work)(void) = work_to_do; // lwIP's interrupt may take it away
    if (work == NULL)
        return;
    if (is_locked())
        pend_in(LOCKED_US);
    else
        work();
}

static int install(void)
{
    int number = user_irq_claim_unused(false);
    alarm = number >= 0 ? hardware_alarm_claim_unused(false) : -1;
    if (alarm < 0) {
        if (number >= 0)
            user_irq_unclaim((uint)number);
        return PICKET_ERR_NO_SLOT;
    }
    hardware_alarm_set_callback((uint)alarm, pend);
    irq_set_exclusive_handler((uint)number, on_interrupt);
    irq_set_priority((uint)number, PICO_LOWEST_IRQ_PRIORITY);
    irq_set_enabled((uint)number, true);
    irq = number;
    return 0;
}

static bool is_on_its_core(void)
{
    return get_core_num() == async_context_core_num(cyw43_arch_async_context());
}

// Both interrupts are of the core that they are installed on.
int picket_pico_worker_start(void)
{
    if (irq >= 0)
        return 0;
    return is_on_its_core() ? install() : PICKET_ERR_ARG;
}

static bool is_worker(void)
{
    return __get_current_exception() == VTABLE_FIRST_IRQ + (uint)irq;
}

void picket_pico_worker(void *ctx, uint32_t ms, void (*work)(void))
{
    (void)ctx;
    work_to_do = work;
    if (work == NULL)
        return;
    if (ms == 0 && is_worker())
        pend_in(PICKET_PICO_REST_US);
    else if (ms == 0 && is_on_its_core())
        irq_set_pending((uint)irq);
    else
        pend_in(ms * UINT64_C(1000) + 1);
}

void *picket_pico_context(void *ctx)
{
    (void)ctx;
    return (void *)(uintptr_t)(1 + __get_current_exception() + (get_core_num() << 16));
}

static volatile uint32_t saved;

static spin_lock_t *spin_lock(void)
{
    return spin_lock_instance(PICO_SPINLOCK_ID_STRIPED_LAST);
}

void picket_pico_guard(void *ctx)
{
    (void)ctx;
    uint32_t interrupts = spin_lock_blocking(spin_lock());
    saved = interrupts;
}

void picket_pico_unguard(void *ctx)
{
    (void)ctx;
    spin_unlock(spin_lock(), saved);
}

#else

#include "FreeRTOS.h"
#include "task.h"

#if PICKET_PICO_TASK_PRIORITY > TCPIP_THREAD_PRIO
#error "PICKET_PICO_TASK_PRIORITY must not be above TCPIP_THREAD_PRIO: lwIP is served while TLS computes"
#endif

static TaskHandle_t task;
static TickType_t began, ticks; // until work is due

// What is due, or NULL and how long until something is.
static void (*take_due(TickType_t *rest))(void)
{
    taskENTER_CRITICAL();
    void (*work)(void) = work_to_do;
    TickType_t gone = xTaskGetTickCount() - began;
    *rest = work == NULL ? portMAX_DELAY : gone < ticks ? ticks - gone : 0;
    if (*rest == 0)
        work_to_do = NULL;
    taskEXIT_CRITICAL();
    return *rest == 0 ? work : NULL;
}

static void run(void *arg)
{
    (void)arg;
    for (;;) {
        TickType_t rest;
        void (*work)(void) = take_due(&rest);
        if (work != NULL)
            work();
        else
            (void)ulTaskNotifyTake(pdTRUE, rest);
    }
}

int picket_pico_worker_start(void)
{
    if (task != NULL)
        return 0;
    BaseType_t made = xTaskCreate(run, "picket", PICKET_PICO_TASK_STACK / sizeof(StackType_t), NULL,
                                  PICKET_PICO_TASK_PRIORITY, &task);
    return made == pdPASS ? 0 : PICKET_ERR_NO_MEMORY;
}

void picket_pico_worker(void *ctx, uint32_t ms, void (*work)(void))
{
    (void)ctx;
    taskENTER_CRITICAL();
    began = xTaskGetTickCount();
    ticks = ms > 0 ? pdMS_TO_TICKS(ms) + 1 : 0;
    work_to_do = work;
    taskEXIT_CRITICAL();
    if (xTaskGetCurrentTaskHandle() != task)
        (void)xTaskNotifyGive(task);
}

void *picket_pico_context(void *ctx)
{
    (void)ctx;
    return xTaskGetCurrentTaskHandle();
}

void picket_pico_guard(void *ctx)
{
    (void)ctx;
    taskENTER_CRITICAL();
}

void picket_pico_unguard(void *ctx)
{
    (void)ctx;
    taskEXIT_CRITICAL();
}

#endif
#endif
