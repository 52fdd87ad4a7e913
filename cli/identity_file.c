// identity_file.c: see identity_file.h.
#define _DEFAULT_SOURCE // explicit_bzero
#include "identity_file.h"

#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "file.h"
#include "message.h"

enum { FILE_MAX = 1024 * 1024 };

static int read_one(const char *option, const char *path, const void **data, size_t *len)
{
    char *bytes = NULL;
    const int failed = file_read(path, FILE_MAX, &bytes, len);

    if (failed != 0) {
        message_line("%s %s: cannot be read: %s", option, path, strerror(failed));
        return EXIT_IDENTITY;
    }
    *data = bytes;
    return 0;
}

int identity_file_load(picket_identity_t *identity, const char *cert, const char *key)
{
    int code = read_one("--cert", cert, &identity->cert, &identity->cert_len);

    if (code == 0)
        code = read_one(key != NULL ? "--key" : "--cert", key != NULL ? key : cert, &identity->key,
                        &identity->key_len);
    return code;
}

static void wipe(const void *data, size_t len)
{
    void *const bytes = (void *)(uintptr_t)data;

    if (bytes != NULL)
        explicit_bzero(bytes, len);
    free(bytes);
}

void identity_file_free(picket_identity_t *identity)
{
    wipe(identity->cert, identity->cert_len);
    wipe(identity->key, identity->key_len);
    *identity = (picket_identity_t){0};
}
