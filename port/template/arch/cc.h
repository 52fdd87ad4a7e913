// cc.h: what lwIP wants to know about the compiler and the machine.
#ifndef PICKET_TEMPLATE_CC_H
#define PICKET_TEMPLATE_CC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
uint32_t picket_template_random32(void);
_Noreturn void picket_template_panic(const char *message);
#ifdef __cplusplus
}
#endif

// Ports, sequence numbers and the ids of DNS queries: a guess of one lets an outsider reset a connection or answer a
// query. lwIP calls it under the lock, in an interrupt too where lwIP runs in one.
#define LWIP_RAND() picket_template_random32()

#ifndef BYTE_ORDER
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER LITTLE_ENDIAN
#else
#define BYTE_ORDER BIG_ENDIAN
#endif
#endif

typedef int sys_prot_t;

// lwIP has nothing to say to the user; a broken invariant ends the program.
#define LWIP_PLATFORM_DIAG(message) \
    do {                            \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) picket_template_panic(message)

#endif
