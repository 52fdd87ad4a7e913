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
#include "pico/async_context_threadsafe_background.h"
#include "pico/time.h"

#if PICO_LOWEST_IRQ_PRIORITY <= ASYNC_CONTEXT_THREADSAFE_BACKGROUND_DEFAULT_LOW_PRIORITY_IRQ_HANDLER_PRIORITY
#error "lwIP's interrupt must be above the worker's: link picket_altcp, which says so to the SDK's libraries"
#endif

// How soon to look again, when it has interrupted somebody who has lwIP's lock.
#define LOCKED_US 100u

static int irq = -1;
static volatile alarm_id_t alarm;

static async_context_threadsafe_background_t *background(void)
{
    return (async_context_threadsafe_background_t *)(void *)cyw43_arch_async_context();
}

static int64_t pend(alarm_id_t id, void *arg)
{
    (void)id;
    (void)arg;
    irq_set_pending((uint)irq);
    return 0;
}

static void pend_in(uint64_t us)
{
    alarm_pool_t *pool = background()->alarm_pool; // of lwIP's core
    if (alarm > 0)
        (void)alarm_pool_cancel_alarm(pool, alarm);
    alarm = alarm_pool_add_alarm_in_us(pool, us, pend, NULL, true);
    if (alarm < 0)
        irq_set_pending((uint)irq); // no alarm is left: rather too soon
}

// The SDK's lock lets the core that has it in again. Has this interrupted somebody with it? If not, nobody on this core takes
// it before this is done, but lwIP's interrupt, which gives it back.
static bool has_interrupted_lwip(void)
{
    recursive_mutex_t *lock = &background()->lock_mutex;
    if (!recursive_mutex_try_enter(lock, NULL))
        return false; // the other core
    bool again = lock->enter_count > 1;
    recursive_mutex_exit(lock);
    return again;
}

static void on_interrupt(void)
{
    void (*work)(void) = work_to_do; // lwIP's interrupt may take it away
    if (work == NULL)
        return;
    if (has_interrupted_lwip())
        pend_in(LOCKED_US);
    else
        work();
}

static uint32_t install(void *arg)
{
    (void)arg;
    int number = user_irq_claim_unused(false);
    if (number < 0)
        return false;
    irq_set_exclusive_handler((uint)number, on_interrupt);
    irq_set_priority((uint)number, PICO_LOWEST_IRQ_PRIORITY);
    irq_set_enabled((uint)number, true);
    irq = number;
    return true;
}

int picket_pico_worker_start(void)
{
    if (irq < 0 && !async_context_execute_sync(cyw43_arch_async_context(), install, NULL))
        return PICKET_ERR_NO_SLOT;
    return 0;
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
    else if (ms == 0 && get_core_num() == async_context_core_num(cyw43_arch_async_context()))
        irq_set_pending((uint)irq);
    else
        pend_in(ms * UINT64_C(1000));
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
