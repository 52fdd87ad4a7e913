// lwip_owner.h: in which context Picket is at work, where the altcp layer may be called in several.
//
// All of TLS is for one context at a time: the worker's, or that of a program which makes a configuration. Nobody waits for
// it, since whoever has it may be the one that has been interrupted.
#ifndef PICKET_LWIP_OWNER_H
#define PICKET_LWIP_OWNER_H

#include <stdbool.h>

// Take it; whoever has it may take it again, and gives it back as often. False: another context has it. Any context.
bool picket_lwip_take(void);
void picket_lwip_give(void);

// Another context has it.
bool picket_lwip_is_beside(void);

#endif
