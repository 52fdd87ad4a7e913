// The altcp layer with lwIP run in all three ways (tests/support/models): its worker in a thread of its own, and in an
// interrupt that lwIP's interrupts. The application's calls come from its own thread, with lwIP's lock, and from lwIP's.
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "check.h"
#include "clock.h"
#include "lwip/altcp_tls.h"
#include "models.h"
#include "picket/altcp.h"
#include "picket/clock.h"
#include "tls_server.h"

enum { LARGE = 250000, LIMIT_MS = 30000, CANCELS = 60, HANDSHAKES = 25, ECHO_WANTED_US = 20000 };

const picket_trust_t picket_trust_web; // nobody, here
const char picket_trust_web_origin[] = "";

static const tls_chain_t chains[] = {
    {"quick", "P-256", "P-256", "P-256", 0},
    {"slow", "P-384", "P-384", "P-384", 0},
};
static tls_server_t quick, slow;
static char quick_pem[4096], slow_pem[4096];
static picket_port_t port;

// The layer takes the board's port.
const picket_port_t *picket_port_default(void)
{
    return &port;
}

static uint32_t now(void)
{
    return picket_linux_millis(NULL);
}

// --- The program

typedef struct app {
    struct altcp_pcb *conn;
    size_t got, written;
    bool connected, ended, failed;
    unsigned errs;
    err_t err;
    int error;
    struct altcp_tls_session *session; // to be taken at the end
    err_t session_err;
} app_t;

static const char request[] = "GET /large HTTP/1.0\r\nHost: " TLS_SERVER_HOST "\r\n\r\n";

// What is called by the layer has the lock, and is not the application's thread.
static void is_called(void)
{
    wrong.unlocked += model != POLL && !is_locked();
}

static err_t on_connected(void *arg, struct altcp_pcb *conn, err_t err)
{
    app_t *app = arg;
    is_called();
    app->connected = err == ERR_OK;
    return altcp_write(conn, request, sizeof request - 1, TCP_WRITE_FLAG_COPY);
}

static err_t on_recv(void *arg, struct altcp_pcb *conn, struct pbuf *p, err_t err)
{
    app_t *app = arg;
    (void)err;
    is_called();
    app->ended = p == NULL;
    if (p == NULL) {
        if (app->session != NULL)
            app->session_err = altcp_tls_get_session(conn, app->session);
        return ERR_OK;
    }
    app->got += p->tot_len;
    altcp_recved(conn, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
    app_t *app = arg;
    is_called();
    app->failed = true;
    app->errs++;
    app->err = err;
    app->error = picket_altcp_error(app);
    app->conn = NULL;
}

// With the lock, as all of these.
static bool open_it(app_t *app, struct altcp_tls_config *config, uint16_t number)
{
    altcp_allocator_t allocator = {altcp_tls_alloc, config};
    ip_addr_t address;
    IP_ADDR4(&address, 127, 0, 0, 1);
    app->conn = altcp_new(&allocator);
    if (app->conn == NULL)
        return false;
    altcp_arg(app->conn, app);
    altcp_recv(app->conn, on_recv);
    altcp_err(app->conn, on_err);
    return altcp_connect(app->conn, &address, number, on_connected) == ERR_OK &&
           mbedtls_ssl_set_hostname(altcp_tls_context(app->conn), TLS_SERVER_HOST) == 0;
}

static void close_it(app_t *app)
{
    if (app->conn != NULL)
        (void)altcp_close(app->conn);
    app->conn = NULL;
}

static void abort_it(app_t *app)
{
    if (app->conn != NULL)
        altcp_abort(app->conn);
    app->conn = NULL;
}

static bool is_over(const app_t *app)
{
    return app->failed || app->ended || app->conn == NULL;
}

// The page and nginx's head.
static bool is_whole(const app_t *app)
{
    return app->got > LARGE && app->got < LARGE + 1000;
}

static struct altcp_tls_config *config_for(const char *pem)
{
    return altcp_tls_create_config_client((const u8_t *)pem, strlen(pem) + 1);
}

// --- Its thread: it does nothing but sleep

static void rest(uint32_t ms)
{
    if (model != POLL) {
        usleep(ms * 1000);
        return;
    }
    poll_count++;
    uint32_t pause = port.poll(port.ctx);
    poll_count++;
    if (pause > 0)
        port.wait(port.ctx, pause < ms ? pause : ms);
}

static void pause_for(uint32_t ms)
{
    for (const uint32_t began = now(); now() - began < ms;)
        rest(1);
}

static bool over_now(const app_t *app)
{
    lock(NULL);
    bool over = is_over(app);
    unlock(NULL);
    return over;
}

static void finish(const app_t *app)
{
    for (const uint32_t began = now(); !over_now(app) && now() - began < LIMIT_MS;)
        rest(1);
    CHECK(over_now(app));
}

static void start(app_t *app, struct altcp_tls_config *config, uint16_t number)
{
    lock(NULL);
    CHECK(open_it(app, config, number));
    unlock(NULL);
}

static void end(app_t *app)
{
    lock(NULL);
    close_it(app);
    unlock(NULL);
}

static int get(struct altcp_tls_config *config, uint16_t number)
{
    app_t app = {0};
    start(&app, config, number);
    finish(&app);
    end(&app);
    CHECK(app.failed || (app.connected && app.ended && is_whole(&app)));
    return app.failed ? app.error : 0;
}

static void gets_it_all(struct altcp_tls_config *config, uint16_t number)
{
    CHECK_STR(picket_error_name(get(config, number)), "PICKET_OK");
}

// --- Tests

static struct altcp_tls_config *good, *heavy;

static void gets_pages(void)
{
    for (int i = 0; i < 6; i++)
        gets_it_all(i % 2 ? heavy : good, i % 2 ? slow.port : quick.port);
}

static void gets_two_at_once(void)
{
    app_t a = {0}, b = {0};
    start(&a, good, quick.port);
    start(&b, heavy, slow.port);
    finish(&a);
    finish(&b);
    CHECK(is_whole(&a));
    CHECK(is_whole(&b));
    end(&a);
    end(&b);
}

static void others_are_refused(void)
{
    app_t app = {0};
    start(&app, heavy, quick.port);
    finish(&app);
    CHECK(app.failed && !app.connected && app.got == 0);
    CHECK_INT(app.errs, 1);
    CHECK_INT(app.err, ERR_VAL);
    CHECK_STR(picket_error_name(app.error), "PICKET_ERR_UNKNOWN_ISSUER");
}

// Also while a signature is checked: what computes finds out that nobody waits any more.
static void closed_and_aborted_at_any_time(void)
{
    gets_it_all(heavy, slow.port); // a session is kept from here on
    pause_for(30);
    lock(NULL);
    size_t used = arena_used();
    unlock(NULL);
    srand(11);
    for (int i = 0; i < CANCELS; i++) {
        app_t *app = calloc(1, sizeof *app); // freed at once: nobody must look at it again
        start(app, i % 3 ? heavy : good, i % 3 ? slow.port : quick.port);
        pause_for((uint32_t)rand() % 20);
        lock(NULL);
        if (i % 2)
            abort_it(app);
        else
            close_it(app);
        CHECK(app->errs <= 1);
        unlock(NULL);
        free(app);
    }
    for (const uint32_t began = now(); now() - began < 5000;) {
        lock(NULL);
        bool back = arena_used() <= used + 2 * (PICKET_SESSION_MAX + 512);
        unlock(NULL);
        if (back)
            break;
        rest(5);
    }
    lock(NULL);
    CHECK(arena_used() <= used + 2 * (PICKET_SESSION_MAX + 512));
    CHECK(arena_check());
    unlock(NULL);
    gets_pages();
}

// --- Calls from lwIP's context, which interrupts TLS at work, or runs beside it

static unsigned meddlings;
static atomic_uint meddled; // of them: met TLS at work
static app_t late_good, late_bad;
static struct altcp_tls_config *late_good_config, *late_bad_config;
static unsigned sessions_refused;

static void make_and_drop_a_connection(void)
{
    altcp_allocator_t allocator = {altcp_tls_alloc, good};
    struct altcp_pcb *conn = altcp_new(&allocator);
    if (conn == NULL)
        return;                                                     // there may be no memory for it
    (void)mbedtls_ssl_set_hostname(altcp_tls_context(conn), "abc"); // four bytes: as long as a limb
    (void)mbedtls_ssl_set_hostname(altcp_tls_context(conn), TLS_SERVER_HOST);
    if (meddlings % 2)
        altcp_abort(conn);
    else
        (void)altcp_close(conn);
}

static void make_late_configurations(void)
{
    if (late_good_config != NULL)
        return;
    late_good_config = config_for(quick_pem);
    late_bad_config = altcp_tls_create_config_client((const u8_t *)"no certificate", 15);
    if (late_good_config == NULL || late_bad_config == NULL)
        abort();
    (void)open_it(&late_good, late_good_config, quick.port);
    (void)open_it(&late_bad, late_bad_config, quick.port);
}

static void meddle(void)
{
    struct altcp_tls_session session;
    meddlings++;
    make_and_drop_a_connection();
    if (poll_count % 2 == 0)
        return;
    meddled++;
    altcp_tls_init_session(&session);
    if (late_good.conn != NULL)
        sessions_refused += altcp_tls_set_session(late_good.conn, &session) == ERR_INPROGRESS;
    altcp_tls_free_session(&session);
    make_late_configurations();
}

static void lwip_may_call_at_any_time(void)
{
    meddlings = meddled = sessions_refused = 0;
    late_good = late_bad = (app_t){0};
    late_good_config = late_bad_config = NULL;
    lock(NULL);
    in_network = meddle;
    unlock(NULL);
    for (int i = 0; i < 40 && meddled < 5; i++) {
        int error = get(heavy, slow.port);
        CHECK(error == 0 || error == PICKET_ERR_NO_MEMORY); // there are four at once
    }
    pause_for(20);
    lock(NULL);
    in_network = NULL;
    unlock(NULL);
    CHECK(meddled >= 5);
    finish(&late_good);
    finish(&late_bad);
    CHECK(late_good.ended && is_whole(&late_good));
    CHECK(late_bad.failed && late_bad.err == ERR_VAL);
    CHECK_STR(picket_error_name(late_bad.error), "PICKET_ERR_TRUST_FORMAT");
    fprintf(stderr, "# %u calls, %u of them while TLS was at work, %u sessions refused for that\n", meddlings,
            meddled, sessions_refused);
    end(&late_good);
    lock(NULL);
    altcp_tls_free_config(late_good_config);
    altcp_tls_free_config(late_bad_config);
    unlock(NULL);
    gets_pages();
}

// --- Echo requests are answered meanwhile

static void echoes_are_answered_in_time(uint32_t interval_ms)
{
    int64_t slowest = 0;
    unsigned count = 0, during = 0, late = 0;
    lock(NULL);
    echo.interval_ms = interval_ms;
    echo.limit_us = ECHO_WANTED_US * SLOWER;
    unlock(NULL);
    for (int i = 0; i < HANDSHAKES || (count < 5 && i < 20 * HANDSHAKES); i++) {
        lock(NULL);
        struct altcp_tls_config *config = config_for(slow_pem); // without a session
        unlock(NULL);
        CHECK(config != NULL);
        gets_it_all(config, slow.port);
        lock(NULL);
        altcp_tls_free_config(config);
        slowest = echo.slowest_us;
        count = echoes;
        during = meanwhile;
        late = echo.late;
        unlock(NULL);
    }
    CHECK(count >= 5);
    CHECK(late <= count / 20); // a busy machine
    fprintf(stderr, "# %u echo requests, %u answered inside one turn of TLS; the slowest took %d us\n", count,
            during, (int)slowest);
    if (model != POLL && interval_ms < 5)
        CHECK(during >= 3);
}

static void echoes_every_millisecond(void)
{
    echoes_are_answered_in_time(1);
}

static void echoes_every_50_ms(void)
{
    echoes_are_answered_in_time(50);
}

static void sessions_are_taken_in_callbacks(void)
{
    struct altcp_tls_session session;
    altcp_tls_init_session(&session);
    app_t app = {.session = &session, .session_err = ERR_ARG};
    start(&app, good, quick.port);
    finish(&app);
    CHECK_INT(app.session_err, ERR_OK);
    end(&app);
    lock(NULL);
    altcp_tls_free_session(&session);
    unlock(NULL);
}

// Connections come and go, and days without one are counted, too: the board's counter wraps after 49 of them.
static void days_without_a_connection_are_counted(void)
{
    enum { DAYS_20 = 20 * 86400000, MINUTE = 60000 };
    app_t app = {0};
    const int64_t began = picket_linux_unix_ms(NULL);
    REQUIRE_INT(picket_clock_set(began), 0);
    start(&app, good, quick.port);
    finish(&app);
    end(&app);
    pause_for(50);
    for (unsigned i = 1; i <= 3; i++) {
        models_pass(DAYS_20);
        pause_for(300);
    }
    const int64_t passed = clock_unix_ms() - began;
    CHECK(passed >= 3 * (int64_t)DAYS_20 && passed < 3 * (int64_t)DAYS_20 + MINUTE);
    CHECK_INT(picket_clock_set(picket_linux_unix_ms(NULL)), 0);
}

// --- All of them

static void (*the_test)(void);

static void with_layer(void)
{
    models_begin();
    echo.in_poll = true;
    picket_lwip_port(&port, models_board(true));
    good = config_for(quick_pem);
    heavy = config_for(slow_pem);
    REQUIRE(good != NULL && heavy != NULL);
    the_test();
    pause_for(50);
    lock(NULL);
    altcp_tls_free_config(good);
    altcp_tls_free_config(heavy);
    unlock(NULL);
    pause_for(50); // what was closed says goodbye
    altcp_tls_free_entropy();
    for (const uint32_t began = now(); arena_used() > 0 && now() - began < 3000;) {
        rest(5);
        altcp_tls_free_entropy();
    }
    CHECK_INT(arena_used(), 0);
    models_end();
    nothing_is_wrong();
}

static void run(const char *name, void (*test)(void))
{
    the_test = test;
    check_run(name, with_layer);
}

static bool read_root(const tls_chain_t *of, char *pem, size_t room)
{
    char name[64];
    snprintf(name, sizeof name, "%s-root.pem", of->name);
    long n = tls_server_read(name, pem, room - 1);
    pem[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool start_servers(void)
{
    static uint8_t page[LARGE];
    memset(page, 'p', sizeof page);
    return tls_chain_make(&chains[0]) && tls_chain_make(&chains[1]) &&
           read_root(&chains[0], quick_pem, sizeof quick_pem) &&
           read_root(&chains[1], slow_pem, sizeof slow_pem) && tls_server_page("large", page, sizeof page) &&
           tls_server_start(&quick, &(tls_server_options_t){.chain = &chains[0], .nginx = ""}) &&
           tls_server_start(&slow, &(tls_server_options_t){.chain = &chains[1], .nginx = ""});
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "probe") == 0)
        return 0; // can it be started at all? (tests/run.py)
    alarm(240);
    if (!start_servers())
        return 2;
    models_prepare();
    RUN_IN_ALL(gets_pages);
    RUN_IN_ALL(gets_two_at_once);
    RUN_IN_ALL(others_are_refused);
    RUN_IN_ALL(sessions_are_taken_in_callbacks);
    RUN_IN_ALL(closed_and_aborted_at_any_time);
    RUN_IN_BACKGROUND(lwip_may_call_at_any_time);
    RUN_IN_ALL(echoes_every_50_ms);
    RUN_IN_BACKGROUND(echoes_every_millisecond);
    RUN_IN_ALL(days_without_a_connection_are_counted); // the last: from here on the clock is set
    if (SANITIZES_THREADS)
        RUN(all_in_the_model_INTERRUPT);
    return check_done();
}
