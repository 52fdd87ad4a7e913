// Numbers of any length, for RSA: see kernels.h.
#include "../which.h"
#if KERNELS_ARMV6M

#include "armv6m.inc"

#define STEP_BYTES 48

// [r0] += [r1] m + c, a word: m's halves are in r8 and r9, 2^16 in r10; the carry comes in c and goes out in h. 27 cycles.
.macro step c, h
    ldmia r1!, {r3}
    uxth r4, r3         // a0
    lsrs r3, r3, #16    // a1
    mov r5, r8
    mov \h, r9
    movs r7, r5
    muls r7, r4         // a0 m0
    muls r4, \h         // a0 m1
    muls r5, r3         // a1 m0
    muls \h, r3         // a1 m1
    adds r4, r5
    bcc 1f              // 2 cycles, or 1 and 1
    add \h, r10
1:
    lsls r5, r4, #16
    lsrs r4, r4, #16
    adds r7, r5
    adcs \h, r4
    movs r3, #0
    adds r7, \c
    adcs \h, r3
    ldr r5, [r0]
    adds r7, r5
    adcs \h, r3
    stmia r0!, {r7}
.endm

// Four steps a turn, of which the first begins in the middle if n is no multiple of four.
    SECTION(kernel_add_row)
function kernel_add_row
    enter
    uxth r4, r3
    lsrs r5, r3, #16
    mov r8, r4
    mov r9, r5
    movs r4, #1
    lsls r4, r4, #16
    mov r10, r4
    lsls r4, r2, #2
    adds r4, r0
    mov r11, r4         // where r ends
    movs r3, #3
    rsbs r2, r2, #0
    ands r3, r2         // steps to leave out
    movs r4, #STEP_BYTES
    muls r4, r3
    adr r5, 2f
    adds r4, r5
    adds r4, #1
    movs r2, #0
    movs r6, #0
    bx r4
    .balign 4
2:
    step r2, r6
    step r6, r2
    step r2, r6
    step r6, r2
    cmp r0, r11
    bne 2b
    mov r0, r2
    leave

// r = 2 r + the squares of a's words, two words of it a turn: the carry (0 or 1, r7) and the bit shifted out (r6) are kept
// apart.
    SECTION(kernel_add_squares)
function kernel_add_squares
    push {r4-r7, lr}
    lsls r2, r2, #2
    adds r2, r1
    mov r12, r2         // where a ends
    movs r6, #0
    movs r7, #0
3:
    ldmia r1!, {r2}
    uxth r3, r2
    lsrs r2, r2, #16
    mov r4, r3
    muls r4, r2
    muls r3, r3
    muls r2, r2
    lsls r5, r4, #17
    lsrs r4, r4, #15
    adds r3, r5
    adcs r2, r4         // the square: r2:r3
    movs r5, #0
    adds r3, r7
    adcs r2, r5         // at most 2^64 - 2^33 + 2
    ldr r4, [r0]
    lsrs r7, r4, #31
    lsls r4, r4, #1
    orrs r4, r6
    adds r4, r3
    stmia r0!, {r4}
    ldr r4, [r0]
    bcc 4f
    adds r2, #1
4:
    lsrs r6, r4, #31
    lsls r4, r4, #1
    orrs r4, r7
    adds r4, r2
    stmia r0!, {r4}
    movs r7, #0
    adcs r7, r7
    cmp r1, r12
    bne 3b
    pop {r4-r7, pc}

#endif
