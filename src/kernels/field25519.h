// field25519.h: modulo p = 2^255 - 19, below 2^256 and so not unique. Constant time.
#ifndef PICKET_FIELD25519_H
#define PICKET_FIELD25519_H

#include "kernels.h"

typedef uint32_t field_t[LIMBS];

// The one below p.
void field_freeze(field_t a);

// r = k / a, below p, and 0 if a is 0. k and a become those below p; r may be one of them.
void field_divide(field_t r, field_t k, field_t a);

// Exchanges a and b, of n words, if swap is 1, not if it is 0.
void field_swap_if(uint32_t swap, uint32_t *a, uint32_t *b, size_t n);

#endif
