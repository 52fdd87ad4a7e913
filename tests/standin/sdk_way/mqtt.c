// mqtt.c: lwIP's MQTT client, with a client certificate. The host name is set when it has begun to connect.
#include <stdio.h>
#include <string.h>

#include "lwip/altcp_tls.h"
#include "lwip/apps/mqtt.h"
#include "lwip/apps/mqtt_priv.h"
#include "lwip/netif.h"
#include "pico/cyw43_arch.h"
#include "pico/stdlib.h"
#include "sdk_way.h"

static mqtt_client_t *client;
static volatile bool over, accepted;

static void asked(void *arg, err_t err)
{
    (void)arg;
    over = over || err != ERR_OK;
}

static void came(void *arg, const u8_t *data, u16_t len, u8_t flags)
{
    (void)arg;
    printf("%.*s\n", len, (const char *)data);
    if (flags & MQTT_DATA_FLAG_LAST)
        mqtt_disconnect(client);
}

static void comes(void *arg, const char *topic, u32_t len)
{
    (void)arg;
    printf("%s: %u bytes\n", topic, (unsigned)len);
}

static void changed(mqtt_client_t *c, void *arg, mqtt_connection_status_t status)
{
    (void)arg;
    accepted = status == MQTT_CONNECT_ACCEPTED;
    over = !accepted;
    if (!accepted)
        return;
    mqtt_sub_unsub(c, "topic", 1, asked, NULL, 1);
    mqtt_publish(c, "topic", "message", 7, 1, 0, asked, NULL);
}

static void start(struct mqtt_connect_client_info_t *info)
{
    ip_addr_t address;
    ipaddr_aton("192.0.2.1", &address);
    printf("%s\n", ipaddr_ntoa(&netif_list->ip_addr));
    cyw43_arch_lwip_begin();
    over = mqtt_client_connect(client, &address, MQTT_TLS_PORT, changed, NULL, info) != ERR_OK;
    if (!over)
        mbedtls_ssl_set_hostname(altcp_tls_context(client->conn), SERVER);
    mqtt_set_inpub_callback(client, comes, came, NULL);
    cyw43_arch_lwip_end();
}

bool by_mqtt(void)
{
    static const u8_t ca[] = CERTIFICATES, cert[] = CERTIFICATES, key[] = "-----BEGIN EC PRIVATE KEY-----\n";
    struct mqtt_connect_client_info_t info = {
        .client_id = "pico", .keep_alive = 60, .will_topic = "online", .will_msg = "0"};
    info.tls_config =
        altcp_tls_create_config_client_2wayauth(ca, sizeof ca, key, sizeof key, NULL, 0, cert, sizeof cert);
    client = mqtt_client_new();
    if (client == NULL || info.tls_config == NULL)
        return false;
    start(&info);
    while (!over && (!accepted || mqtt_client_is_connected(client))) {
        cyw43_arch_poll();
        cyw43_arch_wait_for_work_until(make_timeout_time_ms(1000));
    }
    return accepted;
}
