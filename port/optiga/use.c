#include "picket_optiga_use.h"

// One command's worth.
enum { SAMPLES = 48 };

// Nothing is asked of the chip here: whether it is there, picket_optiga_open has found out.
static int start(void *ctx)
{
    const picket_optiga_t *optiga = ctx;
    return optiga->ready ? 0 : PICKET_OPTIGA_ERR_ABSENT;
}

static int collect(void *ctx, uint8_t *samples, size_t n)
{
    size_t some = n < SAMPLES ? n : SAMPLES;
    int result = picket_optiga_random(ctx, samples, some);
    return result == 0 ? (int)some : result;
}

void picket_optiga_source(picket_entropy_source_t *source, picket_optiga_t *optiga)
{
    *source = (picket_entropy_source_t){
        .name = "OPTIGA Trust M",
        .credit = 7 * PICKET_ENTROPY_BIT,
        .bits = 8,
        .conditioned = true,
        .start = start,
        .collect = collect,
        .ctx = optiga,
    };
}

int picket_optiga_identity_sign(void *ctx, const uint8_t *hash, size_t hash_len, uint8_t *signature,
                                size_t size, size_t *len)
{
    const picket_optiga_key_t *key = ctx;
    *len = 64;
    if (size < *len)
        return PICKET_OPTIGA_ERR_ARG;
    return picket_optiga_sign(key->optiga, key->oid, hash, hash_len, signature);
}
