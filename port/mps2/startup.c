// From reset to main, and what happens when the processor faults.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mps2_clock.h"
#include "mps2_console.h"
#include "mps2_machine.h"
#include "mps2_stack.h"

// sections.ld
extern uint32_t picket_main_stack_bottom[];
extern uint32_t picket_main_stack_top[];
extern char picket_data_begin[];
extern char picket_data_end[];
extern const char picket_data_source[];
extern char picket_bss_begin[];
extern char picket_bss_end[];

int main(void);

#define SCB_VTOR  PICKET_MPS2_REGISTER(0xe000ed08)
#define SCB_CCR   PICKET_MPS2_REGISTER(0xe000ed14)
#define SCB_SHCSR PICKET_MPS2_REGISTER(0xe000ed24)
#define SCB_CFSR  PICKET_MPS2_REGISTER(0xe000ed28)
#define SCB_HFSR  PICKET_MPS2_REGISTER(0xe000ed2c)
#define SCB_BFAR  PICKET_MPS2_REGISTER(0xe000ed38)
enum { UNALIGN_TRP = 1 << 3, CFSR_STKOF = 1 << 20, CFSR_UNALIGNED = 1 << 24 };

// --- Faults ---

// An overflow of main's stack on a machine without a limit register ends under the RAM, where nothing is written.
static const char *cause(uint32_t cfsr, const uint32_t *frame)
{
    if (cfsr & CFSR_STKOF || frame < picket_main_stack_bottom)
        return "stack overflow";
    if (cfsr & CFSR_UNALIGNED)
        return "unaligned access";
    if (cfsr & 0xff00)
        return "bus fault";
    return cfsr & 0xff ? "memory fault" : "fault";
}

static void print_number(const char *name, uint32_t number)
{
    picket_mps2_print(name);
    picket_mps2_print_hex(number);
}

// frame: what the processor pushed (r0-r3, r12, lr, pc, psr), if there was room.
static _Noreturn void __attribute__((used)) report_fault(const uint32_t *frame)
{
    uint32_t cfsr = SCB_CFSR;
    print_number("\npicket: pc ", frame[6]);
    print_number(", lr ", frame[5]);
    print_number(", sp ", (uint32_t)(uintptr_t)frame);
    print_number(", CFSR ", cfsr);
    print_number(", HFSR ", SCB_HFSR);
    print_number(", BFAR ", SCB_BFAR);
    picket_mps2_print("\n");
    picket_mps2_panic(cause(cfsr, frame));
}

// The stack may be what failed, so the report begins again at its top, without a limit.
static void __attribute__((naked)) on_fault(void)
{
    __asm__ volatile("mov r0, sp\n\t"
#if PICKET_MPS2_AN505
                     "movs r1, #0\n\t"
                     "msr msplim, r1\n\t"
#endif
                     "ldr r1, =picket_main_stack_top\n\t"
                     "mov sp, r1\n\t"
                     "ldr r1, =report_fault\n\t"
                     "bx r1\n\t");
}

static void on_unexpected(void)
{
    picket_mps2_panic("an interrupt that nobody asked for");
}

// --- The vector table ---

typedef void vector(void);
enum { FIRST_IRQ = 16 };

static vector *const vectors[FIRST_IRQ + PICKET_MPS2_IRQS] __attribute__((section(".vectors"), used)) = {
    (vector *)picket_main_stack_top,
    picket_mps2_reset,
    on_fault,      // NMI
    on_fault,      // HardFault
    on_fault,      // MemManage
    on_fault,      // BusFault
    on_fault,      // UsageFault
    on_fault,      // SecureFault
    on_unexpected, // 8
    on_unexpected, // 9
    on_unexpected, // 10
    on_unexpected, // SVCall
    on_unexpected, // DebugMonitor
    on_unexpected, // 13
    on_unexpected, // PendSV
    picket_mps2_tick,
    [FIRST_IRQ + PICKET_MPS2_LAN9118_IRQ] = picket_mps2_lan9118_interrupt,
};

// --- From reset to main ---

// An M0+ faults on an unaligned access, and the M3 here must too: QEMU does as this bit says. Code for an M33 makes
// unaligned accesses on purpose.
static void set_up_processor(void)
{
    SCB_VTOR = (uint32_t)(uintptr_t)vectors;
#if PICKET_MPS2_AN385
    SCB_CCR |= UNALIGN_TRP;
#else
    __asm__ volatile("msr msplim, %0" ::"r"(picket_main_stack_bottom));
    SCB_SHCSR |= 1U << 18; // UsageFault
#endif
}

static void set_up_memory(void)
{
    memcpy(picket_data_begin, picket_data_source, (size_t)(picket_data_end - picket_data_begin));
    memset(picket_bss_begin, 0, (size_t)(picket_bss_end - picket_bss_begin));
}

void picket_mps2_reset(void)
{
    set_up_processor();
    set_up_memory();
    picket_mps2_stack_paint();
    picket_mps2_console_start();
    picket_mps2_clock_start();
    exit(main());
}
