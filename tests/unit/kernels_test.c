// The arithmetic of src/kernels against Mbed TLS's own, on edges and random numbers. PICKET_ROUNDS: how many of these.
#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>

#include "arena.h"
#include "check.h"
#include "low_order.h"
#include "rounds.h"
#include "kernels/divide.h"
#include "kernels/kernels.h"
#include "kernels/ecdh.h"
#include "kernels/ecdsa.h"
#include "kernels/x25519.h"

// Mbed TLS's points take long in QEMU.
#if defined(__arm__)
#define FEW 8
#else
#define FEW 40
#endif

static _Alignas(8) uint8_t arena[64 * 1024];

// --- Numbers

static void to_mpi(mbedtls_mpi *x, const uint32_t *a, size_t limbs)
{
    mbedtls_mpi_read_binary_le(x, (const unsigned char *)a, 4 * limbs);
}

struct numbers {
    size_t limbs;
    uint32_t a[12], b[12], r[24];
    mbedtls_mpi x, y, z, modulus, shift;
};

// r (limbs of it) is z, modulo what there is a modulus for.
static bool is_z(struct numbers *n, size_t limbs, bool modular)
{
    to_mpi(&n->x, n->r, limbs);
    if (!modular)
        return mbedtls_mpi_cmp_mpi(&n->x, &n->z) == 0;
    mbedtls_mpi_mod_mpi(&n->x, &n->x, &n->modulus);
    mbedtls_mpi_mod_mpi(&n->z, &n->z, &n->modulus);
    return mbedtls_mpi_cmp_mpi(&n->x, &n->z) == 0;
}

static void begin(struct numbers *n, size_t limbs, const char *modulus)
{
    memset(n, 0, sizeof *n);
    n->limbs = limbs;
    mbedtls_mpi_read_string(&n->modulus, 16, modulus);
    mbedtls_mpi_lset(&n->shift, 1);
    mbedtls_mpi_shift_l(&n->shift, 32 * limbs);
}

static void end(struct numbers *n)
{
    mbedtls_mpi_free(&n->x);
    mbedtls_mpi_free(&n->y);
    mbedtls_mpi_free(&n->z);
    mbedtls_mpi_free(&n->modulus);
    mbedtls_mpi_free(&n->shift);
}

static void draw(struct numbers *n, bool below)
{
    do {
        number(n->a, n->limbs);
        to_mpi(&n->x, n->a, n->limbs);
    } while (below && mbedtls_mpi_cmp_mpi(&n->x, &n->modulus) >= 0);
    do {
        number(n->b, n->limbs);
        to_mpi(&n->y, n->b, n->limbs);
    } while (below && mbedtls_mpi_cmp_mpi(&n->y, &n->modulus) >= 0);
}

typedef void (*two_t)(uint32_t *r, const uint32_t *a, const uint32_t *b);
typedef void (*one_t)(uint32_t *r, const uint32_t *a);
typedef void (*reduce_t)(uint32_t *r, uint32_t *t);

static void check_products(size_t limbs, two_t mul, one_t sqr)
{
    struct numbers n;
    begin(&n, limbs, "1");
    for (int i = 0; i < rounds(20000); i++) {
        draw(&n, false);
        mbedtls_mpi_mul_mpi(&n.z, &n.x, &n.y);
        mul(n.r, n.a, n.b);
        REQUIRE(is_z(&n, 2 * limbs, false));
        to_mpi(&n.x, n.a, limbs);
        mbedtls_mpi_mul_mpi(&n.z, &n.x, &n.x);
        sqr(n.r, n.a);
        REQUIRE(is_z(&n, 2 * limbs, false));
    }
    end(&n);
}

static void products(void)
{
    check_products(8, kernel_mul256, kernel_sqr256);
}

static void products_384(void)
{
    check_products(12, kernel_mul384, kernel_sqr384);
}

// op into one of its arguments, or both the same.
static void check_in_place(const struct numbers *n, two_t op)
{
    uint32_t a[12], b[12], wanted[12];
    size_t size = 4 * n->limbs;
    op(wanted, n->a, n->b);
    memcpy(a, n->a, sizeof a);
    op(a, a, n->b);
    REQUIRE_MEM(a, wanted, size);
    memcpy(b, n->b, sizeof b);
    op(b, n->a, b);
    REQUIRE_MEM(b, wanted, size);
    op(wanted, n->a, n->a);
    memcpy(a, n->a, sizeof a);
    op(a, a, a);
    REQUIRE_MEM(a, wanted, size);
}

static void field_25519(void)
{
    struct numbers n;
    begin(&n, 8, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed");
    for (int i = 0; i < rounds(20000); i++) {
        draw(&n, false);
        if (i % 16 == 0) { // all but 2^256, or a little more
            for (int j = 0; j < 8; j++)
                n.b[j] = ~n.a[j];
            n.b[0] -= n.b[0] > 0 ? (uint32_t)i / 16 % 2 : 0;
            n.a[0] |= (uint32_t)i / 32 % 64;
            to_mpi(&n.x, n.a, 8);
            to_mpi(&n.y, n.b, 8);
        }
        check_in_place(&n, kernel_add_25519);
        check_in_place(&n, kernel_sub_25519);
        mbedtls_mpi_add_mpi(&n.z, &n.x, &n.y);
        kernel_add_25519(n.r, n.a, n.b);
        REQUIRE(is_z(&n, 8, true));
        to_mpi(&n.x, n.a, 8);
        mbedtls_mpi_sub_mpi(&n.z, &n.x, &n.y);
        kernel_sub_25519(n.r, n.a, n.b);
        REQUIRE(is_z(&n, 8, true));
        to_mpi(&n.x, n.a, 8);
        mbedtls_mpi_mul_int(&n.z, &n.x, 121665);
        kernel_mul_121665(n.r, n.a);
        REQUIRE(is_z(&n, 8, true));
        uint32_t t[16];
        number(t, 16);
        to_mpi(&n.z, t, 16);
        kernel_reduce_25519(n.r, t);
        REQUIRE(is_z(&n, 8, true));
        to_mpi(&n.x, n.a, 8);
        mbedtls_mpi_mul_mpi(&n.z, &n.x, &n.y);
        kernel_mul_25519(n.r, n.a, n.b);
        REQUIRE(is_z(&n, 8, true));
        mbedtls_mpi_mul_mpi(&n.z, &n.y, &n.y);
        kernel_sqr_25519(n.b, n.b);
        memcpy(n.r, n.b, sizeof n.b);
        REQUIRE(is_z(&n, 8, true));
        to_mpi(&n.x, n.a, 8);
        mbedtls_mpi_mul_mpi(&n.z, &n.x, &n.x);
        kernel_mul_25519(n.a, n.a, n.a);
        memcpy(n.r, n.a, sizeof n.a);
        REQUIRE(is_z(&n, 8, true));
    }
    end(&n);
}

#define P256 "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"

#define P384 \
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff"

static bool below_prime(struct numbers *n)
{
    to_mpi(&n->x, n->r, n->limbs);
    return mbedtls_mpi_cmp_mpi(&n->x, &n->modulus) < 0;
}

struct field {
    size_t limbs;
    const char *prime;
    two_t add, sub, mul;
    reduce_t reduce;
    two_t modular_mul;
    one_t modular_sqr;
};

// What does a product and its reduction in one, into an argument, too. r and t are used.
static void check_modular(struct numbers *n, const struct field *field)
{
    uint32_t t[24];
    for (int in_place = 0; in_place < 3; in_place++) {
        uint32_t a[12], b[12], *to[] = {n->r, a, b};
        memcpy(a, n->a, sizeof a);
        memcpy(b, n->b, sizeof b);
        field->mul(t, a, b);
        field->reduce(n->r + 12, t);
        field->modular_mul(to[in_place], a, b);
        REQUIRE_MEM(to[in_place], n->r + 12, 4 * field->limbs);
        memcpy(a, n->a, sizeof a);
        field->mul(t, a, a);
        field->reduce(n->r + 12, t);
        field->modular_sqr(to[in_place], a);
        REQUIRE_MEM(to[in_place], n->r + 12, 4 * field->limbs);
    }
}

static void check_field(const struct field *field)
{
    size_t limbs = field->limbs;
    struct numbers n;
    begin(&n, limbs, field->prime);
    for (int i = 0; i < rounds(20000); i++) {
        draw(&n, true);
        check_modular(&n, field);
        check_in_place(&n, field->add);
        check_in_place(&n, field->sub);
        mbedtls_mpi_add_mpi(&n.z, &n.x, &n.y);
        field->add(n.r, n.a, n.b);
        REQUIRE(is_z(&n, limbs, true) && below_prime(&n));
        to_mpi(&n.x, n.a, limbs);
        mbedtls_mpi_sub_mpi(&n.z, &n.x, &n.y);
        field->sub(n.r, n.a, n.b);
        REQUIRE(is_z(&n, limbs, true) && below_prime(&n));
        uint32_t t[24];
        field->mul(t, n.a, n.b);
        if (i % 2) { // any t < p 2^(32 limbs)
            number(t, limbs);
            memcpy(t + limbs, n.a, 4 * limbs);
        }
        to_mpi(&n.z, t, 2 * limbs);
        field->reduce(n.r, t);
        REQUIRE(below_prime(&n));
        to_mpi(&n.x, n.r, limbs);
        mbedtls_mpi_mul_mpi(&n.x, &n.x, &n.shift);
        mbedtls_mpi_sub_mpi(&n.x, &n.x, &n.z);
        mbedtls_mpi_mod_mpi(&n.x, &n.x, &n.modulus);
        REQUIRE_INT(mbedtls_mpi_cmp_int(&n.x, 0), 0);
    }
    end(&n);
}

static void field_p256(void)
{
    check_field(&(struct field){8, P256, kernel_add_p256, kernel_sub_p256, kernel_mul256, kernel_reduce_p256,
                                kernel_mul_p256, kernel_sqr_p256});
}

static void field_p384(void)
{
    check_field(&(struct field){12, P384, kernel_add_p384, kernel_sub_p384, kernel_mul384, kernel_reduce_p384,
                                kernel_mul_p384, kernel_sqr_p384});
}

// --- Quotients

// Of small numbers, powers of two, and what is as far below the modulus.
static void draw_divisor(struct numbers *n, const uint32_t *m, int round)
{
    draw(n, true);
    if (round < 5 * (int)n->limbs * 32) {
        memset(n->a, 0, sizeof n->a);
        n->a[round / 5 / 32] = (uint32_t)1 << round / 5 % 32;
        n->a[0] += (uint32_t)(round % 5) - 2;
        to_mpi(&n->x, n->a, n->limbs);
        if (mbedtls_mpi_cmp_mpi(&n->x, &n->modulus) >= 0)
            memset(n->a, 0, sizeof n->a);
    }
    if (round % 2 == 1) {
        uint32_t borrow = 0;
        for (size_t i = 0; i < n->limbs; i++) {
            uint64_t d = (uint64_t)m[i] - n->a[i] - borrow;
            n->a[i] = (uint32_t)d;
            borrow = (uint32_t)(d >> 32) & 1;
        }
    }
    to_mpi(&n->x, n->a, n->limbs);
    if (mbedtls_mpi_cmp_mpi(&n->x, &n->modulus) >= 0)
        memset(n->a, 0, sizeof n->a);
}

// r a = b, and r = 0 if a is.
static void check_division(size_t limbs, const char *modulus)
{
    struct numbers n;
    uint32_t m[12];
    begin(&n, limbs, modulus);
    mbedtls_mpi_write_binary_le(&n.modulus, (unsigned char *)m, 4 * limbs);
    for (int i = 0; i < rounds(3000) / (FEW == 8 ? 10 : 1); i++) {
        draw_divisor(&n, m, i);
        kernel_divide(n.r, n.b, n.a, m, (int)limbs);
        to_mpi(&n.x, n.r, limbs);
        REQUIRE(mbedtls_mpi_cmp_mpi(&n.x, &n.modulus) < 0);
        to_mpi(&n.y, n.a, limbs);
        bool is_zero = mbedtls_mpi_cmp_int(&n.y, 0) == 0;
        mbedtls_mpi_mul_mpi(&n.x, &n.x, &n.y);
        mbedtls_mpi_mod_mpi(&n.x, &n.x, &n.modulus);
        if (is_zero)
            memset(n.b, 0, sizeof n.b);
        to_mpi(&n.y, n.b, limbs);
        REQUIRE_INT(mbedtls_mpi_cmp_mpi(&n.x, &n.y), 0);
        memcpy(n.b, n.a, sizeof n.b);
        kernel_divide(n.a, n.b, n.a, m, (int)limbs); // in place, by itself
        REQUIRE_INT(n.a[0], is_zero ? 0 : 1);
    }
    end(&n);
}

static void quotients(void)
{
    check_division(8, "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFED");
    check_division(8, P256);
    check_division(8, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");
    check_division(12, P384);
    check_division(12, "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
                       "581A0DB248B0A77AECEC196ACCC52973");
}

// --- X25519

// Mbed TLS's, which wants the scalar clamped.
static int mbedtls_x25519(mbedtls_ecp_group *group, uint8_t out[32], const uint8_t scalar[32],
                          const uint8_t u[32])
{
    mbedtls_mpi k;
    mbedtls_ecp_point p, r;
    uint8_t clamped[32];
    size_t len = 0;
    mbedtls_mpi_init(&k);
    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&r);
    memcpy(clamped, scalar, 32);
    clamped[0] &= 0xf8;
    clamped[31] = (uint8_t)((clamped[31] & 0x7f) | 0x40);
    mbedtls_mpi_read_binary_le(&k, clamped, 32);
    int bad = mbedtls_ecp_point_read_binary(group, &p, u, 32);
    bad = bad ? bad : mbedtls_ecp_mul(group, &r, &k, &p, random_bytes, NULL);
    bad = bad ? bad : mbedtls_ecp_point_write_binary(group, &r, MBEDTLS_ECP_PF_COMPRESSED, &len, out, 32);
    mbedtls_mpi_free(&k);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_point_free(&r);
    return bad;
}

// A random one, or a short, or one of ones.
static void random_scalar(uint8_t scalar[32], int round)
{
    random_bytes(NULL, scalar, 32);
    if (round % 8 == 1)
        memset(scalar + 1 + round / 8 % 31, 0, (size_t)(31 - round / 8 % 31));
    if (round % 8 == 2)
        memset(scalar + round / 8 % 32, 0xff, (size_t)(32 - round / 8 % 32));
}

static void x25519_as_mbedtls(void)
{
    mbedtls_ecp_group group;
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519);
    for (int i = 0; i < rounds(100); i++) {
        static const uint8_t nine[32] = {9};
        uint8_t scalar[32], u[32], ours[32], theirs[32];
        uint32_t some[8];
        random_scalar(scalar, i);
        number(some, 8);
        memcpy(u, some, 32);
        int bad = mbedtls_x25519(&group, theirs, scalar, u);
        int error = x25519(ours, scalar, u, NULL);
        REQUIRE((error != 0) == (bad != 0));
        if (error == 0)
            REQUIRE_MEM(ours, theirs, 32);
        REQUIRE_INT(mbedtls_x25519(&group, theirs, scalar, nine), 0);
        REQUIRE_INT(x25519_public(ours, scalar, NULL), 0);
        REQUIRE_MEM(ours, theirs, 32);
    }
    mbedtls_ecp_group_free(&group);
}

// The comb and the ladder have the field in common, and nothing else.
static void x25519_public_as_the_ladder(void)
{
    static const uint8_t nine[32] = {9};
    for (int i = 0; i < rounds(200); i++) {
        uint8_t scalar[32], comb[32], ladder[32];
        random_scalar(scalar, i);
        REQUIRE_INT(x25519_public(comb, scalar, NULL), 0);
        REQUIRE_INT(x25519(ladder, scalar, nine, NULL), 0);
        REQUIRE_MEM(comb, ladder, 32);
    }
}

// RFC 7748 section 6.1: Alice's.
static void x25519_public_of_the_rfc(void)
{
    static const uint8_t private[32] = {0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
                                        0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
                                        0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
    static const uint8_t public[32] = {0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
                                       0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
                                       0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
    uint8_t out[32];
    REQUIRE_INT(x25519_public(out, private, NULL), 0);
    REQUIRE_MEM(out, public, 32);
}

static int asked;

static bool three_times(void)
{
    return ++asked < 3;
}

static void is_stopped(void)
{
    static const uint8_t nine[32] = {9};
    uint8_t out[32];
    asked = 0;
    CHECK_INT(x25519(out, nine, nine, three_times), KERNEL_STOPPED);
    CHECK_INT(asked, 3);
    asked = 0;
    CHECK_INT(x25519_public(out, nine, three_times), KERNEL_STOPPED);
    CHECK_INT(asked, 3);
}

// The points of low order, and those beyond the prime that are the same (RFC 7748 section 6.1).
static void low_order(void)
{
    static const uint8_t some[32] = {0x11, 0x22};
    static const uint8_t points[2][32] = {{0}, {1}};
    uint8_t out[32];
    for (int i = 0; i < 2; i++) {
        CHECK_INT(x25519(out, some, points[i], NULL), KERNEL_BAD);
        CHECK_INT(x25519(out, some, low_order_8[i], NULL), KERNEL_BAD);
    }
    for (uint8_t low = 0xec; low <= 0xee; low++) { // p - 1, p, p + 1, with and without bit 255
        uint8_t u[32];
        memset(u, 0xff, sizeof u);
        u[0] = low;
        CHECK_INT(x25519(out, some, u, NULL), KERNEL_BAD);
        u[31] = 0x7f;
        CHECK_INT(x25519(out, some, u, NULL), KERNEL_BAD);
    }
}

// --- ECDSA

struct signer {
    const curve_t *curve;
    size_t size, hash_len; // bytes of a number; of the hash
    mbedtls_ecp_group group;
    mbedtls_mpi d, r, s;
    mbedtls_ecp_point q;
    uint8_t key[97], hash[64], signature[96];
};

// The hash's leftmost bits; short ones whole.
static size_t bytes_of_hash(const struct signer *w)
{
    return w->hash_len < w->size ? w->hash_len : w->size;
}

// By the textbook, as boards have no signing of Mbed TLS's: r = x of k G, s = (e + r d) / k.
static void sign_with_key(struct signer *w)
{
    const mbedtls_mpi *order = &w->group.N;
    mbedtls_mpi k, e;
    mbedtls_mpi_init(&k);
    mbedtls_mpi_init(&e);
    mbedtls_ecp_point point;
    mbedtls_ecp_point_init(&point);
    mbedtls_ecp_gen_keypair(&w->group, &k, &point, random_bytes, NULL);
    mbedtls_mpi_mod_mpi(&w->r, &point.MBEDTLS_PRIVATE(X), order);
    mbedtls_mpi_read_binary(&e, w->hash, bytes_of_hash(w));
    mbedtls_mpi_mul_mpi(&w->s, &w->r, &w->d);
    mbedtls_mpi_add_mpi(&w->s, &w->s, &e);
    mbedtls_mpi_inv_mod(&k, &k, order);
    mbedtls_mpi_mul_mpi(&w->s, &w->s, &k);
    mbedtls_mpi_mod_mpi(&w->s, &w->s, order);
    mbedtls_mpi_write_binary(&w->r, w->signature, w->size);
    mbedtls_mpi_write_binary(&w->s, w->signature + w->size, w->size);
    mbedtls_ecp_point_free(&point);
    mbedtls_mpi_free(&k);
    mbedtls_mpi_free(&e);
}

static void sign(struct signer *w)
{
    size_t len;
    static const size_t lengths[] = {32, 48, 64};
    w->hash_len = lengths[next() % 3];
    random_bytes(NULL, w->hash, sizeof w->hash);
    mbedtls_ecp_gen_keypair(&w->group, &w->d, &w->q, random_bytes, NULL);
    mbedtls_ecp_point_write_binary(&w->group, &w->q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, w->key,
                                   sizeof w->key);
    sign_with_key(w);
}

static int verify(const struct signer *w, kernel_go_on_t go_on)
{
    static ecdsa_work_t work;
    return ecdsa_verify(w->curve, &work, w->key + 1, w->hash, w->hash_len, w->signature, go_on);
}

static bool ours(const struct signer *w)
{
    return verify(w, NULL) == 0;
}

static bool theirs(struct signer *w)
{
    mbedtls_mpi_read_binary(&w->r, w->signature, w->size);
    mbedtls_mpi_read_binary(&w->s, w->signature + w->size, w->size);
    return mbedtls_ecp_point_read_binary(&w->group, &w->q, w->key, 1 + 2 * w->size) == 0 &&
           mbedtls_ecp_check_pubkey(&w->group, &w->q) == 0 &&
           mbedtls_ecdsa_verify(&w->group, w->hash, w->hash_len, &w->q, &w->r, &w->s) == 0;
}

static void with_signer(void (*test)(struct signer *w), const curve_t *curve)
{
    struct signer w;
    memset(&w, 0, sizeof w);
    w.curve = curve;
    w.size = 4 * (size_t)curve->limbs;
    mbedtls_ecp_group_load(&w.group,
                           curve == &curve_p256 ? MBEDTLS_ECP_DP_SECP256R1 : MBEDTLS_ECP_DP_SECP384R1);
    test(&w);
    mbedtls_ecp_group_free(&w.group);
    mbedtls_mpi_free(&w.d);
    mbedtls_mpi_free(&w.r);
    mbedtls_mpi_free(&w.s);
    mbedtls_ecp_point_free(&w.q);
}

static void stops(struct signer *w)
{
    for (int at = 1; at < 10; at++) {
        sign(w);
        asked = 3 - at;
        REQUIRE_INT(verify(w, three_times), KERNEL_STOPPED);
        REQUIRE_INT(asked, 3);
    }
}

static void verification_is_stopped(void)
{
    with_signer(stops, &curve_p256);
    with_signer(stops, &curve_p384);
}

static void good_and_flipped(struct signer *w)
{
    for (int i = 0; i < rounds(2 * FEW); i++) {
        sign(w);
        REQUIRE(ours(w) && theirs(w));
        size_t pair = 2 * w->size, hash = bytes_of_hash(w), at = next() % (2 * pair + hash);
        uint8_t *byte = at < pair          ? w->key + 1 + at
                        : at < pair + hash ? w->hash + (at - pair)
                                           : w->signature + (at - pair - hash);
        *byte ^= (uint8_t)(1 << next() % 8);
        REQUIRE(!ours(w) && !theirs(w));
    }
}

static void verifies_as_mbedtls(void)
{
    with_signer(good_and_flipped, &curve_p256);
}

static void verifies_p384_as_mbedtls(void)
{
    with_signer(good_and_flipped, &curve_p384);
}

// 0, 1, n - 1, n, n + 1, p, 2^(32 limbs) - 1.
static void write_edge(struct signer *w, int kind, uint8_t *at)
{
    if (kind < 2 || kind == 6) {
        memset(at, kind == 6 ? 0xff : 0, w->size);
        at[w->size - 1] |= (uint8_t)kind;
        return;
    }
    mbedtls_mpi edge;
    mbedtls_mpi_init(&edge);
    mbedtls_mpi_add_int(&edge, kind == 5 ? &w->group.P : &w->group.N, kind == 5 ? 0 : kind - 3);
    mbedtls_mpi_write_binary(&edge, at, w->size);
    mbedtls_mpi_free(&edge);
}

// For r, for s and for the key's coordinates; and hashes of it.
static void edges(struct signer *w)
{
    for (int kind = 0; kind < 7; kind++) {
        for (int place = 0; place < 5; place++) {
            sign(w);
            uint8_t *at[] = {w->signature, w->signature + w->size, w->key + 1, w->key + 1 + w->size, w->hash};
            write_edge(w, kind, at[place]);
            REQUIRE(!ours(w) && !theirs(w));
        }
        sign(w);
        w->hash_len = w->size;
        write_edge(w, kind, w->hash);
        sign_with_key(w);
        REQUIRE(ours(w) && theirs(w));
    }
}

static void edges_as_mbedtls(void)
{
    with_signer(edges, &curve_p256);
}

static void edges_p384_as_mbedtls(void)
{
    with_signer(edges, &curve_p384);
}

// The key is G, -G, 2 G...: the points of the table and of the key meet.
static void small_keys(struct signer *w)
{
    size_t len;
    w->hash_len = w->size;
    for (int k = -FEW; k <= FEW; k++) {
        random_bytes(NULL, w->hash, w->size);
        if (k == 0)
            continue;
        mbedtls_mpi_lset(&w->d, k);
        if (k < 0)
            mbedtls_mpi_add_mpi(&w->d, &w->d, &w->group.N);
        mbedtls_ecp_mul(&w->group, &w->q, &w->d, &w->group.G, random_bytes, NULL);
        mbedtls_ecp_point_write_binary(&w->group, &w->q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, w->key,
                                       sizeof w->key);
        sign_with_key(w);
        REQUIRE(ours(w) && theirs(w));
        w->hash[w->size - 1] ^= 1;
        REQUIRE(!ours(w) && !theirs(w));
    }
}

static void small_keys_p384_as_mbedtls(void)
{
    with_signer(small_keys, &curve_p384);
}

static void small_keys_as_mbedtls(void)
{
    with_signer(small_keys, &curve_p256);
}

// --- ECDH

struct pair {
    const curve_t *curve;
    size_t size;
    mbedtls_ecp_group group;
    mbedtls_mpi k, d;
    mbedtls_ecp_point p, r;
    uint8_t key[48], peer[97], ours[97], theirs[97];
};

static ecdh_work_t ecdh;

static void with_pair(void (*test)(struct pair *w), const curve_t *curve)
{
    struct pair w;
    memset(&w, 0, sizeof w);
    w.curve = curve;
    w.size = 4 * (size_t)curve->limbs;
    mbedtls_ecp_group_load(&w.group,
                           curve == &curve_p256 ? MBEDTLS_ECP_DP_SECP256R1 : MBEDTLS_ECP_DP_SECP384R1);
    test(&w);
    mbedtls_ecp_group_free(&w.group);
    mbedtls_mpi_free(&w.k);
    mbedtls_mpi_free(&w.d);
    mbedtls_ecp_point_free(&w.p);
    mbedtls_ecp_point_free(&w.r);
}

static void write_point(struct pair *w, const mbedtls_ecp_point *p, uint8_t out[97])
{
    size_t len;
    mbedtls_ecp_point_write_binary(&w->group, p, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, out, 97);
}

static bool is_wiped(void)
{
    const uint8_t *bytes = (const uint8_t *)&ecdh;
    size_t i = 0;
    while (i < sizeof ecdh && bytes[i] == 0)
        i++;
    return i == sizeof ecdh;
}

// k G and k P (w->p), for the k in w->k.
static bool both_agree(struct pair *w)
{
    mbedtls_mpi_write_binary(&w->k, w->key, w->size);
    write_point(w, &w->p, w->peer);
    if (mbedtls_ecp_mul(&w->group, &w->r, &w->k, &w->group.G, random_bytes, NULL) != 0)
        return false;
    write_point(w, &w->r, w->theirs);
    if (ecdh_public_key(w->curve, &ecdh, w->ours + 1, w->key, NULL) != 0 || !is_wiped() ||
        memcmp(w->ours + 1, w->theirs + 1, 2 * w->size) != 0)
        return false;
    mbedtls_ecp_mul(&w->group, &w->r, &w->k, &w->p, random_bytes, NULL);
    write_point(w, &w->r, w->theirs);
    return ecdh_shared_secret(w->curve, &ecdh, w->ours, w->key, w->peer + 1, NULL) == 0 && is_wiped() &&
           memcmp(w->ours, w->theirs + 1, w->size) == 0;
}

static void random_pairs(struct pair *w)
{
    for (int i = 0; i < rounds(2 * FEW); i++) {
        uint32_t some[12];
        mbedtls_ecp_gen_keypair(&w->group, &w->d, &w->p, random_bytes, NULL);
        number(some, w->size / 4);
        to_mpi(&w->k, some, w->size / 4);
        mbedtls_mpi_mod_mpi(&w->k, &w->k, &w->group.N);
        if (mbedtls_mpi_cmp_int(&w->k, 0) != 0)
            REQUIRE(both_agree(w));
    }
}

// 1, 2 ... and n - 1, n - 2 ...: of n - 2 (P-256) and n - 6 (P-384) the last addition is of a point to itself.
static void small_and_large(struct pair *w)
{
    mbedtls_ecp_gen_keypair(&w->group, &w->d, &w->p, random_bytes, NULL);
    for (int k = 1; k <= FEW; k++) {
        mbedtls_mpi_lset(&w->k, k);
        REQUIRE(both_agree(w));
        mbedtls_mpi_sub_int(&w->k, &w->group.N, k);
        REQUIRE(both_agree(w));
    }
}

// Keys of 0, n and more; coordinates of 0, p and more, points beside the curve.
static void bad_pairs(struct pair *w)
{
    mbedtls_ecp_gen_keypair(&w->group, &w->k, &w->p, random_bytes, NULL);
    for (int kind = 0; kind < 4; kind++) {
        write_point(w, &w->p, w->peer);
        mbedtls_mpi_add_int(&w->d, &w->group.N, kind - 1);
        mbedtls_mpi_write_binary(&w->d, w->key, w->size);
        if (kind == 3)
            memset(w->key, 0xff, w->size);
        if (kind == 0)
            memset(w->key, 0, w->size);
        CHECK_INT(ecdh_public_key(w->curve, &ecdh, w->ours, w->key, NULL), KERNEL_BAD);
        CHECK_INT(ecdh_shared_secret(w->curve, &ecdh, w->ours, w->key, w->peer + 1, NULL), KERNEL_BAD);
    }
    mbedtls_mpi_write_binary(&w->k, w->key, w->size);
    for (int kind = 0; kind < 5; kind++) {
        for (int place = 0; place < 2; place++) {
            uint8_t *at = w->peer + 1 + (place ? w->size : 0);
            write_point(w, &w->p, w->peer);
            if (kind < 2)
                memset(at, kind == 0 ? 0 : 0xff, w->size);
            if (kind == 2)
                mbedtls_mpi_write_binary(&w->group.P, at, w->size);
            if (kind == 3)
                at[w->size - 1] ^= 1;
            if (kind == 4)
                memset(w->peer + 1, 0, 2 * w->size);
            CHECK_INT(ecdh_shared_secret(w->curve, &ecdh, w->ours, w->key, w->peer + 1, NULL), KERNEL_BAD);
        }
    }
    write_point(w, &w->p, w->peer);
    for (int at = 1; at < 60; at += 7) {
        asked = 3 - at;
        CHECK_INT(ecdh_shared_secret(w->curve, &ecdh, w->ours, w->key, w->peer + 1, three_times),
                  KERNEL_STOPPED);
        CHECK_INT(asked, 3);
        asked = at < 50 ? 3 - at : 2;
        CHECK_INT(ecdh_public_key(w->curve, &ecdh, w->ours, w->key, three_times), KERNEL_STOPPED);
        CHECK(is_wiped());
    }
}

static void ecdh_as_mbedtls(void)
{
    with_pair(random_pairs, &curve_p256);
    with_pair(random_pairs, &curve_p384);
}

static void ecdh_small_keys_as_mbedtls(void)
{
    with_pair(small_and_large, &curve_p256);
    with_pair(small_and_large, &curve_p384);
}

static void ecdh_bad_input(void)
{
    with_pair(bad_pairs, &curve_p256);
    with_pair(bad_pairs, &curve_p384);
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(products);
    RUN(products_384);
    RUN(field_25519);
    RUN(field_p256);
    RUN(field_p384);
    RUN(quotients);
    RUN(x25519_as_mbedtls);
    RUN(x25519_public_as_the_ladder);
    RUN(x25519_public_of_the_rfc);
    RUN(low_order);
    RUN(is_stopped);
    RUN(verification_is_stopped);
    RUN(verifies_as_mbedtls);
    RUN(verifies_p384_as_mbedtls);
    RUN(edges_as_mbedtls);
    RUN(edges_p384_as_mbedtls);
    RUN(small_keys_p384_as_mbedtls);
    RUN(ecdh_as_mbedtls);
    RUN(ecdh_small_keys_as_mbedtls);
    RUN(ecdh_bad_input);
    RUN(small_keys_as_mbedtls);
    return check_done();
}
