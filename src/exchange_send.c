#include "exchange_private.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "log.h"

// --- The head

static const char *user_agent(const picket_config_t *config)
{
    return config->user_agent != NULL ? config->user_agent : "picket/" PICKET_VERSION;
}

static bool has_body(const picket_request_t *r)
{
    return r->body_len != 0 || r->body != NULL || r->body_read != NULL;
}

http1_request_t exchange_head(const exchange_t *x)
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
        .user = r->user,
        .password = r->password,
        .bearer = r->bearer,
        .expect = r->expect_continue,
        .proxy = x->url.secure ? NULL : x->proxy,
        .keep = keep_enabled(x->env->keep),
        .foreign = x->foreign,
        .bodyless = x->bodyless,
    };
}

static bool is_chunked(const exchange_t *x)
{
    return x->request.body_len == PICKET_CHUNKED;
}

static int compose_head(exchange_t *x)
{
    http1_request_t head = exchange_head(x);
    int len = http1_write_head(&head, NULL, 0, NULL);
    if (len < 0)
        return len;
    x->out = picket_arena_calloc(1, (size_t)len);
    if (x->out == NULL)
        return PICKET_ERR_NO_MEMORY;
    x->out_cap = x->out_len = (size_t)len;
    x->out_at = 0;
    x->sending = SEND_HEAD;
    exchange_enter(x, PICKET_PHASE_SEND);
    return http1_write_head(&head, x->out, x->out_cap, NULL) == len ? 0 : PICKET_ERR_INTERNAL;
}

// A connection that takes no more may already hold the answer: then sending is over, and reading will tell.
void exchange_stop_sending(exchange_t *x)
{
    x->sending = SEND_DONE;
    x->body_finished = true;
    x->idle.on = x->expect.on = false;
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
    x->sent = true;
    x->idle.on = false;
    exchange_free_out(x);
}

static int head_sent(exchange_t *x)
{
    exchange_free_out(x);
    log_text(x->env->config, PICKET_LOG_DEBUG, "request head sent");
    if (is_chunked(x) || x->request.body_read != NULL) {
        x->out_cap = HTTP1_CHUNK_ROOM + PICKET_HTTP_CHUNK + HTTP1_CHUNK_TAIL;
        x->out = picket_arena_calloc(1, x->out_cap);
        if (x->out == NULL)
            return PICKET_ERR_NO_MEMORY;
    }
    x->sending = SEND_BODY;
    if (x->request.expect_continue && has_body(&x->request)) {
        x->sending = SEND_EXPECT;
        x->expect = deadline_in(exchange_now(x), PICKET_EXPECT_MS);
    }
    return 0;
}

// Some servers do not know what is expected of them, and wait for the body.
static int wait_for_continue(exchange_t *x)
{
    if (!http1_continued(x->response) && !deadline_passed(&x->expect, exchange_now(x)))
        return PICKET_AGAIN;
    x->expect.on = false;
    x->sending = SEND_BODY;
    return 1;
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

// The body that the application is asked for: the next piece of it, framed, into out. 1, PICKET_AGAIN, or an error.
static int ask_for_body(exchange_t *x)
{
    const picket_request_t *r = &x->request;
    int64_t left = is_chunked(x) ? INT64_MAX : r->body_len - x->body_sent;
    size_t want = left < PICKET_HTTP_CHUNK ? (size_t)left : PICKET_HTTP_CHUNK;
    char *at = x->out + HTTP1_CHUNK_ROOM;
    int n = r->body_read(r->body_ctx, (uint64_t)x->body_sent, at, want);
    if (n == PICKET_AGAIN)
        return n;
    if (n < 0 || (size_t)n > want || (n == 0 && !is_chunked(x)))
        return PICKET_ERR_BODY_SOURCE;
    x->body_finished = n == 0;
    x->body_sent += n;
    x->out_len = (size_t)n;
    if (is_chunked(x) && n > 0)
        at = http1_frame_chunk(x->out, (size_t)n, &x->out_len);
    x->out_at = (size_t)(at - x->out);
    x->out_len += x->out_at;
    return 1;
}

static bool is_all_there(const exchange_t *x)
{
    return is_chunked(x) ? x->body_finished : x->body_sent == x->request.body_len;
}

// Turns: a fast network must not keep the others waiting.
#define PIECES 16

static int send_asked(exchange_t *x)
{
    for (int i = 0; i < PIECES && !is_all_there(x); i++) {
        int result = ask_for_body(x);
        if (result == 1)
            result = send_out(x);
        if (result != 1)
            return result;
    }
    x->pressed = !is_all_there(x);
    return x->pressed ? PICKET_AGAIN : 1;
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
    if (x->request.body_read != NULL && (result = send_asked(x)) != 1)
        return result;
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
    if (x->sending == SEND_EXPECT && result == 1)
        result = wait_for_continue(x);
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
    return x->sending == SEND_HEAD || x->out_at < x->out_len ||
           (x->sending == SEND_BODY && x->request.body != NULL);
}

static int watch_sending(exchange_t *x, uint32_t now)
{
    if (x->receiving != RECEIVE_HEAD || !waits_for_network(x) || stream_is_held(&x->stream))
        return 0;
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? PICKET_ERR_TIMEOUT_SEND : 0;
}

int exchange_poll_sending(exchange_t *x, uint32_t now)
{
    if (x->sending == SEND_DONE)
        return 0;
    int error = advance_sending(x);
    if (error == PICKET_AGAIN)
        return watch_sending(x, now);
    if (error == PICKET_ERR_NO_MEMORY || error == PICKET_ERR_INTERNAL || error == PICKET_ERR_BODY_SOURCE)
        return error;
    if (error < 0)
        exchange_stop_sending(x);
    return 0;
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
    uint32_t now = exchange_now(x);
    if (stream_is_held(&x->stream))
        return PICKET_AGAIN;
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? exchange_fail(x, PICKET_ERR_TIMEOUT_SEND) : PICKET_AGAIN;
}

int exchange_write(exchange_t *x, const void *data, size_t len)
{
    if (x->error != 0)
        return x->error;
    if (x->bodyless) {
        x->refused = true;
        return PICKET_ERR_DONE;
    }
    if (x->receiving == RECEIVE_DISCARD)
        return PICKET_AGAIN; // it goes elsewhere
    if (x->request.body != NULL || x->request.body_read != NULL || x->request.body_len == 0)
        return PICKET_ERR_BODY_LENGTH;
    if (x->receiving == RECEIVE_DONE || (x->sending == SEND_DONE && x->body_finished)) {
        x->refused = true;
        return PICKET_ERR_DONE;
    }
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
    exchange_stop_sending(x);
    x->refused = true;
    return PICKET_ERR_DONE;
}

int exchange_finish(exchange_t *x)
{
    if (x->error != 0)
        return x->error;
    if (x->request.body_read != NULL)
        return 0; // it says by itself where its end is
    bool written = x->request.body == NULL;
    bool missing = written && x->request.body_len > 0 && x->body_sent < x->request.body_len;
    if (missing && (x->sending != SEND_DONE || x->receiving == RECEIVE_DISCARD))
        return exchange_fail(x, PICKET_ERR_BODY_LENGTH);
    x->body_finished = x->finished = true;
    return 0;
}
