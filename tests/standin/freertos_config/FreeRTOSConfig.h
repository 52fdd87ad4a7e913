// FreeRTOSConfig.h: what the SDK's Wi-Fi and lwIP want of FreeRTOS.
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configTICK_RATE_HZ               1000
#define configCPU_CLOCK_HZ               125000000
#define configMAX_PRIORITIES             8
#define configMINIMAL_STACK_SIZE         256
#define configTOTAL_HEAP_SIZE            (64 * 1024)
#define configMAX_TASK_NAME_LEN          16
#define configTICK_TYPE_WIDTH_IN_BITS    TICK_TYPE_WIDTH_32_BITS
#define configSTACK_DEPTH_TYPE           uint32_t
#define configNUMBER_OF_CORES            1
#define configUSE_PREEMPTION             1
#define configUSE_TIME_SLICING           1
#define configUSE_IDLE_HOOK              0
#define configUSE_TICK_HOOK              0
#define configUSE_MUTEXES                1
#define configUSE_RECURSIVE_MUTEXES      1
#define configUSE_COUNTING_SEMAPHORES    1
#define configUSE_TASK_NOTIFICATIONS     1
#define configUSE_TIMERS                 1
#define configTIMER_TASK_PRIORITY        (configMAX_PRIORITIES - 1)
#define configTIMER_QUEUE_LENGTH         10
#define configTIMER_TASK_STACK_DEPTH     1024
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configSUPPORT_STATIC_ALLOCATION  0
#ifndef configCHECK_FOR_STACK_OVERFLOW
#define configCHECK_FOR_STACK_OVERFLOW 0
#endif
#define configSUPPORT_PICO_SYNC_INTEROP      1
#define configSUPPORT_PICO_TIME_INTEROP      1
#define configENABLE_FPU                     1
#define configENABLE_MPU                     0
#define configENABLE_TRUSTZONE               0
#define configRUN_FREERTOS_SECURE_ONLY       1
#define configMAX_SYSCALL_INTERRUPT_PRIORITY 16

#define INCLUDE_vTaskDelay                   1
#define INCLUDE_vTaskDelete                  1
#define INCLUDE_vTaskSuspend                 1
#define INCLUDE_xTaskGetCurrentTaskHandle    1
#define INCLUDE_xTimerPendFunctionCall       1
#define INCLUDE_xSemaphoreGetMutexHolder     1
#define INCLUDE_uxTaskGetStackHighWaterMark  1
#define INCLUDE_xTaskGetHandle               1

#define configASSERT(x)                      ((void)(x))

#endif
