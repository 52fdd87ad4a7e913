// clock: what time it is, by time servers.
//
//   clock [SERVER [PORT [MS]]]       ask one server and print its time
//   clock URL CA_FILE [SERVER...]    fetch a page on a machine that does not know the time: Picket asks by itself
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "linux_trust.h"
#include "picket/clock.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

// --- A machine without a clock: it counts from what was set

static int64_t offset_ms = -1;

static int64_t counted_ms(void *ctx)
{
    return offset_ms < 0 ? PICKET_ERR_NO_TIME : offset_ms + picket_port_default()->millis(ctx);
}

static int set_counter(void *ctx, int64_t unix_ms)
{
    offset_ms = unix_ms - picket_port_default()->millis(ctx);
    return 0;
}

// --- Both ways

static void print_time(void)
{
    time_t now = (time_t)(picket_unix_ms(&client) / 1000);
    printf("%lld %s", (long long)now, asctime(gmtime(&now)));
}

static void print_source(const picket_http_t *http)
{
    const picket_detail_t detail = picket_http_detail(http);
    print_time();
    printf("%s\nstatus %d, %u ms for the time\n", picket_clock_source(), picket_http_status(http),
           (unsigned)detail.phase_ms[PICKET_PHASE_TIME]);
}

static void print_failure(const picket_http_t *http, int error)
{
    const picket_detail_t detail = picket_http_detail(http);
    fprintf(stderr, "%s: %s (%s)\n", picket_strerror(error), detail.text, picket_phase_name(detail.phase));
}

static int fetch(const char *url, const char *ca_file, const char *const *servers, size_t count)
{
    picket_port_t port = *picket_port_default();
    port.unix_ms = counted_ms;
    port.set_unix_ms = set_counter;
    struct picket_linux_trust trust = {0};
    picket_linux_trust_load(&trust, ca_file);

    picket_init(&client, &(picket_config_t){.trust = &trust.store,
                                            .arena = arena,
                                            .arena_len = sizeof arena,
                                            .port = &port,
                                            .time_servers = count > 0 ? servers : NULL,
                                            .time_server_count = count,
                                            .timeouts = {.connect_ms = 8000}});
    picket_http_t http = {0};
    picket_http_start(&http, &client, &(picket_request_t){.url = url});
    char buf[512];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        ;
    if (n == 0)
        print_source(&http);
    else
        print_failure(&http, n);

    picket_http_close(&http);
    picket_deinit(&client);
    picket_linux_trust_free(&trust);
    return n;
}

static int ask(const char *server, int port, uint32_t ms)
{
    picket_init(&client, &(picket_config_t){.arena = arena, .arena_len = sizeof arena});
    int error = picket_clock_query_blocking(&client, server, (uint16_t)port, ms);
    if (error < 0)
        fprintf(stderr, "%s %s\n", picket_strerror(error), picket_clock_why());
    else
        print_time();
    picket_deinit(&client);
    return error;
}

int main(int argc, char **argv)
{
    int error;
    if (argc > 2 && strstr(argv[1], "://") != NULL)
        error = fetch(argv[1], argv[2], (const char *const *)argv + 3, (size_t)argc - 3);
    else
        error = ask(argc > 1 ? argv[1] : "pool.ntp.org", argc > 2 ? atoi(argv[2]) : 123,
                    argc > 3 ? (uint32_t)atoi(argv[3]) : 10000);
    return error == 0 ? 0 : 1;
}
