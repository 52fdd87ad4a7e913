// linux.c: the example on Linux, where Picket's port is what runs lwIP. example_altcp SERVER PORT HOST [FILE], a file of
// certificates (PEM) to believe.
#include <stdio.h>
#include <stdlib.h>

#include "altcp.h"
#include "picket/altcp.h"

static char certificates[65536];

static bool read_file(const char *name)
{
    FILE *file = fopen(name, "r");
    if (file == NULL)
        return false;
    size_t n = fread(certificates, 1, sizeof certificates - 1, file);
    fclose(file);
    return n > 0;
}

int main(int argc, char **argv)
{
    if (argc < 4 || (argc > 4 && !read_file(argv[4])))
        return 2;
    if (!altcp_example_start(argv[1], atoi(argv[2]), argv[3], certificates)) {
        printf("failed: %s\n", picket_altcp_sentence(NULL));
        return 1;
    }
    const picket_port_t *port = picket_port_default();
    while (!altcp_example_done)
        port->wait(port->ctx, port->poll(port->ctx));
    return picket_altcp_error(NULL) != 0;
}
