// GHASH for Armv6-M: see cipher.h. Its tables are in RAM, where no cache is, and an entry is read as its four words, in order. No
// branch and no instruction depends on key or text. In comments, cycles.
#include "../which.h"
#if KERNELS_TABLES

#include "common.inc"

// A product is made from the last half byte of each of the four words to the first: y = y x^4 + the entries of the four. y is in
// r0-r3, the words of the other factor in r8-r11; r12 and lr: the tables for words 0 and 1. r4-r7 are used.
#define MINE   0
#define BLOCKS 4
#define COUNT  8
#define FRAME  12

#define TABLE  16

// r7 = the entry of half byte j, 0 being the highest, of word i. 5 or 6 cycles.
.macro entry i, j, word
    mov r7, \word
    .if \j == 0
    lsrs r7, #28
    lsls r7, #6
    .elseif \j == 7
    lsls r7, #28
    lsrs r7, #22
    .else
    lsls r7, #4*\j
    lsrs r7, #28
    lsls r7, #6
    .endif
    .if \i >= 2
    adds r7, #32
    .endif
    .if \i == 1 || \i == 3
    add r7, lr
    .else
    add r7, r12
    .endif
.endm

.macro look_up i, j, word
    entry \i, \j, \word
    ldmia r7, {r4-r7}
    eors r0, r4
    eors r1, r5
    eors r2, r6
    eors r3, r7
.endm

// y x^4; what goes beyond x^127 comes back as 1 + x + x^2 + x^7. 18 cycles.
.macro shift
    lsls r4, r3, #28
    lsrs r3, #4
    lsls r5, r2, #28
    orrs r3, r5
    lsrs r2, #4
    lsls r5, r1, #28
    orrs r2, r5
    lsrs r1, #4
    lsls r5, r0, #28
    orrs r1, r5
    lsrs r0, #4
    eors r0, r4
    lsrs r5, r4, #1
    eors r0, r5
    lsrs r5, r4, #2
    eors r0, r5
    lsrs r5, r4, #7
    eors r0, r5
.endm

.macro four j
    look_up 0, \j, r8
    look_up 1, \j, r9
    look_up 2, \j, r10
    look_up 3, \j, r11
.endm

// r0 = g, r1 = blocks, r2 = n. A block: 650 cycles, 41 a byte.
    SECTION(kernel_ghash)
function kernel_ghash
    enter
    sub sp, #FRAME
    str r0, [sp, #MINE]
    str r1, [sp, #BLOCKS]
    str r2, [sp, #COUNT]
    adds r0, #TABLE
    mov r12, r0
    adds r0, #16
    mov lr, r0
1:  ldr r6, [sp, #BLOCKS]
    lsls r5, r6, #30
    beq 2f
    load_across
    b 3f
2:  ldmia r6!, {r0-r3}
3:  rev r0, r0
    rev r1, r1
    rev r2, r2
    rev r3, r3
    ldr r6, [sp, #MINE]
    ldmia r6!, {r4, r5}
    eors r0, r4
    eors r1, r5
    ldmia r6!, {r4, r5}
    eors r2, r4
    eors r3, r5
    mov r8, r0
    mov r9, r1
    mov r10, r2
    mov r11, r3
    entry 0, 7, r8
    ldmia r7!, {r0-r3}
    look_up 1, 7, r9
    look_up 2, 7, r10
    look_up 3, 7, r11
    .irp j, 6, 5, 4, 3, 2, 1, 0
    shift
    four \j
    .endr
    ldr r6, [sp, #MINE]
    stmia r6!, {r0-r3}
    ldr r6, [sp, #BLOCKS]
    adds r6, #16
    str r6, [sp, #BLOCKS]
    ldr r6, [sp, #COUNT]
    subs r6, #1
    str r6, [sp, #COUNT]
    beq 4f
    b 1b
4:  add sp, #FRAME
    leave

#endif
