// ecdh.h: key pairs and shared secrets on P-256 and P-384 (SP 800-56A section 5.7.1.2, SEC 1 section 3.3.1). Constant time in
// the private key; a peer's key is public.
#ifndef PICKET_ECDH_H
#define PICKET_ECDH_H

#include "curve.h"

#define ECDH_WIDTH 4

// What a multiplication works in. Wiped at its end.
typedef struct {
    multiples_t own; // of the peer's point
    union {
        number_t ratios[MULTIPLES];
        struct {
            point_t sum, chosen, doubled;
            number_t digits, t;
        };
    };
} ecdh_work_t;

// Private keys and coordinates are big-endian, of as many bytes as the curve has; points x and y. A private key is to be from 1
// to n - 1. 0; KERNEL_BAD if it is not, or the peer's point is none of the curve; KERNEL_STOPPED. What is in out then is of no
// use.
int ecdh_public_key(const curve_t *curve, ecdh_work_t *work, uint8_t *out, const uint8_t *key,
                    kernel_go_on_t go_on);
// out: the x of key times peer.
int ecdh_shared_secret(const curve_t *curve, ecdh_work_t *work, uint8_t *out, const uint8_t *key,
                       const uint8_t *peer, kernel_go_on_t go_on);

#endif
