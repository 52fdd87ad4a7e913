// timer.h: deadlines on the port's millisecond clock, which may wrap.
#ifndef PICKET_TIMER_H
#define PICKET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct deadline {
    bool on;
    uint32_t at;
} deadline_t;

#define DEADLINE_MAX_MS 0x7fffffffu

static inline deadline_t deadline_in(uint32_t now, uint32_t ms)
{
    return (deadline_t){true, now + (ms < DEADLINE_MAX_MS ? ms : DEADLINE_MAX_MS)};
}

static inline bool deadline_passed(const deadline_t *d, uint32_t now)
{
    return d->on && now - d->at < DEADLINE_MAX_MS;
}

// The smaller of ms and what is left.
static inline uint32_t deadline_left(const deadline_t *d, uint32_t now, uint32_t ms)
{
    if (!d->on)
        return ms;
    if (deadline_passed(d, now))
        return 0;
    return d->at - now < ms ? d->at - now : ms;
}

#endif
