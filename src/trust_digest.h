// trust_digest.h: SHA-256 of a file as it comes, and the signature over it. On the caller's stack (0.3 kB).
#ifndef PICKET_TRUST_DIGEST_H
#define PICKET_TRUST_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRUST_DIGEST = 32 };

// Room for a hash that is under way; all zero: there is none.
typedef uint64_t trust_digest_t[32];

// Begin, from nothing or in place of one that is under way.
bool trust_digest_start(trust_digest_t room);
bool trust_digest_add(trust_digest_t room, const void *data, size_t len);
bool trust_digest_finish(trust_digest_t room, uint8_t sha256[TRUST_DIGEST]);

// Forget it. Also when there is none.
void trust_digest_stop(trust_digest_t room);

// --- Signatures (trust_signature.c)

// Does this look like a public key on P-256: 65 bytes, or its SubjectPublicKeyInfo? Its point, or NULL.
const uint8_t *trust_signature_point(const void *key, size_t len);

// ECDSA on P-256 over a SHA-256. The signature is DER. On TLS's stack: not while tls_busy. 0, PICKET_ERR_ARG (no point of the
// curve), PICKET_ERR_SIGNATURE, PICKET_ERR_NO_MEMORY, PICKET_ERR_STACK.
int trust_signature_check(const uint8_t *point, const uint8_t sha256[TRUST_DIGEST], const void *signature,
                          size_t len);

#endif
