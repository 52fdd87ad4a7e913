#include "exchange_private.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "log.h"
#include "text.h"

uint32_t exchange_now(const exchange_t *x)
{
    return x->env->port->millis(x->env->port->ctx);
}

// --- Phases, for the record

static void close_phase(exchange_t *x, uint32_t now)
{
    size_t peak = arena_peak();
    x->detail.phase_ms[x->phase] += now - x->phase_began;
    if (peak > x->detail.heap_peak[x->phase])
        x->detail.heap_peak[x->phase] = (uint32_t)peak;
    arena_peak_reset();
    x->phase_began = now;
}

void exchange_enter(exchange_t *x, enum picket_phase phase)
{
    if (phase == x->phase)
        return;
    close_phase(x, exchange_now(x));
    x->phase = phase;
}

// --- Ends

// The request head may hold a password or a token.
void exchange_free_out(exchange_t *x)
{
    arena_free_wiped(x->out, x->out_cap);
    x->out = NULL;
    x->out_cap = x->out_at = x->out_len = 0;
}

int exchange_fail(exchange_t *x, int error)
{
    if (x->error != 0)
        return x->error;
    error = stream_reason(&x->stream, error);
    x->error = error;
    stream_describe(&x->stream, &x->detail);
    const char *why = http1_why(x->response);
    if (why[0] != '\0' && x->detail.text[0] == '\0') {
        text_t t = text_in(x->detail.text, sizeof x->detail.text);
        text_str(&t, why);
    }
    close_phase(x, exchange_now(x));
    exchange_break_off(x, false);
    log_error(x->env->config, error, x->detail.text);
    return error;
}

void exchange_complete(exchange_t *x)
{
    x->receiving = RECEIVE_DONE;
    x->sending = SEND_DONE;
    exchange_enter(x, PICKET_PHASE_DONE);
    exchange_part(x);
}

// --- Starting

static uint32_t choose(uint32_t request, uint32_t config, uint32_t standard)
{
    return request != 0 ? request : config != 0 ? config : standard;
}

static void set_timeouts(exchange_t *x)
{
    const picket_timeouts_t *r = &x->request.timeouts, *c = &x->env->config->timeouts;
    x->timeouts.connect_ms = choose(r->connect_ms, c->connect_ms, PICKET_CONNECT_MS);
    x->timeouts.head_ms = choose(r->head_ms, c->head_ms, PICKET_HEAD_MS);
    x->timeouts.idle_ms = choose(r->idle_ms, c->idle_ms, PICKET_IDLE_MS);
    x->timeouts.total_ms = choose(r->total_ms, c->total_ms, 0);
}

// The text of what is wrong is static, or borrowed from the request; a header field of the application may be
// in it.
static int explain(char *text, int error, const char *why)
{
    text_t t = text_in(text, sizeof((picket_detail_t *)0)->text);
    for (; why != NULL && *why != '\0'; why++)
        text_str(&t, (char[2]){*why >= 0x20 && *why <= 0x7e ? *why : '?', '\0'});
    return error;
}

bool exchange_timeouts_valid(const picket_timeouts_t *t)
{
    return t->connect_ms <= DEADLINE_MAX_MS && t->head_ms <= DEADLINE_MAX_MS &&
           t->idle_ms <= DEADLINE_MAX_MS && t->total_ms <= DEADLINE_MAX_MS;
}

static int choose_proxy(exchange_t *x, const char **why)
{
    url_t url;
    const picket_proxy_t *proxy = x->request.proxy != NULL ? x->request.proxy : x->env->config->proxy;
    if (proxy == NULL || proxy->url == NULL)
        return 0;
    x->proxy = proxy;
    *why = "address and proxy";
    if (x->request.address != NULL)
        return PICKET_ERR_ARG;
    *why = NULL;
    return exchange_parse_proxy(proxy, &url, why);
}

static int check(exchange_t *x, char *text)
{
    const picket_request_t *r = &x->request;
    const char *why = NULL;
    int error = r->url_credentials ? exchange_take_login(x, &why) : url_parse(r->url, &x->url, &why);
    if (error != 0)
        return explain(text, error, why);
    if (r->body_len < PICKET_CHUNKED || (r->body != NULL && r->body_len == PICKET_CHUNKED))
        return explain(text, PICKET_ERR_ARG, "body_len");
    if (r->body_read != NULL && r->body != NULL)
        return explain(text, PICKET_ERR_ARG, "body and body_read");
    if (r->header_count != 0 && r->headers == NULL)
        return explain(text, PICKET_ERR_ARG, "headers");
    if (r->address != NULL && r->address->family != 4 && r->address->family != 6)
        return explain(text, PICKET_ERR_ARG, "address");
    error = choose_proxy(x, &why);
    if (error != 0)
        return explain(text, error, why);
    if (!exchange_timeouts_valid(&r->timeouts))
        return explain(text, PICKET_ERR_ARG, "timeouts");
    http1_request_t head = exchange_head(x);
    int len = http1_write_head(&head, NULL, 0, &why);
    return len < 0 ? explain(text, len, why) : 0;
}

bool exchange_is_head(const exchange_t *x)
{
    return x->request.method != NULL && strcmp(x->request.method, "HEAD") == 0;
}

static int prepare(exchange_t *x, char *text)
{
    uint32_t head_max = x->env->config->head_max;
    int error = check(x, text);
    if (error != 0)
        return error;
    x->response = http1_response_new(exchange_is_head(x), head_max != 0 ? head_max : PICKET_HTTP_HEAD_MAX);
    return x->response == NULL ? PICKET_ERR_NO_MEMORY : 0;
}

static int begin(exchange_t *x)
{
    uint32_t now = exchange_now(x);
    set_timeouts(x);
    if (x->timeouts.total_ms != 0)
        x->total = deadline_in(now, x->timeouts.total_ms);
    x->phase_began = now;
    arena_peak_reset();
    int error = exchange_connect(x);
    x->phase = x->stream.phase;
    return error;
}

static void free_all(exchange_t *x)
{
    http1_response_free(x->response);
    exchange_free_in(x);
    origin_free(x->origin);
    arena_free_wiped(x->login, x->login_size);
    picket_arena_free(x->location);
    picket_arena_free(x->next);
    picket_arena_free(x);
}

int exchange_start(const exchange_env_t *env, const picket_request_t *request, exchange_t **exchange,
                   char *text)
{
    exchange_t *x = picket_arena_calloc(1, sizeof *x);
    if (x == NULL)
        return PICKET_ERR_NO_MEMORY;
    x->env = env;
    x->request = *request;
    x->detail.alert = -1;
    x->stream.handle = -1;
    int error = prepare(x, text);
    if (error == 0)
        error = begin(x);
    if (error != 0) {
        free_all(x);
        return error;
    }
    *exchange = x;
    return 0;
}

// --- Polling

static int poll_all(exchange_t *x, uint32_t now)
{
    int ready = stream_poll(&x->stream, now);
    if (x->phase < PICKET_PHASE_SEND && x->stream.phase < PICKET_PHASE_SEND)
        exchange_enter(x, x->stream.phase);
    if (ready != 1)
        return ready == PICKET_AGAIN ? 0 : ready;
    if (x->sending == SEND_WAITING)
        log_connected(x->env->config, &x->stream, x->detail.reused);
    int error = exchange_poll_sending(x, now);
    if (error == 0)
        error = exchange_poll_head(x, now);
    if (error == 0)
        error = exchange_poll_redirect(x, now);
    if (error == 0 && x->receiving == RECEIVE_BODY && x->sending == SEND_DONE)
        exchange_enter(x, PICKET_PHASE_BODY);
    return error;
}

static bool is_over(const exchange_t *x)
{
    return x->error != 0 || x->receiving == RECEIVE_DONE;
}

uint32_t exchange_poll(exchange_t *x, uint32_t ms)
{
    uint32_t now = exchange_now(x);
    if (is_over(x))
        return ms;
    int error = deadline_passed(&x->total, now) ? PICKET_ERR_TIMEOUT_TOTAL : poll_all(x, now);
    // What has come of the body is still to be read.
    if (stream_is_offline(&x->stream, now) && error == 0 && x->receiving < RECEIVE_BODY)
        error = PICKET_ERR_LINK;
    if (error != 0)
        error = exchange_repeat(x, error);
    if (error != 0)
        exchange_fail(x, error);
    bool again = is_over(x) || x->pressed;
    x->pressed = false; // said once: whether to look again is the application's choice
    if (again)
        return 0;
    ms = deadline_left(&x->total, now, stream_next(&x->stream, now, ms));
    ms = deadline_left(&x->head, now, ms);
    ms = deadline_left(&x->expect, now, ms);
    // Once it has passed it is for the next read or write to say so; polling again would not help.
    return deadline_passed(&x->idle, now) ? ms : deadline_left(&x->idle, now, ms);
}

// --- What is known

// The head of a redirect that is followed is nobody's.
static bool is_shown(const exchange_t *x)
{
    return x->receiving >= RECEIVE_BODY;
}

int exchange_status(const exchange_t *x)
{
    return is_shown(x) ? http1_status(x->response) : 0;
}

const char *exchange_reason(const exchange_t *x)
{
    return is_shown(x) ? http1_reason(x->response) : "";
}

int exchange_version(const exchange_t *x)
{
    return is_shown(x) ? 10 + http1_version_minor(x->response) : 0;
}

const char *exchange_header(const exchange_t *x, const char *name)
{
    return is_shown(x) ? http1_header(x->response, name) : NULL;
}

bool exchange_header_at(const exchange_t *x, unsigned i, const char **name, const char **value)
{
    return is_shown(x) && http1_header_at(x->response, i, name, value);
}

int64_t exchange_length(const exchange_t *x)
{
    return is_shown(x) ? http1_length(x->response) : -1;
}

void exchange_describe(const exchange_t *x, picket_detail_t *detail)
{
    *detail = x->detail;
    if (!is_over(x)) {
        stream_describe(&x->stream, detail);
        detail->phase_ms[x->phase] += exchange_now(x) - x->phase_began;
    }
    detail->error = x->error;
    detail->phase = x->phase;
    detail->sent = (uint64_t)x->body_sent;
}

void exchange_free(exchange_t *x)
{
    if (x == NULL)
        return;
    exchange_break_off(x, x->receiving == RECEIVE_DONE);
    free_all(x);
}
