// memory.h: the heap of the command itself (Picket's own memory is one arena). When there is none left the
// command ends with one line and the exit code for it, so that no caller has to ask.
#ifndef PICKET_CLI_MEMORY_H
#define PICKET_CLI_MEMORY_H

#include <stddef.h>

// memory, or NULL for a new block, with at least len bytes.
void *memory_resize(void *memory, size_t len);

// A list of count items of size bytes with place for one more. It doubles, so that appending costs little.
void *memory_one_more(void *items, size_t count, size_t size);

// A copy of len bytes of text, ended with NUL.
char *memory_copy(const char *text, size_t len);

#endif
