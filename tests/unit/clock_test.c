// The time that is believed, and dates.
#define _POSIX_C_SOURCE 200809L

#include "clock.h"

#include <limits.h>
#include <stddef.h>
#include <time.h>

#include "check.h"
#include "mbedtls/build_info.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"

static int64_t port_says;

static int64_t unix_ms(void *ctx)
{
    (void)ctx;
    return port_says;
}

static const picket_port_t port = {.unix_ms = unix_ms};

struct date {
    int year, month, day, h, m, s;
};

static struct date date_of(int64_t unix_s)
{
    struct date d;
    clock_civil(unix_s, &d.year, &d.month, &d.day, &d.h, &d.m, &d.s);
    return d;
}

static void check_date(int64_t unix_s, struct date wanted)
{
    struct date got = date_of(unix_s);
    CHECK_INT(got.year, wanted.year);
    CHECK_INT(got.month, wanted.month);
    CHECK_INT(got.day, wanted.day);
    CHECK_INT(got.h, wanted.h);
    CHECK_INT(got.m, wanted.m);
    CHECK_INT(got.s, wanted.s);
}

static void dates_that_are_known(void)
{
    check_date(0, (struct date){1970, 1, 1, 0, 0, 0});
    check_date(86399, (struct date){1970, 1, 1, 23, 59, 59});
    check_date(68169599, (struct date){1972, 2, 28, 23, 59, 59});
    check_date(68169600, (struct date){1972, 2, 29, 0, 0, 0});
    check_date(951782400, (struct date){2000, 2, 29, 0, 0, 0});
    check_date(951868800, (struct date){2000, 3, 1, 0, 0, 0});
    check_date(1234567890, (struct date){2009, 2, 13, 23, 31, 30});
    check_date(1795392000, (struct date){2026, 11, 23, 0, 0, 0});
    check_date(2147483647, (struct date){2038, 1, 19, 3, 14, 7});
    check_date(2147483648, (struct date){2038, 1, 19, 3, 14, 8});
    check_date(4107542399, (struct date){2100, 2, 28, 23, 59, 59});
    check_date(4107542400, (struct date){2100, 3, 1, 0, 0, 0});
    check_date(4294967296, (struct date){2106, 2, 7, 6, 28, 16});
    check_date(CLOCK_LAST, (struct date){9999, 12, 31, 23, 59, 59});
}

static void dates_out_of_range_are_the_nearest(void)
{
    check_date(-1, (struct date){1970, 1, 1, 0, 0, 0});
    check_date(INT64_MIN, (struct date){1970, 1, 1, 0, 0, 0});
    check_date(CLOCK_LAST + 1, (struct date){9999, 12, 31, 23, 59, 59});
    check_date(INT64_MAX, (struct date){9999, 12, 31, 23, 59, 59});
}

static bool same_tm(long long t)
{
    struct tm ours, theirs;
    mbedtls_time_t mine = t;
    time_t libc = (time_t)t;
    if (mbedtls_platform_gmtime_r(&mine, &ours) != &ours || gmtime_r(&libc, &theirs) != &theirs)
        return false;
    return ours.tm_year == theirs.tm_year && ours.tm_mon == theirs.tm_mon && ours.tm_mday == theirs.tm_mday &&
           ours.tm_hour == theirs.tm_hour && ours.tm_min == theirs.tm_min && ours.tm_sec == theirs.tm_sec &&
           ours.tm_wday == theirs.tm_wday && ours.tm_yday == theirs.tm_yday && ours.tm_isdst == 0;
}

// Every day there is, at a different second each.
static void every_day_agrees_with_libc(void)
{
    uint32_t random = 1;
    const int64_t last = sizeof(time_t) >= 8 ? CLOCK_LAST : INT32_MAX;
    for (int64_t day = 0; day * 86400 + 86399 <= last; day++) {
        random = random * 1664525u + 1013904223u;
        if (!same_tm(day * 86400 + random % 86400)) {
            FAIL("day %lld", (long long)day);
            return;
        }
    }
    CHECK(same_tm(last));
}

static void gmtime_refuses_what_has_no_date(void)
{
    struct tm tm;
    CHECK(mbedtls_platform_gmtime_r(&(mbedtls_time_t){-1}, &tm) == NULL);
    CHECK(mbedtls_platform_gmtime_r(&(mbedtls_time_t){LLONG_MIN}, &tm) == NULL);
    CHECK(mbedtls_platform_gmtime_r(&(mbedtls_time_t){CLOCK_LAST + 1}, &tm) == NULL);
    CHECK(mbedtls_platform_gmtime_r(&(mbedtls_time_t){LLONG_MAX}, &tm) == NULL);
    CHECK(mbedtls_platform_gmtime_r(&(mbedtls_time_t){CLOCK_LAST}, &tm) == &tm);
}

static void check_known(int64_t ms)
{
    long long t = -1;
    port_says = ms;
    CHECK(clock_known());
    CHECK_INT(clock_unix_ms(), ms);
    CHECK_INT(picket_mbedtls_time(NULL), ms / 1000);
    CHECK_INT(picket_mbedtls_time(&t), ms / 1000);
    CHECK_INT(t, ms / 1000);
    CHECK_INT(mbedtls_ms_time(), ms);
}

static void check_unknown(int64_t ms)
{
    long long t = -1;
    port_says = ms;
    CHECK(!clock_known());
    CHECK_INT(clock_unix_ms(), PICKET_ERR_NO_TIME);
    CHECK_INT(picket_mbedtls_time(NULL), 0);
    CHECK_INT(picket_mbedtls_time(&t), 0);
    CHECK_INT(t, 0);
    CHECK_INT(mbedtls_ms_time(), 0);
}

static void believes_twenty_years_from_the_build(void)
{
    const int64_t floor_ms = picket_clock_floor() * 1000;
    const int64_t ceiling_ms = picket_clock_ceiling() * 1000;
    clock_use(&port);
    check_known(floor_ms);
    check_known(floor_ms + 1);
    check_known((floor_ms + ceiling_ms) / 2);
    check_known(ceiling_ms);
    check_unknown(floor_ms - 1);
    check_unknown(ceiling_ms + 1);
    check_unknown(0);
    check_unknown(1000);
    check_unknown(picket_clock_floor()); // seconds taken for milliseconds
    check_unknown(INT64_MAX);
    clock_forget();
}

static void the_build_date_makes_sense(void)
{
    struct date built = date_of(picket_clock_floor());
    struct date end = date_of(picket_clock_ceiling());
    CHECK(built.year >= 2026 && built.year < 2100);
    CHECK_INT(end.year - built.year, 20);
}

static void unknown_time_is_an_error(void)
{
    clock_use(&port);
    check_unknown(-1);
    check_unknown(PICKET_ERR_NO_TIME);
    check_unknown(INT64_MIN);
    clock_use(&(picket_port_t){.unix_ms = NULL});
    check_unknown(picket_clock_floor() * 1000);
    clock_forget();
    check_unknown(picket_clock_floor() * 1000);
}

static void only_a_client_that_runs_has_a_time(void)
{
    picket_t client = {.state = NULL};
    clock_use(&port);
    port_says = picket_clock_floor() * 1000 + 123;
    CHECK_INT(picket_unix_ms(NULL), PICKET_ERR_NO_TIME);
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
    client.state = (struct picket_state *)(void *)&client; // anything; it is not looked into
    CHECK_INT(picket_unix_ms(&client), port_says);
    clock_forget();
    CHECK_INT(picket_unix_ms(&client), PICKET_ERR_NO_TIME);
}

int main(void)
{
    RUN(dates_that_are_known);
    RUN(dates_out_of_range_are_the_nearest);
    RUN(every_day_agrees_with_libc);
    RUN(gmtime_refuses_what_has_no_date);
    RUN(believes_twenty_years_from_the_build);
    RUN(the_build_date_makes_sense);
    RUN(unknown_time_is_an_error);
    RUN(only_a_client_that_runs_has_a_time);
    return check_done();
}
