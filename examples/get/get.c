// get: the smallest whole program: fetch a page over verified HTTPS and print it.
//
//   get URL CA-FILE [ADDRESS]
//
// The certificates to trust are read from a file here, because this is Linux; on a board they are an array in flash.
// ADDRESS is an IPv4 address to connect to, in place of looking the name up.
#include <stdio.h>
#include <stdlib.h>

#include "picket/picket.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

static picket_trust_t load_trust(const char *path)
{
    static char pem[400000], table[400000];
    picket_trust_t trust = {0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return trust;
    size_t len = fread(pem, 1, sizeof pem, file);
    fclose(file);
    (void)picket_trust_load(&trust, pem, len, table, sizeof table, NULL);
    return trust;
}

static const picket_address_t *parse_address(const char *text)
{
    static picket_address_t address = {.family = 4};
    unsigned b[4];
    if (text == NULL || sscanf(text, "%3u.%3u.%3u.%3u", &b[0], &b[1], &b[2], &b[3]) != 4)
        return NULL;
    for (int i = 0; i < 4; i++)
        address.bytes[i] = (uint8_t)b[i];
    return &address;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: get URL CA-FILE [ADDRESS]\n");
        return 2;
    }
    picket_trust_t trust = load_trust(argv[2]);
    picket_init(&client, &(picket_config_t){.trust = &trust, .arena = arena, .arena_len = sizeof arena});

    picket_http_t http = {0};
    picket_http_start(&http, &client, &(picket_request_t){.url = argv[1], .address = parse_address(argv[3])});
    char buf[512];
    int n;
    while ((n = picket_http_read_blocking(&http, buf, sizeof buf)) > 0)
        fwrite(buf, 1, (size_t)n, stdout);
    fprintf(stderr, "status %d, %s\n", picket_http_status(&http), picket_strerror(n));
    picket_http_close(&http);
    picket_deinit(&client);
    return n == 0 ? 0 : 1;
}
