// An example's main, in a task of FreeRTOS.
#include "FreeRTOS.h"
#include "task.h"

enum { STACK_WORDS = 4096, PRIORITY = 2 };

int example(void);

static void run(void *argument)
{
    (void)argument;
    example();
    vTaskDelete(NULL);
}

int main(void)
{
    xTaskCreate(run, "example", STACK_WORDS, NULL, PRIORITY, NULL);
    vTaskStartScheduler();
    return 0;
}
