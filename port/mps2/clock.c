#include "mps2_clock.h"

#include <string.h>

#include "mps2_console.h"
#include "mps2_machine.h"
#include "mps2_semihosting.h"
#include "picket/error.h"

#define SYST_CSR PICKET_MPS2_REGISTER(0xe000e010)
#define SYST_RVR PICKET_MPS2_REGISTER(0xe000e014)
#define SYST_CVR PICKET_MPS2_REGISTER(0xe000e018)
enum { ENABLE = 1, TICKINT = 2, CLKSOURCE = 4 };

// A counter of milliseconds beside the processor.
#define FPGAIO_COUNTER  PICKET_MPS2_REGISTER(PICKET_MPS2_FPGAIO + 0x18)
#define FPGAIO_PRESCALE PICKET_MPS2_REGISTER(PICKET_MPS2_FPGAIO + 0x1c)

static volatile uint32_t ticks;

// lwIP's clock (lwip/sys.h).
uint32_t sys_now(void);

// Ticks are lost when QEMU gets too little of a busy computer, so they only say that it is time to look.
void picket_mps2_tick(void)
{
    ticks = FPGAIO_COUNTER;
}

void picket_mps2_clock_start(void)
{
    FPGAIO_PRESCALE = PICKET_MPS2_CLOCK_HZ / 1000 - 1;
    FPGAIO_COUNTER = 0;
    SYST_RVR = PICKET_MPS2_CLOCK_HZ / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = ENABLE | TICKINT | CLKSOURCE;
}

uint32_t picket_mps2_millis(void *ctx)
{
    (void)ctx;
    return ticks;
}

uint32_t sys_now(void)
{
    return ticks;
}

// With interrupts off none can come between the question and the sleep; sleep ends when one is pending.
void picket_mps2_sleep_until(const volatile bool *flag, uint32_t ms)
{
    uint32_t began = ticks;
    while (!*flag && ticks - began < ms) {
        picket_mps2_interrupts_off();
        if (!*flag)
            picket_mps2_sleep();
        picket_mps2_interrupts_on();
    }
}

int picket_mps2_test_random_from(const char *path, void *buf, size_t len)
{
    if (picket_mps2_read_file(path, buf, len) == 0)
        return 0;
    picket_mps2_print("picket: no randomness: the computer's ");
    picket_mps2_print(path);
    picket_mps2_print(" cannot be read by semihosting\n");
    return PICKET_ERR_NO_ENTROPY;
}

int picket_mps2_test_random(void *ctx, void *buf, size_t len)
{
    (void)ctx;
    return picket_mps2_test_random_from("/dev/urandom", buf, len);
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    return picket_mps2_test_random(ctx, samples, n) == 0 ? (int)n : PICKET_ERR_NO_ENTROPY;
}

static const picket_entropy_source_t computer = {
    .name = "semihosting (for tests only)",
    .credit = 8 * PICKET_ENTROPY_BIT,
    .bits = 8,
    .conditioned = true,
    .collect = collect,
};

const picket_entropy_source_t *const picket_mps2_test_entropy[] = {&computer, NULL};

// lwIP cannot be told that there is no randomness. Its numbers protect no secret, so they are then merely
// different each time; Picket itself fails (picket_mps2_test_random).
uint32_t picket_mps2_random32(void)
{
    static uint32_t count;
    uint32_t number;
    if (picket_mps2_test_random(NULL, &number, sizeof number) < 0)
        number = (ticks + SYST_CVR + count++) * 2654435761U;
    return number;
}
