// lwIP's own TLS layer, altcp_tls, over Mbed TLS.
#include <string.h>

#include <mbedtls/platform_time.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>

#include "hardware/timer.h"
#include "lwip/altcp_tls.h"
#include "rival.h"

static struct altcp_tls_config *config;
static struct altcp_tls_session session;
static bool has_session;
static struct altcp_pcb *connection;

// --- What Mbed TLS asks of a board

int mbedtls_hardware_poll(void *ctx, unsigned char *out, size_t len, size_t *written);
int mbedtls_hardware_poll(void *ctx, unsigned char *out, size_t len, size_t *written)
{
    (void)ctx;
    *written = len;
    return rival_entropy(out, len) ? 0 : -1;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(time_us_64() / 1000);
}

// --- A connection

static err_t receive(void *arg, struct altcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg;
    if (!p) {
        rival_ended(error);
        return ERR_OK;
    }
    for (const struct pbuf *q = p; q; q = q->next)
        rival_received(q->payload, q->len);
    altcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static err_t connected(void *arg, struct altcp_pcb *pcb, err_t error)
{
    (void)arg;
    if (error != ERR_OK)
        return error;
    has_session = altcp_tls_get_session(pcb, &session) == ERR_OK;
    rival_connected();
    return ERR_OK;
}

static void failed(void *arg, err_t error)
{
    (void)arg;
    connection = NULL;
    rival_ended(error);
}

bool rival_open(const char *host, const ip_addr_t *address, uint16_t port)
{
    connection = altcp_tls_new(config, IPADDR_TYPE_V4);
    if (!connection || mbedtls_ssl_set_hostname(altcp_tls_context(connection), host) != 0)
        return false;
    if (has_session)
        altcp_tls_set_session(connection, &session);
    altcp_recv(connection, receive);
    altcp_err(connection, failed);
    return altcp_connect(connection, address, port, connected) == ERR_OK;
}

// It does all in lwIP's callbacks.
bool rival_poll(void)
{
    return false;
}

bool rival_send(const void *data, size_t len)
{
    return altcp_write(connection, data, (uint16_t)len, TCP_WRITE_FLAG_COPY) == ERR_OK;
}

void rival_close(void)
{
    if (connection)
        altcp_close(connection);
    connection = NULL;
}

bool rival_start(const char *ca, size_t len)
{
    altcp_tls_init_session(&session);
    if (psa_crypto_init() != PSA_SUCCESS)
        return false;
    config = altcp_tls_create_config_client((const u8_t *)ca, len + 1);
    return config != NULL;
}
