// The kernels of 384 bits: see kernels.h.
#include "../which.h"
#if KERNELS_ARMV7EM

#include "armv7em.inc"
#include "products.inc"

    SECTION(kernel_mul384)
function kernel_mul384
    enter
    block 12, 0, 0
    block 12, 4, 1
    block 12, 8, 1
    leave

// --- The square

// Four words of a, in r9-r12, with each other: onto words at to at + 3 of r, which are in t0 to t3; at + 4 to at + 6 are new.
.macro with_each_other at, t0, t1, t2, t3, c
    str \t0, [r0, #4*\at]
    mov \c, #0
    umaal \t1, \c, r9, r10
    umaal \t2, \c, r9, r11
    umaal \t3, \c, r9, r12
    strd \t1, \t2, [r0, #4*\at + 4]
    mov \t0, #0
    umaal \t3, \t0, r10, r11
    umaal \c, \t0, r10, r12
    mov \t1, #0
    umlal \t0, \t1, r11, r12
    strd \t3, \c, [r0, #4*\at + 12]
    strd \t0, \t1, [r0, #4*\at + 20]
.endm

// [r0] += [r1] (four words at r2, which goes on), n words of r1, r's words being these of at; more: word at + i is there.
.macro square_rows i, n, at, more, now, next, t0, t1, t2, t3, c
    .if \i < \n
    .if \i < \more
    ldr \c, [r0, #4*(\at+\i)]
    .else
    mov \c, #0
    .endif
    .if \i + 1 < \n
    ldr \next, [r1, #4*(\i+1)]
    .endif
    row \now, \t0, \t1, \t2, \t3, \c, r9, r10, r11, r12
    str \t0, [r0, #4*(\at+\i)]
    square_rows (\i+1), \n, \at, \more, \next, \now, \t1, \t2, \t3, \c, \t0
    .else
    with_each_other (\at+\n), \t0, \t1, \t2, \t3, \c
    .endif
.endm

.macro square_block n, at
    ldmia r2!, {r9-r12}
    ldr r3, [r1]
    ldr r4, [r0, #4*\at]
    ldr lr, [r1, #4]
    first_row r3, r4, r5, r6, r7, r8, r9, r10, r11, r12
    str r4, [r0, #4*\at]
    square_rows 1, \n, \at, (\n-1), lr, r3, r5, r6, r7, r8, r4
.endm

// The products of different words first; then the sum is doubled and the squares are added, four words at a time: the carry of
// one is the flag, that of the other r2.
    SECTION(kernel_sqr384)
function kernel_sqr384
    enter
    mov r2, r1
    ldmia r2!, {r9-r12}
    mov r4, #0
    mov r5, #0
    mov r6, #0
    mov r7, #0
    with_each_other 0, r4, r5, r6, r7, r8
    square_block 4, 4
    square_block 8, 8
    mov r2, #0
    str r2, [r0, #92]
    mov r12, #0
    cmn r2, #0                  // no carry
    .rept 6
    ldmia r0, {r3-r6}
    ldmia r1!, {r7, r8}
    adcs r3, r3, r3
    adcs r4, r4, r4
    adcs r5, r5, r5
    adcs r6, r6, r6
    umaal r3, r2, r7, r7
    umaal r4, r2, r12, r12
    umaal r5, r2, r8, r8
    umaal r6, r2, r12, r12
    stmia r0!, {r3-r6}
    .endr
    leave

// --- Modulo p = 2^384 - 2^128 - 2^96 + 2^32 - 1: numbers are in r0, r1, r3-r12

// += the prime if lr is all ones, nothing if it is 0.
.macro add_p384_if
    adds r0, r0, lr
    adcs r1, r1, #0
    adcs r3, r3, #0
    adcs r4, r4, lr
    adcs r5, r5, lr, lsl #1
    .irp word, r6, r7, r8, r9, r10, r11, r12
    adcs \word, \word, lr
    .endr
.endm

// Plus 2^384 lr, which is below 2 p, modulo p. (To subtract a word is to add its complement.)
.macro subtract_p384
    adds r0, r0, #1
    adcs r1, r1, #0xffffffff
    adcs r3, r3, #0xffffffff
    adcs r4, r4, #0
    adcs r5, r5, #1
    .irp word, r6, r7, r8, r9, r10, r11, r12
    adcs \word, \word, #0
    .endr
    sbc lr, lr, #0              // -1 if it was below p, else 0
    add_p384_if
.endm

// To r, which is on the stack.
.macro store_p384
    ldr r2, [sp], #8
    stmia r2!, {r0, r1}
    stmia r2, {r3-r12}
.endm

.macro each_word first, operation
    ldmia r1, {r0, r1, r3-r12}
    ldr lr, [r2]
    \first r0, r0, lr
    .irp word, r1, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12
    ldr lr, [r2, #4]!
    \operation \word, \word, lr
    .endr
.endm

    SECTION(kernel_add_p384)
function kernel_add_p384
    push {r0, r1, r4-r11, lr}
    each_word adds, adcs
    mov lr, #0
    adc lr, lr, #0
    subtract_p384
    store_p384
    leave

    SECTION(kernel_sub_p384)
function kernel_sub_p384
    push {r0, r1, r4-r11, lr}
    each_word subs, sbcs
    sbc lr, lr, lr
    add_p384_if
    store_p384
    leave

// p = 2^32 - 1 modulo 2^96: word i of t, with what was added below it, is m[i], how often p is to be added 2^(32 i) times: it
// comes to word i + 1, and is taken from i + 3 and i + 4, and comes to i + 12. So there are three carries: r2, of what is added to t;
// r4, of m[i - 3] + m[i - 4]; and the flag, of that sum being taken. lr is 1.
.macro take m3, m4, t
    mov r0, \m3
    umaal r0, r4, \m4, lr
    sbcs \t, \t, r0
.endm

.macro word_m t, m1, m3, m4
    umaal \t, r2, \m1, lr
    take \m3, \m4, \t
.endm

// The same above: t is loaded, plus m[i - 12], and stored again.
.macro word_above i, m3, m4
    ldr r3, [r1, #4*\i]
    ldr r0, [r1, #4*\i - 48]
    umaal r3, r2, r0, lr
    .if \i == 0
    mov r0, #0                  // m[11], with a carry of its own
    umaal r3, r0, r12, lr
    add r2, r2, r0
    .endif
    take \m3, \m4, r3
    str r3, [r1, #4*\i]
.endm

// Four of t's words at a time become m's, which take their places; m[0] to m[3] are kept in r9-r12, m[4] to m[7] in r5-r8,
// m[8] to m[11] in r9-r12 again. t is at r1, then its word 12.
    SECTION(kernel_reduce_p384)
function kernel_reduce_p384
    push {r0, r1, r4-r11, lr}
    mov lr, #1
    mov r2, #0
    mov r4, #0
    ldmia r1, {r9-r12}
    umaal r10, r2, r9, lr
    umaal r11, r2, r10, lr
    umaal r12, r2, r11, lr
    subs r12, r12, r9
    stmia r1!, {r9-r12}
    ldmia r1, {r5-r8}
    word_m r5, r12, r10, r9
    word_m r6, r5, r11, r10
    word_m r7, r6, r12, r11
    word_m r8, r7, r5, r12
    stmia r1!, {r5-r8}
    ldmia r1, {r9-r12}
    word_m r9, r8, r6, r5
    word_m r10, r9, r7, r6
    word_m r11, r10, r8, r7
    word_m r12, r11, r9, r8
    stmia r1!, {r9-r12}
    word_above 0, r10, r9
    word_above 1, r11, r10
    word_above 2, r12, r11
    word_above 3, #0, r12
    // Words 16 to 23 take the places of m[4] to m[11]
    ldr r0, [r1, #16]
    umaal r5, r2, r0, lr
    sbcs r5, r5, r4
    .irp word, r6, r7, r8, r9, r10, r11, r12
    .ifc \word, r6
    ldr r0, [r1, #20]!
    .else
    ldr r0, [r1, #4]!
    .endif
    umaal \word, r2, r0, lr
    sbcs \word, \word, #0
    .endr
    sbc lr, r2, #0
    ldrd r3, r4, [r1, #-36]
    ldr r0, [r1, #-44]
    ldr r1, [r1, #-40]
    subtract_p384
    store_p384
    leave

#endif
