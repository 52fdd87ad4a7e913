// lwipopts.h: as programs for the SDK have it: nothing of Picket's, and fewer of everything than config/lwipopts.h has.
#ifndef SDK_WAY_LWIPOPTS_H
#define SDK_WAY_LWIPOPTS_H

#ifndef NO_SYS
#define NO_SYS 1
#endif
#define LWIP_SOCKET  0
#define LWIP_NETCONN 0
#if PICO_CYW43_ARCH_POLL
#define MEM_LIBC_MALLOC 1
#else
#define MEM_LIBC_MALLOC 0
#endif
#define MEM_ALIGNMENT              4
#define MEM_SIZE                   8000
#define MEMP_NUM_TCP_SEG           32
#define MEMP_NUM_ARP_QUEUE         10
#define MEMP_NUM_SYS_TIMEOUT       (LWIP_NUM_SYS_TIMEOUT_INTERNAL + 1)
#define PBUF_POOL_SIZE             24
#define TCP_MSS                    1460
#define TCP_WND                    16384
#define TCP_SND_BUF                (8 * TCP_MSS)
#define TCP_SND_QUEUELEN           ((4 * TCP_SND_BUF + TCP_MSS - 1) / TCP_MSS)
#define LWIP_RAW                   1
#define LWIP_DHCP                  1
#define LWIP_DNS                   1
#define LWIP_TCP_KEEPALIVE         1
#define LWIP_NETIF_STATUS_CALLBACK 1
#define LWIP_NETIF_LINK_CALLBACK   1
#define LWIP_NETIF_HOSTNAME        1
#define LWIP_NETIF_TX_SINGLE_PBUF  1
#define LWIP_CHKSUM_ALGORITHM      3
#define LWIP_DHCP_DOES_ACD_CHECK   0

#ifndef SDK_WAY_PLAIN
#define LWIP_ALTCP             1
#define LWIP_ALTCP_TLS         1
#define LWIP_ALTCP_TLS_MBEDTLS 1
#endif
#define ALTCP_MBEDTLS_AUTHMODE MBEDTLS_SSL_VERIFY_REQUIRED
#define ALTCP_MBEDTLS_DEBUG    LWIP_DBG_ON
#ifndef SDK_WAY_QUIET
#define LWIP_DEBUG         1
#define LWIP_STATS         1
#define LWIP_STATS_DISPLAY 1
#endif

#define MQTT_REQ_MAX_IN_FLIGHT 5

#if !NO_SYS
#define TCPIP_THREAD_STACKSIZE        1024
#define DEFAULT_THREAD_STACKSIZE      1024
#define DEFAULT_RAW_RECVMBOX_SIZE     8
#define TCPIP_MBOX_SIZE               8
#define LWIP_TIMEVAL_PRIVATE          0
#define LWIP_TCPIP_CORE_LOCKING_INPUT 1
#define LWIP_SO_RCVTIMEO              1
#endif

#endif
