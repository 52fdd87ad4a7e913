// bench: fetches what the page (examples/demo/page.h) asks for with Picket, and prints what it cost.
#include <stdio.h>
#include <stdlib.h>

#include "cycles.h"
#include "figures.h"
#include "page.h"
#include "phases.h"
#include "pico/stdlib.h"
#include "pico_stack.h"
#include "picket/clock.h"
#include "picket/picket.h"

static picket_t client;
static picket_port_t port;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_trust_t trust;
static uint8_t trust_mem[PAGE_SIZE];
static uint8_t buf[1024];
static struct figures figures;

static int fail(const char *what)
{
    printf("picket: error %s\n", what);
    return 1;
}

static void poll_timed(void)
{
    bool counts = phases.running;
    uint64_t before = cycles_work();
    uint32_t ms = picket_poll(&client);
    uint64_t took = cycles_work() - before;
    if (counts && took > figures.longest)
        figures.longest = took;
    if (ms > 0)
        cycles_wait(NULL, ms);
}

static int read_all(picket_http_t *http)
{
    int n;
    while ((n = picket_http_read(http, buf, sizeof buf)) > 0 || n == PICKET_AGAIN)
        if (n > 0)
            figures.received += (uint32_t)n;
        else
            poll_timed();
    return n;
}

static void note_memory(void)
{
    size_t size;
    picket_memory(&client, NULL, &figures.heap);
    picket_stack(&client, &figures.stack_size, &figures.stack);
    picket_pico_stack(&size, &figures.main_stack);
}

static int fetch(const struct page *page, const picket_address_t *address)
{
    picket_http_t http = {0};
    figures = (struct figures){0};
    phases_reset();
    figures.start = figures_start();
    uint64_t work = cycles_work();
    picket_http_start(&http, &client,
                      &(picket_request_t){.url = page->url,
                                          .address = address,
                                          .timeouts = {.total_ms = page->timeout_s * 1000}});
    int n = read_all(&http);
    figures.body = cycles_work() - phases.ended;
    figures.set_up = phases.began - work;
    note_memory();
    figures_print(&figures);
    bool good = n == 0 && picket_http_status(&http) == 200;
    picket_http_close(&http);
    return good ? 0 : fail(picket_strerror(n));
}

// https:// needs the time.
static int start(const struct page *page)
{
    port = *picket_port_default();
    port.wait = cycles_wait;
    int error = picket_trust_load(&trust, page->ca, page->ca_len, trust_mem, sizeof trust_mem, NULL);
    if (error == 0)
        error = picket_init(&client,
                            &(picket_config_t){.trust = &trust,
                                               .arena = arena,
                                               .arena_len = sizeof arena,
                                               .port = &port,
                                               .keep_ms = PICKET_KEEP_NEVER}); // each request is a handshake
    if (error == 0 && page->time && *page->time == '@')
        error = picket_clock_set((int64_t)strtoul(page->time + 1, NULL, 10) * 1000);
    if (error == 0)
        cycles_watch_line();
    return error;
}

static int run(void)
{
    struct page page;
    picket_address_t address;
    const char *wrong = page_read(&page);
    if (wrong)
        return fail(wrong);
    if (!page.address || picket_address_parse(page.address, &address) < 0)
        return fail("address= is not an address");
    int error = start(&page);
    if (error < 0)
        return fail(picket_strerror(error));
    int result = 0;
    for (uint32_t i = 0; i < page.repeat && result == 0; i++)
        result = fetch(&page, &address);
    return result;
}

int main(void)
{
    stdio_init_all();
    cycles_start();
    figures_exit(run());
}
