// copy.h: included before Mbed TLS's ssl_msg.c, where plaintext is copied from the record, which is at no word, to the application.
#ifndef PICKET_DRIVER_COPY_H
#define PICKET_DRIVER_COPY_H

#include "../kernels/copy.h"

#if KERNELS_ARMV6M
#define memcpy(to, from, n) (__builtin_constant_p(n) ? memcpy(to, from, n) : kernel_copy(to, from, n))
#endif

#endif
