// kernels.h: arithmetic on numbers of 256 and 384 bits, which the curves stand on, and on rows of any length, which RSA does.
//
// A number is eight or twelve limbs of 32 bits, least first; a product twice as many. All functions but those on rows (public numbers)
// take the same time whatever the numbers are, as long as the processor's multiplication does (it does on a Cortex-M0+ with the
// one-cycle multiplier, and on x86-64; not on an M3; docs/CRYPTO.md has the others).
// Each exists three times: portable/ in C, armv6m/ and armv7em/ in assembler; which.h chooses.
//
// Where r may be one of the arguments it says so.
#ifndef PICKET_KERNELS_H
#define PICKET_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "which.h"

#define LIMBS 8

// Asked between the steps of something long; false ends it.
typedef bool (*kernel_go_on_t)(void);

enum {
    KERNEL_STOPPED = -1, // go_on said so
    KERNEL_BAD = -2,     // a point that is none, or of low order
};

// r = a b. r is neither of them.
void kernel_mul256(uint32_t r[16], const uint32_t a[8], const uint32_t b[8]);
// r = a a. r is not a.
void kernel_sqr256(uint32_t r[16], const uint32_t a[8]);

// Modulo 2^255 - 19, as numbers below 2^256 (not unique: 2^256 = 38). r may be an argument.
void kernel_add_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void kernel_sub_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void kernel_reduce_25519(uint32_t r[8], const uint32_t t[16]); // any t
void kernel_mul_25519(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void kernel_sqr_25519(uint32_t r[8], const uint32_t a[8]);
void kernel_mul_121665(uint32_t r[8], const uint32_t a[8]); // r = 121665 a

// Modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1, numbers below p. r may be an argument.
void kernel_add_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
void kernel_sub_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]);
// Montgomery: r = t / 2^256. t < p 2^256; t is used up.
void kernel_reduce_p256(uint32_t r[8], uint32_t t[16]);
void kernel_mul_p256(uint32_t r[8], const uint32_t a[8], const uint32_t b[8]); // r = a b / 2^256
void kernel_sqr_p256(uint32_t r[8], const uint32_t a[8]);

// The same with 384 bits; p = 2^384 - 2^128 - 2^96 + 2^32 - 1.
void kernel_mul384(uint32_t r[24], const uint32_t a[12], const uint32_t b[12]);
void kernel_sqr384(uint32_t r[24], const uint32_t a[12]);
void kernel_add_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12]);
void kernel_sub_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12]);
void kernel_reduce_p384(uint32_t r[12], uint32_t t[24]);                          // r = t / 2^384; r is not t
void kernel_mul_p384(uint32_t r[12], const uint32_t a[12], const uint32_t b[12]); // r = a b / 2^384
void kernel_sqr_p384(uint32_t r[12], const uint32_t a[12]);

// r += a m, n limbs, n > 0; what comes out at their end. r is not a.
uint32_t kernel_add_row(uint32_t *r, const uint32_t *a, size_t n, uint32_t m);
// r = 2 r + the sum of a[i]^2 2^(64 i), n limbs of a and 2 n of r, which that does not go beyond; n > 0. r is not a.
void kernel_add_squares(uint32_t *r, const uint32_t *a, size_t n);

#endif
