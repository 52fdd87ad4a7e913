// phases.h: how many cycles a TLS handshake takes, and each phase of it. Of Mbed TLS's, phases_mbedtls.c tells when a phase
// begins; of another library's, all is PHASE_BETWEEN.
//
// A phase has all the cycles from the entry into its step to its return, whatever was done meanwhile: a step of
// Picket's comes back early to serve lwIP.
#ifndef BENCH_PHASES_H
#define BENCH_PHASES_H

#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_BETWEEN,   // outside of these steps: TCP, what has Mbed TLS called, and what calls it
    PHASE_HELLO,     // ClientHello, with a key pair for TLS 1.3
    PHASE_SECRET,    // ServerHello; the shared secret, and in TLS 1.2 (ClientKeyExchange) the key pair too
    PHASE_CHAIN,     // Certificate: the signatures of leaf and intermediate
    PHASE_SIGNATURE, // CertificateVerify (1.3), ServerKeyExchange (1.2): the signature of the leaf's key
    PHASE_FINISH,    // the rest: EncryptedExtensions, Finished, ...
    PHASES
};

struct phases {
    uint64_t cycles[PHASES];
    uint64_t began, ended; // cycles_work() then
    bool running, over;
    bool resumed; // no Certificate came
    uint16_t version, suite;
};

extern struct phases phases;

// Before a connection.
void phases_reset(void);

// The first step of the handshake begins; the last one, which phases_pass_to was told of, is over.
void phases_begin(void);
void phases_end(uint16_t version, uint16_t suite);

// What has passed since the last call belongs to the phase that was then, which is returned.
enum phase phases_pass_to(enum phase phase);

#endif
