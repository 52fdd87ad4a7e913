#define _GNU_SOURCE
#include "linux_trust.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// All the world's bundles are below a megabyte: what is larger is another file, or has no end.
enum { FILE_MAX = 16 * 1024 * 1024, FIRST_ROOM = 256 * 1024 };

const char *picket_linux_trust_path(void)
{
    static const char *const bundles[] = {
        "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Arch, Gentoo
        "/etc/pki/tls/certs/ca-bundle.crt",   // Fedora, RHEL
        "/etc/ssl/ca-bundle.pem",             // SUSE
        "/etc/ssl/cert.pem",                  // Alpine
    };
    const char *const chosen = getenv("SSL_CERT_FILE");

    if (chosen != NULL && chosen[0] != '\0')
        return chosen;
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++) {
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    }
    return NULL;
}

static bool make_room(char **data, size_t *room)
{
    size_t more = *room == 0 ? FIRST_ROOM : *room * 2;
    char *grown = realloc(*data, more);
    if (grown == NULL)
        return false;
    *data = grown;
    *room = more;
    return true;
}

// All of the file. 0 or an errno.
static int read_all(FILE *file, char **data, size_t *len)
{
    size_t room = 0;
    do {
        if (*len > FILE_MAX)
            return EFBIG;
        if (*len == room && !make_room(data, &room))
            return ENOMEM;
        *len += fread(*data + *len, 1, room - *len, file);
    } while (!feof(file) && !ferror(file));
    return ferror(file) ? errno : 0;
}

static int read_file(const char *path, char **data, size_t *len)
{
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return errno;
    int failed = read_all(file, data, len);
    fclose(file);
    return failed;
}

static int load(struct picket_linux_trust *trust, size_t len)
{
    size_t mem_len = picket_trust_mem(trust->data, len);
    trust->mem = malloc(mem_len);
    if (trust->mem == NULL)
        return PICKET_ERR_NO_MEMORY;
    return picket_trust_load(&trust->store, trust->data, len, trust->mem, mem_len, &trust->bad);
}

int picket_linux_trust_load(struct picket_linux_trust *trust, const char *path)
{
    char *data = NULL;
    size_t len = 0, bad;
    const char *file = path != NULL ? path : picket_linux_trust_path();
    int failed = file != NULL ? read_file(file, &data, &len) : ENOENT;
    *trust = (struct picket_linux_trust){.data = data};
    int error = failed == ENOMEM ? PICKET_ERR_NO_MEMORY
                : failed != 0    ? PICKET_ERR_NO_TRUST
                                 : load(trust, len);
    if (error != 0) {
        bad = trust->bad;
        picket_linux_trust_free(trust);
        trust->bad = bad;
        errno = failed;
    }
    return error;
}

void picket_linux_trust_free(struct picket_linux_trust *trust)
{
    free(trust->data);
    free(trust->mem);
    *trust = (struct picket_linux_trust){0};
}
