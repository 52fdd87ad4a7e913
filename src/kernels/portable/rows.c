#include "../kernels.h"

#if KERNELS_PORTABLE

// Each step holds a m + r + carry <= (2^32 - 1)^2 + 2 (2^32 - 1) = 2^64 - 1.
uint32_t kernel_add_row(uint32_t *r, const uint32_t *a, size_t n, uint32_t m)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < n; i++) {
        carry += (uint64_t)a[i] * m + r[i];
        r[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return (uint32_t)carry;
}

// *limb = 2 *limb + *shifted + square + carry, at most 2 (2^32 - 1) + 1 + (2^32 - 1) + 3; the carry out.
static uint32_t step(uint32_t *limb, uint32_t *shifted, uint32_t square, uint32_t carry)
{
    uint64_t sum = (uint64_t)(*limb << 1 | *shifted) + square + carry;
    *shifted = *limb >> 31;
    *limb = (uint32_t)sum;
    return (uint32_t)(sum >> 32);
}

void kernel_add_squares(uint32_t *r, const uint32_t *a, size_t n)
{
    uint32_t shifted = 0, carry = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t square = (uint64_t)a[i] * a[i];
        carry = step(&r[2 * i], &shifted, (uint32_t)square, carry);
        carry = step(&r[2 * i + 1], &shifted, (uint32_t)(square >> 32), carry);
    }
}

#endif
