// altcp.c: a connection of one's own. It counts its half seconds, and closes within its callbacks.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/altcp_tcp.h"
#include "lwip/altcp_tls.h"
#include "lwip/dns.h"
#include "lwip/pbuf.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"
#include "sdk_way.h"

static struct altcp_tls_config *config;
static struct altcp_tls_session session;
static struct altcp_pcb *conn;
static bool over, failed;

static err_t leave(bool well)
{
    struct altcp_pcb *c = conn;
    conn = NULL;
    over = true;
    failed = failed || !well;
    if (c == NULL)
        return ERR_OK;
    altcp_arg(c, NULL);
    altcp_poll(c, NULL, 0);
    altcp_recv(c, NULL);
    altcp_sent(c, NULL);
    altcp_err(c, NULL);
    if (altcp_close(c) == ERR_OK)
        return ERR_OK;
    altcp_abort(c);
    return ERR_ABRT;
}

static err_t received(void *arg, struct altcp_pcb *c, struct pbuf *p, err_t err)
{
    char text[64];
    (void)arg;
    if (p == NULL)
        return leave(err == ERR_OK);
    u16_t n = pbuf_copy_partial(p, text, sizeof text - 1, 0);
    text[n] = '\0';
    printf("%s\n", text);
    altcp_recved(c, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t sent(void *arg, struct altcp_pcb *c, u16_t len)
{
    (void)arg;
    printf("%u sent, room for %u\n", len, altcp_sndbuf(c));
    return ERR_OK;
}

static err_t too_late(void *arg, struct altcp_pcb *c)
{
    (void)arg;
    (void)c;
    return leave(false);
}

static void lost(void *arg, err_t err)
{
    (void)arg;
    printf("lost: %d\n", err);
    conn = NULL;
    leave(false);
}

static err_t connected(void *arg, struct altcp_pcb *c, err_t err)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: " SERVER "\r\nConnection: close\r\n\r\n";
    (void)arg;
    if (err != ERR_OK || altcp_write(c, request, sizeof request - 1, TCP_WRITE_FLAG_COPY) != ERR_OK)
        return leave(false);
    altcp_tls_get_session(c, &session);
    return altcp_output(c);
}

static void found(const char *name, const ip_addr_t *address, void *arg)
{
    (void)name;
    (void)arg;
    if (address == NULL || altcp_connect(conn, address, 443, connected) != ERR_OK)
        leave(false);
}

static bool start(void)
{
    mbedtls_ssl_context *ssl;
    ip_addr_t address;
    conn = altcp_tls_new(config, IPADDR_TYPE_ANY);
    if (conn == NULL)
        return false;
    ssl = altcp_tls_context(conn);
    mbedtls_ssl_set_hostname(ssl, SERVER);
    altcp_tls_set_session(conn, &session);
    altcp_arg(conn, &over);
    altcp_poll(conn, too_late, 30);
    altcp_recv(conn, received);
    altcp_sent(conn, sent);
    altcp_err(conn, lost);
    cyw43_arch_lwip_begin();
    err_t err = dns_gethostbyname(SERVER, &address, found, NULL);
    if (err == ERR_OK)
        found(SERVER, &address, NULL);
    cyw43_arch_lwip_end();
    return err == ERR_OK || err == ERR_INPROGRESS;
}

bool by_altcp(void)
{
    static const char *protocols[] = {"http/1.1", NULL};
    static const u8_t certificates[] = CERTIFICATES;
    config = altcp_tls_create_config_client(certificates, sizeof certificates);
    if (config == NULL)
        return false;
    altcp_tls_configure_alpn_protocols(config, protocols);
    altcp_tls_init_session(&session);
    bool well = start();
    while (well && !over) {
        cyw43_arch_poll();
        cyw43_arch_wait_for_work_until(make_timeout_time_ms(1000));
    }
    altcp_tls_free_session(&session);
    altcp_tls_free_config(config);
    return well && !failed;
}
