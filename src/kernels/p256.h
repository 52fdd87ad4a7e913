// p256.h: ECDSA on P-256 (FIPS 186-5 section 6.4.2, SEC 1 section 4.1.4).
#ifndef PICKET_P256_H
#define PICKET_P256_H

#include "kernels.h"

enum { P256_FORGED = -3 };

// key: x and y, big-endian, any values. hash: any length; the leftmost 256 bits count. signature: r and s, big-endian, any
// values. 0; P256_FORGED; KERNEL_BAD if the key is no point of the curve; KERNEL_STOPPED.
// NOT constant time: everything in it is public. Uses about 2 kB of stack.
int p256_verify(const uint8_t key[64], const uint8_t *hash, size_t hash_len, const uint8_t signature[64],
                kernel_go_on_t go_on);

#endif
