// rival_memory.h: how much of the heap Mbed TLS has used at the most.
#ifndef BENCH_RIVAL_MEMORY_H
#define BENCH_RIVAL_MEMORY_H

#include <stddef.h>

size_t memory_peak(void);

#endif
