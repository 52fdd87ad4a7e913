#include <string.h>

#include "arena.h"
#include "exchange_private.h"
#include "http1_text.h"
#include "log.h"
#include "text.h"

// --- Where to

static bool sends_elsewhere(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static const char *location(const exchange_t *x)
{
    const char *value = http1_header(x->response, "Location");
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool exchange_is_redirect(const exchange_t *x)
{
    return x->request.max_redirects > 0 && sends_elsewhere(http1_status(x->response)) && location(x) != NULL;
}

static int refuse(exchange_t *x, int error, const char *why)
{
    text_t t = text_in(x->detail.text, sizeof x->detail.text);
    text_str(&t, why);
    return error;
}

// Two of them: which one counts differs from client to client.
static bool is_unclear(const exchange_t *x)
{
    const char *name, *value;
    unsigned count = 0;
    for (unsigned i = 0; http1_header_at(x->response, i, &name, &value); i++)
        count += http1_same_name(name, "Location");
    return count > 1;
}

const char *exchange_url(const exchange_t *x)
{
    return x->location != NULL ? x->location : x->request.url;
}

static int resolve(exchange_t *x, url_t *url)
{
    const char *base = exchange_url(x), *reference = location(x), *why = NULL;
    size_t room = strlen(base) + strlen(reference) + 2;
    x->next = picket_arena_calloc(1, room);
    if (x->next == NULL)
        return PICKET_ERR_NO_MEMORY;
    if (is_unclear(x))
        return refuse(x, PICKET_ERR_REDIRECT_URL, "there are two Location fields");
    int error = url_resolve(base, reference, x->next, room);
    if (error == 0)
        error = url_parse(x->next, url, &why);
    if (error == PICKET_ERR_SCHEME)
        why = "neither http nor https";
    return error == 0 ? 0 : refuse(x, PICKET_ERR_REDIRECT_URL, why != NULL ? why : "");
}

// --- What changes

static bool same_origin(const url_t *a, const url_t *b)
{
    return a->secure == b->secure && a->port == b->port && a->host_len == b->host_len &&
           http1_same_bytes(a->host, b->host, a->host_len);
}

// RFC 9110 15.4: after 303 anything but HEAD becomes GET, after 301 and 302 POST does, as everybody does it; then the body is
// not sent.
static bool becomes_get(int status, const char *method)
{
    if (status == 303)
        return strcmp(method, "HEAD") != 0;
    return (status == 301 || status == 302) && strcmp(method, "POST") == 0;
}

static void become_get(exchange_t *x)
{
    x->request.method = "GET";
    x->request.body = NULL;
    x->request.body_read = NULL;
    x->request.body_len = 0;
    x->bodyless = true;
}

static void note_origin(exchange_t *x, const url_t *next)
{
    if (same_origin(&x->url, next))
        return;
    x->foreign = true; // and stays so: what comes after it is the other's word
}

static void log_redirect(const exchange_t *x, const url_t *next)
{
    char line[192];
    text_t t = text_in(line, sizeof line);
    text_str(&t, "redirect ");
    text_num(&t, http1_status(x->response));
    text_str(&t, next->secure ? " to https://" : " to http://");
    for (size_t i = 0; i < next->host_len; i++)
        text_str(&t, (char[2]){next->host[i], '\0'});
    log_text(x->env->config, PICKET_LOG_INFO, line);
}

int exchange_plan_redirect(exchange_t *x)
{
    url_t next;
    if (x->detail.redirects >= x->request.max_redirects)
        return PICKET_ERR_REDIRECTS;
    int error = resolve(x, &next);
    if (error != 0)
        return error;
    if (x->url.secure && !next.secure)
        return PICKET_ERR_REDIRECT_PLAIN;
    if (becomes_get(http1_status(x->response), exchange_head(x).method))
        become_get(x);
    else if (!exchange_body_is_there(x))
        return PICKET_ERR_REDIRECT_BODY;
    note_origin(x, &next);
    log_redirect(x, &next);
    x->head = deadline_in(exchange_now(x), x->timeouts.head_ms); // of its body, which is nobody's
    return 0;
}

// --- Going there

// A connection whose response was read to its end is kept, any other is closed.
static int follow(exchange_t *x, bool whole)
{
    if (whole)
        exchange_part(x);
    else
        exchange_break_off(x, true);
    origin_free(x->origin);
    x->origin = NULL;
    exchange_rewind(x);
    picket_arena_free(x->location);
    x->location = x->next;
    x->next = NULL;
    x->detail.redirects++;
    x->discarded = 0;
    x->repeated = false;
    if (url_parse(x->location, &x->url, NULL) != 0)
        return PICKET_ERR_INTERNAL;
    int error = exchange_connect(x);
    if (error == 0)
        exchange_enter(x, x->stream.phase);
    return error;
}

// 1: there are bytes in x->in, PICKET_AGAIN, or what ended the stream.
static int more(exchange_t *x)
{
    if (x->in == NULL && (x->in = picket_arena_calloc(1, PICKET_HTTP_IN)) == NULL)
        return PICKET_ERR_NO_MEMORY;
    if (x->in_at < x->in_len)
        return 1;
    int n = stream_read(&x->stream, x->in, PICKET_HTTP_IN);
    if (n <= 0)
        return n;
    x->in_at = 0;
    x->in_len = (size_t)n;
    x->idle.on = false;
    return 1;
}

static bool is_worth_reading(const exchange_t *x)
{
    return x->sent && !http1_until_close(x->response) && x->discarded <= PICKET_REDIRECT_BODY &&
           http1_length(x->response) <= PICKET_REDIRECT_BODY;
}

static bool silent(exchange_t *x, uint32_t now)
{
    if (stream_is_held(&x->stream))
        return false;
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now);
}

// Its body is nobody's: a short one is read for the sake of the connection, whatever is wrong with it.
int exchange_poll_redirect(exchange_t *x, uint32_t now)
{
    if (x->receiving != RECEIVE_DISCARD)
        return 0;
    while (!http1_complete(x->response)) {
        size_t out;
        int result = is_worth_reading(x) ? more(x) : 0;
        if (result == PICKET_ERR_NO_MEMORY)
            return result;
        bool late = deadline_passed(&x->head, now);
        if (result == PICKET_AGAIN && !silent(x, now) && !late)
            return 0;
        if (result != 1 || late)
            return follow(x, false);
        int taken = http1_feed_body(x->response, x->in + x->in_at, x->in_len - x->in_at, &out);
        if (taken < 0)
            return follow(x, false);
        x->in_at += (size_t)taken;
        x->discarded += (uint32_t)taken;
    }
    return follow(x, true);
}
