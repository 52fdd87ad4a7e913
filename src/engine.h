// engine.h: what TLS stands on in a program: the port, the arena, the clock, the randomness. There is one of each (Mbed
// TLS's allocator and PSA are global), so there is one user at a time: a client (client.c), or lwIP's altcp layer.
#ifndef PICKET_ENGINE_H
#define PICKET_ENGINE_H

#include <stdbool.h>

#include "picket/picket.h"

// Start them, the port's network included: config's port (which must be there), arena and sources of entropy. 0,
// PICKET_ERR_NO_ARENA, PICKET_ERR_ARG, or the port's error.
int engine_start(const picket_config_t *config);
void engine_stop(void);

// Started, and not stopped.
bool engine_runs(void);

#endif
