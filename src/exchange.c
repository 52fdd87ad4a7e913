#include "exchange.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "log.h"
#include "text.h"

// The request goes out while the response is watched for: a server may answer before it has everything.
enum send_state { SEND_WAITING, SEND_HEAD, SEND_BODY, SEND_DONE };
enum receive_state { RECEIVE_HEAD, RECEIVE_BODY, RECEIVE_DONE };

struct exchange {
    const exchange_env_t *env;
    picket_request_t request;
    picket_timeouts_t timeouts;
    url_t url;
    char host[PICKET_HOST_MAX + 1];
    stream_t stream;
    int error; // sticks

    enum send_state sending;
    char *out; // the head, or a chunk, that is being sent
    size_t out_cap, out_at, out_len;
    int64_t body_sent;  // bytes of the body taken
    bool body_finished; // no more of it will come
    bool last_chunk;    // has been queued

    enum receive_state receiving;
    http1_response_t *response;
    char in[PICKET_HTTP_IN]; // what was read with the head and belongs to the body
    size_t in_at, in_len;
    bool pressed; // the last look left bytes behind

    deadline_t total, head, idle;
    enum picket_phase phase;
    uint32_t phase_began;
    picket_detail_t detail;
};

static uint32_t now_ms(const exchange_t *x)
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

static void enter(exchange_t *x, enum picket_phase phase)
{
    if (phase == x->phase)
        return;
    close_phase(x, now_ms(x));
    x->phase = phase;
}

// --- Ends

// Memory that TLS held is free for others as soon as it is not needed; the response head stays for the application.
static void release(exchange_t *x, bool cleanly)
{
    stream_describe(&x->stream, &x->detail);
    stream_stop(&x->stream, cleanly);
    picket_arena_free(x->out);
    x->out = NULL;
    x->out_len = x->out_at = 0;
}

static int fail(exchange_t *x, int error)
{
    if (x->error != 0)
        return x->error;
    x->error = error;
    stream_describe(&x->stream, &x->detail);
    const char *why = http1_why(x->response);
    if (why[0] != '\0' && x->detail.text[0] == '\0') {
        text_t t = text_in(x->detail.text, sizeof x->detail.text);
        text_str(&t, why);
    }
    close_phase(x, now_ms(x));
    release(x, false);
    log_error(x->env->config, error, x->detail.text);
    return error;
}

static void complete(exchange_t *x)
{
    x->receiving = RECEIVE_DONE;
    x->sending = SEND_DONE;
    enter(x, PICKET_PHASE_DONE);
    release(x, true);
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

static const char *user_agent(const picket_config_t *config)
{
    return config->user_agent != NULL ? config->user_agent : "picket/" PICKET_VERSION;
}

static bool has_body(const picket_request_t *r)
{
    return r->body_len != 0 || r->body != NULL;
}

static http1_request_t head_of(const exchange_t *x)
{
    const picket_request_t *r = &x->request;
    return (http1_request_t){
        .url = &x->url,
        .method = r->method != NULL ? r->method
                  : has_body(r)     ? "POST"
                                    : "GET",
        .headers = r->headers,
        .header_count = r->header_count,
        .has_body = has_body(r),
        .body_len = r->body_len,
        .user_agent = user_agent(x->env->config),
    };
}

// The text of what is wrong is static, or borrowed from the request; a header field of the application may be in it.
static int explain(char *text, int error, const char *why)
{
    text_t t = text_in(text, sizeof((picket_detail_t *)0)->text);
    for (; why != NULL && *why != '\0'; why++)
        text_str(&t, (char[2]){*why >= 0x20 && *why <= 0x7e ? *why : '?', '\0'});
    return error;
}

static bool timeouts_are_valid(const picket_timeouts_t *t)
{
    return t->connect_ms <= DEADLINE_MAX_MS && t->head_ms <= DEADLINE_MAX_MS && t->idle_ms <= DEADLINE_MAX_MS &&
           t->total_ms <= DEADLINE_MAX_MS;
}

static int check(exchange_t *x, char *text)
{
    const picket_request_t *r = &x->request;
    const char *why = NULL;
    int error = url_parse(r->url, &x->url, &why);
    if (error != 0)
        return explain(text, error, why);
    if (r->body_len < PICKET_CHUNKED || (r->body != NULL && r->body_len == PICKET_CHUNKED))
        return explain(text, PICKET_ERR_ARG, "body_len");
    if (r->header_count != 0 && r->headers == NULL)
        return explain(text, PICKET_ERR_ARG, "headers");
    if (r->address != NULL && r->address->family != 4 && r->address->family != 6)
        return explain(text, PICKET_ERR_ARG, "address");
    if (!timeouts_are_valid(&r->timeouts))
        return explain(text, PICKET_ERR_ARG, "timeouts");
    memcpy(x->host, x->url.host, x->url.host_len);
    http1_request_t head = head_of(x);
    int len = http1_write_head(&head, NULL, 0, &why);
    return len < 0 ? explain(text, len, why) : 0;
}

static bool is_head(const picket_request_t *r)
{
    return r->method != NULL && strcmp(r->method, "HEAD") == 0;
}

static int prepare(exchange_t *x, char *text)
{
    uint32_t head_max = x->env->config->head_max;
    int error = check(x, text);
    if (error != 0)
        return error;
    x->response = http1_response_new(is_head(&x->request), head_max != 0 ? head_max : PICKET_HTTP_HEAD_MAX);
    return x->response == NULL ? PICKET_ERR_NO_MEMORY : 0;
}

static void begin(exchange_t *x)
{
    uint32_t now = now_ms(x);
    const picket_address_t *literal = x->url.is_literal ? &x->url.address : NULL;
    tls_peer_t peer = {x->host, literal, x->url.port};
    set_timeouts(x);
    if (x->timeouts.total_ms != 0)
        x->total = deadline_in(now, x->timeouts.total_ms);
    x->phase = PICKET_PHASE_LOOKUP;
    x->phase_began = now;
    arena_peak_reset();
    stream_start(&x->stream, x->env->port, x->url.secure ? x->env->tls : NULL, &peer,
                 x->request.address != NULL ? x->request.address : literal, now, x->timeouts.connect_ms);
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
    int error = prepare(x, text);
    if (error != 0) {
        http1_response_free(x->response);
        picket_arena_free(x);
        return error;
    }
    begin(x);
    *exchange = x;
    return 0;
}

// --- Sending

static bool is_chunked(const exchange_t *x)
{
    return x->request.body_len == PICKET_CHUNKED;
}

static int compose_head(exchange_t *x)
{
    http1_request_t head = head_of(x);
    int len = http1_write_head(&head, NULL, 0, NULL);
    if (len < 0)
        return len;
    x->out = picket_arena_calloc(1, (size_t)len);
    if (x->out == NULL)
        return PICKET_ERR_NO_MEMORY;
    x->out_cap = x->out_len = (size_t)len;
    x->out_at = 0;
    x->sending = SEND_HEAD;
    enter(x, PICKET_PHASE_SEND);
    return http1_write_head(&head, x->out, x->out_cap, NULL) == len ? 0 : PICKET_ERR_INTERNAL;
}

// A connection that takes no more may already hold the answer: then sending is over, and reading will tell.
static void stop_sending(exchange_t *x)
{
    x->sending = SEND_DONE;
    x->body_finished = true;
    x->idle.on = false;
}

// 1: all of out has gone, PICKET_AGAIN, or an error.
static int send_out(exchange_t *x)
{
    while (x->out_at < x->out_len) {
        int n = stream_write(&x->stream, x->out + x->out_at, x->out_len - x->out_at);
        if (n < 0)
            return n;
        x->out_at += (size_t)n;
        x->idle.on = false;
    }
    return 1;
}

static void sent_everything(exchange_t *x)
{
    x->sending = SEND_DONE;
    x->idle.on = false;
    picket_arena_free(x->out);
    x->out = NULL;
}

static int head_sent(exchange_t *x)
{
    picket_arena_free(x->out);
    x->out = NULL;
    x->out_at = x->out_len = 0;
    log_text(x->env->config, PICKET_LOG_DEBUG, "request head sent");
    if (is_chunked(x)) {
        x->out_cap = HTTP1_CHUNK_ROOM + PICKET_HTTP_CHUNK + HTTP1_CHUNK_TAIL;
        x->out = picket_arena_calloc(1, x->out_cap);
        if (x->out == NULL)
            return PICKET_ERR_NO_MEMORY;
    }
    x->sending = SEND_BODY;
    return 0;
}

// The body that was given with the request.
static int send_given(exchange_t *x)
{
    const picket_request_t *r = &x->request;
    while (x->body_sent < r->body_len) {
        int64_t left = r->body_len - x->body_sent;
        size_t len = left < INT_MAX ? (size_t)left : INT_MAX;
        int n = stream_write(&x->stream, (const char *)r->body + x->body_sent, len);
        if (n < 0)
            return n;
        x->body_sent += n;
        x->idle.on = false;
    }
    return 1;
}

static int send_last_chunk(exchange_t *x)
{
    if (!x->last_chunk) {
        memcpy(x->out, HTTP1_LAST_CHUNK, sizeof HTTP1_LAST_CHUNK - 1);
        x->out_at = 0;
        x->out_len = sizeof HTTP1_LAST_CHUNK - 1;
        x->last_chunk = true;
    }
    return send_out(x);
}

// 1: the body is complete, PICKET_AGAIN: more of it or room for it is needed, or an error.
static int send_body(exchange_t *x)
{
    int result = x->out_at < x->out_len ? send_out(x) : 1;
    if (result != 1)
        return result;
    if (x->request.body != NULL)
        return send_given(x);
    if (is_chunked(x))
        return x->body_finished ? send_last_chunk(x) : PICKET_AGAIN;
    return x->body_sent == x->request.body_len ? 1 : PICKET_AGAIN;
}

static int advance_sending(exchange_t *x)
{
    int result = 1;
    if (x->sending == SEND_WAITING) {
        result = compose_head(x);
        if (result != 0)
            return result;
    }
    if (x->sending == SEND_HEAD) {
        result = send_out(x);
        if (result == 1 && (result = head_sent(x)) == 0)
            result = 1;
    }
    if (x->sending == SEND_BODY && result == 1) {
        result = send_body(x);
        if (result == 1)
            sent_everything(x);
    }
    return result == 1 ? 0 : result;
}

// What waits to be sent is the network's to take; what the application has not given yet is not.
static bool waits_for_network(const exchange_t *x)
{
    return x->sending == SEND_HEAD || x->out_at < x->out_len || x->request.body != NULL;
}

static int watch_sending(exchange_t *x, uint32_t now)
{
    if (x->receiving != RECEIVE_HEAD || !waits_for_network(x))
        return 0;
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? PICKET_ERR_TIMEOUT_SEND : 0;
}

static int poll_sending(exchange_t *x, uint32_t now)
{
    if (x->sending == SEND_DONE)
        return 0;
    int error = advance_sending(x);
    if (error == PICKET_AGAIN)
        return watch_sending(x, now);
    if (error == PICKET_ERR_NO_MEMORY || error == PICKET_ERR_INTERNAL)
        return error;
    if (error < 0)
        stop_sending(x);
    return 0;
}

// --- Receiving the head

static int stream_over(exchange_t *x, int result)
{
    if (result != 0 && result != PICKET_ERR_BODY_CUT)
        return result;
    int error = http1_feed_end(x->response);
    // Over TLS a body that ends with the connection has its end proven by close_notify, and by nothing else.
    return error == 0 && result != 0 ? PICKET_ERR_BODY_CUT : error;
}

static int take_head_bytes(exchange_t *x)
{
    int taken = http1_feed_head(x->response, x->in + x->in_at, x->in_len - x->in_at);
    if (taken < 0)
        return taken;
    x->in_at += (size_t)taken;
    return 0;
}

// The answer is there. Below 300 the server may still want the rest of the request; else it does not.
static void head_arrived(exchange_t *x)
{
    x->receiving = RECEIVE_BODY;
    x->head.on = x->idle.on = false;
    log_status(x->env->config, http1_status(x->response));
    if (x->sending != SEND_DONE && http1_status(x->response) >= 300)
        stop_sending(x);
    if (x->sending == SEND_DONE)
        enter(x, PICKET_PHASE_BODY);
    if (http1_complete(x->response) && x->sending == SEND_DONE)
        complete(x);
}

static int poll_head(exchange_t *x)
{
    while (!http1_head_complete(x->response)) {
        if (x->in_at == x->in_len) {
            int n = stream_read(&x->stream, x->in, sizeof x->in);
            if (n == PICKET_AGAIN)
                return n;
            if (n <= 0)
                return stream_over(x, n);
            x->in_at = 0;
            x->in_len = (size_t)n;
        }
        int error = take_head_bytes(x);
        if (error != 0)
            return error;
    }
    head_arrived(x);
    return 0;
}

static void watch_head(exchange_t *x, uint32_t now)
{
    if (x->sending != SEND_DONE || x->head.on)
        return;
    enter(x, PICKET_PHASE_HEAD);
    x->head = deadline_in(now, x->timeouts.head_ms);
}

static int poll_receiving(exchange_t *x, uint32_t now)
{
    if (x->receiving != RECEIVE_HEAD)
        return 0;
    watch_head(x, now);
    int result = poll_head(x);
    if (result != PICKET_AGAIN)
        return result;
    return deadline_passed(&x->head, now) ? PICKET_ERR_TIMEOUT_HEAD : 0;
}

// --- Polling

static int poll_all(exchange_t *x, uint32_t now)
{
    int ready = stream_poll(&x->stream, now);
    if (x->phase < PICKET_PHASE_SEND && x->stream.phase < PICKET_PHASE_SEND)
        enter(x, x->stream.phase);
    if (ready != 1)
        return ready == PICKET_AGAIN ? 0 : ready;
    if (x->sending == SEND_WAITING)
        log_connected(x->env->config, &x->stream);
    int error = poll_sending(x, now);
    if (error == 0)
        error = poll_receiving(x, now);
    if (error == 0 && x->receiving == RECEIVE_BODY && x->sending == SEND_DONE)
        enter(x, PICKET_PHASE_BODY);
    return error;
}

static bool is_over(const exchange_t *x)
{
    return x->error != 0 || x->receiving == RECEIVE_DONE;
}

uint32_t exchange_poll(exchange_t *x, uint32_t ms)
{
    uint32_t now = now_ms(x);
    if (is_over(x))
        return ms;
    int error = deadline_passed(&x->total, now) ? PICKET_ERR_TIMEOUT_TOTAL : poll_all(x, now);
    if (error != 0)
        fail(x, error);
    bool again = is_over(x) || x->pressed;
    x->pressed = false; // said once: whether to look again is the application's choice
    if (again)
        return 0;
    ms = deadline_left(&x->total, now, stream_next(&x->stream, now, ms));
    ms = deadline_left(&x->head, now, ms);
    // Once it has passed it is for the next read or write to say so; polling again would not help.
    return deadline_passed(&x->idle, now) ? ms : deadline_left(&x->idle, now, ms);
}

// --- The application writes

static int take_chunk(exchange_t *x, const void *data, size_t len)
{
    size_t n = len < PICKET_HTTP_CHUNK ? len : PICKET_HTTP_CHUNK;
    memcpy(x->out + HTTP1_CHUNK_ROOM, data, n);
    char *frame = http1_frame_chunk(x->out, n, &x->out_len);
    x->out_at = (size_t)(frame - x->out);
    x->out_len += x->out_at;
    x->body_sent += (int64_t)n;
    int sent = send_out(x);
    if (sent < 0 && sent != PICKET_AGAIN)
        return sent;
    return (int)n;
}

static int take_plain(exchange_t *x, const void *data, size_t len)
{
    if ((int64_t)len > x->request.body_len - x->body_sent)
        return PICKET_ERR_BODY_LENGTH;
    int n = stream_write(&x->stream, data, len);
    if (n > 0)
        x->body_sent += n;
    return n;
}

static int write_body(exchange_t *x, const void *data, size_t len)
{
    if (x->out_at < x->out_len) {
        int sent = send_out(x);
        if (sent != 1)
            return sent;
    }
    return is_chunked(x) ? take_chunk(x, data, len) : take_plain(x, data, len);
}

static int wait_to_write(exchange_t *x)
{
    uint32_t now = now_ms(x);
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? fail(x, PICKET_ERR_TIMEOUT_SEND) : PICKET_AGAIN;
}

int exchange_write(exchange_t *x, const void *data, size_t len)
{
    if (x->error != 0)
        return x->error;
    if (x->request.body != NULL || x->request.body_len == 0)
        return PICKET_ERR_BODY_LENGTH;
    if (x->receiving == RECEIVE_DONE || (x->sending == SEND_DONE && x->body_finished))
        return PICKET_ERR_DONE;
    if (x->body_finished)
        return PICKET_ERR_BODY_LENGTH;
    if (!is_chunked(x) && (int64_t)len > x->request.body_len - x->body_sent)
        return PICKET_ERR_BODY_LENGTH;
    if (x->sending < SEND_BODY)
        return PICKET_AGAIN;
    int n = write_body(x, data, len);
    if (n == PICKET_AGAIN)
        return wait_to_write(x);
    x->idle.on = false;
    if (n > 0 || n == PICKET_ERR_BODY_LENGTH)
        return n;
    stop_sending(x);
    return PICKET_ERR_DONE;
}

int exchange_finish(exchange_t *x)
{
    if (x->error != 0)
        return x->error;
    bool missing = x->request.body == NULL && x->request.body_len > 0 && x->body_sent < x->request.body_len;
    if (missing && x->sending != SEND_DONE)
        return fail(x, PICKET_ERR_BODY_LENGTH);
    x->body_finished = true;
    return 0;
}

// --- The application reads

// Bytes of the body as they came: those read with the head first.
static int read_raw(exchange_t *x, char *buf, size_t len)
{
    size_t kept = x->in_len - x->in_at;
    if (kept == 0)
        return stream_read(&x->stream, buf, len);
    size_t n = len < kept ? len : kept;
    memcpy(buf, x->in + x->in_at, n);
    x->in_at += n;
    return (int)n;
}

static int wait_to_read(exchange_t *x)
{
    uint32_t now = now_ms(x);
    x->pressed = x->stream.pressed;
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? fail(x, PICKET_ERR_TIMEOUT_IDLE) : PICKET_AGAIN;
}

// 0: nothing but framing was in those bytes.
static int decode(exchange_t *x, char *buf, size_t len)
{
    size_t out = 0;
    int taken = http1_feed_body(x->response, buf, len, &out);
    if (taken < 0)
        return fail(x, taken);
    if (http1_complete(x->response))
        complete(x);
    x->detail.received += out;
    return (int)out;
}

static int read_some(exchange_t *x, char *buf, size_t len)
{
    int n = read_raw(x, buf, len);
    if (n == PICKET_AGAIN)
        return wait_to_read(x);
    x->idle.on = false;
    x->pressed = false;
    if (n > 0)
        return decode(x, buf, (size_t)n);
    int error = stream_over(x, n);
    if (error != 0)
        return fail(x, error);
    complete(x);
    return 0;
}

// Turns: a body of many empty-handed reads (chunks of one byte) must let others have their turn.
#define READS 16

int exchange_read(exchange_t *x, void *buf, size_t len)
{
    len = len < INT_MAX ? len : INT_MAX;
    if (x->error != 0)
        return x->error;
    if (x->receiving == RECEIVE_HEAD)
        return PICKET_AGAIN;
    if (x->receiving == RECEIVE_BODY && http1_complete(x->response))
        complete(x);
    for (int i = 0; i < READS && x->receiving != RECEIVE_DONE; i++) {
        if (deadline_passed(&x->total, now_ms(x)))
            return fail(x, PICKET_ERR_TIMEOUT_TOTAL);
        int n = read_some(x, buf, len);
        if (n != 0)
            return n;
    }
    x->pressed = x->receiving != RECEIVE_DONE;
    return x->pressed ? PICKET_AGAIN : 0;
}

// --- What is known

int exchange_status(const exchange_t *x)
{
    return http1_status(x->response);
}

const char *exchange_reason(const exchange_t *x)
{
    return http1_reason(x->response);
}

int exchange_version(const exchange_t *x)
{
    return http1_head_complete(x->response) ? 10 + http1_version_minor(x->response) : 0;
}

const char *exchange_header(const exchange_t *x, const char *name)
{
    return http1_header(x->response, name);
}

bool exchange_header_at(const exchange_t *x, unsigned i, const char **name, const char **value)
{
    return http1_header_at(x->response, i, name, value);
}

int64_t exchange_length(const exchange_t *x)
{
    return http1_length(x->response);
}

void exchange_describe(const exchange_t *x, picket_detail_t *detail)
{
    *detail = x->detail;
    if (!is_over(x)) {
        stream_describe(&x->stream, detail);
        detail->phase_ms[x->phase] += now_ms(x) - x->phase_began;
    }
    detail->error = x->error;
    detail->phase = x->phase;
    detail->sent = (uint64_t)x->body_sent;
}

void exchange_free(exchange_t *x)
{
    if (x == NULL)
        return;
    release(x, x->receiving == RECEIVE_DONE);
    http1_response_free(x->response);
    picket_arena_free(x);
}
