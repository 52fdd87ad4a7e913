#include "figures.h"

#include <stdio.h>

#include "cycles.h"
#include "hardware/sync.h"
#include "phases.h"
#include "pico/stdlib.h"

uint64_t figures_start(void)
{
    printf("picket: start\n");
    stdio_flush();
    return cycles_busy();
}

static void print(const char *name, uint64_t number)
{
    printf(" %s=%llu", name, (unsigned long long)number);
}

static void print_phases(void)
{
    static const char *const names[] = {"between", "hello", "secret", "chain", "signature", "finish"};
    for (unsigned i = 0; i < PHASES; i++)
        print(names[i], phases.cycles[i]);
    print("handshake", phases.ended - phases.began);
}

void figures_print(const struct figures *figures)
{
    printf("picket: end\n");
    stdio_flush();
    uint64_t busy = cycles_busy() - figures->start;
    printf("picket: figures version=%04x suite=%04x resumed=%d", phases.version, phases.suite,
           phases.resumed);
    print_phases();
    printf("\npicket: figures");
    print("set_up", figures->set_up);
    print("body", figures->body);
    print("received", figures->received);
    print("longest", figures->longest);
    print("busy", busy);
    print("heap", figures->heap);
    print("stack", figures->stack);
    print("stack_size", figures->stack_size);
    print("main_stack", figures->main_stack);
    printf("\n");
}

void figures_exit(int code)
{
    printf("picket: exit %d\n", code);
    stdio_flush();
    for (;;)
        __wfi();
}
