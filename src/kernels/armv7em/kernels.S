// The kernels for Armv7E-M and Armv8-M with the DSP extension (Cortex-M4, M7, M33), 256 bits: see kernels.h. No branch, no address and
// no instruction depends on a number.
#include "../which.h"
#if KERNELS_ARMV7EM

#include "armv7em.inc"
#include "products.inc"

// --- Products

    SECTION(kernel_mul256)
function kernel_mul256
    enter
    block 8, 0, 0
    block 8, 4, 1
    leave

// A word of the sum of the products of different words is complete: it is doubled, the carry being the flag, and what the
// squares have there is added, their carry being d. Even words have a square's lower half, the upper half is that carry.
.macro even_word n, t, d, a
    adcs \t, \t, \t
    umaal \t, \d, \a, \a
    str \t, [r0, #4*\n]
.endm

.macro odd_word n, t, d, zero
    adcs \t, \t, \t
    umaal \t, \d, \zero, \zero
    str \t, [r0, #4*\n]
.endm

// a0 to a3: r1-r4, a4 to a7: r5, r6, r11, r12. d: lr, but for the first row of the upper words, where there is no room for it.
    SECTION(kernel_sqr256)
function kernel_sqr256
    enter
    sub sp, #8
    mov lr, r1
    ldmia lr!, {r1-r4}
    // Products of a0 to a3 with each other: words 1 to 6, r6 to r11
    umull r6, r7, r1, r2
    mov r8, #0
    umlal r7, r8, r1, r3
    mov r9, #0
    umlal r8, r9, r1, r4
    mov r10, #0
    umlal r8, r10, r2, r3
    umaal r9, r10, r2, r4
    mov r11, #0
    umlal r10, r11, r3, r4
    // Words 0 to 3
    mov r12, #0
    str lr, [sp]
    umull r5, lr, r1, r1
    adds r6, r6, r6
    umaal r6, lr, r12, r12
    adcs r7, r7, r7
    umaal r7, lr, r2, r2
    adcs r8, r8, r8
    umaal r8, lr, r12, r12
    stmia r0, {r5-r8}
    // Words 4, 5, 6 are r9, r10, r11 so far; r7 and r8 are free, and then the first of them
    str lr, [sp, #4]
    ldr r12, [sp]
    ldrd r5, r6, [r12], #8
    ldr lr, [r12]
    ldr r12, [r12, #4]
    mov r7, #0
    mov r8, #0
    row r1, r9, r10, r11, r7, r8, r5, r6, lr, r12
    ldr r1, [sp, #4]
    even_word 4, r9, r1, r3
    mov r9, #0
    row r2, r10, r11, r7, r8, r9, r5, r6, lr, r12
    mov r2, #0
    odd_word 5, r10, r1, r2
    mov r10, #0
    row r3, r11, r7, r8, r9, r10, r5, r6, lr, r12
    even_word 6, r11, r1, r4
    mov r11, #0
    row r4, r7, r8, r9, r10, r11, r5, r6, lr, r12
    odd_word 7, r7, r1, r2
    even_word 8, r8, r1, r5
    // a4 to a7 with each other: words 9 to 14, r9 to r11 and r3, r4, r7
    mov r3, #0
    umaal r9, r3, r5, r6
    umaal r10, r3, r5, lr
    umaal r11, r3, r5, r12
    odd_word 9, r9, r1, r2
    even_word 10, r10, r1, r6
    mov r4, #0
    umaal r11, r4, r6, lr
    umaal r3, r4, r6, r12
    odd_word 11, r11, r1, r2
    even_word 12, r3, r1, lr
    mov r7, #0
    umlal r4, r7, lr, r12
    odd_word 13, r4, r1, r2
    even_word 14, r7, r1, r12
    adc r1, r1, #0
    str r1, [r0, #60]
    add sp, #8
    leave

// r3-r10 = [r1] +- [r2], with the carry or the borrow.
.macro combine first, op
    ldmia r1, {r3-r10}
    ldmia r2!, {r1, r11, r12, lr}
    \first r3, r3, r1
    \op r4, r4, r11
    \op r5, r5, r12
    \op r6, r6, lr
    ldmia r2, {r1, r11, r12, lr}
    \op r7, r7, r1
    \op r8, r8, r11
    \op r9, r9, r12
    \op r10, r10, lr
.endm

// --- 2^255 - 19: numbers are in r3-r10

// += 2^256 if the carry is set: 38. When that carries, what is left is below 38, and takes another.
.macro fold_carry
    mov r11, #38
    sbc r1, r1, r1
    bic r1, r11, r1
    fold_word
.endm

// += r1, which is below 2^32 - 38; r11 is 38.
.macro fold_word
    adds r3, r3, r1
    adcs r4, r4, #0
    adcs r5, r5, #0
    adcs r6, r6, #0
    adcs r7, r7, #0
    adcs r8, r8, #0
    adcs r9, r9, #0
    adcs r10, r10, #0
    sbc r1, r1, r1
    bic r1, r11, r1
    add r3, r3, r1
.endm

    SECTION(kernel_add_25519)
function kernel_add_25519
    enter
    combine adds, adcs
    fold_carry
    stmia r0, {r3-r10}
    leave

// A borrow of 2^256 is taken back as 38; should that borrow, what is left is above 2^256 - 38.
    SECTION(kernel_sub_25519)
function kernel_sub_25519
    enter
    combine subs, sbcs
    sbc r1, r1, r1
    and r1, r1, #38
    subs r3, r3, r1
    sbcs r4, r4, #0
    sbcs r5, r5, #0
    sbcs r6, r6, #0
    sbcs r7, r7, #0
    sbcs r8, r8, #0
    sbcs r9, r9, #0
    sbcs r10, r10, #0
    sbc r1, r1, r1
    and r1, r1, #38
    sub r3, r3, r1
    stmia r0, {r3-r10}
    leave

// low + 38 high: the carry stays below 39.
    SECTION(kernel_reduce_25519)
function kernel_reduce_25519
    enter
    ldmia r1!, {r3-r10}
    mov r11, #38
    mov r2, #0
    .macro two_words low, high
    ldrd r12, lr, [r1], #8
    umaal \low, r2, r12, r11
    umaal \high, r2, lr, r11
    .endm
    two_words r3, r4
    two_words r5, r6
    two_words r7, r8
    two_words r9, r10
    mul r1, r2, r11
    fold_word
    stmia r0, {r3-r10}
    leave

// 121664 a + a
    SECTION(kernel_mul_121665)
function kernel_mul_121665
    enter
    ldmia r1, {r3-r10}
    movw r12, #121664 & 0xffff
    movt r12, #121664 >> 16
    mov r11, #38
    mov r2, #0
    .irp word, r3, r4, r5, r6, r7, r8, r9, r10
    umaal \word, r2, \word, r12
    .endr
    mul r1, r2, r11
    fold_word
    stmia r0, {r3-r10}
    leave

// --- P-256: numbers are in r3-r10

// += the prime if mask is all ones, nothing if it is 0.
.macro add_p256_if mask, w0, w1, w2, w3, w4, w5, w6, w7
    adds \w0, \w0, \mask
    adcs \w1, \w1, \mask
    adcs \w2, \w2, \mask
    adcs \w3, \w3, #0
    adcs \w4, \w4, #0
    adcs \w5, \w5, #0
    adcs \w6, \w6, \mask, lsr #31
    adcs \w7, \w7, \mask
.endm

// (carry w7 ... w0), which is below 2 p, modulo p; carry is used up.
.macro subtract_p256 carry, w0, w1, w2, w3, w4, w5, w6, w7
    subs \w0, \w0, #0xffffffff
    sbcs \w1, \w1, #0xffffffff
    sbcs \w2, \w2, #0xffffffff
    sbcs \w3, \w3, #0
    sbcs \w4, \w4, #0
    sbcs \w5, \w5, #0
    sbcs \w6, \w6, #1
    sbcs \w7, \w7, #0xffffffff
    sbc \carry, \carry, #0      // -1 if it was below p, else 0
    add_p256_if \carry, \w0, \w1, \w2, \w3, \w4, \w5, \w6, \w7
.endm

    SECTION(kernel_add_p256)
function kernel_add_p256
    enter
    combine adds, adcs
    mov r1, #0
    adc r1, r1, #0
    subtract_p256 r1, r3, r4, r5, r6, r7, r8, r9, r10
    stmia r0, {r3-r10}
    leave

    SECTION(kernel_sub_p256)
function kernel_sub_p256
    enter
    combine subs, sbcs
    sbc r1, r1, r1
    add_p256_if r1, r3, r4, r5, r6, r7, r8, r9, r10
    stmia r0, {r3-r10}
    leave

// p = -1 modulo 2^96: three words m at once say how often p is to be added, and p + 1 = 2^96 + 2^192 + (2^32 - 1) 2^224. So m is
// added to the words 3 and 6 places above, and (2^32 - 1) m 7 places above: by UMAAL, whose carry, c, meets the flag's at the
// word behind. What that leaves to carry is pending.
.macro reduce_three m0, m1, m2, t3, t4, t5, t6, t7, t8, t9, t10, ones, c, pending=#0
    mov \c, #0
    adds \t3, \t3, \m0
    adcs \t4, \t4, \m1
    adcs \t5, \t5, \m2
    adcs \t6, \t6, \m0
    adcs \t7, \t7, \m1
    adcs \t8, \t8, \m2
    adcs \t9, \t9, \pending
    umaal \t7, \c, \m0, \ones
    umaal \t8, \c, \m1, \ones
    umaal \t9, \c, \m2, \ones
    adcs \t10, \t10, \c
.endm

// t0 to t11 in r1-r12; then t12 to t15 come into what is free.
    SECTION(kernel_reduce_p256)
function kernel_reduce_p256
    push {r0, r1, r4-r11, lr}
    mov lr, r1
    ldmia lr, {r1-r12}
    mvn lr, #0
    reduce_three r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, lr, r0
    adcs r12, r12, #0           // word 11
    mov r1, #0
    adc r1, r1, #0              // pending, of word 12
    ldr r0, [sp, #4]
    ldrd r2, r3, [r0, #48]      // words 12 and 13
    reduce_three r4, r5, r6, r7, r8, r9, r10, r11, r12, r2, r3, lr, r0, r1
    ldr r0, [sp, #4]
    ldrd r4, r5, [r0, #56]      // words 14 and 15
    adcs r4, r4, #0
    adcs r5, r5, #0
    mov r1, #0
    adc r1, r1, #0
    mov r0, #0
    adds r10, r10, r7           // the last two: words 6 and 7
    adcs r11, r11, r8
    adcs r12, r12, #0
    adcs r2, r2, r7
    adcs r3, r3, r8
    adcs r4, r4, #0
    umaal r3, r0, r7, lr
    umaal r4, r0, r8, lr
    adcs r5, r5, r0
    adc r1, r1, #0
    ldr r0, [sp], #8
    subtract_p256 r1, r9, r10, r11, r12, r2, r3, r4, r5 // (t + m p) / 2^256 < 2 p
    stmia r0!, {r9-r12}
    stmia r0, {r2-r5}
    leave

#endif
