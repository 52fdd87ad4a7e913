// write_out.h: -w, a line of one's own about each URL, on standard output.
#ifndef PICKET_CLI_WRITE_OUT_H
#define PICKET_CLI_WRITE_OUT_H

#include <stdio.h>

#include "report.h"

// Where a %{...} stands that write_out_print does not know, or that has no end; NULL: there is none.
const char *write_out_unknown(const char *format);

// content_type: NULL if the answer named none. The format has been looked at with write_out_unknown.
// 0, or errno if out did not take it.
int write_out_print(FILE *out, const char *format, const struct report *report, const char *content_type);

#endif
