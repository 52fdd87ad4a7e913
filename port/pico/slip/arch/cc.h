// cc.h: what lwIP needs to know about this compiler and machine, for the wired variant (with Wi-Fi: the SDK's).
#ifndef PICKET_PICO_CC_H
#define PICKET_PICO_CC_H

#include "pico.h"

#define LWIP_NO_INTTYPES_H         0
#define LWIP_PLATFORM_DIAG(x)      ((void)0)

// Where it stands tells as much as its text, of which there are 5 kB.
#define LWIP_PLATFORM_ASSERT(text) panic("lwIP: %s:%d", __FILE_NAME__, __LINE__)

typedef int sys_prot_t;

#endif
