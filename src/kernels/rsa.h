// rsa.h: RSA's public operation (RFC 8017 section 5.2.2) with the exponent 65537.
#ifndef PICKET_RSA_H
#define PICKET_RSA_H

#include "kernels.h"

#define RSA_MIN       256u // bytes: 2048 bits
#define RSA_MAX       512u

// Words of memory that it works in, for a modulus of len bytes.
#define RSA_WORK(len) (len)

// The first len bytes of work = signature^65537 modulo the modulus; all of them are numbers of len bytes, big-endian. len:
// RSA_MIN to RSA_MAX, a multiple of 4. 0; KERNEL_BAD if the modulus is even or has less than 8 len bits, or the signature is
// not below it; KERNEL_STOPPED.
// NOT constant time: everything in it is public.
int rsa_public(uint32_t *work, const uint8_t *modulus, const uint8_t *signature, size_t len,
               kernel_go_on_t go_on);

#endif
