// Poly1305 for Armv6-M: see cipher.h. No branch, no address and no instruction depends on key or message. In comments, cycles.
#include "../which.h"
#if KERNELS_ARMV6M

#include "common.inc"

// h k, with h = 2^16 h1 + h0 and k = 2^14 k1 + k0, is h0 k0 + 2^16 h1 k0 + 2^14 h0 k1 + 2^30 h1 k1. A column is the sum of four
// such products, and so each of these four sums is made by itself first: in r0, r1, r2 and r3. None but the last two can
// reach 33 bits, and they not before the fourth product (cipher.h).
//
// h0 of the four words is in r8-r11, h1 in r12, lr and on the stack. r7 points into the table of k, r4-r6 are used.
#define HIGH2  0
#define HIGH3  4
#define TOP    8   // h4
#define CARRY  12  // of a column into the next
#define WORDS  16  // of h
#define COUNT  32
#define MINE   36  // struct poly1305
#define BLOCKS 40
#define FRAME  44

#define K      20  // in struct poly1305
#define WHOLE  76

.macro high2 word
    ldr \word, [sp, #HIGH2]
.endm

.macro high3 word
    ldr \word, [sp, #HIGH3]
.endm

.macro high0 word
    mov \word, r12
.endm

.macro high1 word
    mov \word, lr
.endm

// 11 cycles, or 12.
.macro first low, high
    ldmia r7!, {r5, r6}
    mov r0, \low
    mov r2, r0
    \high r3
    mov r1, r3
    muls r0, r5
    muls r1, r5
    muls r2, r6
    muls r3, r6
.endm

// 14 cycles, or 15.
.macro next low, high
    ldmia r7!, {r5, r6}
    mov r4, \low
    muls r4, r5
    adds r0, r4
    \high r4
    muls r5, r4
    adds r1, r5
    muls r4, r6
    adds r3, r4
    mov r5, \low
    muls r6, r5
    adds r2, r6
.endm

// A column: the lower word in r0, the upper in r5. 79 cycles, 71 if no sum can have 33 bits.
.macro column wide=1
    first r8, high0
    next r9, high1
    next r10, high2
    .if \wide
    ldmia r7!, {r5, r6}
    mov r4, r11
    muls r4, r5
    adds r0, r4
    high3 r4
    muls r5, r4
    adds r1, r5
    muls r4, r6
    adds r3, r4
    movs r4, #0
    adcs r4, r4
    mov r5, r11
    muls r6, r5
    adds r2, r6
    movs r5, #0
    adcs r5, r5
    lsls r4, #30
    lsls r5, #14
    adds r5, r4
    lsrs r4, r3, #2
    adds r5, r4
    .else
    next r11, high3
    lsrs r5, r3, #2
    .endif
    lsls r3, #30
    lsrs r4, r1, #16
    lsls r1, #16
    adds r0, r1
    adcs r5, r4
    lsrs r4, r2, #18
    lsls r2, #14
    adds r0, r2
    adcs r5, r4
    movs r4, #0
    adds r0, r3
    adcs r5, r4
.endm

// And the carry, and h4 times the word of s that is \at from r7. 11 cycles.
.macro carried at
    ldr r3, [sp, #CARRY]
    adds r0, r3
    adcs r5, r4
    ldr r3, [sp, #TOP]
    ldr r2, [r7, #\at]
    muls r2, r3
    adds r0, r2
    adcs r5, r4
.endm

// Word n of h is done; the next column begins one word of k earlier.
.macro store n
    str r0, [sp, #WORDS + 4*\n]
    str r5, [sp, #CARRY]
    subs r7, #40
.endm

// Halves of a word of h.
.macro split word, low, high
    uxth r4, \word
    lsrs \word, #16
    mov \low, r4
    mov \high, \word
.endm

// r0 = p, r1 = blocks, r2 = n. A block: 410 cycles, 26 a byte; 28 if it does not begin at a word.
    SECTION(kernel_poly1305)
function kernel_poly1305
    enter
    sub sp, #FRAME
    str r0, [sp, #MINE]
    str r1, [sp, #BLOCKS]
    str r2, [sp, #COUNT]
    mov r7, r0
    mov r6, r1
    ldr r4, [r7, #16]
    str r4, [sp, #TOP]
    ldmia r7!, {r0-r3}
    adds r7, #K + 24 - 16           // r0
1:  lsls r5, r6, #30                // h is in r0-r3
    beq 2f
    mov r8, r0
    mov r9, r1
    mov r10, r2
    mov r11, r3
    mov r12, r7
    load_across
    mov r7, r12
    mov r4, r8
    adds r0, r4
    mov r4, r9
    adcs r1, r4
    mov r4, r10
    adcs r2, r4
    mov r4, r11
    adcs r3, r4
    b 3f
2:  ldmia r6!, {r4, r5}
    adds r0, r4
    adcs r1, r5
    ldmia r6!, {r4, r5}
    adcs r2, r4
    adcs r3, r5
3:
    ldr r4, [sp, #TOP]
    movs r5, #1
    adcs r4, r5
    str r4, [sp, #TOP]
    split r0, r8, r12
    split r1, r9, lr
    uxth r4, r2
    mov r10, r4
    lsrs r2, #16
    uxth r4, r3
    mov r11, r4
    lsrs r3, #16
    str r2, [sp, #HIGH2]
    str r3, [sp, #HIGH3]
    column
    store 0
    column
    carried WHOLE + 0 - K - 48
    store 1
    column
    carried WHOLE + 4 - K - 40
    store 2
    column wide=0                   // of r alone, whose upper parts have 14 bits
    carried WHOLE + 8 - K - 32
    ldr r3, [sp, #TOP]              // h4 r0, and the carry: 2^128
    ldr r2, [r7, #WHOLE + 12 - K - 32]
    muls r2, r3
    adds r5, r2
    movs r3, #3
    ands r3, r5
    str r3, [sp, #TOP]
    lsrs r5, #2                     // 2^130 is 5
    lsls r4, r5, #2
    adds r4, r5
    movs r5, #0
    mov r3, r0
    ldr r0, [sp, #WORDS + 0]
    adds r0, r4
    ldr r1, [sp, #WORDS + 4]
    adcs r1, r5
    ldr r2, [sp, #WORDS + 8]
    adcs r2, r5
    adcs r3, r5
    ldr r4, [sp, #TOP]
    adcs r4, r5
    str r4, [sp, #TOP]
    subs r7, #8                     // k of the first column
    ldr r6, [sp, #BLOCKS]
    adds r6, #16
    str r6, [sp, #BLOCKS]
    ldr r5, [sp, #COUNT]
    subs r5, #1
    str r5, [sp, #COUNT]
    beq 4f
    b 1b
4:  ldr r7, [sp, #MINE]
    str r4, [r7, #16]
    stmia r7!, {r0-r3}
    movs r4, #0                     // products with the key, and the key times 2^16
    movs r5, #0
    movs r6, #0
    mov r7, sp
    stmia r7!, {r4-r6}
    stmia r7!, {r4-r6}
    stmia r7!, {r4, r5}
    add sp, #FRAME
    leave

#endif
