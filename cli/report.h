// report.h: --report, one "key: value" a line on stderr, made to be parsed. Keys are only ever added.
#ifndef PICKET_CLI_REPORT_H
#define PICKET_CLI_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "picket/picket.h"

struct report {
    const char *url;
    const char *final_url; // where redirects have led; "": nowhere
    int status;            // 0: no response head came
    int exit_code;
    picket_detail_t detail;
    uint32_t total_ms;
    size_t arena_size, arena_used, arena_peak;
};

void report_print(const struct report *report);

#endif
