// An example's main, renamed to example, in a task of FreeRTOS.
#include "FreeRTOS.h"
#include "task.h"

#undef main // the example's is named so

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
