// wired.c: the example on a Pico without Wi-Fi, through a computer at the other end of a serial line (UART0; there: ./do link
// /dev/ttyACM0). The last line is for the emulator.
#include <stdio.h>

#include "mqtt.h"
#include "pico/stdlib.h"
#include "picket/altcp.h"

int main(void)
{
    ip_addr_t broker;
    stdio_init_all();
    (void)ipaddr_aton(MQTT_BROKER, &broker);
    if (!mqtt_example_start(&broker, MQTT_BROKER_PORT, MQTT_HOST, "", 100)) {
        printf("failed: %s\n", picket_altcp_sentence(NULL));
        mqtt_example_done = mqtt_example_failed = true;
    }
    const picket_port_t *port = picket_port_default();
    while (!mqtt_example_done)
        port->wait(port->ctx, port->poll(port->ctx));
    if (!mqtt_example_failed)
        mqtt_example_stop();
    for (int i = 0; i < 20; i++) // what is said at the end is still sent
        port->wait(port->ctx, port->poll(port->ctx));
    printf("picket: exit %d\n", mqtt_example_failed);
    for (;;)
        tight_loop_contents();
}
