// lwip_handle.h: a slot's index and its generation in one number, so that a handle that was given back is
// recognised.
//
// The same number goes through lwIP as a callback's argument: a callback that comes too late finds another
// generation and is ignored. No handle is 0, so NULL is free to mean "nobody".
#ifndef PICKET_LWIP_HANDLE_H
#define PICKET_LWIP_HANDLE_H

#include <stdint.h>

#define PICKET_LWIP_GENERATIONS 0x7fffffU // what an int has left above 8 bits of index

static inline uint32_t picket_lwip_next_generation(uint32_t generation)
{
    return generation % PICKET_LWIP_GENERATIONS + 1;
}

static inline int picket_lwip_handle(unsigned index, uint32_t generation)
{
    return (int)(generation << 8 | index);
}

static inline unsigned picket_lwip_index(int handle)
{
    return (unsigned)handle & 0xff;
}

static inline uint32_t picket_lwip_generation(int handle)
{
    return (uint32_t)handle >> 8;
}

static inline void *picket_lwip_argument(int handle)
{
    return (void *)(uintptr_t)handle; // carried by lwIP, followed by nobody
}

static inline int picket_lwip_from_argument(const void *argument)
{
    return (int)(uintptr_t)argument;
}

#endif
