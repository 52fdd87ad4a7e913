#include <stdint.h>

#include "mps2_stack.h"

// sections.ld
extern uint32_t picket_main_stack_bottom[];
extern uint32_t picket_main_stack_top[];

enum { PAINT = 0x7c7c7c7c, CANARY_WORDS = 4 };

// Its own frame lies above what it paints.
void picket_mps2_stack_paint(void)
{
    const uint32_t *here = __builtin_frame_address(0);
    for (volatile uint32_t *word = picket_main_stack_bottom; word < here - 16; word++)
        *word = PAINT;
}

static size_t untouched(void)
{
    const uint32_t *word = picket_main_stack_bottom;
    while (word < picket_main_stack_top && *word == PAINT)
        word++;
    return (size_t)(word - picket_main_stack_bottom) * sizeof *word;
}

bool picket_mps2_stack_intact(void *ctx)
{
    (void)ctx;
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        if (picket_main_stack_bottom[i] != PAINT)
            return false;
    return true;
}

size_t picket_mps2_stack_size(void)
{
    return (size_t)(picket_main_stack_top - picket_main_stack_bottom) * sizeof(uint32_t);
}

size_t picket_mps2_stack_peak(void)
{
    return picket_mps2_stack_size() - untouched();
}

size_t picket_mps2_stack_room(void *ctx)
{
    (void)ctx;
    return untouched();
}
