// entropy.h: randomness. The port's entropy seeds the generator behind PSA; everybody else asks that
// generator.
#ifndef PICKET_SRC_ENTROPY_H
#define PICKET_SRC_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

#include "picket/port.h"

// Ask this port from now on, an earlier failure being forgotten. Borrowed until entropy_stop. Before
// psa_crypto_init.
void entropy_start(const picket_port_t *port);
void entropy_stop(void);

// The port's source failed since entropy_start: it said so, or what it gave repeats itself. It is not asked
// again.
bool entropy_failed(void);

// Random bytes, after psa_crypto_init, made on TLS's stack: not while tls_busy. Returns 0, or PICKET_ERR_NO_ENTROPY and buf is all zero.
int entropy_random(void *buf, size_t len);

#endif
