// What altcp_tls_mbedtls.c wants of Mbed TLS 2, as Mbed TLS 3 has it.
#ifndef BENCH_SSL_INTERNAL_H
#define BENCH_SSL_INTERNAL_H

#include "ssl_misc.h"

#define MBEDTLS_SSL_MAX_CONTENT_LEN                                                        \
    (MBEDTLS_SSL_IN_CONTENT_LEN > MBEDTLS_SSL_OUT_CONTENT_LEN ? MBEDTLS_SSL_IN_CONTENT_LEN \
                                                              : MBEDTLS_SSL_OUT_CONTENT_LEN)

// A server's key; a client never comes there.
#define mbedtls_pk_parse_key(ctx, key, len, password, password_len) \
    mbedtls_pk_parse_key(ctx, key, len, password, password_len, NULL, NULL)

#define mbedtls_ssl_get_max_frag_len(ssl) ((size_t)mbedtls_ssl_get_max_out_record_payload(ssl))

#endif
