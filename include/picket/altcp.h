// altcp.h: Picket as the TLS layer of lwIP's altcp (altcp_tls.h), and the little that its interface has no words for.
//
// Link picket_altcp, and programs written for altcp_tls.h, lwIP's own MQTT, SMTP and HTTP clients among them, run on
// Picket's TLS, without a change. Nothing here needs to be called. What differs from lwIP's own altcp_tls_mbedtls.c:
//
//   The server     is always verified: chain, name, dates. Without a CA certificate it is the roots of the web that count
//                  (picket_trust_web). A host name is needed: mbedtls_ssl_set_hostname(altcp_tls_context(conn), name) until
//                  TCP is established, or picket_altcp_config_set_hostname. Without one, or an empty one, the
//                  connection ends with PICKET_ERR_NO_HOST. What else is written into that context has no effect.
//   connected      is called when the server has been verified, and never from within altcp_connect; nor is err.
//   err            carries ERR_TIMEOUT, ERR_MEM, ERR_RST, ERR_CLSD (cut short: no close_notify came), ERR_VAL (the
//                  server's identity, or a host name missing), ERR_CONN (no time, no randomness), ERR_ABRT (anything
//                  else); picket_altcp_error says which of Picket's errors it was. What arrived before is delivered first.
//   recv           with NULL is the end that the server has signed with close_notify, and nothing else. What recv refuses
//                  is offered again, after at most a quarter of a second, or when altcp_recved is called.
//   altcp_write    takes all or nothing, as tcp_write does, up to altcp_sndbuf; it copies. sent counts its bytes.
//   close, abort   of any connection are safe within any callback; after err they do nothing.
//   deadlines      PICKET_CONNECT_MS from altcp_connect to connected; PICKET_IDLE_MS for a server that takes nothing of
//                  what is sent, or stops within a record. Between records it may be silent as long as the application
//                  lets it.
//   sessions       are resumed by themselves, within a configuration. altcp_tls_set_session takes those that
//                  altcp_tls_get_session gave for the same configuration, which knows them anyway; others are ERR_VAL.
//   servers        (altcp_tls_create_config_server...) are not supported: NULL, ERR_VAL.
//   client certs   (..._client_2wayauth) need PICKET_CLIENT_CERT (options.h), and a key that is not encrypted; else NULL.
//   psa_crypto_init  is called by the first configuration, when there is memory and randomness; before that it fails (-148).
//
// Memory: the first configuration starts Picket in a static arena of PICKET_ALTCP_ARENA bytes (options.h), with the
// board's port (which brings its network up, where it does so for others too); altcp_tls_free_entropy, when no
// configuration and no connection is left, stops it. Meanwhile picket_init is PICKET_ERR_BUSY, and the other way round.
//
// Context: that of lwIP, as for all of altcp. Where lwIP runs in an interrupt or a thread of its own, hold its lock, also to
// call these functions; but call altcp_tls_free_entropy without it: it stops what may be waiting for it. A configuration is
// made on the caller's stack: the first one seeds the generator, and all read their certificates. lwIP's callbacks only queue. All of TLS, and all callbacks of the application's, run in a worker:
//
//   poll (NO_SYS)   in a timer: one of lwIP's (MEMP_NUM_SYS_TIMEOUT needs room for one more), or, with the pico-sdk's
//                   cyw43_arch, one of its async_context's. For PICKET_SLICE_MS at a time where the port has a stack for
//                   TLS, and for one message of the handshake where it has none. lwIP and the application wait that long.
//   background      in an interrupt below lwIP's. With the pico-sdk's threadsafe_background it is a user interrupt of the lowest
//                   priority, and picket_altcp raises lwIP's above it: to that of most devices on an RP2040 (0x80), to 0xe0 on
//                   an RP2350. The application's thread stands still for a slice, then gets a millisecond of its own, or
//                   less when a packet comes. The first configuration is made on the core that the arch was started on
//                   (else PICKET_ERR_ARG), and takes a user interrupt and a hardware alarm for good. The other core may
//                   call lwIP with its lock; while it has it, it must not wait for this one (malloc, stdio).
//   RTOS            in a task below lwIP's; with FreeRTOS on the pico-sdk PICKET_PICO_TASK_PRIORITY and _STACK
//                   (port/pico/pico_worker.h). TLS runs on that task's stack.
//
// In the last two lwIP goes on during arithmetic and encryption: the lock is held only to move bytes, and during the
// application's callbacks. A connection that is closed or aborted meanwhile is gone for the application at once, and freed by
// the worker. What is called while the worker is at work, from lwIP's context or another thread, does not wait for it:
//   altcp_tls_create_config_client...   returns a configuration that is set up later; if that fails (a certificate that
//                                       cannot be read, ...) its connections end with the error
//   altcp_tls_get_session, set_session  are ERR_INPROGRESS; in the application's callbacks they never are
//   picket_altcp_detail                 knows the phase only
// and a first configuration that another context is just making is PICKET_ERR_BUSY. PSA of the application's own, which has no
// lock, belongs in the callbacks.
// Another board with a lock supplies such a worker (port/lwip/lwip_port.h), or the first configuration is PICKET_ERR_ARG.
#ifndef PICKET_ALTCP_H
#define PICKET_ALTCP_H

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

struct altcp_tls_config;

// The name that the servers of this configuration must have, where none is set for a connection. Copied. 0;
// PICKET_ERR_NO_HOST: NULL or empty; PICKET_ERR_NO_MEMORY.
int picket_altcp_config_set_hostname(struct altcp_tls_config *config, const char *name);

// Why a connection ended: an enum picket_error, 0 while it has not. who: the altcp_pcb, while it lives, or the argument
// given to altcp_arg; of those that have ended only the last one is known, and NULL asks for it: also why the last
// configuration could not be made.
int picket_altcp_error(const void *who);

// The same as a sentence (picket_strerror), with the details behind it where there are any. Until the next call.
const char *picket_altcp_sentence(const void *who);

// The numbers of a connection, as picket_http_detail.
picket_detail_t picket_altcp_detail(const void *who);

#ifdef __cplusplus
}
#endif
#endif
