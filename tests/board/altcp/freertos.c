// freertos.c: lwIP has a task of its own, and the SDK's async_context_freertos another that feeds it, as with its Wi-Fi library. The
// program is a third one that only sleeps. Not built without -DFREERTOS_KERNEL_PATH=...
#include "FreeRTOS.h"
#include "board.h"
#include "lwip/init.h"
#include "pico/async_context_freertos.h"
#include "pico/cyw43_arch.h"
#include "pico/lwip_freertos.h"
#include "pico_slip.h"
#include "pico_worker.h"
#include "task.h"

enum { STACK_WORDS = 1024, PRIORITY = 2 };

static async_context_freertos_t context;

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
    echo_if_due();
    async_context_add_at_time_worker_in_ms(of, worker, 1);
}

static async_at_time_worker_t server = {.do_work = serve};

static void stop(const char *why)
{
    panic("%s", why);
}

void board_start(void)
{
    async_context_freertos_config_t config = async_context_freertos_default_config();
    config.task_stack_size = STACK_WORDS;
    if (!async_context_freertos_init(&context, &config) || !lwip_freertos_init(&context.core))
        stop("no memory for lwIP's tasks");
    cyw43_arch_lwip_begin();
    (void)picket_pico_slip_start(NULL);
    cyw43_arch_lwip_end();
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
    vTaskDelay(pdMS_TO_TICKS(2));
}

void board_stack(size_t *size, size_t *peak)
{
    TaskHandle_t worker = xTaskGetHandle("picket");
    *size = PICKET_PICO_TASK_STACK;
    *peak = worker != NULL ? *size - uxTaskGetStackHighWaterMark(worker) * sizeof(StackType_t) : 0;
}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name);

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)task;
    stop(name);
}

static void run(void *argument)
{
    (void)argument;
    application();
}

int main(void)
{
    if (xTaskCreate(run, "application", STACK_WORDS, NULL, PRIORITY, NULL) != pdPASS)
        stop("no memory for the application's task");
    vTaskStartScheduler();
    return 1;
}
