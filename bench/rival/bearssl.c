// BearSSL, TLS 1.2 only, with a profile of its own as its samples/custom_profile.c has one: what Picket offers, and nothing more.
// What it needs is one block of the heap.
#include <string.h>
#include <time.h>

#include <bearssl.h>

#include "line.h"
#include "phases.h"
#include "rival.h"
#include "rival_memory.h"

enum { DAYS_TO_1970 = 719528, DAY = 86400 };

static struct {
    br_ssl_client_context client;
    br_x509_minimal_context verifier;
    br_ssl_session_parameters session;
    bool has_session, has_moved, ended, name_is_too_long;
    const char *host;
    br_x509_trust_anchor anchor;
    uint8_t name[256], key[512];
    size_t name_len, key_len;
    uint8_t records[BR_SSL_BUFSIZE_MONO]; // for both ways; with less it asks the server for shorter records
} * tls;

// --- The root

static void add_name(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    size_t room = sizeof tls->name - tls->name_len;
    tls->name_is_too_long = tls->name_is_too_long || len > room;
    if (tls->name_is_too_long)
        return;
    memcpy(tls->name + tls->name_len, data, len);
    tls->name_len += len;
}

static uint8_t *keep(const uint8_t *data, size_t len)
{
    uint8_t *to = tls->key + tls->key_len;
    if (len > sizeof tls->key - tls->key_len)
        return NULL;
    memcpy(to, data, len);
    tls->key_len += len;
    return to;
}

static bool keep_key(const br_x509_pkey *key)
{
    br_x509_pkey *to = &tls->anchor.pkey;
    *to = *key;
    if (key->key_type == BR_KEYTYPE_EC)
        return (to->key.ec.q = keep(key->key.ec.q, key->key.ec.qlen)) != NULL;
    to->key.rsa.n = keep(key->key.rsa.n, key->key.rsa.nlen);
    to->key.rsa.e = keep(key->key.rsa.e, key->key.rsa.elen);
    return to->key.rsa.n && to->key.rsa.e;
}

static void to_decoder(void *ctx, const void *data, size_t len)
{
    br_x509_decoder_push(ctx, data, len);
}

// The first certificate of the text.
static void decode(br_x509_decoder_context *decoder, const char *pem, size_t len)
{
    br_pem_decoder_context text;
    br_pem_decoder_init(&text);
    while (len > 0) {
        size_t n = br_pem_decoder_push(&text, pem, len);
        int event = br_pem_decoder_event(&text);
        if (event == BR_PEM_BEGIN_OBJ)
            br_pem_decoder_setdest(&text, to_decoder, decoder);
        else if (event != 0)
            return;
        pem += n;
        len -= n;
    }
}

static bool read_root(const char *pem, size_t len)
{
    br_x509_decoder_context decoder;
    br_x509_decoder_init(&decoder, add_name, NULL);
    decode(&decoder, pem, len);
    const br_x509_pkey *key = br_x509_decoder_get_pkey(&decoder);
    tls->anchor.dn.data = tls->name;
    tls->anchor.dn.len = tls->name_len;
    tls->anchor.flags = BR_X509_TA_CA;
    return key && br_x509_decoder_isCA(&decoder) && !tls->name_is_too_long && keep_key(key);
}

// --- A connection

static void handshake_is_over(void)
{
    br_ssl_session_parameters now;
    br_ssl_engine_get_session_parameters(&tls->client.eng, &now);
    phases.resumed = tls->has_session && now.session_id_len > 0 &&
                     now.session_id_len == tls->session.session_id_len &&
                     memcmp(now.session_id, tls->session.session_id, now.session_id_len) == 0;
    tls->session = now;
    tls->has_session = true;
    phases_pass_to(PHASE_BETWEEN);
    phases_end(now.version, now.cipher_suite);
    rival_connected();
}

static bool give_record(void)
{
    size_t len;
    const unsigned char *from = br_ssl_engine_sendrec_buf(&tls->client.eng, &len);
    size_t n = line_write(from, len);
    if (n > 0)
        br_ssl_engine_sendrec_ack(&tls->client.eng, n);
    return n > 0;
}

static bool take_record(void)
{
    size_t len;
    unsigned char *to = br_ssl_engine_recvrec_buf(&tls->client.eng, &len);
    size_t n = line_read(to, len);
    if (n > 0)
        br_ssl_engine_recvrec_ack(&tls->client.eng, n);
    return n > 0;
}

static bool take_text(void)
{
    size_t len;
    const unsigned char *from = br_ssl_engine_recvapp_buf(&tls->client.eng, &len);
    rival_received(from, len);
    br_ssl_engine_recvapp_ack(&tls->client.eng, len);
    return true;
}

// One record, or what else the engine does next. True: there may be more to do.
static bool step(void)
{
    unsigned state = br_ssl_engine_current_state(&tls->client.eng);
    if (state == BR_SSL_CLOSED) {
        tls->ended = true;
        rival_ended(br_ssl_engine_last_error(&tls->client.eng));
        return false;
    }
    if (!phases.over && (state & BR_SSL_SENDAPP)) {
        handshake_is_over();
        return true;
    }
    return ((state & BR_SSL_SENDREC) && give_record()) || ((state & BR_SSL_RECVAPP) && take_text()) ||
           ((state & BR_SSL_RECVREC) && take_record());
}

static void moved(void)
{
    tls->has_moved = true;
}

bool rival_poll(void)
{
    if (!tls->has_moved || tls->ended)
        return false;
    if (line_is_open() && !phases.running && !phases.over) {
        phases_begin(); // it makes the ClientHello now
        br_ssl_client_reset(&tls->client, tls->host, tls->has_session);
    }
    tls->has_moved = line_is_open() && step();
    if (!tls->has_moved && !tls->ended && line_has_ended()) {
        tls->ended = true;
        rival_ended(-1);
    }
    return tls->has_moved;
}

// By the implementations that it takes by default on this processor.
static void set_profile(br_ssl_client_context *client, br_x509_minimal_context *verifier)
{
    static const uint16_t suites[] = {
        BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,       BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,       BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    };
    br_ssl_engine_context *engine = &client->eng;
    br_ssl_client_zero(client);
    br_ssl_engine_set_versions(engine, BR_TLS12, BR_TLS12);
    br_ssl_engine_set_suites(engine, suites, sizeof suites / sizeof suites[0]);
    br_ssl_engine_set_default_rsavrfy(engine);
    br_ssl_engine_set_default_ecdsa(engine);
    br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
    br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
    br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
    br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
    br_ssl_engine_set_default_chapol(engine);
    br_ssl_engine_set_default_aes_gcm(engine);
    br_x509_minimal_init(verifier, &br_sha256_vtable, &tls->anchor, 1);
    br_x509_minimal_set_rsa(verifier, br_ssl_engine_get_rsavrfy(engine));
    br_x509_minimal_set_ecdsa(verifier, br_ssl_engine_get_ec(engine), br_ssl_engine_get_ecdsa(engine));
    br_x509_minimal_set_hash(verifier, br_sha256_ID, &br_sha256_vtable);
    br_x509_minimal_set_hash(verifier, br_sha384_ID, &br_sha384_vtable);
    br_ssl_engine_set_x509(engine, &verifier->vtable);
}

static void set_time(void)
{
    time_t now = time(NULL);
    br_x509_minimal_set_time(&tls->verifier, (uint32_t)(DAYS_TO_1970 + now / DAY), (uint32_t)(now % DAY));
}

bool rival_open(const char *host, const ip_addr_t *address, uint16_t port)
{
    tls->host = host;
    uint8_t seed[32];
    tls->ended = tls->has_moved = false;
    if (!rival_entropy(seed, sizeof seed))
        return false;
    set_profile(&tls->client, &tls->verifier);
    set_time();
    br_ssl_engine_set_buffer(&tls->client.eng, tls->records, sizeof tls->records, 0);
    br_ssl_engine_inject_entropy(&tls->client.eng, seed, sizeof seed);
    if (tls->has_session)
        br_ssl_engine_set_session_parameters(&tls->client.eng, &tls->session);
    return line_open(address, port, moved);
}

bool rival_send(const void *data, size_t len)
{
    size_t room;
    unsigned char *to = br_ssl_engine_sendapp_buf(&tls->client.eng, &room);
    if (!to || len > room)
        return false;
    memcpy(to, data, len);
    br_ssl_engine_sendapp_ack(&tls->client.eng, len);
    br_ssl_engine_flush(&tls->client.eng, 0);
    return true;
}

void rival_close(void)
{
    tls->ended = true;
    line_close();
}

bool rival_start(const char *ca, size_t len)
{
    tls = rival_calloc(1, sizeof *tls);
    return tls && read_root(ca, len);
}
