// picket_mbedtls.h: the configuration that Mbed TLS is compiled with (MBEDTLS_CONFIG_FILE).
//
// A TLS 1.2 and 1.3 client: ECDHE with AEAD suites only, all cryptography through PSA, all memory from the
// arena. Nothing is here that weakens verification. An application overrides sizes with -D; a configuration
// without what Picket needs is refused below.
#ifndef PICKET_MBEDTLS_CONFIG_H
#define PICKET_MBEDTLS_CONFIG_H

#include <limits.h>

#include "picket/options.h"

// --- Platform: memory, time and randomness are Picket's (src/arena.c, src/tls_stack.c, src/tls_time.c,
// src/entropy.c)
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_CALLOC_MACRO picket_mbedtls_calloc
#define MBEDTLS_PLATFORM_FREE_MACRO   picket_arena_free
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_TIME_TYPE_MACRO long long
#define MBEDTLS_PLATFORM_TIME_MACRO      picket_mbedtls_time
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_CTR_DRBG_C

// --- PSA
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_CRYPTO_CONFIG
// PSA and its callers share one thread and one address space. Without this every record is copied twice, into
// two temporary blocks of 16 KB.
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS
#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "picket_psa.h"

// --- Arithmetic: without these two a handshake takes five times as long
#define MBEDTLS_ECP_NIST_OPTIM

// Without its curves (config/picket_psa.h) Mbed TLS 3.6 leaves the groups out of TLS 1.2's ClientHello, and has one byte for
// TLS 1.2's shared secret. The lower half of its curves' code, which nobody calls then, and the largest curve say how many.
#if !PICKET_STOCK_CURVES
#define MBEDTLS_SSL_TLS1_2_SOME_ECC
#define MBEDTLS_ECP_LIGHT
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#endif

// AES is used forwards only (GCM, the generator): without its other direction 4 kB of tables in RAM less.
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT

// Small machines hash little, and have little flash. SHA-256's block is Picket's (src/driver/driver_hash.c).
#if __SIZEOF_POINTER__ < 8
#define MBEDTLS_SHA256_SMALLER
#define MBEDTLS_SHA512_SMALLER
#if !PICKET_STOCK_CRYPTO
#define MBEDTLS_SHA256_PROCESS_ALT
#endif
#endif

// --- Certificates
#define MBEDTLS_X509_REMOVE_INFO
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

// --- TLS
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ALPN
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES

// A record from the server may have 16 KB; servers do not honour anything less. What is sent may be cut into
// small records, and a large buffer would also enlarge a temporary of the ClientHello. Handshake messages are
// not cut: a ClientHello with a ticket, or a client certificate, has to fit.
#ifndef MBEDTLS_SSL_IN_CONTENT_LEN
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#endif
#ifndef MBEDTLS_SSL_OUT_CONTENT_LEN
#if __SIZEOF_POINTER__ == 8
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#else
#define MBEDTLS_SSL_OUT_CONTENT_LEN 1024
#endif
#endif

#if defined(__x86_64__)
#define MBEDTLS_AESNI_C
#elif defined(__aarch64__)
#define MBEDTLS_AESCE_C
#endif

// Included by every file of Mbed TLS: the two functions named above.
#include <stddef.h>
void *picket_mbedtls_calloc(size_t n, size_t size);
void picket_arena_free(void *p);
long long picket_mbedtls_time(long long *t);

#endif
