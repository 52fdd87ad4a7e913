// clock.h: what time it is. Certificates have dates, so a handshake needs the time.
//
// The time comes from the port (port.h: unix_ms). It is believed only within [build date, build date + 20
// years]: a clock that says 1970, or 2099, is no clock, and the handshake fails with PICKET_ERR_NO_TIME.
#ifndef PICKET_CLOCK_H
#define PICKET_CLOCK_H

#include <stdint.h>

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

// Milliseconds since 1970-01-01 00:00 UTC, or PICKET_ERR_NO_TIME when the time is not known or not believed.
int64_t picket_unix_ms(const picket_t *client);

// Set the clock: the application knows the time, from a battery-backed clock, a GPS receiver, its own server. 0;
// PICKET_ERR_ARG when it is not between floor and ceiling, or the board's clock cannot be set. Before picket_init too.
int picket_clock_set(int64_t unix_ms);

// Ask a time server (SNTP; a name or an IP literal; port 0: 123) and set the clock by its answer, within timeout_ms.
// Asked at once, and again after 1, 2, 4, ... seconds. 0, or
//   PICKET_ERR_TIMEOUT_TIME   nobody answered; or what the name lookup said
//   PICKET_ERR_TIME_REFUSED   an answer that no clock is to be set by (RFC 4330 section 5): picket_clock_why says in a
//                             few words what is wrong with it. A time outside floor and ceiling is such, and so is one
//                             that is more than 300 s from a time that is known already
//   PICKET_ERR_ARG            server is neither, timeout_ms is 0 or above 2^31 - 1, or the port has no datagrams or a
//                             clock that cannot be set
// Whoever sees the packets, or is the server, can give a wrong time within those limits: then certificates of another
// time are believed, and no others. What is known better should be set by picket_clock_set.
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
