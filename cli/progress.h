// progress.h: one line on the terminal while a body goes to a file.
#ifndef PICKET_CLI_PROGRESS_H
#define PICKET_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool wanted;
    bool drawn;
    int64_t length; // -1: not known
    uint64_t bytes;
    int64_t start_ms, drawn_ms;
};

// Begin a body of length bytes (-1: not known). Not wanted: everything below does nothing.
void progress_start(struct progress *progress, bool wanted, int64_t length);

// So many bytes more.
void progress_add(struct progress *progress, uint64_t bytes);

// Draw, if the last time is long enough ago. Call it often.
void progress_draw(struct progress *progress);

// The last state and the end of the line when the body is complete; otherwise the line is wiped, so that the
// message about the failure stands alone.
void progress_end(struct progress *progress, bool complete);

#endif
