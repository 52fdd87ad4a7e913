// transfer.h: one URL: the request and its body go out, the response goes to its output.
#ifndef PICKET_CLI_TRANSFER_H
#define PICKET_CLI_TRANSFER_H

#include "picket/picket.h"

#include "form.h"
#include "options.h"

// What all URLs of a command share.
struct command {
    const struct options *options;
    const struct form *form;
    const picket_port_t *port;
    picket_t *client;
    size_t arena_size;
};

// Fetch the URL of this index. Returns the exit code; on failure one line has been written to stderr. When
// the user interrupts it ends soon, and says nothing.
int transfer_run(const struct command *command, size_t index);

#endif
