// void picket_linux_stack_swap(void **from, void *to): what a called function must preserve goes on this stack,
// which is left in *from; then the same comes off the stack `to`. Machines that are not here use ucontext
// (stack.c).
#if defined(__x86_64__)
    .globl picket_linux_stack_swap
    .type picket_linux_stack_swap, @function
picket_linux_stack_swap:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    sub $8, %rsp
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    add $8, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size picket_linux_stack_swap, . - picket_linux_stack_swap
#elif defined(__i386__)
    .globl picket_linux_stack_swap
    .type picket_linux_stack_swap, @function
picket_linux_stack_swap:
    mov 4(%esp), %eax
    mov 8(%esp), %ecx
    push %ebp
    push %ebx
    push %esi
    push %edi
    sub $4, %esp
    fnstcw (%esp)
    mov %esp, (%eax)
    mov %ecx, %esp
    fldcw (%esp)
    add $4, %esp
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret
    .size picket_linux_stack_swap, . - picket_linux_stack_swap
#elif defined(__aarch64__)
    .globl picket_linux_stack_swap
    .type picket_linux_stack_swap, %function
picket_linux_stack_swap:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x2, sp
    str x2, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size picket_linux_stack_swap, . - picket_linux_stack_swap
#endif
    .section .note.GNU-stack, "", %progbits
