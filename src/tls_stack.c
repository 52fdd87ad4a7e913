#include "tls_stack.h"

#include <string.h>

#include <mbedtls/bignum.h>

#include "arena.h"
#include "driver/driver.h"

// The lowest bytes of the stack: when they have changed, it was too small. What is painted and still there has
// never been used.
#define CANARY 32u
#define PAINT  0xa5u

typedef uint32_t __attribute__((may_alias)) word_t;

// Under the address sanitizer what lies on a stack has poisoned places.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define UNCHECKED __attribute__((no_sanitize_address))
#else
#define UNCHECKED
#endif

// A clock is read once in this many allocations.
#define ALLOCATIONS 8u

static struct {
    const picket_port_t *port;
    uint8_t *mem;  // NULL: there is no stack of its own
    void *inside;  // where the stack is continued
    void *outside; // where whoever entered it is
    tls_call_t call;
    void *arg;
    int result;
    bool running;
    bool done;
    bool may_pause;
    bool held;
    bool refuse;
    bool overflowed;
    uint32_t entered; // when, in milliseconds
    uint32_t allocations;
} stack;

// --- On the stack

static void leave(void)
{
    stack.running = false;
    stack.port->stack_switch(stack.port->ctx, &stack.inside, stack.outside);
}

static void serve(void)
{
    for (;;) {
        stack.result = stack.call(stack.arg);
        stack.done = true;
        leave();
    }
}

void tls_stack_hold(bool held)
{
    stack.held = held;
}

bool tls_stack_pause(void)
{
    if (stack.running && stack.may_pause && !stack.held)
        leave();
    return !stack.refuse;
}

static bool slice_is_over(void)
{
    return stack.port->millis(stack.port->ctx) - stack.entered >= PICKET_SLICE_MS;
}

// Between the steps of our own arithmetic, which does not allocate.
static bool go_on(void)
{
    if (arena_is_beside() || !stack.running)
        return true;
    if (stack.may_pause && !stack.held && slice_is_over())
        (void)tls_stack_pause();
    return !stack.refuse;
}

// Large numbers are allocated as so many limbs, and nothing else is made of pieces of that size.
static bool is_arithmetic(size_t size)
{
    return size == sizeof(mbedtls_mpi_uint);
}

// How Mbed TLS allocates (config/picket_mbedtls.h). A public-key operation does so thousands of times, which
// makes this the place where it is interrupted, and ended when nobody waits for it any more. Only the
// arithmetic: without memory elsewhere Mbed TLS loses keys (the first of a pair of TLS 1.3 traffic keys) or
// its random generator for good (when it is being reseeded), and what is not arithmetic ends soon by itself.
void *picket_mbedtls_calloc(size_t n, size_t size);
void *picket_mbedtls_calloc(size_t n, size_t size)
{
    if (arena_is_beside() || (stack.mem != NULL && !stack.running))
        return picket_arena_calloc(n, size); // somebody outside, who may keep it
    if (!stack.running || !is_arithmetic(size))
        return arena_calloc_short(n, size);
    if (++stack.allocations % ALLOCATIONS == 0 && stack.may_pause && !stack.held && slice_is_over())
        (void)tls_stack_pause();
    return stack.refuse ? NULL : arena_calloc_short(n, size);
}

// --- Into it

UNCHECKED static bool is_intact(void)
{
    const word_t *words = (const void *)stack.mem; // the arena's blocks begin at words
    for (size_t i = 0; i < CANARY / sizeof *words; i++) {
        if (words[i] != PAINT * 0x01010101u)
            return false;
    }
    return true;
}

static bool is_paused(void)
{
    return !stack.done && !stack.running;
}

static int enter(bool *paused)
{
    stack.running = true;
    stack.done = false;
    stack.entered = stack.port->millis(stack.port->ctx);
    stack.port->stack_switch(stack.port->ctx, &stack.outside, stack.inside);
    *paused = !stack.done;
    stack.overflowed = !is_intact();
    return stack.overflowed ? PICKET_ERR_STACK : stack.result;
}

int tls_stack_begin(tls_call_t call, void *arg, bool *paused)
{
    *paused = false;
    if (stack.overflowed)
        return PICKET_ERR_STACK;
    if (stack.mem == NULL)
        return call(arg);
    stack.call = call;
    stack.arg = arg;
    stack.may_pause = true;
    stack.refuse = false;
    return enter(paused);
}

int tls_stack_continue(bool refuse, bool *paused)
{
    *paused = false;
    if (stack.overflowed)
        return PICKET_ERR_STACK;
    stack.refuse = refuse;
    stack.may_pause = !refuse;
    return enter(paused);
}

int tls_stack_call(tls_call_t call, void *arg)
{
    bool paused;
    if (stack.overflowed)
        return PICKET_ERR_STACK;
    if (stack.mem == NULL || is_paused())
        return call(arg);
    stack.call = call;
    stack.arg = arg;
    stack.may_pause = stack.refuse = false;
    return enter(&paused);
}

// --- Making it

static bool can_switch(const picket_port_t *port)
{
    return port->stack_make != NULL && port->stack_switch != NULL;
}

int tls_stack_start(const picket_port_t *port)
{
    memset(&stack, 0, sizeof stack);
    stack.port = port;
    driver_set_go_on(go_on);
    if (!can_switch(port))
        return 0;
    stack.mem = picket_arena_calloc(1, PICKET_STACK_SIZE);
    if (stack.mem == NULL)
        return PICKET_ERR_NO_MEMORY;
    memset(stack.mem, PAINT, PICKET_STACK_SIZE);
    stack.done = true;
    stack.inside = port->stack_make(port->ctx, stack.mem, PICKET_STACK_SIZE, serve);
    if (stack.inside != NULL)
        return 0;
    tls_stack_stop();
    return PICKET_ERR_STACK;
}

// What lay on it goes with it; arena_free_wiped since there was everything on it, secrets too.
void tls_stack_stop(void)
{
    arena_free_wiped(stack.mem, PICKET_STACK_SIZE);
    memset(&stack, 0, sizeof stack);
}

bool tls_stack_too_small(void)
{
    const picket_port_t *port = stack.port;
    return stack.mem == NULL && port->stack_room != NULL && port->stack_room(port->ctx) < PICKET_STACK_SIZE;
}

size_t tls_stack_size(void)
{
    return stack.mem != NULL ? PICKET_STACK_SIZE : 0;
}

UNCHECKED size_t tls_stack_peak(void)
{
    size_t unused = 0;
    while (unused < tls_stack_size() && stack.mem[unused] == PAINT)
        unused++;
    return tls_stack_size() - unused;
}
