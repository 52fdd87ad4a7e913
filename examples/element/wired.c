// element: a Pico without Wi-Fi (see examples/get) that takes its randomness from an OPTIGA Trust M as well, on I2C0 (pins 4 and
// 5, RST on pin 6), and shows a server that asks the certificate whose key the chip holds. The console is USB.
#include <stdio.h>

#include "pico/stdlib.h"
#include "pico_optiga.h"
#include "picket/picket.h"

static picket_t client;
static picket_optiga_t optiga;
static uint8_t arena[PICKET_ARENA_SIZE(1) + PICKET_ARENA_IDENTITY];

static void connect_chip(void)
{
    i2c_init(i2c0, 400000);
    gpio_set_function(4, GPIO_FUNC_I2C);
    gpio_set_function(5, GPIO_FUNC_I2C);
    int error = picket_optiga_open(&optiga, picket_pico_optiga_bus(i2c0, 6));
    printf("chip: %s\n", picket_optiga_strerror(error)); // without it the board's own sources have to do
}

int main(void)
{
    stdio_init_all();
    connect_chip();

    picket_entropy_source_t source;
    picket_optiga_source(&source, &optiga);
    const picket_entropy_source_t *const sources[] = {&source, NULL};
    picket_config_t config = {
        .trust = &picket_trust_web, .entropy = sources, .arena = arena, .arena_len = sizeof arena};
#if PICKET_CLIENT_CERT && defined CERT_PEM // -DPICKET_CLIENT_CERT=ON, and the certificate of the chip's key
    picket_optiga_key_t key = {&optiga, PICKET_OPTIGA_KEY_0};
    picket_identity_t identity = {
        .cert = CERT_PEM, .cert_len = sizeof CERT_PEM, .sign = picket_optiga_identity_sign, .ctx = &key};
    config.identity = &identity;
#endif
    picket_init(&client, &config);

    picket_http_t http = {0};
    picket_http_start(&http, &client, &(picket_request_t){.url = URL});
    char buf[256];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        printf("%.*s", n, buf);
    printf("\nstatus %d, %s\n", picket_http_status(&http), picket_strerror(n));

    picket_http_close(&http);
    picket_deinit(&client);
    return 0;
}
