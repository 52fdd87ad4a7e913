// client.h: what a picket_t holds in its arena, and the slots that handles point to.
#ifndef PICKET_CLIENT_H
#define PICKET_CLIENT_H

#include "exchange.h"
#include "picket/tls.h"
#include "stream.h"

// A TLS stream of tls.h.
typedef struct secure {
    char host[PICKET_HOST_MAX + 1];
    picket_address_t literal;
    picket_timeouts_t timeouts;
    stream_t stream;
    keep_t *keep;    // while the stream is in use
    deadline_t idle; // while there is something to be written and no room for it
    deadline_t total;
    int error;
    picket_detail_t detail;
} secure_t;

// One of exchange and secure, or neither.
typedef struct slot {
    uint16_t generation;
    exchange_t *exchange;
    secure_t *secure;
} slot_t;

struct picket_state {
    exchange_env_t env;
    keep_t keep;
    int error; // of the client: nothing can be started any more
    slot_t slots[PICKET_SLOTS];
};

// The state of a client that may start something, or NULL and *error.
struct picket_state *client_state(const picket_t *client, int *error);

// A free slot, its generation advanced; or NULL.
slot_t *client_take_slot(struct picket_state *state, uint16_t *number);

// The slot of a handle, or NULL when the handle is stale.
slot_t *client_slot(const picket_t *client, uint16_t number, uint16_t generation);

// Take a TLS stream further; the milliseconds until it is needed again, at most ms.
uint32_t secure_poll(const exchange_env_t *env, secure_t *s, uint32_t ms);
int secure_fail(secure_t *s, int error);
void secure_free(secure_t *s);

// The loop of every _blocking function: poll, then sleep until there is a reason to look again.
void client_wait(picket_t *client);

#endif
