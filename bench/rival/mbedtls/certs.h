// altcp_tls_mbedtls.c includes this header of Mbed TLS 2, and uses nothing of it.
