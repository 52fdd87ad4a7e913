// FreeRTOS.h: of FreeRTOS, as far as port/pico, the SDK and lwIP's port to it call it. Declarations of our own, to
// compile and link against where FreeRTOS is not at hand; nothing runs.
#ifndef STANDIN_FREERTOS_H
#define STANDIN_FREERTOS_H

#include <stddef.h>
#include <stdint.h>

#include "FreeRTOSConfig.h"

typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef uint32_t StackType_t;

enum { pdFALSE, pdTRUE, pdFAIL = 0, pdPASS = 1, errQUEUE_FULL = 0, errQUEUE_EMPTY = 0 };

#define portMAX_DELAY                           ((TickType_t)0xffffffff)
#define portTICK_PERIOD_MS                      ((TickType_t)1)
#define portTICK_RATE_MS                        portTICK_PERIOD_MS
#define tskIDLE_PRIORITY                        0
#define pdMS_TO_TICKS(ms)                       ((TickType_t)(ms))
#define portYIELD_FROM_ISR(x)                   ((void)(x))
#define portEND_SWITCHING_ISR(x)                ((void)(x))
#define portCHECK_IF_IN_ISR()                   0
#define portGET_CORE_ID()                       0
#define configSUPPORT_STATIC_ALLOCATION         0
#define configUSE_CORE_AFFINITY                 0
#define configNUM_THREAD_LOCAL_STORAGE_POINTERS 0

#endif
