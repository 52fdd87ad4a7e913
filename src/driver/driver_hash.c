// SHA-256's block, which Mbed TLS asks for by name where it is told to (MBEDTLS_SHA256_PROCESS_ALT, config/picket_mbedtls.h); the rest
// of SHA-256 is Mbed TLS's.
#include <mbedtls/sha256.h>

#include "../kernels/hash.h"

#ifdef MBEDTLS_SHA256_PROCESS_ALT
int mbedtls_internal_sha256_process(mbedtls_sha256_context *ctx, const unsigned char data[64])
{
    kernel_sha256(ctx->MBEDTLS_PRIVATE(state), data);
    return 0;
}
#endif
