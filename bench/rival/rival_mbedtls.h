// rival_mbedtls.h: Mbed TLS's own default configuration, less what bare metal has not (MBEDTLS_USER_CONFIG_FILE).
#ifndef BENCH_RIVAL_MBEDTLS_H
#define BENCH_RIVAL_MBEDTLS_H

// Neither sockets, nor files, nor a POSIX clock.
#undef MBEDTLS_NET_C
#undef MBEDTLS_TIMING_C
#undef MBEDTLS_FS_IO
#undef MBEDTLS_PSA_ITS_FILE_C
#undef MBEDTLS_PSA_CRYPTO_STORAGE_C

// Randomness from the chip (mbedtls_hardware_poll), and milliseconds (mbedtls_ms_time).
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_PLATFORM_MS_TIME_ALT

#include "rival_memory.h"
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO rival_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO   rival_free

#endif
