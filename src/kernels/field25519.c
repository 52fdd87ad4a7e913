#include "field25519.h"

#include "divide.h"
#include "mask.h"

// a < 2^256; after the bit above 2^255 has come back as 19, a < 2^255 + 19 < 2 p, and a >= p exactly if a
// + 19 has that bit.
void field_freeze(field_t a)
{
    field_t t;
    uint32_t top = a[7] >> 31;
    a[7] &= 0x7fffffff;
    kernel_add_25519(a, a, (field_t){19 * top});
    kernel_add_25519(t, a, (field_t){19});
    kernel_add_25519(a, a, (field_t){19 * (t[7] >> 31)});
    a[7] &= 0x7fffffff;
}

void field_swap_if(uint32_t swap, uint32_t *a, uint32_t *b, size_t n)
{
    uint32_t mask = kernel_mask(0 - swap);
    for (size_t i = 0; i < n; i++) {
        uint32_t t = (a[i] ^ b[i]) & mask;
        a[i] ^= t;
        b[i] ^= t;
    }
}

void field_divide(field_t r, field_t k, field_t a)
{
    static const uint32_t prime[LIMBS] = {0xffffffed, 0xffffffff, 0xffffffff, 0xffffffff,
                                          0xffffffff, 0xffffffff, 0xffffffff, 0x7fffffff};
    field_freeze(k);
    field_freeze(a);
    kernel_divide(r, k, a, prime, LIMBS);
}
