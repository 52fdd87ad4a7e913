// entropy.h: randomness. Sources of entropy (picket/entropy.h) seed the generator behind PSA; everybody else asks that
// generator.
#ifndef PICKET_SRC_ENTROPY_H
#define PICKET_SRC_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>

#include "picket/port.h"
#include "text.h"

// Use the port's sources from now on, an earlier failure being forgotten, and others too (a list that ends with NULL, or
// NULL). Borrowed until entropy_stop. Before psa_crypto_init, which asks them first. 0, or PICKET_ERR_ARG: too many.
int entropy_start(const picket_port_t *port);
int entropy_add(const picket_entropy_source_t *const *sources);

// After a failure it lasts, and picket_entropy goes on telling of it, until entropy_start.
void entropy_stop(void);

// A source has failed since entropy_start, or there is none. Nothing is asked again.
bool entropy_failed(void);

// Which source, and in what.
void entropy_explain(text_t *text);

// Random bytes, after psa_crypto_init, made on TLS's stack: not while tls_busy. Returns 0, or PICKET_ERR_NO_ENTROPY and
// buf is all zero.
int entropy_random(void *buf, size_t len);

#endif
