// proxy, on a Pico W or Pico 2 W: fetch a page through the HTTP proxy of the network. TLS goes through it and is verified as ever.
#include <stdio.h>

#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static const picket_proxy_t proxy = {.url = PROXY, .user = PROXY_USER, .password = PROXY_PASSWORD};

int main(void)
{
    stdio_init_all();
    if (cyw43_arch_init() != 0)
        return 1;
    cyw43_arch_enable_sta_mode();
    int joined = cyw43_arch_wifi_connect_timeout_ms(WIFI_SSID, WIFI_PASSWORD, CYW43_AUTH_WPA2_AES_PSK, 30000);
    printf(joined == 0 ? "joined %s\n" : "cannot join %s\n", WIFI_SSID);

    picket_init(&client,
                &(picket_config_t){
                    .trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena, .proxy = &proxy});

    picket_http_t http = {0};
    picket_http_start(&http, &client, &(picket_request_t){.url = URL});
    char buf[256];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        printf("%.*s", n, buf);
    printf("\nstatus %d, %s; %s\n", picket_http_status(&http), picket_strerror(n),
           picket_http_detail(&http).text);

    picket_http_close(&http);
    picket_deinit(&client);
    cyw43_arch_deinit();
    return 0;
}
