// hash.h: what hashing stands on. It takes the same time whatever is hashed. In portable/ in C, in armv6m/ in assembler (which.h).
#ifndef PICKET_KERNELS_HASH_H
#define PICKET_KERNELS_HASH_H

#include <stdint.h>

#include "which.h"

#define SHA256_BLOCK 64u

// The state after one more block (FIPS 180-4 section 6.2.2), which lies anywhere.
void kernel_sha256(uint32_t state[8], const uint8_t block[SHA256_BLOCK]);

#endif
