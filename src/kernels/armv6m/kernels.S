// The kernels for Armv6-M (Cortex-M0+ with the one-cycle multiplier): see kernels.h. No branch, no address and no instruction
// depends on a number.
#include "../which.h"
#if KERNELS_ARMV6M

#include "armv6m.inc"

// --- Products
//
// 32 x 32 -> 64 by halves: a = 2^16 a1 + a0: a b = 2^32 a1 b1 + 2^16 (a1 b0 + a0 b1) + a0 b0.

// (hi:lo) = hi r1; r1-r3 are used. 17 cycles.
.macro product hi, lo
    uxth r2, \hi        // a0
    lsrs \hi, \hi, #16  // a1
    uxth r3, r1         // b0
    lsrs r1, r1, #16    // b1
    mov \lo, r2
    muls \lo, r3        // a0 b0
    muls r2, r1         // a0 b1
    muls r3, \hi        // a1 b0
    muls \hi, r1        // a1 b1
    lsls r1, r2, #16
    lsrs r2, r2, #16
    adds \lo, r1
    adcs \hi, r2
    lsls r1, r3, #16
    lsrs r3, r3, #16
    adds \lo, r1
    adcs \hi, r3
.endm

// (hi:lo) = hi hi = 2^32 a1^2 + 2^17 a1 a0 + a0^2; r2, r3 are used. 10 cycles.
.macro square hi, lo
    uxth \lo, \hi
    lsrs \hi, \hi, #16
    mov r3, \hi
    muls r3, \lo
    muls \lo, \lo
    muls \hi, \hi
    lsls r2, r3, #17
    lsrs r3, r3, #15
    adds \lo, r2
    adcs \hi, r3
.endm

// (r7:r6:r5) += (r0:r4)
.macro add_product
    adds r5, r4
    adcs r6, r0
    movs r3, #0
    adcs r7, r3
.endm

// (r7:r6:r5:the lowest word) = (a1:a0) (b1:b0), which geta and getb, mov or ldr, bring. The lowest word is in r4 at save. 83
// cycles, save, and 4 for each ldr.
.macro multiply2 geta, a0, a1, getb, b0, b1, save:vararg
    \geta r5, \a0
    \getb r1, \b0
    product r5, r4
    \save
    \geta r7, \a1
    \getb r1, \b1
    product r7, r6
    \geta r0, \a0
    \getb r1, \b1
    product r0, r4
    add_product
    \geta r0, \a1
    \getb r1, \b0
    product r0, r4
    add_product
.endm

// (r7:r6:r5:the lowest word) = (a1:a0)^2. 48 cycles, save, and 4 for ldr.
.macro square2 get, a0, a1, save:vararg
    \get r5, \a0
    square r5, r4
    \save
    \get r7, \a1
    square r7, r6
    \get r0, \a0
    \get r1, \a1
    product r0, r4
    add_product
    adds r5, r4
    adcs r6, r0
    adcs r7, r3
.endm

// Karatsuba, by differences: with a = 2^64 a1 + a0 and so on, L = a0 b0, H = a1 b1, D = (a0 - a1) (b1 - b0), the product is
// 2^128 H + 2^64 (L + H + D) + L. The uppermost half of L and the lowest of H meet twice: their sum is made once.

// L's words 1, 2, 3, 0 are on the stack, from which they are taken; H is in r8, r5-r7; r at to then. Words 0 and 1 are stored,
// words 2 to 7 without D are in r8-r12 and lr.
.macro meet to
    pop {r1-r4}
    ldr r0, [sp, #\to]
    str r4, [r0, #0]
    str r1, [r0, #4]
    mov r0, r8
    adds r2, r0
    adcs r3, r5
    movs r0, #0
    adcs r6, r0
    adcs r7, r0
    adds r4, r2
    adcs r1, r3
    adcs r2, r6
    adcs r3, r7
    adcs r6, r0
    adcs r7, r0
    mov r8, r4
    mov r9, r1
    mov r10, r2
    mov r11, r3
    mov r12, r6
    mov lr, r7
.endm

// (l1:l0) = its distance to (r1:r0), whose sign, -1 or 0, comes into sign, which may be r0. 7 cycles.
.macro distance2 l0, l1, r0, r1, sign
    subs \l0, \r0
    sbcs \l1, \r1
    sbcs \sign, \sign
    eors \l0, \sign
    eors \l1, \sign
    subs \l0, \sign
    sbcs \l1, \sign
.endm

// [r] = a b, 4 words each: a in r4-r7, b in r0-r3, r on the stack. Behind r is r0 afterwards; r8-r12 are used. Not to be called from C, nor
// kernel_square4.
    SECTION(kernel_multiply4)
function kernel_multiply4
    raise
    mov r12, r0
    push {r2, r3, lr}
    mov lr, r1
    distance2 r4, r5, r6, r7, r6
    distance2 r2, r3, r0, r1, r0
    eors r6, r0                 // -1: D is negative
    push {r2-r6}
    multiply2 mov, r8, r9, mov, r12, lr, push {r4}
    push {r5-r7}
    multiply2 mov, r10, r11, ldr, "[sp, #36]", "[sp, #40]", mov r8, r4
    meet 32
    multiply2 ldr, "[sp, #8]", "[sp, #12]", ldr, "[sp, #0]", "[sp, #4]", str r4, [sp, #20]
    ldr r4, [sp, #20]
    ldr r3, [sp, #16]
    eors r4, r3
    eors r5, r3
    eors r6, r3
    eors r7, r3
    lsrs r0, r3, #1             // carry: 1 if D is negative, its complement's
    mov r0, r8
    adcs r4, r0
    mov r0, r9
    adcs r5, r0
    mov r0, r10
    adcs r6, r0
    mov r0, r11
    adcs r7, r0
    mov r1, r12
    adcs r1, r3
    mov r2, lr
    adcs r2, r3
    ldr r0, [sp, #32]
    adds r0, #8
    stmia r0!, {r4-r7}
    stmia r0!, {r1, r2}
    add sp, #28
    pop {pc}

// [r] = a a, 4 words: a in r4-r7, r on the stack. Behind r is r0 afterwards; r8-r12 are used.
    SECTION(kernel_square4)
function kernel_square4
    raise
    distance2 r4, r5, r6, r7, r6
    push {r3, r4, r5, lr}
    square2 mov, r8, r9, push {r4}
    push {r5-r7}
    square2 mov, r10, r11, mov r8, r4
    meet 16
    square2 ldr, "[sp, #4]", "[sp, #8]", str r4, [sp, #0]
    ldr r4, [sp, #0]
    mov r0, r8
    subs r0, r4                 // D is negative
    mov r1, r9
    sbcs r1, r5
    mov r2, r10
    sbcs r2, r6
    mov r3, r11
    sbcs r3, r7
    movs r6, #0
    mov r4, r12
    sbcs r4, r6
    mov r5, lr
    sbcs r5, r6
    ldr r6, [sp, #16]
    adds r6, #8
    stmia r6!, {r0-r5}
    mov r0, r6
    add sp, #12
    pop {pc}

// Karatsuba, by differences: with a = 2^128 a1 + a0 and so on, L = a0 b0, H = a1 b1, D = |a0 - a1| |b0 - b1|, the words 4 to 11
// of the result are those of 2^128 H + L, plus L + H -/+ D (minus if both differences have the same sign).
//
// The frame: where a product goes, D's 8 words, the sign, r, a, b.
#define TO         0
#define DIFFERENCE 4
#define SIGN       36
#define RESULT     40
#define LEFT       44
#define RIGHT      48
#define FRAME      52

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

.macro to_difference
    mov r0, sp
    adds r0, #DIFFERENCE
    str r0, [sp, #TO]
.endm

// [r0] = [r1] [r2], 8 words each, apart. All registers are used. Not to be called from C.
    SECTION(kernel_multiply8)
function kernel_multiply8
    push {r0-r2, lr}
    sub sp, #RESULT
    str r0, [sp, #TO]
    ldmia r1!, {r4-r7}
    ldmia r2, {r0-r3}
    bl kernel_multiply4
    str r0, [sp, #TO]
    ldr r1, [sp, #LEFT]
    adds r1, #16
    ldmia r1!, {r4-r7}
    ldr r2, [sp, #RIGHT]
    adds r2, #16
    ldmia r2, {r0-r3}
    bl kernel_multiply4
    ldr r1, [sp, #RIGHT]
    distance
    raise
    mov r12, r0
    ldr r1, [sp, #LEFT]
    distance
    mov r1, r12
    eors r0, r1
    mvns r0, r0
    str r0, [sp, #SIGN]         // -1: the same signs
    to_difference
    lower
    bl kernel_multiply4
    middle
    add sp, #FRAME
    pop {pc}

// [r0] = [r1]^2, 8 words, apart.
    SECTION(kernel_square8)
function kernel_square8
    push {r0-r2, lr}
    sub sp, #RESULT
    str r0, [sp, #TO]
    ldmia r1!, {r4-r7}
    bl kernel_square4
    str r0, [sp, #TO]
    ldr r1, [sp, #LEFT]
    adds r1, #16
    ldmia r1!, {r4-r7}
    bl kernel_square4
    ldr r1, [sp, #LEFT]
    distance
    movs r0, #0
    mvns r0, r0
    str r0, [sp, #SIGN]
    to_difference
    bl kernel_square4
    middle
    add sp, #FRAME
    pop {pc}

    from_c kernel_mul256, kernel_multiply8
    from_c kernel_sqr256, kernel_square8

// [r1] + [r2], or -, 8 words: words 0 to 3 are pushed, 4 to 7 in r4-r7, the carry is where it belongs. r12 = r0; r0 and r3 are used.
.macro eight_words first, next
    mov r12, r0
    ldmia r1!, {r4-r7}
    four_words \first, \next
    push {r4-r7}
    ldmia r1!, {r4-r7}
    four_words \next, \next
.endm

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

// What eight_words leaves, to [r12], and r3 more, or less, which is 38 or 0. What comes out of that, r3 = 1 or -1 or else 0, does so
// once more at most, at the lowest word. r2 = r12.
.macro fold first, next
    mov r2, r12
    pop {r0, r1}
    \first r0, r3
    movs r3, #0
    \next r1, r3
    stmia r2!, {r0, r1}
    pop {r0, r1}
    \next r0, r3
    \next r1, r3
    stmia r2!, {r0, r1}
    .irp word, r4, r5, r6, r7
    \next \word, r3
    .endr
    stmia r2!, {r4-r7}
    \next r3, r3
    subs r2, #32
.endm

    SECTION(kernel_add_25519)
function kernel_add_25519
    push {r4-r7, lr}
    eight_words adds, adcs
    movs r3, #0
    adcs r3, r3
    movs r1, #38
    muls r3, r1
    fold adds, adcs
    movs r1, #38
    muls r3, r1
    ldr r0, [r2, #0]
    adds r0, r3
    str r0, [r2, #0]
    pop {r4-r7, pc}

    SECTION(kernel_sub_25519)
function kernel_sub_25519
    push {r4-r7, lr}
    eight_words subs, sbcs
    sbcs r3, r3                 // -1: it borrowed
    movs r1, #38
    ands r3, r1
    fold subs, sbcs
    movs r1, #38
    ands r3, r1
    ldr r0, [r2, #0]
    subs r0, r3
    str r0, [r2, #0]
    pop {r4-r7, pc}

// [r0] = the 16 words of [r1]: low + 38 high, word by word: 38 h = 2^16 (38 h1) + 38 h0, where 38 h0 + carry < 2^23.
    SECTION(kernel_fold_25519)
function kernel_fold_25519
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
    bx lr

    SECTION(kernel_reduce_25519)
function kernel_reduce_25519
    push {r4-r7, lr}
    bl kernel_fold_25519
    pop {r4-r7, pc}

    modular kernel_mul_25519, kernel_multiply8, 64, kernel_fold_25519
    modular kernel_sqr_25519, kernel_square8, 64, kernel_fold_25519

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

// What eight_words leaves, to [r12], and p more if r3 is -1, not if it is 0; p's words are -1, -1, -1, 0, 0, 0, 1, -1. Returns.
.macro add_prime_and_return
    lsrs r0, r3, #31            // 1 or 0
    mov lr, r0
    mov r2, r12
    pop {r0, r1}
    adds r0, r3
    adcs r1, r3
    stmia r2!, {r0, r1}
    pop {r0, r1}
    adcs r0, r3
    stmia r2!, {r0}
    movs r0, #0
    adcs r1, r0
    adcs r4, r0
    adcs r5, r0
    mov r0, lr
    adcs r6, r0
    adcs r7, r3
    stmia r2!, {r1, r4-r7}
    pop {r4-r7, pc}
.endm

// At result, which that instruction brings into r6: (r7:...:r0) + 2^256 r8, which is below 2 p, modulo p. r9-r11 are used. A
// word of -1 is subtracted by adding 0 with the carry. 51 cycles and result's.
.macro below_prime result:vararg
    mov r9, r7
    movs r7, #0
    cmp r7, r7                  // carry: 1
    adcs r0, r7
    adcs r1, r7
    adcs r2, r7
    sbcs r3, r7
    sbcs r4, r7
    sbcs r5, r7
    movs r7, #1
    sbcs r6, r7
    mov r10, r6
    movs r7, #0
    mov r6, r9
    adcs r6, r7
    mov r9, r6
    mov r6, r8
    sbcs r6, r7                 // -1: it was below p, else 0
    mov r8, r6
    lsrs r7, r6, #31
    mov r11, r7
    movs r7, #0
    adds r0, r6
    adcs r1, r6
    adcs r2, r6
    adcs r3, r7
    adcs r4, r7
    adcs r5, r7
    \result
    stmia r6!, {r0-r5}
    mov r0, r10
    mov r1, r11
    adcs r0, r1
    mov r1, r9
    mov r2, r8
    adcs r1, r2
    stmia r6!, {r0, r1}
.endm

    SECTION(kernel_sub_p256)
function kernel_sub_p256
    push {r4-r7, lr}
    eight_words subs, sbcs
    sbcs r3, r3                 // -1: it borrowed
    add_prime_and_return

// Less p, and p back if there was nothing to take it from. A word of -1 is subtracted by adding 0 with the carry.
    SECTION(kernel_add_p256)
function kernel_add_p256
    push {r4-r7, lr}
    eight_words adds, adcs
    movs r3, #0
    adcs r3, r3
    mov lr, r3                  // word 8
    movs r3, #0
    pop {r0-r2}
    cmp r3, r3                  // carry: 1
    adcs r0, r3
    adcs r1, r3
    adcs r2, r3
    push {r0-r2}
    ldr r0, [sp, #12]
    sbcs r0, r3
    str r0, [sp, #12]
    sbcs r4, r3
    sbcs r5, r3
    movs r0, #1
    sbcs r6, r0
    adcs r7, r3
    mov r0, lr
    sbcs r0, r3                 // -1: it was below p, else 0
    movs r3, r0
    add_prime_and_return

// p = -1 modulo 2^96: word i of t, with what was added below it, is m[i], how often p is to be added 2^(32 i) times; so that
// t + m (2^256 - 2^224 + 2^192 + 2^96 - 1) has eight words of zeros. m[2] to m[7] are in r8-r12 and lr.

// Of that, chain by chain, the words 8 to 15 are t + m[0], m[1] ... + m[2], m[3] ... + m[5], m[6], m[7] - m[1], m[2] ..., and
// what these chains carry from the words below.

// (r7:r6:r5:r4) += words in high registers, or -= them, with the carry from first on; what it carries out to r3. Those not given
// are 0. r2 is used.
.macro chain first, op, w0, w1, w2, w3
    mov r2, \w0
    \first r4, r2
    mov r2, \w1
    \op r5, r2
    .ifnb \w2
    mov r2, \w2
    \op r6, r2
    .endif
    .ifnb \w3
    mov r2, \w3
    \op r7, r2
    movs r2, #0
    .else
    movs r2, #0
    .ifb \w2
    \op r6, r2
    .endif
    \op r7, r2
    .endif
    \op r3, r2
.endm

// [r0] from the 16 words of [r1]. All registers are used.
    SECTION(kernel_montgomery_p256)
function kernel_montgomery_p256
    ldmia r1!, {r2-r7}          // m[0], m[1], m[2], t[3], t[4], t[5]
    push {r0, r3, lr}
    adds r5, r2                 // m[3]
    adcs r6, r3                 // m[4]
    adcs r7, r4                 // m[5]
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    ldmia r1!, {r0, r4}
    adcs r0, r5                 // t[6] + m[3]
    adcs r4, r6                 // t[7] + m[4]
    movs r7, #0
    adcs r7, r7
    adds r0, r2                 // m[6]
    adcs r4, r3
    adcs r7, r7                 // two carries into word 8
    subs r4, r2                 // m[7], and the third: a borrow
    mov r12, r0
    mov lr, r4
    mov r0, r7
    ldmia r1!, {r4-r7}          // words 8 to 11
    sbcs r4, r3                 // - m[1] to m[4]
    mov r3, r8
    sbcs r5, r3
    mov r3, r9
    sbcs r6, r3
    mov r3, r10
    sbcs r7, r3
    sbcs r3, r3                 // what goes to word 12, signed
    adds r4, r2                 // + m[0] to m[3]
    ldr r2, [sp, #4]
    adcs r5, r2
    mov r2, r8
    adcs r6, r2
    mov r2, r9
    adcs r7, r2
    movs r2, #0
    adcs r3, r2
    lsrs r0, r0, #1
    chain adcs, adcs, r8, r9, r10, r11
    lsrs r0, r0, #1
    chain adcs, adcs, r11, r12, lr
    push {r4-r7}
    ldmia r1!, {r4-r7}          // words 12 to 15
    asrs r2, r3, #31
    adds r4, r3
    adcs r5, r2
    adcs r6, r2
    adcs r7, r2
    adcs r0, r2                 // which was 0
    mov r3, r0
    chain adds, adcs, r10, r11, r12, lr
    chain adds, adcs, r12, lr
    chain subs, sbcs, r11, r12, lr
    mov r8, r3
    pop {r0-r3}
    below_prime pop {r6, r7}
    pop {pc}

    from_c kernel_reduce_p256, kernel_montgomery_p256
    modular kernel_mul_p256, kernel_multiply8, 64, kernel_montgomery_p256
    modular kernel_sqr_p256, kernel_square8, 64, kernel_montgomery_p256

#endif
