// phases.h: how many cycles each phase of a TLS handshake takes, from inside Mbed TLS: the linker puts the functions of
// phases.c around those that take the client's handshake one message further (--wrap).
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

#endif
