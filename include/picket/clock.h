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

// The earliest time believed, in seconds since 1970: when this Picket was built.
int64_t picket_clock_floor(void);

// The latest time believed: 20 years later.
int64_t picket_clock_ceiling(void);

#ifdef __cplusplus
}
#endif
#endif
