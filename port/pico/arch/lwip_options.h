// lwip_options.h: what lwIP needs to be different on the pico-sdk (config/lwipopts.h looks here first).
#ifndef PICKET_PICO_LWIP_OPTIONS_H
#define PICKET_PICO_LWIP_OPTIONS_H

#include <stdint.h>

// The SDK's own source of random numbers (pico_rand) is not a cryptographic one (FIPS 140-3 or otherwise).
#ifndef LWIP_RAND
#ifdef __cplusplus
extern "C"
#endif
    uint32_t
    picket_pico_random32(void);
#define LWIP_RAND() picket_pico_random32()
#endif

// What lwIP copies of packets.
#ifndef MEMCPY
#include "../../../src/kernels/copy.h"
#define MEMCPY(to, from, n) kernel_copy(to, from, n)
#endif

// Under FreeRTOS lwIP has a thread of its own, and the SDK's lock is the lock of its core.
#if PICO_CYW43_ARCH_FREERTOS
#ifndef NO_SYS
#define NO_SYS 0
#endif
#ifndef SYS_LIGHTWEIGHT_PROT
#define SYS_LIGHTWEIGHT_PROT 1
#endif
#ifndef LWIP_TCPIP_CORE_LOCKING_INPUT
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#endif
#ifndef TCPIP_THREAD_STACKSIZE
#define TCPIP_THREAD_STACKSIZE 1024 // words
#endif
#ifndef TCPIP_THREAD_PRIO
#define TCPIP_THREAD_PRIO 4
#endif
#ifndef DEFAULT_THREAD_STACKSIZE
#define DEFAULT_THREAD_STACKSIZE 1024
#endif
#ifndef TCPIP_MBOX_SIZE
#define TCPIP_MBOX_SIZE 16
#endif
#ifndef LWIP_TIMEVAL_PRIVATE
#define LWIP_TIMEVAL_PRIVATE 0
#endif
#endif

// A serial line: no Ethernet, no IPv6, fixed addresses. A window of 8 segments is 128 ms of the line.
#if PICKET_SLIP
#ifndef LWIP_IPV6
#define LWIP_IPV6 0
#endif
#ifndef LWIP_ARP
#define LWIP_ARP 0
#endif
#ifndef LWIP_ETHERNET
#define LWIP_ETHERNET 0
#endif
#ifndef LWIP_DHCP
#define LWIP_DHCP 0
#endif
#ifndef PICKET_TCP_WND_MSS
#define PICKET_TCP_WND_MSS 8
#endif
#endif

#endif
