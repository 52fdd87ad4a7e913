// Every function here says what to write. As it stands it is safe: there is no device, no time and no randomness, and
// picket_init or the first handshake says so.
#include "template_machine.h"

#include "picket/error.h"

// --- Time ---

static volatile uint32_t ticks;

// lwIP's clock (lwip/sys.h).
uint32_t sys_now(void);

// Call it from a timer's interrupt, every millisecond. It must also count while the processor sleeps.
void picket_template_tick(void)
{
    ticks++;
}

// Monotonic, any beginning; it may wrap. Called often, and on TLS's stack: read a register or a variable, no more.
uint32_t picket_template_millis(void *ctx)
{
    (void)ctx;
    return ticks;
}

uint32_t sys_now(void)
{
    return ticks;
}

// The time of day from a clock that goes on without power, in milliseconds since 1970. A negative number when there is
// none, or when it was never set: certificates are then refused, not taken unchecked.
int64_t picket_template_unix_ms(void *ctx)
{
    (void)ctx;
    return PICKET_ERR_NO_TIME;
}

// --- Randomness ---

// n raw samples of the machine's noise, one in each byte; wait for them here, within bounds. A seed in flash, the serial
// number, the time, uninitialised memory or rand() are not entropy.
static int collect_noise(void *ctx, uint8_t *samples, size_t n)
{
    (void)ctx;
    (void)samples;
    (void)n;
    return PICKET_ERR_NO_ENTROPY;
}

// What a sample is claimed to be worth decides how many are taken: here a quarter of a bit (picket/entropy.h).
static const picket_entropy_source_t noise = {
    .name = "the template's noise, which is not written yet",
    .credit = PICKET_ENTROPY_BIT / 4,
    .bits = 1,
    .collect = collect_noise,
};

const picket_entropy_source_t *const picket_template_entropy[] = {&noise, NULL};

// lwIP's (arch/cc.h). lwIP cannot be told that there is no randomness. Its numbers protect no secret, so they are then
// merely different each time; Picket itself fails.
uint32_t picket_template_random32(void);

uint32_t picket_template_random32(void)
{
    static uint32_t count;
    uint32_t number = (ticks + count++) * 2654435761U;
    uint8_t samples[64] = {0};
    (void)collect_noise(NULL, samples, sizeof samples);
    for (unsigned i = 0; i < sizeof samples; i++)
        number = (number << 1 | number >> 31) ^ samples[i];
    return number;
}

// --- Sleep ---

static void interrupts_off(void)
{
#ifdef __arm__
    __asm__ volatile("cpsid i" ::: "memory");
#endif
}

static void interrupts_on(void)
{
#ifdef __arm__
    __asm__ volatile("cpsie i" ::: "memory");
#endif
}

// Returns when an interrupt is pending, also while they are off.
static void wait_for_interrupt(void)
{
#ifdef __arm__
    __asm__ volatile("dsb\n\twfi" ::: "memory");
#else
    ticks++; // no such instruction: time passes nevertheless
#endif
}

// With interrupts off none can come between the look and the sleep.
void picket_template_sleep_until(const volatile bool *flag, uint32_t ms)
{
    uint32_t began = ticks;
    while (!*flag && ticks - began < ms) {
        interrupts_off();
        if (!*flag)
            wait_for_interrupt();
        interrupts_on();
    }
}

// --- The device ---

volatile bool picket_template_device_flag;

// Mask the device's interrupt too if it stays pending until the frames have been taken; device_listen unmasks it.
void picket_template_device_interrupt(void)
{
    picket_template_device_flag = true;
}

bool picket_template_device_start(uint8_t mac[6])
{
    (void)mac;
    return false;
}

bool picket_template_device_link(void)
{
    return false;
}

bool picket_template_device_send(const void *frame, size_t len)
{
    (void)frame;
    (void)len;
    return false;
}

size_t picket_template_device_next(void)
{
    return 0;
}

void picket_template_device_take(void *frame, size_t len)
{
    (void)frame;
    (void)len;
}

// Clear the flag before the device may interrupt again, or an interrupt in between is lost.
void picket_template_device_listen(void)
{
    picket_template_device_flag = false;
}

// --- The end ---

_Noreturn void picket_template_panic(const char *message);

// A broken invariant of lwIP's: say so where somebody reads it, and reset.
_Noreturn void picket_template_panic(const char *message)
{
    (void)message;
    for (;;)
        wait_for_interrupt();
}
