// clock_server.h: one time server: its address, the queries, and what it answers. clock_ask.h asks several.
#ifndef PICKET_SRC_CLOCK_SERVER_H
#define PICKET_SRC_CLOCK_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"
#include "sntp.h"
#include "timer.h"
#include "tls.h"

// Queries that an answer may still come to.
#define CLOCK_QUERIES_KEPT 4u

enum clock_server_state {
    CLOCK_SERVER_NAMED, // a lookup is wanted
    CLOCK_SERVER_LOOKUP,
    CLOCK_SERVER_FOUND, // its address is known
    CLOCK_SERVER_ASKED,
    CLOCK_SERVER_ANSWERED,
    CLOCK_SERVER_GONE // nothing can come of it: error, and perhaps why
};

typedef struct clock_stamp {
    uint8_t bytes[SNTP_STAMP];
    uint32_t sent; // when
} clock_stamp_t;

typedef struct clock_server {
    const char *name; // as it was given: borrowed
    const char *why;  // what was wrong with its last answer, NULL: nothing
    int error;
    int handle; // of the lookup, or of the socket
    uint8_t state;
    uint8_t family; // that is looked up
    uint8_t bit;    // in clock_asker_t.kissed
    uint16_t number;
    picket_address_t address;
    unsigned queries;
    uint32_t wait_ms;
    deadline_t again;
    clock_stamp_t stamps[CLOCK_QUERIES_KEPT]; // of the last queries
    uint32_t trip_ms;                         // there and back
    int64_t zero_ms;                          // the time when the asking began
} clock_server_t;

// Who asks: what every server of a round shares.
typedef struct clock_asker {
    const picket_port_t *port;
    const tls_client_t *tls;
    uint32_t began;
    bool sent;       // at least one query
    unsigned kissed; // who wants to be left alone, as bits
} clock_asker_t;

// Begin with "HOST", "HOST:PORT", "[IPV6]:PORT" or an IP literal; number is the port where the text has none.
// False: it is none of these.
bool clock_server_start(clock_server_t *s, const char *name, uint16_t number);

// Take it further: towards its address; and then, queries and answers.
void clock_server_find(clock_asker_t *asker, clock_server_t *s);
void clock_server_ask(clock_asker_t *asker, clock_server_t *s);

// Milliseconds until it is needed again, at most ms.
uint32_t clock_server_next(const clock_server_t *s, uint32_t now, uint32_t ms);

// Nothing it says is to be believed: why.
void clock_server_refuse(clock_asker_t *asker, clock_server_t *s, const char *why);

// Give back what it holds.
void clock_server_stop(clock_asker_t *asker, clock_server_t *s);

// What is wrong with it, were it given up now: an error, and the words for it.
int clock_server_error(const clock_server_t *s);
const char *clock_server_words(const clock_server_t *s);

#endif
