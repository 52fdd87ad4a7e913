#include "arena.h"
#include "exchange_private.h"
#include "http1_text.h"

#include <string.h>

// --- Connecting

static void use_new(exchange_t *x)
{
    tls_peer_t peer = origin_peer(x->origin);
    stream_start(&x->stream, x->env->port, x->origin->secure ? x->env->tls : NULL, &peer,
                 origin_address(x->origin), exchange_now(x), x->timeouts.connect_ms);
    if (x->proxy != NULL)
        stream_go_via(&x->stream, &x->origin->via);
}

// A kept connection has an origin of its own, which says the same.
static bool use_kept(exchange_t *x)
{
    origin_t *origin;
    if (!keep_enabled(x->env->keep) ||
        !keep_take(x->env->keep, x->origin, exchange_now(x), &x->stream, &origin))
        return false;
    origin_free(x->origin);
    x->origin = origin;
    return true;
}

static bool is_name(const url_t *url, const char *name)
{
    return strlen(name) == url->host_len && http1_same_bytes(name, url->host, url->host_len);
}

static const picket_address_t *known_address(const exchange_t *x, const url_t *url)
{
    const picket_config_t *config = x->env->config;
    for (size_t i = 0; i < config->host_count; i++) {
        const picket_host_t *host = &config->hosts[i];
        if (host->port == url->port && is_name(url, host->name))
            return &host->address;
    }
    return NULL;
}

// A proxy speaks http itself, and has no paths.
int exchange_parse_proxy(const picket_proxy_t *proxy, url_t *url, const char **why)
{
    if (url_parse(proxy->url, url, why) != 0)
        return PICKET_ERR_PROXY_URL;
    bool bare = url->target_len == 0 || (url->target_len == 1 && url->target[0] == '/');
    return bare && !url->secure ? 0 : PICKET_ERR_PROXY_URL;
}

// The address that the request gives is that of its URL, not of where a redirect leads.
static origin_t *make_origin(const exchange_t *x)
{
    url_t proxy_url;
    const picket_address_t *given = x->foreign ? NULL : x->request.address;
    if (x->proxy == NULL)
        return origin_new(&x->url, given != NULL ? given : known_address(x, &x->url), x->foreign);
    if (exchange_parse_proxy(x->proxy, &proxy_url, NULL) != 0)
        return NULL;
    return origin_new_via(&x->url, x->foreign, x->proxy, &proxy_url, known_address(x, &proxy_url),
                          exchange_head(x).user_agent);
}

int exchange_connect(exchange_t *x)
{
    x->origin = make_origin(x);
    if (x->origin == NULL)
        return PICKET_ERR_NO_MEMORY;
    x->detail.reused = use_kept(x);
    keep_begin(x->env->keep);
    x->live = true;
    if (!x->detail.reused)
        use_new(x);
    return 0;
}

// --- Parting

static void end_use(exchange_t *x)
{
    if (x->live)
        keep_end(x->env->keep);
    x->live = false;
}

// Memory that TLS held is free for others as soon as it is not needed; the response head stays for the
// application.
void exchange_break_off(exchange_t *x, bool cleanly)
{
    stream_describe(&x->stream, &x->detail);
    stream_stop(&x->stream, cleanly);
    end_use(x);
    exchange_free_out(x);
}

// More than the response has come, or less than the request has gone: what the next response would be is anybody's guess.
static bool may_be_kept(const exchange_t *x)
{
    bool passing = x->proxy != NULL && x->proxy != x->env->config->proxy; // it may not be there any more
    return x->live && x->sent && !x->surplus && x->in_at == x->in_len && !passing;
}

void exchange_part(exchange_t *x)
{
    uint32_t ms = may_be_kept(x) ? http1_keeps_open(x->response) : 0;
    bool kept = false;
    if (ms != 0) {
        stream_describe(&x->stream, &x->detail);
        end_use(x);
        kept = keep_put(x->env->keep, &x->stream, x->origin, exchange_now(x), ms);
    }
    if (!kept) {
        exchange_break_off(x, true);
        return;
    }
    x->origin = NULL;
    exchange_free_out(x);
}

// --- Once more

static bool is_idempotent(const char *method)
{
    static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strcmp(method, methods[i]) == 0)
            return true;
    }
    return false;
}

// What the application wrote is gone; and when it has been told to stop, it has.
bool exchange_body_is_there(const exchange_t *x)
{
    const picket_request_t *r = &x->request;
    if (r->body != NULL || r->body_read != NULL || r->body_len == 0)
        return true;
    return x->body_sent == 0 && !x->refused && (!x->finished || r->body_len == PICKET_CHUNKED);
}

static bool died_before(int error)
{
    return error == PICKET_ERR_EMPTY || error == PICKET_ERR_RESET || error == PICKET_ERR_UNREACHABLE;
}

static bool may_repeat(const exchange_t *x, int error)
{
    return x->detail.reused && !x->repeated && died_before(error) && !http1_begun(x->response) &&
           is_idempotent(exchange_head(x).method) && exchange_body_is_there(x);
}

void exchange_rewind(exchange_t *x)
{
    exchange_free_out(x);
    exchange_free_in(x);
    x->sending = SEND_WAITING;
    x->receiving = RECEIVE_HEAD;
    x->body_sent = 0;
    x->body_finished = x->finished;
    x->last_chunk = x->sent = x->surplus = x->pressed = false;
    x->head.on = x->idle.on = x->expect.on = false;
    http1_response_again(x->response, exchange_is_head(x));
}

// The network stack has no connection left, and some are only kept.
static bool may_have_a_kept_one(const exchange_t *x, int error)
{
    return error == PICKET_ERR_NO_MEMORY && x->live && x->stream.phase < PICKET_PHASE_PROXY &&
           keep_abort_all(x->env->keep);
}

int exchange_repeat(exchange_t *x, int error)
{
    if (!may_repeat(x, error) && !may_have_a_kept_one(x, error))
        return error;
    stream_stop(&x->stream, false);
    exchange_rewind(x);
    x->repeated = x->repeated || x->detail.reused;
    x->detail.reused = false;
    use_new(x);
    exchange_enter(x, x->stream.phase);
    return 0;
}
