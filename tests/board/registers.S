// What the self-test needs below C: see selftest.c.

    .syntax unified
    .thumb

// uint32_t switch_checked(void **from, void *to, uint32_t seed)
//
// picket_cortex_m_stack_switch(NULL, from, to) with seed+1 to seed+8 in r4 to r11. Returns 0 when they are still there
// when somebody has switched back.
    .section .text.switch_checked, "ax", %progbits
    .align  2
    .global switch_checked
    .type   switch_checked, %function
    .thumb_func
switch_checked:
    push    {r4-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    sub     sp, #4
    str     r2, [sp]
    adds    r4, r2, #1
    adds    r5, r2, #2
    adds    r6, r2, #3
    adds    r7, r2, #4
    adds    r3, r2, #5
    mov     r8, r3
    adds    r3, #1
    mov     r9, r3
    adds    r3, #1
    mov     r10, r3
    adds    r3, #1
    mov     r11, r3
    mov     r2, r1
    mov     r1, r0
    movs    r0, #0
    bl      picket_cortex_m_stack_switch
    movs    r0, #1
    ldr     r3, [sp]
    .irp    register, r4, r5, r6, r7, r8, r9, r10, r11
    adds    r3, #1
    cmp     \register, r3
    bne     1f
    .endr
    movs    r0, #0
1:  add     sp, #4
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r4-r7, pc}
    .size   switch_checked, . - switch_checked

// The other stack's entry: inside(where its stack pointer began).
    .section .text.entry, "ax", %progbits
    .align  2
    .global entry
    .type   entry, %function
    .thumb_func
entry:
    mov     r0, sp
    bl      inside
    .size   entry, . - entry
