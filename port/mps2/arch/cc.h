// cc.h: what lwIP wants to know about the compiler and the machine.
#ifndef PICKET_MPS2_CC_H
#define PICKET_MPS2_CC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
uint32_t picket_mps2_random32(void);
_Noreturn void picket_mps2_panic(const char *message);
#ifdef __cplusplus
}
#endif

#define LWIP_RAND() picket_mps2_random32()

#ifndef BYTE_ORDER
#define BYTE_ORDER LITTLE_ENDIAN
#endif

typedef int sys_prot_t;

// lwIP has nothing to say to the user; a broken invariant ends the program.
#define LWIP_PLATFORM_DIAG(message) \
    do {                            \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) picket_mps2_panic(message)

#endif
