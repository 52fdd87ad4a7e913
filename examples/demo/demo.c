// demo: what the page (page.h) asks for, fetched over verified HTTPS and shown on the console.
//
// The last line is "picket: exit 0" when all of it was there, verified, with a status of 2xx; otherwise the lines
// before say what failed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board.h"
#include "page.h"
#include "picket/clock.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_trust_t trust;
static uint8_t trust_mem[PAGE_SIZE];
static char buf[1024];
static picket_detail_t detail; // not on main's stack, which is small

static int fail(const char *cause)
{
    printf("picket: error: %s\n", cause);
    return 1;
}

static int fail_with(int error, const char *more)
{
    printf("picket: error %s: %s%s%s\n", picket_error_name(error), picket_strerror(error), *more ? ": " : "",
           more);
    return 1;
}

static int fail_exchange(int error, const picket_http_t *http)
{
    detail = picket_http_detail(http);
    return fail_with(error, *detail.text ? detail.text : picket_phase_name(detail.phase));
}

// newlib's printf has no 64 bits.
static const char *decimal(uint64_t number)
{
    static char text[21];
    char *digit = text + sizeof text - 1;
    do
        *--digit = (char)('0' + number % 10);
    while (number /= 10);
    return digit;
}

// --- The clock ---

static bool time_is_shown;

static int print_time(void)
{
    struct tm tm;
    time_is_shown = true;
    time_t now = (time_t)(picket_unix_ms(&client) / 1000);
    gmtime_r(&now, &tm);
    printf("picket: time %04d-%02d-%02d %02d:%02d:%02d UTC, %s\n", tm.tm_year + 1900, tm.tm_mon + 1,
           tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, picket_clock_source());
    return 0;
}

// HOST or HOST:PORT.
static int ask_time(const char *server)
{
    int error = picket_clock_query_blocking(&client, server, 0, 15000);
    return error < 0 ? fail_with(error, picket_clock_why()) : print_time();
}

// Picket asks its own time servers, when it has to.
static bool is_automatic(const char *source)
{
    return source && strcmp(source, "auto") == 0;
}

// Without it https:// will say that the time is not known.
static int set_clock(const char *source)
{
    if (!source || is_automatic(source))
        return 0;
    if (*source != '@')
        return ask_time(source);
    if (picket_clock_set((int64_t)strtoul(source + 1, NULL, 10) * 1000) < 0)
        return fail_with(PICKET_ERR_NO_TIME, "what the page says is not believed");
    return print_time();
}

// --- What is shown ---

static void print_tls(uint64_t cycles)
{
    printf("picket: lookup %lu ms, connect %lu ms, handshake %lu ms",
           (unsigned long)detail.phase_ms[PICKET_PHASE_LOOKUP],
           (unsigned long)detail.phase_ms[PICKET_PHASE_CONNECT],
           (unsigned long)detail.phase_ms[PICKET_PHASE_HANDSHAKE]);
    if (cycles)
        printf(" (%s cycles)", decimal(cycles));
    if (detail.tls_version)
        printf("\npicket: TLSv1.%d, %s, %s, %s", detail.tls_version - PICKET_TLS_1_2 + 2,
               picket_suite_name(detail.tls_suite), picket_group_name(detail.tls_group),
               detail.resumed ? "session resumed" : "full handshake");
    printf("\n");
}

static void print_memory(void)
{
    size_t heap, tls_size, tls_peak, main_size, main_peak;
    picket_memory(&client, NULL, &heap);
    picket_stack(&client, &tls_size, &tls_peak);
    board_stack(&main_size, &main_peak);
    printf("picket: heap peak %lu of %lu, stack peak %lu of %lu, main stack peak %lu of %lu\n",
           (unsigned long)heap, (unsigned long)sizeof arena, (unsigned long)tls_peak, (unsigned long)tls_size,
           (unsigned long)main_peak, (unsigned long)main_size);
}

static void print_head(const picket_http_t *http)
{
    const char *name, *value;
    printf("HTTP/1.%d %d %s\n", picket_http_version(http) % 10, picket_http_status(http),
           picket_http_reason(http));
    for (unsigned i = 0; picket_http_header_at(http, i, &name, &value); i++)
        printf("%s: %s\n", name, value);
    printf("\n");
}

// --- Fetching ---

// On a small stack the copy that is returned must be gone before Picket goes on.
__attribute__((noinline)) static bool in_handshake(const picket_http_t *http)
{
    detail = picket_http_detail(http);
    return detail.phase == PICKET_PHASE_HANDSHAKE;
}

// picket_http_read_blocking, counting the cycles of the handshake.
static int read_some(picket_http_t *http, uint64_t *cycles)
{
    int n;
    while ((n = picket_http_read(http, buf, sizeof buf)) == PICKET_AGAIN) {
        bool counts = in_handshake(http);
        uint64_t before = board_cycles();
        uint32_t ms = picket_poll(&client);
        if (ms > 0)
            picket_port_default()->wait(picket_port_default()->ctx, ms);
        if (counts || in_handshake(http))
            *cycles += board_cycles() - before;
    }
    return n;
}

static int print_body(picket_http_t *http, int n)
{
    uint64_t none = 0;
    char last = '\n';
    for (; n > 0; n = read_some(http, &none)) {
        fwrite(buf, 1, (size_t)n, stdout);
        last = buf[n - 1];
    }
    detail = picket_http_detail(http);
    printf("%spicket: body %s bytes", last == '\n' ? "" : "\n", decimal(detail.received));
    printf(", %lu ms\n", (unsigned long)detail.phase_ms[PICKET_PHASE_BODY]);
    return n;
}

static int show(picket_http_t *http)
{
    uint64_t cycles = 0;
    int n = read_some(http, &cycles);
    detail = picket_http_detail(http);
    if (!time_is_shown && picket_unix_ms(&client) >= 0)
        print_time();
    print_tls(cycles);
    print_memory();
    if (picket_http_status(http) == 0)
        return fail_exchange(n, http);
    print_head(http);
    n = print_body(http, n);
    if (n < 0)
        return fail_exchange(n, http);
    return picket_http_status(http) / 100 == 2 ? 0 : fail("the status is not 2xx");
}

static int fetch(const struct page *page)
{
    picket_address_t address;
    if (page->address && picket_address_parse(page->address, &address) < 0)
        return fail("address= is not an address");
    picket_http_t http = {0};
    picket_http_start(&http, &client,
                      &(picket_request_t){
                          .url = page->url,
                          .address = page->address ? &address : NULL,
                          .timeouts = {.total_ms = page->timeout_s * 1000},
                      });
    int result = show(&http);
    picket_http_close(&http);
    return result;
}

static void show_sources(void)
{
    picket_entropy_status_t source;
    for (size_t i = 0; picket_entropy(i, &source); i++)
        printf("picket: entropy: %s, %u/%u bit a sample, %lu samples: %s\n", source.name, source.credit,
               PICKET_ENTROPY_BIT, (unsigned long)source.samples, picket_entropy_state_name(source.state));
}

static int run(void)
{
    struct page page;
    const char *wrong = page_read(&page);
    if (wrong)
        return fail(wrong);
    int error =
        page.ca_len ? picket_trust_load(&trust, page.ca, page.ca_len, trust_mem, sizeof trust_mem, NULL) : 0;
    static const char *const nobody[] = {NULL}; // is asked for the time but whom the page names
    const picket_config_t config = {
        .trust = page.ca_len ? &trust : &picket_trust_web,
        .arena = arena,
        .arena_len = sizeof arena,
        .time_servers = is_automatic(page.time) ? NULL : nobody,
    };
    if (error == 0)
        error = picket_init(&client, &config);
    show_sources();
    if (error < 0)
        return fail_with(error, "");
    char address[PICKET_ADDRESS_TEXT];
    board_address(address);
    printf("picket: address %s\n", address);
    int result = set_clock(page.time);
    for (uint32_t i = 0; i < page.repeat && result == 0; i++)
        result = fetch(&page);
    picket_deinit(&client);
    return result;
}

int main(void)
{
    board_start();
    int code = run();
    if (code == 0)
        printf("picket: ok\n");
    printf("picket: exit %d\n", code);
    board_exit(code);
}
