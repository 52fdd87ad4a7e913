// proxy: fetch a page through an HTTP proxy: proxy URL http://HOST:PORT [USER PASSWORD]. TLS goes through it and is verified as ever.
#include <stdio.h>

#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

int main(int argc, char **argv)
{
    const picket_proxy_t proxy = {
        .url = argc > 2 ? argv[2] : "http://127.0.0.1:3128",
        .user = argc > 4 ? argv[3] : NULL,
        .password = argc > 4 ? argv[4] : NULL,
    };
    picket_init(&client,
                &(picket_config_t){
                    .trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena, .proxy = &proxy});

    picket_http_t http = {0};
    picket_http_start(&http, &client,
                      &(picket_request_t){.url = argc > 1 ? argv[1] : "https://example.com/"});
    char buf[512];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        fwrite(buf, 1, (size_t)n, stdout);
    fprintf(stderr, "status %d, %s", picket_http_status(&http), picket_strerror(n));
    fprintf(stderr, "; %s\n", picket_http_detail(&http).text);

    picket_http_close(&http);
    picket_deinit(&client);
    return n == 0 ? 0 : 1;
}
