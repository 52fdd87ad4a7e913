// clock.h (private): the time that is believed, and dates.
#ifndef PICKET_SRC_CLOCK_H
#define PICKET_SRC_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "picket/clock.h"
#include "picket/port.h"

// Ask this port from now on. Borrowed until clock_forget.
void clock_use(const picket_port_t *port);
void clock_forget(void);

// That port, NULL: none.
const picket_port_t *clock_port_used(void);

// Milliseconds since 1970, or PICKET_ERR_NO_TIME when the port does not know or says what cannot be
// (clock.h).
int64_t clock_unix_ms(void);
bool clock_known(void);

// Whether a time is one that a clock may say (clock.h).
bool clock_believes(int64_t unix_ms);

// Two times are no further apart than so many milliseconds.
bool clock_near(int64_t a, int64_t b, int32_t ms);

// How many times the application has set the clock.
unsigned clock_times_set(void);

// A time server has said what time it is; or two (other not NULL), who agreed.
void clock_said_by(const char *server, const char *other);

// The last second that has a date here: 9999-12-31 23:59:59, the end of what a certificate can say.
#define CLOCK_LAST INT64_C(253402300799)

// The UTC date and time of a second since 1970. month and day count from 1. What is before 1970 or after 9999
// is taken as the first or the last second of that range.
void clock_civil(int64_t unix_s, int *year, int *month, int *day, int *h, int *m, int *s);

#endif
