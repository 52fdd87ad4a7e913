#include "lwip_tcp.h"

#include <stdbool.h>
#include <string.h>

#include "lwip/tcp.h"
#include "lwip_address.h"
#include "lwip_board.h"
#include "lwip_handle.h"

#if PICKET_LWIP_CONNECTIONS > 255
#error "PICKET_LWIP_CONNECTIONS: at most 255"
#endif
#if PICKET_LWIP_CONNECTIONS > MEMP_NUM_TCP_PCB
#error "PICKET_LWIP_CONNECTIONS: lwIP has fewer connections (MEMP_NUM_TCP_PCB)"
#endif
#if PICKET_LWIP_CLOSE_S < 1 || PICKET_LWIP_CLOSE_S > 120
#error "PICKET_LWIP_CLOSE_S: 1 to 120"
#endif

struct connection {
    struct tcp_pcb *pcb; // NULL when lwIP has let go of it
    struct pbuf *first;  // what has arrived in order and has not been handed out: pbufs linked by next, whose
    struct pbuf *last;   // tot_len means nothing any more (it could not count a window above 65535)
    uint32_t generation;
    uint16_t taken; // bytes of first that have been handed out
    uint8_t quick;  // segments that will still be acknowledged at once
    bool held;
    bool established;
    bool fin;
    int error;
};

static struct connection connections[PICKET_LWIP_CONNECTIONS];

// --- Slots ---

static int handle_of(const struct connection *c)
{
    return picket_lwip_handle((unsigned)(c - connections), c->generation);
}

static struct connection *find(int handle)
{
    unsigned index = picket_lwip_index(handle);
    if (handle <= 0 || index >= PICKET_LWIP_CONNECTIONS)
        return NULL;
    struct connection *c = &connections[index];
    return c->held && c->generation == picket_lwip_generation(handle) ? c : NULL;
}

static struct connection *find_free(void)
{
    for (unsigned i = 0; i < PICKET_LWIP_CONNECTIONS; i++)
        if (!connections[i].held)
            return &connections[i];
    return NULL;
}

static void hold(struct connection *c, struct tcp_pcb *pcb)
{
    uint32_t generation = picket_lwip_next_generation(c->generation);
    memset(c, 0, sizeof *c);
    c->generation = generation;
    c->pcb = pcb;
    c->quick = PICKET_LWIP_QUICK_ACKS;
    c->held = true;
}

// --- The queue of what has arrived ---

static void queue_pbuf(struct connection *c, struct pbuf *p)
{
    if (c->last)
        c->last->next = p;
    else
        c->first = p;
    while (p->next)
        p = p->next;
    c->last = p;
}

static void drop_first(struct connection *c)
{
    struct pbuf *p = c->first;
    c->first = p->next;
    c->taken = 0;
    if (!c->first)
        c->last = NULL;
    p->next = NULL;
    p->tot_len = p->len;
    pbuf_free(p);
}

static size_t take_from_first(struct connection *c, void *buf, size_t len)
{
    size_t n = (size_t)(c->first->len - c->taken);
    if (n > len)
        n = len;
    if (buf)
        MEMCPY(buf, (const uint8_t *)c->first->payload + c->taken, n);
    c->taken = (uint16_t)(c->taken + n);
    if (c->taken == c->first->len)
        drop_first(c);
    return n;
}

// Up to len bytes off the queue; into buf, unless it is NULL.
static size_t take(struct connection *c, void *buf, size_t len)
{
    size_t done = 0;
    while (done < len && c->first)
        done += take_from_first(c, buf ? (uint8_t *)buf + done : NULL, len - done);
    return done;
}

// Tell lwIP that the window may move on. The pcb is looked at each time, since a call that sends may end it.
static void credit(struct connection *c, size_t len)
{
    while (len > 0 && c->pcb) {
        uint16_t step = len > 0xffff ? 0xffff : (uint16_t)len;
        tcp_recved(c->pcb, step);
        len -= step;
    }
}

// --- What lwIP calls ---

static err_t on_connected(void *argument, struct tcp_pcb *pcb, err_t err)
{
    (void)pcb;
    (void)err; // always ERR_OK
    struct connection *c = find(picket_lwip_from_argument(argument));
    if (c)
        c->established = c->error == 0; // an error that was reported stays
    picket_lwip_happened();
    return ERR_OK;
}

static err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)pcb;
    (void)err; // always ERR_OK
    struct connection *c = find(picket_lwip_from_argument(argument));
    if (c && p)
        queue_pbuf(c, p);
    else if (c)
        c->fin = true;
    else if (p)
        pbuf_free(p);
    picket_lwip_happened();
    return ERR_OK;
}

static err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t len)
{
    (void)argument;
    (void)pcb;
    (void)len;
    picket_lwip_happened();
    return ERR_OK;
}

// lwIP gives up an attempt with ERR_ABRT when its last SYN was not answered, and a connection when the last
// repetition of a segment was not: the one is a time-out, the other has no better name than a reset.
static int meaning(err_t err, bool established)
{
    if (err == ERR_RTE)
        return PICKET_ERR_UNREACHABLE;
    if (established)
        return PICKET_ERR_RESET;
    return err == ERR_RST ? PICKET_ERR_REFUSED : PICKET_ERR_TIMEOUT_CONNECT;
}

// The pcb is gone by now.
static void on_failed(void *argument, err_t err)
{
    struct connection *c = find(picket_lwip_from_argument(argument));
    if (c) {
        c->pcb = NULL;
        if (c->error == 0)
            c->error = meaning(err, c->established);
    }
    picket_lwip_happened();
}

static bool is_attempt(const struct connection *c)
{
    return c->held && c->pcb && !c->established && c->pcb->state == SYN_SENT;
}

static bool sent_by(const struct tcp_pcb *pcb, const struct picket_lwip_packet *packet)
{
    return pcb->local_port == packet->local_port && pcb->remote_port == packet->remote_port &&
           pcb->lastack == packet->seqno && ip_addr_eq(&pcb->remote_ip, &packet->remote);
}

void picket_lwip_undelivered(const struct picket_lwip_packet *packet, int error)
{
    for (unsigned i = 0; i < PICKET_LWIP_CONNECTIONS; i++) {
        struct connection *c = &connections[i];
        if (is_attempt(c) && sent_by(c->pcb, packet) && c->error == 0) {
            c->error = error;
            picket_lwip_happened();
        }
    }
}

// --- Connecting ---

static void set_callbacks(struct tcp_pcb *pcb, int handle)
{
    tcp_arg(pcb, picket_lwip_argument(handle));
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_failed);
}

static void clear_callbacks(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
}

// A random local port for every connection, or the next one that is free. lwIP's own choice counts up from a
// random one, and has no port to give, so that the connection fails, when that is the last of the range.
static err_t bind_random(struct tcp_pcb *pcb)
{
    enum { FIRST = 0xc000, PORTS = 0x4000 };
    uint32_t number = LWIP_RAND();
    err_t err = ERR_USE;
    for (int i = 0; i < MEMP_NUM_TCP_PCB && err == ERR_USE; i++)
        err = tcp_bind(pcb, &pcb->local_ip, (u16_t)(FIRST + (number++ & (PORTS - 1))));
    return err;
}

static int no_connection(err_t err)
{
    return err == ERR_RTE ? PICKET_ERR_UNREACHABLE : PICKET_ERR_NO_MEMORY;
}

static int open_slot(struct connection *c, const ip_addr_t *ip, uint16_t port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IP_GET_TYPE(ip));
    if (!pcb)
        return PICKET_ERR_NO_MEMORY;
    hold(c, pcb);
    set_callbacks(pcb, handle_of(c));
    tcp_nagle_disable(pcb); // what Picket sends is a record or a head: complete, and waited for
    err_t err = bind_random(pcb);
    if (err == ERR_OK)
        err = tcp_connect(pcb, ip, port, on_connected);
    if (err == ERR_OK)
        return handle_of(c);
    clear_callbacks(pcb);
    tcp_abort(pcb);
    c->held = false;
    return no_connection(err);
}

static int connect_locked(const picket_address_t *address, uint16_t port)
{
    if (!picket_lwip_has_network(0))
        return PICKET_ERR_NO_NETWORK;
    if (!picket_lwip_has_network(address->family))
        return PICKET_ERR_UNREACHABLE;
    struct connection *c = find_free();
    ip_addr_t ip = picket_lwip_to_ip(address);
    return c ? open_slot(c, &ip, port) : PICKET_ERR_NO_MEMORY;
}

int picket_lwip_connect(void *ctx, const picket_address_t *address, uint16_t port)
{
    (void)ctx;
    if (!address || (address->family != 4 && address->family != 6))
        return PICKET_ERR_ARG;
    picket_address_t mapped = picket_lwip_mapped(address);
    picket_lwip_lock();
    int result = connect_locked(&mapped, port);
    picket_lwip_unlock();
    return result;
}

// An established connection that has failed since is still "connected": recv hands out what it received, then
// fails.
static int state_of(const struct connection *c)
{
    if (!c)
        return PICKET_ERR_CLOSED;
    if (c->established)
        return 1;
    return c->error ? c->error : PICKET_AGAIN;
}

int picket_lwip_connected(void *ctx, int handle)
{
    (void)ctx;
    picket_lwip_lock();
    int result = state_of(find(handle));
    picket_lwip_unlock();
    return result;
}

// --- Sending ---

static size_t send_room(struct tcp_pcb *pcb)
{
    if (tcp_sndqueuelen(pcb) >= TCP_SND_QUEUELEN)
        return 0;
    size_t room = tcp_sndbuf(pcb);
    return room > 0xffff ? 0xffff : room;
}

// When memory is short, less may still fit. If nothing fits, the caller tries again: lwIP's TCP timer wakes
// it after 250 ms even if no acknowledgement is on its way.
static int send_some(struct tcp_pcb *pcb, const void *data, size_t len)
{
    size_t n = send_room(pcb);
    bool more = n < len;
    if (!more)
        n = len;
    for (; n > 0; n /= 2, more = true)
        if (tcp_write(pcb, data, (u16_t)n, (u8_t)(TCP_WRITE_FLAG_COPY | (more ? TCP_WRITE_FLAG_MORE : 0))) ==
            ERR_OK)
            return (int)n;
    return PICKET_AGAIN;
}

static int send_locked(struct connection *c, const void *data, size_t len)
{
    if (!c)
        return PICKET_ERR_CLOSED;
    if (c->error)
        return c->error;
    if (!c->established)
        return PICKET_AGAIN;
    int result = send_some(c->pcb, data, len);
    c->quick = PICKET_LWIP_QUICK_ACKS;
    tcp_output(c->pcb);
    return result;
}

int picket_lwip_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    if (!data || len == 0)
        return PICKET_ERR_ARG;
    picket_lwip_lock();
    int result = send_locked(find(handle), data, len);
    picket_lwip_unlock();
    return result;
}

// --- Receiving ---

static void acknowledge_quickly(struct connection *c)
{
    if (!c->pcb || c->first || c->quick == 0 || !(c->pcb->flags & TF_ACK_DELAY))
        return;
    c->quick--;
    tcp_set_flags(c->pcb, TF_ACK_NOW);
    tcp_output(c->pcb);
}

static int receive(struct connection *c, void *buf, size_t len)
{
    size_t n = take(c, buf, len);
    credit(c, n);
    acknowledge_quickly(c);
    return (int)n;
}

static int recv_locked(struct connection *c, void *buf, size_t len)
{
    if (!c)
        return PICKET_ERR_CLOSED;
    if (c->first)
        return receive(c, buf, len);
    if (c->fin)
        return 0;
    return c->error ? c->error : PICKET_AGAIN;
}

int picket_lwip_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    if (!buf || len == 0)
        return PICKET_ERR_ARG;
    if (len > INT32_MAX)
        len = INT32_MAX;
    picket_lwip_lock();
    int result = recv_locked(find(handle), buf, len);
    picket_lwip_unlock();
    return result;
}

// --- The end ---

static err_t give_up(void *argument, struct tcp_pcb *pcb)
{
    (void)argument;
    tcp_abort(pcb);
    return ERR_ABRT;
}

// From here on the pcb is lwIP's. Several of its closing states have no time limit, or minutes, so it gets
// one; and the lowest priority, so that lwIP takes it back when a new connection needs a pcb.
static void close_pcb(struct tcp_pcb *pcb)
{
    clear_callbacks(pcb);
    tcp_poll(pcb, give_up, PICKET_LWIP_CLOSE_S * 2); // in units of 500 ms
    tcp_setprio(pcb, TCP_PRIO_MIN);
    if (tcp_close(pcb) != ERR_OK)
        tcp_abort(pcb);
}

static void abort_pcb(struct tcp_pcb *pcb)
{
    clear_callbacks(pcb);
    tcp_abort(pcb);
}

// Empty the queue and give back the slot; returns the pcb, if lwIP still has it. What was not read is
// credited, since lwIP would otherwise reset the connection, and with it what is still to be sent.
static struct tcp_pcb *let_go(struct connection *c)
{
    credit(c, take(c, NULL, SIZE_MAX));
    c->held = false;
    return c->pcb;
}

static void end(int handle, void (*end_pcb)(struct tcp_pcb *))
{
    picket_lwip_lock();
    struct connection *c = find(handle);
    struct tcp_pcb *pcb = c ? let_go(c) : NULL;
    if (pcb)
        end_pcb(pcb);
    picket_lwip_unlock();
}

void picket_lwip_close(void *ctx, int handle)
{
    (void)ctx;
    end(handle, close_pcb);
}

void picket_lwip_abort(void *ctx, int handle)
{
    (void)ctx;
    end(handle, abort_pcb);
}

void picket_lwip_tcp_stop(void)
{
    for (unsigned i = 0; i < PICKET_LWIP_CONNECTIONS; i++) {
        struct tcp_pcb *pcb = connections[i].held ? let_go(&connections[i]) : NULL;
        if (pcb)
            abort_pcb(pcb);
    }
}
