#include "tls.h"

#include <limits.h>
#include <string.h>

#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <psa/crypto.h>

#include "arena.h"
#include "clock.h"
#include "entropy.h"
#include "text.h"
#include "tls_checks.h"
#include "tls_identity.h"
#include "tls_private.h"
#include "tls_stack.h"

// Without its own curves Mbed TLS 3.6 has one byte for it, unless the configuration says otherwise.
#ifdef MBEDTLS_SSL_PROTO_TLS1_2
_Static_assert(MBEDTLS_PREMASTER_SIZE >= 48, "the shared secret of P-384 has no room in TLS 1.2");
#endif

// ECDHE with AEAD only. ChaCha20-Poly1305 first: on a core without an AES engine it is four times as fast and
// constant in time without tables.
static const int suites[] = {
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

// X25519 first: the most servers take it without a second round trip. In TLS 1.2 the list also says which
// curves a certificate's key may have.
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
#if PICKET_P521
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
#endif
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

static const uint16_t signatures[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
#if PICKET_P521
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
#endif
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_NONE,
};

// --- The client

// What verification stands on. Done again for each connection, since there are applications that are shown the
// configuration (tls_context.h) and could have written into it.
static void configure(tls_client_t *client)
{
    mbedtls_ssl_config *conf = &client->conf;
    uint16_t min = client->config->tls_min, max = client->config->tls_max;
    mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_cb(conf, tls_verify_find_issuer, client);
    mbedtls_ssl_conf_verify(conf, NULL, NULL);
    mbedtls_ssl_conf_cert_profile(conf, &mbedtls_x509_crt_profile_default);
    mbedtls_ssl_conf_min_tls_version(conf, (mbedtls_ssl_protocol_version)(min != 0 ? min : PICKET_TLS_1_2));
    mbedtls_ssl_conf_max_tls_version(conf, (mbedtls_ssl_protocol_version)(max != 0 ? max : PICKET_TLS_1_3));
    mbedtls_ssl_conf_rng(conf, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_ciphersuites(conf, suites);
    mbedtls_ssl_conf_groups(conf, groups);
    mbedtls_ssl_conf_sig_algs(conf, signatures);
    mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
}

static int make_config(tls_client_t *client)
{
    if (mbedtls_ssl_config_defaults(&client->conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return PICKET_ERR_NO_MEMORY;
    configure(client);
    return 0;
}

// --- Several clients, with a store and sessions of their own each, share PSA and the stack of TLS

static unsigned clients;

static int start_psa(void)
{
    uint32_t failures = arena_failures();
    if (psa_crypto_init() == PSA_SUCCESS)
        return 0;
    return arena_failures() != failures ? PICKET_ERR_NO_MEMORY : PICKET_ERR_NO_ENTROPY;
}

static int start(void *arg)
{
    (void)arg;
    return start_psa();
}

static int stop(void *arg)
{
    tls_client_t *client = arg;
    mbedtls_ssl_config_free(&client->conf);
    tls_identity_free(client);
    if (clients == 0)
        mbedtls_psa_crypto_free();
    return 0;
}

static int start_first(const picket_port_t *port)
{
    if (clients++ > 0)
        return 0;
    int error = tls_stack_start(port);
    return error != 0 ? error : tls_stack_call(start, NULL);
}

int tls_client_new(const picket_config_t *config, tls_client_t **out)
{
    tls_client_t *client = picket_arena_calloc(1, sizeof *client);
    if (client == NULL)
        return PICKET_ERR_NO_MEMORY;
    client->config = config;
    mbedtls_ssl_config_init(&client->conf);
    int error = start_first(config->port);
    if (error == 0)
        error = make_config(client);
    if (error == 0 && config->identity != NULL)
        error = tls_identity_use(client, config->identity);
    if (error != 0) {
        tls_client_free(client);
        return error;
    }
    *out = client;
    return 0;
}

void tls_client_free(tls_client_t *client)
{
    if (client == NULL)
        return;
    tls_session_drop_all(client);
    clients--;
    // Mbed TLS must not outlive the arena: for the next client it would be running already.
    if (tls_stack_call(stop, client) == PICKET_ERR_STACK)
        (void)stop(client);
    if (clients == 0)
        tls_stack_stop();
    arena_free_wiped(client, sizeof *client);
}

// --- What Mbed TLS calls

// What lies in the record buffer already lies where it is asked for, unless Mbed TLS has come to want less, or elsewhere.
static int take_record(tls_t *tls, unsigned char *buf, size_t len)
{
    size_t n;
    const uint8_t *bytes = bufq_front(&tls->record, &n);
    if (n > len)
        n = len;
    if (bytes != buf)
        memmove(buf, bytes, n);
    bufq_taken(&tls->record, n);
    return (int)n;
}

static int take_input(void *ctx, unsigned char *buf, size_t len)
{
    tls_t *tls = ctx;
    if (len > INT_MAX)
        len = INT_MAX;
    if (!bufq_empty(&tls->record))
        return take_record(tls, buf, len);
    if (!bufq_empty(&tls->in))
        return (int)bufq_get(&tls->in, buf, len);
    tls->record = (bufq_t){.data = buf, .cap = len};
    tls->starved = !tls->in_ended;
    return tls->in_ended ? MBEDTLS_ERR_SSL_CONN_EOF : MBEDTLS_ERR_SSL_WANT_READ;
}

static int give_output(void *ctx, const unsigned char *buf, size_t len)
{
    tls_t *tls = ctx;
    size_t n = bufq_put(&tls->out, buf, len < INT_MAX ? len : INT_MAX);
    return n == 0 ? MBEDTLS_ERR_SSL_WANT_WRITE : (int)n;
}

// The labels of the NSS key log format.
static const char *key_label(mbedtls_ssl_key_export_type type)
{
    switch (type) {
    case MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET: return "CLIENT_RANDOM ";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_HANDSHAKE_TRAFFIC_SECRET:
        return "CLIENT_HANDSHAKE_TRAFFIC_SECRET ";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_HANDSHAKE_TRAFFIC_SECRET:
        return "SERVER_HANDSHAKE_TRAFFIC_SECRET ";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_CLIENT_APPLICATION_TRAFFIC_SECRET: return "CLIENT_TRAFFIC_SECRET_0 ";
    case MBEDTLS_SSL_KEY_EXPORT_TLS1_3_SERVER_APPLICATION_TRAFFIC_SECRET: return "SERVER_TRAFFIC_SECRET_0 ";
    default: return NULL;
    }
}

static void log_key(void *ctx, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t len,
                    const unsigned char client_random[32], const unsigned char server_random[32],
                    mbedtls_tls_prf_types prf)
{
    const picket_config_t *config = ctx;
    const char *label = key_label(type);
    char line[240];
    (void)server_random;
    (void)prf;
    if (label == NULL)
        return;
    text_t text = text_in(line, sizeof line);
    text_str(&text, label);
    text_hex(&text, client_random, 32);
    text_str(&text, " ");
    text_hex(&text, secret, len);
    config->keylog(config->ctx, line);
    mbedtls_platform_zeroize(line, sizeof line);
}

// --- A connection

static bool make_queue(bufq_t *q)
{
    q->data = picket_arena_calloc(1, PICKET_TLS_QUEUE);
    q->cap = PICKET_TLS_QUEUE;
    return q->data != NULL;
}

// In a resumed session nobody is asked for a certificate: those with one and those without are not mixed.
static bool has_sessions(const tls_t *tls)
{
    return !tls->peer.anonymous || tls->client->identity == NULL;
}

// An IP literal is never sent as SNI (RFC 6066 section 3), and Mbed TLS would match it against DNS wildcards:
// its own name check is left out for literals. tls_verify.c checks every name, literal or not.
static int set_up(tls_t *tls, void *arg)
{
    const picket_config_t *config = tls->client->config;
    (void)arg;
    if (!make_queue(&tls->in) || !make_queue(&tls->out))
        return PICKET_ERR_NO_MEMORY;
    configure(tls->client);
    if (mbedtls_ssl_setup(&tls->ssl, tls_identity_config(tls->client, tls->peer.anonymous)) != 0)
        return PICKET_ERR_NO_MEMORY;
    if (mbedtls_ssl_set_hostname(&tls->ssl, tls->peer.literal != NULL ? NULL : tls->peer.host) != 0)
        return PICKET_ERR_NO_MEMORY;
    mbedtls_ssl_set_verify(&tls->ssl, tls_verify_certificate, tls);
    mbedtls_ssl_set_bio(&tls->ssl, tls, give_output, take_input, NULL);
    if (config->keylog != NULL)
        mbedtls_ssl_set_export_keys_cb(&tls->ssl, log_key, (void *)(uintptr_t)config);
    tls->offered = has_sessions(tls) && tls_session_offer(tls);
    return 0;
}

static int may_start(const tls_client_t *client)
{
    const picket_trust_t *trust = client->config->trust;
    if (trust == NULL || ((trust->anchors == NULL || trust->count == 0) && !trust_has_pins(trust)))
        return PICKET_ERR_NO_TRUST;
    if (!clock_known())
        return PICKET_ERR_NO_TIME;
    if (tls_stack_too_small())
        return PICKET_ERR_STACK;
    return entropy_failed() ? PICKET_ERR_NO_ENTROPY : 0;
}

int tls_new(tls_client_t *client, const tls_peer_t *peer, tls_t **out)
{
    int error = may_start(client);
    if (error != 0)
        return error;
    tls_t *tls = picket_arena_calloc(1, sizeof *tls);
    if (tls == NULL)
        return PICKET_ERR_NO_MEMORY;
    tls->client = client;
    tls->peer = *peer;
    tls->alert = -1;
    tls->checks = TLS_CHECKS;
    mbedtls_ssl_init(&tls->ssl);
    error = tls_step(tls, set_up, NULL);
    if (error != 0) {
        tls_free(tls);
        return error;
    }
    *out = tls;
    return 0;
}

void tls_free(tls_t *tls)
{
    if (tls == NULL)
        return;
    tls_step_cancel(tls);
    if (tls->leaked)
        return;
    mbedtls_ssl_free(&tls->ssl);
    picket_arena_free(tls->in.data);
    picket_arena_free(tls->out.data);
    arena_free_wiped(tls, sizeof *tls);
}

// --- Handshake

// The chain has been checked, and nobody looks at it again: neither Mbed TLS, since a client does not
// renegotiate, nor a resumed session.
static void forget_chain(tls_t *tls)
{
    mbedtls_ssl_session *session = tls->ssl.MBEDTLS_PRIVATE(session);
    if (session == NULL || session->MBEDTLS_PRIVATE(peer_cert) == NULL)
        return;
    mbedtls_x509_crt_free(session->MBEDTLS_PRIVATE(peer_cert));
    picket_arena_free(session->MBEDTLS_PRIVATE(peer_cert));
    session->MBEDTLS_PRIVATE(peer_cert) = NULL;
}

// A handshake without a certificate check is a resumed one, and nothing else: the check is Picket's own, so
// that no path through the library can leave it out.
static int accept_server(tls_t *tls)
{
    if (!tls->checked && !tls->offered)
        return PICKET_ERR_INTERNAL;
    if (mbedtls_ssl_get_verify_result(&tls->ssl) != 0)
        return PICKET_ERR_INTERNAL;
    if (tls->checked)
        tls->verified_ms = clock_unix_ms();
    forget_chain(tls);
    if (has_sessions(tls))
        tls_session_keep(tls);
    tls->handshaken = true; // last: the step is over then
    return 1;
}

// RFC 8446 4.2.3, 4.4.3: in TLS 1.3 no PKCS#1 v1.5, and the scheme says which curve the key has. Mbed TLS
// takes whatever was offered, and for certificates more is. The message lies where it was read: a header of
// four bytes, the scheme.
static bool signed_as_it_must_be(const tls_t *tls)
{
    const unsigned char *msg = tls->ssl.MBEDTLS_PRIVATE(in_msg);
    size_t bits = tls->key_bits;
    switch (msg[4] << 8 | msg[5]) {
    case MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256: return bits == 256;
    case MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384: return bits == 384;
    case MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512: return bits == 521;
    case MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256:
    case MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384:
    case MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512: return false;
    default: return true;
    }
}

static int handshake_op(tls_t *tls, void *arg)
{
    (void)arg;
    bool verify = mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_3 &&
                  tls->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CERTIFICATE_VERIFY;
    bool request = tls->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CERTIFICATE_REQUEST;
    int code = mbedtls_ssl_handshake_step(&tls->ssl);
    if (code == 0)
        tls_group_note(tls);
    if (code == 0 && request && tls->ssl.MBEDTLS_PRIVATE(in_msg)[0] == MBEDTLS_SSL_HS_CERTIFICATE_REQUEST)
        tls->asked = true;
    if (code == 0 && verify && tls->ssl.MBEDTLS_PRIVATE(state) != MBEDTLS_SSL_CERTIFICATE_VERIFY &&
        !signed_as_it_must_be(tls)) {
        (void)mbedtls_ssl_send_alert_message(&tls->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                             MBEDTLS_SSL_ALERT_MSG_ILLEGAL_PARAMETER);
        return tls_error_from(tls, MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER);
    }
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return PICKET_AGAIN;
    if (code != 0)
        return tls_error_from(tls, code);
    return mbedtls_ssl_is_handshake_over(&tls->ssl) ? accept_server(tls) : 0;
}

int tls_handshake(tls_t *tls, const deadline_t *until)
{
    tls->until = *until;
    if (tls->handshaken && tls->error == 0)
        return 1;
    // An error is there already when another connection had to wait for the step (tls_step_wait).
    int result = tls->error != 0 ? tls->error : tls_step_pausing(tls, handshake_op);
    if (result < 0 && result != PICKET_AGAIN && tls->offered)
        tls_session_drop(tls);
    return result;
}

void tls_cancel(tls_client_t *client)
{
    tls_t *paused = tls_step_paused();
    if (paused != NULL && paused->client == client)
        tls_step_cancel(paused);
}

bool tls_stirred(tls_client_t *client)
{
    bool stirred = client->stirred;
    client->stirred = false;
    return stirred;
}

bool tls_may_retry(const tls_t *tls)
{
    return tls->offered && !tls->checked && !tls->handshaken &&
           (tls->error == PICKET_ERR_TLS_VERSION || tls->error == PICKET_ERR_TLS_PROTOCOL ||
            tls->error == PICKET_ERR_ALERT);
}

// --- Data

typedef struct span {
    void *data;
    const void *cdata;
    size_t len;
} span_t;

static void keep_ticket(tls_t *tls)
{
    tls->ticket = true;
    if (has_sessions(tls))
        tls_session_keep(tls);
}

// 0 of mbedtls_ssl_read is not the end but an empty record (the end is close_notify, and take_input never
// returns 0).
static int read_op(tls_t *tls, void *arg)
{
    span_t *span = arg;
    int n;
    do {
        n = mbedtls_ssl_read(&tls->ssl, span->data, span->len);
        if (n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            keep_ticket(tls);
    } while (!tls->in_ended && !tls->starved && (n == 0 || n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET));
    if (n > 0)
        return n;
    if (n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        tls->closed = true;
        return 0;
    }
    if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE ||
        n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        return PICKET_AGAIN;
    return tls_error_from(tls, n == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : n);
}

int tls_read(tls_t *tls, void *buf, size_t len)
{
    if (tls->error != 0)
        return tls->error;
    if (tls->closed)
        return 0;
    return tls_step(tls, read_op, &(span_t){.data = buf, .len = len < INT_MAX ? len : INT_MAX});
}

// A record (of data, or an alert) may wait inside Mbed TLS for room in the out queue. mbedtls_ssl_write would
// move it on and take no data, although it says that it has; so it is moved on first, by a call that does
// nothing else while there is one.
static int flush_op(tls_t *tls, void *arg)
{
    (void)arg;
    if (tls->ssl.MBEDTLS_PRIVATE(out_left) == 0)
        return 1;
    int code = mbedtls_ssl_close_notify(&tls->ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
        return PICKET_AGAIN;
    return code != 0 ? tls_error_from(tls, code) : 1;
}

int tls_flush(tls_t *tls)
{
    if (tls->error != 0)
        return tls->error;
    return tls->handshaken ? tls_step(tls, flush_op, NULL) : 1;
}

// A ticket of which a part has been read is read to its end before anything is written.
static int write_op(tls_t *tls, void *arg)
{
    const span_t *span = arg;
    int n;
    while ((n = mbedtls_ssl_write(&tls->ssl, span->cdata, span->len)) ==
           MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        keep_ticket(tls);
    if (n == MBEDTLS_ERR_SSL_WANT_WRITE)
        return (int)span->len; // encrypted, and will be sent whatever comes: it counts as written
    if (n == MBEDTLS_ERR_SSL_WANT_READ)
        return PICKET_AGAIN;
    return n < 0 ? tls_error_from(tls, n) : n;
}

int tls_write(tls_t *tls, const void *data, size_t len)
{
    if (tls->error != 0)
        return tls->error;
    int flushed = tls_flush(tls);
    if (flushed < 0)
        return flushed;
    int max = mbedtls_ssl_get_max_out_record_payload(&tls->ssl);
    if (max <= 0)
        return tls->error = PICKET_ERR_INTERNAL;
    return tls_step(tls, write_op, &(span_t){.cdata = data, .len = len < (size_t)max ? len : (size_t)max});
}

static int finish_op(tls_t *tls, void *arg)
{
    (void)arg;
    int code = mbedtls_ssl_close_notify(&tls->ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_WRITE || code == MBEDTLS_ERR_SSL_WANT_READ)
        return PICKET_AGAIN;
    return code != 0 ? tls_error_from(tls, code) : 1;
}

int tls_finish(tls_t *tls)
{
    if (tls->error != 0 || !tls->handshaken)
        return tls->error != 0 ? tls->error : PICKET_ERR_CLOSED;
    if (tls->notified)
        return 1;
    tls_step_wait(tls->client);
    int result = tls_flush(tls);
    if (result == 1)
        result = tls_step(tls, finish_op, NULL);
    tls->notified = result == 1;
    return result;
}

// --- Queues

bool tls_wants_input(const tls_t *tls)
{
    return bufq_empty(&tls->in) && bufq_empty(&tls->record) && !tls->in_ended;
}

// As long as nothing has been done since Mbed TLS asked, its place stands. Of what is short more may come than it asks for.
static bufq_t *in_queue(tls_t *tls)
{
    return tls->starved && tls->record.cap > tls->in.cap ? &tls->record : &tls->in;
}

uint8_t *tls_in_space(tls_t *tls, size_t *room)
{
    return bufq_space(in_queue(tls), room);
}

static void remember_first(tls_t *tls, size_t n)
{
    size_t waiting;
    const uint8_t *bytes = bufq_front(in_queue(tls), &waiting);
    for (size_t i = waiting - n; i < waiting && tls->first_len < sizeof tls->first; i++)
        tls->first[tls->first_len++] = bytes[i];
}

void tls_in_added(tls_t *tls, size_t n)
{
    bufq_added(in_queue(tls), n);
    if (tls->first_len < sizeof tls->first)
        remember_first(tls, n);
}

void tls_in_end(tls_t *tls, int error)
{
    tls->in_ended = true;
    tls->in_error = error;
}

bool tls_inside_record(const tls_t *tls)
{
    return tls->ssl.MBEDTLS_PRIVATE(in_left) != 0;
}

bool tls_has_more_output(const tls_t *tls)
{
    return tls->ssl.MBEDTLS_PRIVATE(out_left) != 0;
}

const uint8_t *tls_out_front(const tls_t *tls, size_t *len)
{
    return bufq_front(&tls->out, len);
}

void tls_out_taken(tls_t *tls, size_t n)
{
    bufq_taken(&tls->out, n);
}

// --- Details

void tls_describe(const tls_t *tls, picket_detail_t *detail)
{
    if (tls->handshaken) {
        detail->tls_version = (uint16_t)mbedtls_ssl_get_version_number(&tls->ssl);
        detail->tls_suite = (uint16_t)mbedtls_ssl_get_ciphersuite_id_from_ssl(&tls->ssl);
        detail->tls_group = tls->group;
        detail->resumed = tls->offered && !tls->checked;
    }
    detail->chain_len = tls->chain_len;
    detail->alert = tls->alert;
    detail->verify_flags = tls->flags;
    detail->library_code = tls->code;
    if (tls->text[0] != '\0')
        memcpy(detail->text, tls->text, sizeof detail->text);
}
