// mqtt.c: lwIP's own MQTT client over TLS, as programs use it: the host name is set after mqtt_client_connect, since there
// is no connection before.
#include "mqtt.h"

#include <stdio.h>
#include <string.h>

#include "lwip/altcp_tls.h"
#include "lwip/apps/mqtt.h"
#include "lwip/apps/mqtt_priv.h"
#include "picket/altcp.h"

#define TOPIC "picket/example"

bool mqtt_example_done, mqtt_example_failed;

static mqtt_client_t *client;
static char message[200];
static u16_t message_len;
static u32_t came;
static bool same;

static void end(const char *what, int code)
{
    printf("%s: %d, %s\n", what, code, picket_altcp_sentence(NULL));
    mqtt_example_failed = true;
    mqtt_example_done = true;
}

static void announced(void *arg, const char *topic, u32_t len)
{
    (void)arg;
    came = 0;
    same = strcmp(topic, TOPIC) == 0 && len == message_len;
}

static void arrived(void *arg, const u8_t *data, u16_t len, u8_t flags)
{
    (void)arg;
    same = same && came + len <= message_len && memcmp(message + came, data, len) == 0;
    came += len;
    if (!(flags & MQTT_DATA_FLAG_LAST))
        return;
    printf("%u bytes came back%s\n", (unsigned)came, same ? "" : ", but not the same");
    mqtt_example_failed = !same;
    mqtt_example_done = true;
}

static void published(void *arg, err_t err)
{
    (void)arg;
    if (err != ERR_OK)
        end("publishing failed", err);
}

static void subscribed(void *arg, err_t err)
{
    (void)arg;
    if (err == ERR_OK)
        err = mqtt_publish(client, TOPIC, message, message_len, 1, 0, published, NULL);
    if (err != ERR_OK)
        end("subscribing failed", err);
}

static void connected(mqtt_client_t *c, void *arg, mqtt_connection_status_t status)
{
    (void)arg;
    if (status != MQTT_CONNECT_ACCEPTED) {
        if (!mqtt_example_done)
            end("not connected", status);
        return;
    }
    mqtt_set_inpub_callback(c, announced, arrived, NULL);
    if (mqtt_subscribe(c, TOPIC, 1, subscribed, NULL) != ERR_OK)
        end("subscribing failed", 0);
}

// Not within a callback: lwIP's client goes on with the connection after it.
void mqtt_example_stop(void)
{
    mqtt_disconnect(client);
}

bool mqtt_example_start(const ip_addr_t *broker, int port, const char *host, const char *certificate,
                        int bytes)
{
    static struct mqtt_connect_client_info_t info = {.client_id = "picket", .keep_alive = 30};
    message_len = (u16_t)(bytes < (int)sizeof message ? bytes : (int)sizeof message);
    memset(message, 'm', sizeof message);
    size_t len = certificate[0] != '\0' ? strlen(certificate) + 1 : 0;
    info.tls_config = altcp_tls_create_config_client((const u8_t *)certificate, len);
    client = info.tls_config != NULL ? mqtt_client_new() : NULL;
    if (client == NULL || mqtt_client_connect(client, broker, (u16_t)port, connected, NULL, &info) != ERR_OK)
        return false;
    mbedtls_ssl_set_hostname(altcp_tls_context(client->conn), host);
    return true;
}
