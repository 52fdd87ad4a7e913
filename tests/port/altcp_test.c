// lwIP's altcp with Picket as its TLS layer: a client that knows nothing but altcp_tls.h, against real servers, and through
// somebody in the middle who cuts, stalls and damages. Each numbered fault is one that lwIP's own layer has.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "check.h"
#include "lwip/altcp_tcp.h"
#include "lwip/altcp_tls.h"
#include "lwip/priv/memp_priv.h"
#include "lwip/timeouts.h"
#include "lwip_wall.h"
#include "picket/altcp.h"
#include "picket/clock.h"
#include "picket/port.h"
#include "linux_port.h"
#include "tls.h"
#include "tls_server.h"
#include "torture.h"

#define LIMIT_MS 20000u // nothing here takes as long

const picket_trust_t picket_trust_web; // nobody, here
const char picket_trust_web_origin[] = "";

static const tls_chain_t chain = {.name = "altcp", .root = "P-256", .intermediate = "P-256", .leaf = "P-256"};
static const tls_chain_t other = {.name = "other", .root = "P-256", .leaf = "P-256"};
static const tls_chain_t heavy = {.name = "heavy", .root = "P-384", .intermediate = "P-384", .leaf = "P-384"};

static char root_pem[4096], other_pem[4096], heavy_pem[4096];
static const char *version; // of the servers of the tests that run now

// --- The program: what an application does with altcp_tls.h

typedef struct app app_t;
struct app {
    struct altcp_pcb *conn;
    const char *request;
    size_t request_len, written, acknowledged;

    bool connected, ended, failed;
    err_t err;
    int error; // of Picket, in err
    unsigned errs, ends;
    size_t got;
    char text[1000]; // the beginning of it
    uint64_t sum;

    unsigned refuse; // so many offers
    bool hold;       // do not say altcp_recved
    bool no_ticks;   // write once, as http_client does
    void (*in_connected)(app_t *app);
    void (*in_recv)(app_t *app, struct pbuf *p);
    void (*in_sent)(app_t *app);
    void (*in_err)(app_t *app);
    void (*in_poll)(app_t *app);
    bool recv_aborts; // in_recv has aborted
};

static const picket_port_t *port;

static void write_more(app_t *app)
{
    while (app->conn != NULL && app->written < app->request_len) {
        size_t n = app->request_len - app->written;
        u16_t room = altcp_sndbuf(app->conn);
        if (n > room)
            n = room;
        if (n == 0 ||
            altcp_write(app->conn, app->request + app->written, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK)
            return;
        app->written += n;
        altcp_output(app->conn);
    }
}

static err_t on_connected(void *arg, struct altcp_pcb *conn, err_t err)
{
    app_t *app = arg;
    CHECK(conn == app->conn && err == ERR_OK && !app->connected);
    app->connected = true;
    if (app->in_connected != NULL)
        app->in_connected(app);
    write_more(app);
    return ERR_OK;
}

static err_t on_recv(void *arg, struct altcp_pcb *conn, struct pbuf *p, err_t err)
{
    app_t *app = arg;
    CHECK(conn == app->conn && err == ERR_OK && app->connected);
    CHECK(!app->ended);
    if (p == NULL) {
        app->ended = true;
        app->ends++;
        if (app->in_recv != NULL)
            app->in_recv(app, p);
        return app->recv_aborts ? ERR_ABRT : ERR_OK;
    }
    if (app->refuse > 0) {
        app->refuse--;
        return ERR_MEM;
    }
    if (app->got < sizeof app->text - 1)
        pbuf_copy_partial(p, app->text + app->got, (u16_t)(sizeof app->text - 1 - app->got), 0);
    app->got += p->tot_len;
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        for (u16_t i = 0; i < q->len; i++)
            app->sum = app->sum * 31 + ((const uint8_t *)q->payload)[i];
    }
    if (!app->hold)
        altcp_recved(conn, p->tot_len);
    if (app->in_recv != NULL)
        app->in_recv(app, p);
    pbuf_free(p);
    return app->recv_aborts ? ERR_ABRT : ERR_OK;
}

static err_t on_sent(void *arg, struct altcp_pcb *conn, u16_t len)
{
    app_t *app = arg;
    CHECK(conn == app->conn);
    app->acknowledged += len;
    if (app->in_sent != NULL)
        app->in_sent(app);
    write_more(app);
    return ERR_OK;
}

static err_t on_poll(void *arg, struct altcp_pcb *conn)
{
    app_t *app = arg;
    CHECK(conn == app->conn);
    if (app->in_poll != NULL)
        app->in_poll(app);
    return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
    app_t *app = arg;
    app->errs++;
    app->failed = true;
    app->err = err;
    app->error = picket_altcp_error(app);
    if (app->in_err != NULL)
        app->in_err(app);
    app->conn = NULL;
}

static void app_close(app_t *app)
{
    struct altcp_pcb *conn = app->conn;
    app->conn = NULL;
    if (conn != NULL)
        CHECK_INT(altcp_close(conn), ERR_OK);
}

static void app_abort(app_t *app)
{
    if (app->conn != NULL)
        altcp_abort(app->conn);
    app->conn = NULL;
}

static err_t app_open(app_t *app, struct altcp_tls_config *config, const char *host, uint16_t number)
{
    altcp_allocator_t allocator = {altcp_tls_alloc, config};
    ip_addr_t address;
    IP_ADDR4(&address, 127, 0, 0, 1);
    app->conn = altcp_new(&allocator);
    if (app->conn == NULL)
        return ERR_MEM;
    altcp_arg(app->conn, app);
    altcp_recv(app->conn, on_recv);
    altcp_sent(app->conn, on_sent);
    altcp_err(app->conn, on_err);
    altcp_poll(app->conn, on_poll, 1);
    err_t err = altcp_connect(app->conn, &address, number, on_connected);
    if (host != NULL && err == ERR_OK)
        mbedtls_ssl_set_hostname(altcp_tls_context(app->conn), host);
    CHECK_INT(app->errs, 0);
    return err;
}

// --- The machine

static uint32_t now(void)
{
    return port->millis(port->ctx);
}

static uint32_t longest_poll; // milliseconds

static void turn(uint32_t ms)
{
    uint32_t began = now();
    uint32_t pause = port->poll(port->ctx);
    if (now() - began > longest_poll)
        longest_poll = now() - began;
    if (pause > 0)
        port->wait(port->ctx, pause < ms ? pause : ms);
}

static void run_ms(uint32_t ms)
{
    for (uint32_t began = now(); now() - began < ms;)
        turn(5);
}

static bool is_over(const app_t *app)
{
    return app->failed || app->ended || app->conn == NULL;
}

static void run_until_over(const app_t *app)
{
    for (uint32_t began = now(); !is_over(app) && now() - began < LIMIT_MS;)
        turn(20);
    CHECK(is_over(app));
}

static void run_until(const bool *flag, const app_t *app)
{
    for (uint32_t began = now(); !*flag && !is_over(app) && now() - began < LIMIT_MS;)
        turn(20);
    CHECK(*flag);
}

static struct altcp_tls_config *config_for(const char *pem)
{
    return altcp_tls_create_config_client((const u8_t *)pem, strlen(pem) + 1);
}

#define GET(path) "GET /" path " HTTP/1.0\r\nHost: " TLS_SERVER_HOST "\r\n\r\n"

static app_t asking(const char *request)
{
    return (app_t){.request = request, .request_len = strlen(request)};
}

// A whole exchange, and its connection closed.
static app_t exchange(struct altcp_tls_config *config, const char *host, uint16_t number, const char *request)
{
    app_t app = asking(request);
    CHECK_INT(app_open(&app, config, host, number), ERR_OK);
    run_until_over(&app);
    app_close(&app);
    return app;
}

static bool start_server(tls_server_t *server, const tls_chain_t *with)
{
    return tls_server_start(server, &(tls_server_options_t){.chain = with, .version = version});
}

static bool start_nginx(tls_server_t *server, const tls_chain_t *with)
{
    return tls_server_start(server, &(tls_server_options_t){.chain = with, .version = version, .nginx = ""});
}

// --- Somebody in the middle

enum mode { PASS, CUT, RESET, DAMAGE, STALL, GARBAGE, SWALLOW };

typedef struct middle {
    pthread_t thread;
    int listener;
    uint16_t number, server;
    enum mode mode;
    size_t after; // so many of the server's bytes
    atomic_bool quit;
} middle_t;

static struct sockaddr_in loopback(uint16_t number)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(number), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void end_with_reset(int fd)
{
    const struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void wait_for_quit(const middle_t *m)
{
    while (!m->quit)
        usleep(2000);
}

// False: the conversation is over.
static bool pass_on(middle_t *m, int client, int server, size_t *passed)
{
    uint8_t bytes[4096];
    struct pollfd fds[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
    if (poll(fds, 2, 20) < 0)
        return false;
    if (fds[0].revents != 0) {
        ssize_t n = read(client, bytes, sizeof bytes);
        if (n <= 0 || write(server, bytes, (size_t)n) != n)
            return false;
    }
    if (fds[1].revents == 0)
        return true;
    size_t left = m->mode != PASS && m->after > *passed ? m->after - *passed : sizeof bytes;
    ssize_t n = read(server, bytes, left < sizeof bytes ? left : sizeof bytes);
    if (n <= 0)
        return false;
    if (m->mode == DAMAGE && *passed >= m->after)
        bytes[0] ^= 1;
    *passed += (size_t)n;
    return write(client, bytes, (size_t)n) == n &&
           (m->mode == PASS || m->mode == DAMAGE || *passed < m->after);
}

static void serve(middle_t *m, int client)
{
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = loopback(m->server);
    size_t passed = 0;
    if (m->mode == GARBAGE)
        (void)!write(client, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 32);
    else if (m->mode == SWALLOW)
        wait_for_quit(m);
    else if (connect(server, (struct sockaddr *)&to, sizeof to) == 0) {
        while (!m->quit && pass_on(m, client, server, &passed))
            ;
    }
    if (m->mode == STALL)
        wait_for_quit(m);
    if (m->mode == RESET)
        end_with_reset(client);
    close(server);
    if (m->mode == GARBAGE)
        usleep(200000);
    close(client);
}

static void *stand_between(void *arg)
{
    middle_t *m = arg;
    while (!m->quit) {
        struct pollfd fd = {.fd = m->listener, .events = POLLIN};
        if (poll(&fd, 1, 20) != 1)
            continue;
        int client = accept(m->listener, NULL, NULL);
        if (client >= 0)
            serve(m, client);
    }
    return NULL;
}

static void start_middle(middle_t *m, uint16_t server, enum mode mode, size_t after)
{
    struct sockaddr_in name = loopback(0);
    socklen_t len = sizeof name;
    *m = (middle_t){.server = server, .mode = mode, .after = after};
    m->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(m->listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(m->listener, 4) == 0);
    CHECK(getsockname(m->listener, (struct sockaddr *)&name, &len) == 0);
    m->number = ntohs(name.sin_port);
    CHECK(pthread_create(&m->thread, NULL, stand_between, m) == 0);
}

static void stop_middle(middle_t *m)
{
    m->quit = true;
    pthread_join(m->thread, NULL);
    close(m->listener);
}

// --- 1, 3: verification

static void completes(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    app_t app = exchange(config, TLS_SERVER_HOST, server.port, GET("small"));
    CHECK(app.connected && app.ended && !app.failed);
    CHECK(app.got > 100);
    CHECK_INT(app.acknowledged, app.request_len);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void fails(struct altcp_tls_config *config, const char *host, uint16_t number, err_t err, int error)
{
    app_t app = exchange(config, host, number, GET("small"));
    CHECK(app.failed && !app.connected && app.got == 0);
    CHECK_INT(app.errs, 1);
    CHECK_INT(app.err, err);
    CHECK_STR(picket_error_name(app.error), picket_error_name(error));
    CHECK(strncmp(picket_altcp_sentence(NULL), picket_strerror(error), strlen(picket_strerror(error))) == 0);
}

static void fault_1_others_are_refused(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem), *wrong = config_for(other_pem);
    REQUIRE(config != NULL && wrong != NULL);
    fails(wrong, TLS_SERVER_HOST, server.port, ERR_VAL, PICKET_ERR_UNKNOWN_ISSUER);
    fails(config, "other.test", server.port, ERR_VAL, PICKET_ERR_WRONG_HOST);
    fails(config, "127.0.0.1", server.port, ERR_VAL, PICKET_ERR_WRONG_HOST);
    int64_t today = (int64_t)time(NULL) * 1000;
    CHECK_INT(picket_clock_set(today + INT64_C(90) * 86400 * 1000), 0);
    fails(config, TLS_SERVER_HOST, server.port, ERR_VAL, PICKET_ERR_EXPIRED);
    CHECK_INT(picket_clock_set(today), 0);
    altcp_tls_free_config(wrong);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void fault_1_no_ca_is_not_no_verification(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = altcp_tls_create_config_client(NULL, 0);
    REQUIRE(config != NULL);
    fails(config, TLS_SERVER_HOST, server.port, ERR_VAL, PICKET_ERR_NO_TRUST);
    altcp_tls_free_config(config);
    CHECK(altcp_tls_create_config_client((const u8_t *)"no certificate", 15) == NULL);
    CHECK_INT(picket_altcp_error(NULL), PICKET_ERR_TRUST_FORMAT);
    tls_server_stop(&server);
}

static void a_host_name_is_needed(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    fails(config, NULL, server.port, ERR_VAL, PICKET_ERR_NO_HOST);
    fails(config, "", server.port, ERR_VAL, PICKET_ERR_NO_HOST);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    mbedtls_ssl_set_hostname(altcp_tls_context(app.conn), NULL);
    run_until_over(&app);
    CHECK_INT(app.error, PICKET_ERR_NO_HOST);
    CHECK_INT(picket_altcp_config_set_hostname(config, ""), PICKET_ERR_NO_HOST);
    CHECK_INT(picket_altcp_config_set_hostname(config, TLS_SERVER_HOST), 0);
    app = exchange(config, NULL, server.port, GET("small"));
    CHECK(app.ended && app.got > 100);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static int accept_all(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    (void)ctx;
    (void)crt;
    (void)depth;
    *flags = 0;
    return 0;
}

static void what_is_written_into_the_context_counts_for_nothing(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = config_for(other_pem);
    REQUIRE(config != NULL);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    mbedtls_ssl_context *ssl = altcp_tls_context(app.conn);
    mbedtls_ssl_config *conf = (mbedtls_ssl_config *)(uintptr_t)mbedtls_ssl_context_get_config(ssl);
    mbedtls_ssl_conf_authmode(conf, 0); // no verification
    mbedtls_ssl_conf_verify(conf, accept_all, NULL);
    mbedtls_ssl_conf_ca_chain(conf, NULL, NULL);
    mbedtls_ssl_set_verify(ssl, accept_all, NULL);
    run_until_over(&app);
    CHECK(!app.connected);
    CHECK_INT(app.error, PICKET_ERR_UNKNOWN_ISSUER);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- Time

static void without_time_it_is_waited_for(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    picket_lwip_wall_set(1000, now()); // 1970: not believed
    uint32_t began = now();
    fails(config, TLS_SERVER_HOST, server.port, ERR_CONN, PICKET_ERR_NO_TIME);
    CHECK(now() - began < PICKET_CONNECT_MS + 1000);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    run_ms(200);
    CHECK(!is_over(&app) && !app.connected);
    CHECK_INT(picket_clock_set((int64_t)time(NULL) * 1000), 0);
    run_until_over(&app);
    CHECK(app.ended && app.got > 100);
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- 2, 12: memory

static void fault_2_no_allocation_fails_unnoticed(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    size_t used = arena_used();
    unsigned done = 0, refused = 0;
    for (unsigned n = 1; n < 20000 && done < 3; n = torture_next(n, 1)) {
        app_t app = asking(GET("small"));
        arena_fail_at(n);
        if (app_open(&app, config, TLS_SERVER_HOST, server.port) == ERR_OK)
            run_until_over(&app);
        arena_fail_at(0);
        bool complete = app.connected && app.ended && app.got > 100;
        if (app.failed && app.err != ERR_MEM && app.err != ERR_VAL)
            FAIL("allocation %u: err %d, %s", n, app.err, picket_error_name(app.error));
        if (app.failed && app.connected && app.err != ERR_MEM)
            FAIL("allocation %u: failed after connected", n);
        done = complete ? done + 1 : 0;
        refused += !complete;
        app_close(&app);
        run_ms(3);
        if (arena_used() > used + 4096) {
            FAIL("allocation %u: %zu bytes leaked", n, arena_used() - used);
            break;
        }
    }
    CHECK(refused > 20);
    CHECK(arena_check());
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void fault_12_a_failed_setup_leaves_nothing(void)
{
    run_ms(200); // what was closed before says goodbye
    struct altcp_tls_config *keep = config_for(root_pem);
    REQUIRE(keep != NULL);
    size_t used = arena_used();
    for (unsigned n = 1; n < 40; n++) {
        arena_fail_at(n);
        struct altcp_tls_config *config = config_for(other_pem);
        struct altcp_pcb *conn = config != NULL ? altcp_tls_new(config, IPADDR_TYPE_V4) : NULL;
        arena_fail_at(0);
        if (config == NULL)
            CHECK_INT(picket_altcp_error(NULL), PICKET_ERR_NO_MEMORY);
        if (conn != NULL)
            altcp_abort(conn);
        altcp_tls_free_config(config);
        run_ms(5);
        if (arena_used() != used) {
            FAIL("allocation %u: %zu bytes leaked", n, arena_used() - used);
            break;
        }
    }
    altcp_tls_free_config(keep);
}

// --- 3, 4, 5: how it ends

static void ends(enum mode mode, size_t after, err_t err, int error)
{
    tls_server_t server;
    middle_t middle;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    start_middle(&middle, server.port, mode, after);
    app_t app = exchange(config, TLS_SERVER_HOST, middle.number, GET("large"));
    CHECK(app.failed && !app.ended);
    CHECK_INT(app.errs, 1);
    CHECK_INT(app.err, err);
    CHECK_STR(picket_error_name(app.error), picket_error_name(error));
    stop_middle(&middle);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void fault_4_a_damaged_record_is_told(void)
{
    ends(DAMAGE, 60000, ERR_ABRT, PICKET_ERR_TLS_CORRUPT);
}

static void fault_4_what_is_not_tls_is_told(void)
{
    ends(GARBAGE, 0, ERR_ABRT, PICKET_ERR_NOT_TLS);
}

static void fault_5_a_bare_fin_is_an_error(void)
{
    ends(CUT, 60000, ERR_CLSD, PICKET_ERR_BODY_CUT);
}

static void fault_5_a_fin_in_the_handshake_is_an_error(void)
{
    ends(CUT, 300, ERR_CLSD, PICKET_ERR_TLS_CLOSED);
}

static void a_reset_is_an_error(void)
{
    ends(RESET, 60000, ERR_RST, PICKET_ERR_RESET);
}

static void fault_5_close_notify_is_the_end(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    app_t app = exchange(config, TLS_SERVER_HOST, server.port, GET("large"));
    CHECK(app.ended && !app.failed);
    CHECK_INT(app.ends, 1);
    CHECK(app.got > 200000);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void a_refused_connection_is_told(void)
{
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    app_t app = exchange(config, TLS_SERVER_HOST, 1, GET("small"));
    CHECK(app.failed && app.err == ERR_RST);
    CHECK_INT(app.error, PICKET_ERR_REFUSED);
    altcp_tls_free_config(config);
}

// --- 6: deadlines (of the stack that this is linked with: PICKET_CONNECT_MS, PICKET_IDLE_MS)

static void fault_6_the_handshake_has_a_deadline(void)
{
    uint32_t began = now();
    ends(STALL, 300, ERR_TIMEOUT, PICKET_ERR_TIMEOUT_HANDSHAKE);
    CHECK(now() - began < PICKET_CONNECT_MS + 2000);
    ends(SWALLOW, 0, ERR_TIMEOUT, PICKET_ERR_TIMEOUT_HANDSHAKE);
}

static void fault_6_a_record_has_a_deadline(void)
{
    ends(STALL, 60000, ERR_TIMEOUT, PICKET_ERR_TIMEOUT_IDLE);
}

// --- 7: windows, 8: refusal, 9: writing

static void fault_7_large_records_pass_a_small_window(void)
{
    tls_server_t server;
    REQUIRE(start_server(&server, &chain)); // it sends records of 16 KB
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    app_t app = exchange(config, TLS_SERVER_HOST, server.port, GET("whole"));
    CHECK(app.ended && !app.failed);
    CHECK(app.got > 300000);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void fault_8_refused_data_is_offered_again(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    app_t all = exchange(config, TLS_SERVER_HOST, server.port, GET("large"));
    app_t app = asking(GET("large"));
    app.refuse = 3;
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    run_until_over(&app);
    CHECK(app.ended && app.refuse == 0);
    CHECK(app.got > 200000 && app.got == all.got);
    app_close(&app);
    app = asking(GET("large")); // and refused until it is closed
    app.refuse = 1000;
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    run_ms(700);
    CHECK(app.refuse < 1000);
    CHECK_INT(app.got, 0);
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static char upload[16u << 20]; // more than all the buffers on the way hold

static void fault_9_writes_of_any_size(void)
{
    tls_server_t server;
    const char *nginx = "client_max_body_size 8m; location /up { proxy_pass http://127.0.0.1:1/; }";
    REQUIRE(tls_server_start(&server,
                             &(tls_server_options_t){.chain = &chain, .version = version, .nginx = nginx}));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    int n = snprintf(upload, sizeof upload, "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 250000\r\n\r\n");
    memset(upload + n, 'u', 250000);
    app_t app = {.request = upload, .request_len = (size_t)n + 250000};
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    for (uint32_t began = now();
         app.acknowledged < app.request_len && !is_over(&app) && now() - began < LIMIT_MS;)
        turn(20);
    CHECK_INT(app.acknowledged, app.request_len);
    if (app.conn != NULL) {
        CHECK_INT(altcp_sndbuf(app.conn), TCP_SND_BUF < 0xff00 ? TCP_SND_BUF : 0xff00);
        CHECK_INT(altcp_write(app.conn, upload, (u16_t)(altcp_sndbuf(app.conn) + 1), 0), ERR_MEM);
    }
    for (uint32_t began = now(); app.got == 0 && !is_over(&app) && now() - began < LIMIT_MS;)
        turn(20);
    CHECK(app.got > 0); // nginx's answer: 502, or so
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void a_server_that_takes_nothing_has_a_deadline(void)
{
    tls_server_t server;
    middle_t middle;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    start_middle(&middle, server.port, STALL, 60000);
    memset(upload, 'x', sizeof upload);
    int n = snprintf(upload, sizeof upload, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    app_t app = {.request = upload, .request_len = (size_t)n};
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, middle.number), ERR_OK);
    for (uint32_t began = now(); app.got < 20000 && !is_over(&app) && now() - began < LIMIT_MS;)
        turn(20);
    run_ms(300);
    app.request_len = sizeof upload;
    upload[n] = 'x';
    write_more(&app);
    for (uint32_t began = now(); !is_over(&app) && now() - began < LIMIT_MS;)
        turn(20);
    CHECK(app.failed && app.err == ERR_TIMEOUT && app.acknowledged < app.request_len);
    CHECK_INT(app.error, PICKET_ERR_TIMEOUT_SEND);
    stop_middle(&middle);
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- 10: closing and aborting inside every callback

static void close_in_recv(app_t *app, struct pbuf *p)
{
    (void)p;
    app_close(app);
}

static void abort_in_recv(app_t *app, struct pbuf *p)
{
    (void)p;
    app_abort(app);
    app->recv_aborts = true;
}

static void close_in_err(app_t *app)
{
    struct altcp_pcb *conn = app->conn;
    app->conn = NULL;
    if (conn != NULL)
        CHECK_INT(altcp_close(conn), ERR_OK);
}

static void abort_in_err(app_t *app)
{
    struct altcp_pcb *conn = app->conn;
    app->conn = NULL;
    if (conn != NULL)
        altcp_abort(conn);
}

static void let_go(struct altcp_tls_config *config, uint16_t number, app_t app)
{
    size_t used = arena_used();
    app_t *a = malloc(sizeof *a); // freed at once: the layer must not look at it again
    *a = app;
    CHECK_INT(app_open(a, config, TLS_SERVER_HOST, number), ERR_OK);
    for (uint32_t began = now(); a->conn != NULL && now() - began < LIMIT_MS;)
        turn(20);
    CHECK(a->conn == NULL);
    CHECK(a->errs <= 1);
    free(a);
    run_ms(50);
    CHECK(arena_used() <= used + 2048); // a session may have been kept
}

static void fault_10_in_any_callback(void)
{
    tls_server_t server;
    middle_t middle;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    (void)exchange(config, TLS_SERVER_HOST, server.port, GET("small"));
    run_ms(50);
    app_t app = asking(GET("large"));
    app.in_connected = app_close;
    let_go(config, server.port, app);
    app.in_connected = app_abort;
    let_go(config, server.port, app);
    app = asking(GET("large"));
    app.in_recv = close_in_recv;
    let_go(config, server.port, app);
    app.in_recv = abort_in_recv;
    let_go(config, server.port, app);
    app = asking(GET("large"));
    app.in_sent = app_close;
    let_go(config, server.port, app);
    app.in_sent = app_abort;
    let_go(config, server.port, app);
    app = (app_t){.in_poll = app_close};
    let_go(config, server.port, app);
    app.in_poll = app_abort;
    let_go(config, server.port, app);
    start_middle(&middle, server.port, CUT, 60000);
    app = asking(GET("large"));
    app.in_err = close_in_err;
    let_go(config, middle.number, app);
    app.in_err = abort_in_err;
    let_go(config, middle.number, app);
    stop_middle(&middle);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// At every moment of the handshake, arithmetic included.
static void closed_at_any_moment(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &heavy));
    struct altcp_tls_config *config = config_for(heavy_pem);
    REQUIRE(config != NULL);
    for (int turns = 0; turns < 40; turns++) {
        app_t app = asking(GET("small"));
        CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
        for (int i = 0; i < turns && app.conn != NULL; i++)
            turn(1);
        if (turns % 2 != 0)
            app_abort(&app);
        else
            app_close(&app);
        CHECK(app.errs <= 1);
        if (turns % 3 == 0)
            run_ms(5);
    }
    run_ms(100);
    app_t app = exchange(config, TLS_SERVER_HOST, server.port, GET("small"));
    CHECK(app.ended && app.got > 100);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// While a signature is being checked for somebody else.
static void a_configuration_that_fails_does_no_harm_meanwhile(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &heavy));
    struct altcp_tls_config *config = config_for(heavy_pem);
    REQUIRE(config != NULL);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    for (uint32_t began = now(); !is_over(&app) && now() - began < LIMIT_MS;) {
        const u8_t *pem = (const u8_t *)other_pem;
        size_t len = strlen(other_pem) + 1;
        CHECK(altcp_tls_create_config_client((const u8_t *)"no certificate", 15) == NULL);
        struct altcp_tls_config *later =
            altcp_tls_create_config_client_2wayauth(pem, len, pem, len, NULL, 0, pem, len);
        if (later == NULL && picket_altcp_error(NULL) != PICKET_ERR_NO_MEMORY)
            CHECK_INT(picket_altcp_error(NULL), PICKET_ERR_IDENTITY);
        altcp_tls_free_config(later);
        turn(1);
    }
    CHECK(app.ended && !app.failed);
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- A certificate of the client's

// Of a configuration that is made while a signature is being checked.
static void a_certificate_is_taken_later(void)
{
    static char cert[4096], key[4096];
    tls_server_t server;
    REQUIRE(start_nginx(&server, &heavy));
    struct altcp_tls_config *config = config_for(heavy_pem), *later = NULL;
    long cert_len = tls_server_read("other-leaf.pem", cert, sizeof cert - 1);
    long key_len = tls_server_read("other-leaf.key", key, sizeof key - 1);
    REQUIRE(config != NULL && cert_len > 0 && key_len > 0);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    for (uint32_t began = now(); !tls_busy(NULL) && !is_over(&app) && now() - began < LIMIT_MS;)
        turn(1);
    later = altcp_tls_create_config_client_2wayauth((const u8_t *)heavy_pem, strlen(heavy_pem) + 1,
                                                    (const u8_t *)key, (size_t)key_len + 1, NULL, 0,
                                                    (const u8_t *)cert, (size_t)cert_len + 1);
    CHECK(later != NULL);
    memset(key, 0, sizeof key); // it has been copied
    run_until_over(&app);
    CHECK(app.ended && !app.failed);
    app_close(&app);
    app = exchange(later, TLS_SERVER_HOST, server.port, GET("small"));
    CHECK(app.ended && app.got > 100);
    altcp_tls_free_config(later);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void a_certificate_is_shown(void)
{
    static char cert[4096], key[4096];
    tls_server_t server;
    REQUIRE(
        tls_server_start(&server, &(tls_server_options_t){.chain = &chain,
                                                          .version = version,
                                                          .nginx = "return 200 \"<$ssl_client_s_dn>\";",
                                                          .nginx_tls = "ssl_verify_client optional_no_ca;"}));
    long cert_len = tls_server_read("other-leaf.pem", cert, sizeof cert - 1);
    long key_len = tls_server_read("other-leaf.key", key, sizeof key - 1);
    REQUIRE(cert_len > 0 && key_len > 0);
    struct altcp_tls_config *config = altcp_tls_create_config_client_2wayauth(
        (const u8_t *)root_pem, strlen(root_pem) + 1, (const u8_t *)key, (size_t)key_len + 1, NULL, 0,
        (const u8_t *)cert, (size_t)cert_len + 1);
    REQUIRE(config != NULL);
    app_t app = exchange(config, TLS_SERVER_HOST, server.port, GET("small"));
    CHECK(app.ended && strstr(app.text, "CN=") != NULL);
    altcp_tls_free_config(config);
    config = config_for(root_pem);
    app = exchange(config, TLS_SERVER_HOST, server.port, GET("small"));
    CHECK(app.ended && strstr(app.text, "<>") != NULL);
    altcp_tls_free_config(config);
    CHECK(altcp_tls_create_config_client_2wayauth((const u8_t *)root_pem, strlen(root_pem) + 1,
                                                  (const u8_t *)"x", 2, NULL, 0, (const u8_t *)cert,
                                                  (size_t)cert_len + 1) == NULL);
    CHECK_INT(picket_altcp_error(NULL), PICKET_ERR_IDENTITY);
    tls_server_stop(&server);
}

// --- 11: sessions

static void fault_11_sessions_are_resumed(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    struct altcp_tls_session session;
    altcp_tls_init_session(&session);
    for (int i = 0; i < 3; i++) {
        app_t app = asking(GET("small"));
        CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
        CHECK_INT(altcp_tls_set_session(app.conn, &session), i > 0 ? ERR_OK : ERR_VAL);
        run_until_over(&app);
        CHECK(app.ended && app.got > 100);
        if (app.conn != NULL) {
            CHECK_INT(picket_altcp_detail(app.conn).resumed, i > 0);
            CHECK_INT(altcp_tls_get_session(app.conn, &session), ERR_OK);
        }
        app_close(&app);
    }
    altcp_tls_free_session(&session);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- 13: the stack is served during the handshake

static unsigned ticks;
static uint32_t last_tick, longest_gap;

static void tick(void *arg)
{
    (void)arg;
    uint32_t gap = now() - last_tick;
    longest_gap = gap > longest_gap ? gap : longest_gap;
    last_tick = now();
    ticks++;
    sys_timeout(1, tick, NULL);
}

static void fault_13_lwip_goes_on_meanwhile(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &heavy));
    struct altcp_tls_config *config = config_for(heavy_pem);
    REQUIRE(config != NULL);
    app_t app = asking(GET("small"));
    CHECK_INT(app_open(&app, config, TLS_SERVER_HOST, server.port), ERR_OK);
    ticks = 0;
    longest_gap = longest_poll = 0;
    last_tick = now();
    tick(NULL);
    run_until(&app.connected, &app);
    sys_untimeout(tick, NULL);
    CHECK(ticks > 2);
    CHECK(longest_gap < 200 && longest_poll < 200); // under sanitizers, on a busy machine; a slice is 10 ms
    run_until_over(&app);
    app_close(&app);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

// --- Two at once, and everything given back

static void two_at_once(void)
{
    tls_server_t server;
    REQUIRE(start_nginx(&server, &chain));
    struct altcp_tls_config *config = config_for(root_pem), *wrong = config_for(other_pem);
    REQUIRE(config != NULL && wrong != NULL);
    app_t a = asking(GET("large")), b = asking(GET("large")), c = asking(GET("large"));
    CHECK_INT(app_open(&a, config, TLS_SERVER_HOST, server.port), ERR_OK);
    CHECK_INT(app_open(&b, wrong, TLS_SERVER_HOST, server.port), ERR_OK);
    altcp_tls_free_config(wrong); // while it is in use: it lives on
    run_until_over(&b);
    CHECK_INT(b.error, PICKET_ERR_UNKNOWN_ISSUER);
    CHECK_INT(app_open(&c, config, TLS_SERVER_HOST, server.port), ERR_OK);
    run_until_over(&a);
    run_until_over(&c);
    CHECK(a.ended && c.ended && a.got == c.got);
    app_close(&a);
    app_close(&c);
    altcp_tls_free_config(config);
    tls_server_stop(&server);
}

static void all_is_given_back(void)
{
    run_ms(100);
    altcp_tls_free_entropy();
    struct altcp_tls_config *config = config_for(root_pem);
    REQUIRE(config != NULL);
    altcp_tls_free_config(config);
    altcp_tls_free_entropy();
    CHECK_INT(arena_used(), 0);
}

static void servers_are_not_supported(void)
{
    CHECK(altcp_tls_create_config_server(1) == NULL);
    CHECK(altcp_tls_create_config_server_privkey_cert(NULL, 0, NULL, 0, NULL, 0) == NULL);
    CHECK_INT(altcp_tls_config_server_add_privkey_cert(NULL, NULL, 0, NULL, 0, NULL, 0), ERR_VAL);
}

static void make_pages(void)
{
    static char page[400000];
    static const char head[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    for (size_t i = 0; i < sizeof page; i++)
        page[i] = (char)('a' + i * 7 % 26);
    CHECK(tls_server_page("large", page, 250000));
    memcpy(page, head, sizeof head - 1);
    CHECK(tls_server_page("small", page, 1000));
    CHECK(tls_server_page("whole", page, sizeof page));
}

static void read_root(const tls_chain_t *of, char *pem, size_t room)
{
    char name[64];
    snprintf(name, sizeof name, "%s-root.pem", of->name);
    long n = tls_server_read(name, pem, room - 1);
    CHECK(n > 0);
    pem[n > 0 ? n : 0] = '\0';
}

// What depends on the window.
static void run_small(void)
{
    RUN(completes);
    RUN(fault_7_large_records_pass_a_small_window);
    RUN(fault_5_close_notify_is_the_end);
    RUN(fault_8_refused_data_is_offered_again);
    RUN(fault_9_writes_of_any_size);
    RUN(fault_11_sessions_are_resumed);
}

static void run_all(void)
{
    RUN(completes);
    RUN(fault_1_others_are_refused);
    RUN(fault_1_no_ca_is_not_no_verification);
    RUN(a_host_name_is_needed);
    RUN(what_is_written_into_the_context_counts_for_nothing);
    RUN(without_time_it_is_waited_for);
    RUN(fault_4_a_damaged_record_is_told);
    RUN(fault_4_what_is_not_tls_is_told);
    RUN(fault_5_a_bare_fin_is_an_error);
    RUN(fault_5_a_fin_in_the_handshake_is_an_error);
    RUN(fault_5_close_notify_is_the_end);
    RUN(a_reset_is_an_error);
    RUN(a_refused_connection_is_told);
    RUN(fault_6_the_handshake_has_a_deadline);
    RUN(fault_6_a_record_has_a_deadline);
    RUN(fault_7_large_records_pass_a_small_window);
    RUN(fault_8_refused_data_is_offered_again);
    RUN(fault_9_writes_of_any_size);
    RUN(a_server_that_takes_nothing_has_a_deadline);
    RUN(fault_10_in_any_callback);
    RUN(closed_at_any_moment);
    RUN(a_configuration_that_fails_does_no_harm_meanwhile);
    RUN(a_certificate_is_taken_later);
    RUN(a_certificate_is_shown);
    RUN(fault_11_sessions_are_resumed);
    RUN(fault_12_a_failed_setup_leaves_nothing);
    RUN(fault_13_lwip_goes_on_meanwhile);
    RUN(two_at_once);
    RUN(fault_2_no_allocation_fails_unnoticed);
    RUN(all_is_given_back);
}

int main(int argc, char **argv)
{
    // Nobody there answers: so time servers are waited for.
    if (picket_linux_configure(&(struct picket_linux_config){.dns_servers = {"127.0.0.9"}}) != 0)
        return 1;
    port = picket_port_default();
    if (!tls_chain_make(&chain) || !tls_chain_make(&other) || !tls_chain_make(&heavy))
        return 1;
    read_root(&chain, root_pem, sizeof root_pem);
    read_root(&other, other_pem, sizeof other_pem);
    read_root(&heavy, heavy_pem, sizeof heavy_pem);
    make_pages();
    RUN(servers_are_not_supported);
    void (*run)(void) = TCP_WND < 16 * TCP_MSS ? run_small : run_all;
    version = "-tls1_2";
    if (argc < 2 || strcmp(argv[1], "3") != 0)
        run();
    version = "-tls1_3";
    if (argc < 2 || strcmp(argv[1], "2") != 0)
        run();
    return check_done();
}
