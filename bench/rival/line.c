#include "line.h"

#include "lwip/tcp.h"

static struct {
    struct tcp_pcb *pcb;
    struct pbuf *queue;
    void (*moved)(void);
    bool open, ended;
} line;

static err_t connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
    (void)arg, (void)pcb, (void)error; // always ERR_OK
    line.open = true;
    line.moved();
    return ERR_OK;
}

static err_t receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg, (void)pcb, (void)error;
    if (!p)
        line.ended = true;
    else if (line.queue)
        pbuf_cat(line.queue, p);
    else
        line.queue = p;
    line.moved();
    return ERR_OK;
}

static err_t sent(void *arg, struct tcp_pcb *pcb, uint16_t len)
{
    (void)arg, (void)pcb, (void)len;
    line.moved();
    return ERR_OK;
}

static void failed(void *arg, err_t error)
{
    (void)arg, (void)error;
    line.pcb = NULL; // lwIP has freed it
    line.ended = true;
    line.moved();
}

bool line_open(const ip_addr_t *address, uint16_t port, void (*moved)(void))
{
    line.moved = moved;
    line.open = line.ended = false;
    line.pcb = tcp_new();
    if (!line.pcb)
        return false;
    tcp_recv(line.pcb, receive);
    tcp_sent(line.pcb, sent);
    tcp_err(line.pcb, failed);
    return tcp_connect(line.pcb, address, port, connected) == ERR_OK;
}

bool line_is_open(void)
{
    return line.open;
}

size_t line_read(void *out, size_t len)
{
    if (!line.queue)
        return 0;
    uint16_t n = pbuf_copy_partial(line.queue, out, (uint16_t)LWIP_MIN(len, UINT16_MAX), 0);
    line.queue = pbuf_free_header(line.queue, n);
    if (line.pcb)
        tcp_recved(line.pcb, n);
    return n;
}

size_t line_write(const void *data, size_t len)
{
    if (!line.pcb)
        return 0;
    size_t room = LWIP_MIN(len, tcp_sndbuf(line.pcb));
    if (room == 0 || tcp_write(line.pcb, data, (uint16_t)room, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return 0;
    tcp_output(line.pcb);
    return room;
}

bool line_has_ended(void)
{
    return line.ended && !line.queue;
}

void line_close(void)
{
    if (line.queue)
        pbuf_free(line.queue);
    line.queue = NULL;
    if (!line.pcb)
        return;
    tcp_recv(line.pcb, NULL);
    tcp_sent(line.pcb, NULL);
    tcp_err(line.pcb, NULL);
    if (tcp_close(line.pcb) != ERR_OK)
        tcp_abort(line.pcb);
    line.pcb = NULL;
}
