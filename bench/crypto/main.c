// Runs an operation twice, for its memory and then for its cycles, and says what it took.
#include "board.h"
#include "op.h"
#include "peer.h"
#include "rival_memory.h"

enum { PAINT = 0x5ac3a55c };

static void put_text(const char *text)
{
    while (*text)
        board_put(*text++);
}

static void put_number(uint32_t number)
{
    char digits[11] = {0};
    int at = 10;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    put_text(digits + at);
}

static void put_figure(const char *name, uint64_t number)
{
    put_text(name);
    put_number(number > UINT32_MAX ? UINT32_MAX : (uint32_t)number);
}

void bench_random(uint8_t *out, size_t len)
{
    static uint32_t state = 1;
    while (len-- > 0) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        *out++ = (uint8_t)state;
    }
}

void *bench_calloc(size_t n, size_t size)
{
    return rival_calloc(n, size);
}

void bench_free(void *p)
{
    rival_free(p);
}

// How much of the stack it has used: from here, the caller's own is not in it. No call but one.
static size_t __attribute__((noinline)) stack_of(bool (*run)(void), bool *good)
{
    volatile uint32_t *here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    for (volatile uint32_t *word = board_stack_bottom; word < here; word++)
        *word = PAINT;
    *good = run();
    volatile uint32_t *lowest = board_stack_bottom;
    while (lowest < here && *lowest == PAINT)
        lowest++;
    return (size_t)((const volatile char *)here - (const volatile char *)lowest);
}

static void prepare(void)
{
    if (bench_op.before)
        bench_op.before();
}

// Tables that a library makes when it is first used have been made before.
static uint64_t count_of(bool (*run)(void), bool *good)
{
    put_text("picket: begin\n");
    uint64_t before = board_count();
    *good = run();
    uint64_t took = board_count() - before;
    put_text("picket: end\n");
    return took;
}

int main(void)
{
    bool good, again;
    prepare();
    size_t stack = stack_of(bench_op.run, &good), heap = memory_peak();
    good = good && bench_op.right();
    prepare();
    uint64_t count = count_of(bench_op.run, &again);
    good = good && again && bench_op.right();
    put_figure("picket: figures count=", count);
    put_figure(" stack=", stack);
    put_figure(" heap=", heap);
    put_figure("\npicket: exit ", good ? 0 : 1);
    put_text("\n");
    return good ? 0 : 1;
}
