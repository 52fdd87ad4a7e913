#include <string.h>

#include "arena.h"
#include "clock.h"
#include "tls_private.h"
#include "tls_stack.h"

// Sessions are serialised as soon as they come, so that a kept one costs a single block of known size.

static void forget(tls_session_t *s)
{
    if (s->bytes != NULL)
        arena_free_wiped(s->bytes, s->len);
    picket_arena_free(s->host);
    *s = (tls_session_t){0};
}

static bool is_for(const tls_session_t *s, const char *host, uint16_t port)
{
    return s->bytes != NULL && s->port == port && strcmp(s->host, host) == 0;
}

static tls_session_t *find_for(tls_client_t *client, const char *host, uint16_t port)
{
    for (size_t i = 0; i < PICKET_SESSIONS; i++) {
        if (is_for(&client->sessions[i], host, port))
            return &client->sessions[i];
    }
    return NULL;
}

static tls_session_t *find(tls_client_t *client, const tls_peer_t *peer)
{
    return find_for(client, peer->host, peer->port);
}

const tls_session_t *tls_session_of(const tls_t *tls)
{
    return find(tls->client, &tls->peer);
}

static tls_session_t *oldest(tls_client_t *client)
{
    tls_session_t *best = &client->sessions[0];
    for (size_t i = 1; i < PICKET_SESSIONS; i++) {
        tls_session_t *s = &client->sessions[i];
        if (best->bytes != NULL && (s->bytes == NULL || s->kept_ms < best->kept_ms))
            best = s;
    }
    return best;
}

// A clock that went backwards makes a session too old as well; and none outlives the certificates behind it.
bool tls_session_is_fresh(const tls_session_t *s)
{
    int64_t age = clock_unix_ms() - s->verified_ms;
    return age >= 0 && age < (int64_t)PICKET_SESSION_AGE * 1000 && !mbedtls_x509_time_is_past(&s->valid_to);
}

static bool version_allowed(const tls_client_t *client, const mbedtls_ssl_session *session)
{
    int version = (int)session->MBEDTLS_PRIVATE(tls_version);
    return version >= (int)client->conf.MBEDTLS_PRIVATE(min_tls_version) &&
           version <= (int)client->conf.MBEDTLS_PRIVATE(max_tls_version);
}

// What the session's certificate was checked against then holds now: the store and the name are the same by
// construction (one client has one store; find goes by name).
bool tls_session_offer(tls_t *tls)
{
    tls_session_t *s = find(tls->client, &tls->peer);
    if (s == NULL)
        return false;
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    bool offered = tls_session_is_fresh(s) && mbedtls_ssl_session_load(&session, s->bytes, s->len) == 0 &&
                   version_allowed(tls->client, &session) &&
                   mbedtls_ssl_set_session(&tls->ssl, &session) == 0;
    mbedtls_ssl_session_free(&session);
    tls->verified_ms = s->verified_ms;
    tls->valid_to = s->valid_to;
    if (!offered)
        forget(s);
    return offered;
}

static void store(tls_t *tls, const mbedtls_ssl_session *session, size_t len)
{
    uint8_t *bytes = picket_arena_calloc(1, len);
    size_t host_len = strlen(tls->peer.host) + 1;
    char *host = picket_arena_calloc(1, host_len);
    if (bytes == NULL || host == NULL || mbedtls_ssl_session_save(session, bytes, len, &len) != 0) {
        picket_arena_free(host);
        picket_arena_free(bytes);
        return;
    }
    memcpy(host, tls->peer.host, host_len);
    tls_session_t *s = find(tls->client, &tls->peer);
    if (s == NULL)
        s = oldest(tls->client);
    forget(s);
    *s = (tls_session_t){bytes, len, host, tls->peer.port, clock_unix_ms(), tls->verified_ms, tls->valid_to};
}

// A ticket goes into the ClientHello, with a host name, and Mbed TLS sends that as one record.
#define HELLO_WITHOUT 384u

bool tls_session_fits(const mbedtls_ssl_session *session, const char *host)
{
    size_t rest = HELLO_WITHOUT + strlen(host);
    return rest < MBEDTLS_SSL_OUT_CONTENT_LEN &&
           session->MBEDTLS_PRIVATE(ticket_len) <= MBEDTLS_SSL_OUT_CONTENT_LEN - rest;
}

// A TLS 1.3 session is worth keeping once it has a ticket. That there is no memory for it is no failure of
// the connection.
static void keep(tls_t *tls)
{
    mbedtls_ssl_session session;
    size_t len = 0;
    mbedtls_ssl_session_init(&session);
    if (mbedtls_ssl_get_session(&tls->ssl, &session) == 0 && tls_session_fits(&session, tls->peer.host)) {
        (void)mbedtls_ssl_session_save(&session, NULL, 0, &len);
        if (len > 0 && len <= PICKET_SESSION_MAX)
            store(tls, &session, len);
    }
    mbedtls_ssl_session_free(&session);
}

// What has been kept is not needed in the connection any more.
static void forget_ticket(tls_t *tls)
{
    mbedtls_ssl_session *session = tls->ssl.MBEDTLS_PRIVATE(session);
    if (session == NULL)
        return;
    arena_free_wiped(session->MBEDTLS_PRIVATE(ticket), session->MBEDTLS_PRIVATE(ticket_len));
    session->MBEDTLS_PRIVATE(ticket) = NULL;
    session->MBEDTLS_PRIVATE(ticket_len) = 0;
}

// What others fail to allocate meanwhile must not be excused here, so there is no meanwhile.
void tls_session_keep(tls_t *tls)
{
    bool is_1_3 = mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    uint32_t failures = arena_failures();
    tls_stack_hold(true);
    if (!is_1_3 || tls->ticket) {
        keep(tls);
        forget_ticket(tls);
    }
    tls_stack_hold(false);
    tls->excused += arena_failures() - failures;
}

static bool copy(tls_session_t *to, const tls_session_t *from)
{
    size_t host_len = strlen(from->host) + 1;
    *to = *from;
    to->bytes = picket_arena_calloc(1, from->len);
    to->host = picket_arena_calloc(1, host_len);
    if (to->bytes == NULL || to->host == NULL) {
        picket_arena_free(to->bytes);
        picket_arena_free(to->host);
        return false;
    }
    memcpy(to->bytes, from->bytes, from->len);
    memcpy(to->host, from->host, host_len);
    return true;
}

bool tls_session_put(tls_client_t *client, const tls_session_t *s, int *error)
{
    tls_session_t new, *place = find_for(client, s->host, s->port);
    if (place == NULL)
        place = oldest(client);
    if (place->bytes != NULL && place->kept_ms >= s->kept_ms)
        return false;
    if (!copy(&new, s)) {
        *error = PICKET_ERR_NO_MEMORY;
        return false;
    }
    forget(place);
    *place = new;
    return true;
}

void tls_session_drop(tls_t *tls)
{
    tls_session_t *s = find(tls->client, &tls->peer);
    if (s != NULL)
        forget(s);
}

void tls_session_drop_all(tls_client_t *client)
{
    for (size_t i = 0; i < PICKET_SESSIONS; i++)
        forget(&client->sessions[i]);
}
