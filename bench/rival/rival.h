// rival.h: what main.c fetches with, each time one TLS library over lwIP: altcp.c (lwIP's own altcp_tls, over Mbed TLS),
// bearssl.c, wolfssl.c. One connection at a time; all of it in the main loop's context.
#ifndef BENCH_RIVAL_RIVAL_H
#define BENCH_RIVAL_RIVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/ip_addr.h"

// --- Of the library's file

// Once, when the network is up and the time is set. ca: certificates to trust, PEM, len bytes and a '\0'. False: it failed.
bool rival_start(const char *ca, size_t len);

// Begins a connection, and offers to resume the last one's session if there is one. What came of it is told by the functions
// below, later or at once. False: it failed at once.
bool rival_open(const char *host, const ip_addr_t *address, uint16_t port);

// Once for each turn of the main loop: a piece of what is to be done, and then lwIP's turn comes again. True: there is more.
bool rival_poll(void);

// In rival_connected or later. False: not all of it could be queued.
bool rival_send(const void *data, size_t len);

// What there is of the connection is given up; it need not be open. Not in one of the functions below.
void rival_close(void);

// --- Of main.c

// The handshake is over and the server verified.
void rival_connected(void);

// The bytes of the body and of what is before it, in order. len may be 0.
void rival_received(const void *data, size_t len);

// Nothing more will come. error: the library's own number, 0: the server has closed.
void rival_ended(int error);

// len random bytes from the chip's oscillator, in as many samples as Picket takes for a seed. False: it does not work.
bool rival_entropy(uint8_t *out, size_t len);

#endif
