// user_settings.h: wolfSSL for ./do bench --crypto: what ./configure turns on by default as far as it concerns what is measured,
// and its "single precision" arithmetic, in assembler for Thumb where there is such (--enable-sp --enable-sp-asm). With
// BENCH_WOLFSSL_TLS a client for TLS 1.3 and 1.2 (bench/rival/wolfssl.c), otherwise operations alone.
#ifndef BENCH_CRYPTO_USER_SETTINGS_H
#define BENCH_CRYPTO_USER_SETTINGS_H

// A machine without anything.
#define SINGLE_THREADED
#define NO_FILESYSTEM
#define NO_WRITEV
#define NO_MAIN_DRIVER
#define NO_ERROR_STRINGS
#define WOLFSSL_USER_IO
#define WOLFSSL_GENERAL_ALIGNMENT 4
#define SIZEOF_LONG               4
#define SIZEOF_LONG_LONG          8

#ifdef BENCH_WOLFSSL_TLS
#include "rival_memory.h"
#define BENCH_CALLOC  rival_calloc
#define BENCH_REALLOC rival_realloc
#define BENCH_FREE    rival_free
int rival_wolfssl_seed(unsigned char *out, unsigned len);
#define CUSTOM_RAND_GENERATE_SEED rival_wolfssl_seed
#define HAVE_HASHDRBG
// Milliseconds and seconds are bench/rival/wolfssl.c's; the time is the C library's.
#define USER_TICKS

#define WOLFSSL_USE_ALIGN // otherwise tickets are written at odd addresses as words

#define WOLFSSL_TLS13
#define NO_OLD_TLS
#define NO_WOLFSSL_SERVER
#define HAVE_TLS_EXTENSIONS
#define HAVE_SUPPORTED_CURVES
#define HAVE_EXTENDED_MASTER
#define HAVE_ENCRYPT_THEN_MAC
#define HAVE_SNI
#define HAVE_SESSION_TICKET
#define SMALL_SESSION_CACHE
#define NO_CLIENT_CACHE
#define NO_SESSION_CACHE_REF
#define HAVE_HKDF
#define WC_RSA_PSS
#define WOLFSSL_BASE64_DECODE
#else
// Of the harness.
#include <stddef.h>
void *bench_calloc(size_t n, size_t size);
void bench_free(void *p);
int bench_wolfssl_random(unsigned char *out, unsigned len);
#define BENCH_CALLOC           bench_calloc
#define BENCH_REALLOC(p, size) NULL
#define BENCH_FREE             bench_free
#define WC_NO_HASHDRBG
#define CUSTOM_RAND_GENERATE_BLOCK bench_wolfssl_random
#define WOLFCRYPT_ONLY
#define NO_ASN_TIME
#endif
#define XMALLOC_OVERRIDE
#define XMALLOC(size, heap, type)     ((void)(heap), (void)(type), BENCH_CALLOC(1, size))
#define XREALLOC(p, size, heap, type) ((void)(heap), (void)(type), BENCH_REALLOC(p, size))
#define XFREE(p, heap, type)          ((void)(heap), (void)(type), BENCH_FREE(p))

// Public keys.
#define WOLFSSL_SP
#define WOLFSSL_SP_MATH
#define WOLFSSL_SP_ASM
#define WOLFSSL_SP_ARM_THUMB_ASM
#define WOLFSSL_HAVE_SP_ECC
#define WOLFSSL_HAVE_SP_RSA
#define WOLFSSL_SP_384
#define WOLFSSL_SP_4096
#define SP_WORD_SIZE 32
#define HAVE_ECC
#define HAVE_ECC384
#define ECC_USER_CURVES
#define ECC_TIMING_RESISTANT
#define USE_ECC_B_PARAM // so that a point can be checked
#define ECC_SHAMIR
#define WC_RSA_BLINDING
#define HAVE_CURVE25519
#define NO_DH
#define NO_DSA

// Records.
#define HAVE_CHACHA
#define HAVE_POLY1305
#define HAVE_AESGCM
#define GCM_TABLE_4BIT
#define WOLFSSL_AES_DIRECT
#define NO_DES3
#define NO_RC4
#define NO_MD4
#define NO_MD5
#define NO_SHA
#define NO_PSK
#define NO_PWDBASED
#define NO_PKCS8
#define NO_PKCS12
#define WOLFSSL_SHA384
#define WOLFSSL_SHA512

#endif
