// tls_identity.c: the certificate that the client shows, and its key.

#include "tls_identity.h"

#include <string.h>

#include <mbedtls/psa_util.h>
#include <psa/crypto.h>

#include "arena.h"
#include "base64.h"
#include "client.h"
#include "pem.h"
#include "tls_private.h"
#include "tls_stack.h"
#include "trust_der.h"

static const char *why_not = "";

const char *picket_identity_why(void)
{
    return why_not;
}

#if PICKET_CLIENT_CERT

// Mbed TLS calls a key by a table of functions. For a key that somebody else holds there is one in its interface for RSA
// only; the table itself is in a header that is not installed, of which no more than this is needed.
#include "../library/pk_wrap.h"

struct tls_identity {
    tls_client_t *client;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
    picket_identity_t given; // sign and ctx
    size_t bits;             // of the key
    mbedtls_ssl_config bare; // the client's, without the certificate
};

static int refuse(const char *why)
{
    why_not = why;
    return PICKET_ERR_IDENTITY;
}

// --- The certificates

static int add_der(mbedtls_x509_crt *chain, const uint8_t *der, size_t len)
{
    if (mbedtls_x509_crt_parse_der(chain, der, len) != 0)
        return refuse("the client's certificate cannot be read");
    return 0;
}

static int add_all_der(mbedtls_x509_crt *chain, const uint8_t *bytes, size_t len)
{
    der_t element;
    while (len > 0) {
        if (!der_read(bytes, len, &element))
            return refuse("the client's certificate is cut short or followed by something else");
        int error = add_der(chain, bytes, element.whole);
        if (error != 0)
            return error;
        bytes += element.whole;
        len -= element.whole;
    }
    return 0;
}

// The bytes of a block of PEM, to be freed with their length. NULL: why_not, or no memory.
static uint8_t *decode(const pem_t *block, size_t *len, size_t *room)
{
    *room = block->len / 4 * 3 + 3;
    uint8_t *der = picket_arena_calloc(1, *room);
    if (der == NULL || base64_decode(block->text, block->len, der, len))
        return der;
    arena_free_wiped(der, *room);
    why_not = "what is between the lines of PEM is not base64";
    return NULL;
}

static int add_block(mbedtls_x509_crt *chain, const pem_t *block)
{
    size_t len, room;
    uint8_t *der = decode(block, &len, &room);
    if (der == NULL)
        return PICKET_ERR_IDENTITY;
    int error = add_der(chain, der, len);
    picket_arena_free(der);
    return error;
}

static int add_all_pem(mbedtls_x509_crt *chain, const char *text, size_t len)
{
    const char *stop = text + len;
    pem_t block;
    int found, error = 0;
    while (error == 0 && (found = pem_next(text, (size_t)(stop - text), "CERTIFICATE", &block)) != 0) {
        error = found < 0 ? refuse("the client's certificate has no last line") : add_block(chain, &block);
        text = block.behind;
    }
    return error;
}

static bool is_der(const void *data, size_t len)
{
    der_t element;
    return der_read(data, len, &element) && element.tag == 0x30;
}

// A message has a header of 4 bytes, the context's and the list's length 1 and 3; each certificate 3, and 2 of extensions.
static bool fits(const mbedtls_x509_crt *chain)
{
    size_t len = 4 + 1 + 3;
    for (; chain != NULL; chain = chain->next)
        len += 3 + chain->raw.len + 2;
    return len <= MBEDTLS_SSL_OUT_CONTENT_LEN;
}

static int load_chain(mbedtls_x509_crt *chain, const picket_identity_t *given)
{
    int error = is_der(given->cert, given->cert_len) ? add_all_der(chain, given->cert, given->cert_len)
                                                     : add_all_pem(chain, given->cert, given->cert_len);
    if (error != 0)
        return error;
    if (chain->raw.len == 0)
        return refuse("there is no certificate");
    return fits(chain)
               ? 0
               : refuse("the client's certificates are larger than MBEDTLS_SSL_OUT_CONTENT_LEN allows");
}

// --- The key in memory

static int parse_key(mbedtls_pk_context *key, const uint8_t *der, size_t len)
{
    if (mbedtls_pk_parse_key(key, der, len, NULL, 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE) != 0)
        return refuse("the client's key cannot be read");
    return 0;
}

static int parse_key_block(mbedtls_pk_context *key, const pem_t *block)
{
    size_t len, room;
    uint8_t *der = decode(block, &len, &room);
    if (der == NULL)
        return PICKET_ERR_IDENTITY;
    int error = parse_key(key, der, len);
    arena_free_wiped(der, room);
    return error;
}

static bool is_encrypted(const pem_t *block)
{
    static const char header[] = "Proc-Type:"; // RFC 1421, as OpenSSL writes it
    for (size_t i = 0; i + sizeof header - 1 <= block->len; i++) {
        if (memcmp(block->text + i, header, sizeof header - 1) == 0)
            return true;
    }
    return false;
}

static int load_key_pem(mbedtls_pk_context *key, const char *text, size_t len)
{
    static const char *const kinds[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"};
    pem_t block;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (pem_next(text, len, kinds[i], &block) == 1)
            return is_encrypted(&block) ? refuse("the client's key is encrypted")
                                        : parse_key_block(key, &block);
    }
    if (pem_next(text, len, "ENCRYPTED PRIVATE KEY", &block) != 0)
        return refuse("the client's key is encrypted");
    return refuse("there is no private key");
}

static int load_key(mbedtls_pk_context *key, const picket_identity_t *given)
{
    return is_der(given->key, given->key_len) ? parse_key(key, given->key, given->key_len)
                                              : load_key_pem(key, given->key, given->key_len);
}

// --- A key that somebody else holds

static size_t foreign_bits(mbedtls_pk_context *pk)
{
    const struct tls_identity *identity = pk->MBEDTLS_PRIVATE(pk_ctx);
    return identity->bits;
}

static int foreign_can_do(mbedtls_pk_type_t type)
{
    return type == MBEDTLS_PK_ECDSA || type == MBEDTLS_PK_ECKEY;
}

// An INTEGER (X.690 8.3): as few bytes as it takes, the first bit being the sign.
static size_t put_integer(uint8_t *at, const uint8_t *bytes, size_t len)
{
    while (len > 1 && bytes[0] == 0) {
        bytes++;
        len--;
    }
    size_t sign = bytes[0] >> 7;
    at[0] = 0x02;
    at[1] = (uint8_t)(len + sign);
    at[2] = 0;
    memcpy(at + 2 + sign, bytes, len);
    return 2 + sign + len;
}

// RFC 5480, Ecdsa-Sig-Value. With 384 bits its length is one byte still.
#define ORDER_MAX 48u
#define DER_MAX   (2 + 2 * (2 + 1 + ORDER_MAX))

static size_t put_signature(uint8_t der[DER_MAX], const uint8_t *raw, size_t order)
{
    size_t len = put_integer(der + 2, raw, order);
    len += put_integer(der + 2 + len, raw + order, order);
    der[0] = 0x30;
    der[1] = (uint8_t)len;
    return 2 + len;
}

// A hash that is longer than the order of the curve is cut (FIPS 186-5 6.4.1): secure elements take no more.
static int foreign_sign(mbedtls_pk_context *pk, mbedtls_md_type_t md, const unsigned char *hash,
                        size_t hash_len, unsigned char *der, size_t size, size_t *der_len,
                        int (*rng)(void *, unsigned char *, size_t), void *rng_ctx)
{
    const struct tls_identity *identity = pk->MBEDTLS_PRIVATE(pk_ctx);
    uint8_t raw[2 * ORDER_MAX];
    size_t order = (identity->bits + 7) / 8, len = 0;
    (void)md;
    (void)rng;
    (void)rng_ctx;
    if (identity->given.sign(identity->given.ctx, hash, hash_len < order ? hash_len : order, raw, sizeof raw,
                             &len) != 0 ||
        len != 2 * order) {
        identity->client->stepping->sign_failed = true;
        return MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE;
    }
    if (size < DER_MAX)
        return MBEDTLS_ERR_PK_BUFFER_TOO_SMALL;
    *der_len = put_signature(der, raw, order);
    return 0;
}

static const mbedtls_pk_info_t foreign = {
    .type = MBEDTLS_PK_ECDSA,
    .name = "ECDSA elsewhere",
    .get_bitlen = foreign_bits,
    .can_do = foreign_can_do,
    .sign_func = foreign_sign,
};

static int use_foreign(struct tls_identity *identity)
{
    identity->bits = mbedtls_pk_get_bitlen(&identity->chain.pk);
    if (!mbedtls_pk_can_do(&identity->chain.pk, MBEDTLS_PK_ECDSA) || identity->bits > 384)
        return refuse("a function signs for keys on P-256 and P-384 only");
    identity->key.MBEDTLS_PRIVATE(pk_info) = &foreign;
    identity->key.MBEDTLS_PRIVATE(pk_ctx) = identity;
    return 0;
}

static int use_held_key(mbedtls_pk_context *key, uint32_t id)
{
    return mbedtls_pk_setup_opaque(key, id) == 0 ? 0 : refuse("PSA has no such key pair");
}

// --- All of it

// Of a key that is held elsewhere this cannot be told.
static int check_pair(const struct tls_identity *identity)
{
    int code = mbedtls_pk_check_pair(&identity->chain.pk, &identity->key, mbedtls_psa_get_random,
                                     MBEDTLS_PSA_RANDOM_STATE);
    if (code == 0 || code == MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE)
        return 0;
    return refuse("the client's key is not the one of its certificate");
}

static int use_key(struct tls_identity *identity)
{
    const picket_identity_t *given = &identity->given;
    if (given->sign != NULL)
        return use_foreign(identity);
    return given->key_id != 0 ? use_held_key(&identity->key, given->key_id) : load_key(&identity->key, given);
}

static int load(struct tls_identity *identity)
{
    int error = load_chain(&identity->chain, &identity->given);
    if (error == 0)
        error = use_key(identity);
    return error == 0 ? check_pair(identity) : error;
}

typedef struct order {
    tls_client_t *client;
    const picket_identity_t *given;
} order_t;

static int use(void *arg)
{
    const order_t *order = arg;
    tls_client_t *client = order->client;
    struct tls_identity *identity = picket_arena_calloc(1, sizeof *identity);
    if (identity == NULL)
        return PICKET_ERR_NO_MEMORY;
    mbedtls_x509_crt_init(&identity->chain);
    mbedtls_pk_init(&identity->key);
    identity->client = client;
    identity->given = *order->given;
    int error = load(identity);
    if (error == 0 && mbedtls_ssl_conf_own_cert(&client->conf, &identity->chain, &identity->key) != 0)
        error = PICKET_ERR_NO_MEMORY;
    client->identity = identity;
    if (error != 0)
        tls_identity_free(client);
    else
        tls_session_drop_all(client); // in a resumed one nobody is asked
    return error;
}

void tls_identity_free(tls_client_t *client)
{
    struct tls_identity *identity = client->identity;
    if (identity == NULL)
        return;
    mbedtls_pk_free(&identity->key);
    mbedtls_x509_crt_free(&identity->chain);
    arena_free_wiped(identity, sizeof *identity);
    client->identity = NULL;
}

// A copy that owns nothing: what it points to is the client's.
const mbedtls_ssl_config *tls_identity_config(tls_client_t *client, bool anonymous)
{
    struct tls_identity *identity = client->identity;
    if (!anonymous || identity == NULL)
        return &client->conf;
    identity->bare = client->conf;
    identity->bare.MBEDTLS_PRIVATE(key_cert) = NULL;
    return &identity->bare;
}

const uint8_t *tls_identity_cert(const tls_client_t *client, unsigned i, size_t *len)
{
    const mbedtls_x509_crt *crt = client->identity != NULL ? &client->identity->chain : NULL;
    while (crt != NULL && i-- > 0)
        crt = crt->next;
    *len = crt != NULL ? crt->raw.len : 0;
    return crt != NULL ? crt->raw.p : NULL;
}

static bool is_complete(const picket_identity_t *given)
{
    int keys = (given->key != NULL) + (given->key_id != 0) + (given->sign != NULL);
    return given->cert != NULL && keys == 1;
}

int tls_identity_use(tls_client_t *client, const picket_identity_t *given)
{
    uint32_t failures = arena_failures();
    if (!is_complete(given))
        return PICKET_ERR_ARG;
    if (client->identity != NULL || tls_busy(client))
        return PICKET_ERR_BUSY;
    why_not = "";
    int error = tls_stack_call(use, &(order_t){client, given});
    return error != 0 && arena_failures() != failures ? PICKET_ERR_NO_MEMORY : error;
}

#else

int tls_identity_use(tls_client_t *client, const picket_identity_t *given)
{
    (void)client;
    (void)given;
    why_not = "this was built without client certificates (PICKET_CLIENT_CERT)";
    return PICKET_ERR_IDENTITY;
}

const mbedtls_ssl_config *tls_identity_config(tls_client_t *client, bool anonymous)
{
    (void)anonymous;
    return &client->conf;
}

void tls_identity_free(tls_client_t *client)
{
    (void)client;
}

const uint8_t *tls_identity_cert(const tls_client_t *client, unsigned i, size_t *len)
{
    (void)client;
    (void)i;
    *len = 0;
    return NULL;
}

#endif

#if PICKET_NO_SIGNING
#if PICKET_CLIENT_CERT
#error "client certificates are turned on by CMake's PICKET_CLIENT_CERT, which also decides what is linked"
#endif

// What the calls that need a private key are led to (cmake/third_party.cmake): the same answer to all, an error to each.
#define NEVER(name)                     \
    int __wrap_##name(void);            \
    int __wrap_##name(void)             \
    {                                   \
        return PSA_ERROR_NOT_SUPPORTED; \
    }
NEVER(mbedtls_ecdsa_raw_to_der)
NEVER(mbedtls_ecdsa_sign)
NEVER(mbedtls_pk_psa_rsa_sign_ext)
NEVER(mbedtls_pk_sign)
NEVER(mbedtls_pk_sign_ext)
NEVER(mbedtls_pk_sign_restartable)
NEVER(mbedtls_psa_ecdsa_sign_hash)
NEVER(mbedtls_psa_rsa_sign_hash)
NEVER(mbedtls_rsa_check_pub_priv)
NEVER(mbedtls_rsa_complete)
NEVER(mbedtls_rsa_deduce_crt)
NEVER(mbedtls_rsa_deduce_primes)
NEVER(mbedtls_rsa_deduce_private_exponent)
NEVER(mbedtls_rsa_parse_key)
NEVER(mbedtls_rsa_pkcs1_decrypt)
NEVER(mbedtls_rsa_pkcs1_encrypt)
NEVER(mbedtls_rsa_pkcs1_sign)
NEVER(mbedtls_rsa_rsassa_pss_sign)
NEVER(mbedtls_rsa_write_key)
NEVER(psa_asymmetric_decrypt)
NEVER(psa_asymmetric_encrypt)
NEVER(psa_sign_hash)
#endif

int picket_identity_use(picket_t *client, const picket_identity_t *identity)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (state == NULL)
        return error;
    if (identity == NULL)
        return PICKET_ERR_ARG;
    (void)keep_drop_all(&state->keep); // on those nobody is asked
    return tls_identity_use(state->env.tls, identity);
}
