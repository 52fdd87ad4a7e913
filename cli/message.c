// message.c: see message.h.
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~';
}

char *message_escape(const char *text, char *buf, size_t len)
{
    size_t n = 0;

    for (; *text != '\0' && n + 5 <= len; text++) {
        if (is_plain(*text))
            buf[n++] = *text;
        else
            n += (size_t)snprintf(buf + n, len - n, "\\x%02x", (unsigned)(unsigned char)*text);
    }
    buf[n] = '\0';
    return buf;
}

// One write per line, so that the lines of two commands do not mix.
static void write_line(const char *start, const char *format, va_list args)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const memory = open_memstream(&text, &len);

    if (memory != NULL) {
        vfprintf(memory, format, args);
        fclose(memory);
    }
    char *const line = text != NULL ? malloc(4 * len + 5) : NULL;
    if (line != NULL)
        fprintf(stderr, "%s%s\n", start, message_escape(text, line, 4 * len + 5));
    else
        fprintf(stderr, "%sout of memory\n", start);
    free(text);
    free(line);
}

void message_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line("picket: ", format, args);
    va_end(args);
}

void message_story(char mark, const char *format, ...)
{
    const char start[] = {mark, ' ', '\0'};
    va_list args;

    va_start(args, format);
    write_line(start, format, args);
    va_end(args);
}
