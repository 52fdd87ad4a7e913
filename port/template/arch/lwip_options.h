// lwip_options.h: where lwIP on this board differs from config/lwipopts.h, which looks here first. Each option with
// its reason, inside #ifndef, so that an application can still override it. An empty file will do.
#ifndef PICKET_TEMPLATE_LWIP_OPTIONS_H
#define PICKET_TEMPLATE_LWIP_OPTIONS_H

// An Ethernet header has 14 bytes; two more before it put the IP header on a multiple of four, without which a
// Cortex-M0+ faults. The driver leaves that space (template_netif.c).
#ifndef ETH_PAD_SIZE
#define ETH_PAD_SIZE 2
#endif

// The receive window in segments of 1460 bytes: what the device holds while nobody takes it, at most. A larger
// one loses packets in every transfer. At least 2.
#ifndef PICKET_TCP_WND_MSS
#define PICKET_TCP_WND_MSS 4
#endif

// In the background and RTOS models, when the driver's interrupt takes pbufs without the lock:
//     #define SYS_LIGHTWEIGHT_PROT 1    and sys_arch_protect, sys_arch_unprotect
// Where lwIP has a thread of its own:
//     #define NO_SYS 0                  and lwIP's sys_arch.c for the RTOS

#endif
