// cyw43.h: of the driver for the Pico W's Wi-Fi chip, as far as the SDK and the examples call it. Declarations of our
// own, to compile and link against where the driver is not at hand; nothing runs.
#ifndef STANDIN_CYW43_H
#define STANDIN_CYW43_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cyw43_configport.h"
#if CYW43_LWIP
#include "lwip/netif.h"
#endif

enum { CYW43_ITF_STA, CYW43_ITF_AP };
enum { CYW43_AUTH_OPEN = 0, CYW43_AUTH_WPA2_AES_PSK = 0x400004 };
enum {
    CYW43_LINK_DOWN = 0,
    CYW43_LINK_JOIN = 1,
    CYW43_LINK_NOIP = 2,
    CYW43_LINK_UP = 3,
    CYW43_LINK_FAIL = -1,
    CYW43_LINK_NONET = -2,
    CYW43_LINK_BADAUTH = -3
};
#define CYW43_CHANNEL_NONE 0xffffffff

typedef struct cyw43 {
    uint8_t itf_state;
    uint32_t wifi_join_state;
    uint8_t mac[6];
#if CYW43_LWIP
    struct netif netif[2];
#endif
} cyw43_t;

extern cyw43_t cyw43_state;
extern void (*cyw43_poll)(void);
extern uint32_t cyw43_sleep;

void cyw43_init(cyw43_t *self);
void cyw43_deinit(cyw43_t *self);
bool cyw43_is_initialized(cyw43_t *self);
int cyw43_gpio_set(cyw43_t *self, int pin, bool value);
int cyw43_gpio_get(cyw43_t *self, int pin, bool *value);
int cyw43_wifi_set_up(cyw43_t *self, int itf, bool up, uint32_t country);
int cyw43_wifi_join(cyw43_t *self, size_t ssid_len, const uint8_t *ssid, size_t key_len, const uint8_t *key,
                    uint32_t auth, const uint8_t *bssid, uint32_t channel);
int cyw43_wifi_leave(cyw43_t *self, int itf);
void cyw43_wifi_ap_set_ssid(cyw43_t *self, size_t len, const uint8_t *ssid);
void cyw43_wifi_ap_set_password(cyw43_t *self, size_t len, const uint8_t *password);
void cyw43_wifi_ap_set_auth(cyw43_t *self, uint32_t auth);
int cyw43_tcpip_link_status(cyw43_t *self, int itf);
void cyw43_cb_tcpip_init(cyw43_t *self, int itf);
void cyw43_cb_tcpip_deinit(cyw43_t *self, int itf);

#define CYW43_DEBUG(...) ((void)0)

#endif
