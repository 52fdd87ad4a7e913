// The time of day that port/lwip keeps by counting milliseconds on.
#include "../../port/lwip/wall.c"

#include "check.h"

#define NOW INT64_C(1795392000000)

static void it_is_unknown_until_it_is_set(void)
{
    CHECK(picket_lwip_wall_ms(0) < 0);
    CHECK(picket_lwip_wall_ms(5000) < 0);
    picket_lwip_wall_set(NOW, 6000);
    CHECK(picket_lwip_wall_ms(6000) == NOW);
}

static void it_is_counted_on(void)
{
    picket_lwip_wall_set(NOW, 1000);
    CHECK(picket_lwip_wall_ms(1001) == NOW + 1);
    CHECK(picket_lwip_wall_ms(1001) == NOW + 1);
    CHECK(picket_lwip_wall_ms(61000) == NOW + 60000);
    picket_lwip_wall_set(NOW - 7, 61000);
    CHECK(picket_lwip_wall_ms(61003) == NOW - 4);
}

static void the_counter_wraps_again_and_again(void)
{
    uint32_t millis = 0xfffffff0;
    int64_t wanted = NOW;
    picket_lwip_wall_set(NOW, millis);
    for (int i = 0; i < 40; i++) {
        millis += 0x40000000;
        wanted += 0x40000000;
        CHECK(picket_lwip_wall_ms(millis) == wanted);
    }
    millis += 0xffff0000; // nearly the longest time between two looks
    CHECK(picket_lwip_wall_ms(millis) == wanted + 0xffff0000);
}

// Two contexts may read a counter at the same time; that is no reason to leap by 49 days.
static void a_counter_that_steps_back_has_not_wrapped(void)
{
    picket_lwip_wall_set(NOW, 1000);
    CHECK(picket_lwip_wall_ms(1010) == NOW + 10);
    CHECK(picket_lwip_wall_ms(1008) == NOW + 10);
    CHECK(picket_lwip_wall_ms(1012) == NOW + 12);
}

int main(void)
{
    RUN(it_is_unknown_until_it_is_set);
    RUN(it_is_counted_on);
    RUN(the_counter_wraps_again_and_again);
    RUN(a_counter_that_steps_back_has_not_wrapped);
    return check_done();
}
