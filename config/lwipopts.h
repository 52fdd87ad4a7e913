// lwipopts.h: lwIP's options for Picket. Each number says why it is so and what lowering it breaks.
//
// Do not copy this file: override what you need. Three places are looked at before it, and the first one
// wins:
//   -DNAME=value                    on the compiler's command line
//   PICKET_LWIP_OPTIONS_FILE        a macro that names a header of the application's
//   arch/lwip_options.h             what the port (port/<board>/arch/) needs to be different
// lwIP and all that includes its headers must be compiled with the same options.
//
// The port's arch/cc.h must define LWIP_RAND() as a good source of random numbers: port numbers, TCP's
// sequence numbers and the ids of DNS queries come from it, and a guess of one of them lets an outsider reset
// a connection or answer a query.
#ifndef PICKET_LWIPOPTS_H
#define PICKET_LWIPOPTS_H

#ifdef PICKET_LWIP_OPTIONS_FILE
#include PICKET_LWIP_OPTIONS_FILE
#endif

#include "picket/options.h"

#ifdef __has_include
#if __has_include("arch/lwip_options.h")
#include "arch/lwip_options.h"
#endif
#endif

// --- How lwIP is run ---------------------------------------------------------------------------------------

// No operating system: lwIP is called from one context at a time, and Picket uses the raw API only.
#ifndef NO_SYS
#define NO_SYS 1
#endif
#ifndef LWIP_NETCONN
#define LWIP_NETCONN 0
#endif
#ifndef LWIP_SOCKET
#define LWIP_SOCKET 0
#endif

// 1 where an interrupt calls lwIP's allocators beside the main program (a driver that makes pbufs in its
// interrupt).
#ifndef SYS_LIGHTWEIGHT_PROT
#define SYS_LIGHTWEIGHT_PROT 0
#endif

// Timers of lwIP's own, and a few for the application and its drivers. One too few is an assertion at run
// time.
#ifndef MEMP_NUM_SYS_TIMEOUT
#define MEMP_NUM_SYS_TIMEOUT (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 4)
#endif

#ifndef LWIP_STATS
#define LWIP_STATS 0
#endif

// --- Protocols ---------------------------------------------------------------------------------------------

#ifndef LWIP_IPV4
#define LWIP_IPV4 1
#endif
#ifndef LWIP_IPV6
#define LWIP_IPV6 1
#endif
#ifndef LWIP_DHCP
#define LWIP_DHCP 1
#endif
#ifndef LWIP_DNS
#define LWIP_DNS 1
#endif
#ifndef LWIP_RAW
#define LWIP_RAW 0
#endif

// A probe for somebody else with the same address: 8 seconds at every start.
#ifndef LWIP_DHCP_DOES_ACD_CHECK
#define LWIP_DHCP_DOES_ACD_CHECK 0
#endif

// TCP, DNS and DHCP fit into a packet, so fragments are not put together again: less memory and less to
// attack. Turn them on for an application that sends or receives large UDP datagrams.
#ifndef IP_REASSEMBLY
#define IP_REASSEMBLY 0
#endif
#ifndef IP_FRAG
#define IP_FRAG 0
#endif
#ifndef LWIP_IPV6_REASS
#define LWIP_IPV6_REASS 0
#endif
#ifndef LWIP_IPV6_FRAG
#define LWIP_IPV6_FRAG 0
#endif

// What drivers and applications expect to find in a netif.
#ifndef LWIP_NETIF_HOSTNAME
#define LWIP_NETIF_HOSTNAME 1
#endif
#ifndef LWIP_NETIF_STATUS_CALLBACK
#define LWIP_NETIF_STATUS_CALLBACK 1
#endif
#ifndef LWIP_NETIF_LINK_CALLBACK
#define LWIP_NETIF_LINK_CALLBACK 1
#endif

// Drivers for small machines take a packet as one piece of memory.
#ifndef LWIP_NETIF_TX_SINGLE_PBUF
#define LWIP_NETIF_TX_SINGLE_PBUF 1
#endif

// The fastest of lwIP's checksum routines, four bytes at a time.
#ifndef LWIP_CHKSUM_ALGORITHM
#define LWIP_CHKSUM_ALGORITHM 3
#endif

// --- TCP ---------------------------------------------------------------------------------------------------

// What fits into an Ethernet frame. Lower: more packets for the same bytes.
#ifndef TCP_MSS
#define TCP_MSS 1460
#endif

// The receive window, in full segments. It limits speed (window / round-trip time) and the memory that a
// connection can take from PBUF_POOL; it never decides whether a transfer completes. At least 2.
#ifndef PICKET_TCP_WND_MSS
#define PICKET_TCP_WND_MSS 16
#endif
#if PICKET_TCP_WND_MSS < 2
#error "PICKET_TCP_WND_MSS must be 2 or more: with 1 each segment waits for a delayed acknowledgement"
#endif
#ifndef TCP_WND
#define TCP_WND (PICKET_TCP_WND_MSS * TCP_MSS)
#endif

// Windows above 65535 need the window scale option: each step doubles what the header's 16 bits stand for.
#if TCP_WND > 0xffff
#ifndef LWIP_WND_SCALE
#define LWIP_WND_SCALE 1
#endif
#ifndef TCP_RCV_SCALE
#if TCP_WND <= 0x3ffff
#define TCP_RCV_SCALE 2
#else
#define TCP_RCV_SCALE 7
#endif
#endif
#endif

// What may be sent ahead of its acknowledgement, in full segments, per connection. Lower: slower uploads;
// below 2 lwIP refuses to compile.
#ifndef PICKET_TCP_SND_MSS
#define PICKET_TCP_SND_MSS 4
#endif
#ifndef TCP_SND_BUF
#if PICKET_TCP_SND_MSS * TCP_MSS > 0xffff && !defined(LWIP_WND_SCALE)
#define TCP_SND_BUF 0xffff // lwIP counts in 16 bits unless windows are scaled
#else
#define TCP_SND_BUF (PICKET_TCP_SND_MSS * TCP_MSS)
#endif
#endif

// Segments in the send queue. Every write of a TLS record is a segment of its own (Nagle's algorithm is off),
// so there are more of them than TCP_SND_BUF / TCP_MSS. Lower: small writes wait for acknowledgements sooner.
#ifndef TCP_SND_QUEUELEN
#define TCP_SND_QUEUELEN (4 * PICKET_TCP_SND_MSS)
#endif

// Descriptors of segments for all connections: two send queues at their fullest and one window of segments
// that came out of order. Lower than TCP_SND_QUEUELEN is refused by lwIP; a shortage makes a write wait.
#ifndef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG (2 * TCP_SND_QUEUELEN + PICKET_TCP_WND_MSS)
#endif

// Connections: the two of each exchange while IPv6 and IPv4 are raced, and those kept open (PICKET_LWIP_CONNECTIONS), and some
// that still say goodbye; lwIP takes those back when it needs one. About 200 bytes each.
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB (2 * PICKET_SLOTS + PICKET_KEEP + 4)
#endif

// Tell the sender which segments did arrive, and keep them: on a radio link a loss costs one segment, not a
// window.
#ifndef TCP_QUEUE_OOSEQ
#define TCP_QUEUE_OOSEQ 1
#endif
#ifndef LWIP_TCP_SACK_OUT
#define LWIP_TCP_SACK_OUT 1
#endif

// First wait before a segment is sent again: one second, as RFC 6298 section 2.1 has it (lwIP: three), so
// that a lost SYN costs one second.
#ifndef LWIP_TCP_RTO_TIME
#define LWIP_TCP_RTO_TIME 1000
#endif

// lwIP repeats a SYN at that interval without backing off: a server that never answers is given up after 12
// seconds. Lower gives up on slow servers; 12 is lwIP's limit.
#ifndef TCP_SYNMAXRTX
#define TCP_SYNMAXRTX 12
#endif

// lwIP's own first sequence numbers can be predicted. Random ones, with a random port each time, are what a
// client needs of RFC 6528.
#ifndef LWIP_HOOK_TCP_ISN
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) ((u32_t)LWIP_RAND())
#endif

// lwIP ignores "unreachable" messages; Picket ends a connection attempt with them (port/lwip/unreachable.c).
#ifndef LWIP_HOOK_IP4_INPUT
#ifdef __cplusplus
extern "C" {
#endif
struct pbuf;
struct netif;
int picket_lwip_ip4_input(struct pbuf *p, struct netif *netif);
int picket_lwip_ip6_input(struct pbuf *p, struct netif *netif);
#ifdef __cplusplus
}
#endif
#define LWIP_HOOK_IP4_INPUT(p, netif) picket_lwip_ip4_input(p, netif)
#define LWIP_HOOK_IP6_INPUT(p, netif) picket_lwip_ip6_input(p, netif)
#endif

// --- Names -------------------------------------------------------------------------------------------------

// Names remembered and asked for at the same time, about 290 bytes each. An exchange asks for two (IPv6 and
// IPv4). Lower than PICKET_LWIP_LOOKUPS: lookups wait for each other.
#ifndef DNS_TABLE_SIZE
#define DNS_TABLE_SIZE 4
#endif

// Servers, asked one after the other.
#ifndef DNS_MAX_SERVERS
#define DNS_MAX_SERVERS 2
#endif

// Queries sent to each server: after 0, 1, 2 and 4 seconds, and given up after 7. Each lower number halves
// that time, and with it the chance that a slow server's answer is waited for.
#ifndef DNS_MAX_RETRIES
#define DNS_MAX_RETRIES 4
#endif

// The longest name that exists (RFC 1035: 253 characters), and room for its end.
#ifndef DNS_MAX_NAME_LENGTH
#define DNS_MAX_NAME_LENGTH 256
#endif

// Random query id, random source port, and one query at a time for the same name: what makes answers hard to
// forge.
#ifndef LWIP_DNS_SECURE
#define LWIP_DNS_SECURE \
    (LWIP_DNS_SECURE_RAND_XID | LWIP_DNS_SECURE_NO_MULTIPLE_OUTSTANDING | LWIP_DNS_SECURE_RAND_SRC_PORT)
#endif

// A source port for each query of names, one for DHCP, five for asking the time (options.h: four servers, and
// picket_clock_query_blocking), two for the application; 32 bytes each, 80 with IPv6. Lower: queries share
// ports, and are easier to forge; fewer time servers can be asked at once.
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB (DNS_TABLE_SIZE + 8)
#endif

// --- Neighbours --------------------------------------------------------------------------------------------

// Packets that wait for a neighbour's address. Without a queue lwIP keeps only the last one, so of the two
// queries or the two SYNs that an exchange begins with, the first would be lost, and sent again a second
// later.
#ifndef ARP_QUEUEING
#define ARP_QUEUEING 1
#endif
#ifndef MEMP_NUM_ARP_QUEUE
#define MEMP_NUM_ARP_QUEUE 8
#endif
#ifndef MEMP_NUM_ND6_QUEUE
#define MEMP_NUM_ND6_QUEUE 8
#endif

// --- altcp -------------------------------------------------------------------------------------------------

// lwIP's layers over TCP, for programs that use altcp_tls.h (picket/altcp.h). LWIP_ALTCP_TLS_MBEDTLS is what those
// programs expect; Picket takes the place of lwIP's files of that name. Two pcbs a connection, and a timer.
#if PICKET_ALTCP
#ifndef LWIP_ALTCP
#define LWIP_ALTCP 1
#endif
#ifndef LWIP_ALTCP_TLS
#define LWIP_ALTCP_TLS 1
#endif
#ifndef LWIP_ALTCP_TLS_MBEDTLS
#define LWIP_ALTCP_TLS_MBEDTLS 1
#endif
#ifndef MEMP_NUM_ALTCP_PCB
#define MEMP_NUM_ALTCP_PCB (2 * MEMP_NUM_TCP_PCB)
#endif
#endif

// --- Memory ------------------------------------------------------------------------------------------------

#ifndef MEM_ALIGNMENT
#define MEM_ALIGNMENT __SIZEOF_POINTER__
#endif

// The heap for what is sent: two connections with a full send buffer, 128 bytes of headers for each segment,
// and 2 kB for DNS, DHCP, ARP and the like. TLS allocates from the arena, not from here. Lower: writes wait
// for acknowledgements.
#ifndef MEM_SIZE
#define MEM_SIZE (2 * (TCP_SND_BUF + TCP_SND_QUEUELEN * 128) + 2048)
#endif

// Packets that have arrived: one full window, and 8 for everything else. Lower than the window: a sender that
// fills it overruns the pool, packets are lost, and transfers crawl. About 1550 bytes each: the largest block
// of memory here.
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE (PICKET_TCP_WND_MSS + 8)
#endif

#endif
