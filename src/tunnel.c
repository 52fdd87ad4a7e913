#include "tunnel.h"

#include "arena.h"
#include "http1.h"

// Of its answer: more is not believed to be one.
#define HEAD_MAX 4096

struct tunnel {
    char *out; // the request, out_len bytes
    size_t out_len, out_at;
    http1_response_t *response;
    const char *why;
};

static int compose(tunnel_t *t, const via_t *via, const tls_peer_t *peer)
{
    const http1_connect_t connect = {
        .host = peer->host,
        .brackets = peer->literal != NULL && peer->literal->family == 6,
        .port = peer->port,
        .user_agent = via->user_agent,
        .user = via->proxy->user,
        .password = via->proxy->password,
    };
    int len = http1_write_connect(&connect, NULL, 0, &t->why);
    if (len < 0)
        return len;
    t->out = picket_arena_calloc(1, (size_t)len);
    if (t->out == NULL)
        return PICKET_ERR_NO_MEMORY;
    t->out_len = (size_t)len;
    return http1_write_connect(&connect, t->out, t->out_len, NULL) == len ? 0 : PICKET_ERR_INTERNAL;
}

int tunnel_new(const via_t *via, const tls_peer_t *peer, tunnel_t **tunnel)
{
    tunnel_t *t = picket_arena_calloc(1, sizeof *t);
    if (t == NULL)
        return PICKET_ERR_NO_MEMORY;
    t->why = "";
    t->response = http1_response_new(true, HEAD_MAX); // what follows is the server's, whatever the head says
    int error = t->response != NULL ? compose(t, via, peer) : PICKET_ERR_NO_MEMORY;
    if (error != 0) {
        tunnel_free(t);
        return error;
    }
    *tunnel = t;
    return 0;
}

void tunnel_free(tunnel_t *t)
{
    if (t == NULL)
        return;
    http1_response_free(t->response);
    arena_free_wiped(t->out, t->out_len);
    picket_arena_free(t);
}

static int refuse(tunnel_t *t, const char *why)
{
    t->why = why;
    return PICKET_ERR_PROXY_ANSWER;
}

static int judge(tunnel_t *t)
{
    int status = http1_status(t->response);
    if (status / 100 == 2)
        return 1;
    return status == 407 ? PICKET_ERR_PROXY_AUTH : PICKET_ERR_PROXY;
}

// The server says nothing before it is spoken to, so what comes with the answer comes from the proxy.
static int take(tunnel_t *t, const char *bytes, size_t len)
{
    int n = http1_feed_head(t->response, bytes, len);
    if (n == PICKET_ERR_NO_MEMORY)
        return n;
    if (n < 0)
        return refuse(t, http1_why(t->response));
    if (!http1_head_complete(t->response))
        return PICKET_AGAIN;
    int result = judge(t);
    return result == 1 && (size_t)n < len ? refuse(t, "bytes behind the answer") : result;
}

static int send_request(tunnel_t *t, const picket_port_t *port, int handle)
{
    while (t->out_at < t->out_len) {
        int n = port->send(port->ctx, handle, t->out + t->out_at, t->out_len - t->out_at);
        if (n < 0)
            return n == PICKET_AGAIN ? n : 1; // what it said before it went tells more
        t->out_at += (size_t)n;
    }
    return 1;
}

// Its head is bounded, and so are the turns.
int tunnel_poll(tunnel_t *t, const picket_port_t *port, int handle)
{
    char bytes[64];
    int result = send_request(t, port, handle);
    if (result != 1)
        return result;
    do {
        int n = port->recv(port->ctx, handle, bytes, sizeof bytes);
        if (n == PICKET_AGAIN)
            return n;
        if (n < 0)
            return refuse(t, "the connection was reset");
        result = n > 0 ? take(t, bytes, (size_t)n) : refuse(t, "the connection was closed");
    } while (result == PICKET_AGAIN);
    return result;
}

void tunnel_explain(const tunnel_t *t, text_t *text)
{
    int status = http1_status(t->response);
    text_str(text, t->why);
    if (status != 0 && status / 100 != 2) {
        text_str(text, "status ");
        text_num(text, status);
    }
}
