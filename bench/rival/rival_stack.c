#include "rival_stack.h"

#include <stdint.h>

#include "stack.h"

// RIVAL_STACK: bytes, a multiple of 8.
enum { WORDS = RIVAL_STACK / 4, PAINT = 0x5ac3a55c };

static uint64_t memory[WORDS / 2];
static void *here, *there;
static int (*the_call)(void);
static int result;

static void entry(void)
{
    result = the_call();
    picket_cortex_m_stack_switch(NULL, &there, here);
}

static volatile uint32_t *word(unsigned i)
{
    return (volatile uint32_t *)(void *)memory + i;
}

int stack_run(int (*call)(void))
{
    for (unsigned i = 0; i < WORDS; i++)
        *word(i) = PAINT;
    the_call = call;
    there = picket_cortex_m_stack_make(NULL, memory, sizeof memory, entry);
    picket_cortex_m_stack_switch(NULL, &here, there);
    return result;
}

size_t stack_peak(void)
{
    unsigned i = 0;
    while (i < WORDS && *word(i) == PAINT)
        i++;
    return 4 * (WORDS - i);
}
