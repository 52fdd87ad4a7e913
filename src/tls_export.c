// tls_export.c: the sessions that are kept, as bytes that outlive a restart (picket/session.h). Numbers are big-endian.
//
//    0   4  "PKTS"
//    4   1  FORMAT
//    5   1  number of sessions
//    6   2  length of all of it
//    8  32  what they are bound to (bind)
//   40      the sessions: 2 length of what Mbed TLS saved, 2 port, 1 length of the host, 8 kept, 8 verified, 7 valid to, then
//           the host and what Mbed TLS saved
//    -  32  SHA-256 of all that stands before it

#include "picket/session.h"

#include <string.h>

#include <mbedtls/platform_util.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#include <psa/crypto.h>

#include "arena.h"
#include "client.h"
#include "clock.h"
#include "tls_identity.h"
#include "tls_private.h"
#include "tls_stack.h"
#include "url.h"

#define FORMAT      1u
#define HASH        32u
#define HEAD        (8u + HASH)
#define RECORD_HEAD 28u

_Static_assert(PICKET_SESSION_EXPORT_MAX ==
                   HEAD + HASH + PICKET_SESSIONS * (RECORD_HEAD + PICKET_HOST_MAX + PICKET_SESSION_MAX),
               "session.h says how many bytes are enough");
_Static_assert(PICKET_SESSION_EXPORT_MAX <= UINT16_MAX, "the length has two bytes");
_Static_assert(PICKET_SESSIONS <= UINT8_MAX, "the number of sessions has one byte");

static const uint8_t magic[4] = {'P', 'K', 'T', 'S'};

static uint8_t *put(uint8_t *at, uint64_t n, unsigned bytes)
{
    while (bytes-- > 0)
        *at++ = (uint8_t)(n >> 8 * bytes);
    return at;
}

static uint64_t get(const uint8_t **at, unsigned bytes)
{
    uint64_t n = 0;
    while (bytes-- > 0)
        n = n << 8 | *(*at)++;
    return n;
}

// --- What they are bound to

static void hash(psa_hash_operation_t *op, const void *bytes, size_t len, psa_status_t *status)
{
    if (*status == PSA_SUCCESS && len > 0)
        *status = psa_hash_update(op, bytes, len);
}

// A number, so that what follows cannot be taken for something else.
static void hash_number(psa_hash_operation_t *op, uint32_t n, psa_status_t *status)
{
    uint8_t bytes[4];
    (void)put(bytes, n, 4);
    hash(op, bytes, sizeof bytes, status);
}

static void hash_part(psa_hash_operation_t *op, const void *bytes, size_t len, psa_status_t *status)
{
    hash_number(op, (uint32_t)len, status);
    hash(op, bytes, len, status);
}

static void hash_anchor(psa_hash_operation_t *op, const picket_anchor_t *anchor, psa_status_t *status)
{
    hash_number(op, anchor->name_len, status);
    hash_number(op, anchor->not_before, status);
    hash_number(op, anchor->not_after, status);
    hash_number(op, anchor->distrust_after, status);
    hash_part(op, anchor->der, anchor->der_len, status);
}

static void hash_trust(psa_hash_operation_t *op, const picket_trust_t *trust, psa_status_t *status)
{
    size_t anchors = trust != NULL && trust->anchors != NULL ? trust->count : 0;
    size_t pins = trust != NULL && trust_has_pins(trust) ? trust->pin_count : 0;
    hash_number(op, (uint32_t)anchors, status);
    for (size_t i = 0; i < anchors; i++)
        hash_anchor(op, &trust->anchors[i], status);
    hash_number(op, (uint32_t)pins, status);
    for (size_t i = 0; i < pins; i++) {
        const picket_pin_t *pin = &trust->pins[i];
        hash(op, pin->sha256, sizeof pin->sha256, status);
        hash_part(op, pin->name, pin->name != NULL ? strlen(pin->name) : 0, status);
    }
}

static void hash_identity(psa_hash_operation_t *op, const tls_client_t *client, psa_status_t *status)
{
    size_t len;
    const uint8_t *cert;
    for (unsigned i = 0; (cert = tls_identity_cert(client, i, &len)) != NULL; i++)
        hash_part(op, cert, len, status);
}

// Another version may verify more strictly, or save otherwise.
static psa_status_t bind(const tls_client_t *client, uint8_t out[HASH])
{
    static const char version[] = PICKET_VERSION " " MBEDTLS_VERSION_STRING;
    psa_hash_operation_t op = PSA_HASH_OPERATION_INIT;
    size_t len;
    psa_status_t status = psa_hash_setup(&op, PSA_ALG_SHA_256);
    hash(&op, version, sizeof version, &status);
    hash_trust(&op, client->config->trust, &status);
    hash_identity(&op, client, &status);
    if (status == PSA_SUCCESS)
        status = psa_hash_finish(&op, out, HASH, &len);
    (void)psa_hash_abort(&op);
    return status;
}

// --- Out

typedef struct outgoing {
    tls_client_t *client;
    uint8_t *buf; // NULL: only count
    size_t room;
} outgoing_t;

static size_t record_len(const tls_session_t *s)
{
    return RECORD_HEAD + strlen(s->host) + s->len;
}

static uint8_t *put_record(uint8_t *at, const tls_session_t *s)
{
    const mbedtls_x509_time *end = &s->valid_to;
    size_t host_len = strlen(s->host);
    at = put(at, s->len, 2);
    at = put(at, s->port, 2);
    at = put(at, host_len, 1);
    at = put(at, (uint64_t)s->kept_ms, 8);
    at = put(at, (uint64_t)s->verified_ms, 8);
    at = put(at, (uint64_t)end->year, 2);
    at = put(at, (uint64_t)end->mon, 1);
    at = put(at, (uint64_t)end->day, 1);
    at = put(at, (uint64_t)end->hour, 1);
    at = put(at, (uint64_t)end->min, 1);
    at = put(at, (uint64_t)end->sec, 1);
    memcpy(at, s->host, host_len);
    memcpy(at + host_len, s->bytes, s->len);
    return at + host_len + s->len;
}

// The latest that is fresh, fits into room, and is not among those that are out already.
static const tls_session_t *next_out(const tls_client_t *client, const bool out[PICKET_SESSIONS], size_t room)
{
    const tls_session_t *best = NULL;
    for (size_t i = 0; i < PICKET_SESSIONS; i++) {
        const tls_session_t *s = &client->sessions[i];
        if (!out[i] && s->bytes != NULL && record_len(s) <= room && tls_session_is_fresh(s) &&
            (best == NULL || s->kept_ms > best->kept_ms))
            best = s;
    }
    return best;
}

static int seal(const tls_client_t *client, uint8_t *buf, size_t total, unsigned count)
{
    size_t len;
    memcpy(buf, magic, sizeof magic);
    uint8_t *at = put(buf + sizeof magic, FORMAT, 1);
    at = put(at, count, 1);
    at = put(at, total, 2);
    psa_status_t status = bind(client, at);
    if (status == PSA_SUCCESS)
        status = psa_hash_compute(PSA_ALG_SHA_256, buf, total - HASH, buf + total - HASH, HASH, &len);
    if (status == PSA_SUCCESS)
        return (int)total;
    mbedtls_platform_zeroize(buf, total);
    return status == PSA_ERROR_INSUFFICIENT_MEMORY ? PICKET_ERR_NO_MEMORY : PICKET_ERR_INTERNAL;
}

static bool has_fresh(const tls_client_t *client)
{
    static const bool none[PICKET_SESSIONS];
    return next_out(client, none, SIZE_MAX) != NULL;
}

static int export(void *arg)
{
    const outgoing_t *job = arg;
    bool out[PICKET_SESSIONS] = {false};
    const tls_session_t *s;
    unsigned count = 0;
    size_t room = job->buf != NULL ? job->room : PICKET_SESSION_EXPORT_MAX, total = HEAD + HASH;
    if (!has_fresh(job->client))
        return 0;
    while (room > total && (s = next_out(job->client, out, room - total)) != NULL) {
        if (job->buf != NULL)
            (void)put_record(job->buf + total - HASH, s);
        total += record_len(s);
        out[s - job->client->sessions] = true;
        count++;
    }
    if (count == 0)
        return PICKET_ERR_ARG;
    return job->buf != NULL ? seal(job->client, job->buf, total, count) : (int)total;
}

int picket_session_export(picket_t *client, void *buf, size_t len)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (state == NULL)
        return error;
    if ((buf == NULL) != (len == 0))
        return PICKET_ERR_ARG;
    if (!clock_known())
        return PICKET_ERR_NO_TIME;
    tls_step_wait(state->env.tls);
    return tls_stack_call(export, &(outgoing_t){state->env.tls, buf, len});
}

// --- In

typedef struct incoming {
    tls_client_t *client;
    const uint8_t *data;
    size_t len; // that may be looked at
} incoming_t;

// 0 when all of it is there, undamaged, and from a client like this one. Nothing else of it has been looked at.
static int check(const incoming_t *job)
{
    uint8_t bound[HASH];
    const uint8_t *at = job->data + sizeof magic;
    if (job->len < HEAD + HASH || memcmp(job->data, magic, sizeof magic) != 0 || get(&at, 1) != FORMAT)
        return PICKET_ERR_SESSION;
    at++;
    size_t total = (size_t)get(&at, 2);
    if (total < HEAD + HASH || total > job->len)
        return PICKET_ERR_SESSION;
    const uint8_t *sum = job->data + total - HASH;
    psa_status_t status = psa_hash_compare(PSA_ALG_SHA_256, job->data, total - HASH, sum, HASH);
    if (status == PSA_SUCCESS)
        status = bind(job->client, bound);
    if (status == PSA_ERROR_INSUFFICIENT_MEMORY)
        return PICKET_ERR_NO_MEMORY;
    return status == PSA_SUCCESS && memcmp(bound, at, HASH) == 0 ? 0 : PICKET_ERR_SESSION;
}

// A record, with its host in the caller's buffer, since it is to end with NUL.
static bool read_record(const uint8_t **at, const uint8_t *end, tls_session_t *s,
                        char host[PICKET_HOST_MAX + 1])
{
    if ((size_t)(end - *at) < RECORD_HEAD)
        return false;
    s->len = (size_t)get(at, 2);
    s->port = (uint16_t)get(at, 2);
    size_t host_len = (size_t)get(at, 1);
    s->kept_ms = (int64_t)get(at, 8);
    s->verified_ms = (int64_t)get(at, 8);
    s->valid_to.year = (int)get(at, 2);
    s->valid_to.mon = (int)get(at, 1);
    s->valid_to.day = (int)get(at, 1);
    s->valid_to.hour = (int)get(at, 1);
    s->valid_to.min = (int)get(at, 1);
    s->valid_to.sec = (int)get(at, 1);
    if (host_len > PICKET_HOST_MAX || s->len == 0 || s->len > PICKET_SESSION_MAX ||
        (size_t)(end - *at) < host_len + s->len)
        return false;
    memcpy(host, *at, host_len);
    host[host_len] = '\0';
    s->host = host;
    s->bytes = (uint8_t *)(uintptr_t)(*at + host_len); // it is only read
    *at += host_len + s->len;
    return true;
}

static bool host_is_valid(const char *host)
{
    picket_address_t address;
    return url_is_host_name(host, strlen(host)) || url_parse_address(host, strlen(host), &address);
}

static bool is_for_host(const mbedtls_ssl_session *session, const char *host)
{
    const char *own = session->MBEDTLS_PRIVATE(hostname);
    return own == NULL || strcmp(own, host) == 0;
}

// Mbed TLS subtracts it from the time of day, whatever it is.
static bool came_in_time(const mbedtls_ssl_session *session)
{
    int64_t came_ms = session->MBEDTLS_PRIVATE(ticket_reception_time);
    return came_ms >= 0 && came_ms <= clock_unix_ms();
}

// TLS 1.2 has an identifier, Mbed TLS trusts its length; TLS 1.3 a ticket and a key as long as its hash.
static bool has_key(const mbedtls_ssl_session *session)
{
    int suite = session->MBEDTLS_PRIVATE(ciphersuite);
    if (mbedtls_ssl_ciphersuite_from_id(suite) == NULL)
        return false;
    if (session->MBEDTLS_PRIVATE(tls_version) != MBEDTLS_SSL_VERSION_TLS1_3)
        return session->MBEDTLS_PRIVATE(id_len) <= sizeof session->MBEDTLS_PRIVATE(id) &&
               session->MBEDTLS_PRIVATE(verify_result) == 0;
    return session->MBEDTLS_PRIVATE(ticket) != NULL && came_in_time(session) &&
           session->MBEDTLS_PRIVATE(resumption_key_len) ==
               (suite == MBEDTLS_TLS1_3_AES_256_GCM_SHA384 ? 48 : 32);
}

// What a client of ours would have saved: Mbed TLS believes what it is given.
static bool is_ours(const mbedtls_ssl_session *session, const char *host)
{
    return session->MBEDTLS_PRIVATE(endpoint) == MBEDTLS_SSL_IS_CLIENT &&
           session->MBEDTLS_PRIVATE(peer_cert) == NULL && has_key(session) && is_for_host(session, host) &&
           tls_session_fits(session, host);
}

static int check_session(const tls_session_t *s)
{
    mbedtls_ssl_session session;
    uint32_t failures = arena_failures();
    mbedtls_ssl_session_init(&session);
    bool good = mbedtls_ssl_session_load(&session, s->bytes, s->len) == 0 && is_ours(&session, s->host);
    mbedtls_ssl_session_free(&session);
    if (arena_failures() != failures)
        return PICKET_ERR_NO_MEMORY;
    return good ? 0 : PICKET_ERR_SESSION;
}

// The clock said both times, the later one not in what is the future now; else it does not count as a damaged one: the
// clock may have been wrong.
static bool is_in_time(const tls_session_t *s)
{
    return clock_believes(s->verified_ms) && clock_believes(s->kept_ms) && s->verified_ms <= s->kept_ms &&
           s->kept_ms <= clock_unix_ms() && tls_session_is_fresh(s);
}

// Look at all of them, or take them. The number of those that are good; or an error.
static int walk(const incoming_t *job, bool take)
{
    char host[PICKET_HOST_MAX + 1];
    tls_session_t s;
    const uint8_t *at = job->data + sizeof magic + 1;
    unsigned count = (unsigned)get(&at, 1);
    const uint8_t *end = job->data + (size_t)get(&at, 2) - HASH;
    int good = 0, error = 0;
    for (at += HASH; count > 0; count--) {
        if (!read_record(&at, end, &s, host) || s.port == 0 || !host_is_valid(host))
            return PICKET_ERR_SESSION;
        if (!is_in_time(&s))
            continue;
        error = take ? 0 : check_session(&s);
        good += take && tls_session_put(job->client, &s, &error);
        if (error != 0)
            return error;
    }
    return at == end ? good : PICKET_ERR_SESSION;
}

static int import(void *arg)
{
    const incoming_t *job = arg;
    int error = check(job);
    if (error == 0)
        error = walk(job, false);
    return error == 0 ? walk(job, true) : error;
}

int picket_session_import(picket_t *client, const void *data, size_t len)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (state == NULL)
        return error;
    if (data == NULL)
        return PICKET_ERR_ARG;
    if (!clock_known())
        return PICKET_ERR_NO_TIME;
    tls_step_wait(state->env.tls);
    return tls_stack_call(import, &(incoming_t){state->env.tls, data, len});
}
