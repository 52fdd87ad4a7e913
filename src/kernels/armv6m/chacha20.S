// ChaCha20 for Armv6-M: see cipher.h. No branch, no address and no instruction depends on key or message. In comments, cycles.
#include "../which.h"
#if KERNELS_ARMV6M

#include "common.inc"

// In rounds: r0 = b, r1 = d, r2 = c unless it is in a high register, r3 is used; r4-r7 the distances to turn right. The words a
// are in r8-r11, x8 and x9 in r12 and lr; the others are on the stack.
#define X4    0
#define X5    4
#define X6    8
#define X7    12
#define X10   16
#define X11   20
#define X12   24
#define X13   28
#define X14   32
#define X15   36
#define OUT   40
#define STATE 44
#define FRAME 48

// b = (b ^ with) turned right by the register of a distance; with is high.
.macro mix word, with, distance
    mov r3, \with
    eors \word, r3
    rors \word, \distance
.endm

// A quarter round, c in a high register. 16 cycles.
.macro quarter_high a, c
    add \a, r0
    mix r1, \a, r4
    add \c, r1
    mix r0, \c, r5
    add \a, r0
    mix r1, \a, r6
    add \c, r1
    mix r0, \c, r7
.endm

// c in r2. 14 cycles.
.macro quarter a
    add \a, r0
    mix r1, \a, r4
    adds r2, r1
    eors r0, r2
    rors r0, r5
    add \a, r0
    mix r1, \a, r6
    adds r2, r1
    eors r0, r2
    rors r0, r7
.endm

// Four words of the result: those of the state at r2 plus what is in r8-r11 or on the stack.
.macro sum word, at
    ldr r0, [sp, #\at]
    adds \word, r0
.endm

// A block: 2120 cycles, 33 a byte.
    SECTION(kernel_chacha20)
function kernel_chacha20
    enter
    sub sp, #FRAME
    str r0, [sp, #OUT]
    str r1, [sp, #STATE]
    ldmia r1!, {r4-r7}
    mov r8, r4
    mov r9, r5
    mov r10, r6
    mov r11, r7
    mov r2, sp
    ldmia r1!, {r0, r4-r6}          // x4 stays in r0
    adds r2, #X5
    stmia r2!, {r4-r6}
    ldmia r1!, {r4-r7}
    mov r12, r4
    mov lr, r5
    stmia r2!, {r6, r7}
    ldmia r1!, {r4-r7}
    stmia r2!, {r4-r7}
    movs r4, #16
    adds r4, #144
    adds r4, #144                   // 16 + 9 * 32: turning by it is turning by 16, and it counts the rounds
    movs r5, #20
    movs r6, #24
    movs r7, #25
1:  ldr r1, [sp, #X12]
    quarter_high r8, r12            // 0 4 8 12
    str r0, [sp, #X4]
    str r1, [sp, #X12]
    ldr r0, [sp, #X5]
    ldr r1, [sp, #X13]
    quarter_high r9, lr             // 1 5 9 13
    str r0, [sp, #X5]
    str r1, [sp, #X13]
    ldr r0, [sp, #X6]
    ldr r2, [sp, #X10]
    ldr r1, [sp, #X14]
    quarter r10                     // 2 6 10 14
    str r0, [sp, #X6]
    str r2, [sp, #X10]
    str r1, [sp, #X14]
    ldr r0, [sp, #X7]
    ldr r2, [sp, #X11]
    ldr r1, [sp, #X15]
    quarter r11                     // 3 7 11 15
    str r0, [sp, #X7]
    str r2, [sp, #X11]
    ldr r0, [sp, #X5]
    ldr r2, [sp, #X10]
    quarter r8                      // 0 5 10 15
    str r0, [sp, #X5]
    str r2, [sp, #X10]
    str r1, [sp, #X15]
    ldr r0, [sp, #X6]
    ldr r2, [sp, #X11]
    ldr r1, [sp, #X12]
    quarter r9                      // 1 6 11 12
    str r0, [sp, #X6]
    str r2, [sp, #X11]
    str r1, [sp, #X12]
    ldr r0, [sp, #X7]
    ldr r1, [sp, #X13]
    quarter_high r10, r12           // 2 7 8 13
    str r0, [sp, #X7]
    str r1, [sp, #X13]
    ldr r0, [sp, #X4]
    ldr r1, [sp, #X14]
    quarter_high r11, lr            // 3 4 9 14
    str r1, [sp, #X14]
    subs r4, #32
    bmi 2f
    b 1b
2:  str r0, [sp, #X4]
    ldr r1, [sp, #OUT]
    ldr r2, [sp, #STATE]
    ldmia r2!, {r4-r7}
    add r4, r8
    add r5, r9
    add r6, r10
    add r7, r11
    stmia r1!, {r4-r7}
    ldmia r2!, {r4-r7}
    sum r4, X4
    sum r5, X5
    sum r6, X6
    sum r7, X7
    stmia r1!, {r4-r7}
    ldmia r2!, {r4-r7}
    add r4, r12
    add r5, lr
    sum r6, X10
    sum r7, X11
    stmia r1!, {r4-r7}
    ldmia r2!, {r4-r7}
    sum r4, X12
    sum r5, X13
    sum r6, X14
    sum r7, X15
    stmia r1!, {r4-r7}
    movs r4, #0                     // the rounds can be undone: nothing of them stays on the stack
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r2, sp
    stmia r2!, {r4-r7}
    stmia r2!, {r4-r7}
    stmia r2!, {r4, r5}
    add sp, #FRAME
    leave

// r0 = out, r1 = in, r2 = stream, r3 = len. By words if out and in lie alike, else by bytes.

// One byte of r4. 10 cycles.
.macro xor_byte
    ldrb r5, [r1]
    eors r5, r4
    strb r5, [r0]
    lsrs r4, #8
    adds r0, #1
    adds r1, #1
.endm

// A word of the output takes what is left of the stream's last word, in \left, and the lower part of the next, whose rest is then
// in \next. r6, r7: the bits of the one and of the other. 11 cycles.
.macro xor_shifted left, next
    ldmia r2!, {\next}
    mov r3, \next
    lsls r3, r6
    orrs \left, r3
    ldmia r1!, {r3}
    eors \left, r3
    stmia r0!, {\left}
    lsrs \next, r7
.endm

    SECTION(kernel_xor)
function kernel_xor
    push {r4-r7, lr}
    mov r4, r0
    eors r4, r1
    lsls r4, #30
    bne 3f
    lsls r6, r0, #30
    bne 5f
1:  subs r3, #16                    // 27 cycles for 16 bytes
    blo 2f
    ldmia r2!, {r4, r5}
    ldmia r1!, {r6, r7}
    eors r4, r6
    eors r5, r7
    stmia r0!, {r4, r5}
    ldmia r2!, {r4, r5}
    ldmia r1!, {r6, r7}
    eors r4, r6
    eors r5, r7
    stmia r0!, {r4, r5}
    b 1b
2:  adds r3, #16
3:  cmp r3, #0                      // 13 cycles a byte
    beq 9f
    ldmia r2!, {r4}
    movs r6, #4
4:  xor_byte
    subs r3, #1
    beq 9f
    subs r6, #1
    bne 4b
    b 3b
5:  cmp r3, #8
    blo 3b
    lsrs r6, #27                    // 8, 16 or 24
    movs r7, #32
    subs r7, r6
    ldmia r2!, {r4}
6:  xor_byte
    subs r3, #1
    lsls r5, r0, #30
    bne 6b
    lsrs r5, r3, #2
    lsls r5, #2
    subs r3, r5
    mov lr, r3                      // bytes after the words
    lsrs r3, r5, #3
    lsls r3, #3
    cmp r3, r5
    add r3, r0
    mov r12, r3                     // where the pairs of words end; the flags say whether there is one more
    beq 7f
    xor_shifted r4, r5
    mov r4, r5
    movs r5, #4
    add r12, r5
7:  cmp r0, r12
    beq 8f
    xor_shifted r4, r5
    xor_shifted r5, r4
    b 7b
8:  mov r3, lr
    lsls r5, r3, #3
    cmp r5, r6
    bls 10f
    ldr r5, [r2]
    lsls r5, r6
    orrs r4, r5
10: cmp r3, #0
    beq 9f
    xor_byte
    subs r3, #1
    b 10b
9:  pop {r4-r7, pc}

#endif
