// memory.c: see memory.h.
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "exit_code.h"
#include "message.h"

static void run_out(void)
{
    message_line("out of memory");
    exit(EXIT_MEMORY);
}

void *memory_resize(void *memory, size_t len)
{
    void *const resized = realloc(memory, len > 0 ? len : 1);

    if (resized == NULL)
        run_out();
    return resized;
}

void *memory_one_more(void *items, size_t count, size_t size)
{
    // Only a count of 0 or a power of two can be full.
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    if (count > SIZE_MAX / 2 / size)
        run_out();
    return memory_resize(items, (count != 0 ? 2 * count : 1) * size);
}

char *memory_copy(const char *text, size_t len)
{
    char *const copy = memory_resize(NULL, len + 1);

    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
