// trust_file.c: see trust_file.h.
#include "trust_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "message.h"

static void explain(const struct picket_linux_trust *trust, const char *path, int error, int failed)
{
    if (error == PICKET_ERR_TRUST_FORMAT)
        message_line("%s: %s (at byte %zu)", path, picket_strerror(error), trust->bad);
    else if (error == PICKET_ERR_NO_TRUST)
        message_line("%s: the trusted certificates cannot be read: %s", path, strerror(failed));
    else
        message_line("%s: %s", path, picket_strerror(error));
}

int trust_file_load(struct picket_linux_trust *trust, const char *path)
{
    const char *const file = path != NULL ? path : getenv("SSL_CERT_FILE");

    if (file == NULL || file[0] == '\0') {
        trust->store = picket_trust_web;
        return 0;
    }
    const int error = picket_linux_trust_load(trust, file);
    if (error == 0)
        return 0;
    explain(trust, file, error, errno);
    return exit_code_of(error);
}
