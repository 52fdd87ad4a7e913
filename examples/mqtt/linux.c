// linux.c: the example on Linux. example_mqtt ADDRESS PORT HOST FILE BYTES
#include <stdio.h>
#include <stdlib.h>

#include "mqtt.h"
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

static void serve(const picket_port_t *port)
{
    port->wait(port->ctx, port->poll(port->ctx));
}

int main(int argc, char **argv)
{
    ip_addr_t broker;
    if (argc != 6 || !ipaddr_aton(argv[1], &broker) || !read_file(argv[4]))
        return 2;
    if (!mqtt_example_start(&broker, atoi(argv[2]), argv[3], certificates, atoi(argv[5]))) {
        printf("failed: %s\n", picket_altcp_sentence(NULL));
        return 1;
    }
    const picket_port_t *port = picket_port_default();
    while (!mqtt_example_done)
        serve(port);
    mqtt_example_stop();
    uint32_t began = port->millis(port->ctx);
    while (port->millis(port->ctx) - began < 300) // what is said at the end is still sent
        serve(port);
    return mqtt_example_failed;
}
