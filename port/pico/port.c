#include "hardware/sync.h"
#include "lwip_port.h"
#include "pico/time.h"
#include "pico_clock.h"
#include "pico_entropy.h"
#include "pico_stack.h"
#include "pico_worker.h"
#include "stack.h"

#if PICKET_SLIP
#include "pico_slip.h"
#elif PICO_CYW43_ARCH_POLL || PICO_CYW43_ARCH_THREADSAFE_BACKGROUND || PICO_CYW43_ARCH_FREERTOS
#include "pico/cyw43_arch.h"
#else
#error \
    "link picket_slip (a board with a serial line), or a pico_cyw43_arch_lwip_... library (Wi-Fi), beside picket"
#endif
#if PICO_CYW43_ARCH_FREERTOS
#include "FreeRTOS.h"
#include "semphr.h"
#include "task.h"
#endif

// --- Sleeping: each way to run lwIP has its own end of it ---

#if PICKET_SLIP

static bool is_over(void)
{
    return picket_pico_slip_has_work();
}

#elif PICO_CYW43_ARCH_THREADSAFE_BACKGROUND

// lwIP runs in an interrupt of either core. Interrupts of this one end WFE by themselves.
static volatile bool woken;

static void wake(void *ctx)
{
    (void)ctx;
    woken = true;
    __sev();
}

// Only what has been seen is cleared: a wake that comes in between is for the next look.
static bool is_over(void)
{
    if (!woken)
        return false;
    woken = false;
    return true;
}

#endif

#if PICKET_SLIP || PICO_CYW43_ARCH_THREADSAFE_BACKGROUND

#if PICO_TIME_DEFAULT_ALARM_POOL_DISABLED

static void sleep(uint32_t ms)
{
    absolute_time_t until = make_timeout_time_ms(ms);
    while (!is_over() && !best_effort_wfe_or_timeout(until)) {}
}

#else

static volatile bool rung; // late, by the other core: then the next sleep ends early

static int64_t ring(alarm_id_t id, void *ctx)
{
    (void)id;
    (void)ctx;
    rung = true;
    return 0;
}

// One alarm for all of it: what best_effort_wfe_or_timeout does at every interrupt costs more than a serial line's
// interrupt itself. An interrupt between the look and WFE makes WFE return at once. With no alarm left nobody sleeps.
static void sleep(uint32_t ms)
{
    absolute_time_t until = make_timeout_time_ms(ms);
    rung = false;
    alarm_id_t alarm = add_alarm_at(until, ring, NULL, false);
    while (!is_over() && !rung && (alarm > 0 || !time_reached(until))) {
        if (alarm > 0)
            __wfe();
    }
    if (alarm > 0)
        (void)cancel_alarm(alarm);
}

#endif

#elif PICO_CYW43_ARCH_POLL

static void sleep(uint32_t ms)
{
    cyw43_arch_wait_for_work_until(make_timeout_time_ms(ms));
}

// Until when, nobody knows: the SDK's wait above ends when it must be called again.
static uint32_t poll(void *ctx)
{
    (void)ctx;
    cyw43_arch_poll();
    return UINT32_MAX;
}

#else

enum { LONGEST_MS = 1000 };

static SemaphoreHandle_t woken;

static void wake(void *ctx)
{
    (void)ctx;
    xSemaphoreGive(woken);
}

static void sleep(uint32_t ms)
{
    xSemaphoreTake(woken, pdMS_TO_TICKS(ms < LONGEST_MS ? ms : LONGEST_MS) + 1);
}

// FreeRTOS knows the least that was ever free, which after a first handshake is less than the next one asks for.
// So that is asked once a task, before: then its stack has been used to about here.
static TaskHandle_t measured;
static uintptr_t bottom;

static size_t stack_room(void *ctx)
{
    (void)ctx;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (measured != xTaskGetCurrentTaskHandle()) {
        measured = xTaskGetCurrentTaskHandle();
        bottom = here - uxTaskGetStackHighWaterMark(NULL) * sizeof(StackType_t);
    }
    return here > bottom ? here - bottom : 0;
}

#endif

static void wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    uint64_t began = time_us_64();
    sleep(ms);
    picket_pico_add_sleep(time_us_64() - began);
}

// --- Keeping lwIP's interrupt, or its thread, out ---

#if !PICKET_SLIP && !PICO_CYW43_ARCH_POLL

static void lock(void *ctx)
{
    (void)ctx;
    cyw43_arch_lwip_begin();
}

static void unlock(void *ctx)
{
    (void)ctx;
    cyw43_arch_lwip_end();
}

#endif

static int start(void *ctx)
{
#if PICO_CYW43_ARCH_FREERTOS
    if (!woken)
        woken = xSemaphoreCreateBinary();
    if (!woken)
        return PICKET_ERR_NO_MEMORY;
    measured = NULL; // a task that is gone may have had its place
#else
    picket_pico_stack_paint();
#endif
#if PICKET_SLIP
    return picket_pico_slip_start(ctx);
#elif PICKET_ALTCP
    (void)ctx;
    return picket_pico_worker_start();
#else
    (void)ctx;
    return 0;
#endif
}

static const picket_lwip_board_t board = {
    .start = start,
    .wait = wait,
    .millis = picket_pico_millis,
    .entropy = picket_pico_entropy,
#if PICKET_SLIP
    .poll = picket_pico_slip_poll,
    .run_timers = true,
#elif PICO_CYW43_ARCH_POLL
    .poll = poll,
#else
    .lock = lock,
    .unlock = unlock,
    .wake = wake,
#endif
#if PICKET_ALTCP && !PICKET_SLIP
    .worker = picket_pico_worker,
#if !PICO_CYW43_ARCH_POLL
    .context = picket_pico_context,
    .guard = picket_pico_guard,
    .unguard = picket_pico_unguard,
#endif
#endif
#if PICO_CYW43_ARCH_FREERTOS
    .stack_room = stack_room,
#else
    .stack_make = picket_cortex_m_stack_make,
    .stack_switch = picket_cortex_m_stack_switch,
    .stack_intact = picket_pico_stack_intact,
#endif
};

const picket_port_t *picket_port_default(void)
{
    static picket_port_t port;
    if (!port.poll)
        picket_lwip_port(&port, &board);
    return &port;
}
