// line.h: a TCP connection for a TLS library that takes bytes and gives bytes: what has come waits in lwIP's buffers, and only
// what is read opens the window again. One at a time.
#ifndef BENCH_RIVAL_LINE_H
#define BENCH_RIVAL_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwip/ip_addr.h"

// moved is called when it is connected, when bytes have come, when there is room for more, and when it has ended.
bool line_open(const ip_addr_t *address, uint16_t port, void (*moved)(void));

bool line_is_open(void);

// How many bytes of at most len; 0: none now.
size_t line_read(void *out, size_t len);
size_t line_write(const void *data, size_t len);

// Nothing more will come, and all of it has been read.
bool line_has_ended(void);

void line_close(void);

#endif
