// failure.h: why an exchange failed: the exit code, and the words for the one line on stderr.
#ifndef PICKET_CLI_FAILURE_H
#define PICKET_CLI_FAILURE_H

#include <stdbool.h>

#include "picket/picket.h"

// Zero it: all is well.
struct failure {
    int exit_code;
    bool detailed;   // the text has details already
    char text[1024]; // SENTENCE, or SENTENCE: DETAIL, DETAIL
};

// What went wrong on this side. The first failure counts; later ones follow from it.
__attribute__((format(printf, 3, 4))) void failure_set(struct failure *failure, int exit_code,
                                                       const char *format, ...);

// What the library said, with what its sentence cannot know: the alert, the phase, names and dates.
void failure_set_error(struct failure *failure, int error, const picket_detail_t *detail);

// One detail more.
__attribute__((format(printf, 2, 3))) void failure_add(struct failure *failure, const char *format, ...);

#endif
