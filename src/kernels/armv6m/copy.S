// A copy for Armv6-M: see copy.h. In comments, cycles.
#include "../which.h"
#if KERNELS_ARMV6M

#include "common.inc"

// Sixteen bytes at a time, by the words that they lie in; the first byte wanted is `at` bytes into r3, the word before; r1 is
// the next word, r0 a word of the place, r2 counts. 28 cycles for 16 bytes.
.macro shifted at
1:
    mov r12, r2
    ldmia r1!, {r4-r7}
    lsrs r3, r3, #(8 * \at)
    lsls r2, r4, #(32 - 8 * \at)
    orrs r3, r2
    lsrs r4, r4, #(8 * \at)
    lsls r2, r5, #(32 - 8 * \at)
    orrs r4, r2
    lsrs r5, r5, #(8 * \at)
    lsls r2, r6, #(32 - 8 * \at)
    orrs r5, r2
    lsrs r6, r6, #(8 * \at)
    lsls r2, r7, #(32 - 8 * \at)
    orrs r6, r2
    stmia r0!, {r3-r6}
    mov r3, r7
    mov r2, r12
    subs r2, #1
    bne 1b
    subs r1, #(4 - \at)
    b 5f
.endm

// void *kernel_copy(void *to, const void *from, size_t n)
    SECTION(kernel_copy)
function kernel_copy
    push {r0, r4-r7, lr}
    cmp r2, #20                     // three to the next word, and sixteen
    blo 6f
2:  lsls r3, r0, #30                // to a word of the place
    beq 3f
    ldrb r3, [r1]
    strb r3, [r0]
    adds r1, #1
    adds r0, #1
    subs r2, #1
    b 2b
3:  movs r3, #15
    ands r3, r2
    mov lr, r3                      // bytes behind the last sixteen
    lsrs r2, #4
    lsls r4, r1, #30
    beq 4f
    lsrs r4, #30
    subs r1, r4
    ldmia r1!, {r3}
    cmp r4, #2
    beq 7f
    bhi 8f
    shifted 1
7:  shifted 2
8:  shifted 3
4:  ldmia r1!, {r3-r6}              // 13 cycles for 16 bytes
    stmia r0!, {r3-r6}
    subs r2, #1
    bne 4b
5:  mov r2, lr
6:  subs r2, #1
    bmi 9f
    ldrb r3, [r1]
    strb r3, [r0]
    adds r1, #1
    adds r0, #1
    b 6b
9:  pop {r0, r4-r7, pc}
    .size kernel_copy, . - kernel_copy

#endif
