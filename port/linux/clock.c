#include "linux_clock.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "picket/error.h"

// lwIP's clock (lwip/sys.h).
uint32_t sys_now(void);

uint32_t picket_linux_millis(void *ctx)
{
    (void)ctx;
    return (uint32_t)(picket_linux_nanoseconds() / 1000000);
}

uint32_t sys_now(void)
{
    return picket_linux_millis(NULL);
}

int64_t picket_linux_unix_ms(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int picket_linux_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    for (size_t done = 0; done < len;) {
        ssize_t n = getrandom((char *)buf + done, len - done, 0);
        if (n < 0 && errno != EINTR)
            return PICKET_ERR_NO_ENTROPY;
        if (n > 0)
            done += (size_t)n;
    }
    return 0;
}

// --- A source of entropy (picket/entropy.h) ---

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    return picket_linux_random(ctx, samples, n) == 0 ? (int)n : PICKET_ERR_NO_ENTROPY;
}

// The kernel's generator waits until it has been seeded, and answers for that itself.
static const picket_entropy_source_t kernel = {
    .name = "getrandom",
    .credit = 8 * PICKET_ENTROPY_BIT,
    .bits = 8,
    .conditioned = true,
    .collect = collect,
};

const picket_entropy_source_t *const picket_linux_entropy[] = {&kernel, NULL};

// lwIP cannot be told that there is no randomness. Its numbers protect no secret, so they are then merely
// different each time; Picket itself fails (picket_linux_random).
uint32_t picket_linux_random32(void)
{
    uint32_t number;
    if (picket_linux_random(NULL, &number, sizeof number) < 0)
        number = (uint32_t)picket_linux_nanoseconds() * 2654435761U;
    return number;
}
