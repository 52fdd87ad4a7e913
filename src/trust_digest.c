// trust_digest.c: see trust_digest.h.
#include "trust_digest.h"

#include <string.h>

#include <psa/crypto.h>

_Static_assert(sizeof(psa_hash_operation_t) <= sizeof(trust_digest_t),
               "picket_download_t has too little room for a hash of this configuration of Mbed TLS");

// The room is zeroed, which is what PSA's initialiser does as well.
static psa_hash_operation_t *operation(trust_digest_t room)
{
    return (psa_hash_operation_t *)(void *)room;
}

bool trust_digest_start(trust_digest_t room)
{
    trust_digest_stop(room);
    return psa_hash_setup(operation(room), PSA_ALG_SHA_256) == PSA_SUCCESS;
}

bool trust_digest_add(trust_digest_t room, const void *data, size_t len)
{
    return psa_hash_update(operation(room), data, len) == PSA_SUCCESS;
}

bool trust_digest_finish(trust_digest_t room, uint8_t sha256[TRUST_DIGEST])
{
    size_t len = 0;
    return psa_hash_finish(operation(room), sha256, TRUST_DIGEST, &len) == PSA_SUCCESS && len == TRUST_DIGEST;
}

void trust_digest_stop(trust_digest_t room)
{
    psa_hash_abort(operation(room));
    memset(room, 0, sizeof(trust_digest_t));
}
