// secure.c: the handles of tls.h: a TLS stream in a slot.

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "client.h"
#include "url.h"

// --- Start and close

static uint32_t choose(uint32_t target, uint32_t config, uint32_t standard)
{
    return target != 0 ? target : config != 0 ? config : standard;
}

static bool set_host(secure_t *s, const char *host, bool *is_literal)
{
    size_t len = strlen(host);
    if (len > 0 && host[len - 1] == '.')
        len--; // the root's dot is not part of a certificate's names
    *is_literal = url_parse_address(host, len, &s->literal);
    if (len == 0 || len > PICKET_HOST_MAX || (!*is_literal && !url_is_host_name(host, len)))
        return false;
    memcpy(s->host, host, len);
    return true;
}

static int begin(const exchange_env_t *env, secure_t *s, const picket_tls_target_t *target)
{
    bool is_literal;
    const picket_timeouts_t *t = &target->timeouts, *c = &env->config->timeouts;
    uint32_t now = env->port->millis(env->port->ctx);
    if (!set_host(s, target->host, &is_literal))
        return PICKET_ERR_URL;
    const picket_address_t *literal = is_literal ? &s->literal : NULL;
    s->detail.alert = -1;
    s->timeouts.idle_ms = choose(t->idle_ms, c->idle_ms, PICKET_IDLE_MS);
    uint32_t total_ms = choose(t->total_ms, c->total_ms, 0);
    if (total_ms != 0)
        s->total = deadline_in(now, total_ms);
    stream_start(&s->stream, env->port, env->tls, &(tls_peer_t){s->host, literal, target->port, false},
                 target->address != NULL ? target->address : literal, now,
                 choose(t->connect_ms, c->connect_ms, PICKET_CONNECT_MS));
    return 0;
}

static int start(picket_tls_t *tls, picket_t *client, const picket_tls_target_t *target)
{
    int error;
    struct picket_state *state = client_state(client, &error);
    if (state == NULL)
        return error;
    if (target == NULL || target->host == NULL || target->port == 0)
        return PICKET_ERR_ARG;
    slot_t *slot = client_take_slot(state, &tls->slot);
    if (slot == NULL)
        return PICKET_ERR_NO_SLOT;
    secure_t *s = picket_arena_calloc(1, sizeof *s);
    if (s == NULL && keep_drop_all(&state->keep))
        s = picket_arena_calloc(1, sizeof *s);
    if (s == NULL)
        return PICKET_ERR_NO_MEMORY;
    error = begin(&state->env, s, target);
    if (error != 0) {
        picket_arena_free(s);
        return error;
    }
    s->keep = &state->keep;
    keep_begin(s->keep);
    slot->secure = s;
    tls->generation = slot->generation;
    return 0;
}

int picket_tls_start(picket_tls_t *tls, picket_t *client, const picket_tls_target_t *target)
{
    if (tls == NULL)
        return PICKET_ERR_ARG;
    *tls = (picket_tls_t){.client = client};
    return tls->error = start(tls, client, target);
}

static void stop(secure_t *s, bool cleanly)
{
    stream_stop(&s->stream, cleanly);
    if (s->keep != NULL)
        keep_end(s->keep);
    s->keep = NULL;
}

void secure_free(secure_t *s)
{
    if (s == NULL)
        return;
    stop(s, true);
    picket_arena_free(s);
}

static secure_t *find(const picket_tls_t *tls)
{
    slot_t *slot = tls != NULL ? client_slot(tls->client, tls->slot, tls->generation) : NULL;
    return slot != NULL ? slot->secure : NULL;
}

void picket_tls_close(picket_tls_t *tls)
{
    secure_t *s = find(tls);
    if (tls == NULL)
        return;
    if (s != NULL) {
        tls->client->state->slots[tls->slot].secure = NULL;
        secure_free(s);
    }
    tls->generation = 0;
    if (tls->error == 0)
        tls->error = PICKET_ERR_CLOSED;
}

// --- Going on

int secure_fail(secure_t *s, int error)
{
    if (s->error != 0)
        return s->error;
    error = stream_reason(&s->stream, error);
    stream_describe(&s->stream, &s->detail);
    s->detail.phase = s->stream.phase;
    stop(s, false);
    return s->error = error;
}

uint32_t secure_poll(const exchange_env_t *env, secure_t *s, uint32_t ms)
{
    uint32_t now = env->port->millis(env->port->ctx);
    if (s->error != 0)
        return ms;
    int ready = stream_poll(&s->stream, now);
    if (deadline_passed(&s->total, now))
        ready = PICKET_ERR_TIMEOUT_TOTAL;
    if (stream_is_offline(&s->stream, now) && ready == PICKET_AGAIN)
        ready = PICKET_ERR_LINK;
    if (ready < 0 && ready != PICKET_AGAIN) {
        secure_fail(s, ready);
        return 0;
    }
    ms = deadline_left(&s->total, now, stream_next(&s->stream, now, ms));
    return deadline_passed(&s->idle, now) ? ms : deadline_left(&s->idle, now, ms); // the next write says so
}

static secure_t *use(picket_tls_t *tls, int *error)
{
    secure_t *s = find(tls);
    *error = tls == NULL ? PICKET_ERR_ARG : tls->error;
    if (*error == 0 && s == NULL)
        *error = PICKET_ERR_CLOSED;
    if (*error == 0 && s->error != 0)
        *error = tls->error = s->error;
    return *error == 0 ? s : NULL;
}

static int keep(picket_tls_t *tls, secure_t *s, int result)
{
    if (result < 0 && result != PICKET_AGAIN)
        result = tls->error = secure_fail(s, result);
    return result;
}

// Nothing has come. It may be long until something does, but not without a network.
static int wait_to_read(const picket_tls_t *tls, secure_t *s)
{
    const picket_port_t *port = tls->client->config.port;
    return stream_is_offline(&s->stream, port->millis(port->ctx)) ? PICKET_ERR_LINK : PICKET_AGAIN;
}

int picket_tls_ready(picket_tls_t *tls)
{
    int error;
    secure_t *s = use(tls, &error);
    if (s == NULL)
        return error;
    return s->stream.phase == PICKET_PHASE_SEND ? 1 : PICKET_AGAIN;
}

// The connection takes nothing: for how long now?
static int wait_to_write(const picket_tls_t *tls, secure_t *s)
{
    const picket_port_t *port = tls->client->config.port;
    uint32_t now = port->millis(port->ctx);
    if (stream_is_held(&s->stream))
        return PICKET_AGAIN;
    if (stream_is_offline(&s->stream, now))
        return PICKET_ERR_LINK;
    if (!s->idle.on)
        s->idle = deadline_in(now, s->timeouts.idle_ms);
    return deadline_passed(&s->idle, now) ? PICKET_ERR_TIMEOUT_SEND : PICKET_AGAIN;
}

int picket_tls_write(picket_tls_t *tls, const void *data, size_t len)
{
    int error;
    secure_t *s = use(tls, &error);
    if (s == NULL)
        return error;
    if (data == NULL || len == 0 || len > INT_MAX)
        return PICKET_ERR_ARG;
    int n = stream_write(&s->stream, data, len);
    if (n == PICKET_AGAIN && s->stream.phase == PICKET_PHASE_SEND)
        return keep(tls, s, wait_to_write(tls, s));
    s->idle.on = false;
    return keep(tls, s, n);
}

int picket_tls_read(picket_tls_t *tls, void *buf, size_t len)
{
    int error;
    secure_t *s = use(tls, &error);
    if (s == NULL)
        return error;
    if (buf == NULL || len == 0 || len > INT_MAX)
        return PICKET_ERR_ARG;
    int n = stream_read(&s->stream, buf, len);
    return keep(tls, s, n == PICKET_AGAIN ? wait_to_read(tls, s) : n);
}

picket_detail_t picket_tls_detail(const picket_tls_t *tls)
{
    picket_detail_t detail = {.alert = -1};
    const secure_t *s = find(tls);
    if (s != NULL) {
        detail = s->detail;
        if (s->error == 0) {
            stream_describe(&s->stream, &detail);
            detail.phase = s->stream.phase;
        }
        detail.error = s->error;
    } else if (tls != NULL) {
        detail.error = tls->error;
    }
    return detail;
}
