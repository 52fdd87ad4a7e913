#include "lwip/apps/mqtt.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"

int main(void)
{
    stdio_init_all();
    if (cyw43_arch_init() != 0)
        return 1;
    mqtt_client_t *client = mqtt_client_new();
    return client == NULL;
}
