// mask.h: masks of secrets, -1 or 0, of which a compiler is to make no branch: it is not told what they may be.
#ifndef PICKET_KERNELS_MASK_H
#define PICKET_KERNELS_MASK_H

#include <stdint.h>

static inline uint32_t kernel_mask(uint32_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

// -1 if a and b are the same, else 0; both below 2^31.
static inline uint32_t kernel_mask_if_same(uint32_t a, uint32_t b)
{
    return kernel_mask(0 - (((a ^ b) - 1) >> 31));
}

#endif
