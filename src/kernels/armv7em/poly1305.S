// Poly1305's blocks: see cipher.h.
#include "../which.h"
#if KERNELS_ARMV7EM

#include "armv7em.inc"

// t0 to t4: r3-r7, r0 to r3 of the key: r8-r11, s1, s2, s3: r12, lr, r0; 2^128 r_i is s_i. A carry is r1. h, with the block, is at
// sp, behind it where the block is, and the end, and p.
#define BLOCK     [sp, #20]
#define END       [sp, #24]
#define P         [sp, #28]

#define K(i)      [r0, #20 + 8*i]
#define K_HIGH(i) [r0, #24 + 8*i]
#define WHOLE(i)  [r0, #76 + 4*i]

// t += h[i] (k3 k2 k1 k0)
.macro row i, k0, k1, k2, k3
    ldr r2, [sp, #4*\i]
    mov r1, #0
    umaal r3, r1, r2, \k0
    umaal r4, r1, r2, \k1
    umaal r5, r1, r2, \k2
    umaal r6, r1, r2, \k3
    add r7, r1
.endm

.macro load_key i, at
    ldr \i, K(\at)
    ldr r2, K_HIGH(\at)
    orr \i, \i, r2, lsl #14
.endm

// Sums are as small as portable/poly1305.c says.
    SECTION(kernel_poly1305)
function kernel_poly1305
    push {r0, r4-r11, lr}
    sub sp, #28
    add r2, r1, r2, lsl #4
    str r2, END
    load_key r8, 3
    load_key r9, 2
    load_key r10, 1
    load_key r11, 0
    ldr r12, WHOLE(0)
    ldr lr, WHOLE(1)
    ldmia r0, {r3-r7}
    ldr r0, WHOLE(2)
1:
    ldr r2, [r1], #4
    adds r3, r2
    ldr r2, [r1], #4
    adcs r4, r2
    ldr r2, [r1], #4
    adcs r5, r2
    ldr r2, [r1], #4
    adcs r6, r2
    adc r7, r7, #1
    str r1, BLOCK
    stmia sp, {r3-r7}
    mov r2, r3
    umull r3, r4, r2, r8
    mov r5, #0
    umlal r4, r5, r2, r9
    mov r6, #0
    umlal r5, r6, r2, r10
    mov r1, #0
    umlal r6, r1, r2, r11
    mla r7, r7, r8, r1          // h[4] r0
    row 1, r0, r8, r9, r10
    row 2, lr, r0, r8, r9
    row 3, r12, lr, r0, r8
    ldr r2, [sp, #16]
    mov r1, #0
    umaal r4, r1, r2, r12
    umaal r5, r1, r2, lr
    umaal r6, r1, r2, r0
    add r7, r1
    lsr r1, r7, #2              // of 2^130, which is 5
    add r1, r1, r1, lsl #2
    and r7, #3
    adds r3, r1
    adcs r4, #0
    adcs r5, #0
    adcs r6, #0
    adc r7, #0
    ldrd r1, r2, BLOCK
    cmp r1, r2
    bne 1b
    ldr r0, P
    stmia r0, {r3-r7}
    mov r0, #0
    mov r1, #0
    strd r0, r1, [sp]
    strd r0, r1, [sp, #8]
    str r0, [sp, #16]
    add sp, #32
    leave

#endif
