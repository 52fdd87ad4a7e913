// stack.h: a second stack on a Cortex-M, as picket/port.h describes it (stack_make, stack_switch).
//
// For ARMv6-M (Cortex-M0+), ARMv7-M and ARMv8-M (Cortex-M33: the stack limit register goes with the stack, so
// an overflow faults before it writes below). In thread mode only, on whichever stack pointer is in use: the main
// one on bare metal, the process one under an RTOS, which then takes the memory for its task's own stack.
#ifndef PICKET_CORTEX_M_STACK_H
#define PICKET_CORTEX_M_STACK_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

// The lowest bytes of mem stay outside the stack limit: room for whoever wants to watch them.
#define PICKET_CORTEX_M_STACK_GUARD 32

void *picket_cortex_m_stack_make(void *ctx, void *mem, size_t len, void (*entry)(void));
void picket_cortex_m_stack_switch(void *ctx, void **from, void *to);

#ifdef __cplusplus
}
#endif
#endif
