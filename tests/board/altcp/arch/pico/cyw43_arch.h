// cyw43_arch.h: in place of the SDK's Wi-Fi library, what port/pico uses of it: lwIP in an async_context of the SDK's own, on a
// serial line (background.c, freertos.c).
#ifndef TEST_CYW43_ARCH_H
#define TEST_CYW43_ARCH_H

#if PICO_CYW43_ARCH_FREERTOS
#include "pico/async_context_freertos.h"
#else
#include "pico/async_context_threadsafe_background.h"
#endif

async_context_t *cyw43_arch_async_context(void);
void cyw43_arch_lwip_begin(void);
void cyw43_arch_lwip_end(void);

#endif
