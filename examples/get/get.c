// get: fetch a page over verified HTTPS and print it.
#include <stdio.h>

#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

int main(int argc, char **argv)
{
    picket_init(&client,
                &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});

    picket_http_t http = {0};
    picket_http_start(&http, &client,
                      &(picket_request_t){.url = argc > 1 ? argv[1] : "https://example.com/"});
    char buf[512];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        fwrite(buf, 1, (size_t)n, stdout);
    fprintf(stderr, "status %d, %s\n", picket_http_status(&http), picket_strerror(n));

    picket_http_close(&http);
    picket_deinit(&client);
    return n == 0 ? 0 : 1;
}
