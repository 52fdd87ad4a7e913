// altcp.c: the recipe of every tutorial on lwIP's altcp_tls.h, as it stands. Nothing in it is Picket's but what is linked
// (picket_altcp), and the line that says why it failed.
#include "altcp.h"

#include <stdio.h>
#include <string.h>

#include "lwip/altcp_tls.h"
#include "lwip/dns.h"
#include "picket/altcp.h"

bool altcp_example_done;

static char request[300];
static int port;
static struct altcp_pcb *pcb;

static err_t received(void *arg, struct altcp_pcb *conn, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p == NULL) {
        altcp_close(conn);
        printf("\nall of it\n");
        altcp_example_done = true;
        return ERR_OK;
    }
    for (struct pbuf *q = p; q != NULL; q = q->next)
        fwrite(q->payload, 1, q->len, stdout);
    altcp_recved(conn, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t connected(void *arg, struct altcp_pcb *conn, err_t err)
{
    (void)arg;
    (void)err;
    return altcp_write(conn, request, (u16_t)strlen(request), TCP_WRITE_FLAG_COPY);
}

static void failed(void *arg, err_t err)
{
    printf("failed: %d, %s\n", err, picket_altcp_sentence(arg));
    altcp_example_done = true;
}

static void found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    if (address != NULL && altcp_connect(pcb, address, (u16_t)port, connected) == ERR_OK)
        return;
    printf("failed: no such server\n");
    altcp_example_done = true;
}

bool altcp_example_start(const char *server, int number, const char *host, const char *certificate)
{
    ip_addr_t address;
    size_t len = certificate[0] != '\0' ? strlen(certificate) + 1 : 0;
    struct altcp_tls_config *conf = altcp_tls_create_config_client((const u8_t *)certificate, len);
    altcp_allocator_t allocator = {altcp_tls_alloc, conf};
    pcb = conf != NULL ? altcp_new(&allocator) : NULL;
    if (pcb == NULL)
        return false;
    port = number;
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", host);
    mbedtls_ssl_set_hostname(altcp_tls_context(pcb), host);
    altcp_recv(pcb, received);
    altcp_err(pcb, failed);
    err_t err = dns_gethostbyname(server, &address, found, NULL);
    if (err == ERR_OK)
        found(server, &address, NULL);
    return err == ERR_OK || err == ERR_INPROGRESS;
}
