// port/template/, the board to copy, on a machine that is made of libslirp: an Ethernet device with a few frames of
// memory, an interrupt, and a processor that sleeps until there is one.
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "linux_clock.h"
#include "linux_nat.h"
#include "lwip/pbuf.h"
#include "picket/picket.h"
#include "template_machine.h"
#include "template_netif.h"
#include "tls_server.h"

enum { BODY = 200000, FRAMES = 64, LIMIT_MS = 20000 };

static const tls_chain_t chain = {"template", "P-256", NULL, "P-256", 0};
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static uint8_t body[BODY];
static picket_trust_t trust;
static picket_t client;
static tls_server_t server;

// --- The device: what arrives waits in its memory, or is lost when that is full ---

volatile bool picket_template_device_flag;

static struct {
    uint8_t bytes[FRAMES][PICKET_TEMPLATE_FRAME_MAX];
    size_t len[FRAMES];
    unsigned first;
    unsigned count;
} memory;
static unsigned lost;
static bool link_is_up = true;
static bool is_broken; // there is no device

static void arrives(const void *frame, size_t len)
{
    const unsigned place = (memory.first + memory.count) % FRAMES;

    if (memory.count == FRAMES || len > PICKET_TEMPLATE_FRAME_MAX || !link_is_up) {
        lost++;
        return;
    }
    memcpy(memory.bytes[place], frame, len);
    memory.len[place] = len;
    memory.count++;
    picket_template_device_flag = true;
}

bool picket_template_device_start(uint8_t mac[6])
{
    static const uint8_t ours[] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

    memcpy(mac, ours, sizeof ours);
    picket_template_device_flag = true; // the link is to be looked at
    memory.count = 0;
    return !is_broken && picket_linux_nat_open(arrives) == 0;
}

bool picket_template_device_link(void)
{
    return link_is_up;
}

bool picket_template_device_send(const void *frame, size_t len)
{
    if (link_is_up)
        picket_linux_nat_input(frame, len);
    return true;
}

size_t picket_template_device_next(void)
{
    return memory.count > 0 ? memory.len[memory.first] : 0;
}

void picket_template_device_take(void *frame, size_t len)
{
    CHECK(memory.count > 0 && len == memory.len[memory.first]);
    if (frame != NULL)
        memcpy(frame, memory.bytes[memory.first], len);
    memory.first = (memory.first + 1) % FRAMES;
    memory.count--;
}

void picket_template_device_listen(void)
{
    picket_template_device_flag = false;
}

// --- The rest of the machine ---

uint32_t picket_template_millis(void *ctx)
{
    return picket_linux_millis(ctx);
}

int64_t picket_template_unix_ms(void *ctx)
{
    return picket_linux_unix_ms(ctx);
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    return picket_linux_random(ctx, samples, n) == 0 ? (int)n : PICKET_ERR_NO_ENTROPY;
}

static const picket_entropy_source_t kernel = {
    .name = "kernel", .credit = PICKET_ENTROPY_BIT, .bits = 1, .collect = collect};

const picket_entropy_source_t *const picket_template_entropy[] = {&kernel, NULL};

// Frames arrive only here.
void picket_template_sleep_until(const volatile bool *flag, uint32_t ms)
{
    const uint32_t began = picket_linux_millis(NULL);
    uint32_t gone = 0;

    picket_linux_nat_poll(0);
    for (; !*flag && gone < ms; gone = picket_linux_millis(NULL) - began)
        picket_linux_nat_poll(ms - gone);
}

// --- Tests ---

static int get(picket_http_t *http, uint32_t total_ms)
{
    static char url[64];
    static const picket_address_t loopback = {.family = 4, .bytes = {10, 0, 2, 2}};

    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/body", server.port);
    return picket_http_start(
        http, &client, &(picket_request_t){.url = url, .address = &loopback, .timeouts.total_ms = total_ms});
}

static int init(void)
{
    return picket_init(&client,
                       &(picket_config_t){.trust = &trust, .arena = arena, .arena_len = sizeof arena});
}

static void gets_a_body(void)
{
    static uint8_t buf[BODY];
    picket_http_t http = {0};
    size_t len = 0;
    int n;

    get(&http, LIMIT_MS);
    while ((n = picket_http_read_blocking(&http, buf + len, sizeof buf - len)) > 0)
        if ((len += (size_t)n) == sizeof buf)
            break;
    CHECK_STR(picket_error_name(n), "PICKET_OK");
    CHECK_INT(len, BODY);
    CHECK_MEM(buf, body, len);
    picket_http_close(&http);
}

static void the_template_works(void)
{
    for (int i = 0; i < 2; i++) {
        REQUIRE_INT(init(), 0);
        gets_a_body();
        picket_deinit(&client);
        picket_linux_nat_close();
    }
}

// The device keeps what there is no memory for.
static void frames_wait_for_memory(void)
{
    struct pbuf *taken = NULL, *p;
    picket_http_t http = {0};
    uint8_t byte;

    REQUIRE_INT(init(), 0);
    get(&http, LIMIT_MS);
    while ((p = pbuf_alloc(PBUF_RAW, 1, PBUF_POOL)) != NULL) {
        p->next = taken;
        taken = p;
    }
    for (int i = 0; i < 30; i++)
        picket_template_sleep_until(&(const volatile bool){false}, picket_poll(&client) % 10);
    CHECK_INT(picket_http_status(&http), 0);
    CHECK(memory.count > 0);
    for (; taken != NULL; taken = p) {
        p = taken->next;
        taken->next = NULL;
        pbuf_free(taken);
    }
    CHECK_INT(picket_http_read_blocking(&http, &byte, 1), 1);
    CHECK_INT(picket_http_status(&http), 200);
    picket_http_close(&http);
    gets_a_body();
    picket_deinit(&client);
    picket_linux_nat_close();
}

static void a_cut_link_is_an_error_and_comes_back(void)
{
    picket_http_t http = {0};
    uint8_t byte;

    REQUIRE_INT(init(), 0);
    link_is_up = false;
    picket_template_device_flag = true;
    picket_poll(&client);
    get(&http, 2000);
    CHECK_STR(picket_error_name(picket_http_read_blocking(&http, &byte, 1)), "PICKET_ERR_NO_NETWORK");
    picket_http_close(&http);
    link_is_up = true;
    picket_template_device_flag = true;
    picket_poll(&client);
    gets_a_body();
    picket_deinit(&client);
    picket_linux_nat_close();
}

static void no_device_is_no_network(void)
{
    is_broken = true;
    CHECK_STR(picket_error_name(init()), "PICKET_ERR_NO_NETWORK");
    is_broken = false;
}

int main(void)
{
    alarm(120);
    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (uint8_t)((i * 2654435761u) >> 23);
    if (!tls_chain_make(&chain) || !tls_chain_trust(&chain, 1, &trust) ||
        !tls_server_page("body", body, sizeof body) ||
        !tls_server_start(&server, &(tls_server_options_t){.chain = &chain, .nginx = ""}))
        return 2;
    RUN(the_template_works);
    RUN(frames_wait_for_memory);
    RUN(a_cut_link_is_an_error_and_comes_back);
    RUN(no_device_is_no_network);
    return check_done();
}
