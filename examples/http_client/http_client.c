// http_client.c: lwIP's own HTTP client, over TLS. It never shows its connection, so that the host name is said of the
// configuration. example_http_client ADDRESS PORT HOST FILE PATH
#include "lwip/apps/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/altcp_tls.h"
#include "picket/altcp.h"

static bool done;
static httpc_result_t outcome;

static err_t received(void *arg, struct altcp_pcb *conn, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    for (struct pbuf *q = p; q != NULL; q = q->next)
        fwrite(q->payload, 1, q->len, stdout);
    altcp_recved(conn, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static void ended(void *arg, httpc_result_t result, u32_t length, u32_t status, err_t err)
{
    (void)arg;
    fprintf(stderr, "result %d, %u bytes, status %u, err %d: %s\n", result, (unsigned)length,
            (unsigned)status, err, picket_altcp_sentence(NULL));
    outcome = result;
    done = true;
}

static struct altcp_tls_config *make_config(const char *file_name)
{
    static u8_t certificates[65536];
    FILE *file = fopen(file_name, "r");
    size_t n = file != NULL ? fread(certificates, 1, sizeof certificates - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    return n > 0 ? altcp_tls_create_config_client(certificates, n + 1) : NULL;
}

int main(int argc, char **argv)
{
    ip_addr_t address;
    struct altcp_tls_config *config = argc == 6 ? make_config(argv[4]) : NULL;
    altcp_allocator_t allocator = {altcp_tls_alloc, config};
    httpc_connection_t settings = {.altcp_allocator = &allocator, .result_fn = ended};
    httpc_state_t *state;
    if (config == NULL || !ipaddr_aton(argv[1], &address))
        return 2;
    picket_altcp_config_set_hostname(config, argv[3]);
    if (httpc_get_file(&address, (u16_t)atoi(argv[2]), argv[5], &settings, received, NULL, &state) != ERR_OK)
        return 1;
    const picket_port_t *port = picket_port_default();
    while (!done)
        port->wait(port->ctx, port->poll(port->ctx));
    return outcome != HTTPC_RESULT_OK;
}
