#include "curve.h"
#include "p256_table.h"

static const uint32_t prime[] = {0xffffffff, 0xffffffff, 0xffffffff, 0, 0, 0, 1, 0xffffffff};
static const uint32_t one[] = {1, 0, 0, 0xffffffff, 0xffffffff, 0xffffffff, 0xfffffffe, 0};
static const uint32_t square[] = {3, 0, 0xffffffff, 0xfffffffb, 0xfffffffe, 0xffffffff, 0xfffffffd, 4};
static const uint32_t b[] = {0x29c4bddf, 0xd89cdf62, 0x78843090, 0xacf005cd,
                             0xf7212ed6, 0xe5a220ab, 0x04874834, 0xdc30061d};
static const uint32_t order[] = {0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad,
                                 0xffffffff, 0xffffffff, 0,          0xffffffff};
const curve_t curve_p256 = {
    .limbs = 8,
    .mul = kernel_mul_p256,
    .sqr = kernel_sqr_p256,
    .add = kernel_add_p256,
    .sub = kernel_sub_p256,
    .prime = prime,
    .one = one,
    .square = square,
    .b = b,
    .order = order,
    .order_n0 = 0xee00bc4f,
    .base = p256_base[0][0],
    .base_width = P256_BASE_WIDTH,
    .comb = p256_comb[0][0],
    .comb_apart = P256_COMB_APART,
};
