#include "stream.h"

#include <string.h>

#include "clock_wait.h"
#include "entropy.h"
#include "text.h"

// Turns of a loop that a server could keep going by sending (empty records, say) before picket_poll gets its
// turn.
#define TURNS 64

void stream_start(stream_t *s, const picket_port_t *port, tls_client_t *client, const tls_peer_t *peer,
                  const picket_address_t *address, uint32_t now, uint32_t connect_ms)
{
    *s =
        (stream_t){.port = port, .client = client, .peer = *peer, .handle = -1, .phase = PICKET_PHASE_LOOKUP};
    s->waits = client != NULL && clock_wait_join();
    if (s->waits)
        s->phase = PICKET_PHASE_TIME;
    s->deadline = deadline_in(now, connect_ms);
    dial_start(&s->dial, port, peer->host, address, peer->port);
}

void stream_go_via(stream_t *s, const via_t *via)
{
    s->via = via;
    dial_start(&s->dial, s->port, via->host, via->address, via->port);
}

void stream_adopt(stream_t *s, const picket_port_t *port, tls_client_t *client, const tls_peer_t *peer,
                  int handle, const deadline_t *deadline)
{
    *s = (stream_t){.port = port, .client = client, .peer = *peer, .handle = handle, .deadline = *deadline};
    s->waits = clock_wait_join();
    s->phase = s->waits ? PICKET_PHASE_TIME : PICKET_PHASE_HANDSHAKE;
}

static int fail(stream_t *s, int error)
{
    if (s->error == 0)
        s->error = error;
    return s->error;
}

// --- Between the queues of TLS and the connection

// PICKET_AGAIN: the connection takes no more for now.
static int drain(stream_t *s)
{
    size_t len;
    const uint8_t *bytes;
    while (bytes = tls_out_front(s->tls, &len), len > 0) {
        int n = s->port->send(s->port->ctx, s->handle, bytes, len);
        if (n < 0)
            return n;
        tls_out_taken(s->tls, (size_t)n);
    }
    return 0;
}

// A connection that can no longer send may still hold the server's last words, so its error waits for the
// reader. What TLS could not put into the queue before follows when there is room.
int stream_flush(stream_t *s)
{
    int more = PICKET_AGAIN;
    if (s->tls == NULL || s->send_error != 0)
        return s->send_error;
    while (more == PICKET_AGAIN) {
        int error = drain(s);
        if (error == PICKET_AGAIN)
            return 0;
        if (error != 0)
            return s->send_error = error;
        more = tls_busy(s->client) ? 1 : tls_flush(s->tls);
    }
    (void)drain(s); // an error shows next time
    return 0;
}

// True when there is something new for TLS to look at.
static bool fill(stream_t *s)
{
    size_t room;
    if (!tls_wants_input(s->tls))
        return false;
    uint8_t *space = tls_in_space(s->tls, &room);
    int n = s->port->recv(s->port->ctx, s->handle, space, room);
    if (n == PICKET_AGAIN)
        return false;
    if (n > 0)
        tls_in_added(s->tls, (size_t)n);
    else
        tls_in_end(s->tls, n);
    return true;
}

// --- Getting there

static int timed_out(const stream_t *s)
{
    if (s->phase == PICKET_PHASE_TIME)
        return PICKET_ERR_NO_TIME;
    if (s->phase == PICKET_PHASE_LOOKUP)
        return PICKET_ERR_TIMEOUT_LOOKUP;
    if (s->phase == PICKET_PHASE_PROXY)
        return PICKET_ERR_TIMEOUT_PROXY;
    return s->phase == PICKET_PHASE_CONNECT ? PICKET_ERR_TIMEOUT_CONNECT : PICKET_ERR_TIMEOUT_HANDSHAKE;
}

static void wait_no_more(stream_t *s)
{
    if (s->waits)
        clock_wait_leave();
    s->waits = false;
}

static int learn_time(stream_t *s)
{
    int result = clock_wait_result();
    if (result == 0) {
        wait_no_more(s);
        s->phase = s->handle >= 0 ? PICKET_PHASE_HANDSHAKE : PICKET_PHASE_LOOKUP; // adopted, or to be dialled
    }
    return result;
}

static int connect_now(stream_t *s, uint32_t now)
{
    int result = dial_poll(&s->dial, now, &s->handle, &s->address);
    if (dial_connecting(&s->dial))
        s->phase = PICKET_PHASE_CONNECT;
    if (result != 1)
        return result;
    s->phase = s->client == NULL ? PICKET_PHASE_SEND
               : s->via != NULL  ? PICKET_PHASE_PROXY
                                 : PICKET_PHASE_HANDSHAKE;
    return 0;
}

static int open_tunnel(stream_t *s)
{
    int result = s->tunnel == NULL ? tunnel_new(s->via, &s->peer, &s->tunnel) : 0;
    if (result == 0)
        result = tunnel_poll(s->tunnel, s->port, s->handle);
    if (result != 1)
        return result;
    tunnel_free(s->tunnel);
    s->tunnel = NULL;
    s->phase = PICKET_PHASE_HANDSHAKE;
    return 0;
}

static int begin_tls(stream_t *s)
{
    if (tls_busy(s->client))
        return PICKET_AGAIN;
    return tls_new(s->client, &s->peer, &s->tls);
}

// One message of the handshake, or a part of one.
static int shake_hands(stream_t *s)
{
    int begun = s->tls == NULL ? begin_tls(s) : 0;
    if (begun != 0)
        return begun;
    int result = tls_handshake(s->tls, &s->deadline);
    (void)stream_flush(s); // also an alert that says why it failed
    size_t waiting;
    (void)tls_out_front(s->tls, &waiting);
    if (result == PICKET_AGAIN &&
        (tls_busy(s->client) || fill(s) || (waiting == 0 && tls_has_more_output(s->tls))))
        s->pressed = true;
    if (result == 0)
        s->pressed = true;
    if (result == 1)
        s->phase = PICKET_PHASE_SEND;
    return result == 0 ? PICKET_AGAIN : result;
}

// Some servers cannot go on with a client that offers a session: Mbed TLS then insists on the session's TLS
// version, which the server may no longer speak. Once more to the same address, in the time that is left.
static bool start_over(stream_t *s, int error)
{
    if (s->tls == NULL || s->first_error != 0 || s->port->connect == NULL || !tls_may_retry(s->tls))
        return false;
    picket_address_t address = s->address;
    s->port->close(s->port->ctx, s->handle);
    tls_free(s->tls);
    s->tls = NULL;
    s->handle = -1;
    s->send_error = 0;
    s->first_error = error;
    s->pressed = true;
    s->phase = PICKET_PHASE_CONNECT;
    dial_start(&s->dial, s->port, s->peer.host, &address, s->via != NULL ? s->via->port : s->peer.port);
    return true;
}

static int advance(stream_t *s, uint32_t now)
{
    int result = PICKET_AGAIN;
    s->pressed = false;
    if (s->phase == PICKET_PHASE_TIME)
        result = learn_time(s);
    else if (s->phase < PICKET_PHASE_PROXY)
        result = connect_now(s, now);
    else if (s->phase == PICKET_PHASE_PROXY)
        result = open_tunnel(s);
    else if (s->phase == PICKET_PHASE_HANDSHAKE)
        result = shake_hands(s);
    if (result == 0)
        s->pressed = s->phase != PICKET_PHASE_SEND; // on to the next phase at once
    return s->phase == PICKET_PHASE_SEND ? 1 : result == 0 ? PICKET_AGAIN : result;
}

int stream_poll(stream_t *s, uint32_t now)
{
    if (s->error != 0)
        return s->error;
    if (s->phase == PICKET_PHASE_SEND) {
        (void)stream_flush(s);
        return 1;
    }
    int result = advance(s, now);
    if (result < 0 && result != PICKET_AGAIN && !start_over(s, result))
        return fail(s, s->tls == NULL && s->first_error != 0 ? s->first_error : result);
    if (result < 0)
        result = PICKET_AGAIN;
    if (result == PICKET_AGAIN && deadline_passed(&s->deadline, now))
        return fail(s, timed_out(s));
    return result;
}

bool stream_is_offline(stream_t *s, uint32_t now)
{
    if (s->port == NULL || s->port->online == NULL || s->port->online(s->port->ctx))
        s->offline.on = false;
    else if (!s->offline.on)
        s->offline = deadline_in(now, PICKET_LINK_MS);
    return deadline_passed(&s->offline, now);
}

int stream_reason(const stream_t *s, int error)
{
    bool late = (error <= PICKET_ERR_TIMEOUT_LOOKUP && error >= PICKET_ERR_TIMEOUT_TOTAL) ||
                error == PICKET_ERR_TIMEOUT_PROXY;
    return s->offline.on && (late || error == PICKET_ERR_UNREACHABLE) ? PICKET_ERR_LINK : error;
}

uint32_t stream_next(stream_t *s, uint32_t now, uint32_t ms)
{
    bool pressed = s->pressed;
    s->pressed = false; // said once: a reader that pauses must not keep everybody awake
    if (s->error != 0 || pressed)
        return 0;
    if (!deadline_passed(&s->offline, now)) // once it has, it is for a read or write to say so
        ms = deadline_left(&s->offline, now, ms);
    if (s->phase == PICKET_PHASE_SEND)
        return ms;
    if (s->phase == PICKET_PHASE_LOOKUP || s->phase == PICKET_PHASE_CONNECT)
        ms = dial_next(&s->dial, now, ms);
    return deadline_left(&s->deadline, now, ms);
}

// --- Bytes

bool stream_is_held(const stream_t *s)
{
    return s->tls != NULL && tls_busy(s->client);
}

static int read_tls(stream_t *s, void *buf, size_t len)
{
    s->pressed = false;
    for (int turn = 0; turn < TURNS; turn++) {
        int n = tls_read(s->tls, buf, len);
        if (n != PICKET_AGAIN)
            return n;
        if (tls_wants_input(s->tls) && !fill(s))
            return PICKET_AGAIN;
    }
    s->pressed = true;
    return PICKET_AGAIN;
}

int stream_read(stream_t *s, void *buf, size_t len)
{
    if (s->error != 0)
        return s->error;
    if (s->phase != PICKET_PHASE_SEND)
        return PICKET_AGAIN;
    int n = s->tls != NULL ? read_tls(s, buf, len) : s->port->recv(s->port->ctx, s->handle, buf, len);
    return n < 0 && n != PICKET_AGAIN ? fail(s, n) : n;
}

bool stream_is_quiet(stream_t *s)
{
    uint8_t byte;
    if (s->phase != PICKET_PHASE_SEND || s->error != 0 || stream_flush(s) != 0)
        return false;
    return stream_is_held(s) || stream_read(s, &byte, 1) == PICKET_AGAIN;
}

// Plaintext is only taken when the ciphertext of what came before has gone to TCP, so that little waits here.
// TLS may have to read before it can write (a ticket of which a part has come).
static int write_tls(stream_t *s, const void *data, size_t len)
{
    size_t waiting;
    int n = PICKET_AGAIN, error = stream_flush(s);
    (void)tls_out_front(s->tls, &waiting);
    for (int turn = 0; turn < TURNS && error == 0 && waiting == 0 && n == PICKET_AGAIN; turn++) {
        n = tls_write(s->tls, data, len);
        if (n == PICKET_AGAIN && !fill(s))
            break;
    }
    if (n > 0)
        error = stream_flush(s);
    return error != 0 ? error : n;
}

int stream_write(stream_t *s, const void *data, size_t len)
{
    if (s->error != 0)
        return s->error;
    if (s->phase != PICKET_PHASE_SEND)
        return PICKET_AGAIN;
    if (s->send_error != 0)
        return s->send_error;
    if (s->tls != NULL)
        return write_tls(s, data, len);
    int n = s->port->send(s->port->ctx, s->handle, data, len);
    if (n < 0 && n != PICKET_AGAIN)
        s->send_error = n;
    return n;
}

// --- The end

bool stream_is_flushed(const stream_t *s)
{
    size_t waiting = 0;
    if (s->tls == NULL || s->send_error != 0)
        return true;
    (void)tls_out_front(s->tls, &waiting);
    return waiting == 0 && !tls_has_more_output(s->tls);
}

int stream_finish(stream_t *s)
{
    if (s->tls == NULL || s->error != 0 || s->phase != PICKET_PHASE_SEND)
        return 1;
    if (tls_busy(s->client))
        return PICKET_AGAIN;
    int result = tls_finish(s->tls);
    (void)stream_flush(s);
    return result != PICKET_AGAIN && stream_is_flushed(s) ? 1 : PICKET_AGAIN;
}

// A few turns suffice: the queue holds a record, and TCP's buffer is larger than the queue.
static void say_goodbye(stream_t *s)
{
    for (int turn = 0; turn < 4 && tls_finish(s->tls) == PICKET_AGAIN; turn++)
        (void)stream_flush(s);
    (void)stream_flush(s);
}

void stream_stop(stream_t *s, bool cleanly)
{
    if (s->port == NULL)
        return;
    wait_no_more(s);
    dial_stop(&s->dial);
    if (s->tls != NULL && s->error == 0)
        say_goodbye(s);
    if (s->handle >= 0 && (cleanly || s->tls != NULL))
        s->port->close(s->port->ctx, s->handle);
    else if (s->handle >= 0)
        s->port->abort(s->port->ctx, s->handle);
    tls_free(s->tls);
    tunnel_free(s->tunnel);
    s->tls = NULL;
    s->tunnel = NULL;
    s->handle = -1;
    s->port = NULL;
}

// Until the way is open, what is said is said of the proxy.
static void explain_proxy(const stream_t *s, picket_detail_t *detail)
{
    text_t text = text_in(detail->text, sizeof detail->text);
    text_str(&text, "proxy ");
    text_quote(&text, s->via->host, strlen(s->via->host), 60);
    if (s->tunnel == NULL)
        return;
    text_str(&text, ": ");
    tunnel_explain(s->tunnel, &text);
}

void stream_describe(const stream_t *s, picket_detail_t *detail)
{
    detail->address = s->address;
    if (s->waits)
        clock_wait_explain(detail->text, sizeof detail->text);
    if (s->via != NULL && s->error != 0 && s->phase < PICKET_PHASE_HANDSHAKE)
        explain_proxy(s, detail);
    if (s->tls != NULL)
        tls_describe(s->tls, detail);
    if (s->client != NULL && entropy_failed()) {
        text_t text = text_in(detail->text, sizeof detail->text);
        entropy_explain(&text);
    }
}
