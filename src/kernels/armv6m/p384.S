// Numbers of 384 bits, and modulo P-384's prime: see kernels.h. No branch, no address and no instruction depends on a number.
#if defined(__ARM_ARCH_6M__) && !defined(PICKET_PORTABLE_KERNELS)

#include "armv6m.inc"

// --- Products
//
// Karatsuba in three: with X = 2^128, a = a2 X^2 + a1 X + a0 and so on, P0 = a0 b0, P1 = a1 b1, P2 = a2 b2 and D01 = (a0 - a1)
// (b0 - b1) and so on, the product is P0 + (P0 + P1 - D01) X + (P0 + P1 + P2 - D02) X^2 + (P1 + P2 - D12) X^3 + P2 X^4.
//
// The frame: b's 4 words, six products of 8 words, the three signs, r, a, b.
#define P0     16
#define P1     48
#define P2     80
#define D01    112
#define D02    144
#define D12    176
#define M01    208 // -1, D01's magnitude is subtracted; 0, it is added
#define M02    212
#define M12    216
#define RESULT 220
#define LEFT   224
#define RIGHT  228
#define FRAME  232

.macro to_frame offset
    mov r0, sp
    adds r0, #\offset
    mov r12, r0
.endm

// r1 = [which] + offset
.macro at which, offset
    ldr r1, [sp, #\which]
    .if \offset
    adds r1, #\offset
    .endif
.endm

.macro product_of offset, to
    at LEFT, \offset
    ldmia r1!, {r4-r7}
    raise
    at RIGHT, \offset
    ldmia r1!, {r4-r7}
    mov r1, sp
    stmia r1!, {r4-r7}
    to_frame \to
    bl kernel_multiply4
.endm

.macro product_of_differences offset, gap, to, mask
    at LEFT, \offset
    distance \gap
    raise
    mov r12, r0
    at RIGHT, \offset
    distance \gap
    mov r1, r12
    eors r0, r1
    mvns r0, r0
    str r0, [sp, #\mask]
    mov r1, sp
    stmia r1!, {r4-r7}
    to_frame \to
    bl kernel_multiply4
.endm

    SECTION(kernel_mul384)
function kernel_mul384
    enter
    sub sp, #FRAME
    str r0, [sp, #RESULT]
    str r1, [sp, #LEFT]
    str r2, [sp, #RIGHT]
    product_of 0, P0
    product_of 16, P1
    product_of 32, P2
    product_of_differences 0, 0, D01, M01
    product_of_differences 0, 16, D02, M02
    product_of_differences 16, 0, D12, M12
    bl combine
    add sp, #FRAME
    leave

.macro square_of offset, to
    at LEFT, \offset
    ldmia r1!, {r4-r7}
    raise
    to_frame \to
    bl kernel_square4
.endm

.macro square_of_difference offset, gap, to, mask
    at LEFT, \offset
    distance \gap
    raise
    movs r0, #0
    mvns r0, r0
    str r0, [sp, #\mask]
    to_frame \to
    bl kernel_square4
.endm

    SECTION(kernel_sqr384)
function kernel_sqr384
    enter
    sub sp, #FRAME
    str r0, [sp, #RESULT]
    str r1, [sp, #LEFT]
    square_of 0, P0
    square_of 16, P1
    square_of 32, P2
    square_of_difference 0, 0, D01, M01
    square_of_difference 0, 16, D02, M02
    square_of_difference 16, 0, D12, M12
    bl combine
    add sp, #FRAME
    leave

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

// [r0 - 48] + 2^384 r2, which is below 2 p, modulo p.
.macro subtract_prime
    movs r7, #0
    mvns r6, r7
    lsls r5, r6, #1
    subs r0, #48
    ldr r1, [r0]
    subs r1, r6
    stmia r0!, {r1}
    .irp word, r7, r7, r6, r5, r6, r6, r6, r6, r6, r6, r6
    ldr r1, [r0]
    sbcs r1, \word
    stmia r0!, {r1}
    .endr
    sbcs r6, r6                 // -1: it borrowed
    adds r6, r2                 // carry - borrow: -1 if it was below p
    add_prime
.endm

    SECTION(kernel_add_p384)
function kernel_add_p384
    push {r4-r7, lr}
    add_words 12
    movs r2, #0
    adcs r2, r2
    subtract_prime
    pop {r4-r7, pc}

    SECTION(kernel_sub_p384)
function kernel_sub_p384
    push {r4-r7, lr}
    subtract_words 12
    sbcs r6, r6
    add_prime
    pop {r4-r7, pc}

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

.macro high_column i
    ldr r4, [r1, #48 + 4 * \i]
    plus_one r4
    ldr r4, [r1, #4 * \i]
    plus_one r4
.endm

.macro column_done
    stmia r0!, {r2}
    next_column
.endm

    SECTION(kernel_reduce_p384)
function kernel_reduce_p384
    enter
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
    subtract_prime
    leave

#endif
