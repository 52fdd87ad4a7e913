// pico.c: the recipe on a Pico W or Pico 2 W. The program joins the network and polls its arch: no call of Picket's.
#include <stdio.h>

#include "altcp.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"

int main(void)
{
    stdio_init_all();
    cyw43_arch_init();
    cyw43_arch_enable_sta_mode();
    if (cyw43_arch_wifi_connect_timeout_ms(WIFI_SSID, WIFI_PASSWORD, CYW43_AUTH_WPA2_AES_PSK, 30000) != 0)
        printf("no network\n");
    if (!altcp_example_start(HOST, 443, HOST, ""))
        printf("failed\n");
    while (!altcp_example_done) {
        cyw43_arch_poll();
        cyw43_arch_wait_for_work_until(make_timeout_time_ms(100));
    }
    return 0;
}
