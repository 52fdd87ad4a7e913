// Numbers of 384 bits, and modulo P-384's prime: see kernels.h. No branch, no address and no instruction depends on a number.
#include "../which.h"
#if KERNELS_ARMV6M

#include "armv6m.inc"

// --- Products
//
// Karatsuba in three: with X = 2^128, a = a2 X^2 + a1 X + a0 and so on, P0 = a0 b0, P1 = a1 b1, P2 = a2 b2 and D01 = (a0 - a1)
// (b0 - b1) and so on, the product is P0 + (P0 + P1 - D01) X + (P0 + P1 + P2 - D02) X^2 + (P1 + P2 - D12) X^3 + P2 X^4.
//
// The frame: where a product goes, six of them, of 8 words, the three signs, r, a, b.
#define TO     0
#define P0     4
#define P1     36
#define P2     68
#define D01    100
#define D02    132
#define D12    164
#define M01    196 // -1, D01's magnitude is subtracted; 0, it is added
#define M02    200
#define M12    204
#define RESULT 208
#define LEFT   212
#define RIGHT  216
#define FRAME  220

// The products go to one place behind the other.
.macro to_frame
    mov r0, sp
    adds r0, #P0
    str r0, [sp, #TO]
.endm

// r1 = [which] + offset
.macro at which, offset
    ldr r1, [sp, #\which]
    .if \offset
    adds r1, #\offset
    .endif
.endm

.macro product_of offset
    at LEFT, \offset
    ldmia r1!, {r4-r7}
    ldr r2, [sp, #RIGHT]
    .if \offset
    adds r2, #\offset
    .endif
    ldmia r2, {r0-r3}
    bl kernel_multiply4
    str r0, [sp, #TO]
.endm

.macro product_of_differences offset, gap, mask
    at RIGHT, \offset
    distance \gap
    raise
    mov r12, r0
    at LEFT, \offset
    distance \gap
    mov r1, r12
    eors r0, r1
    mvns r0, r0
    str r0, [sp, #\mask]
    lower
    bl kernel_multiply4
    str r0, [sp, #TO]
.endm

// [r0] = [r1] [r2], 12 words each, apart. All registers are used. Not to be called from C.
    SECTION(kernel_multiply12)
function kernel_multiply12
    push {r0-r2, lr}
    sub sp, #RESULT
    to_frame
    product_of 0
    product_of 16
    product_of 32
    product_of_differences 0, 0, M01
    product_of_differences 0, 16, M02
    product_of_differences 16, 0, M12
    bl combine
    add sp, #FRAME
    pop {pc}

.macro square_of offset
    at LEFT, \offset
    ldmia r1!, {r4-r7}
    bl kernel_square4
    str r0, [sp, #TO]
.endm

.macro square_of_difference offset, gap, mask
    at LEFT, \offset
    distance \gap
    movs r0, #0
    mvns r0, r0
    str r0, [sp, #\mask]
    bl kernel_square4
    str r0, [sp, #TO]
.endm

// [r0] = [r1]^2, 12 words, apart.
    SECTION(kernel_square12)
function kernel_square12
    push {r0-r2, lr}
    sub sp, #RESULT
    to_frame
    square_of 0
    square_of 16
    square_of 32
    square_of_difference 0, 0, M01
    square_of_difference 0, 16, M02
    square_of_difference 16, 0, M12
    bl combine
    add sp, #FRAME
    pop {pc}

    from_c kernel_mul384, kernel_multiply12
    from_c kernel_sqr384, kernel_square12

// (r5:r4), signed, is the column; r7 is 0.

// + word n - at of the product at where, if it has that. 4 cycles.
.macro plus where, n, at
    .if \n >= \at && \n < \at + 8
    ldr r1, [sp, #\where + 4 * (\n - \at)]
    adds r4, r1
    adcs r5, r7
    .endif
.endm

// The same with its sign: the complement, 1 at its lowest word, and -1 behind its highest.
.macro minus where, mask, n, at
    .if \n == \at
    lsrs r1, \mask, #31
    adds r4, r1
    adcs r5, r7
    .endif
    .if \n >= \at && \n < \at + 8
    ldr r1, [sp, #\where + 4 * (\n - \at)]
    eors r1, \mask
    adds r4, r1
    adcs r5, r7
    .endif
    .if \n == \at + 8
    adds r4, \mask
    adcs r5, \mask
    .endif
.endm

    SECTION(combine384)
    .type combine, %function
    .thumb_func
combine:
    ldr r0, [sp, #RESULT]
    ldr r2, [sp, #M01]
    ldr r3, [sp, #M02]
    ldr r6, [sp, #M12]
    movs r7, #0
    movs r4, #0
    movs r5, #0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23
    plus P0, \n, 0
    plus P0, \n, 4
    plus P0, \n, 8
    plus P1, \n, 4
    plus P1, \n, 8
    plus P1, \n, 12
    plus P2, \n, 8
    plus P2, \n, 12
    plus P2, \n, 16
    minus D01, r2, \n, 4
    minus D02, r3, \n, 8
    minus D12, r6, \n, 12
    stmia r0!, {r4}
    mov r4, r5
    asrs r5, r5, #31
    .endr
    bx lr

// --- Modulo p = 2^384 - 2^128 - 2^96 + 2^32 - 1
//
// p's words: -1, 0, 0, -1, -2, then -1 seven times.

// [r0 - 48] += p if r6 = -1, nothing if it is 0. r1, r5, r7 are used.
.macro add_prime
    lsls r5, r6, #1
    movs r7, #0
    subs r0, #48
    ldr r1, [r0]
    adds r1, r6
    stmia r0!, {r1}
    .irp word, r7, r7, r6, r5, r6, r6, r6, r6, r6, r6, r6
    ldr r1, [r0]
    adcs r1, \word
    stmia r0!, {r1}
    .endr
.endm

// [r0] = [r1] + [r2], or -, 12 words, of which the upper four are in r4-r7 alone; the carry is where it belongs. r2 = r0; all but r8-r11 are
// used.
.macro twelve_words first, next
    mov r12, r0
    mov lr, r0
    ldmia r1!, {r4-r7}
    four_words \first, \next
    mov r0, lr
    stmia r0!, {r4-r7}
    mov lr, r0
    ldmia r1!, {r4-r7}
    four_words \next, \next
    mov r0, lr
    stmia r0!, {r4-r7}
    ldmia r1!, {r4-r7}
    four_words \next, \next
    mov r2, r12
.endm

.macro at_r2 op, word
    ldr r0, [r2]
    \op r0, \word
    stmia r2!, {r0}
.endm

// What twelve_words leaves, and p more if r3 is -1, not if it is 0. Returns.
.macro add_prime_and_return
    lsls r1, r3, #1
    mov lr, r1                  // -2 or 0
    movs r1, #0
    at_r2 adds, r3
    at_r2 adcs, r1
    at_r2 adcs, r1
    at_r2 adcs, r3
    mov r1, lr
    at_r2 adcs, r1
    .rept 3
    at_r2 adcs, r3
    .endr
    .irp word, r4, r5, r6, r7
    adcs \word, r3
    .endr
    stmia r2!, {r4-r7}
    pop {r4-r7, pc}
.endm

    SECTION(kernel_sub_p384)
function kernel_sub_p384
    push {r4-r7, lr}
    twelve_words subs, sbcs
    sbcs r3, r3                 // -1: it borrowed
    add_prime_and_return

// Less p, and p back if there was nothing to take it from.
    SECTION(kernel_add_p384)
function kernel_add_p384
    push {r4-r7, lr}
    twelve_words adds, adcs
    movs r1, #0
    mvns r3, r1                 // -1
    adcs r1, r1
    mov lr, r1                  // word 12
    movs r1, #0
    at_r2 subs, r3
    at_r2 sbcs, r1
    at_r2 sbcs, r1
    at_r2 sbcs, r3
    movs r1, #1
    mvns r1, r1                 // -2; the carry stays
    at_r2 sbcs, r1
    .rept 3
    at_r2 sbcs, r3
    .endr
    .irp word, r4, r5, r6, r7
    sbcs \word, r3
    .endr
    mov r3, lr
    movs r1, #0
    sbcs r3, r1                 // -1: it was below p, else 0
    subs r2, #32
    add_prime_and_return

// p = 2^32 - 1 modulo 2^96: word i of t, with what was added below it, is m[i], how often p is to be added 2^(32 i) times; so
// far t has become t + m (2^384 - 2^128 - 2^96 + 2^32 - 1).
//
// (r3:r2), signed, is the column; r7 is 0. The last four m are in r8-r11.
.macro plus_one from
    adds r2, \from
    adcs r3, r7
.endm

.macro minus_one from
    mov r4, \from
    subs r2, r4
    sbcs r3, r7
.endm

.macro next_column
    mov r2, r3
    asrs r3, r3, #31
.endm

// new: where m[i] goes, and m[i - 4] was.
.macro low_column i, new, third, last
    ldr r4, [r1, #4 * \i]
    plus_one r4
    .if \i >= 1
    mov r4, \last
    plus_one r4
    .endif
    .if \i >= 3
    minus_one \third
    .endif
    .if \i >= 4
    minus_one \new
    .endif
    mov \new, r2
    str r2, [r1, #4 * \i]
    next_column
.endm

// Less p, that is + 1 - 2^32 + 2^96 + 2^128 - 2^384.
.macro high_column i
    ldr r4, [r1, #48 + 4 * \i]
    plus_one r4
    ldr r4, [r1, #4 * \i]
    plus_one r4
    .if \i == 0 || \i == 3 || \i == 4
    adds r2, #1
    adcs r3, r7
    .endif
    .if \i == 1
    subs r2, #1
    sbcs r3, r7
    .endif
.endm

.macro column_done
    stmia r0!, {r2}
    next_column
.endm

// [r0] from the 24 words of [r1]. All registers but lr are used.
    SECTION(kernel_montgomery_p384)
function kernel_montgomery_p384
    movs r7, #0
    movs r2, #0
    movs r3, #0
    low_column 0, r8, r9, r11
    low_column 1, r9, r10, r8
    low_column 2, r10, r11, r9
    low_column 3, r11, r8, r10
    low_column 4, r8, r9, r11
    low_column 5, r9, r10, r8
    low_column 6, r10, r11, r9
    low_column 7, r11, r8, r10
    low_column 8, r8, r9, r11
    low_column 9, r9, r10, r8
    low_column 10, r10, r11, r9
    low_column 11, r11, r8, r10
    high_column 0
    mov r4, r11
    plus_one r4
    minus_one r9
    minus_one r8
    column_done
    high_column 1
    minus_one r10
    minus_one r9
    column_done
    high_column 2
    minus_one r11
    minus_one r10
    column_done
    high_column 3
    minus_one r11
    column_done
    .irp i, 4, 5, 6, 7, 8, 9, 10, 11
    high_column \i
    column_done
    .endr
    movs r6, r2
    subs r6, #1                 // -1: it was below p, else 0
    add_prime
    bx lr

    from_c kernel_reduce_p384, kernel_montgomery_p384
    modular kernel_mul_p384, kernel_multiply12, 96, kernel_montgomery_p384
    modular kernel_sqr_p384, kernel_square12, 96, kernel_montgomery_p384

#endif
