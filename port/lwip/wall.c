#include "lwip_wall.h"

static int64_t wall_ms = -1;
static uint32_t counted;

void picket_lwip_wall_set(int64_t unix_ms, uint32_t millis)
{
    wall_ms = unix_ms;
    counted = millis;
}

static void count(uint32_t millis)
{
    uint32_t gone = millis - counted;
    if (gone > INT32_MAX)
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
