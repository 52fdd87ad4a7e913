// download, on a Pico or Pico 2 without Wi-Fi: as pico.c, through a computer at the other end of a serial line (UART0, pins 0 and 1;
// there: ./do link /dev/ttyACM0). The console is UART1, pins 4 and 5.
#include <stdio.h>

#include "pico/stdlib.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static uint8_t piece[4096]; // the size of a sector of flash

int main(void)
{
    stdio_init_all();

    picket_init(&client,
                &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});

    picket_http_t http = {0};
    picket_http_start(&http, &client, &(picket_request_t){.url = URL});
    uint32_t total = 0, began = time_us_32();
    int n;
    while ((n = picket_http_read_blocking(&http, piece, sizeof piece)) > 0)
        total += (uint32_t)n; // and here it would be written somewhere
    uint32_t ms = (time_us_32() - began) / 1000 + 1;
    printf("%lu bytes in %lu ms\n", (unsigned long)total, (unsigned long)ms);
    printf("status %d, %s\n", picket_http_status(&http), n == 0 ? "complete" : picket_strerror(n));

    picket_http_close(&http);
    picket_deinit(&client);
    return 0;
}
