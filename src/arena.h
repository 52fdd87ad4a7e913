// arena.h: the one block of memory that everything of Picket's lives in, Mbed TLS included.
//
// Blocks have an 8-byte header and 8-byte alignment. Large blocks (record buffers) are taken from the high
// end, small ones from the low end, so that the twelve thousand short-lived allocations of a handshake cannot
// fragment a record's place. There is one arena at a time, since Mbed TLS's allocator is global; the
// functions without an arena argument use it.
#ifndef PICKET_ARENA_H
#define PICKET_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"

// Blocks of at least this many bytes come from the high end.
#define ARENA_LARGE 1024u

// Take over mem (any alignment). False when it is too small to hold anything.
bool arena_start(void *mem, size_t len);

// Other contexts may allocate and free too, where the port can keep them out meanwhile (its guard; it may have
// none). Until arena_stop.
void arena_share(const picket_port_t *port);

// In one of them.
bool arena_is_beside(void);

// Wipe every byte of it and forget it. Blocks still in use are gone. Harmless when there is none.
void arena_stop(void);

// Zeroed memory, or NULL. free takes NULL. These are also mbedtls_calloc and mbedtls_free.
void *picket_arena_calloc(size_t n, size_t size);
void picket_arena_free(void *p);

// For a while, lend memory that has another use (8 bytes of it or fewer may be lost to alignment): what
// arena_calloc_short allocates comes from there while there is room, and counts as no use of the arena. False
// when it is too small, or something has been lent already. reclaim: false, and it stays lent, while a block of
// it is still in use. What it held is lost.
bool arena_lend(void *mem, size_t len);
bool arena_reclaim(void);

// picket_arena_calloc for a block that will be freed before the memory lent is wanted back. Small blocks are
// not taken from there: those may live longer than whoever allocates them knows.
#define ARENA_LENT_MIN 256u
void *arena_calloc_short(size_t n, size_t size);

// A larger block with the first old bytes of p (NULL: none) and zeroes behind them; p is gone. NULL: no
// memory, and p is as it was. It grows in place where there is room in front of it, so that what grows at the
// high end never needs both at once.
void *arena_grow(void *p, size_t old, size_t bytes);

// Zeroed memory; on free, wiped: for what is secret. size must be that of the allocation.
void arena_free_wiped(void *p, size_t size);

// Bytes in use, headers included; their maximum since arena_peak_reset; and since arena_start.
size_t arena_used(void);
size_t arena_peak(void);
size_t arena_peak_ever(void);
void arena_peak_reset(void);

// Allocations that failed since arena_start, but for those of other contexts: tells "no memory" from other failures of a library call.
uint32_t arena_failures(void);

// Tests only: let the n-th allocation from now fail (1: the next one), 0: none.
void arena_fail_at(uint32_t n);

// Walk all blocks; false when a header is damaged. For tests and assertions.
bool arena_check(void);

#endif
