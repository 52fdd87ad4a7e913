// void picket_cortex_m_stack_switch(void *ctx, void **from, void *to)
//                                   r0         r1           r2
//
// Saves what a called function must preserve on this stack, leaves the stack pointer in *from, and takes up
// `to`, which holds the same (stack.c: struct frame). On an ARMv8-M with the main extension the limit of the
// stack pointer in use is saved and set with it; it is cleared in between, since no limit fits both stacks. An
// interrupt may come at any instruction: it finds a stack that is whole.

    .syntax unified
    .section .text.picket_cortex_m_stack_switch, "ax", %progbits
    .thumb
    .align  2
    .global picket_cortex_m_stack_switch
    .type   picket_cortex_m_stack_switch, %function
    .thumb_func
picket_cortex_m_stack_switch:
    .fnstart
    .cantunwind
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
    push    {r3-r7, lr}
    mov     r4, r8
    mov     r5, r9
    mov     r6, r10
    mov     r7, r11
    push    {r4-r7}
    mov     r3, sp
    str     r3, [r1]
    mov     sp, r2
    pop     {r4-r7}
    mov     r8, r4
    mov     r9, r5
    mov     r10, r6
    mov     r11, r7
    pop     {r3-r7, pc}
#else
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    mrs     r12, control
    lsls    r12, r12, #31           // carry: CONTROL.SPSEL, the process stack is in use
    ite     cs
    mrscs   r3, psplim
    mrscc   r3, msplim
#endif
    push    {r3-r11, lr}
#ifdef __ARM_FP
    vpush   {s16-s31}
#endif
    mov     r3, sp
    str     r3, [r1]
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    mov     r3, #0                  // leaves the flags alone
    ite     cs
    msrcs   psplim, r3
    msrcc   msplim, r3
#endif
    mov     sp, r2
#ifdef __ARM_FP
    vpop    {s16-s31}
#endif
#if defined(__ARM_ARCH_8M_MAIN__) || defined(__ARM_ARCH_8_1M_MAIN__)
    pop     {r3-r11, lr}
    ite     cs
    msrcs   psplim, r3
    msrcc   msplim, r3
    bx      lr
#else
    pop     {r3-r11, pc}
#endif
#endif
    .fnend
    .size   picket_cortex_m_stack_switch, . - picket_cortex_m_stack_switch
