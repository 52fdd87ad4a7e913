// altcp_timer.c: who calls the worker: the board, in a context of its own, or a timer of lwIP's.
#include "altcp_private.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS

#include "lwip/timeouts.h"
#include "lwip_board.h"

static const picket_lwip_board_t *board_with_worker(void)
{
    const picket_lwip_board_t *board = picket_lwip_board();
    return board != NULL && board->worker != NULL ? board : NULL;
}

void altcp_lock(void)
{
    if (board_with_worker() != NULL)
        picket_lwip_lock();
}

void altcp_unlock(void)
{
    if (board_with_worker() != NULL)
        picket_lwip_unlock();
}

bool altcp_has_context(void)
{
    const picket_lwip_board_t *board = picket_lwip_board();
    return board->lock == NULL || (board->worker != NULL && board->context != NULL && board->guard != NULL);
}

#if LWIP_TIMERS

// With the SDK's cyw43_arch lwIP's options know nothing of its timers, and the board has a worker.
#if MEMP_NUM_SYS_TIMEOUT <= LWIP_NUM_SYS_TIMEOUT_INTERNAL && !LIB_PICO_CYW43_ARCH
#error \
    "lwipopts.h: MEMP_NUM_SYS_TIMEOUT has no room for Picket's timer; make it (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)"
#endif

static void (*work_to_do)(void);

static void expired(void *arg)
{
    (void)arg;
    work_to_do();
}

static void set_timer(uint32_t ms, void (*work)(void))
{
    work_to_do = work;
    sys_untimeout(expired, NULL);
    if (work != NULL)
        sys_timeout(ms, expired, NULL);
}

#else

static void set_timer(uint32_t ms, void (*work)(void))
{
    (void)ms;
    (void)work;
}

#endif

void altcp_timer_set(uint32_t ms, void (*work)(void))
{
    const picket_lwip_board_t *board = board_with_worker();
    if (board != NULL)
        board->worker(board->ctx, ms, work);
    else
        set_timer(ms, work);
}

void altcp_timer_clear(void)
{
    altcp_timer_set(0, NULL);
}

#endif
