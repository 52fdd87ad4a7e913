// clock.h: what time it is. Certificates have dates, so a handshake needs the time.
//
// The time comes from the port (port.h: unix_ms). It is believed only within [build date, build date + 20
// years]: a clock that says 1970, or 2099, is no clock.
//
// While it is not known, a TLS connection first asks the time servers of the configuration
// (config.time_servers) by itself, within its connect deadline and in picket_poll, and sets the port's clock:
// PICKET_PHASE_TIME. All are asked at the same time, at once and again after 1, 2, 4, ... seconds, until one
// has answered where only one is configured, else until two have that are at most 10 s apart. What fails is
// PICKET_ERR_NO_TIME, and picket_detail_t.text says what is wrong with each server, or that they disagree
// (PICKET_ERR_NO_NETWORK where there is none). After a round that failed none begins for 1, 2, 4, ... 16 s. A
// server that wants to be left alone (kiss-o'-death) is not asked again until picket_deinit; one that was
// asked too often (RATE), not before the next round; one that says it is not synchronised yet is asked again.
// What the application sets meanwhile is what counts. http:// needs no time and asks nobody.
//
// An answer is taken (RFC 4330 section 5, RFC 5905) when it comes from the address and port that were asked,
// within 8 s, carries the 64 random bits of one of the last queries, and is of a server that says it is
// synchronised, at stratum 1 to 15 and within 1.5 s of true time. Half its round trip is added.
//
// SNTP is not signed. Whoever sees the packets on their way, or is the server (where two must agree: two of
// the servers), can while the time is not known set any time between floor and ceiling, once. Then
// certificates count as valid that were valid at that time: one that has expired since, and whose key was
// stolen or which was withdrawn for that reason, is believed; and certificates of today may be refused. He
// cannot set the clock to before this program was built; he cannot move a clock that is known by more than
// 300 seconds an answer; he cannot make a certificate count that no trusted issuer has signed, or that is for
// another name. Whoever sees no packets has to guess 64 bits and a port; or, where servers are given by name,
// to forge the answers of the name server, which is easier (RFC 5452: 16 bits and a port), and be the servers.
// Who can get the time in a better way (a battery-backed clock, GPS, a signed message) should, and set it by
// picket_clock_set.
#ifndef PICKET_CLOCK_H
#define PICKET_CLOCK_H

#include <stdint.h>

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

// Milliseconds since 1970-01-01 00:00 UTC, or PICKET_ERR_NO_TIME when the time is not known or not believed.
int64_t picket_unix_ms(const picket_t *client);

// Set the clock: the application knows the time, from a battery-backed clock, a GPS receiver, its own server.
// 0; PICKET_ERR_ARG when it is not between floor and ceiling, or the board's clock cannot be set. Before
// picket_init too.
int picket_clock_set(int64_t unix_ms);

// Where the time that is known comes from: "SNTP, 2 servers agreed: A, B", "SNTP, 1 server: A" (long names
// are cut off), "set by the application", "the board" (its own clock); "" while it is not known. Lives until
// the clock is set again.
const char *picket_clock_source(void);

// Ask this time server (as in config.time_servers; where it names no port: port, or 123 when that is 0) and
// set the clock by its answer, within timeout_ms. Not needed before a TLS connection; it is for a clock that
// is to be set again, for other uses of the time, or to ask before the first connection. 0, or
//   PICKET_ERR_TIMEOUT_TIME   nobody answered; or what the name lookup said
//   PICKET_ERR_TIME_REFUSED   an answer that no clock is to be set by: picket_clock_why says in a few words what is wrong
//                             with it. A time outside floor and ceiling is such, and so is one that is more than 300 s
//                             from a time that is known already
//   PICKET_ERR_ARG            server is none, timeout_ms is 0 or above 2^31 - 1, or the port has no datagrams or a clock
//                             that cannot be set
int picket_clock_query_blocking(picket_t *client, const char *server, uint16_t port, uint32_t timeout_ms);
const char *picket_clock_why(void);

// The earliest time believed, in seconds since 1970: when this Picket was built.
int64_t picket_clock_floor(void);

// The latest time believed: 20 years later.
int64_t picket_clock_ceiling(void);

#ifdef __cplusplus
}
#endif
#endif
