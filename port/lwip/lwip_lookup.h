// lwip_lookup.h: names to addresses, through lwIP's resolver. The functions are those of picket/port.h.
#ifndef PICKET_LWIP_LOOKUP_H
#define PICKET_LWIP_LOOKUP_H

#include "picket/port.h"

int picket_lwip_lookup(void *ctx, const char *name, int family);
int picket_lwip_lookup_result(void *ctx, int handle, picket_address_t *address);
void picket_lwip_lookup_end(void *ctx, int handle);

// Forget all lookups. What lwIP still answers goes nowhere. Called under the lock.
void picket_lwip_lookup_stop(void);

#endif
