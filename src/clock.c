// clock.c: the time that is believed, and dates.
#include "clock.h"

#include <stddef.h>

// When this Picket was built, in seconds since 1970; the build gives it. Without it: 2026-11-23.
#ifndef PICKET_BUILD_TIME
#define PICKET_BUILD_TIME 1795392000
#endif

#define YEARS_20 (INT64_C(20) * 365 * 86400 + INT64_C(5) * 86400)

static const picket_port_t *clock_port;

void clock_use(const picket_port_t *port)
{
    clock_port = port;
}

const picket_port_t *clock_port_used(void)
{
    return clock_port;
}

void clock_forget(void)
{
    clock_port = NULL;
}

int64_t picket_clock_floor(void)
{
    return (int64_t)PICKET_BUILD_TIME;
}

int64_t picket_clock_ceiling(void)
{
    return picket_clock_floor() + YEARS_20;
}

bool clock_believes(int64_t ms)
{
    return ms >= picket_clock_floor() * 1000 && ms <= picket_clock_ceiling() * 1000;
}

bool clock_near(int64_t a, int64_t b, int32_t ms)
{
    int64_t apart = a < b ? b - a : a - b;
    return apart <= ms;
}

int64_t clock_unix_ms(void)
{
    if (clock_port == NULL || clock_port->unix_ms == NULL)
        return PICKET_ERR_NO_TIME;
    int64_t ms = clock_port->unix_ms(clock_port->ctx);
    return clock_believes(ms) ? ms : PICKET_ERR_NO_TIME;
}

bool clock_known(void)
{
    return clock_unix_ms() >= 0;
}

int64_t picket_unix_ms(const picket_t *client)
{
    if (client == NULL || client->state == NULL)
        return PICKET_ERR_NO_TIME;
    return clock_unix_ms();
}

// The date of a day since 1970. Counted in years that begin in March, from 1 March of the year 0, so that the
// leap day is the last of its year: 400 years are 146097 days, and months from March on have 153 days every
// five.
static void date_of(uint32_t days, int *year, int *month, int *day)
{
    uint32_t since_0 = days + 719468; // from 0000-03-01
    uint32_t era = since_0 / 146097;
    uint32_t in_era = since_0 % 146097;
    uint32_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint32_t in_year = in_era - (365 * y + y / 4 - y / 100);
    uint32_t from_march = (5 * in_year + 2) / 153;
    uint32_t m = from_march < 10 ? from_march + 3 : from_march - 9;
    *year = (int)(era * 400 + y + (m <= 2));
    *month = (int)m;
    *day = (int)(in_year - (153 * from_march + 2) / 5 + 1);
}

void clock_civil(int64_t unix_s, int *year, int *month, int *day, int *h, int *m, int *s)
{
    if (unix_s < 0)
        unix_s = 0;
    if (unix_s > CLOCK_LAST)
        unix_s = CLOCK_LAST;
    uint32_t second = (uint32_t)(unix_s % 86400);
    date_of((uint32_t)(unix_s / 86400), year, month, day);
    *h = (int)(second / 3600);
    *m = (int)(second / 60 % 60);
    *s = (int)(second % 60);
}
