// driver_curve.h: which of Picket's curves a key of PSA's is on.
#ifndef PICKET_DRIVER_CURVE_H
#define PICKET_DRIVER_CURVE_H

#include <psa/crypto.h>

#include "../kernels/curve.h"

// NULL: none of ours.
static inline const curve_t *driver_curve(size_t bits)
{
    return bits == 256 ? &curve_p256 : bits == 384 ? &curve_p384 : NULL;
}

// The curve of a key, if it is of that type, or NULL.
static inline const curve_t *driver_curve_of(const psa_key_attributes_t *attributes, psa_key_type_t type)
{
    return psa_get_key_type(attributes) == type ? driver_curve(psa_get_key_bits(attributes)) : NULL;
}

static inline bool driver_is_x25519_pair(const psa_key_attributes_t *attributes, size_t key_len)
{
    return psa_get_key_type(attributes) == PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_MONTGOMERY) &&
           psa_get_key_bits(attributes) == 255 && key_len == 32;
}

// Bytes of a coordinate, and of a private key.
static inline size_t driver_size(const curve_t *curve)
{
    return 4 * (size_t)curve->limbs;
}

// 04, x, y: SEC 1 section 2.3.3.
static inline size_t driver_point_size(const curve_t *curve)
{
    return 1 + 2 * driver_size(curve);
}

#endif
