// altcp_private.h: what the files of the altcp layer share.
//
//   altcp_config.c   configurations, and Picket's start and end with them; sessions
//   altcp_tls.c      the functions that altcp calls for a connection
//   altcp_flow.c     a connection as the worker takes it further: all of TLS, and all callbacks of the application
//   altcp_timer.c    who calls the worker, and where
//   altcp_inner.c    the connection underneath: its callbacks, which only queue, and the bytes to and from it
//
// Who may touch what, where the worker has a context of its own (lwip_port.h): what lwIP and the application see of a flow
// (all but context, stream, and what is behind them) belongs to whoever has lwIP's lock; TLS, the clock and the
// configurations' insides to whoever has taken Picket (lwip_owner.h); the list of flows and the arena are guarded. The
// worker takes Picket for a turn and holds the lock within it, but for each call into TLS.
#ifndef PICKET_ALTCP_PRIVATE_H
#define PICKET_ALTCP_PRIVATE_H

#include "lwip/opt.h"

#if LWIP_ALTCP && LWIP_ALTCP_TLS // else there is nothing of this layer in the program

#include "lwip/altcp_tls.h"
#include "lwip/priv/altcp_priv.h"
#include "picket/altcp.h"
#include "picket/port.h"

// The core's own headers: the layer stands on the engine that HTTPS stands on.
#include "../../../src/stream.h"
#include "../../../src/tls_context.h"

struct altcp_tls_config {
    struct altcp_tls_config *next;
    picket_config_t config; // of its client
    tls_client_t *client;
    picket_trust_t trust;
    void *trust_mem;
    void *trust_der; // a copy, when it is DER, to which the store points
    char *host;      // NULL: none
    unsigned flows;
    bool freed; // by the application: gone with the last flow

    struct pending *pending; // NULL: it has been set up
    int error;               // of setting it up
    const char **alpn;
};

// When a part of what was written has been acknowledged: so many bytes of the application's are, when ciphertext up
// to this position is.
typedef struct flow_mark {
    uint32_t position;
    uint32_t bytes;
} flow_mark_t;

#define FLOW_MARKS 8u

enum flow_state { FLOW_NEW, FLOW_CONNECTING, FLOW_CONNECTED, FLOW_SHAKING, FLOW_OPEN, FLOW_ENDED };

// A connection. Lives in the arena, longer than its altcp_pcb when it still has to say goodbye, or computes.
typedef struct flow {
    struct flow *next;
    struct altcp_tls_config *config;
    struct altcp_pcb *conn;  // NULL: the application has let go of it, or knows that it has ended
    struct altcp_pcb *inner; // NULL: it is gone
    int handle;
    enum flow_state state;

    tls_context_t *context;
    char *host;
    picket_address_t literal;
    uint16_t port;
    stream_t stream;
    deadline_t deadline; // of altcp_connect; then of writing, and of the goodbye

    int error;
    err_t code;       // of error, for the application
    err_t lost;       // what ended inner
    bool established; // inner says so
    bool fin;         // inner has no more
    uint8_t quick;    // segments that will still be acknowledged at once

    struct pbuf *in;      // ciphertext
    struct pbuf *refused; // plaintext that recv did not want
    uint32_t refused_at;
    uint32_t unread; // plaintext that the application holds
    bool ended;      // by close_notify
    bool end_told;
    bool deaf; // shut down for reading

    struct pbuf *out; // plaintext to be encrypted
    uint32_t written; // plaintext not yet acknowledged
    uint32_t unmarked;
    uint32_t put; // ciphertext handed to inner, sent off by it, and acknowledged
    uint32_t pushed;
    uint32_t acknowledged;
    uint32_t taken; // ciphertext from it
    uint32_t moved; // acknowledged and taken, when the deadline was set
    flow_mark_t marks[FLOW_MARKS];
    unsigned mark_count;
    bool finishing; // nothing more is written
    bool finished;  // and close_notify is out
    bool poll_due;
    bool starved; // no pbuf for plaintext
} flow_t;

// --- altcp_config.c

const picket_port_t *altcp_port(void);
bool altcp_runs(void); // Picket, started here
uint32_t altcp_now(void);
void altcp_config_release(struct altcp_tls_config *config); // one flow less
void altcp_configs_sweep(void);                             // free those that nobody has any more
bool altcp_configs_prepare(void); // set up those that could not be at once; true when there are any left
bool altcp_configs_wait(void);    // there are, or something is to be freed

// What the last one that failed said.
void altcp_remember(const struct altcp_pcb *conn, int error, const picket_detail_t *detail);

// --- altcp_tls.c

extern const struct altcp_functions altcp_picket_functions;

// --- altcp_flow.c

flow_t *altcp_flow_new(struct altcp_tls_config *config, struct altcp_pcb *conn, struct altcp_pcb *inner);
flow_t *altcp_flow_find(int handle);
flow_t *altcp_flow_of(const void *who); // by its pcb, or the application's argument
void altcp_flow_describe(const flow_t *f, picket_detail_t *detail);
bool altcp_flows_any(void);

// The application has let go of it: what it wrote is still sent.
void altcp_flow_release(flow_t *f);

// Let the worker look at everything soon. With the lock.
void altcp_kick(void);
void altcp_worker_stop(void);

// Take Picket for a call of the application's: false while another context is at work in it. Then give it back.
bool altcp_take(void);
void altcp_give(void);

// --- altcp_timer.c

// Call work once, in the worker's context (lwIP's, in none of its callbacks, where the board has none), after ms
// milliseconds; what was set before is forgotten.
void altcp_timer_set(uint32_t ms, void (*work)(void));
void altcp_timer_clear(void);

// lwIP's lock, of the worker.
void altcp_lock(void);
void altcp_unlock(void);

// False: lwIP has a lock, and the worker no context.
bool altcp_has_context(void);

// --- altcp_inner.c

extern const picket_port_t altcp_inner_port;

void altcp_inner_attach(flow_t *f);
err_t altcp_inner_connect(flow_t *f, const ip_addr_t *address, u16_t port);
void altcp_inner_poll_every(flow_t *f, u8_t interval);

// End it. What is queued is still sent; nothing is called any more. abort sends RST.
void altcp_inner_close(flow_t *f);
void altcp_inner_abort(flow_t *f);

// Forget the ciphertext that has come, and let TCP have its window.
void altcp_inner_discard(flow_t *f);

#endif
#endif
