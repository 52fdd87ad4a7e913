// freertos.c: functions that do nothing, to link against.
#include "semphr.h"
#include "timers.h"

BaseType_t xTaskCreate(TaskFunction_t run, const char *name, uint32_t stack_words, void *argument,
                       UBaseType_t priority, TaskHandle_t *created)
{
    (void)run, (void)name, (void)stack_words, (void)argument, (void)priority, (void)created;
    return 0;
}

void vTaskDelete(TaskHandle_t task)
{
    (void)task;
}

void vTaskDelay(TickType_t ticks)
{
    (void)ticks;
}

void vTaskStartScheduler(void)
{
}

TickType_t xTaskGetTickCount(void)
{
    return 0;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return 0;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task)
{
    (void)task;
    return 0;
}

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks)
{
    (void)clear, (void)ticks;
    return 0;
}

BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    (void)task;
    return 0;
}

void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken)
{
    (void)task, (void)woken;
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t size)
{
    (void)length, (void)size;
    return 0;
}

void vQueueDelete(QueueHandle_t queue)
{
    (void)queue;
}

BaseType_t xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks)
{
    (void)queue, (void)item, (void)ticks;
    return 0;
}

BaseType_t xQueueSendToBackFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken)
{
    (void)queue, (void)item, (void)woken;
    return 0;
}

BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks)
{
    (void)queue, (void)item, (void)ticks;
    return 0;
}

UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue)
{
    (void)queue;
    return 0;
}

SemaphoreHandle_t xSemaphoreCreateBinary(void)
{
    return 0;
}

SemaphoreHandle_t xSemaphoreCreateMutex(void)
{
    return 0;
}

SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void)
{
    return 0;
}

void vSemaphoreDelete(SemaphoreHandle_t semaphore)
{
    (void)semaphore;
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    (void)semaphore, (void)ticks;
    return 0;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    (void)semaphore;
    return 0;
}

BaseType_t xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken)
{
    (void)semaphore, (void)woken;
    return 0;
}

BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    (void)semaphore, (void)ticks;
    return 0;
}

BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t semaphore)
{
    (void)semaphore;
    return 0;
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t semaphore)
{
    (void)semaphore;
    return 0;
}

TimerHandle_t xTimerCreate(const char *name, TickType_t period, BaseType_t repeat, void *id,
                           TimerCallbackFunction_t run)
{
    (void)name, (void)period, (void)repeat, (void)id, (void)run;
    return 0;
}

BaseType_t xTimerChangePeriod(TimerHandle_t timer, TickType_t period, TickType_t ticks)
{
    (void)timer, (void)period, (void)ticks;
    return 0;
}

BaseType_t xTimerChangePeriodFromISR(TimerHandle_t timer, TickType_t period, BaseType_t *woken)
{
    (void)timer, (void)period, (void)woken;
    return 0;
}

BaseType_t xTimerStop(TimerHandle_t timer, TickType_t ticks)
{
    (void)timer, (void)ticks;
    return 0;
}

BaseType_t xTimerDelete(TimerHandle_t timer, TickType_t ticks)
{
    (void)timer, (void)ticks;
    return 0;
}

void *pvTimerGetTimerID(TimerHandle_t timer)
{
    (void)timer;
    return 0;
}
