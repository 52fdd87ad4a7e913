// The copy of kernels/copy.h: every alignment of both sides, every length, and not a byte beside. On an M0+ it is the assembler.
#include "kernels/copy.h"

#include <stdint.h>

#include "check.h"

enum { LONGEST = 100, EDGE = 8, ROOM = LONGEST + 2 * EDGE };

static _Alignas(8) uint8_t from[ROOM], to[ROOM], wanted[ROOM];

static void copy_is_exact(size_t at, size_t place, size_t len)
{
    for (size_t i = 0; i < ROOM; i++) {
        from[i] = (uint8_t)(i * 37 + len + 1);
        to[i] = wanted[i] = (uint8_t)~i;
    }
    for (size_t i = 0; i < len; i++)
        wanted[EDGE + place + i] = from[EDGE + at + i];
    CHECK(kernel_copy(to + EDGE + place, from + EDGE + at, len) == to + EDGE + place);
    if (memcmp(to, wanted, ROOM) != 0)
        FAIL("from %u to %u, %u bytes", (unsigned)at, (unsigned)place, (unsigned)len);
}

static void copies_every_length_between_every_two_alignments(void)
{
    for (size_t at = 0; at < 4; at++)
        for (size_t place = 0; place < 4; place++)
            for (size_t len = 0; len <= LONGEST - 4; len++)
                copy_is_exact(at, place, len);
}

int main(void)
{
    RUN(copies_every_length_between_every_two_alignments);
    return check_done();
}
