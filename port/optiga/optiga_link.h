// optiga_link.h: an APDU to the chip and its answer back (IFX I2C Protocol Specification 2.03): registers, data link and
// transport. Private to the driver.
#ifndef OPTIGA_LINK_H
#define OPTIGA_LINK_H

#include "picket_optiga.h"

enum {
    OPTIGA_STARTUP_MS = 20, // data sheet, 5.1.4: 15 ms, after a reset that interrupts NVM programming 20
    OPTIGA_OPEN_MS = 100,   // our limit for an answer to what takes the chip a few milliseconds
    OPTIGA_HEADER = 4,      // of command and answer: Cmd, Param, InLen; Sta, UnDef, OutLen
};

// All that follows has to be done in so many milliseconds.
void optiga_begin(picket_optiga_t *o, uint16_t ms);

// Reset the chip and agree on the length of frames.
int optiga_link_start(picket_optiga_t *o);

// Send a command and receive its answer: the header into o->header, at most out_max bytes of data to out; o->got is the
// length of both. No error: what has come is whole.
int optiga_exchange(picket_optiga_t *o, const uint8_t *command, size_t len, uint16_t answer_ms);

void optiga_wipe(void *memory, size_t len);

#endif
