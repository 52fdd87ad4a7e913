// post, on a Pico or Pico 2 without Wi-Fi: as pico.c, through a computer at the other end of a serial line (UART0, pins 0 and 1;
// there: ./do link /dev/ttyACM0). The console is UART1, pins 4 and 5.
#include <stdio.h>
#include <string.h>

#include "hardware/adc.h"
#include "pico/stdlib.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

// Hundredths of a degree: 27 at 0.706 V, one less for 1.721 mV more (RP2040 datasheet, 4.9.5).
static int temperature(void)
{
    adc_init();
    adc_set_temp_sensor_enabled(true);
    adc_select_input(NUM_ADC_CHANNELS - 1);
    int microvolts = adc_read() * 3300000LL / 4096;
    return 2700 - (microvolts - 706000) * 100 / 1721;
}

int main(void)
{
    stdio_init_all();

    picket_init(&client,
                &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});

    char body[32], buf[256];
    snprintf(body, sizeof body, "{\"centidegrees\": %d}", temperature());
    picket_header_t type = {.name = "Content-Type", .value = "application/json"};

    picket_http_t http = {0};
    picket_http_start(&http, &client,
                      &(picket_request_t){.url = URL,
                                          .headers = &type,
                                          .header_count = 1,
                                          .body = body,
                                          .body_len = (int64_t)strlen(body)});
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        printf("%.*s", n, buf);
    printf("\nstatus %d, %s\n", picket_http_status(&http), picket_strerror(n));

    picket_http_close(&http);
    picket_deinit(&client);
    return 0;
}
