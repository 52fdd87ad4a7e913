// rival_stack.h: the stack that the rival runs on. The SDK's main stack, 4 kB at the most, is too small for it.
#ifndef BENCH_RIVAL_STACK_H
#define BENCH_RIVAL_STACK_H

#include <stddef.h>

// Runs call on it; returns what that returns.
int stack_run(int (*call)(void));

// How much of it has been used at the most.
size_t stack_peak(void);

#endif
