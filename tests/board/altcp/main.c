// main.c: the recipe for altcp_tls.h (examples/altcp), and lwIP's MQTT client (examples/mqtt), on an emulated board. What to
// connect to is written into the image by the test (pico_test.py).
#include <stdio.h>
#include <stdlib.h>

#include "../../../examples/altcp/altcp.h"
#include "../../../examples/mqtt/mqtt.h"
#include "board.h"
#include "pico/stdlib.h"
#include "picket/altcp.h"
#include "picket/clock.h"

static const volatile struct {
    char mark[16];
    char https[8], mqtt[8]; // ports; "0": not this one
    char host[64];
    char seconds[16]; // since 1970
    char pem[4096];
} settings = {.mark = "@altcp-settings", .https = "0", .mqtt = "0"};

static char pem[sizeof settings.pem], host[sizeof settings.host];
static uint32_t rests; // of the application's thread, while it waits

static void copy(char *to, const volatile char *from, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = from[i];
}

static int number(const volatile char *text, size_t len)
{
    char digits[16] = "";
    copy(digits, text, len);
    return atoi(digits);
}

static void set_clock(void)
{
    (void)picket_clock_set((int64_t)number(settings.seconds, sizeof settings.seconds) * 1000);
}

static void wait_for(const bool *done)
{
    echoes = latest_echo = rests = 0;
    uint32_t began = to_ms_since_boot(get_absolute_time());
    while (!*(const volatile bool *)done) {
        board_rest();
        rests++;
    }
    printf("\npicket: %lu ms, %lu echoes, the latest after %lu us, %lu rests\n",
           (unsigned long)(to_ms_since_boot(get_absolute_time()) - began), (unsigned long)echoes,
           (unsigned long)latest_echo, (unsigned long)rests);
}

static bool recipe(int port)
{
    board_lock();
    bool started = altcp_example_start("10.0.2.2", port, host, pem);
    set_clock();
    board_unlock();
    if (started)
        wait_for(&altcp_example_done);
    return started && picket_altcp_error(NULL) == 0;
}

static bool mqtt(int port)
{
    ip_addr_t broker;
    (void)ipaddr_aton("10.0.2.2", &broker);
    board_lock();
    bool started = mqtt_example_start(&broker, port, host, pem, 100);
    set_clock();
    board_unlock();
    if (!started)
        return false;
    wait_for(&mqtt_example_done);
    board_lock();
    if (!mqtt_example_failed)
        mqtt_example_stop();
    board_unlock();
    return !mqtt_example_failed;
}

int application(void)
{
    stdio_init_all();
    copy(pem, settings.pem, sizeof pem);
    copy(host, settings.host, sizeof host);
    board_start();
    int https = number(settings.https, sizeof settings.https),
        broker = number(settings.mqtt, sizeof settings.mqtt);
    bool good = https == 0 || recipe(https);
    good = (broker == 0 || mqtt(broker)) && good;
    for (int i = 0; i < 50; i++) // what is said at the end is still sent
        board_rest();
    size_t size, peak;
    board_stack(&size, &peak);
    printf("picket: stack peak %u of %u\n", (unsigned)peak, (unsigned)size);
    printf("picket: exit %d\n", !good);
    for (;;)
        tight_loop_contents();
}
