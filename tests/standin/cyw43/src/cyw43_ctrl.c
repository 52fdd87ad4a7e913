#include "cyw43.h"

cyw43_t cyw43_state;
void (*cyw43_poll)(void);
uint32_t cyw43_sleep;

enum { NO_DRIVER = -1 };

void cyw43_init(cyw43_t *self)
{
    (void)self;
}

void cyw43_deinit(cyw43_t *self)
{
    (void)self;
}

bool cyw43_is_initialized(cyw43_t *self)
{
    (void)self;
    return false;
}

int cyw43_gpio_set(cyw43_t *self, int pin, bool value)
{
    (void)self, (void)pin, (void)value;
    return NO_DRIVER;
}

int cyw43_gpio_get(cyw43_t *self, int pin, bool *value)
{
    (void)self, (void)pin, (void)value;
    return NO_DRIVER;
}

int cyw43_wifi_set_up(cyw43_t *self, int itf, bool up, uint32_t country)
{
    (void)self, (void)itf, (void)up, (void)country;
    return NO_DRIVER;
}

int cyw43_wifi_join(cyw43_t *self, size_t ssid_len, const uint8_t *ssid, size_t key_len, const uint8_t *key,
                    uint32_t auth, const uint8_t *bssid, uint32_t channel)
{
    (void)self, (void)ssid_len, (void)ssid, (void)key_len, (void)key, (void)auth, (void)bssid, (void)channel;
    return NO_DRIVER;
}

int cyw43_wifi_leave(cyw43_t *self, int itf)
{
    (void)self, (void)itf;
    return NO_DRIVER;
}

void cyw43_wifi_ap_set_ssid(cyw43_t *self, size_t len, const uint8_t *ssid)
{
    (void)self, (void)len, (void)ssid;
}

void cyw43_wifi_ap_set_password(cyw43_t *self, size_t len, const uint8_t *password)
{
    (void)self, (void)len, (void)password;
}

void cyw43_wifi_ap_set_auth(cyw43_t *self, uint32_t auth)
{
    (void)self, (void)auth;
}

int cyw43_tcpip_link_status(cyw43_t *self, int itf)
{
    (void)self, (void)itf;
    return CYW43_LINK_DOWN;
}

void cyw43_cb_tcpip_init(cyw43_t *self, int itf)
{
    (void)self, (void)itf;
}

void cyw43_cb_tcpip_deinit(cyw43_t *self, int itf)
{
    (void)self, (void)itf;
}
