// divide.h: quotients modulo an odd number.
#ifndef PICKET_DIVIDE_H
#define PICKET_DIVIDE_H

#include <stdint.h>

// r = k / a modulo m, 0 if a is 0. m: an odd prime below 2^(32 words), k and a below m; words: 8 or 12, of each, least first. r may be an
// argument. Constant time in k and a.
void kernel_divide(uint32_t *r, const uint32_t *k, const uint32_t *a, const uint32_t *m, int words);

#endif
