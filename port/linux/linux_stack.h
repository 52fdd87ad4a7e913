// linux_stack.h: a stack for TLS. The functions are those of picket/port.h; one stack at a time.
#ifndef PICKET_LINUX_STACK_H
#define PICKET_LINUX_STACK_H

#include <stddef.h>

void *picket_linux_stack_make(void *ctx, void *mem, size_t len, void (*entry)(void));
void picket_linux_stack_switch(void *ctx, void **from, void *to);

#endif
