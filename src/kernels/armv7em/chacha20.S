// ChaCha20's block and the key stream's way into the text: see cipher.h.
#include "../which.h"
#if KERNELS_ARMV7EM

#include "armv7em.inc"

// A quarter of a round. Words are rotated by the instruction that takes them next, as its second operand may be: of b and d,
// what is kept is b rotated left by 25, d by 24. Eight instructions instead of twelve.
.macro quarter a, b, c, d
    add \a, \a, \b, ror #25
    eor \d, \a, \d, ror #24
    add \c, \c, \d, ror #16
    eor \b, \c, \b, ror #25
    add \a, \a, \b, ror #20
    eor \d, \a, \d, ror #16
    add \c, \c, \d, ror #24
    eor \b, \c, \b, ror #20
.endm

// x0 to x7: r0-r7, x12 to x15: r8-r11. Of x8 to x11 two are in r12 and lr, x8 and x9 at first; the others are at sp, x10 and
// x11, and then x8 and x9: each pair is exchanged when half of a round is done. At sp + 8 the rounds left, then stream and state.
#define X8_X9   [sp]
#define X10_X11 [sp, #8]
#define ROUNDS  [sp, #16]
#define STREAM  [sp, #24]
#define STATE   [sp, #28]

    SECTION(kernel_chacha20)
function kernel_chacha20
    push {r0, r1, r4-r11, lr}
    sub sp, #24
    mov r12, #10
    str r12, ROUNDS
    add r12, r1, #40
    ldmia r12, {r2, r3, r8-r11}
    strd r2, r3, X10_X11
    ldrd r12, lr, [r1, #32]
    ldmia r1, {r0-r7}
    .irp word, r4, r5, r6, r7
    ror \word, \word, #7
    .endr
    .irp word, r8, r9, r10, r11
    ror \word, \word, #8
    .endr
1:
    quarter r0, r4, r12, r8
    quarter r1, r5, lr, r9
    strd r12, lr, X8_X9
    ldrd r12, lr, X10_X11
    quarter r2, r6, r12, r10
    quarter r3, r7, lr, r11
    quarter r0, r5, r12, r11
    quarter r1, r6, lr, r8
    strd r12, lr, X10_X11
    ldr r12, ROUNDS
    subs r12, #1
    str r12, ROUNDS
    ldrd r12, lr, X8_X9
    quarter r2, r7, r12, r9
    quarter r3, r4, lr, r10
    bne 1b
    strd r12, lr, X8_X9
    ldr r12, STATE
    .macro plus_state i, x, turned=0
    ldr lr, [r12, #4*\i]
    .if \turned
    add \x, lr, \x, ror #\turned
    .else
    add \x, lr
    .endif
    .endm
    plus_state 0, r0
    plus_state 1, r1
    plus_state 2, r2
    plus_state 3, r3
    plus_state 4, r4, 25
    plus_state 5, r5, 25
    plus_state 6, r6, 25
    plus_state 7, r7, 25
    plus_state 12, r8, 24
    plus_state 13, r9, 24
    plus_state 14, r10, 24
    plus_state 15, r11, 24
    ldr lr, STREAM
    stmia lr!, {r0-r7}
    ldrd r0, r1, X8_X9
    ldrd r2, r3, X10_X11
    add r12, #32
    ldmia r12, {r4-r7}
    add r0, r4
    add r1, r5
    add r2, r6
    add r3, r7
    stmia lr, {r0-r3, r8-r11}
    mov r0, #0                  // the rounds can be undone
    strd r0, r0, X8_X9
    strd r0, r0, X10_X11
    add sp, #32
    leave

// 16 bytes a turn, words and bytes of the rest.
    SECTION(kernel_xor)
function kernel_xor
    enter
    lsrs r12, r3, #4
    beq 2f
1:
    ldmia r2!, {r4-r7}
    ldr r8, [r1], #4
    ldr r9, [r1], #4
    ldr r10, [r1], #4
    ldr r11, [r1], #4
    eor r4, r8
    eor r5, r9
    eor r6, r10
    eor r7, r11
    str r4, [r0], #4
    str r5, [r0], #4
    str r6, [r0], #4
    str r7, [r0], #4
    subs r12, #1
    bne 1b
2:
    lsls r12, r3, #28
    lsrs r12, r12, #30
    beq 4f
3:
    ldr r4, [r2], #4
    ldr r8, [r1], #4
    eor r4, r8
    str r4, [r0], #4
    subs r12, #1
    bne 3b
4:
    ands r12, r3, #3
    beq 6f
    ldr r4, [r2]
5:
    ldrb r8, [r1], #1
    eor r8, r4
    strb r8, [r0], #1
    lsr r4, r4, #8
    subs r12, #1
    bne 5b
6:
    leave

#endif
