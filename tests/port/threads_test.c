// The same exchanges with lwIP run in all three ways (tests/support/models).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "check.h"
#include "models.h"
#include "picket/picket.h"
#include "tls_server.h"

enum {
    MEGABYTE = 1 << 20,
    UPLOAD = 300000,
    LIMIT_MS = 30000, // nothing here takes as long
    CANCELS = 120,
    HANDSHAKES = 25,
};

static picket_port_t port;
static picket_t client;
static picket_trust_t trust;
static _Alignas(8) uint8_t arena[PICKET_ARENA_SIZE(2)];
static uint8_t megabyte[MEGABYTE];
static const picket_address_t loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

static const tls_chain_t chains[] = {
    {"quick", "P-256", "P-256", "P-256", 0},
    {"slow", "P-384", "P-384", "P-384", 0},
};
static tls_server_t quick, slow, trickle;

// --- The application ---

static uint32_t now(void)
{
    return picket_linux_millis(NULL);
}

static void log_line(void *ctx, enum picket_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
    wrong.computing += is_locked();
}

static int init(void)
{
    picket_lwip_port(&port, models_board(false));
    return picket_init(
        &client,
        &(picket_config_t){
            .trust = &trust, .arena = arena, .arena_len = sizeof arena, .port = &port, .log = log_line});
}

static uint32_t poll_once(void)
{
    poll_count++;
    const uint32_t ms = picket_poll(&client);
    poll_count++;
    return ms;
}

static void turn(uint32_t most)
{
    const uint32_t ms = poll_once();

    if (ms > 0)
        port.wait(port.ctx, ms < most ? ms : most);
}

static void pause_for(uint32_t ms)
{
    for (const uint32_t began = now(); now() - began < ms;)
        turn(5);
}

// The C library's sleep ends with an interrupt.
static void idle_for(uint32_t ms)
{
    for (const uint32_t began = now(); now() - began < ms;)
        usleep(500);
}

typedef struct transfer {
    picket_http_t http;
    char url[96];
    int result; // of read, so far
    size_t len;
    bool differs;
} transfer_t;

static void begin(transfer_t *t, uint16_t number, const char *path, picket_request_t request)
{
    memset(t, 0, sizeof *t);
    snprintf(t->url, sizeof t->url, "https://" TLS_SERVER_HOST ":%u/%s", number, path);
    request.url = t->url;
    request.address = &loopback;
    t->result = picket_http_start(&t->http, &client, &request);
    if (t->result == 0)
        t->result = PICKET_AGAIN;
}

static bool is_over(const transfer_t *t)
{
    return t->result <= 0 && t->result != PICKET_AGAIN;
}

static bool read_some(transfer_t *t)
{
    uint8_t buf[3000];

    t->result = picket_http_read(&t->http, buf, sizeof buf);
    if (t->result <= 0)
        return false;
    t->differs |= t->len + (size_t)t->result > sizeof megabyte ||
                  memcmp(buf, megabyte + t->len, (size_t)t->result) != 0;
    t->len += (size_t)t->result;
    return true;
}

static void finish(transfer_t *t)
{
    for (const uint32_t began = now(); !is_over(t) && now() - began < LIMIT_MS;)
        if (!read_some(t) && !is_over(t))
            turn(LIMIT_MS);
}

static void is_whole(transfer_t *t, size_t len)
{
    CHECK_STR(picket_error_name(t->result), "PICKET_OK");
    CHECK_INT(picket_http_status(&t->http), 200);
    CHECK_INT(t->len, len);
    CHECK(!t->differs);
    picket_http_close(&t->http);
}

// --- Exchanges, in all models ---

static void gets_a_page(void)
{
    transfer_t t;

    for (int i = 0; i < 4; i++) {
        begin(&t, i % 2 ? slow.port : quick.port, "page", (picket_request_t){0});
        finish(&t);
        is_whole(&t, 1000);
    }
}

static void gets_a_page_blocking(void)
{
    transfer_t t;
    uint8_t buf[700];

    begin(&t, slow.port, "page", (picket_request_t){0});
    while ((t.result = picket_http_read_blocking(&t.http, buf, sizeof buf)) > 0)
        t.len += (size_t)t.result;
    is_whole(&t, 1000);
}

static void downloads_a_megabyte(void)
{
    transfer_t t;

    begin(&t, quick.port, "megabyte", (picket_request_t){0});
    finish(&t);
    is_whole(&t, MEGABYTE);
}

static void uploads(void)
{
    static uint8_t arrived[UPLOAD + 1];
    transfer_t t;
    size_t sent = 0;
    long stored;

    begin(&t, quick.port, "upload", (picket_request_t){.method = "PUT", .body_len = UPLOAD});
    for (const uint32_t began = now(); sent < UPLOAD && now() - began < LIMIT_MS;) {
        const int n = picket_http_write(&t.http, megabyte + sent, UPLOAD - sent);
        if (n > 0)
            sent += (size_t)n;
        else if (n == PICKET_AGAIN)
            turn(LIMIT_MS);
        else
            break;
    }
    CHECK_INT(sent, UPLOAD);
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_OK");
    CHECK(picket_http_status(&t.http) == 201 || picket_http_status(&t.http) == 204);
    picket_http_close(&t.http);
    lock(NULL);
    stored = tls_server_read("upload", arrived, sizeof arrived);
    unlock(NULL);
    REQUIRE_INT(stored, UPLOAD);
    CHECK(memcmp(arrived, megabyte, UPLOAD) == 0);
}

static void moves_two_at_once(void)
{
    transfer_t a, b;
    const uint32_t began = now();

    begin(&a, quick.port, "megabyte", (picket_request_t){0});
    begin(&b, slow.port, "megabyte", (picket_request_t){0});
    while ((!is_over(&a) || !is_over(&b)) && now() - began < LIMIT_MS) {
        bool moved = !is_over(&a) && read_some(&a);
        moved |= !is_over(&b) && read_some(&b);
        if (!moved)
            turn(LIMIT_MS);
    }
    is_whole(&a, MEGABYTE);
    is_whole(&b, MEGABYTE);
}

// A name that is looked up, and given up: lwIP goes on asking.
static void begin_lookup(transfer_t *t)
{
    memset(t, 0, sizeof *t);
    t->result =
        picket_http_start(&t->http, &client, &(picket_request_t){.url = "https://never.picket.invalid/"});
}

static void cancels_at_any_time(void)
{
    transfer_t t;
    size_t before, after;

    picket_memory(&client, &before, NULL);
    srand(7);
    for (int i = 0; i < CANCELS; i++) {
        const int turns = rand() % (i % 8 < 6 ? 60 : 4);
        if (i % 8 == 7)
            begin_lookup(&t);
        else
            begin(&t, i % 2 ? slow.port : quick.port, "megabyte", (picket_request_t){0});
        for (int j = 0; j < turns && !is_over(&t); j++)
            if (i % 8 == 7 || !read_some(&t))
                turn((uint32_t)rand() % 3);
        picket_http_close(&t.http);
    }
    pause_for(50);
    picket_memory(&client, &after, NULL);
    CHECK(after <= before + 2 * (PICKET_SESSION_MAX + 512)); // sessions stay
    gets_a_page();
}

static void server_dies(void)
{
    transfer_t t;
    tls_server_t mortal;
    uint32_t died;
    bool started;

    lock(NULL); // an interrupt must not meet the C library at work
    started =
        tls_server_start(&mortal, &(tls_server_options_t){.chain = &chains[0], .nginx = "limit_rate 200k;"});
    unlock(NULL);
    REQUIRE(started);
    begin(&t, mortal.port, "megabyte", (picket_request_t){0});
    for (const uint32_t began = now(); t.len < 10000 && !is_over(&t) && now() - began < LIMIT_MS;)
        if (!read_some(&t))
            turn(LIMIT_MS);
    CHECK(t.len >= 10000);
    tls_server_stop(&mortal);
    died = now();
    finish(&t);
    CHECK(t.result == PICKET_ERR_RESET || t.result == PICKET_ERR_BODY_CUT);
    CHECK(now() - died < 10000);
    CHECK(!t.differs);
    picket_http_close(&t.http);
}

// A busy machine may be late, never early.
static void took_about(uint32_t took, uint32_t wanted)
{
    if (took < wanted || took > wanted + 2000 * SLOWER)
        FAIL("took %u ms, not %u", (unsigned)took, (unsigned)wanted);
}

static void deadlines_are_kept(void)
{
    transfer_t t;
    uint32_t began = now();

    begin(&t, trickle.port, "megabyte", (picket_request_t){.timeouts.total_ms = 700});
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_ERR_TIMEOUT_TOTAL");
    took_about(now() - began, 700);
    picket_http_close(&t.http);
}

static int silent_server(uint16_t *number)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) < 0 || listen(fd, 4) < 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) < 0)
        abort();
    *number = ntohs(name.sin_port);
    return fd;
}

// Nobody answers, and nobody is busy meanwhile.
static void silence_is_slept_through(void)
{
    transfer_t t;
    uint16_t number;
    const int fd = silent_server(&number);
    const uint32_t began = now();
    const unsigned polls = poll_count;

    begin(&t, number, "", (picket_request_t){.timeouts.connect_ms = 1000});
    finish(&t);
    CHECK_STR(picket_error_name(t.result), "PICKET_ERR_TIMEOUT_HANDSHAKE");
    took_about(now() - began, 1000);
    CHECK((poll_count - polls) / 2 < 60);
    picket_http_close(&t.http);
    close(fd);
}

// --- What only the background models have ---

// A thread of lower priority than the application's gets to run lwIP's timers only if the application sleeps.
static void late_timers_are_not_waited_for_by_spinning(void)
{
    const uint32_t began = now();
    unsigned polls = 0;

    pause_for(20);
    paused = true;
    while (now() - began < 700) {
        turn(100);
        polls++;
    }
    paused = false;
    CHECK(polls < 60);
}

static int peer = -1;

static void let_it_happen(void)
{
    paused = false;
    idle_for(50 * SLOWER);
}

// Bytes that arrive when wait has already looked, and does not sleep yet.
static void wait_ends_for_what_came_before_it(void)
{
    uint16_t number;
    const int fd = silent_server(&number), handle = port.connect(port.ctx, &loopback, number);
    uint32_t began = now();
    uint8_t byte;

    REQUIRE(handle > 0);
    while (port.connected(port.ctx, handle) == PICKET_AGAIN && now() - began < LIMIT_MS)
        turn(5);
    peer = accept(fd, NULL, NULL);
    pause_for(50);
    paused = true;
    idle_for(20);
    CHECK(send(peer, "x", 1, MSG_NOSIGNAL) == 1);
    while (port.poll(port.ctx) == 0)
        ;
    CHECK_INT(port.recv(port.ctx, handle, &byte, 1), PICKET_AGAIN);
    rung = false; // an older one is used up
    before_sleep = let_it_happen;
    began = now();
    port.wait(port.ctx, 5000 * SLOWER);
    before_sleep = NULL;
    CHECK(now() - began < 2000 * SLOWER);
    CHECK_INT(port.recv(port.ctx, handle, &byte, 1), 1);
    port.abort(port.ctx, handle);
    close(peer);
    close(fd);
}

static unsigned clock_calls;
static unsigned unanswered;

// TLS, in the middle of a chain's arithmetic, does not go on before an echo request has been answered.
static void wait_for_an_echo(void)
{
    const unsigned answered = echoes;
    const uint32_t began = now();

    clock_calls++;
    while (echoes == answered && now() - began < 2000)
        usleep(500);
    unanswered += echoes == answered;
}

static void the_network_lives_while_tls_computes(void)
{
    transfer_t t;

    clock_calls = unanswered = 0;
    in_clock = wait_for_an_echo;
    begin(&t, slow.port, "page", (picket_request_t){0});
    finish(&t);
    in_clock = NULL;
    is_whole(&t, 1000);
    CHECK(clock_calls >= 3); // a certificate each, at least
    CHECK_INT(unanswered, 0);
}

static int64_t get_and_measure(void)
{
    transfer_t t;
    int64_t longest = 0;

    begin(&t, slow.port, "page", (picket_request_t){0});
    for (const uint32_t started = now(); !is_over(&t) && now() - started < LIMIT_MS;) {
        const int64_t began = processor_us();
        const uint32_t ms = poll_once();
        if (processor_us() - began > longest)
            longest = processor_us() - began;
        if (!read_some(&t) && !is_over(&t) && ms > 0)
            port.wait(port.ctx, ms);
    }
    is_whole(&t, 1000);
    return longest;
}

// Three signatures with P-384, time and again, since this machine checks one in a millisecond: echo requests are
// answered while they are being checked.
static void echoes_do_not_wait_for_arithmetic(void)
{
    int64_t longest = INT64_MAX, hold = INT64_MAX; // in the handshake where it was shortest
    int64_t longest_of_all = 0;

    lock(NULL);
    echo.interval_ms = 1;
    unlock(NULL);
    for (int i = 0; i < HANDSHAKES; i++) {
        const int64_t took = get_and_measure();
        longest = took < longest ? took : longest;
        hold = longest_hold < hold ? longest_hold : hold;
        longest_of_all = longest_hold > longest_of_all ? longest_hold : longest_of_all;
        picket_deinit(&client); // the session goes with it
        REQUIRE_INT(init(), 0);
    }
    lock(NULL);
    CHECK(hold * 2 < longest);
    CHECK(echoes >= HANDSHAKES * 2);
    CHECK(meanwhile >= HANDSHAKES / 2);
    CHECK(echo.late <= echoes / 10);
    fprintf(stderr, "# the longest poll took %d us, the longest hold %d us\n", (int)longest, (int)hold);
    fprintf(stderr, "# %u echo requests answered, %u of them inside one poll, %u late\n", echoes, meanwhile,
            echo.late);
    unlock(NULL);
    longest_hold = longest_of_all; // a client forgets those of the one before
}

// --- All of them ---

static void (*the_test)(void);

static void once_with_client(void)
{
    models_begin();
    REQUIRE_INT(init(), 0);
    the_test();
    picket_deinit(&client);
    models_end();
}

// What is computed under the lock holds it as long each time. What the machine does meanwhile counts as the thread's
// processor time too (an interrupt, a page of memory that must be found), but not three times in the same test.
static void with_client(void)
{
    once_with_client();
    for (int more = 0; more < 2 && longest_hold >= HOLD_US; more++) {
        fprintf(stderr, "# once more: the lock was held for %d us\n", (int)longest_hold);
        once_with_client();
    }
    CHECK(longest_hold < HOLD_US);
    nothing_is_wrong();
}

static void run(const char *name, void (*test)(void))
{
    the_test = test;
    check_run(name, with_client);
}

static bool start_servers(void)
{
    const char *const put = "dav_methods PUT; create_full_put_path on;";

    for (size_t i = 0; i < sizeof megabyte; i++)
        megabyte[i] = (uint8_t)((i * 2654435761u) >> 23);
    return tls_chain_make(&chains[0]) && tls_chain_make(&chains[1]) && tls_chain_trust(chains, 2, &trust) &&
           tls_server_page("page", megabyte, 1000) &&
           tls_server_page("megabyte", megabyte, sizeof megabyte) &&
           tls_server_start(&quick, &(tls_server_options_t){.chain = &chains[0], .nginx = put}) &&
           tls_server_start(&slow, &(tls_server_options_t){.chain = &chains[1], .nginx = put}) &&
           tls_server_start(&trickle,
                            &(tls_server_options_t){.chain = &chains[0], .nginx = "limit_rate 20k;"});
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "probe") == 0)
        return 0; // can it be started at all? (tests/run.py)
    alarm(240);
    if (!start_servers())
        return 2;
    models_prepare();
    RUN_IN_ALL(gets_a_page);
    RUN_IN_ALL(gets_a_page_blocking);
    RUN_IN_ALL(downloads_a_megabyte);
    RUN_IN_ALL(uploads);
    RUN_IN_ALL(moves_two_at_once);
    RUN_IN_ALL(cancels_at_any_time);
    RUN_IN_ALL(server_dies);
    RUN_IN_ALL(deadlines_are_kept);
    RUN_IN_ALL(silence_is_slept_through);
    RUN_IN_BACKGROUND(late_timers_are_not_waited_for_by_spinning);
    RUN_IN_BACKGROUND(wait_ends_for_what_came_before_it);
    RUN_IN_BACKGROUND(the_network_lives_while_tls_computes);
    RUN_IN_BACKGROUND(echoes_do_not_wait_for_arithmetic);
    if (SANITIZES_THREADS)
        RUN(all_in_the_model_INTERRUPT);
    return check_done();
}
