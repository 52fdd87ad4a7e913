// lwip_wall.h: the time of day on a board that has only a counter: what was set, counted on.
#ifndef PICKET_LWIP_WALL_H
#define PICKET_LWIP_WALL_H

#include <stdint.h>

// millis is the board's counter now. It may wrap: it must be asked for once in 2^32 ms (49 days), which every poll
// does. A counter that is read as a little less than before has not wrapped: that is not counted.
void picket_lwip_wall_set(int64_t unix_ms, uint32_t millis);

// Negative until it has been set.
int64_t picket_lwip_wall_ms(uint32_t millis);

#endif
