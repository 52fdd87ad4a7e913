// ota, on a Pico W or Pico 2 W: fetch a new firmware into the second half of the flash, then start again. (To take it from there is
// for a boot stage: docs/OTA.md.)
#include <stdio.h>

#include "hardware/watchdog.h"
#include "ota.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];
static const uint8_t key[] = {OTA_KEY};

int main(void)
{
    stdio_init_all();
    if (store_waiting() != 0) {
        printf("ota: a firmware of %lu bytes waits\n", (unsigned long)store_waiting());
        return 0;
    }
    if (cyw43_arch_init() != 0)
        return 1;
    cyw43_arch_enable_sta_mode();
    int joined = cyw43_arch_wifi_connect_timeout_ms(WIFI_SSID, WIFI_PASSWORD, CYW43_AUTH_WPA2_AES_PSK, 30000);
    printf(joined == 0 ? "joined %s\n" : "cannot join %s\n", WIFI_SSID);

    picket_init(&client,
                &(picket_config_t){.trust = &picket_trust_web, .arena = arena, .arena_len = sizeof arena});
    int result = ota_update(&client, URL, key, sizeof key);
    picket_deinit(&client);
    cyw43_arch_deinit();
    if (result == 0)
        watchdog_reboot(0, 0, 0);
    return result != 0;
}
