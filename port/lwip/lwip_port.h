// lwip_port.h: what a board with lwIP supplies, and how a picket_port_t is made of it.
//
// Everything that concerns names and TCP (port.h: lookup, connect, send, recv, close) is here, once for all
// boards. The board brings the link up, and says how lwIP is run on it (port.h: who runs what, and where):
//
//   model        lwIP is run by                 poll                   run_timers  lock, unlock  wake
//   poll         Picket (NO_SYS, bare metal)    the driver's receive   true        NULL          NULL
//   poll         the SDK's poll, called by it   the SDK's poll         false       NULL          NULL
//   background   a low-priority interrupt       NULL                   false       against it    ends wait
//   RTOS         a thread of the network's      NULL                   false       lwIP's core   ends wait
//
// The lock need not be recursive: Picket never takes it twice.
//
// There is one lwIP in a program, so there is one board: the functions below use what picket_lwip_port() was
// given.
#ifndef PICKET_LWIP_PORT_H
#define PICKET_LWIP_PORT_H

#include <stdbool.h>

#include "lwip/opt.h"
#include "picket/options.h"
#include "picket/port.h"

#ifdef __cplusplus
extern "C" {
#endif

// Names that are looked up at once: two for each of two exchanges (IPv6 and IPv4). lwIP cannot cancel a
// lookup, so one that was given up keeps its place until lwIP has finished with it. Lower: lookups wait for
// each other.
#ifndef PICKET_LWIP_LOOKUPS
#define PICKET_LWIP_LOOKUPS 4
#endif

// Connections at once: two for each exchange, while IPv6 and IPv4 are raced, and those kept open. Lower: PICKET_ERR_NO_MEMORY when
// all exchanges connect at the same time. About 30 bytes each. At most 255, and at most as many as lwIP has
// (MEMP_NUM_TCP_PCB), which is the default where an application's own lwipopts.h has fewer.
#ifndef PICKET_LWIP_CONNECTIONS
#if 2 * PICKET_SLOTS + PICKET_KEEP <= MEMP_NUM_TCP_PCB
#define PICKET_LWIP_CONNECTIONS (2 * PICKET_SLOTS + PICKET_KEEP)
#else
#define PICKET_LWIP_CONNECTIONS MEMP_NUM_TCP_PCB
#endif
#endif

// How long a closed connection may go on in the background until its bytes and its FIN are acknowledged, in
// seconds; then it is reset. Lower: a slow link loses the end of what was sent. At most 120.
#ifndef PICKET_LWIP_CLOSE_S
#define PICKET_LWIP_CLOSE_S 20
#endif

// Segments acknowledged at once after each send, where TCP would wait up to 250 ms for a second one: a server
// that begins slowly (RFC 5681) or collects small writes (Nagle) waits for that acknowledgement before it
// goes on. Lower: up to a quarter of a second lost in each handshake; higher: more packets in long transfers.
#ifndef PICKET_LWIP_QUICK_ACKS
#define PICKET_LWIP_QUICK_ACKS 16
#endif

typedef struct picket_lwip_board {
    // Handed to every function below.
    void *ctx;

    // As in picket/port.h. start returns when there is a network, or with an error. Both may be NULL.
    int (*start)(void *ctx);
    void (*stop)(void *ctx);

    // Hand over to lwIP what has arrived; returns the milliseconds until it wants to be called again. Called
    // without the lock. NULL: packets reach lwIP without it.
    uint32_t (*poll)(void *ctx);

    // lwIP's timers (sys_check_timeouts) are nobody else's business: Picket runs them in picket_poll.
    bool run_timers;

    // As in picket/port.h; both must be there. wait is called without the lock, and returns when wake has
    // been called since it last returned, even before it was called.
    void (*wait)(void *ctx, uint32_t ms);
    uint32_t (*millis)(void *ctx);

    // The machine's sources of entropy, as in picket/port.h.
    const picket_entropy_source_t *const *entropy;

    // The time of day, as in picket/port.h, where the board has a clock for it. NULL: it is unknown until it is set
    // (picket/clock.h), and counted on by millis from then on.
    int64_t (*unix_ms)(void *ctx);

    // Keep everybody else out of lwIP, its callbacks included. Both or none.
    void (*lock)(void *ctx);
    void (*unlock)(void *ctx);

    // Something has happened: end wait, or the next one. Called under the lock by whoever runs lwIP, in an
    // interrupt too, so it gives a semaphore or sets a flag and does nothing else. NULL where wait sees by
    // itself what happens, as in the poll model.
    void (*wake)(void *ctx);

    // As in picket/port.h, all optional.
    void *(*stack_make)(void *ctx, void *mem, size_t len, void (*entry)(void));
    void (*stack_switch)(void *ctx, void **from, void *to);
    size_t (*stack_room)(void *ctx);
    bool (*stack_intact)(void *ctx);

    // The altcp layer's worker (picket/altcp.h), which does all of TLS. NULL: it runs in lwIP's timers, which is for the
    // poll model alone: where there is a lock there must be a worker. worker calls work once, in a context that is
    // below lwIP's (of lower priority, so that lwIP interrupts it), without the lock, after ms milliseconds; what was
    // set before is forgotten; NULL: only that. Called in any context, with the lock or without, by work too.
    // context names the caller's context (a task, an exception of a core): never NULL, and no two alike at the same
    // time; guard and unguard are as in picket/port.h. All four where there is a lock.
    void (*worker)(void *ctx, uint32_t ms, void (*work)(void));
    void *(*context)(void *ctx);
    void (*guard)(void *ctx);
    void (*unguard)(void *ctx);

    // Replace an address by the one under which lwIP reaches it. May be NULL.
    void (*map_address)(void *ctx, picket_address_t *address);
} picket_lwip_board_t;

// Fill in *port for this board. Both are borrowed for as long as the port is used.
void picket_lwip_port(picket_port_t *port, const picket_lwip_board_t *board);

#ifdef __cplusplus
}
#endif
#endif
