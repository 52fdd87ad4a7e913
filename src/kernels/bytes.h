// bytes.h: numbers of 256 bits from and to bytes, wherever those lie; and wiping.
#ifndef PICKET_KERNELS_BYTES_H
#define PICKET_KERNELS_BYTES_H

#include <stddef.h>
#include <stdint.h>

static inline void load_little(uint32_t r[8], const uint8_t bytes[32])
{
    for (int i = 0; i < 8; i++, bytes += 4)
        r[i] = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline void store_little(uint8_t bytes[32], const uint32_t a[8])
{
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(a[i / 4] >> (8 * (i % 4)));
}

// Mbed TLS's own wiping is not at hand here: this one is not optimised away either.
static inline void wipe(void *p, size_t len)
{
    volatile uint8_t *byte = p;
    while (len-- > 0)
        *byte++ = 0;
}

#endif
