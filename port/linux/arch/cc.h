// cc.h: what lwIP wants to know about the compiler and the machine.
#ifndef PICKET_LINUX_CC_H
#define PICKET_LINUX_CC_H

#include <assert.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
uint32_t picket_linux_random32(void);
#ifdef __cplusplus
}
#endif

#define LWIP_RAND() picket_linux_random32()

#ifndef BYTE_ORDER
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BYTE_ORDER LITTLE_ENDIAN
#else
#define BYTE_ORDER BIG_ENDIAN
#endif
#endif

// The C library's htons and the like, where a source includes both.
#define LWIP_DONT_PROVIDE_BYTEORDER_FUNCTIONS 1

typedef int sys_prot_t;

// lwIP has nothing to say to the user; a broken invariant ends the process, in release builds too.
#define LWIP_PLATFORM_DIAG(message) \
    do {                            \
    } while (0)
#define LWIP_PLATFORM_ASSERT(message) __assert_fail(message, __FILE__, __LINE__, __func__)

#endif
