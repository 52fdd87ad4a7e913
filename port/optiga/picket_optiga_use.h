// picket_optiga_use.h: what Picket does with the chip: randomness for its keys, and the client's private key.
#ifndef PICKET_OPTIGA_USE_H
#define PICKET_OPTIGA_USE_H

#include "picket/entropy.h"
#include "picket_optiga.h"

#ifdef __cplusplus
extern "C" {
#endif

// The chip as a source of entropy, for picket_config_t.entropy: 7 bits are claimed for each of its bytes. It is opened
// before picket_init; one that is not open then is missing (picket_entropy tells), and one that fails later is a failure.
// A seed takes six commands and about 50 ms; no call lasts longer than 250 ms. Borrowed, as *optiga is, until
// picket_deinit.
void picket_optiga_source(picket_entropy_source_t *source, picket_optiga_t *optiga);

// A key in the chip as the client's (picket_identity_t): sign is picket_optiga_identity_sign, ctx a picket_optiga_key_t.
// P-256 only. It takes the chip about 70 ms, in which nothing else happens; after many uses in a row up to 5 s.
typedef struct picket_optiga_key {
    picket_optiga_t *optiga;
    uint16_t oid; // PICKET_OPTIGA_KEY_0 to _3
} picket_optiga_key_t;

int picket_optiga_identity_sign(void *key, const uint8_t *hash, size_t hash_len, uint8_t *signature,
                                size_t size, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
