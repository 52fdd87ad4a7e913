// copy.h: memcpy for a processor that cannot read across words, and whose C library then copies byte by byte: 2 cycles a byte, not 10,
// when `to` and `from` lie differently. No word is read that none of the bytes is in.
#ifndef PICKET_KERNELS_COPY_H
#define PICKET_KERNELS_COPY_H

#include <stddef.h>
#include <string.h>

#include "which.h"

#if KERNELS_ARMV6M
#ifdef __cplusplus
extern "C"
#endif
    void *
    kernel_copy(void *to, const void *from, size_t n);
#else
#define kernel_copy memcpy
#endif

#endif
