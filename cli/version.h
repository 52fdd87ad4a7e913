// version.h: what this program is made of.
#ifndef PICKET_CLI_VERSION_H
#define PICKET_CLI_VERSION_H

#include <stdio.h>

void version_print(FILE *out);

#endif
