// The keys that the driver takes and makes, against Mbed TLS's own judgement of them. PICKET_ROUNDS: how many of each.
#include <string.h>

#include <mbedtls/ecp.h>
#include <psa/crypto.h>

// What the driver asks PSA for are the bytes that a test chose.
static psa_status_t chosen_bytes(uint8_t *out, size_t len);
#define psa_generate_random chosen_bytes
#include "driver/driver_key.c"

#include "arena.h"
#include "check.h"
#include "low_order.h"
#include "rounds.h"

#if defined(__arm__)
#define FEW 8 // Mbed TLS's points take long in QEMU
#else
#define FEW 100
#endif

static _Alignas(8) uint8_t arena[64 * 1024];

// --- Both judge

typedef struct {
    psa_ecc_family_t family;
    size_t bits;
    mbedtls_ecp_group group;
    size_t size;
    uint8_t key[100]; // what is imported
    size_t len;
    uint8_t taken[100];
    size_t taken_len;
} pair_t;

static void begin(pair_t *p, mbedtls_ecp_group_id id)
{
    memset(p, 0, sizeof *p);
    mbedtls_ecp_group_init(&p->group);
    mbedtls_ecp_group_load(&p->group, id);
    p->bits = id == MBEDTLS_ECP_DP_CURVE25519 ? 255 : p->group.pbits;
    p->family = id == MBEDTLS_ECP_DP_CURVE25519 ? PSA_ECC_FAMILY_MONTGOMERY : PSA_ECC_FAMILY_SECP_R1;
    p->size = (p->bits + 7) / 8;
}

static void end(pair_t *p)
{
    mbedtls_ecp_group_free(&p->group);
}

static psa_status_t import(pair_t *p, bool is_public, size_t bits)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, is_public ? PSA_KEY_TYPE_ECC_PUBLIC_KEY(p->family)
                                            : PSA_KEY_TYPE_ECC_KEY_PAIR(p->family));
    psa_set_key_bits(&attributes, bits);
    size_t said = 0;
    memset(p->taken, 0, sizeof p->taken);
    psa_status_t status =
        driver_import_key(&attributes, p->key, p->len, p->taken, p->len, &p->taken_len, &said);
    if (status == PSA_SUCCESS) {
        CHECK_INT(said, p->bits);
        CHECK_INT(p->taken_len, p->len);
    }
    return status;
}

static bool mbedtls_takes_point(pair_t *p)
{
    mbedtls_ecp_point point;
    mbedtls_ecp_point_init(&point);
    bool good = mbedtls_ecp_point_read_binary(&p->group, &point, p->key, p->len) == 0 &&
                mbedtls_ecp_check_pubkey(&p->group, &point) == 0;
    mbedtls_ecp_point_free(&point);
    return good;
}

static void compare_point(pair_t *p)
{
    psa_status_t wanted = mbedtls_takes_point(p) ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT;
    CHECK_INT(import(p, true, p->bits), wanted);
    if (wanted == PSA_SUCCESS && p->family == PSA_ECC_FAMILY_SECP_R1)
        CHECK_MEM(p->taken, p->key, p->len);
    CHECK_INT(import(p, true, 0), wanted);
}

static bool mbedtls_takes_number(pair_t *p, uint8_t out[100])
{
    mbedtls_ecp_keypair pair;
    mbedtls_ecp_keypair_init(&pair);
    size_t len;
    bool good = mbedtls_ecp_read_key(p->group.id, &pair, p->key, p->len) == 0 &&
                mbedtls_ecp_write_key_ext(&pair, &len, out, 100) == 0;
    mbedtls_ecp_keypair_free(&pair);
    return good;
}

static void compare_number(pair_t *p)
{
    uint8_t theirs[100];
    psa_status_t wanted = mbedtls_takes_number(p, theirs) ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT;
    CHECK_INT(import(p, false, p->bits), wanted);
    if (wanted == PSA_SUCCESS)
        CHECK_MEM(p->taken, theirs, p->len);
    CHECK_INT(import(p, false, 0), wanted);
}

static void random_point(pair_t *p)
{
    mbedtls_mpi d;
    mbedtls_ecp_point q;
    mbedtls_mpi_init(&d);
    mbedtls_ecp_point_init(&q);
    mbedtls_ecp_gen_keypair(&p->group, &d, &q, random_bytes, NULL);
    mbedtls_ecp_point_write_binary(&p->group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &p->len, p->key,
                                   sizeof p->key);
    mbedtls_ecp_point_free(&q);
    mbedtls_mpi_free(&d);
}

// --- P-256, P-384

static void try_points(mbedtls_ecp_group_id id)
{
    pair_t p;
    begin(&p, id);
    for (int i = 0; i < rounds(FEW); i++) {
        random_point(&p);
        CHECK(mbedtls_takes_point(&p));
        compare_point(&p);
        uint8_t noise[2];
        random_bytes(NULL, noise, 2);
        p.key[1 + noise[0] % (p.len - 1)] ^= (uint8_t)(1 << noise[1] % 8);
        compare_point(&p);
        random_point(&p);
        mbedtls_mpi_write_binary(&p.group.P, p.key + 1 + (i % 2 ? p.size : 0), p.size);
        compare_point(&p);
        memset(p.key + 1, i % 3 ? 0 : 0xff, i % 2 ? p.size : 2 * p.size);
        compare_point(&p);
    }
    mbedtls_ecp_point_write_binary(&p.group, &p.group.G, MBEDTLS_ECP_PF_UNCOMPRESSED, &p.len, p.key,
                                   sizeof p.key);
    compare_point(&p);
    end(&p);
}

static void points_as_mbedtls(void)
{
    try_points(MBEDTLS_ECP_DP_SECP256R1);
    try_points(MBEDTLS_ECP_DP_SECP384R1);
}

// Other forms, which PSA does not have, and other lengths.
static void try_forms(mbedtls_ecp_group_id id)
{
    pair_t p;
    begin(&p, id);
    random_point(&p);
    size_t len = p.len;
    for (unsigned form = 0; form < 256; form++) {
        p.key[0] = (uint8_t)form;
        CHECK_INT(import(&p, true, p.bits), form == 4 ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT);
    }
    p.key[0] = 4;
    for (p.len = 0; p.len < sizeof p.key; p.len++)
        CHECK_INT(import(&p, true, p.bits), p.len == len ? PSA_SUCCESS : PSA_ERROR_INVALID_ARGUMENT);
    p.len = 1 + p.size; // compressed, and infinity
    p.key[0] = 2;
    CHECK_INT(import(&p, true, p.bits), PSA_ERROR_INVALID_ARGUMENT);
    p.len = 1;
    p.key[0] = 0;
    CHECK_INT(import(&p, true, p.bits), PSA_ERROR_INVALID_ARGUMENT);
    for (p.len = 0; p.len < sizeof p.key; p.len++)
        CHECK_INT(import(&p, false, p.bits) == PSA_SUCCESS, p.len == p.size);
    end(&p);
}

static void forms_and_lengths(void)
{
    try_forms(MBEDTLS_ECP_DP_SECP256R1);
    try_forms(MBEDTLS_ECP_DP_SECP384R1);
}

static void try_numbers(mbedtls_ecp_group_id id)
{
    pair_t p;
    begin(&p, id);
    p.len = p.size;
    for (int i = 0; i < rounds(FEW); i++) {
        random_bytes(NULL, p.key, p.len);
        memset(p.key, i % 4 == 0 ? 0xff : 0, (size_t)(i % 3 == 0 ? i / 3 % 16 : 0));
        compare_number(&p);
    }
    mbedtls_mpi n;
    mbedtls_mpi_init(&n);
    for (int beside = -3; beside <= 3; beside++) {
        mbedtls_mpi_add_int(&n, &p.group.N, beside);
        mbedtls_mpi_write_binary(&n, p.key, p.len);
        compare_number(&p);
    }
    for (int i = 0; i < 4; i++) {
        memset(p.key, i < 3 ? 0 : 0xff, p.len);
        p.key[p.len - 1] = i < 3 ? (uint8_t)i : 0xff;
        compare_number(&p);
    }
    mbedtls_mpi_free(&n);
    end(&p);
}

static void private_keys_as_mbedtls(void)
{
    try_numbers(MBEDTLS_ECP_DP_SECP256R1);
    try_numbers(MBEDTLS_ECP_DP_SECP384R1);
}

// --- X25519

// From 0 to the order of the small group's last point, p - 1, p, p + 1, and the two of order 8; with the top bit as well.
static void x25519_as_mbedtls(void)
{
    pair_t p;
    begin(&p, MBEDTLS_ECP_DP_CURVE25519);
    p.len = 32;
    for (int kind = 0; kind < 22 + rounds(FEW); kind++) {
        if (kind < 6) {
            memset(p.key, 0, 32);
            p.key[0] = (uint8_t)(kind / 2);
        } else if (kind < 16) {
            memset(p.key, 0xff, 32);
            p.key[0] = (uint8_t)(0xeb + kind / 2 - 3);
        } else if (kind < 20) {
            memcpy(p.key, low_order_8[kind / 2 - 8], 32);
        } else {
            random_bytes(NULL, p.key, 32);
        }
        p.key[31] = (uint8_t)((p.key[31] & 0x7f) | (kind % 2) << 7);
        compare_point(&p);
        compare_number(&p);
    }
    for (p.len = 0; p.len < 64; p.len++) {
        CHECK_INT(import(&p, true, 255) == PSA_SUCCESS, p.len == 32);
        CHECK_INT(import(&p, false, 255) == PSA_SUCCESS, p.len == 32);
    }
    end(&p);
}

// --- What is left to Mbed TLS

static void what_is_not_ours(void)
{
    static const struct {
        psa_key_type_t type;
        size_t bits;
    } others[] = {
        {PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), 521},
        {PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_R1), 224},
        {PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_SECP_K1), 256},
        {PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_BRAINPOOL_P_R1), 256},
        {PSA_KEY_TYPE_ECC_PUBLIC_KEY(PSA_ECC_FAMILY_MONTGOMERY), 448},
        {PSA_KEY_TYPE_RSA_PUBLIC_KEY, 2048},
        {PSA_KEY_TYPE_AES, 256},
    };
    uint8_t key[65] = {4}, taken[65];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
        size_t len, bits;
        psa_set_key_type(&attributes, others[i].type);
        psa_set_key_bits(&attributes, others[i].bits);
        CHECK_INT(driver_import_key(&attributes, key, sizeof key, taken, sizeof taken, &len, &bits),
                  PSA_ERROR_NOT_SUPPORTED);
        CHECK_INT(driver_generate_key(&attributes, taken, sizeof taken, &len), PSA_ERROR_NOT_SUPPORTED);
    }
}

// --- Generation

static uint8_t script[4][48]; // what is handed out, one after the other
static int next_of_script, failing_at;

static psa_status_t chosen_bytes(uint8_t *out, size_t len)
{
    int i = next_of_script++;
    if (i == failing_at)
        return PSA_ERROR_INSUFFICIENT_ENTROPY;
    memcpy(out, script[i < 3 ? i : 3], len);
    return PSA_SUCCESS;
}

static psa_status_t generate(pair_t *p)
{
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(p->family));
    psa_set_key_bits(&attributes, p->bits);
    next_of_script = 0;
    memset(p->taken, 0xaa, sizeof p->taken);
    return driver_generate_key(&attributes, p->taken, p->size, &p->taken_len);
}

// 0 and n are thrown away, n - 1 is a key.
static void try_generation(mbedtls_ecp_group_id id)
{
    static const uint8_t zeros[48];
    pair_t p;
    begin(&p, id);
    failing_at = -1;
    memset(script, 0, sizeof script);
    mbedtls_mpi_write_binary(&p.group.N, script[1], p.size);
    memset(script[2], 0xff, sizeof script[2]);
    memcpy(script[3], script[1], p.size);
    script[3][p.size - 1]--;
    CHECK_INT(generate(&p), PSA_SUCCESS);
    CHECK_INT(next_of_script, 4);
    CHECK_INT(p.taken_len, p.size);
    CHECK_MEM(p.taken, script[3], p.size);
    script[3][p.size - 1]++;
    CHECK_INT(generate(&p), PSA_ERROR_INSUFFICIENT_ENTROPY);
    CHECK_MEM(p.taken, zeros, p.size);
    failing_at = 2;
    CHECK_INT(generate(&p), PSA_ERROR_INSUFFICIENT_ENTROPY);
    CHECK_MEM(p.taken, zeros, p.size);
    p.size--;
    CHECK_INT(generate(&p), PSA_ERROR_BUFFER_TOO_SMALL);
    end(&p);
}

static void makes_keys(void)
{
    try_generation(MBEDTLS_ECP_DP_SECP256R1);
    try_generation(MBEDTLS_ECP_DP_SECP384R1);
    pair_t p;
    begin(&p, MBEDTLS_ECP_DP_CURVE25519);
    failing_at = -1;
    memset(script[0], 0xff, 32);
    CHECK_INT(generate(&p), PSA_SUCCESS);
    CHECK_INT(p.taken_len, 32);
    CHECK(p.taken[0] == 0xf8 && p.taken[31] == 0x7f); // RFC 7748 section 5
    memset(script[0], 0, 32);
    CHECK_INT(generate(&p), PSA_SUCCESS);
    CHECK(p.taken[0] == 0 && p.taken[31] == 0x40);
    failing_at = 0;
    CHECK_INT(generate(&p), PSA_ERROR_INSUFFICIENT_ENTROPY);
    end(&p);
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(points_as_mbedtls);
    RUN(forms_and_lengths);
    RUN(private_keys_as_mbedtls);
    RUN(x25519_as_mbedtls);
    RUN(what_is_not_ours);
    RUN(makes_keys);
    return check_done();
}
