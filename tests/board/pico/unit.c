// unit.c: runs a program of tests/unit on a Pico, and says how it ended.
#include <stdio.h>

#include "hardware/sync.h"
#include "pico/stdlib.h"

int unit_main(void);

int main(void)
{
    stdio_init_all();
    printf("picket: exit %d\n", unit_main());
    stdio_flush();
    for (;;)
        __wfi();
}
