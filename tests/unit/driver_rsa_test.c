// Signatures with RSA keys of 2048, 3072 and 4096 bits: what the driver answers against Mbed TLS's own function for PSA, status for
// status. PICKET_ROUNDS: how many of each.
#include <mbedtls/bignum.h>
#include <psa/crypto.h>

#include "arena.h"
#include "check.h"
#include "rsa_encode.h"
#include "driver/driver_psa.h"
#include "kernels/rsa.h"

// The library's own.
psa_status_t mbedtls_psa_rsa_verify_hash(const psa_key_attributes_t *attributes, const uint8_t *key,
                                         size_t key_len, psa_algorithm_t alg, const uint8_t *hash,
                                         size_t hash_len, const uint8_t *signature, size_t signature_len);

static _Alignas(8) uint8_t arena[256 * 1024];

// --- Keys

// A modulus is the product of many primes of 32 bits. That is a key like any other, but of no use: it takes less time to sign
// with it than to verify.
#define PRIMES_MAX (RSA_MAX / 4)

typedef struct {
    size_t len, primes;
    uint32_t p[PRIMES_MAX], d[PRIMES_MAX], c[PRIMES_MAX]; // d: 1 / 65537 mod p - 1; c: 1 / (n / p) mod p
    mbedtls_mpi rest[PRIMES_MAX];                         // n / p
    mbedtls_mpi n, t;
    uint8_t key[RSA_MAX + 14]; // as PSA has it
} rsa_key_t;

static uint32_t power(uint32_t base, uint32_t exponent, uint32_t modulus)
{
    uint64_t result = 1, square = base % modulus;
    for (; exponent != 0; exponent >>= 1, square = square * square % modulus)
        result = exponent & 1 ? result * square % modulus : result;
    return (uint32_t)result;
}

// Miller and Rabin's test, which for numbers below 2^32 needs three bases only.
static bool is_prime(uint32_t p)
{
    static const uint32_t bases[] = {2, 7, 61};
    uint32_t odd = (p - 1) / 2, twos = 1;
    for (; odd % 2 == 0; odd /= 2)
        twos++;
    for (int i = 0; i < 3; i++) {
        uint64_t x = power(bases[i], odd, p);
        bool good = x == 1 || x == p - 1;
        for (uint32_t j = 1; j < twos && !good; j++) {
            x = x * x % p;
            good = x == p - 1;
        }
        if (!good)
            return false;
    }
    return true;
}

static bool is_new(const rsa_key_t *key, size_t primes, uint32_t p)
{
    for (size_t i = 0; i < primes; i++) {
        if (key->p[i] == p)
            return false;
    }
    return true;
}

// So near to 2^32 that the product has 8 len bits.
static uint32_t draw_prime(const rsa_key_t *key, size_t found)
{
    uint32_t p, below = UINT32_MAX / 100 * 64 / (uint32_t)key->primes;
    do
        p = UINT32_MAX - 2 * (next() % (below / 2));
    while (p % 3 == 0 || p % 65537 == 1 || !is_prime(p) || !is_new(key, found, p));
    return p;
}

static void write_key(rsa_key_t *key)
{
    static const uint8_t exponent[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    size_t all = key->len + 10, number_len = key->len + 1;
    const uint8_t head[] = {
        0x30, 0x82, (uint8_t)(all >> 8),        (uint8_t)all,
        0x02, 0x82, (uint8_t)(number_len >> 8), (uint8_t)number_len,
        0x00,
    };
    memcpy(key->key, head, sizeof head);
    mbedtls_mpi_write_binary(&key->n, key->key + sizeof head, key->len);
    memcpy(key->key + sizeof head + key->len, exponent, sizeof exponent);
}

static void draw_key(rsa_key_t *key)
{
    mbedtls_mpi_lset(&key->n, 1);
    for (size_t i = 0; i < key->primes; i++) {
        uint32_t p = key->p[i] = draw_prime(key, i);
        uint32_t turns = 65537 - power((p - 1) % 65537, 65535, 65537); // (1 + turns (p - 1)) / 65537 is whole
        key->d[i] = (uint32_t)((1 + (uint64_t)turns * (p - 1)) / 65537);
        mbedtls_mpi_mul_int(&key->n, &key->n, p);
    }
    for (size_t i = 0; i < key->primes; i++) {
        mbedtls_mpi_uint rest;
        mbedtls_mpi_div_int(&key->rest[i], NULL, &key->n, key->p[i]);
        mbedtls_mpi_mod_int(&rest, &key->rest[i], key->p[i]);
        key->c[i] = power((uint32_t)rest, key->p[i] - 2, key->p[i]);
    }
    write_key(key);
}

// em^d, put together from what it is modulo each prime.
static void sign(rsa_key_t *key, const uint8_t *em, uint8_t *signature)
{
    mbedtls_mpi sum;
    mbedtls_mpi_init(&sum);
    mbedtls_mpi_lset(&sum, 0);
    for (size_t i = 0; i < key->primes; i++) {
        mbedtls_mpi_uint x;
        uint32_t p = key->p[i];
        mbedtls_mpi_read_binary(&key->t, em, key->len);
        mbedtls_mpi_mod_int(&x, &key->t, p);
        x = (uint64_t)power((uint32_t)x, key->d[i], p) * key->c[i] % p;
        mbedtls_mpi_mul_int(&key->t, &key->rest[i], x);
        mbedtls_mpi_add_mpi(&sum, &sum, &key->t);
    }
    mbedtls_mpi_mod_mpi(&sum, &sum, &key->n);
    mbedtls_mpi_write_binary(&sum, signature, key->len);
    mbedtls_mpi_free(&sum);
}

static void free_key(rsa_key_t *key)
{
    for (size_t i = 0; i < key->primes; i++)
        mbedtls_mpi_free(&key->rest[i]);
    mbedtls_mpi_free(&key->n);
    mbedtls_mpi_free(&key->t);
}

// --- What is signed, and what is spoiled of it

typedef struct {
    psa_algorithm_t alg;
    rsa_hash_t hash;
    uint8_t key[RSA_MAX + 14], em[RSA_MAX], signature[RSA_MAX + 1];
    size_t len;
} message_t;

static void flip_bit(uint8_t *bytes, size_t len)
{
    bytes[next() % len] ^= (uint8_t)(1 << next() % 8);
}

static size_t draw_salt_len(const message_t *m, size_t len)
{
    size_t most = len - m->hash.len - 2;
    return next() % 2 ? m->hash.len : next() % 4 == 0 ? most - next() % 2 : next() % (most + 1);
}

static psa_algorithm_t pss(const message_t *m)
{
    return next() % 2 ? PSA_ALG_RSA_PSS(m->hash.alg) : PSA_ALG_RSA_PSS_ANY_SALT(m->hash.alg);
}

// Every eighth encoded message is not quite as it should be: in one bit, or in the uppermost, which has a status of its own.
static void make(message_t *m, rsa_key_t *key)
{
    rsa_draw_hash(&m->hash, next() % 3);
    if (next() % 2) {
        m->alg = PSA_ALG_RSA_PKCS1V15_SIGN(m->hash.alg);
        rsa_encode_pkcs1(m->em, key->len, &m->hash);
    } else {
        m->alg = pss(m);
        rsa_encode_pss(m->em, key->len, &m->hash, draw_salt_len(m, key->len));
    }
    uint32_t kind = next() % 16;
    if (kind == 0)
        flip_bit(m->em, key->len);
    else if (kind == 1)
        m->em[0] ^= 0x80;
    sign(key, m->em, m->signature);
    memcpy(m->key, key->key, key->len + 14);
    m->len = key->len;
}

// 0, 1, n - 1, n, n + 1, all ones.
static void draw_edge(message_t *m, rsa_key_t *key)
{
    uint32_t kind = next() % 6;
    mbedtls_mpi_lset(&key->t, (int)kind);
    if (kind >= 2)
        mbedtls_mpi_add_int(&key->t, &key->n, (int)kind - 3);
    mbedtls_mpi_write_binary(&key->t, m->signature, key->len);
    if (kind == 5)
        memset(m->signature, 0xff, key->len);
}

static void spoil(message_t *m, rsa_key_t *key)
{
    switch (next() % 8) {
    case 0: flip_bit(m->hash.bytes, m->hash.len); break;
    case 1:
        flip_bit(m->key + 9, key->len); // another modulus; an even one, or a shorter one too
        break;
    case 2: random_bytes(NULL, m->signature, key->len); break;
    case 3: draw_edge(m, key); break;
    case 4: m->alg = PSA_ALG_IS_RSA_PSS(m->alg) ? PSA_ALG_RSA_PKCS1V15_SIGN(m->hash.alg) : pss(m); break;
    case 5: m->len = next() % (key->len + 2); break;
    case 6: m->hash.len = next() % 65; break;
    default: flip_bit(m->signature, key->len);
    }
}

static psa_status_t judge(const message_t *m, const rsa_key_t *key, bool ours)
{
    psa_key_attributes_t type = PSA_KEY_ATTRIBUTES_INIT;
    psa_set_key_type(&type, PSA_KEY_TYPE_RSA_PUBLIC_KEY);
    psa_set_key_bits(&type, 8 * key->len);
    return (ours ? driver_verify_hash : mbedtls_psa_rsa_verify_hash)(
        &type, m->key, key->len + 14, m->alg, m->hash.bytes, m->hash.len, m->signature, m->len);
}

// Every second one is spoiled. Sixteen are by the same key.
static void signatures(size_t bits)
{
    static rsa_key_t key;
    static message_t m;
    int good = 0, bad = 0;
    memset(&key, 0, sizeof key);
    key.len = bits / 8;
    key.primes = bits / 32;
    for (int i = 0; i < rounds(300); i++) {
        if (i % 16 == 0)
            draw_key(&key);
        make(&m, &key);
        if (i % 2)
            spoil(&m, &key);
        psa_status_t ours = judge(&m, &key, true), theirs = judge(&m, &key, false);
        good += ours == PSA_SUCCESS;
        bad += ours != PSA_SUCCESS;
        if (ours != theirs) {
            FAIL("round %d: status %d, Mbed TLS's is %d", i, (int)ours, (int)theirs);
            break;
        }
    }
    printf("# RSA, %zu bits: both took %d and refused %d\n", bits, good, bad);
    CHECK(3 * good > bad && 3 * bad > good);
    free_key(&key);
}

static void rsa_2048(void)
{
    signatures(2048);
}

static void rsa_3072(void)
{
    signatures(3072);
}

static void rsa_4096(void)
{
    signatures(4096);
}

int main(void)
{
    if (!arena_start(arena, sizeof arena))
        return 1;
    RUN(rsa_2048);
    RUN(rsa_3072);
    RUN(rsa_4096);
    return check_done();
}
