// From reset to main, SysTick, and the C library's heap.
#include "board.h"

#include <errno.h>
#include <string.h>

// sections.ld
extern char board_stack_top[], board_data_begin[], board_data_end[], board_bss_begin[], board_bss_end[];
extern char board_heap_begin[], board_heap_end[];
extern const char board_data_source[];

#define SYSTICK_CSR (*(volatile uint32_t *)0xe000e010)
#define SYSTICK_RVR (*(volatile uint32_t *)0xe000e014)
#define SYSTICK_CVR (*(volatile uint32_t *)0xe000e018)
enum { ENABLE = 1, INTERRUPT = 2, PROCESSOR_CLOCK = 4, TOP = 0xffffff };

static volatile uint32_t wraps;

// Once in 2^24 counts.
static void on_systick(void)
{
    wraps = wraps + 1;
}

uint64_t board_count(void)
{
    uint32_t before, count;
    do {
        before = wraps;
        count = TOP - SYSTICK_CVR;
    } while (before != wraps);
    return (uint64_t)before << 24 | count;
}

static void on_fault(void)
{
    static const char text[] = "picket: error the processor faulted\n";
    for (const char *c = text; *c; c++)
        board_put(*c);
    board_exit(70);
}

void board_reset(void)
{
    memcpy(board_data_begin, board_data_source, (size_t)(board_data_end - board_data_begin));
    memset(board_bss_begin, 0, (size_t)(board_bss_end - board_bss_begin));
    SYSTICK_RVR = TOP;
    SYSTICK_CVR = 0;
    SYSTICK_CSR = ENABLE | INTERRUPT | PROCESSOR_CLOCK;
    board_exit(main());
}

typedef void vector(void);
static vector *const vectors[16] __attribute__((section(".vectors"), used)) = {
    (vector *)(void *)board_stack_top, board_reset, on_fault, on_fault, [15] = on_systick};

// The name is newlib's.
void *_sbrk(ptrdiff_t more);
void *_sbrk(ptrdiff_t more)
{
    static char *end = board_heap_begin;
    if (more > board_heap_end - end) {
        errno = ENOMEM;
        return (void *)-1; // NOLINT: as newlib wants it
    }
    char *block = end;
    end += more;
    return block;
}
