// The link of lwIP's interface goes away and comes back, under exchanges with a server of our own.
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "linux_port.h"
#include "lwip/netif.h"
#include "picket/picket.h"

static const picket_port_t *port;
static picket_t client;
static picket_http_t http;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static int listening;
static uint16_t number;
static int accepted = -1;

static bool listen_somewhere(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof name;
    listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listening < 0 || bind(listening, (struct sockaddr *)&name, len) < 0 || listen(listening, 5) < 0 ||
        getsockname(listening, (struct sockaddr *)&name, &len) < 0)
        return false;
    number = ntohs(name.sin_port);
    return true;
}

static void start(void)
{
    static char url[40];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", (unsigned)number);
    CHECK_INT(picket_http_start(&http, &client, &(picket_request_t){.url = url}), 0);
}

static void hang_up(void)
{
    picket_http_close(&http);
    if (accepted >= 0)
        close(accepted);
    accepted = -1;
}

static void answer(void)
{
    static const char response[] = "HTTP/1.1 204 Fine\r\n\r\n";
    if (write(accepted, response, sizeof response - 1) < 0)
        FAIL("write: %d", errno);
}

// So long, or until the exchange is over.
static void go_on(uint32_t ms)
{
    uint32_t began = port->millis(port->ctx);
    char byte;
    while (port->millis(port->ctx) - began < ms) {
        uint32_t due = picket_poll(&client);
        if (accepted < 0)
            accepted = accept(listening, NULL, NULL);
        int n = picket_http_read(&http, &byte, 1);
        if (n != PICKET_AGAIN)
            return;
        if (due > 0)
            port->wait(port->ctx, due < 20 ? due : 20);
    }
}

static void asks_the_interface(void)
{
    CHECK(port->online(port->ctx));
    netif_set_link_down(netif_default);
    CHECK(!port->online(port->ctx));
    netif_set_link_up(netif_default);
    CHECK(port->online(port->ctx));
    netif_set_down(netif_default);
    CHECK(!port->online(port->ctx));
    netif_set_up(netif_default);
    CHECK(port->online(port->ctx));
}

static void ends_when_the_link_is_lost(void)
{
    start();
    go_on(300);
    CHECK_INT(picket_http_detail(&http).phase, PICKET_PHASE_HEAD);
    netif_set_link_down(netif_default);
    uint32_t began = port->millis(port->ctx);
    go_on(PICKET_LINK_MS + 2000);
    uint32_t took = port->millis(port->ctx) - began;
    netif_set_link_up(netif_default);
    CHECK_INT(picket_http_detail(&http).error, PICKET_ERR_LINK);
    CHECK(took >= PICKET_LINK_MS && took < PICKET_LINK_MS + 1500);
    hang_up();
}

static void goes_on_when_it_comes_back(void)
{
    start();
    go_on(300);
    netif_set_link_down(netif_default);
    answer(); // lwIP still takes what comes in
    go_on(PICKET_LINK_MS / 3);
    netif_set_link_up(netif_default);
    go_on(15000);
    CHECK_INT(picket_http_detail(&http).error, 0);
    CHECK_INT(picket_http_status(&http), 204);
    hang_up();
}

int main(void)
{
    port = picket_port_default();
    if (!listen_somewhere() ||
        picket_init(&client, &(picket_config_t){.arena = arena, .arena_len = sizeof arena, .port = port}) !=
            0)
        return 2;
    RUN(asks_the_interface);
    RUN(ends_when_the_link_is_lost);
    RUN(goes_on_when_it_comes_back);
    picket_deinit(&client);
    close(listening);
    return check_done();
}
