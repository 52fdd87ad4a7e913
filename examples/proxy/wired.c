// proxy, on a Pico or Pico 2 without Wi-Fi: as pico.c, through a computer at the other end of a serial line (UART0, pins 0 and 1;
// there: ./do link /dev/ttyACM0). The console is UART1, pins 4 and 5.
#include <stdio.h>

#include "pico/stdlib.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static const picket_proxy_t proxy = {.url = PROXY, .user = PROXY_USER, .password = PROXY_PASSWORD};

int main(void)
{
    stdio_init_all();

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
    return 0;
}
