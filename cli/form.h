// form.h: the data of -d, --data-binary and --data-raw, joined; the same for every URL.
#ifndef PICKET_CLI_FORM_H
#define PICKET_CLI_FORM_H

#include <stddef.h>

#include "options.h"

// Either bytes in memory, or the name of one regular file that is streamed, however large it is. Zero it
// first.
struct form {
    char *bytes;
    size_t len;
    const char *file;
};

// Read what the options name. 0, or an exit code with the reason said on stderr.
int form_load(struct form *form, const struct options *options);

void form_free(struct form *form);

#endif
