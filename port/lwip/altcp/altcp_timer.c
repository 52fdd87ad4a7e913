// altcp_timer.c: the worker's timer is one of lwIP's. (With the SDK's cyw43_arch it is one of its: port/pico/altcp_timer.c.)
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS && !LIB_PICO_CYW43_ARCH

#include "lwip/timeouts.h"

#if MEMP_NUM_SYS_TIMEOUT <= LWIP_NUM_SYS_TIMEOUT_INTERNAL
#error \
    "lwipopts.h: MEMP_NUM_SYS_TIMEOUT has no room for Picket's timer; make it (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)"
#endif

static void (*work_to_do)(void);

static void expired(void *arg)
{
    (void)arg;
    work_to_do();
}

void altcp_timer_set(uint32_t ms, void (*work)(void))
{
    work_to_do = work;
    sys_untimeout(expired, NULL);
    sys_timeout(ms, expired, NULL);
}

void altcp_timer_clear(void)
{
    sys_untimeout(expired, NULL);
}

#endif
