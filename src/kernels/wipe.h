// wipe.h: memory that had a secret in it. Mbed TLS's own wiping is not at hand in the kernels.
#ifndef PICKET_KERNELS_WIPE_H
#define PICKET_KERNELS_WIPE_H

#include <stddef.h>
#include <string.h>

// The compiler is told that somebody looks at the memory afterwards.
static inline void kernel_wipe(void *p, size_t len)
{
    memset(p, 0, len);
    __asm__ volatile("" : : "r"(p) : "memory");
}

#endif
