// ota on Linux: example_ota URL KEY.der FILE. It believes the roots of the web, or those in the file that SSL_CERT_FILE names.
#include <stdio.h>
#include <stdlib.h>

#include "linux_trust.h"
#include "ota.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static uint8_t key[100];

static size_t read_key(const char *name)
{
    FILE *f = fopen(name, "rb");
    size_t len = f != NULL ? fread(key, 1, sizeof key, f) : 0;
    if (f != NULL)
        fclose(f);
    return len;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: example_ota URL KEY.der FILE\n");
        return 2;
    }
    struct picket_linux_trust own = {0};
    if (getenv("SSL_CERT_FILE") != NULL)
        picket_linux_trust_load(&own, NULL);
    picket_init(&client, &(picket_config_t){.trust = own.data != NULL ? &own.store : &picket_trust_web,
                                            .arena = arena,
                                            .arena_len = sizeof arena});
    store_name(argv[3]);
    int result = ota_update(&client, argv[1], key, read_key(argv[2]));
    picket_deinit(&client);
    picket_linux_trust_free(&own);
    return result == 0 ? 0 : 1;
}
