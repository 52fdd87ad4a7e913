#include "lwip_wall.h"

static int64_t wall_ms = -1;
static uint32_t counted;

void picket_lwip_wall_set(int64_t unix_ms, uint32_t millis)
{
    wall_ms = unix_ms;
    counted = millis;
}

// Two contexts may read the counter at the same time: it may seem to step back by a little.
#define STEP_BACK_MS 60000u

static void count(uint32_t millis)
{
    uint32_t gone = millis - counted;
    if (gone > UINT32_MAX - STEP_BACK_MS)
        return;
    counted = millis;
    if (wall_ms >= 0)
        wall_ms += gone;
}

int64_t picket_lwip_wall_ms(uint32_t millis)
{
    count(millis);
    return wall_ms;
}
