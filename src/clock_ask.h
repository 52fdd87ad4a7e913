// clock_ask.h: asking time servers, all at the same time, until the clock is set: by the answer of the one,
// or, of several, by two that agree. Nothing here waits.
#ifndef PICKET_SRC_CLOCK_ASK_H
#define PICKET_SRC_CLOCK_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"
#include "tls.h"

// Lives in the arena.
typedef struct clock_ask clock_ask_t;

// The port has what it takes: datagrams, and a clock that can be set.
bool clock_ask_possible(const picket_port_t *port);

// Every name is "HOST", "HOST:PORT", "[IPV6]:PORT" or an IP literal.
bool clock_ask_valid(const char *const *names, size_t count);

// Begin. The names are borrowed; number is the port where they have none; left_alone: a bit for each server
// that is not to be asked. 0, PICKET_ERR_ARG, _NO_MEMORY.
typedef struct clock_ask_whom {
    const char *const *names;
    size_t count;
    uint16_t number;
    unsigned left_alone;
} clock_ask_whom_t;
int clock_ask_new(const picket_port_t *port, const tls_client_t *tls, const clock_ask_whom_t *whom,
                  clock_ask_t **ask);
void clock_ask_free(clock_ask_t *ask);

// Take it further. 0: the clock is set, or was by the application meanwhile. PICKET_AGAIN, or the error:
// nothing can come of it any more.
int clock_ask_poll(clock_ask_t *ask);

// Milliseconds until it is needed again, at most ms.
uint32_t clock_ask_next(const clock_ask_t *ask, uint32_t ms);

// Were it given up now: the error, and why the first server was refused (NULL: it was not).
int clock_ask_error(const clock_ask_t *ask);
const char *clock_ask_why(const clock_ask_t *ask);

// What is wrong with each server, into text of cap bytes.
void clock_ask_explain(const clock_ask_t *ask, char *text, size_t cap);

// At least one query has gone out. And a bit for each server that wants to be left alone.
bool clock_ask_sent(const clock_ask_t *ask);
unsigned clock_ask_kissed(const clock_ask_t *ask);

#endif
