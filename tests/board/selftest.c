// selftest: what can only be seen from inside a board. QEMU's -semihosting-config arg= says which part.
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "mps2_clock.h"
#include "mps2_machine.h"
#include "mps2_port.h"
#include "mps2_semihosting.h"
#include "mps2_stack.h"
#include "picket/clock.h"
#include "picket/picket.h"
#include "stack.h"

uint32_t switch_checked(void **from, void *to, uint32_t seed); // registers.S
void entry(void);
_Noreturn void inside(uint32_t sp);

enum { SWITCHES = 1000, TICKS = 50 };

static alignas(8) uint8_t memory[1024];
static void *main_side;
static void *other_side;
static uint32_t other_sp;
static volatile uint32_t other_count;
static volatile uint32_t damaged;
static int failures;

static void result(bool good, const char *name)
{
    printf("%s %s\n", good ? "ok" : "not ok", name);
    failures += !good;
}

static uint32_t limit(void)
{
    uint32_t value = 0;
#if PICKET_MPS2_AN505
    __asm__("mrs %0, msplim" : "=r"(value));
#endif
    return value;
}

// --- Switching ---

static uint32_t other_limit;

void inside(uint32_t sp)
{
    other_sp = sp;
    other_limit = limit();
    for (;;) {
        other_count = other_count + 1;
        damaged = damaged + switch_checked(&other_side, main_side, 0x22220000 + other_count);
    }
}

// At least so many switches, and for so long that the tick has come in the middle of many.
static uint32_t ping_pong(void)
{
    uint32_t count = 0;
    uint32_t began = picket_mps2_millis(NULL);
    for (; count < SWITCHES || picket_mps2_millis(NULL) - began < TICKS; count++)
        damaged = damaged + switch_checked(&main_side, other_side, 0x11110000 + count);
    return count;
}

static bool limits_went_along(uint32_t before)
{
#if PICKET_MPS2_AN505
    uint32_t bottom = (uint32_t)(uintptr_t)memory + PICKET_CORTEX_M_STACK_GUARD;
    return before != 0 && limit() == before && other_limit == bottom;
#else
    return before == 0 && other_limit == 0; // there is no such register
#endif
}

static void test_switch(void)
{
    uint32_t before = limit();
    other_side = picket_cortex_m_stack_make(NULL, memory, sizeof memory, entry);
    result(other_side != NULL, "a stack of 1024 bytes");
    uint32_t count = ping_pong();
    result(count >= SWITCHES && other_count == count, "1000 switches there and back");
    result(damaged == 0, "registers are preserved, interrupts or not");
    result(other_sp % 8 == 0 && other_sp == (uint32_t)(uintptr_t)(memory + sizeof memory),
           "the other stack begins at its top, a multiple of 8");
    result(limits_went_along(before), "the stack limit goes along");
    result(!picket_cortex_m_stack_make(NULL, memory, 128, entry), "128 bytes are no stack");
    result(picket_mps2_stack_intact(NULL), "main's stack is intact");
}

// --- The rest of the board ---

static void test_random(void)
{
    uint32_t some[8] = {0};
    result(picket_mps2_test_random(NULL, some, sizeof some) == 0 && some[0] != some[1],
           "randomness for tests");
    result(picket_mps2_test_random_from("/no/such/file", some, sizeof some) == PICKET_ERR_NO_ENTROPY,
           "no randomness is an error");
}

static void test_clock(void)
{
    const picket_port_t *port = picket_port_default();
    result(port->unix_ms(port->ctx) < 0, "the time is not known at first");
    result(picket_clock_set(0) == PICKET_ERR_ARG && port->unix_ms(port->ctx) < 0, "1970 is not believed");
    int64_t later = (picket_clock_floor() + 86400) * 1000;
    result(picket_clock_set(later) == 0, "the time can be set");
    int64_t now = port->unix_ms(port->ctx);
    result(now >= later && now < later + 100, "and is told");
    static const volatile bool never;
    uint32_t began = picket_mps2_millis(NULL);
    picket_mps2_sleep_until(&never, 20);
    uint32_t slept = picket_mps2_millis(NULL) - began;
    result(slept >= 20 && slept < 1000, "sleep ends");
}

static int all(void)
{
    test_switch();
    test_random();
    test_clock();
    return failures != 0;
}

// --- What must end in a fault ---

static volatile uint32_t deepest = UINT32_MAX;

// Not a tail call, and 32 bytes a level at the least.
static uint32_t __attribute__((noinline)) deeper(uint32_t n)
{
    volatile uint32_t here[8] = {n};
    if (n == deepest)
        return n;
    return deeper(n + 1) + here[n % 8];
}

void overflow_entry(void);
void overflow_entry(void)
{
    deeper(0);
}

static int overflow_other(void)
{
    other_side = picket_cortex_m_stack_make(NULL, memory, sizeof memory, overflow_entry);
    picket_cortex_m_stack_switch(NULL, &main_side, other_side);
    return 0;
}

static int overflow_main(void)
{
    return (int)deeper(0);
}

static int unaligned(void)
{
    static volatile uintptr_t odd; // volatile: the compiler must not know that it is
    odd = (uintptr_t)memory + 1;
    const volatile uint32_t *word = (const volatile uint32_t *)odd;
    return *word == 1;
}

// --- Networks ---

static picket_t client;
static uint8_t arena[PICKET_ARENA_SIZE(1)];

static int start(void)
{
    static const picket_trust_t nobody;
    int error =
        picket_init(&client, &(picket_config_t){.trust = &nobody, .arena = arena, .arena_len = sizeof arena});
    printf("picket_init: %s\n", picket_error_name(error));
    return error < 0;
}

static int fixed_address(void)
{
    picket_mps2_fall_back(
        &(struct picket_mps2_static){"192.0.2.7", "255.255.255.0", "192.0.2.1", "192.0.2.1"});
    return start();
}

// --- Which part ---

static const struct part {
    const char *name;
    int (*run)(void);
} parts[] = {
    {"all", all},
    {"overflow-other", overflow_other},
    {"overflow-main", overflow_main},
    {"unaligned", unaligned},
    {"start", start},
    {"fixed-address", fixed_address},
};

int main(void)
{
    char name[32] = "";
    if (picket_mps2_argument(name, sizeof name) < 0)
        return 2;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(parts[i].name, name) == 0)
            return parts[i].run();
    printf("not ok there is no part '%s'\n", name);
    return 2;
}
