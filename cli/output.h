// output.h: where the response goes: standard output or a file. It never waits: a reader that is slow, or
// stopped, keeps the network served and the deadlines counting.
#ifndef PICKET_CLI_OUTPUT_H
#define PICKET_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

// Zero it first.
struct output {
    const char *path; // NULL: standard output
    bool is_open;
    bool is_regular;
    int fd;
    const char *next; // bytes given and not yet written
    size_t left;
};

// Make the file, or empty it, or go on at its end. Done when there is something to write, so that what was there before outlives a
// server that cannot be reached. 0 or an errno.
int output_open(struct output *output, const char *path, bool append);

// Give bytes; they stay where they are until output_flush has said 0. Only when nothing is left of the last
// ones.
void output_give(struct output *output, const char *data, size_t len);

// Write what can be written now. 0: nothing is left; OUTPUT_AGAIN; or an errno.
enum { OUTPUT_AGAIN = -1 };
int output_flush(struct output *output);

// 0 or an errno: some file systems tell only now that the disk is full.
int output_close(struct output *output);

// Its name for messages.
const char *output_name(const struct output *output);

#endif
