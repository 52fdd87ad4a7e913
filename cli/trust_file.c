// trust_file.c: see trust_file.h.
#include "trust_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_code.h"
#include "file.h"
#include "memory.h"
#include "message.h"

// All the world's bundles are below a megabyte: what is larger is another file, or has no end.
enum { FILE_MAX = 16 * 1024 * 1024 };

const char *trust_file_default(void)
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
    for (size_t i = 0; i < sizeof bundles / sizeof bundles[0]; i++)
        if (access(bundles[i], R_OK) == 0)
            return bundles[i];
    return NULL;
}

static int refuse(struct trust_file *trust, const char *path, int error, size_t bad)
{
    if (error == PICKET_ERR_TRUST_FORMAT)
        message_line("%s: %s (at byte %zu)", path, picket_strerror(error), bad);
    else
        message_line("%s: %s", path, picket_strerror(error));
    trust_file_free(trust);
    return exit_code_of(error);
}

int trust_file_load(struct trust_file *trust, const char *path)
{
    char *data = NULL;
    size_t len = 0;
    size_t bad = 0;
    const int failed = file_read(path, FILE_MAX, &data, &len);

    trust->data = data;
    if (failed != 0) {
        message_line("%s: the trusted certificates cannot be read: %s", path, strerror(failed));
        trust_file_free(trust);
        return EXIT_TRUST;
    }
    const size_t mem_len = picket_trust_mem(data, len);
    trust->mem = memory_resize(NULL, mem_len);
    // The loader takes no empty input for an answer of its own; an empty file holds no certificate.
    const int error = len == 0 ? PICKET_ERR_TRUST_FORMAT
                               : picket_trust_load(&trust->store, data, len, trust->mem, mem_len, &bad);
    return error == 0 ? 0 : refuse(trust, path, error, bad);
}

void trust_file_free(struct trust_file *trust)
{
    free(trust->data);
    free(trust->mem);
    memset(trust, 0, sizeof *trust);
}
