// altcp_inner.c: the connection under TLS, any altcp_pcb: what it calls only queues; and the queue as the engine's port.
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS

#include "lwip/tcp.h"
#include "lwip_port.h"

extern const struct altcp_functions altcp_tcp_functions; // of lwIP: who has them is TCP itself

// --- What inner calls

static err_t on_connected(void *arg, struct altcp_pcb *inner, err_t err)
{
    flow_t *f = arg;
    (void)inner;
    if (f == NULL)
        return ERR_OK;
    f->established = err == ERR_OK;
    if (err != ERR_OK)
        f->lost = err;
    altcp_kick();
    return ERR_OK;
}

static void drop(struct altcp_pcb *inner, struct pbuf *p)
{
    altcp_recved(inner, p->tot_len);
    pbuf_free(p);
}

// A chain counts in 16 bits. What does not fit is offered again by inner.
static err_t append(flow_t *f, struct pbuf *p)
{
    if (f->in == NULL)
        f->in = p;
    else if (f->in->tot_len + p->tot_len > 0xffff)
        return ERR_MEM;
    else
        pbuf_cat(f->in, p);
    return ERR_OK;
}

static err_t on_received(void *arg, struct altcp_pcb *inner, struct pbuf *p, err_t err)
{
    flow_t *f = arg;
    (void)err;
    if (f == NULL) {
        if (p != NULL)
            drop(inner, p);
        return ERR_OK;
    }
    altcp_kick();
    if (p == NULL)
        f->fin = true;
    else if (f->state == FLOW_ENDED || f->conn == NULL)
        drop(inner, p);
    else
        return append(f, p);
    return ERR_OK;
}

static err_t on_sent(void *arg, struct altcp_pcb *inner, u16_t len)
{
    flow_t *f = arg;
    (void)inner;
    if (f == NULL)
        return ERR_OK;
    f->acknowledged += len;
    altcp_kick();
    return ERR_OK;
}

static err_t on_poll(void *arg, struct altcp_pcb *inner)
{
    flow_t *f = arg;
    (void)inner;
    if (f == NULL)
        return ERR_OK;
    f->poll_due = true;
    altcp_kick();
    return ERR_OK;
}

static void on_error(void *arg, err_t err)
{
    flow_t *f = arg;
    if (f == NULL)
        return;
    f->inner = NULL; // freed by whoever calls
    if (f->conn != NULL)
        f->conn->inner_conn = NULL;
    f->lost = err != ERR_OK ? err : ERR_ABRT;
    altcp_kick();
}

void altcp_inner_attach(flow_t *f)
{
    altcp_arg(f->inner, f);
    altcp_recv(f->inner, on_received);
    altcp_sent(f->inner, on_sent);
    altcp_err(f->inner, on_error);
    altcp_nagle_disable(f->inner); // records are handed over whole
}

err_t altcp_inner_connect(flow_t *f, const ip_addr_t *address, u16_t port)
{
    return altcp_connect(f->inner, address, port, on_connected);
}

void altcp_inner_poll_every(flow_t *f, u8_t interval)
{
    if (f->inner != NULL)
        altcp_poll(f->inner, on_poll, interval);
}

// --- Its end

static struct altcp_pcb *detach(flow_t *f)
{
    struct altcp_pcb *inner = f->inner;
    f->inner = NULL;
    if (f->conn != NULL)
        f->conn->inner_conn = NULL;
    altcp_arg(inner, NULL);
    altcp_recv(inner, NULL);
    altcp_sent(inner, NULL);
    altcp_err(inner, NULL);
    altcp_poll(inner, NULL, inner->pollinterval);
    return inner;
}

void altcp_inner_abort(flow_t *f)
{
    if (f->inner != NULL)
        altcp_abort(detach(f));
}

// TCP resets a connection that is closed while something of the window has not been given back.
void altcp_inner_close(flow_t *f)
{
    if (f->inner == NULL)
        return;
    altcp_inner_discard(f);
    (void)altcp_output(f->inner);
    struct altcp_pcb *inner = detach(f);
    if (altcp_close(inner) != ERR_OK)
        altcp_abort(inner);
}

void altcp_inner_discard(flow_t *f)
{
    if (f->in == NULL)
        return;
    if (f->inner != NULL)
        altcp_recved(f->inner, f->in->tot_len);
    pbuf_free(f->in);
    f->in = NULL;
}

// --- The engine's port: stream.c moves bytes by it, without the lock

static int why_lost(const flow_t *f)
{
    return f->lost == ERR_CLSD ? 0 : PICKET_ERR_RESET;
}

static int give(flow_t *f, const void *data, size_t len)
{
    if (f == NULL || f->inner == NULL)
        return PICKET_ERR_RESET;
    u16_t room = altcp_sndbuf(f->inner);
    u16_t n = len < room ? (u16_t)len : room;
    if (n == 0)
        return PICKET_AGAIN;
    err_t err = altcp_write(f->inner, data, n, TCP_WRITE_FLAG_COPY);
    if (err == ERR_MEM)
        return PICKET_AGAIN;
    if (err != ERR_OK)
        return PICKET_ERR_RESET;
    f->put += n;
    f->quick = PICKET_LWIP_QUICK_ACKS;
    return n;
}

static int send_bytes(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    altcp_lock();
    int n = give(altcp_flow_find(handle), data, len);
    altcp_unlock();
    return n;
}

// TCP at the bottom, whatever lies between. NULL: something else.
static struct tcp_pcb *tcp_of(const struct altcp_pcb *inner)
{
    while (inner != NULL && inner->fns != &altcp_tcp_functions)
        inner = inner->inner_conn;
    return inner != NULL ? inner->state : NULL;
}

// A server that begins slowly waits for an acknowledgement that TCP would delay (lwip_port.h).
static void acknowledge_quickly(flow_t *f)
{
    struct tcp_pcb *pcb = f->quick > 0 && f->in == NULL ? tcp_of(f->inner) : NULL;
    if (pcb == NULL || !(pcb->flags & TF_ACK_DELAY))
        return;
    f->quick--;
    tcp_set_flags(pcb, TF_ACK_NOW);
    (void)tcp_output(pcb);
}

// The window is given back for what is taken: a record may be larger than the window.
static int take_some(flow_t *f, void *buf, u16_t len)
{
    u16_t n = pbuf_copy_partial(f->in, buf, len, 0);
    f->in = pbuf_free_header(f->in, n);
    f->taken += n;
    if (f->inner != NULL)
        altcp_recved(f->inner, n);
    acknowledge_quickly(f);
    return n;
}

static int take(flow_t *f, void *buf, size_t len)
{
    if (f == NULL)
        return PICKET_ERR_RESET;
    if (f->in != NULL)
        return take_some(f, buf, len < f->in->tot_len ? (u16_t)len : f->in->tot_len);
    if (f->fin)
        return 0;
    return f->inner == NULL ? why_lost(f) : PICKET_AGAIN;
}

static int recv_bytes(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    altcp_lock();
    int n = take(altcp_flow_find(handle), buf, len);
    altcp_unlock();
    return n;
}

static void leave(void *ctx, int handle)
{
    (void)ctx;
    (void)handle; // the flow ends its connection itself
}

const picket_port_t altcp_inner_port = {
    .send = send_bytes,
    .recv = recv_bytes,
    .close = leave,
    .abort = leave,
};

#endif
