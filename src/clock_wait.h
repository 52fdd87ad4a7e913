// clock_wait.h: TLS connections that wait for the time, and the time servers of the configuration, asked for
// as long as one waits.
#ifndef PICKET_SRC_CLOCK_WAIT_H
#define PICKET_SRC_CLOCK_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/picket.h"
#include "tls.h"

// No more than PICKET_TIME_SERVERS_MAX, and every name is one (clock_ask.h).
bool clock_wait_valid(const picket_config_t *config);

// Ask by this configuration from now on; all is borrowed until clock_wait_stop.
void clock_wait_start(const picket_config_t *config, const picket_port_t *port, const tls_client_t *tls);
void clock_wait_stop(void);

// One more waits: false when there is no reason to (the time is known), or no way (nobody to ask). And one
// less.
bool clock_wait_join(void);
void clock_wait_leave(void);

// Ask, while somebody waits; the milliseconds until it is needed again, at most ms.
uint32_t clock_wait_poll(uint32_t ms);

// For those who wait: 0: the time is known. PICKET_AGAIN, or the error.
int clock_wait_result(void);

// Why the time is not known, into text of cap bytes.
void clock_wait_explain(char *text, size_t cap);

#endif
