// cyw43_arch.h: in place of the SDK's Wi-Fi library, what port/pico uses of it: lwIP in the SDK's own
// async_context_threadsafe_background, on a serial line (background.c).
#ifndef TEST_CYW43_ARCH_H
#define TEST_CYW43_ARCH_H

#include "pico/async_context_threadsafe_background.h"

async_context_t *cyw43_arch_async_context(void);
void cyw43_arch_lwip_begin(void);
void cyw43_arch_lwip_end(void);

#endif
