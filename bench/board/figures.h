// figures.h: what both programs print for bench.py, two lines for each connection (the emulator keeps 200 characters of one).
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>

struct figures {
    uint64_t start;   // cycles_busy() when it began
    uint64_t set_up;  // from the start to the handshake: TCP, and what is prepared
    uint64_t body;    // from the end of the handshake to the last byte of the body
    uint64_t longest; // in the handshake, the longest time for which lwIP was not called
    uint32_t received;
    size_t heap, stack, main_stack; // peaks
    size_t stack_size;              // of what heap counts, reserved for the stack
};

// bench.py counts the emulator's cycles from this line to the one that figures_print begins with. Returns
// cycles_busy() then.
uint64_t figures_start(void);

void figures_print(const struct figures *figures);

_Noreturn void figures_exit(int code);

#endif
