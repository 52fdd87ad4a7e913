// clock: ask a time server what time it is, and print it.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "picket/clock.h"
#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(0)];

int main(int argc, char **argv)
{
    const char *server = argc > 1 ? argv[1] : "pool.ntp.org";
    int port = argc > 2 ? atoi(argv[2]) : 123;

    picket_init(&client, &(picket_config_t){.arena = arena, .arena_len = sizeof arena});
    int error = picket_clock_query_blocking(&client, server, (uint16_t)port,
                                            argc > 3 ? (uint32_t)atoi(argv[3]) : 10000);
    if (error < 0)
        fprintf(stderr, "%s %s\n", picket_strerror(error), picket_clock_why());

    time_t now = (time_t)(picket_unix_ms(&client) / 1000);
    if (error == 0)
        printf("%lld %s", (long long)now, asctime(gmtime(&now)));
    picket_deinit(&client);
    return error == 0 ? 0 : 1;
}
