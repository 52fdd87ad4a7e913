// two_at_once: fetch two pages at the same time, in one loop that never waits for either: two_at_once URL URL. Each fails alone.
#include <stdio.h>

#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(2)];

// Take what has come. False once it is over.
static bool go_on(picket_http_t *http, const char *url, unsigned long *total)
{
    char buf[512];
    int n = picket_http_read(http, buf, sizeof buf);
    if (n > 0)
        *total += (unsigned long)n;
    if (n > 0 || n == PICKET_AGAIN)
        return true;
    printf("%s: status %d, %lu bytes, %s\n", url, picket_http_status(http), *total, picket_strerror(n));
    picket_http_close(http);
    return false;
}

int main(int argc, char **argv)
{
    const char *urls[] = {argc > 1 ? argv[1] : "https://example.com/",
                          argc > 2 ? argv[2] : "https://example.org/"};
    picket_http_t http[2] = {0};
    unsigned long total[2] = {0};
    bool running[2] = {true, true};

    int error = picket_init(
        &client, &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});
    if (error != 0) {
        printf("%s\n", picket_strerror(error));
        return 1;
    }
    for (int i = 0; i < 2; i++)
        picket_http_start(&http[i], &client, &(picket_request_t){.url = urls[i]});

    while (running[0] || running[1]) {
        for (int i = 0; i < 2; i++)
            running[i] = running[i] && go_on(&http[i], urls[i], &total[i]);
        uint32_t ms = picket_poll(&client); // what else there is to do is done here
        if (ms > 0)
            client.config.port->wait(client.config.port->ctx, ms);
    }
    picket_deinit(&client);
    return 0;
}
