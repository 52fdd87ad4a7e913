// The stack that TLS runs on, without TLS: switching to it and back, coming back early, and what is noticed
// when it overflows.
#include "tls_stack.h"

#include "arena.h"
#include "check.h"
#include "linux_stack.h"

// As Mbed TLS calls it (config/picket_mbedtls.h), and the size of what its arithmetic allocates.
void *picket_mbedtls_calloc(size_t n, size_t size);
#define LIMB sizeof(size_t)

#ifdef __SANITIZE_ADDRESS__
#define UNCHECKED __attribute__((no_sanitize_address))
#else
#define UNCHECKED
#endif

static _Alignas(8) uint8_t memory[PICKET_STACK_SIZE + 16 * 1024];

// What the port was given to make a stack of.
static struct {
    uint8_t *mem;
    size_t len;
    bool refuses;
    uint32_t now;  // ms
    uint32_t jump; // how far the clock moves when it is read
    unsigned switches;
} made;

static void *stack_make(void *ctx, void *mem, size_t len, void (*entry)(void))
{
    made.mem = mem;
    made.len = len;
    return made.refuses ? NULL : picket_linux_stack_make(ctx, mem, len, entry);
}

static void stack_switch(void *ctx, void **from, void *to)
{
    made.switches++;
    picket_linux_stack_switch(ctx, from, to);
}

static uint32_t millis(void *ctx)
{
    (void)ctx;
    return made.now += made.jump;
}

static const picket_port_t port = {.stack_make = stack_make, .stack_switch = stack_switch, .millis = millis};
static const picket_port_t port_without = {.millis = millis};

static int start_in(const picket_port_t *p, size_t arena_len)
{
    memset(&made, 0, sizeof made);
    if (!arena_start(memory, arena_len))
        return PICKET_ERR_NO_ARENA;
    return tls_stack_start(p);
}

static int start(const picket_port_t *p)
{
    return start_in(p, sizeof memory);
}

// Nothing may be left in the arena.
static void stop(void)
{
    tls_stack_stop();
    CHECK_INT(arena_used(), 0);
    CHECK(arena_check());
    arena_stop();
}

static bool is_on_the_stack(const void *p)
{
    return (const uint8_t *)p >= made.mem && (const uint8_t *)p < made.mem + made.len;
}

// --- There and back

typedef struct visit {
    int input;
    const void *where;
    unsigned pauses; // to be made
    unsigned steps;  // that were made
    bool told_to_end;
    bool got_memory;
} visit_t;

static int twice(void *arg)
{
    visit_t *v = arg;
    v->where = __builtin_frame_address(0);
    v->steps++;
    return v->input * 2;
}

static void runs_a_call_on_its_stack(void)
{
    visit_t v = {0};
    REQUIRE_INT(start(&port), 0);
    CHECK_INT(made.len, PICKET_STACK_SIZE);
    CHECK_INT((uintptr_t)made.mem % 8, 0);
    for (v.input = -1000; v.input < 1000; v.input++)
        CHECK_INT(tls_stack_call(twice, &v), v.input * 2);
    CHECK_INT(v.steps, 2000);
    CHECK(is_on_the_stack(v.where));
    stop();
}

static void runs_on_the_callers_stack_without_a_switch(void)
{
    visit_t v = {.input = 21};
    bool paused = true;
    REQUIRE_INT(start(&port_without), 0);
    CHECK_INT(tls_stack_call(twice, &v), 42);
    CHECK_INT(tls_stack_begin(twice, &v, &paused), 42);
    CHECK(!paused);
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    CHECK(here - (uintptr_t)v.where < 65536);
    CHECK_INT(tls_stack_size(), 0);
    CHECK_INT(tls_stack_peak(), 0);
    CHECK_INT(arena_used(), 0);
    stop();
}

// --- Coming back early

static int pause_often(void *arg)
{
    visit_t *v = arg;
    for (; v->steps < v->pauses; v->steps++) {
        if (!tls_stack_pause())
            v->told_to_end = true;
        void *p = picket_mbedtls_calloc(1, LIMB);
        v->got_memory = p != NULL;
        picket_arena_free(p);
        if (v->told_to_end)
            return -7;
    }
    return v->input;
}

static void comes_back_early_and_goes_on(void)
{
    REQUIRE_INT(start(&port), 0);
    for (unsigned pauses = 0; pauses < 20; pauses++) {
        visit_t v = {.input = 4711, .pauses = pauses};
        bool paused;
        int result = tls_stack_begin(pause_often, &v, &paused);
        for (unsigned i = 0; i < pauses; i++) {
            CHECK(paused);
            CHECK_INT(v.steps, i);
            result = tls_stack_continue(false, &paused);
            CHECK(v.got_memory);
        }
        CHECK(!paused);
        CHECK_INT(result, 4711);
    }
    stop();
}

static void does_not_come_back_from_a_call(void)
{
    visit_t v = {.input = 5, .pauses = 10};
    REQUIRE_INT(start(&port), 0);
    CHECK_INT(tls_stack_call(pause_often, &v), 5);
    CHECK_INT(v.steps, 10);
    CHECK_INT(made.switches, 2);
    stop();
}

static void refuses_memory_to_what_is_to_end(void)
{
    REQUIRE_INT(start(&port), 0);
    visit_t v = {.input = 5, .pauses = 10};
    bool paused;
    (void)tls_stack_begin(pause_often, &v, &paused);
    (void)tls_stack_continue(false, &paused);
    REQUIRE(paused && v.got_memory);
    CHECK_INT(tls_stack_continue(true, &paused), -7);
    CHECK(!paused && v.told_to_end && !v.got_memory);
    // What comes after it has memory again.
    v = (visit_t){.input = 5, .pauses = 3};
    CHECK_INT(tls_stack_call(pause_often, &v), 5);
    CHECK(v.got_memory && !v.told_to_end);
    CHECK_INT(tls_stack_begin(twice, &v, &paused), 10);
    CHECK(!paused);
    stop();
}

// Keys and the state of the random generator would be lost without it.
static int allocate_other_things(void *arg)
{
    visit_t *v = arg;
    (void)tls_stack_pause();
    for (size_t size = 1; size <= 512; size++) {
        void *p = size != LIMB ? picket_mbedtls_calloc(1, size) : NULL;
        v->steps += p != NULL;
        picket_arena_free(p);
    }
    void *limbs = picket_mbedtls_calloc(4, LIMB);
    v->got_memory = limbs != NULL;
    picket_arena_free(limbs);
    return 0;
}

static void refuses_memory_to_arithmetic_only(void)
{
    visit_t v = {0};
    bool paused;
    REQUIRE_INT(start(&port), 0);
    made.jump = PICKET_SLICE_MS;
    (void)tls_stack_begin(allocate_other_things, &v, &paused);
    REQUIRE(paused);
    CHECK_INT(tls_stack_continue(true, &paused), 0);
    CHECK(!paused);
    CHECK_INT(v.steps, 511);
    CHECK(!v.got_memory);
    stop();
}

static int allocate(void *arg);

static int allocate_held(void *arg)
{
    visit_t *v = arg;
    tls_stack_hold(true);
    int result = allocate(v);
    (void)tls_stack_pause();
    tls_stack_hold(false);
    (void)tls_stack_pause();
    return result;
}

static void stays_while_it_is_held(void)
{
    visit_t v = {.input = 6, .pauses = 800};
    bool paused;
    REQUIRE_INT(start(&port), 0);
    made.jump = PICKET_SLICE_MS;
    (void)tls_stack_begin(allocate_held, &v, &paused);
    CHECK(paused);
    CHECK_INT(v.steps, 800);
    CHECK_INT(tls_stack_continue(false, &paused), 6);
    CHECK(!paused);
    stop();
}

// Memory is for everybody else while something waits.
static void gives_memory_outside_while_it_waits(void)
{
    visit_t v = {.input = 5, .pauses = 1};
    bool paused;
    REQUIRE_INT(start(&port), 0);
    made.jump = PICKET_SLICE_MS;
    (void)tls_stack_begin(pause_often, &v, &paused);
    REQUIRE(paused);
    for (int i = 0; i < 100; i++) {
        void *p = picket_mbedtls_calloc(3, LIMB);
        CHECK(p != NULL);
        picket_arena_free(p);
    }
    CHECK_INT(tls_stack_continue(false, &paused), 5);
    stop();
}

// --- Slices of time

static int allocate(void *arg)
{
    visit_t *v = arg;
    for (; v->steps < v->pauses; v->steps++) {
        void *p = picket_mbedtls_calloc(v->steps % 9 + 1, LIMB);
        if (p == NULL)
            return PICKET_ERR_NO_MEMORY;
        picket_arena_free(p);
    }
    return v->input;
}

static unsigned count_pauses(unsigned allocations)
{
    visit_t v = {.input = 1, .pauses = allocations};
    unsigned pauses = 0;
    bool paused;
    int result = tls_stack_begin(allocate, &v, &paused);
    for (; paused; pauses++)
        result = tls_stack_continue(false, &paused);
    CHECK_INT(result, 1);
    return pauses;
}

static void comes_back_when_its_time_is_over(void)
{
    visit_t v = {.input = 1, .pauses = 800};
    REQUIRE_INT(start(&port), 0);
    CHECK_INT(count_pauses(800), 0);
    made.jump = PICKET_SLICE_MS;
    CHECK_INT(count_pauses(800), 100);
    made.now = UINT32_MAX - 3 * PICKET_SLICE_MS;
    made.jump = 1;
    CHECK_INT(count_pauses(800), 100 / PICKET_SLICE_MS);
    made.jump = PICKET_SLICE_MS;
    CHECK_INT(tls_stack_call(allocate, &v), 1);
    stop();
}

// --- What must survive

#if defined(__x86_64__)
// f(arg) with marks in the registers that a function must preserve; what is in them afterwards goes to out.
int call_with_marks(int (*f)(void *arg), void *arg, uint64_t out[6]);
__asm__(".text\n"
        "call_with_marks:\n\t"
        "push %rbp\n\tpush %rbx\n\tpush %r12\n\tpush %r13\n\tpush %r14\n\tpush %r15\n\tpush %rdx\n\t"
        "mov %rdi, %rax\n\tmov %rsi, %rdi\n\t"
        "mov $1, %rbp\n\tmov $2, %rbx\n\tmov $3, %r12\n\tmov $4, %r13\n\tmov $5, %r14\n\tmov $6, %r15\n\t"
        "call *%rax\n\t"
        "pop %rdx\n\t"
        "mov %rbp, (%rdx)\n\tmov %rbx, 8(%rdx)\n\tmov %r12, 16(%rdx)\n\t"
        "mov %r13, 24(%rdx)\n\tmov %r14, 32(%rdx)\n\tmov %r15, 40(%rdx)\n\t"
        "pop %r15\n\tpop %r14\n\tpop %r13\n\tpop %r12\n\tpop %rbx\n\tpop %rbp\n\tret\n");

typedef struct units {
    uint32_t sse;
    uint16_t x87;
} units_t;

static units_t units(void)
{
    units_t u;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(u.sse), "=m"(u.x87));
    return u;
}

// Rounding of both units: 0 to the nearest, 3 towards zero.
static void set_rounding(unsigned mode)
{
    units_t u = units();
    u.sse = (u.sse & ~0x6000u) | mode << 13;
    u.x87 = (uint16_t)((u.x87 & ~0x0c00u) | mode << 10);
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(u.sse), "m"(u.x87));
}

static unsigned rounding(void)
{
    units_t u = units();
    CHECK_INT(u.sse >> 13 & 3, u.x87 >> 10 & 3);
    return u.sse >> 13 & 3;
}

#define CLOBBER_ALL                                                                              \
    __asm__ volatile(                                                                            \
        "mov $-1, %%rbx\n\tmov $-2, %%r12\n\tmov $-3, %%r13\n\tmov $-4, %%r14\n\tmov $-5, %%r15" \
        :                                                                                        \
        :                                                                                        \
        : "rbx", "r12", "r13", "r14", "r15")

static int spoil_registers(void *arg)
{
    visit_t *v = arg;
    set_rounding(3);
    CLOBBER_ALL;
    (void)tls_stack_pause();
    CHECK_INT(rounding(), 3);
    CLOBBER_ALL;
    set_rounding(1);
    return v->input;
}

static int begin_spoiling(void *arg)
{
    bool paused;
    (void)tls_stack_begin(spoil_registers, arg, &paused);
    return paused;
}

static int end_spoiling(void *arg)
{
    bool paused;
    (void)arg;
    return tls_stack_continue(false, &paused);
}

static void preserves_registers_and_rounding(void)
{
    visit_t v = {.input = 99};
    uint64_t after[6];
    REQUIRE_INT(start(&port), 0);
    for (unsigned mode = 0; mode < 4; mode++) {
        set_rounding(mode);
        CHECK_INT(call_with_marks(begin_spoiling, &v, after), 1);
        for (unsigned i = 0; i < 6; i++)
            CHECK_INT(after[i], i + 1);
        CHECK_INT(rounding(), mode);
        CHECK_INT(call_with_marks(end_spoiling, &v, after), 99);
        for (unsigned i = 0; i < 6; i++)
            CHECK_INT(after[i], i + 1);
        CHECK_INT(rounding(), mode);
    }
    set_rounding(0);
    stop();
}
#else
static void preserves_registers_and_rounding(void)
{
    SKIP("written for x86-64");
}
#endif

// The compiler believes what the calling convention says, so the address is hidden from it.
static int look_at_alignment(void *arg)
{
    _Alignas(16) volatile char aligned[16] = {0};
    volatile uintptr_t *seen = arg;
    uintptr_t address = (uintptr_t)aligned;
    __asm__ volatile("" : "+r"(address));
    seen[0] = address % 16;
    seen[1] = (uintptr_t)__builtin_frame_address(0) % 16;
    return 0;
}

static void is_aligned_as_functions_expect(void)
{
    uintptr_t seen[2] = {1, 1}, outside[2];
    for (size_t skip = 0; skip < 16; skip += 4) {
        memset(&made, 0, sizeof made);
        REQUIRE(arena_start(memory + skip, sizeof memory - 16));
        REQUIRE_INT(tls_stack_start(&port), 0);
        CHECK_INT(tls_stack_call(look_at_alignment, seen), 0);
        (void)look_at_alignment(outside);
        CHECK_INT(seen[0], 0);
        CHECK_INT(seen[1], outside[1]);
        stop();
    }
}

// --- How much is used

#define FRAME 256

static __attribute__((noinline)) unsigned descend(unsigned depth)
{
    volatile uint8_t frame[FRAME];
    for (size_t i = 0; i < FRAME; i++)
        frame[i] = (uint8_t)depth;
    unsigned below = depth > 1 ? descend(depth - 1) : 0;
    return below + frame[depth % FRAME];
}

static int go_deep(void *arg)
{
    return (int)(descend(*(unsigned *)arg) & 0xff);
}

static void measures_its_peak(void)
{
    size_t before = 0, first = 0;
    REQUIRE_INT(start(&port), 0);
    CHECK_INT(tls_stack_size(), PICKET_STACK_SIZE);
    for (unsigned depth = 1; depth <= 16; depth++) {
        (void)tls_stack_call(go_deep, &depth);
        size_t peak = tls_stack_peak();
        CHECK(peak >= before && peak >= depth * FRAME && peak < PICKET_STACK_SIZE);
        first = depth == 1 ? peak : first;
        before = peak;
    }
    CHECK(before > first);
    CHECK_INT(tls_stack_call(twice, &(visit_t){.input = 1}), 2);
    CHECK_INT(tls_stack_peak(), before); // it is a peak
    stop();
}

// --- Too small

typedef struct damage {
    size_t at; // byte of the stack, from its lowest
    bool pauses;
} damage_t;

UNCHECKED static int overflow(void *arg)
{
    const damage_t *d = arg;
    made.mem[d->at] ^= 1;
    if (d->pauses)
        (void)tls_stack_pause();
    return 1;
}

static void check_overflow(size_t at, bool pauses)
{
    damage_t d = {at, pauses};
    visit_t v = {.input = 4};
    bool paused;
    REQUIRE_INT(start(&port), 0);
    if (pauses)
        CHECK_INT(tls_stack_begin(overflow, &d, &paused), PICKET_ERR_STACK);
    else
        CHECK_INT(tls_stack_call(overflow, &d), PICKET_ERR_STACK);
    unsigned switches = made.switches;
    CHECK_INT(tls_stack_call(twice, &v), PICKET_ERR_STACK);
    CHECK_INT(tls_stack_begin(twice, &v, &paused), PICKET_ERR_STACK);
    CHECK(!paused);
    CHECK_INT(tls_stack_continue(false, &paused), PICKET_ERR_STACK);
    CHECK(!paused);
    CHECK_INT(tls_stack_continue(true, &paused), PICKET_ERR_STACK);
    CHECK(!paused);
    CHECK_INT(made.switches, switches);
    CHECK_INT(v.steps, 0);
    CHECK(tls_stack_peak() <= PICKET_STACK_SIZE);
    stop();
    REQUIRE_INT(start(&port), 0); // a new one is sound
    CHECK_INT(tls_stack_call(twice, &v), 8);
    stop();
}

static void notices_an_overflow(void)
{
    for (size_t at = 0; at < 32; at++) {
        check_overflow(at, false);
        check_overflow(at, true);
    }
}

static void needs_memory_for_it(void)
{
    CHECK_INT(start_in(&port, PICKET_STACK_SIZE), PICKET_ERR_NO_MEMORY);
    stop();
    CHECK_INT(start_in(&port, 256), PICKET_ERR_NO_MEMORY);
    stop();
    CHECK_INT(start_in(&port_without, 256), 0);
    stop();
}

static void says_when_the_port_cannot_make_it(void)
{
    memset(&made, 0, sizeof made);
    made.refuses = true;
    REQUIRE(arena_start(memory, sizeof memory));
    CHECK_INT(tls_stack_start(&port), PICKET_ERR_STACK);
    stop();
}

static size_t room;

static size_t stack_room(void *ctx)
{
    (void)ctx;
    return room;
}

static void asks_for_room_on_the_callers_stack(void)
{
    picket_port_t with_room = port_without;
    with_room.stack_room = stack_room;
    REQUIRE_INT(start(&with_room), 0);
    room = PICKET_STACK_SIZE - 1;
    CHECK(tls_stack_too_small());
    room = PICKET_STACK_SIZE;
    CHECK(!tls_stack_too_small());
    stop();
    REQUIRE_INT(start(&port_without), 0);
    CHECK(!tls_stack_too_small());
    stop();
    with_room.stack_make = stack_make;
    with_room.stack_switch = stack_switch;
    room = 0;
    REQUIRE_INT(start(&with_room), 0);
    CHECK(!tls_stack_too_small());
    stop();
}

static void leaves_nothing_behind(void)
{
    unsigned depth = 8;
    REQUIRE_INT(start(&port), 0);
    (void)tls_stack_call(go_deep, &depth);
    uint8_t *mem = made.mem;
    size_t len = made.len, wrong = 0;
    tls_stack_stop();
    arena_stop();
    for (size_t i = 0; i < len; i++)
        wrong += mem[i] != 0;
    CHECK_INT(wrong, 0);
}

int main(void)
{
    RUN(runs_a_call_on_its_stack);
    RUN(runs_on_the_callers_stack_without_a_switch);
    RUN(comes_back_early_and_goes_on);
    RUN(does_not_come_back_from_a_call);
    RUN(refuses_memory_to_what_is_to_end);
    RUN(refuses_memory_to_arithmetic_only);
    RUN(stays_while_it_is_held);
    RUN(gives_memory_outside_while_it_waits);
    RUN(comes_back_when_its_time_is_over);
    RUN(preserves_registers_and_rounding);
    RUN(is_aligned_as_functions_expect);
    RUN(measures_its_peak);
    RUN(notices_an_overflow);
    RUN(needs_memory_for_it);
    RUN(says_when_the_port_cannot_make_it);
    RUN(asks_for_room_on_the_callers_stack);
    RUN(leaves_nothing_behind);
    return check_done();
}
