#include "linux_stack.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

// The address sanitizer wants to know which stack is in use.
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#define LEAVE(here, to)    __sanitizer_start_switch_fiber(&(here)->fake, (to)->bottom, (to)->size)
#define ARRIVE(here, from) __sanitizer_finish_switch_fiber((here)->fake, &(from)->bottom, &(from)->size)
#else
#define LEAVE(here, to)
#define ARRIVE(here, from)
#endif

// How a stack is made and switched: by stack_switch.S where that knows the machine, else by ucontext, which
// takes two system calls a switch.
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)

typedef struct registers {
    void *sp;
} registers_t;

void picket_linux_stack_swap(void **from, void *to);

static void swap(registers_t *from, const registers_t *to)
{
    picket_linux_stack_swap(&from->sp, to->sp);
}

// As stack_switch.S leaves a stack: zeroes for all registers, and begin as the place to return to. The control
// words of the floating-point unit are this function's.
#if defined(__x86_64__)
enum { WORDS = 7, RETURN = 7, PADDING = 1 };
#elif defined(__i386__)
enum { WORDS = 5, RETURN = 5, PADDING = 1 };
#else
enum { WORDS = 20, RETURN = 11, PADDING = 0 };
#endif

static bool make(registers_t *registers, void *mem, size_t len, void (*begin)(void))
{
    uintptr_t top = ((uintptr_t)mem + len) & ~(uintptr_t)15;
    uintptr_t *words = (uintptr_t *)top - PADDING - (RETURN == WORDS) - WORDS;
    if (len < 1024)
        return false;
    memset(words, 0, top - (uintptr_t)words);
    words[RETURN] = (uintptr_t)begin;
#if defined(__x86_64__)
    __asm__ volatile("stmxcsr (%0)\n\tfnstcw 4(%0)" : : "r"(words) : "memory");
#elif defined(__i386__)
    __asm__ volatile("fnstcw (%0)" : : "r"(words) : "memory");
#endif
    registers->sp = words;
    return true;
}

#else

#include <ucontext.h>

typedef ucontext_t registers_t;

static void swap(registers_t *from, const registers_t *to)
{
    swapcontext(from, to);
}

static bool make(registers_t *registers, void *mem, size_t len, void (*begin)(void))
{
    if (getcontext(registers) != 0)
        return false;
    registers->uc_stack.ss_sp = mem;
    registers->uc_stack.ss_size = len;
    makecontext(registers, begin, 0);
    return true;
}

#endif

// Where a stack can be continued. That of a stack that was left lies on the stack itself.
struct place {
    registers_t registers;
    const void *bottom;
    size_t size;
    void *fake;
};

static struct place made;
static struct place *left; // the one that was left last
static void (*run)(void);

static void begin(void)
{
    ARRIVE(&made, left);
    run();
}

void *picket_linux_stack_make(void *ctx, void *mem, size_t len, void (*entry)(void))
{
    (void)ctx;
    made = (struct place){.bottom = mem, .size = len};
    run = entry;
    return make(&made.registers, mem, len, begin) ? &made : NULL;
}

void picket_linux_stack_switch(void *ctx, void **from, void *to)
{
    (void)ctx;
    struct place here, *there = to;
    *from = left = &here;
    LEAVE(&here, there);
    swap(&here.registers, &there->registers);
    ARRIVE(&here, left);
}
