// Public keys, shared secrets and signatures on curves: what the driver answers and hands out against Mbed TLS's own functions
// for PSA, status for status and byte for byte, on random numbers and edges. PICKET_ROUNDS: how many of each.
#include <mbedtls/ecp.h>
#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "low_order.h"
#include "rounds.h"
#include "entropy.h"
#include "script_port.h"
#include "driver/driver_psa.h"
#include "picket/options.h"

#if PICKET_STOCK_CURVES

// The library's own.
psa_status_t mbedtls_psa_ecp_export_public_key(const psa_key_attributes_t *attributes, const uint8_t *key,
                                               size_t key_len, uint8_t *out, size_t size, size_t *len);
psa_status_t mbedtls_psa_key_agreement_ecdh(const psa_key_attributes_t *attributes, const uint8_t *key,
                                            size_t key_len, psa_algorithm_t alg, const uint8_t *peer,
                                            size_t peer_len, uint8_t *out, size_t size, size_t *len);
psa_status_t mbedtls_psa_ecdsa_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key,
                                           size_t key_len, psa_algorithm_t alg, const uint8_t *hash,
                                           size_t hash_len, const uint8_t *signature, size_t signature_len);

#define FEW 100

static _Alignas(8) uint8_t arena[64 * 1024];

// --- A curve, and numbers that are hard on it

typedef struct {
    mbedtls_ecp_group group;
    mbedtls_mpi number;
    bool is_x25519;
    psa_ecc_family_t family;
    size_t bits, size, point; // bytes of a number, of a public key
} domain_t;

static void begin(domain_t *c, mbedtls_ecp_group_id id)
{
    mbedtls_ecp_group_init(&c->group);
    mbedtls_mpi_init(&c->number);
    mbedtls_ecp_group_load(&c->group, id);
    c->is_x25519 = id == MBEDTLS_ECP_DP_CURVE25519;
    c->family = c->is_x25519 ? PSA_ECC_FAMILY_MONTGOMERY : PSA_ECC_FAMILY_SECP_R1;
    c->bits = c->is_x25519 ? 255 : c->group.pbits;
    c->size = (c->bits + 7) / 8;
    c->point = c->is_x25519 ? c->size : 1 + 2 * c->size;
}

static void end(domain_t *c)
{
    mbedtls_ecp_group_free(&c->group);
    mbedtls_mpi_free(&c->number);
}

static psa_key_attributes_t attributes(const domain_t *c, bool is_public)
{
    psa_key_attributes_t made = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&made, is_public ? PSA_KEY_TYPE_ECC_PUBLIC_KEY(c->family)
                                      : PSA_KEY_TYPE_ECC_KEY_PAIR(c->family));
    psa_set_key_bits(&made, c->bits);
    return made;
}

static void write_number(const domain_t *c, const mbedtls_mpi *x, uint8_t *out)
{
    if (c->is_x25519)
        mbedtls_mpi_write_binary_le(x, out, c->size);
    else
        mbedtls_mpi_write_binary(x, out, c->size);
}

// From 3 below to 3 above 0, n, p and 2^(8 size).
static void draw_edge(domain_t *c, uint8_t *out)
{
    uint32_t kind = next() % 4;
    mbedtls_mpi *x = &c->number;
    mbedtls_mpi_lset(x, 0);
    if (kind == 1)
        mbedtls_mpi_copy(x, &c->group.N);
    if (kind == 2)
        mbedtls_mpi_copy(x, &c->group.P);
    mbedtls_mpi_add_int(x, x, (int)(next() % 7) - 3);
    if (mbedtls_mpi_cmp_int(x, 0) < 0) { // below 2^(8 size)
        mbedtls_mpi top;
        mbedtls_mpi_init(&top);
        mbedtls_mpi_lset(&top, 1);
        mbedtls_mpi_shift_l(&top, 8 * c->size);
        mbedtls_mpi_add_mpi(x, x, &top);
        mbedtls_mpi_free(&top);
    }
    write_number(c, x, out);
}

static void draw_number(domain_t *c, uint8_t *out)
{
    uint32_t kind = next() % 8, limbs[12];
    if (kind == 0) {
        draw_edge(c, out);
    } else if (kind <= 2) {
        number(limbs, c->size / 4);
        memcpy(out, limbs, c->size);
    } else {
        random_bytes(NULL, out, c->size);
    }
}

// From 1 to n - 1.
static void draw_scalar(domain_t *c, mbedtls_mpi *x)
{
    uint8_t bytes[48];
    do {
        draw_number(c, bytes);
        mbedtls_mpi_read_binary(x, bytes, c->size);
    } while (mbedtls_mpi_cmp_int(x, 0) == 0 || mbedtls_mpi_cmp_mpi(x, &c->group.N) >= 0);
}

static void write_point(const domain_t *c, const mbedtls_ecp_point *point, uint8_t *out)
{
    size_t len;
    mbedtls_ecp_point_write_binary(&c->group, point, MBEDTLS_ECP_PF_UNCOMPRESSED, &len, out, 97);
}

static void flip_bit(uint8_t *bytes, size_t len)
{
    bytes[next() % len] ^= (uint8_t)(1 << next() % 8);
}

// y becomes p - y: another point of the curve.
static void mirror(domain_t *c, uint8_t *point)
{
    mbedtls_mpi_read_binary(&c->number, point + 1 + c->size, c->size);
    mbedtls_mpi_sub_mpi(&c->number, &c->group.P, &c->number);
    mbedtls_mpi_write_binary(&c->number, point + 1 + c->size, c->size);
}

static void spoil_point(domain_t *c, uint8_t *point)
{
    uint32_t kind = next() % 4;
    if (c->is_x25519 && kind == 0)
        memcpy(point, low_order_8[next() % 2], c->size);
    else if (c->is_x25519 && kind == 1)
        draw_edge(c, point);
    else if (c->is_x25519)
        draw_number(c, point);
    else if (kind == 0)
        flip_bit(point + 1, c->point - 1);
    else if (kind == 1)
        draw_number(c, point + 1 + next() % 2 * c->size);
    else if (kind == 2)
        mirror(c, point);
    else
        point[0] = (uint8_t)(next() % 8);
}

// --- What both say

static int good, bad; // answers of both

typedef struct {
    psa_status_t status;
    uint8_t bytes[97];
    size_t len;
} answer_t;

static bool same(const char *what, int round, const answer_t *ours, const answer_t *theirs)
{
    if (ours->status != theirs->status) {
        FAIL("%s, round %d: status %d, Mbed TLS's is %d", what, round, (int)ours->status,
             (int)theirs->status);
        return false;
    }
    if (ours->status != PSA_SUCCESS) {
        bad++;
        return true;
    }
    good++;
    if (ours->len == theirs->len && memcmp(ours->bytes, theirs->bytes, ours->len) == 0)
        return true;
    FAIL("%s, round %d: other bytes than Mbed TLS's", what, round);
    return false;
}

static void say(const char *what, const domain_t *c)
{
    printf("# %s, %zu bits: both took %d and refused %d\n", what, c->bits, good, bad);
}

// --- Key pairs and shared secrets

// Both public keys of it; the answer is ours.
static bool same_public_key(const domain_t *c, int round, const uint8_t *key, answer_t *ours)
{
    psa_key_attributes_t type = attributes(c, false);
    answer_t theirs = {.len = 0};
    ours->status = driver_export_public_key(&type, key, c->size, ours->bytes, sizeof ours->bytes, &ours->len);
    theirs.status = mbedtls_psa_ecp_export_public_key(&type, key, c->size, theirs.bytes, sizeof theirs.bytes,
                                                      &theirs.len);
    return same("public key", round, ours, &theirs);
}

static bool same_secret(const domain_t *c, int round, const uint8_t *key, const uint8_t *peer)
{
    psa_key_attributes_t type = attributes(c, false);
    answer_t ours = {.len = 0}, theirs = {.len = 0};
    ours.status = driver_key_agreement(&type, key, c->size, PSA_ALG_ECDH, peer, c->point, ours.bytes,
                                       sizeof ours.bytes, &ours.len);
    theirs.status = mbedtls_psa_key_agreement_ecdh(&type, key, c->size, PSA_ALG_ECDH, peer, c->point,
                                                   theirs.bytes, sizeof theirs.bytes, &theirs.len);
    return same("shared secret", round, &ours, &theirs);
}

static void public_keys(mbedtls_ecp_group_id id)
{
    domain_t c;
    answer_t made;
    begin(&c, id);
    good = bad = 0;
    for (int i = 0; i < rounds(FEW); i++) {
        uint8_t key[48];
        draw_number(&c, key);
        if (!same_public_key(&c, i, key, &made))
            break;
    }
    CHECK(good > bad);
    say("public keys", &c);
    end(&c);
}

// Peers are public keys of others, every fourth of them spoiled.
static void shared_secrets(mbedtls_ecp_group_id id)
{
    domain_t c;
    answer_t other;
    uint8_t key[48], peer[97];
    begin(&c, id);
    good = bad = 0;
    for (int i = 0; i < rounds(FEW); i++) {
        psa_key_attributes_t type = attributes(&c, false);
        do {
            draw_number(&c, key);
            other.status =
                driver_export_public_key(&type, key, c.size, other.bytes, sizeof other.bytes, &other.len);
        } while (other.status != PSA_SUCCESS);
        memcpy(peer, other.bytes, c.point);
        if (next() % 4 == 0)
            spoil_point(&c, peer);
        draw_number(&c, key);
        if (!same_secret(&c, i, key, peer))
            break;
    }
    CHECK(good > bad && bad > 0);
    say("shared secrets", &c);
    end(&c);
}

static void public_keys_x25519(void)
{
    public_keys(MBEDTLS_ECP_DP_CURVE25519);
}

static void public_keys_p256(void)
{
    public_keys(MBEDTLS_ECP_DP_SECP256R1);
}

static void public_keys_p384(void)
{
    public_keys(MBEDTLS_ECP_DP_SECP384R1);
}

static void shared_secrets_x25519(void)
{
    shared_secrets(MBEDTLS_ECP_DP_CURVE25519);
}

static void shared_secrets_p256(void)
{
    shared_secrets(MBEDTLS_ECP_DP_SECP256R1);
}

static void shared_secrets_p384(void)
{
    shared_secrets(MBEDTLS_ECP_DP_SECP384R1);
}

// --- Signatures

typedef struct {
    domain_t c;
    mbedtls_mpi d, k, r, s, e;
    mbedtls_ecp_point point;
    uint8_t key[97], hash[64], signature[97];
    size_t hash_len, signature_len;
} signer_t;

static void draw_key(signer_t *w)
{
    draw_scalar(&w->c, &w->d);
    mbedtls_ecp_mul(&w->c.group, &w->point, &w->d, &w->c.group.G, random_bytes, NULL);
    write_point(&w->c, &w->point, w->key);
}

// One of any length; or an edge; or r d, with which u1 G and u2 Q are the same point, or - r d: together they are nothing.
static void draw_hash(signer_t *w)
{
    static const size_t lengths[] = {0, 20, 28, 32, 48, 64};
    uint32_t kind = next() % 16;
    w->hash_len = kind < 4 ? w->c.size : lengths[next() % 6];
    random_bytes(NULL, w->hash, sizeof w->hash);
    if (kind < 2) {
        mbedtls_mpi_mul_mpi(&w->e, &w->r, &w->d);
        mbedtls_mpi_mod_mpi(&w->e, &w->e, &w->c.group.N);
        if (kind == 1)
            mbedtls_mpi_sub_mpi(&w->e, &w->c.group.N, &w->e);
        mbedtls_mpi_write_binary(&w->e, w->hash, w->c.size);
    } else if (kind < 4) {
        draw_number(&w->c, w->hash);
    }
}

static void write_signature(signer_t *w)
{
    mbedtls_mpi_write_binary(&w->r, w->signature, w->c.size);
    mbedtls_mpi_write_binary(&w->s, w->signature + w->c.size, w->c.size);
    w->signature_len = 2 * w->c.size;
}

// By the textbook: r = x of k G, s = (e + r d) / k. Where that s is 0, another.
static void sign(signer_t *w)
{
    const mbedtls_mpi *order = &w->c.group.N;
    draw_scalar(&w->c, &w->k);
    mbedtls_ecp_mul(&w->c.group, &w->point, &w->k, &w->c.group.G, random_bytes, NULL);
    mbedtls_mpi_mod_mpi(&w->r, &w->point.MBEDTLS_PRIVATE(X), order);
    draw_hash(w);
    mbedtls_mpi_read_binary(&w->e, w->hash, w->hash_len < w->c.size ? w->hash_len : w->c.size);
    mbedtls_mpi_mul_mpi(&w->s, &w->r, &w->d);
    mbedtls_mpi_add_mpi(&w->s, &w->s, &w->e);
    mbedtls_mpi_inv_mod(&w->k, &w->k, order);
    mbedtls_mpi_mul_mpi(&w->s, &w->s, &w->k);
    mbedtls_mpi_mod_mpi(&w->s, &w->s, order);
    if (mbedtls_mpi_cmp_int(&w->s, 0) == 0)
        draw_scalar(&w->c, &w->s);
    write_signature(w);
}

// r is a number that hardly ever comes: R's x is small, or n and a bit more. Of R, s and a hash the key is made:
// (s R - e G) / r. s may be small too.
static void recover_key(signer_t *w, uint8_t *key)
{
    uint8_t compressed[49] = {2};
    mbedtls_ecp_group *group = &w->c.group;
    do {
        mbedtls_mpi_lset(&w->r, 0);
        if (next() % 2)
            mbedtls_mpi_copy(&w->r, &group->N);
        mbedtls_mpi_add_int(&w->r, &w->r, (int)(1 + next() % 1000));
        mbedtls_mpi_write_binary(&w->r, compressed + 1, w->c.size);
    } while (mbedtls_ecp_point_read_binary(group, &w->point, compressed, 1 + w->c.size) != 0 ||
             mbedtls_ecp_check_pubkey(group, &w->point) != 0);
    mbedtls_mpi_mod_mpi(&w->r, &w->r, &group->N);
    draw_scalar(&w->c, &w->e);
    draw_scalar(&w->c, &w->s);
    if (next() % 2)
        mbedtls_mpi_lset(&w->s, (int)(1 + next() % 1000));
    w->hash_len = w->c.size;
    mbedtls_mpi_write_binary(&w->e, w->hash, w->c.size);
    mbedtls_mpi_sub_mpi(&w->e, &group->N, &w->e);
    mbedtls_mpi_inv_mod(&w->k, &w->r, &group->N);
    mbedtls_mpi_mul_mpi(&w->e, &w->e, &w->k);
    mbedtls_mpi_mod_mpi(&w->e, &w->e, &group->N);
    mbedtls_mpi_mul_mpi(&w->k, &w->k, &w->s);
    mbedtls_mpi_mod_mpi(&w->k, &w->k, &group->N);
    mbedtls_ecp_muladd(group, &w->point, &w->k, &w->point, &w->e, &group->G);
    write_point(&w->c, &w->point, key);
    write_signature(w);
}

// n more, where there is room for it: the same number modulo n, and not allowed.
static void add_n(signer_t *w, uint8_t *at)
{
    mbedtls_mpi_read_binary(&w->k, at, w->c.size);
    mbedtls_mpi_add_mpi(&w->k, &w->k, &w->c.group.N);
    if (mbedtls_mpi_bitlen(&w->k) <= w->c.bits)
        mbedtls_mpi_write_binary(&w->k, at, w->c.size);
}

// -s is as good as s.
static void negate_s(signer_t *w)
{
    mbedtls_mpi_sub_mpi(&w->s, &w->c.group.N, &w->s);
    mbedtls_mpi_write_binary(&w->s, w->signature + w->c.size, w->c.size);
}

static void spoil(signer_t *w, uint8_t key[97])
{
    size_t size = w->c.size;
    switch (next() % 9) {
    case 0: flip_bit(w->signature, 2 * size); break;
    case 1: draw_number(&w->c, w->signature); break;
    case 2: draw_number(&w->c, w->signature + size); break;
    case 3:
        if (w->hash_len > 0)
            flip_bit(w->hash, w->hash_len);
        break;
    case 4: w->hash_len = next() % 65; break;
    case 5: negate_s(w); break;
    case 6: w->signature_len = next() % (2 * size + 2); break;
    case 7: add_n(w, w->signature + next() % 2 * size); break;
    default: spoil_point(&w->c, key);
    }
}

static bool same_judgement(const signer_t *w, int round, const uint8_t *key)
{
    psa_key_attributes_t type = attributes(&w->c, true);
    answer_t ours = {.len = 0}, theirs = {.len = 0};
    ours.status = driver_verify_hash(&type, key, w->c.point, PSA_ALG_ECDSA_ANY, w->hash, w->hash_len,
                                     w->signature, w->signature_len);
    theirs.status = mbedtls_psa_ecdsa_verify_hash(&type, key, w->c.point, PSA_ALG_ECDSA_ANY, w->hash,
                                                  w->hash_len, w->signature, w->signature_len);
    return same("signature", round, &ours, &theirs);
}

// Every second one is spoiled. Eight are by the same key.
static void signatures(mbedtls_ecp_group_id id)
{
    static signer_t w;
    memset(&w, 0, sizeof w);
    begin(&w.c, id);
    good = bad = 0;
    for (int i = 0; i < rounds(FEW); i++) {
        uint8_t key[97];
        if (i % 8 == 0)
            draw_key(&w);
        sign(&w);
        memcpy(key, w.key, sizeof key);
        if (next() % 8 == 0)
            recover_key(&w, key);
        if (i % 2)
            spoil(&w, key);
        if (!same_judgement(&w, i, key))
            break;
    }
    CHECK(3 * good > bad && 3 * bad > good);
    say("signatures", &w.c);
    mbedtls_mpi_free(&w.d);
    mbedtls_mpi_free(&w.k);
    mbedtls_mpi_free(&w.r);
    mbedtls_mpi_free(&w.s);
    mbedtls_mpi_free(&w.e);
    mbedtls_ecp_point_free(&w.point);
    end(&w.c);
}

static void signatures_p256(void)
{
    signatures(MBEDTLS_ECP_DP_SECP256R1);
}

static void signatures_p384(void)
{
    signatures(MBEDTLS_ECP_DP_SECP384R1);
}

// Mbed TLS blinds what it multiplies with random numbers.
static bool start(void)
{
    script_reset();
    entropy_start(script_port());
    return arena_start(arena, sizeof arena) && psa_crypto_init() == PSA_SUCCESS;
}

int main(void)
{
    if (!start())
        return 1;
    RUN(public_keys_x25519);
    RUN(public_keys_p256);
    RUN(public_keys_p384);
    RUN(shared_secrets_x25519);
    RUN(shared_secrets_p256);
    RUN(shared_secrets_p384);
    RUN(signatures_p256);
    RUN(signatures_p384);
    mbedtls_psa_crypto_free();
    entropy_stop();
    return check_done();
}

#else

int main(void)
{
    puts("skip curves: built without those of Mbed TLS");
    return 0;
}

#endif
