// Products and their reduction in one, for whose kernels have no function of their own for that.
#include "../kernels.h"

#if !KERNELS_ARMV6M

void kernel_mul_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t t[16];
    kernel_mul256(t, a, b);
    kernel_reduce_25519(r, t);
}

void kernel_sqr_25519(uint32_t r[8], const uint32_t a[8])
{
    uint32_t t[16];
    kernel_sqr256(t, a);
    kernel_reduce_25519(r, t);
}

void kernel_mul_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8])
{
    uint32_t t[16];
    kernel_mul256(t, a, b);
    kernel_reduce_p256(r, t);
}

void kernel_sqr_p256(uint32_t r[8], const uint32_t a[8])
{
    uint32_t t[16];
    kernel_sqr256(t, a);
    kernel_reduce_p256(r, t);
}

void kernel_mul_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12])
{
    uint32_t t[24];
    kernel_mul384(t, a, b);
    kernel_reduce_p384(r, t);
}

void kernel_sqr_p384(uint32_t r[12], const uint32_t a[12])
{
    uint32_t t[24];
    kernel_sqr384(t, a);
    kernel_reduce_p384(r, t);
}

#endif
