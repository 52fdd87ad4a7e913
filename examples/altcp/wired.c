// wired.c: the recipe on a Pico or Pico 2 without Wi-Fi, through a computer at the other end of a serial line (UART0; there:
// ./do link /dev/ttyACM0). Picket's port brings the line up and runs lwIP.
#include "altcp.h"
#include "picket/altcp.h"

#include <stdio.h>

#include "pico/stdlib.h"

int main(void)
{
    stdio_init_all();
    if (!altcp_example_start(HOST, 443, HOST, ""))
        printf("failed: %s\n", picket_altcp_sentence(NULL));
    const picket_port_t *port = picket_port_default();
    while (!altcp_example_done)
        port->wait(port->ctx, port->poll(port->ctx));
    return 0;
}
