// x25519.h: RFC 7748 section 5.
#ifndef PICKET_X25519_H
#define PICKET_X25519_H

#include "kernels.h"

#define X25519_LEN 32u

// out = X25519(scalar, u). The scalar is clamped here, the top bit of u ignored. Constant time in scalar and u.
// 0; KERNEL_BAD if the result is zero (RFC 7748 section 6.1); KERNEL_STOPPED.
int x25519(uint8_t out[32], const uint8_t scalar[32], const uint8_t u[32], kernel_go_on_t go_on);

// out = X25519(scalar, 9), the public key, in less than half the time. Constant time in scalar. 0 or KERNEL_STOPPED.
int x25519_public(uint8_t out[32], const uint8_t scalar[32], kernel_go_on_t go_on);

#endif
