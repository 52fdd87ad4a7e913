#include "exchange_private.h"

#include <limits.h>
#include <string.h>

#include "arena.h"
#include "log.h"

// --- The head

void exchange_free_in(exchange_t *x)
{
    picket_arena_free(x->in);
    x->in = NULL;
    x->in_at = x->in_len = 0;
}

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
static int head_arrived(exchange_t *x)
{
    x->receiving = exchange_is_redirect(x) ? RECEIVE_DISCARD : RECEIVE_BODY;
    x->head.on = x->idle.on = false;
    log_status(x->env->config, http1_status(x->response));
    if (x->sending != SEND_DONE && (http1_status(x->response) >= 300 || x->sending == SEND_EXPECT))
        exchange_stop_sending(x);
    if (x->sending == SEND_DONE)
        exchange_enter(x, PICKET_PHASE_BODY);
    if (x->receiving == RECEIVE_DISCARD)
        return exchange_plan_redirect(x);
    if (http1_complete(x->response) && x->sending == SEND_DONE)
        exchange_complete(x);
    return 0;
}

static int read_head(exchange_t *x)
{
    if (x->in == NULL && (x->in = picket_arena_calloc(1, PICKET_HTTP_IN)) == NULL)
        return PICKET_ERR_NO_MEMORY;
    while (!http1_head_complete(x->response)) {
        if (x->in_at == x->in_len) {
            int n = stream_read(&x->stream, x->in, PICKET_HTTP_IN);
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
    if (x->in_at == x->in_len)
        exchange_free_in(x);
    return head_arrived(x);
}

static void watch_head(exchange_t *x, uint32_t now)
{
    if (x->sending != SEND_DONE || x->head.on)
        return;
    exchange_enter(x, PICKET_PHASE_HEAD);
    x->head = deadline_in(now, x->timeouts.head_ms);
}

int exchange_poll_head(exchange_t *x, uint32_t now)
{
    if (x->receiving != RECEIVE_HEAD)
        return 0;
    watch_head(x, now);
    int result = read_head(x);
    if (result != PICKET_AGAIN)
        return result;
    return deadline_passed(&x->head, now) ? PICKET_ERR_TIMEOUT_HEAD : 0;
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
    if (n == kept)
        exchange_free_in(x);
    return (int)n;
}

static int wait_to_read(exchange_t *x)
{
    uint32_t now = exchange_now(x);
    x->pressed = x->stream.pressed;
    if (stream_is_held(&x->stream))
        return PICKET_AGAIN;
    if (stream_is_offline(&x->stream, now))
        return exchange_fail(x, PICKET_ERR_LINK);
    if (!x->idle.on)
        x->idle = deadline_in(now, x->timeouts.idle_ms);
    return deadline_passed(&x->idle, now) ? exchange_fail(x, PICKET_ERR_TIMEOUT_IDLE) : PICKET_AGAIN;
}

// 0: nothing but framing was in those bytes.
static int decode(exchange_t *x, char *buf, size_t len)
{
    size_t out = 0;
    int taken = http1_feed_body(x->response, buf, len, &out);
    if (taken < 0)
        return exchange_fail(x, taken);
    x->surplus = (size_t)taken < len;
    if (http1_complete(x->response))
        exchange_complete(x);
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
        return exchange_fail(x, error);
    exchange_complete(x);
    return 0;
}

// Turns: a body of many empty-handed reads (chunks of one byte) must let others have their turn.
#define READS 16

int exchange_read(exchange_t *x, void *buf, size_t len)
{
    len = len < INT_MAX ? len : INT_MAX;
    if (x->error != 0)
        return x->error;
    if (x->receiving < RECEIVE_BODY)
        return PICKET_AGAIN;
    if (x->receiving == RECEIVE_BODY && http1_complete(x->response))
        exchange_complete(x);
    for (int i = 0; i < READS && x->receiving != RECEIVE_DONE; i++) {
        if (deadline_passed(&x->total, exchange_now(x)))
            return exchange_fail(x, PICKET_ERR_TIMEOUT_TOTAL);
        int n = read_some(x, buf, len);
        if (n != 0)
            return n;
    }
    x->pressed = x->receiving != RECEIVE_DONE;
    return x->pressed ? PICKET_AGAIN : 0;
}
