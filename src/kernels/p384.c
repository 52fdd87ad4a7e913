#include "curve.h"
#include "p384_table.h"

static const uint32_t prime[] = {0xffffffff, 0,          0,          0xffffffff, 0xfffffffe, 0xffffffff,
                                 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
static const uint32_t one[] = {1, 0xffffffff, 0xffffffff, 0, 1, 0, 0, 0, 0, 0, 0, 0};
static const uint32_t square[] = {1, 0xfffffffe, 0, 2, 0, 0xfffffffe, 0, 2, 1, 0, 0, 0};
static const uint32_t b[] = {0x9d412dcc, 0x08118871, 0x7a4c32ec, 0xf729add8, 0x1920022e, 0x77f2209b,
                             0x94938ae2, 0xe3374bee, 0x1f022094, 0xb62b21f4, 0x604fbff9, 0xcd08114b};
static const uint32_t order[] = {0xccc52973, 0xecec196a, 0x48b0a77a, 0x581a0db2, 0xf4372ddf, 0xc7634d81,
                                 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff};
const curve_t curve_p384 = {
    .limbs = 12,
    .mul = kernel_mul_p384,
    .sqr = kernel_sqr_p384,
    .add = kernel_add_p384,
    .sub = kernel_sub_p384,
    .prime = prime,
    .one = one,
    .square = square,
    .b = b,
    .order = order,
    .order_n0 = 0xe88fdc45,
    .base = p384_base[0][0],
    .base_width = P384_BASE_WIDTH,
};
