// exit_code.h: how the command ends. The numbers are curl's wherever curl has one.
#ifndef PICKET_CLI_EXIT_CODE_H
#define PICKET_CLI_EXIT_CODE_H

#include <stdio.h>

// Those that the command itself needs; the library's errors have theirs in the table of exit_code.c.
enum {
    EXIT_USAGE = 2,
    EXIT_STATUS = 22,
    EXIT_WRITE = 23,
    EXIT_READ = 26,
    EXIT_MEMORY = 27,
    EXIT_RANGE = 33,
    EXIT_IDENTITY = 58,
    EXIT_OTHER = 70,
    EXIT_TRUST = 77,
    EXIT_SIGNAL = 128, // and the number of the signal
};

// The exit code for an enum picket_error; 0 for 0.
int exit_code_of(int error);

// The table, for --help.
void exit_code_print(FILE *out);

#endif
