// ota, on a Pico or Pico 2 without Wi-Fi: as pico.c, through a computer at the other end of a serial line (UART0, pins 0 and 1;
// there: ./do link /dev/ttyACM0). The console is UART1, pins 4 and 5.
#include <stdio.h>

#include "hardware/watchdog.h"
#include "ota.h"
#include "pico/stdlib.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static const uint8_t key[] = {OTA_KEY};

int main(void)
{
    stdio_init_all();
    if (store_waiting() != 0) {
        printf("ota: a firmware of %lu bytes waits\npicket: exit 0\n", (unsigned long)store_waiting());
        return 0;
    }
    picket_init(&client,
                &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});
    int result = ota_update(&client, URL, key, sizeof key);
    picket_deinit(&client);
    printf("picket: exit %d\n", result != 0);
    if (result == 0)
        watchdog_reboot(0, 0, 0);
    return result != 0;
}
