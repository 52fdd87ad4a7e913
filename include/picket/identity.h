// identity.h: what the client shows of itself to a server that asks: a certificate, and the proof that it has its key
// (RFC 8446 4.4.2, "mutual TLS").
//
// On machines of 32 bits this is left out unless it is asked for: PICKET_CLIENT_CERT (options.h).
#ifndef PICKET_IDENTITY_H
#define PICKET_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct picket;

// A certificate and one of three keys.
typedef struct picket_identity {
    // The client's certificate, and behind it what leads from it to an issuer that the server knows: PEM, or DER one after
    // the other. All of it must fit into one record: MBEDTLS_SSL_OUT_CONTENT_LEN (1024 bytes on small machines).
    const void *cert;
    size_t cert_len;

    // The private key in memory: PEM or DER (PKCS #8, SEC 1, PKCS #1), not encrypted; a curve P-256 or P-384, or RSA. For
    // PEM, the bytes may be the same as those of cert.
    const void *key;
    size_t key_len;

    // Or a key that PSA holds (a psa_key_id_t that may sign hashes with ECDSA, or RSA), not 0; picket_init starts PSA, so it
    // is made after that and given to picket_identity_use. It stays the application's.
    uint32_t key_id;

    // Or a function that signs, where a secure element holds the key: ECDSA over hash (hash_len bytes, no more than the curve
    // has), as r and s, each as long as the curve's order (64 bytes for P-256), into signature (size bytes); *len is
    // set. 0, or anything else for failure, which ends the handshake. Called in picket_poll on the stack of TLS, once a
    // handshake at the most; the network may wait meanwhile, so that more than 100 ms should not pass.
    int (*sign)(void *ctx, const uint8_t *hash, size_t hash_len, uint8_t *signature, size_t size,
                size_t *len);
    void *ctx;
} picket_identity_t;

// What an identity takes of the arena beyond PICKET_ARENA_SIZE, with a certificate chain of 2 KB.
#define PICKET_ARENA_IDENTITY 8192u

// Show this to every server that asks from now on. Once a client, before its first connection; picket_init does it by
// itself with config.identity. Certificate and key are copied (the key wiped by picket_deinit), but what ctx points to is
// borrowed. 0; PICKET_ERR_IDENTITY: picket_identity_why says what is wrong; PICKET_ERR_NO_MEMORY; PICKET_ERR_BUSY: there is
// one already, or TLS is at work; PICKET_ERR_ARG.
int picket_identity_use(struct picket *client, const picket_identity_t *identity);
const char *picket_identity_why(void);

#ifdef __cplusplus
}
#endif
#endif
