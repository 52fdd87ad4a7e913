// AES in counter mode for Armv6-M: see cipher.h. Its table is in RAM, where no cache is: a look-up takes as long wherever it goes. No
// branch and no instruction depends on key or text. In comments, cycles.
#include "../which.h"
#if KERNELS_TABLES

#include "common.inc"

// r0, r1, r2 and r8: the state, a column each, its first row lowest. r3 = table, r4 = 255 * 4, r5 = 24; r6 and r7 are used. r9-r11:
// new columns. r12 and lr: the last round's keys, and the next one's.
#define KEYS    0
#define STREAM  4
#define COUNTER 8
#define BLOCKS  12
#define BYTE    16  // of the first round key, in the counter's last byte's place
#define AHEAD   20
#define FRAME   24

#define ROUNDS  240 // in struct aes; then comes what is known ahead

// reg = 4 times the byte of a column that begins at bit \from + 2.
.macro entry reg, column, from
    .ifc \column, r8
    mov r6, r8
    lsrs \reg, r6, #\from
    .else
    lsrs \reg, \column, #\from
    .endif
    ands \reg, r4
.endm

.macro entry0 column
    .ifc \column, r8
    mov r6, r8
    lsls r6, #2
    .else
    lsls r6, \column, #2
    .endif
    ands r6, r4
.endm

// One row more: the entries of the rows before are turned by a byte.
.macro row
    ldr r6, [r3, r6]
    rors r7, r5
    eors r7, r6
.endm

// r7 = the column made of row 0 of a, 1 of b, 2 of c and 3 of d. 23 cycles.
.macro mixed a, b, c, d
    entry r7, \d, 22
    ldr r7, [r3, r7]
    entry r6, \c, 14
    row
    entry r6, \b, 6
    row
    entry0 \a
    row
.endm

.macro plain_row
    ldrb r6, [r3, r6]
    lsls r7, #8
    orrs r7, r6
.endm

// The same in the last round, with the S-box alone: r3 points at the second byte of the table. 23 cycles.
.macro plain a, b, c, d
    entry r7, \d, 22
    ldrb r7, [r3, r7]
    entry r6, \c, 14
    plain_row
    entry r6, \b, 6
    plain_row
    entry0 \a
    plain_row
.endm

// A round, r8 still to be set to r7. 112 cycles.
.macro round how
    \how r0, r1, r2, r8
    mov r9, r7
    \how r1, r2, r8, r0
    mov r10, r7
    \how r2, r8, r0, r1
    mov r11, r7
    \how r8, r0, r1, r2
    mov r6, lr
    ldmia r6!, {r0, r1, r2, r4}
    mov lr, r6
    mov r6, r9
    eors r0, r6
    mov r6, r10
    eors r1, r6
    mov r6, r11
    eors r2, r6
    eors r7, r4
.endm

// r7 or another column ^= the entry for the byte of r8 that begins at bit \from + 2, turned right by \distance.
.macro entry_of_first to, from, distance
    mov r6, r8
    lsrs r6, #\from
    ands r6, r4
    ldr r6, [r3, r6]
    movs r5, #\distance
    rors r6, r5
    eors \to, r6
.endm

// r0 = aes, r1 = stream, r2 = the counter's last byte, r3 = n. A block of AES-128: 1010 cycles, 63 a byte; a round is 117.
    SECTION(kernel_aes_ahead)
function kernel_aes_ahead
    enter
    sub sp, #FRAME
    str r0, [sp, #KEYS]
    str r1, [sp, #STREAM]
    str r2, [sp, #COUNTER]
    str r3, [sp, #BLOCKS]
    ldr r2, [r0, #12]
    lsrs r2, #24
    str r2, [sp, #BYTE]
    mov r2, r0
    adds r2, #ROUNDS
    ldr r1, [r2]
    adds r2, #4
    str r2, [sp, #AHEAD]
    lsls r1, #4
    adds r0, r1
    mov r12, r0
    ldr r3, =kernel_aes_table
1:  ldr r6, [sp, #COUNTER]
    adds r7, r6, #1
    str r7, [sp, #COUNTER]
    ldr r7, [sp, #BYTE]
    eors r6, r7
    lsls r6, #2
    ldr r6, [r3, r6]
    movs r5, #8
    rors r6, r5
    ldr r7, [sp, #AHEAD]
    ldmia r7!, {r5}
    eors r6, r5
    mov r8, r6                      // column 0 after the first round
    ldmia r7, {r0-r2, r7}
    movs r4, #255
    lsls r4, #2
    lsls r6, #2
    ands r6, r4
    ldr r6, [r3, r6]
    eors r0, r6
    entry_of_first r1, 22, 8
    entry_of_first r2, 14, 16
    entry_of_first r7, 6, 24        // r5 stays 24
    ldr r6, [sp, #KEYS]
    adds r6, #48
    mov lr, r6
2:  mov r8, r7
    movs r4, #255
    lsls r4, #2
    round mixed
    cmp lr, r12
    bne 2b
    mov r8, r7
    movs r4, #255
    lsls r4, #2
    adds r3, #1
    round plain
    subs r3, #1
    ldr r6, [sp, #STREAM]
    stmia r6!, {r0, r1, r2, r7}
    str r6, [sp, #STREAM]
    ldr r6, [sp, #BLOCKS]
    subs r6, #1
    str r6, [sp, #BLOCKS]
    beq 3f
    b 1b
3:  movs r6, #0
    str r6, [sp, #BYTE]
    add sp, #FRAME
    leave
    .ltorg

#endif
