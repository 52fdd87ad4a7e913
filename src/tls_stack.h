// tls_stack.h: the stack that TLS runs on: a block of the arena, where the port can switch stacks.
//
// What runs on it may come back early, and is continued later: between two public-key operations, and every
// PICKET_SLICE_MS within one (its arithmetic allocates all the time, and then looks at the clock). While
// something has come back early, nothing else can run on the stack.
//
// There is one at a time, as there is one arena.
#ifndef PICKET_TLS_STACK_H
#define PICKET_TLS_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "picket/port.h"

// Take the stack from the arena; without one of its own (a port that cannot switch) calls run on the caller's.
// 0, or PICKET_ERR_NO_MEMORY.
int tls_stack_start(const picket_port_t *port);
void tls_stack_stop(void);

// Run call(arg) on the stack, to its end: its result. PICKET_ERR_STACK when the stack has overflowed, now or
// before. While something that came back early waits it runs on the caller's stack.
typedef int (*tls_call_t)(void *arg);
int tls_stack_call(tls_call_t call, void *arg);

// The same, and it may come back early: then *paused is true, and tls_stack_continue goes on. refuse: the
// allocations of arithmetic fail from here on, so that it ends soon.
int tls_stack_begin(tls_call_t call, void *arg, bool *paused);
int tls_stack_continue(bool refuse, bool *paused);

// Called on the stack: come back early, if that is allowed. False: what runs is to end (see refuse).
bool tls_stack_pause(void);

// Called on the stack: true, it does not come back early; false, it may again. For what must not be
// interleaved with others, and is short.
void tls_stack_hold(bool held);

// Less than PICKET_STACK_SIZE is left for TLS on the caller's stack, which it has to run on.
bool tls_stack_too_small(void);

// Its size, 0 when there is none, and the most that has been used of it.
size_t tls_stack_size(void);
size_t tls_stack_peak(void);

#endif
