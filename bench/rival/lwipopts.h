// lwipopts.h: lwIP as Picket has it; with RIVAL_ALTCP also its own TLS layer.
#ifndef BENCH_RIVAL_LWIPOPTS_H
#define BENCH_RIVAL_LWIPOPTS_H

#ifdef RIVAL_ALTCP
#define LWIP_ALTCP             1
#define LWIP_ALTCP_TLS         1
#define LWIP_ALTCP_TLS_MBEDTLS 1

// The default is to verify, and to go on whatever comes of it.
#define ALTCP_MBEDTLS_AUTHMODE MBEDTLS_SSL_VERIFY_REQUIRED

// It opens the window again when it has a whole record. With 8 segments, one of 16 KB never ends.
#define PICKET_TCP_WND_MSS     16
#else
#define LWIP_ALTCP 0
#endif

// Picket's own, of port/lwip.
#define LWIP_HOOK_IP4_INPUT(p, netif) 0

#include "../../config/lwipopts.h"

#endif
