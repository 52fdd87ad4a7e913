// altcp_tls.c: lwIP's altcp_tls.h, and what altcp calls for a connection.
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS

#include "../../../src/arena.h"

static flow_t *flow_of(const struct altcp_pcb *conn)
{
    return conn != NULL ? conn->state : NULL;
}

// --- Making one

struct altcp_pcb *altcp_tls_wrap(struct altcp_tls_config *config, struct altcp_pcb *inner)
{
    if (config == NULL || inner == NULL)
        return NULL;
    struct altcp_pcb *conn = altcp_alloc();
    flow_t *f = conn != NULL ? altcp_flow_new(config, conn, inner) : NULL;
    if (f == NULL) {
        altcp_free(conn);
        altcp_remember(NULL, PICKET_ERR_NO_MEMORY, NULL);
        return NULL;
    }
    conn->inner_conn = inner;
    conn->fns = &altcp_picket_functions;
    conn->state = f;
    altcp_inner_attach(f);
    return conn;
}

void *altcp_tls_context(struct altcp_pcb *conn)
{
    flow_t *f = flow_of(conn);
    if (f == NULL)
        return NULL;
    return f->state == FLOW_OPEN ? tls_context_of(f->stream.tls) : tls_context_shown(f->context);
}

// --- Connecting

static err_t connect_to(struct altcp_pcb *conn, const ip_addr_t *address, u16_t port,
                        altcp_connected_fn connected)
{
    flow_t *f = flow_of(conn);
    if (f == NULL || f->inner == NULL)
        return ERR_VAL;
    if (f->state != FLOW_NEW)
        return ERR_ISCONN;
    conn->connected = connected;
    f->port = port;
    err_t err = altcp_inner_connect(f, address, port);
    if (err != ERR_OK)
        return err;
    f->state = FLOW_CONNECTING;
    f->deadline = deadline_in(altcp_now(), PICKET_CONNECT_MS);
    altcp_kick();
    return ERR_OK;
}

static struct altcp_pcb *listen_never(struct altcp_pcb *conn, u8_t backlog, err_t *err)
{
    (void)conn;
    (void)backlog;
    if (err != NULL)
        *err = ERR_VAL;
    return NULL;
}

// --- The end

static void let_go(struct altcp_pcb *conn)
{
    conn->state = NULL;
    conn->inner_conn = NULL;
    altcp_free(conn);
}

// Without a flow, err is being called for it: whoever calls err frees it.
static err_t close_conn(struct altcp_pcb *conn)
{
    flow_t *f = flow_of(conn);
    if (f == NULL)
        return ERR_OK;
    altcp_flow_release(f);
    let_go(conn);
    return ERR_OK;
}

static void abort_conn(struct altcp_pcb *conn)
{
    flow_t *f = flow_of(conn);
    if (f == NULL)
        return;
    altcp_inner_abort(f);
    altcp_flow_release(f);
    conn->state = NULL;
    if (conn->err != NULL)
        conn->err(conn->arg, ERR_ABRT);
    let_go(conn);
}

static err_t shut_down(struct altcp_pcb *conn, int rx, int tx)
{
    flow_t *f = flow_of(conn);
    if (rx && tx)
        return close_conn(conn);
    if (f == NULL || f->state != FLOW_OPEN)
        return ERR_CONN;
    f->deaf = f->deaf || rx;
    f->finishing = f->finishing || tx;
    altcp_kick();
    return ERR_OK;
}

// --- Bytes

static void received(struct altcp_pcb *conn, u16_t len)
{
    flow_t *f = flow_of(conn);
    if (f == NULL)
        return;
    f->unread -= len < f->unread ? len : f->unread;
    f->refused_at = altcp_now() - 0xffff; // offered again at once
    altcp_kick();
}

// As much as TCP's own send buffer, whatever becomes of it on the way. A pbuf counts its header too.
#define WRITE_MAX (TCP_SND_BUF < 0xff00 ? TCP_SND_BUF : 0xff00)

static u16_t room_of(struct altcp_pcb *conn)
{
    const flow_t *f = flow_of(conn);
    if (f == NULL || f->state != FLOW_OPEN || f->finishing || f->written >= WRITE_MAX)
        return 0;
    return (u16_t)(WRITE_MAX - f->written);
}

static err_t write_to(struct altcp_pcb *conn, const void *data, u16_t len, u8_t flags)
{
    flow_t *f = flow_of(conn);
    (void)flags;
    if (f == NULL || f->state != FLOW_OPEN || f->finishing)
        return ERR_CONN;
    if (len == 0)
        return ERR_OK;
    struct pbuf *p = len <= room_of(conn) ? pbuf_alloc(PBUF_RAW, len, PBUF_RAM) : NULL;
    if (p == NULL)
        return ERR_MEM;
    (void)pbuf_take(p, data, len);
    if (f->out == NULL)
        f->out = p;
    else
        pbuf_cat(f->out, p);
    f->written += len;
    altcp_kick();
    return ERR_OK;
}

static err_t output_now(struct altcp_pcb *conn)
{
    flow_t *f = flow_of(conn);
    if (f == NULL || f->inner == NULL)
        return ERR_CONN;
    altcp_kick();
    return altcp_output(f->inner);
}

static void set_poll(struct altcp_pcb *conn, u8_t interval)
{
    flow_t *f = flow_of(conn);
    if (f != NULL)
        altcp_inner_poll_every(f, interval);
}

const struct altcp_functions altcp_picket_functions = {
    .set_poll = set_poll,
    .recved = received,
    .bind = altcp_default_bind,
    .connect = connect_to,
    .listen = listen_never,
    .abort = abort_conn,
    .close = close_conn,
    .shutdown = shut_down,
    .write = write_to,
    .output = output_now,
    .mss = altcp_default_mss,
    .sndbuf = room_of,
    .sndqueuelen = altcp_default_sndqueuelen,
    .nagle_disable = altcp_default_nagle_disable,
    .nagle_enable = altcp_default_nagle_enable,
    .nagle_disabled = altcp_default_nagle_disabled,
    .setprio = altcp_default_setprio,
    .dealloc = altcp_default_dealloc,
    .addrinfo = altcp_default_get_tcp_addrinfo,
    .getip = altcp_default_get_ip,
    .getport = altcp_default_get_port,
#if LWIP_TCP_KEEPALIVE
    .keepalive_disable = altcp_default_keepalive_disable,
    .keepalive_enable = altcp_default_keepalive_enable,
#endif
#ifdef LWIP_DEBUG
    .dbg_get_tcp_state = altcp_default_dbg_get_tcp_state,
#endif
};

// --- Sessions

void altcp_tls_init_session(struct altcp_tls_session *session)
{
    if (session != NULL)
        tls_context_session_init(&session->data);
}

void altcp_tls_free_session(struct altcp_tls_session *session)
{
    if (session != NULL)
        tls_context_session_free(&session->data);
}

static err_t get_session(const flow_t *f, struct altcp_tls_session *session)
{
    if (f->state != FLOW_OPEN)
        return ERR_CONN;
    return tls_context_session_get(f->stream.tls, &session->data) == 0 ? ERR_OK : ERR_VAL;
}

static err_t set_session(const flow_t *f, const struct altcp_tls_session *session)
{
    const tls_client_t *client = f->config->client;
    return client != NULL && tls_context_session_known(client, &session->data) ? ERR_OK : ERR_VAL;
}

err_t altcp_tls_get_session(struct altcp_pcb *conn, struct altcp_tls_session *session)
{
    flow_t *f = flow_of(conn);
    if (f == NULL || session == NULL)
        return ERR_ARG;
    if (!altcp_take())
        return ERR_INPROGRESS;
    err_t err = get_session(f, session);
    altcp_give();
    return err;
}

err_t altcp_tls_set_session(struct altcp_pcb *conn, struct altcp_tls_session *session)
{
    flow_t *f = flow_of(conn);
    if (f == NULL || session == NULL)
        return ERR_ARG;
    if (!altcp_take())
        return ERR_INPROGRESS;
    err_t err = set_session(f, session);
    altcp_give();
    return err;
}

#endif
