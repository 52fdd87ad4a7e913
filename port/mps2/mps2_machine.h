// mps2_machine.h: the two machines: their addresses and the registers of the processor that are used here.
#ifndef PICKET_MPS2_MACHINE_H
#define PICKET_MPS2_MACHINE_H

#include <stdint.h>

#if PICKET_MPS2_AN385
#define PICKET_MPS2_UART     0x40004000U
#define PICKET_MPS2_FPGAIO   0x40028000U
#define PICKET_MPS2_LAN9118  0x40200000U
#define PICKET_MPS2_CLOCK_HZ 25000000U
enum { PICKET_MPS2_LAN9118_IRQ = 13, PICKET_MPS2_IRQS = 32 };
#elif PICKET_MPS2_AN505
// The aliases for the secure state, which everything runs in.
#define PICKET_MPS2_UART     0x50200000U
#define PICKET_MPS2_FPGAIO   0x50302000U
#define PICKET_MPS2_LAN9118  0x52000000U
#define PICKET_MPS2_CLOCK_HZ 20000000U
enum { PICKET_MPS2_LAN9118_IRQ = 48, PICKET_MPS2_IRQS = 124 };
#else
#error "PICKET_MPS2_AN385 or PICKET_MPS2_AN505 must be 1"
#endif

#define PICKET_MPS2_REGISTER(address) (*(volatile uint32_t *)(address))

static inline void picket_mps2_interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void picket_mps2_interrupts_on(void)
{
    __asm__ volatile("cpsie i" ::: "memory");
}

// Sleep until an interrupt is pending, also while interrupts are off.
static inline void picket_mps2_sleep(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

static inline uint32_t picket_mps2_in_interrupt(void)
{
    uint32_t ipsr;
    __asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
    return ipsr;
}

// The vector table, and what it names.
void picket_mps2_reset(void);
void picket_mps2_tick(void);
void picket_mps2_lan9118_interrupt(void);

#endif
