// line.c: lwIP on the serial line and nothing else: it answers echo requests. For a while it is deaf, whenever it has had a packet of
// DEAF bytes: then what waits is more than there is room for.
#include <stdio.h>

#include "hardware/sync.h"
#include "lwip/netif.h"
#include "pico/stdlib.h"
#include "pico_slip.h"

enum { DEAF = 99, DEAF_MS = 150 };

static netif_input_fn input;
static bool deaf;

static err_t look(struct pbuf *p, struct netif *from)
{
    deaf = deaf || p->tot_len == DEAF;
    return input(p, from);
}

int main(void)
{
    stdio_init_all();
    (void)picket_pico_slip_start(NULL);
    input = netif_default->input;
    netif_default->input = look;
    printf("picket: ready\n");
    for (;;) {
        while (!picket_pico_slip_has_work())
            __wfe();
        (void)picket_pico_slip_poll(NULL);
        if (deaf)
            sleep_ms(DEAF_MS);
        deaf = false;
    }
}
