// SHA-256 for Armv6-M: see hash.h. No branch, no address and no instruction depends on what is hashed. In comments, cycles.
#include "../which.h"
#if KERNELS_ARMV6M

#include "common.inc"

#define WORDS 256   // bytes of the stack, from its top, in which the message's words are
#define STATE WORDS // above them
#define FRAME (WORDS + 4)

// Word i, at \at + 64 behind r0, is that at \at, which is in r1, and others. r4-r7: distances to turn right, 7, 11, 17, 2. Leaves the
// word at \at + 4 in r1. 24 cycles.
.macro next_word at
    ldr r2, [r0, #(\at + 4)]
    mov r8, r2
    mov r3, r2
    rors r3, r5                     // turned by 7 and by 18
    eors r3, r2
    rors r3, r4
    lsrs r2, #3
    eors r3, r2
    adds r1, r3
    ldr r2, [r0, #(\at + 56)]
    mov r3, r2
    rors r3, r7                     // by 17 and by 19
    eors r3, r2
    rors r3, r6
    lsrs r2, #10
    eors r3, r2
    adds r1, r3
    ldr r2, [r0, #(\at + 36)]
    adds r1, r2
    str r1, [r0, #(\at + 64)]
    mov r1, r8
.endm

// A round: r0, r1 at the next word and constant, a, e and bc = b ^ c in low registers, the rest of the state in high ones; t, x and r5
// are free. The new a is in x, the new e in t, the new b ^ c in e, the new b to h, without e, in h b c d f g. 42 cycles.
.macro round a, x, e, t, bc, b, c, d, f, g, h
    ldmia r0!, {\x}
    ldmia r1!, {r5}
    adds \x, r5
    add \x, \h
    mov \t, \f                      // those of f where e is 1, of g where it is 0
    mov r5, \g
    eors \t, r5
    ands \t, \e
    eors \t, r5
    adds \x, \t
    mov \t, \e                      // turned by 6, by 11 and by 25
    movs r5, #14
    rors \t, r5
    eors \t, \e
    movs r5, #5
    rors \t, r5
    eors \t, \e
    movs r5, #6
    rors \t, r5
    adds \x, \t
    mov \t, \d
    adds \t, \x
    mov \d, \e
    mov \e, \b                      // the majority of a, b, c: b, but for where a is not b and b is not c
    eors \e, \a
    ands \bc, \e
    mov r5, \b
    eors \bc, r5
    adds \x, \bc
    mov \bc, \a                     // turned by 2, by 13 and by 22
    movs r5, #9
    rors \bc, r5
    eors \bc, \a
    movs r5, #11
    rors \bc, r5
    eors \bc, \a
    movs r5, #2
    rors \bc, r5
    adds \x, \bc
    mov \h, \a
.endm

// Four words of the state at r0, and what is added.
.macro add_to_state a, b, c, d
    ldmia r0!, {r4-r7}
    add r4, \a
    add r5, \b
    add r6, \c
    add r7, \d
    subs r0, #16
    stmia r0!, {r4-r7}
.endm

// A block: 4466 cycles, 70 a byte, where it lies at no word.
    SECTION(kernel_sha256)
function kernel_sha256
    enter
    sub sp, #FRAME
    str r0, [sp, #STATE]
    mov r0, sp
    movs r2, #64
    bl kernel_copy                  // the block lies anywhere
    mov r0, sp
    .rept 4
    mov r1, r0
    ldmia r1!, {r4-r7}
    rev r4, r4
    rev r5, r5
    rev r6, r6
    rev r7, r7
    stmia r0!, {r4-r7}
    .endr
    mov r0, sp
    movs r4, #(WORDS - 64)
    add r4, r0
    mov r12, r4
    movs r4, #7
    movs r5, #11
    movs r6, #17
    movs r7, #2
    ldr r1, [r0]
1:  next_word 0
    next_word 4
    adds r0, #8
    cmp r0, r12
    bne 1b
    ldr r0, [sp, #STATE]
    ldmia r0!, {r2-r5}
    mov r12, r3
    mov lr, r4
    mov r8, r5
    eors r3, r4
    ldmia r0!, {r4-r7}
    mov r9, r5
    mov r10, r6
    mov r11, r7
    mov r6, r4
    mov r4, r3
    mov r0, sp
    ldr r1, 4f
    b 3f                            // 64 are 4 and ten times 6
2:  round r2, r7, r3, r4, r6, r8, r9, r10, r11, r12, lr
    round r7, r2, r4, r6, r3, lr, r8, r9, r10, r11, r12
3:  round r2, r7, r6, r3, r4, r12, lr, r8, r9, r10, r11
    round r7, r2, r3, r4, r6, r11, r12, lr, r8, r9, r10
    round r2, r7, r4, r6, r3, r10, r11, r12, lr, r8, r9
    round r7, r2, r6, r3, r4, r9, r10, r11, r12, lr, r8
    mov r5, sp
    subs r5, r0, r5
    lsrs r5, #8
    bne 5f
    b 2b
    .balign 4
4:  .word constants
5:  ldr r0, [sp, #STATE]
    add_to_state r2, r8, r9, r10
    add_to_state r3, r11, r12, lr
    movs r4, #0                     // what is hashed may be a key: nothing of it stays on the stack
    movs r5, #0
    movs r6, #0
    movs r7, #0
    mov r0, sp
    .rept WORDS / 16
    stmia r0!, {r4-r7}
    .endr
    add sp, #FRAME
    leave

    .section .rodata.kernel_sha256, "a", %progbits
    .balign 4
// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
constants:
    .word 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5
    .word 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174
    .word 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da
    .word 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967
    .word 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85
    .word 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070
    .word 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3
    .word 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2

#endif
