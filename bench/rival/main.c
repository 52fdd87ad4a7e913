// main.c: fetches what the page (examples/demo/page.h) asks for with a TLS library that is not Picket's (rival.h), and prints what
// it cost. The URL is https://HOST:PORT/PATH, and the server answers with a Content-Length.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "cycles.h"
#include "figures.h"
#include "lwip/timeouts.h"
#include "page.h"
#include "phases.h"
#include "pico/stdlib.h"
#include "pico_clock.h"
#include "pico_entropy.h"
#include "pico_slip.h"
#include "rival.h"
#include "rival_memory.h"
#include "rival_stack.h"

static struct page page;
static ip_addr_t address;
static char host[64], path[128];
static uint16_t port;
static struct figures figures;

static struct {
    bool over;
    int error;
    char head[1024];
    size_t head_len;
    bool head_over;
    uint32_t length;
} connection;

// --- The page

static int fail(const char *what)
{
    printf("picket: error %s\n", what);
    return 1;
}

// Copies what is before the end; false: it does not fit.
static bool take_part(char *out, size_t size, const char *from, const char *end)
{
    size_t len = (size_t)(end - from);
    if (len == 0 || len >= size)
        return false;
    memcpy(out, from, len);
    out[len] = '\0';
    return true;
}

static bool read_url(const char *url)
{
    static const char scheme[] = "https://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return false;
    const char *name = url + sizeof scheme - 1, *colon = strchr(name, ':');
    if (!colon)
        return false;
    char *slash;
    unsigned long number = strtoul(colon + 1, &slash, 10);
    port = (uint16_t)number;
    return number > 0 && number <= UINT16_MAX && take_part(host, sizeof host, name, colon) &&
           take_part(path, sizeof path, slash, strchr(slash, '\0')) &&
           ipaddr_aton(page.address ? page.address : "", &address) != 0;
}

// --- Randomness

// For 128 bytes, a seed, as many samples as Picket takes for one.
static bool make_byte(uint8_t *byte)
{
    uint8_t samples[32];
    *byte = 0;
    for (unsigned i = 0; i < 5 * sizeof samples; i++) {
        if (i % sizeof samples == 0 && picket_pico_entropy[0]->collect(NULL, samples, sizeof samples) < 0)
            return false;
        *byte = (uint8_t)((*byte << 1 | *byte >> 7) ^ samples[i % sizeof samples]);
    }
    return true;
}

bool rival_entropy(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!make_byte(out + i))
            return false;
    return true;
}

// --- A connection

void rival_ended(int error)
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
static void take(const void *data, size_t len)
{
    size_t room = sizeof connection.head - 1 - connection.head_len;
    if (connection.head_over) {
        figures.received += (uint32_t)len;
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

void rival_received(const void *data, size_t len)
{
    take(data, len);
    if (connection.head_over && figures.received == connection.length)
        rival_ended(0);
}

void rival_connected(void)
{
    static char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%u\r\n\r\n", path, host, port);
    if (!rival_send(request, strlen(request)))
        rival_ended(-1);
}

static void keep_longest(bool counts, uint64_t before)
{
    uint64_t took = cycles_work() - before;
    if ((counts || phases.running) && took > figures.longest)
        figures.longest = took;
}

// As the main loop of an application does; a callback takes as long as it takes.
static void serve_timed(void)
{
    bool counts = phases.running;
    uint64_t before = cycles_work();
    picket_pico_slip_poll(NULL);
    keep_longest(counts, before);
    sys_check_timeouts();
    counts = phases.running;
    before = cycles_work();
    bool more = rival_poll();
    keep_longest(counts, before);
    if (!more && !picket_pico_slip_has_work() && !connection.over)
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

static int report(bool opened)
{
    static char text[48];
    if (opened && connection.over && connection.error == 0 && connection.head_over &&
        strncmp(connection.head, "HTTP/1.1 200", 12) == 0)
        return 0;
    snprintf(text, sizeof text, "it failed: %d", connection.error);
    return fail(opened && !connection.over ? "it took too long" : text);
}

static int fetch(void)
{
    uint32_t began = picket_pico_millis(NULL);
    memset(&figures, 0, sizeof figures);
    memset(&connection, 0, sizeof connection);
    phases_reset();
    figures.start = figures_start();
    uint64_t work = cycles_work();
    bool opened = rival_open(host, &address, port);
    while (opened && !connection.over && picket_pico_millis(NULL) - began < page.timeout_s * 1000)
        serve_timed();
    note(work);
    rival_close();
    return report(opened);
}

// --- The program

static int start(void)
{
    static char ca[PAGE_TEXT + 1]; // its end is not marked in the page
    picket_pico_slip_start(NULL);
    cycles_watch_line();
    if (page.time && *page.time == '@')
        settimeofday(&(struct timeval){.tv_sec = (time_t)strtoul(page.time + 1, NULL, 10)}, NULL);
    memcpy(ca, page.ca, page.ca_len);
    return rival_start(ca, page.ca_len) ? 0 : fail("the library did not start");
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
