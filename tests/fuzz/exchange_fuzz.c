// An exchange through picket.h with a peer in memory: whatever it sends, in whatever pieces, and however it ends, the exchange
// ends, what it says holds together, and nothing stays behind. The first six bytes say how; then what the peer sends, cut by
// 0xff bytes into the answers to one request after the other.
#include "arena.h"
#include "fuzz.h"
#include "picket/picket.h"
#include "script_port.h"

#define URL       "http://h.test/a/b?c"
#define ANSWERS   8
#define TURNS_MAX 200000u
#define READ_MAX  300u

static _Alignas(8) uint8_t memory[PICKET_STACK_SIZE + 65536];
static picket_t client;

// --- The peer

static script_step_t steps[2 * ANSWERS + 2];

static void make_peer(const uint8_t *data, size_t len, uint8_t piece, uint8_t end)
{
    static const enum script_verb ends[] = {SCRIPT_FIN, SCRIPT_RST, SCRIPT_END, SCRIPT_FIN};
    size_t n = 0;
    for (unsigned i = 0; i < ANSWERS; i++) {
        const uint8_t *cut = len > 0 ? memchr(data, 0xff, len) : NULL;
        size_t part = cut != NULL ? (size_t)(cut - data) : len;
        steps[n++] = (script_step_t){.verb = SCRIPT_HEAD};
        if (part > 0)
            steps[n++] =
                (script_step_t){.verb = SCRIPT_SEND, .data = (const char *)data, .len = part, .n = piece};
        if (cut == NULL)
            break;
        data = cut + 1;
        len -= part + 1;
    }
    steps[n++] = (script_step_t){.verb = ends[end & 3]};
    steps[n] = (script_step_t){.verb = SCRIPT_END};
    script.peer = steps;
}

// --- The client

static void start_client(uint8_t how)
{
    picket_config_t config = {.arena = memory,
                              .arena_len = sizeof memory,
                              .port = script_port(),
                              .head_max = (how & 1) != 0 ? 512 : 0,
                              .timeouts = {.total_ms = 600000}};
    config.keep_ms = (how & 2) != 0 ? PICKET_KEEP_NEVER : 0;
    HOLDS(picket_init(&client, &config) == 0);
}

static bool keeps(uint8_t how)
{
    return (how & 2) == 0;
}

static picket_request_t request(uint8_t how, bool *writes)
{
    static const char body[] = "a body";
    picket_request_t r = {.url = URL};
    switch (how & 7) {
    case 1: r.method = "HEAD"; break;
    case 2:
        r.body = body;
        r.body_len = sizeof body - 1;
        break;
    case 3: r.body_len = PICKET_CHUNKED; break;
    case 4: r.body_len = 700; break;
    default: break;
    }
    *writes = r.body == NULL && r.body_len != 0;
    r.max_redirects = how >> 3 & 7;
    return r;
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

// --- The exchange

typedef struct run {
    picket_http_t http;
    bool writes;
    size_t left;     // of the request body
    size_t body_len; // of the response
    int result;
} run_t;

static void write_some(run_t *run)
{
    static const char data[100] = "....";
    size_t n = run->left < sizeof data ? run->left : sizeof data;
    int written = n > 0 ? picket_http_write(&run->http, data, n) : picket_http_finish(&run->http);
    HOLDS(written != 0 || n == 0);
    HOLDS(written <= (int)n);
    if (written > 0)
        run->left -= (size_t)written;
    if ((written < 0 && written != PICKET_AGAIN) || n == 0)
        run->writes = false;
}

static void turn(run_t *run, size_t size)
{
    char *buf = malloc(size);
    if (buf == NULL)
        abort();
    if (run->writes)
        write_some(run);
    run->result = picket_http_read(&run->http, buf, size);
    HOLDS(run->result <= (int)size);
    if (run->result > 0)
        run->body_len += (size_t)run->result;
    free(buf);
    if (run->result == PICKET_AGAIN) {
        uint32_t ms = picket_poll(&client);
        if (ms > 0)
            script_port()->wait(NULL, ms);
    }
}

static bool has_no_body(const run_t *run, const picket_request_t *r)
{
    int status = picket_http_status(&run->http);
    return (r->method != NULL && strcmp(r->method, "HEAD") == 0) || status == 204 || status == 304;
}

static void check(run_t *run, const picket_request_t *r)
{
    const char *name, *value;
    char byte;
    picket_detail_t detail = picket_http_detail(&run->http);
    int status = picket_http_status(&run->http);
    int64_t length = picket_http_length(&run->http);
    HOLDS(run->result == 0 || (run->result < 0 && detail.error == run->result));
    HOLDS(run->result != PICKET_ERR_INTERNAL && run->result != PICKET_ERR_NO_MEMORY);
    HOLDS(picket_http_read(&run->http, &byte, 1) == run->result);
    HOLDS(memchr(detail.text, '\0', sizeof detail.text) != NULL);
    HOLDS(status == 0 || (status >= 200 && status <= 999));
    HOLDS(run->result != 0 || status != 0);
    HOLDS(run->result != 0 || length < 0 || has_no_body(run, r) || (uint64_t)length == run->body_len);
    HOLDS(!has_no_body(run, r) || run->body_len == 0);
    for (unsigned i = 0; picket_http_header_at(&run->http, i, &name, &value) == 1; i++)
        HOLDS(picket_http_header(&run->http, name) != NULL && strpbrk(value, "\r\n") == NULL);
}

static void exchange(uint8_t how, uint8_t size)
{
    run_t run = {0};
    picket_request_t r = request(how, &run.writes);
    run.left = r.body_len == PICKET_CHUNKED ? 333 : (size_t)r.body_len;
    HOLDS(picket_http_start(&run.http, &client, &r) == 0);
    unsigned turns = 0;
    do {
        turn(&run, 1u + size % READ_MAX);
        HOLDS(++turns < TURNS_MAX);
    } while (run.result > 0 || run.result == PICKET_AGAIN);
    check(&run, &r);
    picket_http_close(&run.http);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    fuzz_input_t in = {data, len};
    uint8_t how = fuzz_byte(&in), what = fuzz_byte(&in), piece = fuzz_byte(&in), size = fuzz_byte(&in);
    uint8_t end = fuzz_byte(&in), window = fuzz_byte(&in);
    script_reset();
    script.send_poll = window;
    make_peer(in.at, in.left, piece, end);
    start_client(how);
    size_t before = used();
    exchange(what, size);
    if ((how & 4) != 0)
        exchange(what, size);
    HOLDS((used() == before || keeps(how)) && arena_check());
    picket_deinit(&client);
    HOLDS(script_clean());
    return 0;
}
