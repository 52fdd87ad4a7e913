#include <stdio.h>

#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"
#include "sdk_way.h"

int main(void)
{
    stdio_init_all();
    if (cyw43_arch_init() != 0)
        return 1;
    cyw43_arch_enable_sta_mode();
    cyw43_arch_wifi_connect_timeout_ms("ssid", "password", CYW43_AUTH_WPA2_AES_PSK, 30000);
    printf("%d %d %d\n", by_altcp(), by_http_client(), by_mqtt());
    cyw43_arch_deinit();
    return 0;
}
