// mps2_stack.h: main's stack: painted at the start, so that its peak can be told, with a canary under it.
#ifndef PICKET_MPS2_STACK_H
#define PICKET_MPS2_STACK_H

#include <stdbool.h>
#include <stddef.h>

// Before main: most of the stack is unused.
void picket_mps2_stack_paint(void);

bool picket_mps2_stack_intact(void *ctx);

// Its size (the linker's picket_main_stack_size), and how much of it has been used at the most.
size_t picket_mps2_stack_size(void);
size_t picket_mps2_stack_peak(void);

// Bytes that were never used so far.
size_t picket_mps2_stack_room(void *ctx);

#endif
