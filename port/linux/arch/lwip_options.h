// lwip_options.h: where lwIP on Linux differs from config/lwipopts.h.
#ifndef PICKET_LINUX_LWIP_OPTIONS_H
#define PICKET_LINUX_LWIP_OPTIONS_H

// The heap is the C library's, where the sanitizers watch it. The pools stay lwIP's own: their limits are
// part of what is tried out on Linux.
#ifndef MEM_LIBC_MALLOC
#define MEM_LIBC_MALLOC 1
#endif

// Received frames are handed to lwIP where they lie (netif.c), so none is lost for want of a pbuf.
#ifndef LWIP_SUPPORT_CUSTOM_PBUF
#define LWIP_SUPPORT_CUSTOM_PBUF 1
#endif

// Frames come from memory, not from a wire, so their checksums are not verified. They are still generated,
// for --trace and since libslirp verifies them.
#ifndef LWIP_CHECKSUM_CTRL_PER_NETIF
#define LWIP_CHECKSUM_CTRL_PER_NETIF 1
#endif

// A program may have more open at once than a board.
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB 64
#endif
#ifndef PICKET_LWIP_CONNECTIONS
#define PICKET_LWIP_CONNECTIONS 32
#endif
#ifndef PICKET_TCP_SND_MSS
#define PICKET_TCP_SND_MSS 16
#endif
#ifndef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG 1024
#endif

#ifdef __cplusplus
extern "C" {
#endif
struct netif;
struct ip4_addr;
struct ip6_addr;
struct netif *picket_linux_route(const struct ip4_addr *destination);
const struct ip6_addr *picket_linux_gateway(void);
void picket_linux_lwip_called(void);
#ifdef __cplusplus
}
#endif

// Tests with more than one thread check that the lock is held (linux_lock.h).
#ifndef LWIP_ASSERT_CORE_LOCKED
#define LWIP_ASSERT_CORE_LOCKED() picket_linux_lwip_called()
#endif

// lwIP sends nothing to 127.0.0.0/8 by itself. Here it is the host's loopback, behind the gateway.
#ifndef LWIP_HOOK_IP4_ROUTE
#define LWIP_HOOK_IP4_ROUTE(destination) picket_linux_route(destination)
#endif

// The IPv6 gateway is known: nothing needs to wait for a router advertisement.
#ifndef LWIP_HOOK_ND6_GET_GW
#define LWIP_HOOK_ND6_GET_GW(netif, destination) picket_linux_gateway()
#endif

#endif
