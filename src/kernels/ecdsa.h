// ecdsa.h: ECDSA's verification (FIPS 186-5 section 6.4.2, SEC 1 section 4.1.4).
#ifndef PICKET_ECDSA_H
#define PICKET_ECDSA_H

#include "curve.h"

enum { ECDSA_FORGED = -3 };

#define ECDSA_DIGITS (32 * LIMBS_MAX + 1) // of a number: recoding may carry

// What a verification works in; nothing in it is secret.
typedef struct {
    multiples_t own; // of the key's point
    union {
        number_t ratios[MULTIPLES];
        int8_t digits[2][ECDSA_DIGITS];
    };
} ecdsa_work_t;

// key: x and y, big-endian, any values. hash: any length; the leftmost bits count, as many as the curve has. signature: r and
// s, big-endian, any values. 0; ECDSA_FORGED; KERNEL_BAD if the key is no point of the curve; KERNEL_STOPPED.
// NOT constant time: everything in it is public.
int ecdsa_verify(const curve_t *curve, ecdsa_work_t *work, const uint8_t *key, const uint8_t *hash,
                 size_t hash_len, const uint8_t *signature, kernel_go_on_t go_on);

#endif
