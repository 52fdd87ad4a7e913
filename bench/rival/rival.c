// rival: fetches what the page (examples/demo/page.h) asks for with lwIP's own TLS layer (altcp_tls, over Mbed TLS in its
// default configuration), and prints what it cost. The URL is https://HOST:PORT/PATH, and the server answers with a
// Content-Length.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <mbedtls/platform_time.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>

#include "cycles.h"
#include "figures.h"
#include "lwip/altcp_tls.h"
#include "lwip/dns.h"
#include "lwip/timeouts.h"
#include "page.h"
#include "phases.h"
#include "pico/stdlib.h"
#include "pico_clock.h"
#include "pico_entropy.h"
#include "pico_slip.h"
#include "rival_memory.h"
#include "rival_stack.h"

static struct page page;
static ip_addr_t address;
static char host[64], path[128];
static uint16_t port;

static struct altcp_tls_config *config;
static struct altcp_tls_session session;
static bool has_session;
static struct figures figures;

static struct {
    struct altcp_pcb *pcb;
    bool over;
    err_t error;
    char head[1024];
    size_t head_len;
    bool head_over;
    uint32_t length;
} connection;

// --- What Mbed TLS asks of a board ---

// For 128 bytes, a seed, as many samples as Picket takes for one.
static int make_byte(unsigned char *byte)
{
    uint8_t samples[32];
    *byte = 0;
    for (unsigned i = 0; i < 5 * sizeof samples; i++) {
        if (i % sizeof samples == 0 && picket_pico_entropy[0]->collect(NULL, samples, sizeof samples) < 0)
            return -1;
        *byte = (unsigned char)((*byte << 1 | *byte >> 7) ^ samples[i % sizeof samples]);
    }
    return 0;
}

int mbedtls_hardware_poll(void *ctx, unsigned char *out, size_t len, size_t *written);
int mbedtls_hardware_poll(void *ctx, unsigned char *out, size_t len, size_t *written)
{
    (void)ctx;
    *written = len;
    for (size_t i = 0; i < len; i++)
        if (make_byte(out + i) < 0)
            return -1;
    return 0;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)(time_us_64() / 1000);
}

// --- The page ---

static int fail(const char *what)
{
    printf("picket: error %s\n", what);
    return 1;
}

static bool read_url(const char *url)
{
    unsigned number;
    strcpy(path, "/");
    if (sscanf(url, "https://%63[^:/]:%u%127s", host, &number, path) < 2)
        return false;
    port = (uint16_t)number;
    return ipaddr_aton(page.address ? page.address : "", &address) != 0;
}

// --- A connection ---

static void finish(err_t error)
{
    connection.over = true;
    connection.error = error;
}

static void read_head(void)
{
    char *end = strstr(connection.head, "\r\n\r\n");
    char *length = strstr(connection.head, "Content-Length: ");
    if (!end)
        return;
    connection.head_over = true;
    connection.length = length && length < end ? (uint32_t)strtoul(length + 16, NULL, 10) : 0;
    figures.received = (uint32_t)(connection.head + connection.head_len - (end + 4));
}

// The first bytes are the head and what of the body came with it.
static void take(const void *data, uint16_t len)
{
    size_t room = sizeof connection.head - 1 - connection.head_len;
    if (connection.head_over) {
        figures.received += len;
        return;
    }
    size_t n = len < room ? len : room;
    memcpy(connection.head + connection.head_len, data, n);
    connection.head_len += n;
    connection.head[connection.head_len] = '\0';
    read_head();
    if (connection.head_over)
        figures.received += (uint32_t)(len - n);
}

static err_t receive(void *arg, struct altcp_pcb *pcb, struct pbuf *p, err_t error)
{
    (void)arg;
    if (!p) {
        finish(error);
        return ERR_OK;
    }
    for (const struct pbuf *q = p; q; q = q->next)
        take(q->payload, q->len);
    altcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    if (connection.head_over && figures.received == connection.length)
        finish(ERR_OK);
    return ERR_OK;
}

static err_t connected(void *arg, struct altcp_pcb *pcb, err_t error)
{
    static char request[256];
    (void)arg;
    if (error != ERR_OK)
        return error;
    has_session = altcp_tls_get_session(pcb, &session) == ERR_OK;
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n\r\n", path, host, port);
    return altcp_write(pcb, request, (uint16_t)strlen(request), TCP_WRITE_FLAG_COPY);
}

static void failed(void *arg, err_t error)
{
    (void)arg;
    connection.pcb = NULL;
    finish(error);
}

static err_t open_connection(void)
{
    connection.pcb = altcp_tls_new(config, IPADDR_TYPE_V4);
    if (!connection.pcb || mbedtls_ssl_set_hostname(altcp_tls_context(connection.pcb), host) != 0)
        return ERR_MEM;
    if (has_session)
        altcp_tls_set_session(connection.pcb, &session);
    altcp_recv(connection.pcb, receive);
    altcp_err(connection.pcb, failed);
    return altcp_connect(connection.pcb, &address, port, connected);
}

// As the main loop of an application does; a callback takes as long as it takes.
static void serve_timed(void)
{
    bool counts = phases.running;
    uint64_t before = cycles_work();
    picket_pico_slip_poll(NULL);
    uint64_t took = cycles_work() - before;
    if ((counts || phases.running) && took > figures.longest)
        figures.longest = took;
    sys_check_timeouts();
    if (!picket_pico_slip_has_work() && !connection.over)
        cycles_wait(NULL, sys_timeouts_sleeptime());
}

static void note(uint64_t work)
{
    figures.body = cycles_work() - phases.ended;
    figures.set_up = phases.began - work;
    figures.heap = memory_peak();
    figures.stack = stack_peak();
    figures_print(&figures);
}

static int fetch(void)
{
    uint32_t began = picket_pico_millis(NULL);
    memset(&figures, 0, sizeof figures);
    memset(&connection, 0, sizeof connection);
    phases_reset();
    figures.start = figures_start();
    uint64_t work = cycles_work();
    err_t error = open_connection();
    while (error == ERR_OK && !connection.over && picket_pico_millis(NULL) - began < page.timeout_s * 1000)
        serve_timed();
    note(work);
    bool good = connection.over && connection.error == ERR_OK && connection.head_over &&
                strncmp(connection.head, "HTTP/1.1 200", 12) == 0;
    if (connection.pcb)
        altcp_close(connection.pcb);
    return good ? 0 : fail("it failed");
}

// --- The program ---

static int start(void)
{
    picket_pico_slip_start(NULL);
    cycles_watch_line();
    if (page.time && *page.time == '@')
        settimeofday(&(struct timeval){.tv_sec = (time_t)strtoul(page.time + 1, NULL, 10)}, NULL);
    altcp_tls_init_session(&session);
    if (psa_crypto_init() != PSA_SUCCESS)
        return fail("psa_crypto_init");
    static char ca[PAGE_TEXT + 1]; // its end is not marked in the page
    memcpy(ca, page.ca, page.ca_len);
    config = altcp_tls_create_config_client((const u8_t *)ca, page.ca_len + 1);
    return config ? 0 : fail("altcp_tls_create_config_client");
}

static int run(void)
{
    const char *wrong = page_read(&page);
    if (wrong || !read_url(page.url))
        return fail(wrong ? wrong : "url= or address=");
    int result = start();
    for (uint32_t i = 0; i < page.repeat && result == 0; i++)
        result = fetch();
    return result;
}

int main(void)
{
    stdio_init_all();
    cycles_start();
    figures_exit(stack_run(run));
}
