#include "stack.h"

#include <stdint.h>
#include <string.h>

// What stack.S leaves on a stack that is not running: the registers that a called function must preserve, under
// the address to go on at. On an ARMv8-M with the main extension also the stack's limit.
struct frame {
#ifdef __ARM_FP
    uint32_t s16_to_s31[16];
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    uint32_t limit;
    uint32_t r4_to_r11[8];
#else
    uint32_t r4_to_r11_and_r3[9]; // in another order, with r3 for the alignment alone
#endif
    uint32_t pc;
};

// Less than this is a mistake: an interrupt alone takes 32 bytes, with the floating-point registers 104.
enum { SMALLEST = 256 };

void *picket_cortex_m_stack_make(void *ctx, void *mem, size_t len, void (*entry)(void))
{
    (void)ctx;
    uintptr_t bottom = ((uintptr_t)mem + 7) & ~(uintptr_t)7;
    uintptr_t top = ((uintptr_t)mem + len) & ~(uintptr_t)7; // where entry's stack pointer begins
    if (!mem || len < SMALLEST)
        return NULL;
    struct frame *frame = (struct frame *)(top - sizeof *frame);
    memset(frame, 0, sizeof *frame);
    frame->pc = (uint32_t)(uintptr_t)entry;
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    frame->limit = (uint32_t)bottom + PICKET_CORTEX_M_STACK_GUARD;
#else
    (void)bottom;
#endif
    return frame;
}
