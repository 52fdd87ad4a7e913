#include <stdint.h>

#include "pico.h"
#include "pico_stack.h"

// Of the SDK's linker scripts.
extern uint32_t __StackBottom[], __StackTop[];

enum { PAINT = 0x5ac3a55c, CANARY_WORDS = 4 };

static bool is_painted;

// Where the SDK guards the stack on an RP2040, its lowest 256 bytes, from a multiple of 256, can be neither read
// nor written.
static uint32_t *bottom(void)
{
#if PICO_USE_STACK_GUARDS && PICO_RP2040
    return (uint32_t *)(((uintptr_t)__StackBottom + 511) & ~(uintptr_t)255);
#else
    return __StackBottom;
#endif
}

// Not below this function's own frame, and an interrupt may come meanwhile: it only paints over.
void __attribute__((noinline)) picket_pico_stack_paint(void)
{
    uint32_t *here = __builtin_frame_address(0);
    if (here < bottom() || here > __StackTop)
        return; // a stack of core 1, or of a task: this one is somebody else's
    is_painted = true;
    for (volatile uint32_t *word = bottom(); word < here - 32; word++)
        *word = PAINT;
}

static size_t untouched_words(void)
{
    const volatile uint32_t *word = bottom();
    while (word < __StackTop && *word == PAINT)
        word++;
    return (size_t)(word - bottom());
}

bool picket_pico_stack_intact(void *ctx)
{
    (void)ctx;
    const volatile uint32_t *canary = bottom();
    if (!is_painted)
        return true;
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        if (canary[i] != PAINT)
            return false;
    return true;
}

void picket_pico_stack(size_t *size, size_t *peak)
{
    *size = (size_t)((char *)__StackTop - (char *)__StackBottom);
    *peak = (size_t)((char *)__StackTop - (char *)bottom()) - 4 * untouched_words();
}
