// Numbers of any length, for RSA: see kernels.h.
#include "../which.h"
#if KERNELS_ARMV7EM

#include "armv7em.inc"

// The words that are no multiple of four first, then four a turn. r12: the carry.
    SECTION(kernel_add_row)
function kernel_add_row
    enter
    mov r12, #0
    ands lr, r2, #3
    beq 2f
1:
    ldr r4, [r1], #4
    ldr r5, [r0]
    umaal r5, r12, r4, r3
    str r5, [r0], #4
    subs lr, #1
    bne 1b
2:
    lsrs r2, r2, #2
    beq 4f
3:
    ldmia r1!, {r4-r7}
    ldmia r0, {r8-r11}
    umaal r8, r12, r4, r3
    umaal r9, r12, r5, r3
    umaal r10, r12, r6, r3
    umaal r11, r12, r7, r3
    stmia r0!, {r8-r11}
    subs r2, #1
    bne 3b
4:
    mov r0, r12
    leave

// The carry of what is added is r12, of the words' doubling the bit in r6.
    SECTION(kernel_add_squares)
function kernel_add_squares
    push {r4-r8, lr}
    mov r12, #0
    mov r6, #0
    mov r7, #0
1:
    ldr r3, [r1], #4
    ldrd r4, r5, [r0]
    lsr r8, r5, #31
    lsl r5, r5, #1
    orr r5, r5, r4, lsr #31
    orr r4, r6, r4, lsl #1
    mov r6, r8
    umaal r4, r12, r3, r3
    umaal r5, r12, r7, r7
    strd r4, r5, [r0], #8
    subs r2, #1
    bne 1b
    pop {r4-r8, pc}

#endif
