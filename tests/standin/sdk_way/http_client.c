// http_client.c: lwIP's HTTP client, with an allocator that sets the host name, and a configuration without a CA.
#include <stdio.h>

#include "lwip/altcp.h"
#include "lwip/altcp_tls.h"
#include "lwip/apps/http_client.h"
#include "pico/async_context.h"
#include "pico/cyw43_arch.h"
#include "sdk_way.h"

static struct {
    struct altcp_tls_config *config;
    altcp_allocator_t allocator;
    httpc_connection_t settings;
    httpc_result_t result;
    volatile bool over;
} request;

static struct altcp_pcb *allocate(void *arg, u8_t ip_type)
{
    struct altcp_pcb *conn = altcp_tls_alloc(arg, ip_type);
    if (conn != NULL)
        mbedtls_ssl_set_hostname(altcp_tls_context(conn), SERVER);
    return conn;
}

static err_t headers(httpc_state_t *state, void *arg, struct pbuf *p, u16_t len, u32_t content)
{
    (void)state;
    (void)arg;
    for (u16_t i = 0; i < len && i < p->tot_len; i++)
        putchar(pbuf_get_at(p, i));
    printf("%u bytes follow\n", (unsigned)content);
    return ERR_OK;
}

static err_t body(void *arg, struct altcp_pcb *conn, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    altcp_recved(conn, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static void ended(void *arg, httpc_result_t result, u32_t len, u32_t status, err_t err)
{
    (void)arg;
    printf("%d: %u bytes, status %u, %d\n", result, (unsigned)len, (unsigned)status, err);
    request.result = result;
    request.over = true;
}

bool by_http_client(void)
{
    async_context_t *context = cyw43_arch_async_context();
    request.config = altcp_tls_create_config_client(NULL, 0);
    request.allocator = (altcp_allocator_t){allocate, request.config};
    request.settings = (httpc_connection_t){
        .altcp_allocator = &request.allocator, .headers_done_fn = headers, .result_fn = ended};
    async_context_acquire_lock_blocking(context);
    err_t err = httpc_get_file_dns(SERVER, 443, "/", &request.settings, body, &request, NULL);
    async_context_release_lock(context);
    while (err == ERR_OK && !request.over) {
        async_context_poll(context);
        async_context_wait_for_work_ms(context, 1000);
    }
    altcp_tls_free_config(request.config);
    return err == ERR_OK && request.result == HTTPC_RESULT_OK;
}
