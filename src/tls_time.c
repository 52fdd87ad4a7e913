// tls_time.c: the time as Mbed TLS asks for it (config/picket_mbedtls.h).
#include <string.h>
#include <time.h>

#include "clock.h"
#include "mbedtls/build_info.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"

// Seconds since 1970. While the time is unknown, 0: in 1970 no certificate is valid yet.
long long picket_mbedtls_time(long long *t)
{
    int64_t ms = clock_unix_ms();
    long long now = ms < 0 ? 0 : ms / 1000;
    if (t != NULL)
        *t = now;
    return now;
}

// Only the age of a session ticket is taken from this, so that the time of day will do.
mbedtls_ms_time_t mbedtls_ms_time(void)
{
    int64_t ms = clock_unix_ms();
    return ms < 0 ? 0 : ms;
}

// Days since 1 January.
static int day_of_year(int year, int month, int day)
{
    static const uint16_t before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return before[month - 1] + day - 1 + (leap && month > 2);
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    int year, month;
    if (*tt < 0 || *tt > CLOCK_LAST)
        return NULL;
    memset(tm_buf, 0, sizeof *tm_buf);
    clock_civil(*tt, &year, &month, &tm_buf->tm_mday, &tm_buf->tm_hour, &tm_buf->tm_min, &tm_buf->tm_sec);
    tm_buf->tm_year = year - 1900;
    tm_buf->tm_mon = month - 1;
    tm_buf->tm_yday = day_of_year(year, month, tm_buf->tm_mday);
    tm_buf->tm_wday = (int)((*tt / 86400 + 4) % 7); // 1970 began on a Thursday
    return tm_buf;
}
