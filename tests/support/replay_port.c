#include "replay_port.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "socket_port.h"
#include "tls_server.h"

#define CONNECTIONS_MAX 4
#define SENT_MAX        16384
#define POLLS_PER_MS    256 // time goes on even for a client that never sleeps, so that it meets its deadline

typedef struct connection {
    const replay_t *script;
    size_t taken;
    bool paused; // nothing for one look
    bool open;
    size_t sent_len;
    uint8_t sent[SENT_MAX];
} connection_t;

static connection_t connections[CONNECTIONS_MAX];
static size_t loaded, made;
static uint32_t slept_ms, polls;

void replay_load(const replay_t *scripts, size_t count)
{
    loaded = count < CONNECTIONS_MAX ? count : CONNECTIONS_MAX;
    made = 0;
    for (size_t i = 0; i < loaded; i++) {
        connections[i].script = &scripts[i];
        connections[i].taken = connections[i].sent_len = 0;
        connections[i].paused = connections[i].open = false;
    }
}

size_t replay_taken(size_t n)
{
    return n < made ? connections[n].taken : 0;
}

const uint8_t *replay_sent(size_t n, size_t *len)
{
    *len = n < made ? connections[n].sent_len : 0;
    return connections[n < made ? n : 0].sent;
}

bool replay_next_record(const uint8_t *bytes, size_t len, size_t *at, replay_record_t *record)
{
    if (len - *at < 5)
        return false;
    size_t size = 5 + (size_t)(bytes[*at + 3] << 8 | bytes[*at + 4]);
    if (len - *at < size)
        return false;
    *record = (replay_record_t){*at, size, bytes[*at]};
    *at += size;
    return true;
}

// --- The port

// Something may always have arrived, but for a server that has fallen silent.
static uint32_t port_poll(void *ctx)
{
    (void)ctx;
    polls++;
    for (size_t i = 0; i < made; i++) {
        const connection_t *c = &connections[i];
        if (c->open && (c->taken < c->script->len || c->script->end != PICKET_AGAIN))
            return 0;
    }
    return 1000;
}

static void port_wait(void *ctx, uint32_t ms)
{
    (void)ctx;
    slept_ms += ms;
}

static uint32_t port_millis(void *ctx)
{
    (void)ctx;
    return slept_ms + polls / POLLS_PER_MS;
}

static int port_connect(void *ctx, const picket_address_t *address, uint16_t port)
{
    (void)ctx;
    (void)address;
    (void)port;
    if (made == loaded)
        return PICKET_ERR_UNREACHABLE;
    connections[made].open = true;
    return (int)made++;
}

static connection_t *open_connection(int handle)
{
    if (handle < 0 || (size_t)handle >= made || !connections[handle].open)
        return NULL;
    return &connections[handle];
}

static int port_connected(void *ctx, int handle)
{
    (void)ctx;
    return open_connection(handle) != NULL ? 1 : PICKET_ERR_INTERNAL;
}

static int port_send(void *ctx, int handle, const void *data, size_t len)
{
    connection_t *c = open_connection(handle);
    (void)ctx;
    if (c == NULL)
        return PICKET_ERR_INTERNAL;
    size_t room = SENT_MAX - c->sent_len;
    memcpy(c->sent + c->sent_len, data, len < room ? len : room);
    c->sent_len += len < room ? len : room;
    return (int)len;
}

// How many bytes arrive now, of those that the client has room for.
static size_t arriving(const connection_t *c, size_t room)
{
    const replay_t *s = c->script;
    size_t n = s->len - c->taken;
    if (s->piece != 0 && n > s->piece)
        n = s->piece;
    if (c->taken < s->split && n > s->split - c->taken)
        n = s->split - c->taken;
    return n < room ? n : room;
}

static int port_recv(void *ctx, int handle, void *buf, size_t len)
{
    connection_t *c = open_connection(handle);
    (void)ctx;
    if (c == NULL)
        return PICKET_ERR_INTERNAL;
    if (c->paused) {
        c->paused = false;
        return PICKET_AGAIN;
    }
    if (c->taken == c->script->len)
        return c->script->end;
    size_t n = arriving(c, len);
    memcpy(buf, c->script->bytes + c->taken, n);
    c->taken += n;
    c->paused = c->script->piece != 0 || c->taken == c->script->split;
    return (int)n;
}

static void port_close(void *ctx, int handle)
{
    connection_t *c = open_connection(handle);
    (void)ctx;
    if (c != NULL)
        c->open = false;
}

const picket_port_t *replay_port(void)
{
    static picket_port_t port;
    port = *socket_port(); // randomness, time and lookups are the same
    port.poll = port_poll;
    port.wait = port_wait;
    port.millis = port_millis;
    port.connect = port_connect;
    port.connected = port_connected;
    port.send = port_send;
    port.recv = port_recv;
    port.close = port_close;
    port.abort = port_close;
    return &port;
}

// --- A GET

int replay_start(picket_t *client, const char *url, picket_http_t *http, replay_page_t *page)
{
    static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
    page->len = 0;
    return page->result =
               picket_http_start(http, client, &(picket_request_t){.url = url, .address = &loopback});
}

static bool count(replay_page_t *page, int n)
{
    page->result = n;
    if (n > 0)
        page->len += (size_t)n;
    return n > 0 && page->len < REPLAY_PAGE_MAX;
}

int replay_read(picket_http_t *http, replay_page_t *page)
{
    int n = picket_http_read(http, page->bytes + page->len, REPLAY_PAGE_MAX - page->len);
    (void)count(page, n);
    return n;
}

void replay_finish(picket_http_t *http, replay_page_t *page)
{
    while (count(page, picket_http_read_blocking(http, page->bytes + page->len, REPLAY_PAGE_MAX - page->len)))
        ;
    page->status = picket_http_status(http);
    page->detail = picket_http_detail(http);
    picket_http_close(http);
}

void replay_get(picket_t *client, const char *url, replay_page_t *page)
{
    picket_http_t http = {0};
    (void)replay_start(client, url, &http, page);
    replay_finish(&http, page); // gives the error of a failed start again
}

// --- Recording

static int start_client(const replay_recording_t *r, picket_t *client, void *arena, size_t arena_len,
                        const picket_port_t *port)
{
    socket_port_deterministic(r->seed, r->unix_ms);
    return picket_init(client, &(picket_config_t){
                                   .keep_ms = PICKET_KEEP_NEVER,
                                   .trust = r->trust,
                                   .arena = arena,
                                   .arena_len = arena_len,
                                   .port = port,
                                   .tls_min = r->version,
                                   .tls_max = r->version,
                               });
}

int replay_init(const replay_recording_t *r, picket_t *client, void *arena, size_t arena_len)
{
    return start_client(r, client, arena, arena_len, replay_port());
}

static bool record_one(replay_recording_t *r, picket_t *client, int i)
{
    static replay_page_t page;
    socket_port_record(r->bytes[i], REPLAY_RECORDING_MAX, &r->len[i]);
    replay_get(client, r->url, &page);
    socket_port_record(NULL, 0, NULL);
    if (page.result == 0 && page.detail.resumed == (i == 1) && r->len[i] < REPLAY_RECORDING_MAX)
        return true;
    fprintf(stderr, "recording %d of %s: %s, resumed %d\n", i, r->url, picket_strerror(page.result),
            page.detail.resumed);
    return false;
}

bool replay_record(replay_recording_t *r, void *arena, size_t arena_len, uint16_t port, const char *path)
{
    static picket_t client;
    snprintf(r->url, sizeof r->url, "https://" TLS_SERVER_HOST ":%u/%s", port, path);
    r->unix_ms = (int64_t)time(NULL) * 1000;
    int error = start_client(r, &client, arena, arena_len, socket_port());
    bool recorded = error == 0 && record_one(r, &client, 0) && record_one(r, &client, 1);
    if (error != 0)
        fprintf(stderr, "recording: %s\n", picket_strerror(error));
    picket_deinit(&client);
    socket_port_deterministic(0, 0);
    return recorded;
}
