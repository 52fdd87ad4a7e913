// pico_stack.h: the main stack of core 0.
//
// It lies in a memory of its own, 4 kB at the most (PICO_STACK_SIZE; 2 kB by default), and overflows silently
// into what lies below: a canary there tells.
#ifndef PICKET_PICO_STACK_H
#define PICKET_PICO_STACK_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// Paint what is free now, the canary at its bottom. Called once, by the port's start.
void picket_pico_stack_paint(void);

// port.h: stack_intact.
bool picket_pico_stack_intact(void *ctx);

// The size of the main stack, and how much of it has been used at the most.
void picket_pico_stack(size_t *size, size_t *peak);

#ifdef __cplusplus
}
#endif
#endif
