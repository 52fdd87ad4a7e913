// entropy.c: what stands between the port's entropy and the generator behind PSA.
//
// The port answers for the quality of its source (its health tests see the raw samples). Here only what no
// source may ever do is refused: to give a block of equal bytes, or the same block again. Chance does so less
// than once in 2^110 seeds.
#include "entropy.h"

#include <stdint.h>
#include <string.h>

#include "mbedtls/build_info.h"
#include "mbedtls/entropy.h"
#include "mbedtls/platform_util.h"
#include "psa/crypto.h"
#include "tls_stack.h"

#define BLOCK 16u

static struct {
    const picket_port_t *port;
    bool failed;
    bool has_first;
    uint8_t first[BLOCK]; // of the previous seed; the rest of a seed is six times as much
} entropy;

void entropy_start(const picket_port_t *port)
{
    entropy_stop();
    entropy.port = port;
}

void entropy_stop(void)
{
    mbedtls_platform_zeroize(&entropy, sizeof entropy);
}

bool entropy_failed(void)
{
    return entropy.failed;
}

static bool is_one_value(const uint8_t *block)
{
    return memcmp(block, block + 1, BLOCK - 1) == 0;
}

// len is at least BLOCK.
static bool is_stuck(const uint8_t *bytes, size_t len)
{
    if (entropy.has_first && memcmp(bytes, entropy.first, BLOCK) == 0)
        return true;
    for (size_t at = 0; at + BLOCK <= len; at += BLOCK) {
        if (is_one_value(bytes + at) || (at != 0 && memcmp(bytes + at, bytes + at - BLOCK, BLOCK) == 0))
            return true;
    }
    return is_one_value(bytes + len - BLOCK);
}

static bool ask_port(uint8_t *bytes, size_t len)
{
    const picket_port_t *port = entropy.port;
    if (port == NULL || port->random == NULL || port->random(port->ctx, bytes, len) != 0)
        return false;
    if (is_stuck(bytes, len))
        return false;
    memcpy(entropy.first, bytes, BLOCK);
    entropy.has_first = true;
    return true;
}

// At least a block is asked for, since less could not be checked.
static bool gather(uint8_t *output, size_t len)
{
    uint8_t block[BLOCK];
    if (len >= BLOCK)
        return ask_port(output, len);
    bool good = ask_port(block, BLOCK);
    if (good)
        memcpy(output, block, len);
    mbedtls_platform_zeroize(block, BLOCK);
    return good;
}

// Mbed TLS's name for the source of entropy (MBEDTLS_ENTROPY_HARDWARE_ALT).
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    *olen = 0;
    if (entropy.failed || !gather(output, len)) {
        entropy.failed = true;
        mbedtls_platform_zeroize(output, len);
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    }
    *olen = len;
    return 0;
}

typedef struct span {
    void *buf;
    size_t len;
} span_t;

static int generate(void *arg)
{
    const span_t *span = arg;
    return psa_generate_random(span->buf, span->len) == PSA_SUCCESS ? 0 : PICKET_ERR_NO_ENTROPY;
}

int entropy_random(void *buf, size_t len)
{
    if (!entropy.failed && tls_stack_call(generate, &(span_t){buf, len}) == 0)
        return 0;
    mbedtls_platform_zeroize(buf, len);
    return PICKET_ERR_NO_ENTROPY;
}
