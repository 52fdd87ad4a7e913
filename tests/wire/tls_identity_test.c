// Client certificates whose key somebody else holds (PSA, a function that signs), and what happens when the memory for
// one ends anywhere. nginx says whether it has seen the certificate.
#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/pk.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>

#include "arena.h"
#include "base64.h"
#include "check.h"
#include "pem.h"
#include "picket/picket.h"
#include "socket_port.h"
#include "tls_server.h"
#include "torture.h"

// Of one more than enough for the identity.
#define ROOM (PICKET_ARENA_SIZE(1) + PICKET_ARENA_IDENTITY)

static const tls_chain_t chains[] = {{"device", "P-256", "P-256", "P-256", 0},
                                     {"device384", "P-384", NULL, "P-384", 0}};
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static _Alignas(8) uint8_t arena[ROOM];
static tls_server_t server;
static picket_trust_t trust;
static picket_t client;
static picket_detail_t detail;
static char page[256];
static char cert[8192], key[4096];
static uint16_t version;
static size_t order; // of the curve of the key, in bytes
static picket_identity_t identity;

// --- A GET

static int init(const picket_identity_t *with)
{
    return picket_init(&client, &(picket_config_t){.keep_ms = PICKET_KEEP_NEVER,
                                                   .trust = &trust,
                                                   .identity = with,
                                                   .arena = arena,
                                                   .arena_len = sizeof arena,
                                                   .port = socket_port(),
                                                   .tls_min = version,
                                                   .tls_max = version});
}

static int get(void)
{
    static char url[64];
    picket_http_t http = {0};
    int n, len = 0;
    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/", server.port);
    picket_http_start(&http, &client, &(picket_request_t){.url = url, .address = &loopback});
    while ((n = picket_http_read_blocking(&http, page + len, sizeof page - 1 - (size_t)len)) > 0)
        len += n;
    page[len] = '\0';
    detail = picket_http_detail(&http);
    picket_http_close(&http);
    return n;
}

// The server checks that whoever shows the certificate has its key; it tells whose it is.
static bool is_seen(void)
{
    return strstr(page, "CN=") != NULL;
}

static void read_files(const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "%s-leaf.pem", name);
    long len = tls_server_read(file, cert, sizeof cert - 1);
    snprintf(file, sizeof file, "%s-leaf.key", name);
    long key_len = tls_server_read(file, key, sizeof key - 1);
    if (len < 0 || key_len < 0)
        abort();
    identity =
        (picket_identity_t){.cert = cert, .cert_len = (size_t)len, .key = key, .key_len = (size_t)key_len};
}

// --- Keys elsewhere

static psa_key_id_t held;

// The key of the file, in PSA: in place of a secure element.
static void hold_key(psa_key_usage_t usage)
{
    static uint8_t der[2048];
    pem_t block;
    size_t len;
    mbedtls_pk_context pk;
    psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
    mbedtls_pk_init(&pk);
    CHECK_INT(pem_next(identity.key, identity.key_len, "PRIVATE KEY", &block), 1);
    CHECK(base64_decode(block.text, block.len, der, &len));
    CHECK_INT(mbedtls_pk_parse_key(&pk, der, len, NULL, 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE),
              0);
    CHECK_INT(mbedtls_pk_get_psa_attributes(&pk, usage, &attributes), 0);
    psa_set_key_algorithm(&attributes, PSA_ALG_ECDSA(PSA_ALG_ANY_HASH));
    CHECK_INT(mbedtls_pk_import_into_psa(&pk, &attributes, &held), 0);
    mbedtls_pk_free(&pk);
}

static struct {
    unsigned calls;
    size_t hash_len, size;
    int result;  // instead of signing, when not 0
    size_t cut;  // bytes of the signature that are missing
    bool broken; // one bit is wrong
} element;

static int sign(void *ctx, const uint8_t *hash, size_t hash_len, uint8_t *signature, size_t size, size_t *len)
{
    CHECK(ctx == &element);
    element.calls++;
    element.hash_len = hash_len;
    element.size = size;
    if (element.result != 0)
        return element.result;
    if (psa_sign_hash(held, PSA_ALG_ECDSA(hash_len == 48 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_256), hash, hash_len,
                      signature, size, len) != PSA_SUCCESS)
        return -1;
    *len -= element.cut;
    signature[7] ^= element.broken;
    return 0;
}

static picket_identity_t by_function(void)
{
    memset(&element, 0, sizeof element);
    return (picket_identity_t){
        .cert = identity.cert, .cert_len = identity.cert_len, .sign = sign, .ctx = &element};
}

// --- Tests

static void shows_a_key_in_memory(void)
{
    CHECK_INT(init(&identity), 0);
    CHECK_INT(get(), 0);
    CHECK(is_seen());
    size_t used, peak;
    picket_memory(&client, &used, &peak);
    fprintf(stderr, "# memory with an identity: %zu, at the most %zu\n", used, peak);
    picket_deinit(&client);
}

static void shows_nothing_without_one(void)
{
    CHECK_INT(init(NULL), 0);
    CHECK_INT(get(), 0);
    CHECK(!is_seen());
    picket_deinit(&client);
}

static void shows_a_key_of_psa(void)
{
    CHECK_INT(init(NULL), 0);
    hold_key(PSA_KEY_USAGE_SIGN_HASH);
    picket_identity_t opaque = {.cert = identity.cert, .cert_len = identity.cert_len, .key_id = held};
    CHECK_INT(picket_identity_use(&client, &opaque), 0);
    CHECK_INT(picket_identity_use(&client, &opaque), PICKET_ERR_BUSY);
    CHECK_INT(get(), 0);
    CHECK(is_seen());
    CHECK_INT(psa_destroy_key(held), PSA_SUCCESS);
    picket_deinit(&client);
}

static void shows_a_key_of_a_function(void)
{
    picket_identity_t with = by_function();
    CHECK_INT(init(&with), 0);
    hold_key(PSA_KEY_USAGE_SIGN_HASH);
    memset(&with, 0, sizeof with); // it has been copied
    CHECK_INT(get(), 0);
    CHECK(is_seen());
    CHECK_INT(element.calls, 1);
    CHECK(element.hash_len == order || element.hash_len == 32); // TLS 1.2 may hash with less
    CHECK(element.size >= 2 * element.hash_len);
    CHECK_INT(get(), 0); // resumed
    CHECK_INT(element.calls, 1);
    CHECK_INT(psa_destroy_key(held), PSA_SUCCESS);
    picket_deinit(&client);
}

static void fail_with(int result, size_t cut, bool broken)
{
    picket_identity_t with = by_function();
    element.result = result;
    element.cut = cut;
    element.broken = broken;
    CHECK_INT(init(&with), 0);
    hold_key(PSA_KEY_USAGE_SIGN_HASH);
    int n = get();
    CHECK(n < 0 && n != PICKET_ERR_NO_MEMORY && n != PICKET_ERR_INTERNAL);
    CHECK(!is_seen());
    CHECK(n == PICKET_ERR_IDENTITY || broken);
    CHECK_INT(psa_destroy_key(held), PSA_SUCCESS);
    picket_deinit(&client);
}

static void says_when_the_function_fails(void)
{
    fail_with(-1, 0, false);
    fail_with(1, 0, false);
    fail_with(0, 1, false);
    fail_with(0, 64, false);
    fail_with(0, 0, true); // the server says so
}

static void wants_what_belongs_together(void)
{
    picket_identity_t with = identity;
    CHECK_INT(init(NULL), 0);
    CHECK_INT(picket_identity_use(&client, NULL), PICKET_ERR_ARG);
    CHECK_INT(picket_identity_use(NULL, &with), PICKET_ERR_ARG);
    with.sign = sign;
    CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_ARG); // two keys
    with.sign = NULL;
    with.key = NULL;
    CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_ARG); // none
    with.key_id = 0x12345678;
    CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_IDENTITY);
    CHECK_STR(picket_identity_why(), "PSA has no such key pair");
    with = identity;
    with.cert = NULL;
    CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_ARG);
    CHECK_INT(picket_identity_use(&client, &identity), 0); // what failed has left nothing
    CHECK_INT(get(), 0);
    CHECK(is_seen());
    picket_deinit(&client);
    CHECK_INT(picket_identity_use(&client, &identity), PICKET_ERR_CLOSED);
}

// Cut anywhere, it is an error, and nothing is left of it.
static void survives_what_is_cut(void)
{
    size_t used;
    CHECK_INT(init(NULL), 0);
    picket_memory(&client, &used, NULL);
    for (size_t len = 0; len < identity.cert_len - 30; len += 7) {
        picket_identity_t with = identity;
        with.cert_len = len;
        CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_IDENTITY);
    }
    for (size_t len = 0; len < identity.key_len - 30; len += 3) {
        picket_identity_t with = identity;
        with.key_len = len;
        CHECK_INT(picket_identity_use(&client, &with), PICKET_ERR_IDENTITY);
    }
    size_t now;
    picket_memory(&client, &now, NULL);
    CHECK(now <= used + 512); // PSA has taken a few things of its own
    picket_deinit(&client);
}

// A session that was made without it would be resumed without it: the server would not ask.
static void is_shown_where_a_session_was_kept(void)
{
    picket_identity_t with = identity;
    REQUIRE_INT(init(NULL), 0);
    CHECK_INT(get(), 0);
    CHECK(!is_seen());
    CHECK_INT(picket_identity_use(&client, &with), 0);
    CHECK_INT(get(), 0);
    CHECK(!detail.resumed && is_seen());
    picket_deinit(&client);
}

// --- Without memory

static bool fail_nth(uint32_t n)
{
    page[0] = '\0';
    picket_identity_t with = identity;
    CHECK_INT(init(NULL), 0);
    uint32_t failures = arena_failures();
    arena_fail_at(n);
    int error = picket_identity_use(&client, &with);
    if (error == 0)
        error = get();
    bool reached = arena_failures() != failures;
    arena_fail_at(0);
    if (error != PICKET_ERR_NO_MEMORY && (error != 0 || !is_seen()))
        FAIL("without allocation %u: %s", (unsigned)n, picket_error_name(error));
    CHECK(arena_check());
    picket_deinit(&client);
    return reached;
}

static void says_when_there_is_no_memory(void)
{
    uint32_t n = 1;
    while (n < 100000 && fail_nth(n))
        n = torture_next(n, n < TORTURE_FIRST ? 1 : 3);
    CHECK(n > 300 && n < 100000);
}

static void says_when_the_arena_is_too_small(void)
{
    for (size_t len = PICKET_ARENA_SIZE(0); len < sizeof arena; len += 1111) {
        int error = picket_init(&client, &(picket_config_t){.keep_ms = PICKET_KEEP_NEVER,
                                                            .trust = &trust,
                                                            .identity = &identity,
                                                            .arena = arena,
                                                            .arena_len = len,
                                                            .port = socket_port(),
                                                            .tls_min = version,
                                                            .tls_max = version});
        if (error == 0)
            error = get();
        CHECK(error == 0 || error == PICKET_ERR_NO_MEMORY);
        picket_deinit(&client);
    }
}

static void run_all(void)
{
    RUN(shows_a_key_in_memory);
    RUN(shows_nothing_without_one);
    RUN(shows_a_key_of_psa);
    RUN(shows_a_key_of_a_function);
    RUN(says_when_the_function_fails);
    RUN(wants_what_belongs_together);
    RUN(survives_what_is_cut);
    RUN(is_shown_where_a_session_was_kept);
    RUN(says_when_there_is_no_memory);
    RUN(says_when_the_arena_is_too_small);
}

int main(void)
{
    if (!tls_chain_make(&chains[0]) || !tls_chain_make(&chains[1]) || !tls_chain_trust(chains, 1, &trust))
        return 1;
    for (size_t i = 0; i < 4; i++) {
        version = i % 2 != 0 ? PICKET_TLS_1_3 : PICKET_TLS_1_2;
        order = i / 2 == 0 ? 32 : 48;
        read_files(chains[i / 2].name);
        if (!tls_server_start(&server,
                              &(tls_server_options_t){.chain = &chains[0],
                                                      .nginx = "return 200 \"$ssl_client_s_dn\";",
                                                      .nginx_tls = "ssl_verify_client optional_no_ca;"}))
            return 1;
        run_all();
        tls_server_stop(&server);
    }
    return check_done();
}
