// trust_file.c: see trust_file.h.
#include "trust_file.h"

#include <errno.h>
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
    const char *const file = path != NULL ? path : picket_linux_trust_path();
    const int error = picket_linux_trust_load(trust, file);

    if (error == 0)
        return 0;
    if (file == NULL)
        message_line("this system has no bundle of trusted certificates: name one with --cacert FILE");
    else
        explain(trust, file, error, errno);
    return exit_code_of(error);
}
