// port.h: what Picket needs from the machine it runs on. One table of functions; a board fills it in once.
//
// An application does not read this file: config.port = NULL takes the board's own port.
//
// Rules for every function of the table
//   - Picket calls them from the thread that calls picket_*(), one at a time, never from an interrupt.
//   - None blocks, except wait.
//   - None calls back into Picket. What happens in an interrupt or in a callback of the network stack is
//     queued by the port and handed over when Picket asks.
//   - Byte rule: n > 0 bytes moved, possibly fewer than asked for; PICKET_AGAIN when nothing can move yet;
//     another negative number, an enum picket_error, when it failed, and then the same one on every later call.
//   - A handle is a number >= 0 that the port gives out. It is valid until it is given back (lookup_end,
//     close, abort).
//
// Who polls, which lock is held when, and what may run in an interrupt
//
// Picket itself runs in one thread, the application's, and only inside picket_*(). It has no task, no
// timer and no interrupt of its own (lwIP's altcp layer has a worker: altcp.h). The network stack (lwIP) is run in one of three ways; the board
// decides which:
//
//                          poll                   background               RTOS
//                          (bare metal, NO_SYS,   (the SDK's threadsafe_   (a thread of the
//                          SLIP, the SDK's poll)  background)              network's)
//   packets reach lwIP     in picket_poll         in a low-priority        in that thread
//                                                 interrupt
//   lwIP's timers run      in picket_poll         in that interrupt        in that thread
//   the lock               none                   keeps that interrupt     the lock of lwIP's
//                                                 and the other core out   core, a mutex
//   lwIP's callbacks run   in picket_*()          in that interrupt, or    in that thread, or
//                                                 in picket_*()            in picket_*()
//   wait ends with         a device's interrupt,  a wake by that           a wake by that
//                          or the time            interrupt, or the time   thread, or the time
//   without picket_poll    nothing moves, not     the network lives,       the network lives,
//                          even ARP and DHCP      Picket stands still      Picket stands still
//
//   The lock     Picket calls the network stack only while it holds the lock, and takes the lock only to
//                move bytes or to ask: for one lookup, connection, send, recv or close. It is never held
//                across arithmetic, a callback of the application's or wait, and never taken twice. What
//                is done under it is bounded: at most a TCP window or a send buffer is copied.
//   Callbacks    What the network stack calls queues bytes and sets flags, nothing else, under the lock,
//                in whichever context runs the stack. Nothing of Picket's waits, takes memory of the arena
//                or computes there.
//   Interrupts   No picket_*() may run there but those that say "any context". A port's own callbacks may;
//                they tell Picket that something happened (port/lwip: picket_lwip_happened, under the
//                lock). Interrupts stay enabled while Picket computes, those that run the network stack
//                too. They use the current stack, which may be TLS's, unless the machine gives them
//                another.
//   Arithmetic   The public-key arithmetic of a handshake runs in picket_poll, and in the _blocking
//                functions, which call it; read, write and close encrypt and decrypt what they move. It
//                runs on TLS's own stack where the port switches stacks, and comes back after
//                PICKET_SLICE_MS; otherwise on the caller's, one message of a handshake at a time. No lock
//                is held. So the network is served meanwhile in the background and RTOS models; in the
//                poll model it waits until picket_poll returns.
//   wait         Is called without the lock. What has happened since the last poll, also between poll and
//                wait, ends it.
//
// What the application's thread must not do: call picket_*() while it holds the lock or has interrupts
// disabled, from two threads at once, or from a callback (the network's or Picket's); call the network
// stack without the lock; or, at a higher priority than the network's thread, spin on picket_poll instead
// of sleeping for what it returned.
#ifndef PICKET_PORT_H
#define PICKET_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/entropy.h"
#include "picket/error.h"
#include "picket/options.h"

#ifdef __cplusplus
extern "C" {
#endif

// An IP address. family is 4 or 6; IPv4 uses the first four bytes, in network order. zone is the interface of
// a link-local IPv6 address (0: none).
typedef struct picket_address {
    uint8_t family;
    uint8_t zone;
    uint8_t bytes[16];
} picket_address_t;

// An address from text ("192.0.2.1", "2001:db8::1"; no brackets, no zone): 0, or PICKET_ERR_ARG. And as text:
// buf holds PICKET_ADDRESS_TEXT bytes. Any context.
#define PICKET_ADDRESS_TEXT 40
int picket_address_parse(const char *text, picket_address_t *address);
void picket_address_format(const picket_address_t *address, char *buf);

#define PICKET_UDP_MAX 512

typedef struct picket_port {
    // Handed to every function below.
    void *ctx;

    // start is called by picket_init, stop by picket_deinit. start returns 0 or an error; both may be NULL.
    // stop ends what is still open, lookups that cannot be cancelled included.
    int (*start)(void *ctx);
    void (*stop)(void *ctx);

    // Serve the network (where the board does not do so by itself): deliver what has arrived, run timers.
    // Returns the milliseconds until it must be called again, or 0 when anything arrived, was acknowledged,
    // was answered or failed since the previous call, so that its result is not slept over.
    uint32_t (*poll)(void *ctx);

    // Sleep until something happens on the network, at most ms milliseconds. May return early.
    void (*wait)(void *ctx, uint32_t ms);

    // A monotonic clock in milliseconds; it may wrap at 2^32.
    uint32_t (*millis)(void *ctx);

    // Milliseconds since 1970-01-01 00:00 UTC, or a negative number while the time is unknown. set_unix_ms sets the
    // clock that unix_ms tells, for as long as the machine runs; 0, or an error. NULL: it cannot be set.
    int64_t (*unix_ms)(void *ctx);
    int (*set_unix_ms)(void *ctx, int64_t unix_ms);

    // The machine's sources of entropy (entropy.h); a list that ends with NULL. Without one that claims entropy, here
    // or of the application's, picket_init fails with PICKET_ERR_NO_ENTROPY.
    const picket_entropy_source_t *const *entropy;

    // Is there a network: an interface that is up, with its link and an address? Asked in every poll. NULL: not known, and then only
    // deadlines tell of a link that was lost.
    bool (*online)(void *ctx);

    // Look up an address of name (1 to 253 characters, not an IP literal); family is 4 or 6. Returns a
    // handle, PICKET_ERR_NO_NETWORK (also when this family is not available), PICKET_ERR_NO_ADDRESS, or
    // PICKET_AGAIN when all lookups are taken. name is copied. lookup_result: 1 when *address has been set;
    // PICKET_AGAIN; PICKET_ERR_NO_ADDRESS when a name server said that there is none;
    // PICKET_ERR_TIMEOUT_LOOKUP when none answered. lookup_end gives the handle back at any time, answered or
    // not.
    int (*lookup)(void *ctx, const char *name, int family);
    int (*lookup_result)(void *ctx, int handle, picket_address_t *address);
    void (*lookup_end)(void *ctx, int handle);

    // Open a TCP connection. connect returns a handle, PICKET_ERR_UNREACHABLE, PICKET_ERR_NO_NETWORK, or
    // PICKET_ERR_NO_MEMORY when the network stack has no connection left. connected: 1 once it is
    // established; PICKET_AGAIN; PICKET_ERR_REFUSED, _RESET, _UNREACHABLE, _TIMEOUT_CONNECT.
    int (*connect)(void *ctx, const picket_address_t *address, uint16_t port);
    int (*connected)(void *ctx, int handle);

    // Move bytes of an established connection. recv returns 0 when the peer's FIN has come and all before it
    // has been taken; whether that was the provable end is not the port's business. What recv hands out is
    // credited to the TCP window in the same call: a record may be larger than the window. After a reset,
    // what had arrived in order before it is still handed out first, then PICKET_ERR_RESET.
    int (*send)(void *ctx, int handle, const void *data, size_t len);
    int (*recv)(void *ctx, int handle, void *buf, size_t len);

    // close sends what is queued, then FIN, in the background, within a time limit of the port's; nothing
    // more is received, and a peer that goes on sending may lose what was queued (RFC 1122 4.2.2.13). abort
    // sends RST. Both give the handle back and always succeed.
    void (*close)(void *ctx, int handle);
    void (*abort)(void *ctx, int handle);

    // Datagrams, for asking the time: PICKET_TIME_SERVERS_MAX servers at once, and
    // picket_clock_query_blocking. Optional, all or none. open: to and from this address and port only; a
    // handle, or an error. local is the port to send from (49152 to 65535, random, from Picket's generator:
    // whoever forges an answer has to guess it); when it is taken, the next one that is not, which after
    // 65535 is 49152. send: a datagram of at most PICKET_UDP_MAX bytes; its length, PICKET_AGAIN (it may as
    // well get lost), or an error. recv: the bytes taken of one (a longer one is cut), or PICKET_AGAIN.
    int (*udp_open)(void *ctx, const picket_address_t *address, uint16_t port, uint16_t local);
    int (*udp_send)(void *ctx, int handle, const void *data, size_t len);
    int (*udp_recv)(void *ctx, int handle, void *buf, size_t len);
    void (*udp_close)(void *ctx, int handle);

    // A stack for TLS (PICKET_STACK_SIZE bytes of the arena), so that the application's may be small. Both or
    // none: without them TLS runs on the caller's stack.
    // stack_make lays out mem (len bytes, 8-aligned) so that the first switch to what it returns calls
    // entry, which never returns. NULL: this memory will not do.
    // stack_switch saves what a called function must preserve, leaves in *from where this stack can be
    // continued, and continues the stack `to`, which stack_make or an earlier switch has left. It returns
    // when somebody switches back. A machine with a stack limit register sets it with the stack.
    void *(*stack_make)(void *ctx, void *mem, size_t len, void (*entry)(void));
    void (*stack_switch)(void *ctx, void **from, void *to);

    // Bytes that are left of the caller's stack, now (not at its fullest: TLS may have run on it before); NULL:
    // not known. Asked before a handshake where TLS has no stack of its own: less than PICKET_STACK_SIZE is
    // PICKET_ERR_STACK.
    size_t (*stack_room)(void *ctx);

    // Called after each poll: false when the caller's stack has overflowed. NULL: not known.
    bool (*stack_intact)(void *ctx);

    // For lwIP's altcp layer where programs call it in other contexts than Picket runs in (its functions, and Mbed
    // TLS's that set a host name): these ask for memory while Picket is at work. guard keeps all other contexts out,
    // interrupts and the other core too, until unguard: for some hundred instructions, not nested. beside is true in a
    // context that has interrupted Picket or runs at the same time. All or none.
    void (*guard)(void *ctx);
    void (*unguard)(void *ctx);
    bool (*beside)(void *ctx);
} picket_port_t;

// The board's own port, supplied by the port library that the program links. Used when config.port is NULL.
const picket_port_t *picket_port_default(void);

#ifdef __cplusplus
}
#endif
#endif
