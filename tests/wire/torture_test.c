// The n-th allocation fails, for every n in turn (support/torture.h), of a GET, a POST, and GETs that resume a session, kept or
// imported, from a real server: each works all the same, or says that there is no memory; nothing is lost, and the client
// goes on to do the next one.
#include <stdio.h>

#include "arena.h"
#include "check.h"
#include "client.h"
#include "picket/session.h"
#include "socket_port.h"
#include "tls_private.h"
#include "tls_server.h"
#include "torture.h"

#ifdef __SANITIZE_ADDRESS__
#define SPARSE 3 // the sanitized program is slower
#else
#define SPARSE 1
#endif

#define SHOWN        5
#define PAGE         "a page"
#define SENT         3000u

// Mbed TLS 3.6.7 forgets the first of a pair of TLS 1.3 traffic keys when the second cannot be made (tls_arena_test.c).
#define LIBRARY_LEAK 40u

typedef struct scenario {
    const char *name;
    bool resumed;  // by what an earlier GET has left
    bool imported; // and that in another client, which has exported it; the import is a part of it
    bool post;
    bool redirect;
} scenario_t;

static const scenario_t scenarios[] = {
    {.name = "GET"},
    {.name = "POST", .post = true},
    {.name = "GET resumed", .resumed = true},
    {.name = "GET imported", .resumed = true, .imported = true},
    {.name = "POST resumed", .resumed = true, .post = true},
    {.name = "GET redirected", .redirect = true},
};
#define SCENARIOS (sizeof scenarios / sizeof scenarios[0])

// Picket's own arithmetic allocates nothing, Mbed TLS's for P-384 all the time.
static const tls_chain_t chains[] = {{"torture", "P-256", NULL, "P-256", 0},
                                     {"torture384", "P-384", NULL, "P-384", 0}};
#define CHAINS (sizeof chains / sizeof chains[0])

static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};
static const uint16_t versions[] = {PICKET_TLS_1_3, PICKET_TLS_1_2};

static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(1)];
static picket_trust_t trust;
static tls_server_t server;
static picket_t client;
static uint16_t version;
static uint8_t saved[PICKET_SESSION_EXPORT_MAX];
static int saved_len;

// --- A client, and what it does

static bool start(void)
{
    picket_config_t config = {.trust = &trust,
                              .arena = arena,
                              .arena_len = sizeof arena,
                              .port = socket_port(),
                              .tls_min = version,
                              .tls_max = version};
    config.keep_ms = PICKET_KEEP_NEVER;
    return picket_init(&client, &config) == 0;
}

static size_t used(void)
{
    size_t bytes;
    picket_memory(&client, &bytes, NULL);
    return bytes;
}

typedef struct outcome {
    int result;
    size_t len;
    char page[64];
    picket_detail_t detail;
} outcome_t;

// A server that has answered takes no more; what is wrong shows when its answer is read.
static void send_body(picket_http_t *http)
{
    static char body[SENT];
    if (picket_http_write_blocking(http, body, sizeof body) > 0)
        (void)picket_http_finish(http);
}

static outcome_t ask(const scenario_t *s)
{
    static char url[100];
    outcome_t o = {0};
    picket_http_t http = {0};
    picket_request_t request = {.url = url, .address = &loopback, .body_len = s->post ? PICKET_CHUNKED : 0};
    request.max_redirects = s->redirect ? 3 : 0;
    snprintf(url, sizeof url, "https://" TLS_SERVER_HOST ":%u/%s", server.port,
             s->redirect ? "from" : "page");
    o.result = picket_http_start(&http, &client, &request);
    if (s->post && o.result == 0)
        send_body(&http);
    while ((o.result = picket_http_read_blocking(&http, o.page + o.len, sizeof o.page - 1 - o.len)) > 0)
        o.len += (size_t)o.result;
    o.detail = picket_http_detail(&http);
    picket_http_close(&http);
    return o;
}

static bool is_whole(const outcome_t *o)
{
    return o->result == 0 && strcmp(o->page, PAGE) == 0;
}

// Up to where allocations fail.
static bool prepare(const scenario_t *s)
{
    static const scenario_t plain = {.name = "before"};
    outcome_t o;
    if (!start())
        return false;
    if (!s->resumed)
        return true;
    o = ask(&plain);
    if (!is_whole(&o) || !s->imported)
        return is_whole(&o);
    saved_len = picket_session_export(&client, saved, sizeof saved);
    picket_deinit(&client);
    return saved_len > 0 && start();
}

// What is imported without memory is not there, and the GET is a full one.
static outcome_t act(const scenario_t *s)
{
    int imported = s->imported ? picket_session_import(&client, saved, (size_t)saved_len) : 1;
    if (imported != 1 && imported != PICKET_ERR_NO_MEMORY)
        FAIL("import: %s", picket_error_name(imported));
    return ask(s);
}

// --- Without the n-th allocation

static bool says_memory(const outcome_t *o)
{
    return o->result == PICKET_ERR_NO_MEMORY && o->detail.error == o->result &&
           strstr(picket_strerror(o->result), "memory") != NULL;
}

// A block may be 8 bytes larger than another time. Before a handshake PSA has less of its own.
static bool nothing_leaks(const outcome_t *o, size_t clean)
{
    bool library = version == PICKET_TLS_1_3 && o->result != 0;
    return arena_check() && used() <= clean + 8 + (library ? LIBRARY_LEAK : 0);
}

static bool goes_on(uint32_t n)
{
    static const scenario_t next = {.name = "after"};
    if (n % TORTURE_STEP != 0)
        return true;
    outcome_t o = ask(&next);
    return is_whole(&o);
}

// False when there was none so late.
static bool fail_nth(const scenario_t *s, uint32_t n, size_t clean, size_t *wrong)
{
    bool right = prepare(s);
    uint32_t failures = arena_failures();
    arena_fail_at(n);
    outcome_t o = act(s);
    bool reached = arena_failures() != failures;
    arena_fail_at(0);
    tls_session_drop_all(client.state->env.tls);
    right = right && (is_whole(&o) || (reached && says_memory(&o))) && nothing_leaks(&o, clean);
    if (!right || !goes_on(n)) {
        FAIL("%s, %s, without allocation %u: %s, phase %s, %zu bytes in use, else %zu",
             version == PICKET_TLS_1_3 ? "1.3" : "1.2", s->name, (unsigned)n, picket_error_name(o.result),
             picket_phase_name(o.detail.phase), used(), clean);
        (*wrong)++;
    }
    picket_deinit(&client);
    return reached;
}

static size_t play_cleanly(const scenario_t *s)
{
    CHECK(prepare(s));
    outcome_t o = act(s);
    CHECK(is_whole(&o));
    CHECK_INT(o.detail.resumed, s->resumed || s->redirect); // the connection that it leads to
    tls_session_drop_all(client.state->env.tls);
    size_t bytes = used();
    picket_deinit(&client);
    return bytes;
}

static void fail_each(const scenario_t *s)
{
    size_t wrong = 0, clean = play_cleanly(s);
    uint32_t n = 1, runs = 0;
    while (wrong < SHOWN && fail_nth(s, n, clean, &wrong)) {
        n = torture_next(n, SPARSE);
        runs++;
    }
    fprintf(stderr, "# %s: %u runs, about %u allocations\n", s->name, (unsigned)runs, (unsigned)n);
    CHECK(n > 30);
}

static void says_when_an_allocation_fails(void)
{
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
        version = versions[i];
        for (size_t j = 0; j < SCENARIOS; j++)
            fail_each(&scenarios[j]);
    }
}

static bool start_server(const tls_chain_t *chain)
{
    return tls_server_start(&server,
                            &(tls_server_options_t){.chain = chain,
                                                    .nginx = "if ($uri = /from) { return 302 /page; } "
                                                             "return 200 \"" PAGE "\";"});
}

int main(void)
{
    if (!tls_chain_make(&chains[0]) || !tls_chain_make(&chains[1]) ||
        !tls_chain_trust(chains, CHAINS, &trust))
        return 1;
    for (size_t i = 0; i < CHAINS; i++) {
        if (!start_server(&chains[i]))
            return 1;
        RUN(says_when_an_allocation_fails);
        tls_server_stop(&server);
    }
    return check_done();
}
