// The kernels for Armv6-M (Cortex-M0+ with the one-cycle multiplier): see kernels.h. No branch, no address and no instruction
// depends on a number.
#if defined(__ARM_ARCH_6M__) && !defined(PICKET_PORTABLE_KERNELS)

#include "armv6m.inc"

// --- Products
//
// 32 x 32 -> 64 by halves: a = 2^16 a1 + a0: a b = 2^32 a1 b1 + 2^16 (a1 b0 + a0 b1) + a0 b0.

// (r0:r4) = r0 r1; r1-r3 are used. 17 cycles.
.macro product
    uxth r2, r0         // a0
    lsrs r0, r0, #16    // a1
    uxth r3, r1         // b0
    lsrs r1, r1, #16    // b1
    mov r4, r2
    muls r4, r3         // a0 b0
    muls r2, r1         // a0 b1
    muls r3, r0         // a1 b0
    muls r0, r1         // a1 b1
    lsls r1, r2, #16
    lsrs r2, r2, #16
    adds r4, r1
    adcs r0, r2
    lsls r1, r3, #16
    lsrs r3, r3, #16
    adds r4, r1
    adcs r0, r3
.endm

// (c2:c1:c0) += a b; a in a high register, b on the stack. 24 cycles.
.macro multiply a, b, c0, c1, c2
    mov r0, \a
    ldr r1, [sp, #4*\b]
    product
    adds \c0, r4
    adcs \c1, r0
    movs r3, #0
    adcs \c2, r3
.endm

// A column is complete: c0 becomes word n of the result at r12; c0 is then the third word of the next.
.macro column n, c0
    mov r0, r12
    str \c0, [r0, #4*\n]
    movs \c0, #0
.endm

// [r12] = a b, 4 words each: a in r8-r11, b at sp. Keeps r8-r12, sp. 415 cycles. Not to be called from C, nor kernel_square4.
    SECTION(kernel_multiply4)
function kernel_multiply4
    movs r5, #0
    movs r6, #0
    movs r7, #0
    multiply r8, 0, r5, r6, r7
    column 0, r5
    multiply r8, 1, r6, r7, r5
    multiply r9, 0, r6, r7, r5
    column 1, r6
    multiply r8, 2, r7, r5, r6
    multiply r9, 1, r7, r5, r6
    multiply r10, 0, r7, r5, r6
    column 2, r7
    multiply r8, 3, r5, r6, r7
    multiply r9, 2, r5, r6, r7
    multiply r10, 1, r5, r6, r7
    multiply r11, 0, r5, r6, r7
    column 3, r5
    multiply r9, 3, r6, r7, r5
    multiply r10, 2, r6, r7, r5
    multiply r11, 1, r6, r7, r5
    column 4, r6
    multiply r10, 3, r7, r5, r6
    multiply r11, 2, r7, r5, r6
    column 5, r7
    multiply r11, 3, r5, r6, r7
    mov r0, r12
    str r5, [r0, #24]
    str r6, [r0, #28]
    bx lr

// (c2:c1:c0) += 2 a b, of high registers. 26 cycles.
.macro twice a, b, c0, c1, c2
    mov r0, \a
    mov r1, \b
    product
    movs r3, #0
    adds \c0, r4
    adcs \c1, r0
    adcs \c2, r3
    adds \c0, r4
    adcs \c1, r0
    adcs \c2, r3
.endm

// (c2:c1:c0) += a a = 2^32 a1^2 + 2^17 a1 a0 + a0^2. 15 cycles.
.macro square a, c0, c1, c2
    mov r0, \a
    uxth r2, r0
    lsrs r0, r0, #16
    mov r3, r0
    muls r3, r2
    muls r2, r2
    muls r0, r0
    lsls r4, r3, #17
    lsrs r3, r3, #15
    adds r2, r4
    adcs r0, r3
    movs r3, #0
    adds \c0, r2
    adcs \c1, r0
    adcs \c2, r3
.endm

// [r12] = a a, 4 words in r8-r11. Keeps r8-r12, sp. 255 cycles.
    SECTION(kernel_square4)
function kernel_square4
    movs r5, #0
    movs r6, #0
    movs r7, #0
    square r8, r5, r6, r7
    column 0, r5
    twice r8, r9, r6, r7, r5
    column 1, r6
    twice r8, r10, r7, r5, r6
    square r9, r7, r5, r6
    column 2, r7
    twice r8, r11, r5, r6, r7
    twice r9, r10, r5, r6, r7
    column 3, r5
    twice r9, r11, r6, r7, r5
    square r10, r6, r7, r5
    column 4, r6
    twice r10, r11, r7, r5, r6
    column 5, r7
    square r11, r5, r6, r7
    mov r0, r12
    str r5, [r0, #24]
    str r6, [r0, #28]
    bx lr

// Karatsuba, by differences: with a = 2^128 a1 + a0 and so on, L = a0 b0, H = a1 b1, D = |a0 - a1| |b0 - b1|, the words 4 to 11
// of the result are those of 2^128 H + L, plus L + H -/+ D (minus if both differences have the same sign).
//
// The frame: b's 4 words, D's 8, the sign, r, a, b.
#define DIFFERENCE 16
#define SIGN       48
#define RESULT     52
#define LEFT       56
#define RIGHT      60
#define FRAME      64

// Of each half of [RESULT], L and H, and of D: the middle. SIGN: -1, D is subtracted; 0, it is added.
.macro middle
    ldr r0, [sp, #RESULT]
    adds r0, #16
    ldmia r0!, {r4-r7}          // L1; r0 at H0
    ldr r1, [r0, #0]
    adds r4, r1
    ldr r1, [r0, #4]
    adcs r5, r1
    ldr r1, [r0, #8]
    adcs r6, r1
    ldr r1, [r0, #12]
    adcs r7, r1                 // L1 + H0, which is in both of the middle's halves
    movs r3, #0
    adcs r3, r3
    raise
    mov r12, r3
    subs r0, #32                // at L0
    ldr r1, [r0, #0]
    adds r4, r1
    ldr r1, [r0, #4]
    adcs r5, r1
    ldr r1, [r0, #8]
    adcs r6, r1
    ldr r1, [r0, #12]
    adcs r7, r1                 // L1 + H0 + L0: words 4 to 7
    movs r2, #0
    adcs r2, r3                 // what goes to word 8
    ldr r3, [sp, #SIGN]
    lsrs r1, r3, #1             // carry: 1 if D is subtracted, as its complement
    ldr r1, [sp, #DIFFERENCE + 0]
    eors r1, r3
    adcs r4, r1
    ldr r1, [sp, #DIFFERENCE + 4]
    eors r1, r3
    adcs r5, r1
    ldr r1, [sp, #DIFFERENCE + 8]
    eors r1, r3
    adcs r6, r1
    ldr r1, [sp, #DIFFERENCE + 12]
    eors r1, r3
    adcs r7, r1
    movs r1, #0
    adcs r2, r1
    adds r0, #16
    stmia r0!, {r4-r7}          // words 4 to 7; r0 at H0
    movs r1, #0
    mov r4, r8
    adds r4, r2
    mov r5, r9
    adcs r5, r1
    mov r6, r10
    adcs r6, r1
    mov r7, r11
    adcs r7, r1
    movs r2, #0
    adcs r2, r2
    add r2, r12                 // what goes to word 12
    ldr r1, [r0, #16]
    adds r4, r1
    ldr r1, [r0, #20]
    adcs r5, r1
    ldr r1, [r0, #24]
    adcs r6, r1
    ldr r1, [r0, #28]
    adcs r7, r1                 // + H1
    movs r1, #0
    adcs r2, r1
    ldr r1, [sp, #DIFFERENCE + 16]
    eors r1, r3
    adds r4, r1                 // the carry between D's halves is in r2 above
    ldr r1, [sp, #DIFFERENCE + 20]
    eors r1, r3
    adcs r5, r1
    ldr r1, [sp, #DIFFERENCE + 24]
    eors r1, r3
    adcs r6, r1
    ldr r1, [sp, #DIFFERENCE + 28]
    eors r1, r3
    adcs r7, r1
    movs r1, #0
    adcs r2, r1
    adds r2, r3                 // the complement's sign; the sum is not negative
    stmia r0!, {r4-r7}          // words 8 to 11
    ldmia r0!, {r4-r7}
    adds r4, r2
    adcs r5, r1
    adcs r6, r1
    adcs r7, r1
    subs r0, #16
    stmia r0!, {r4-r7}
.endm

// r8-r11 = [a], [sp] = [b], both at an offset.
.macro operands offset
    ldr r1, [sp, #LEFT]
    .if \offset
    adds r1, #\offset
    .endif
    ldmia r1!, {r4-r7}
    raise
    ldr r1, [sp, #RIGHT]
    .if \offset
    adds r1, #\offset
    .endif
    ldmia r1!, {r4-r7}
    mov r1, sp
    stmia r1!, {r4-r7}
.endm

.macro to_result offset
    ldr r0, [sp, #RESULT]
    .if \offset
    adds r0, #\offset
    .endif
    mov r12, r0
.endm

.macro to_difference
    mov r0, sp
    adds r0, #DIFFERENCE
    mov r12, r0
.endm

    SECTION(kernel_mul256)
function kernel_mul256
    enter
    sub sp, #FRAME
    str r0, [sp, #RESULT]
    str r1, [sp, #LEFT]
    str r2, [sp, #RIGHT]
    operands 0
    to_result 0
    bl kernel_multiply4
    operands 16
    to_result 32
    bl kernel_multiply4
    ldr r1, [sp, #LEFT]
    distance
    raise
    mov r12, r0
    ldr r1, [sp, #RIGHT]
    distance
    mov r1, r12
    eors r0, r1
    mvns r0, r0
    str r0, [sp, #SIGN]         // -1: the same signs
    mov r1, sp
    stmia r1!, {r4-r7}
    to_difference
    bl kernel_multiply4
    middle
    add sp, #FRAME
    leave

    SECTION(kernel_sqr256)
function kernel_sqr256
    enter
    sub sp, #FRAME
    str r0, [sp, #RESULT]
    str r1, [sp, #LEFT]
    ldmia r1!, {r4-r7}
    raise
    mov r12, r0
    bl kernel_square4
    ldr r1, [sp, #LEFT]
    adds r1, #16
    ldmia r1!, {r4-r7}
    raise
    to_result 32
    bl kernel_square4
    ldr r1, [sp, #LEFT]
    distance
    raise
    movs r0, #0
    mvns r0, r0
    str r0, [sp, #SIGN]
    to_difference
    bl kernel_square4
    middle
    add sp, #FRAME
    leave

// --- Modulo 2^255 - 19

// [r0 - 32] += r6 (below 2^32 - 38), and 38 more if that carries: then what is left is less than r6. r5 is 0, r7 38; r1, r2 are
// used. 50 cycles.
.macro add_small
    subs r0, #32
    ldr r1, [r0, #0]
    adds r1, r6
    str r1, [r0, #0]
    .irp n, 4, 8, 12, 16, 20, 24, 28
    ldr r1, [r0, #\n]
    adcs r1, r5
    str r1, [r0, #\n]
    .endr
    movs r1, #0
    adcs r1, r1
    muls r1, r7
    ldr r2, [r0, #0]
    adds r2, r1
    str r2, [r0, #0]
.endm

    SECTION(kernel_add_25519)
function kernel_add_25519
    push {r4-r7, lr}
    movs r5, #0
    movs r7, #38
    add_words 8
    movs r6, #0
    adcs r6, r6
    muls r6, r7
    add_small
    pop {r4-r7, pc}

    SECTION(kernel_sub_25519)
function kernel_sub_25519
    push {r4-r7, lr}
    movs r5, #0
    movs r7, #38
    subtract_words 8
    sbcs r6, r6                 // -1: it borrowed
    ands r6, r7
    subs r0, #32
    ldr r1, [r0, #0]
    subs r1, r6
    str r1, [r0, #0]
    .irp n, 4, 8, 12, 16, 20, 24, 28
    ldr r1, [r0, #\n]
    sbcs r1, r5
    str r1, [r0, #\n]
    .endr
    sbcs r1, r1
    ands r1, r7
    ldr r2, [r0, #0]
    subs r2, r1
    str r2, [r0, #0]
    pop {r4-r7, pc}

// low + 38 high, word by word: 38 h = 2^16 (38 h1) + 38 h0, where 38 h0 + carry < 2^23.
    SECTION(kernel_reduce_25519)
function kernel_reduce_25519
    push {r4-r7, lr}
    movs r5, #0
    movs r7, #38
    movs r6, #0                 // the carry, at most 38
    .rept 8
    ldr r2, [r1, #32]
    uxth r3, r2
    lsrs r2, r2, #16
    muls r3, r7
    muls r2, r7
    adds r3, r6
    lsls r4, r2, #16
    lsrs r6, r2, #16
    adds r3, r4
    adcs r6, r5
    ldmia r1!, {r4}
    adds r3, r4
    adcs r6, r5
    stmia r0!, {r3}
    .endr
    muls r6, r7
    add_small
    pop {r4-r7, pc}

// 121665 = 2^16 + 56129: a word's product is 2^32 a1 + 2^16 (a0 + 56129 a1) + 56129 a0, where a0 + 56129 a1 < 2^32.
    SECTION(kernel_mul_121665)
function kernel_mul_121665
    push {r4-r7, lr}
    movs r5, #0
    movs r6, #0                 // the carry, at most 121665
    ldr r7, =56129
    .rept 8
    ldmia r1!, {r2}
    uxth r3, r2                 // a0
    lsrs r2, r2, #16            // a1
    mov r4, r2
    muls r4, r7
    adds r4, r3                 // a0 + 56129 a1
    muls r3, r7                 // 56129 a0
    adds r3, r6
    adcs r2, r5
    lsls r6, r4, #16
    lsrs r4, r4, #16
    adds r3, r6
    adcs r2, r4
    stmia r0!, {r3}
    mov r6, r2
    .endr
    movs r7, #38
    muls r6, r7
    add_small
    pop {r4-r7, pc}
    .pool

// --- Modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1

// [r0 - 32] += p if r6 = -1, nothing if it is 0; p's words are -1, -1, -1, 0, 0, 0, 1, -1. r5 is 0; r1, r2, r7 are used.
.macro add_prime
    lsrs r7, r6, #31            // 1 or 0
    subs r0, #32
    ldr r1, [r0, #0]
    adds r1, r6
    str r1, [r0, #0]
    .irp n, 4, 8
    ldr r1, [r0, #\n]
    adcs r1, r6
    str r1, [r0, #\n]
    .endr
    .irp n, 12, 16, 20
    ldr r1, [r0, #\n]
    adcs r1, r5
    str r1, [r0, #\n]
    .endr
    ldr r1, [r0, #24]
    adcs r1, r7
    str r1, [r0, #24]
    ldr r1, [r0, #28]
    adcs r1, r6
    str r1, [r0, #28]
.endm

// [r0 - 32] + 2^256 r6, which is below 2 p, modulo p. r5 is 0.
.macro subtract_prime
    movs r7, #0
    mvns r7, r7
    movs r3, #1
    mov r12, r6
    subs r0, #32
    ldmia r0!, {r1, r2, r4}
    subs r1, r7
    sbcs r2, r7
    sbcs r4, r7
    ldmia r0!, {r6}
    sbcs r6, r5
    mov r9, r6
    ldmia r0!, {r6}
    sbcs r6, r5
    mov r10, r6
    ldmia r0!, {r6}
    sbcs r6, r5
    mov r11, r6
    ldmia r0!, {r6}
    sbcs r6, r3
    ldmia r0!, {r3}
    sbcs r3, r7
    mov r8, r3
    sbcs r7, r7                 // -1: it borrowed
    mov r3, r12
    subs r0, #32
    stmia r0!, {r1, r2, r4}
    mov r1, r9
    mov r2, r10
    mov r4, r11
    stmia r0!, {r1, r2, r4, r6}
    mov r1, r8
    stmia r0!, {r1}
    adds r6, r3, r7             // carry - borrow: -1 if it was below p
    add_prime
.endm

    SECTION(kernel_add_p256)
function kernel_add_p256
    enter
    add_words 8
    movs r5, #0
    movs r6, #0
    adcs r6, r6
    subtract_prime
    leave

    SECTION(kernel_sub_p256)
function kernel_sub_p256
    push {r4-r7, lr}
    movs r5, #0
    subtract_words 8
    sbcs r6, r6
    add_prime
    pop {r4-r7, pc}

// p = -1 modulo 2^96, so that the lowest three words m say how often p is to be added: t + m p ends in three words of zeros,
// where m p = 2^96 m + 2^192 d - m, d = m (2^64 - 2^32 + 1) of five words. Twice so, and then once with two words.

.macro add_word at, n, op=adcs
    ldr r0, [r1, #\at]
    \op r0, \n
    str r0, [r1, #\at]
.endm

// r1 at m, then behind it; rest: words of t above those that m p has. Before the last step t stays below 2^512, since
// 2^192 p + 2^256 p does.
.macro reduce_three rest
    ldmia r1!, {r2, r3, r4}
    mov r9, r1
    movs r1, #0
    adds r6, r4, r2             // d = m + 2^64 m, modulo 2^160,
    mov r7, r3
    adcs r7, r1
    mov r0, r4
    adcs r0, r1
    subs r5, r3, r2             // less 2^32 m: r2, r5, r6, r7, r0
    sbcs r6, r3
    sbcs r7, r4
    sbcs r0, r1
    mov r8, r0
    mov r1, r9
    add_word 0, r2, adds
    add_word 4, r3
    add_word 8, r4
    add_word 12, r2
    add_word 16, r5
    add_word 20, r6
    add_word 24, r7
    mov r2, r8
    add_word 28, r2
    movs r2, #0
    .irp at, 32, 36, 40, 44, 48
    .if \at < 32 + 4 * \rest
    add_word \at, r2
    .endif
    .endr
.endm

    SECTION(kernel_reduce_p256)
function kernel_reduce_p256
    enter
    mov r12, r0
    reduce_three 5
    reduce_three 2
    ldmia r1!, {r2, r3}         // d: r2, r5, r6, r7
    movs r4, #0
    subs r5, r3, r2
    mov r6, r2
    sbcs r6, r3
    mov r7, r3
    sbcs r7, r4
    add_word 4, r2, adds
    add_word 8, r3
    add_word 12, r4
    add_word 16, r2
    add_word 20, r5
    add_word 24, r6
    add_word 28, r7
    movs r5, #0
    movs r6, #0
    adcs r6, r6
    mov r0, r12
    ldmia r1!, {r2, r3, r4, r7}
    stmia r0!, {r2, r3, r4, r7}
    ldmia r1!, {r2, r3, r4, r7}
    stmia r0!, {r2, r3, r4, r7}
    subtract_prime
    leave

#endif
