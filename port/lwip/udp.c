#include "lwip_udp.h"

#include <stdbool.h>
#include <string.h>

#include "lwip/udp.h"
#include "lwip_address.h"
#include "lwip_board.h"
#include "lwip_handle.h"

// One for each time server, one for picket_clock_query_blocking. Datagrams that wait, of each; more are
// dropped, as UDP may.
enum { SOCKETS = PICKET_TIME_SERVERS_MAX + 1, WAITING = 4 };

struct socket {
    struct udp_pcb *pcb; // NULL: free
    uint32_t generation;
    struct pbuf *waiting[WAITING]; // the oldest first
    unsigned count;
};

static struct socket sockets[SOCKETS];

static int handle_of(const struct socket *s)
{
    return picket_lwip_handle((unsigned)(s - sockets), s->generation);
}

static struct socket *find(int handle)
{
    unsigned index = picket_lwip_index(handle);
    if (handle <= 0 || index >= SOCKETS)
        return NULL;
    struct socket *s = &sockets[index];
    return s->pcb && s->generation == picket_lwip_generation(handle) ? s : NULL;
}

static struct socket *find_free(void)
{
    for (unsigned i = 0; i < SOCKETS; i++)
        if (!sockets[i].pcb)
            return &sockets[i];
    return NULL;
}

// Of a connected pcb lwIP hands over only what the other end has sent.
static void on_received(void *argument, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                        u16_t port)
{
    (void)pcb;
    (void)from;
    (void)port;
    struct socket *s = find(picket_lwip_from_argument(argument));
    if (!s || s->count == WAITING) {
        pbuf_free(p);
        return;
    }
    s->waiting[s->count++] = p;
    picket_lwip_happened();
}

// The local port is the caller's choice, since whoever forges an answer has to guess it: lwIP's own counts
// up, and LWIP_RAND may be no secret.
static err_t bind_from(struct udp_pcb *pcb, uint16_t local)
{
    enum { FIRST = 0xc000 };
    err_t err = ERR_USE;
    for (unsigned i = 0; i <= MEMP_NUM_UDP_PCB && err == ERR_USE; i++)
        err = udp_bind(pcb, &pcb->local_ip, (u16_t)(FIRST | (local + i)));
    return err;
}

static int open_locked(const picket_address_t *address, uint16_t port, uint16_t local)
{
    if (!picket_lwip_has_network(address->family))
        return PICKET_ERR_NO_NETWORK;
    struct socket *s = find_free();
    ip_addr_t ip = picket_lwip_to_ip(address);
    struct udp_pcb *pcb = s ? udp_new_ip_type(IP_GET_TYPE(&ip)) : NULL;
    if (!pcb)
        return PICKET_ERR_NO_MEMORY;
    if (bind_from(pcb, local) != ERR_OK || udp_connect(pcb, &ip, port) != ERR_OK) {
        udp_remove(pcb);
        return PICKET_ERR_UNREACHABLE;
    }
    s->pcb = pcb;
    s->generation = picket_lwip_next_generation(s->generation);
    udp_recv(pcb, on_received, picket_lwip_argument(handle_of(s)));
    return handle_of(s);
}

int picket_lwip_udp_open(void *ctx, const picket_address_t *address, uint16_t port, uint16_t local)
{
    (void)ctx;
    if (!address || (address->family != 4 && address->family != 6) || port == 0)
        return PICKET_ERR_ARG;
    picket_address_t mapped = picket_lwip_mapped(address);
    picket_lwip_lock();
    int result = open_locked(&mapped, port, local);
    picket_lwip_unlock();
    return result;
}

static int send_locked(struct socket *s, const void *data, size_t len)
{
    if (!s)
        return PICKET_ERR_CLOSED;
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
    if (!p)
        return PICKET_AGAIN;
    memcpy(p->payload, data, len);
    err_t err = udp_send(s->pcb, p);
    pbuf_free(p);
    return err == ERR_RTE ? PICKET_ERR_UNREACHABLE : err == ERR_OK ? (int)len : PICKET_AGAIN;
}

int picket_lwip_udp_send(void *ctx, int handle, const void *data, size_t len)
{
    (void)ctx;
    if (!data || len == 0 || len > PICKET_UDP_MAX)
        return PICKET_ERR_ARG;
    picket_lwip_lock();
    int result = send_locked(find(handle), data, len);
    picket_lwip_unlock();
    return result;
}

static int recv_locked(struct socket *s, void *buf, size_t len)
{
    if (!s)
        return PICKET_ERR_CLOSED;
    if (s->count == 0)
        return PICKET_AGAIN;
    struct pbuf *p = s->waiting[0];
    memmove(s->waiting, s->waiting + 1, --s->count * sizeof s->waiting[0]);
    int n = pbuf_copy_partial(p, buf, (u16_t)(len < 0xffff ? len : 0xffff), 0);
    pbuf_free(p);
    return n;
}

int picket_lwip_udp_recv(void *ctx, int handle, void *buf, size_t len)
{
    (void)ctx;
    if (!buf || len == 0)
        return PICKET_ERR_ARG;
    picket_lwip_lock();
    int result = recv_locked(find(handle), buf, len);
    picket_lwip_unlock();
    return result;
}

static void close_locked(struct socket *s)
{
    while (s->count > 0)
        pbuf_free(s->waiting[--s->count]);
    udp_remove(s->pcb);
    s->pcb = NULL;
}

void picket_lwip_udp_close(void *ctx, int handle)
{
    (void)ctx;
    picket_lwip_lock();
    struct socket *s = find(handle);
    if (s)
        close_locked(s);
    picket_lwip_unlock();
}

void picket_lwip_udp_stop(void)
{
    for (unsigned i = 0; i < SOCKETS; i++)
        if (sockets[i].pcb)
            close_locked(&sockets[i]);
}
