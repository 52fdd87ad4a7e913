// resolve.h: addresses given with --resolve HOST:PORT:ADDR. The certificate must still be for HOST.
#ifndef PICKET_CLI_RESOLVE_H
#define PICKET_CLI_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"

struct resolve {
    const char *host; // in the text that was parsed; without brackets, without a dot at the end
    size_t host_len;
    uint16_t port;
    picket_address_t address;
};

// Take HOST:PORT:ADDR apart. An IPv6 literal stands in brackets as HOST, with or without them as ADDR.
// false: malformed.
bool resolve_parse(const char *text, struct resolve *entry);

// The address for the host and port of url, or NULL. The last entry that fits counts.
const picket_address_t *resolve_find(const struct resolve *entries, size_t count, const char *url);

#endif
