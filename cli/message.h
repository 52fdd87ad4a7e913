// message.h: lines on stderr. Bytes that came from the network may be in them, so all but printable ASCII is
// shown as \xNN: no server writes escape sequences to the terminal.
#ifndef PICKET_CLI_MESSAGE_H
#define PICKET_CLI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

// "picket: " and the text and the end of the line.
__attribute__((format(printf, 1, 2))) void message_line(const char *format, ...);

// A line of the story (-v): mark ('*', '>' or '<'), a blank, and the text.
__attribute__((format(printf, 2, 3))) void message_story(char mark, const char *format, ...);

// Text as it may stand in a line, in buf of len bytes; cut when it does not fit. Returns buf.
char *message_escape(const char *text, char *buf, size_t len);

#endif
