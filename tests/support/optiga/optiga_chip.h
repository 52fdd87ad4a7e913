// optiga_chip.h: a simulated OPTIGA Trust M on a simulated I2C bus, by Infineon's public descriptions of its protocol: it
// knows nothing of the driver. Time is simulated too, and passes in transfers and in sleep.
//
//     chip_reset(&(chip_faults_t){.seed = 1, .flip = 50});   // each frame is damaged once in 20
//     picket_optiga_open(&optiga, chip_bus());
#ifndef OPTIGA_CHIP_H
#define OPTIGA_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket_optiga.h"

// What goes wrong, in thousandths of the occasions; 0: never.
typedef struct chip_faults {
    uint32_t seed;
    uint16_t nack;    // a transfer is not acknowledged
    uint16_t bus;     // a transfer fails otherwise
    uint16_t flip;    // one or two bits of a frame arrive wrong, either way
    uint16_t lose;    // a frame to the chip, or one of its own, is lost
    uint16_t twice;   // a frame of the chip's comes a second time
    uint16_t state;   // the state register, which has no checksum, is read wrong
    uint16_t reset;   // the chip restarts, at any transfer
    uint16_t resync;  // the chip answers a frame by asking to begin anew
    uint32_t busy_us; // what a command takes it, at the most; 0: 3 ms
    uint16_t late;    // an answer takes half a second
} chip_faults_t;

// The chip as it comes out of reset, at another moment of the clock.
void chip_reset(const chip_faults_t *faults);
const picket_i2c_t *chip_bus(void);

// How it is; may be changed between calls.
extern struct chip_settings {
    uint16_t frame_max;      // the longest that it takes; 277
    bool separately;         // it acknowledges in a frame of its own before it answers
    bool absent;             // nothing is on the bus
    bool stuck;              // a line is held low
    bool busy_for_ever;      // it never answers
    bool clock_stands;       // millis gives one value for ever
    uint8_t refuse;          // every command but the reading of this error code is refused with it; 0: none
    uint16_t answer_len;     // GetRandom gives so many bytes, whatever is asked for; 0: as many
    uint16_t claim_len;      // an answer claims so many bytes; 0: as many as it has
    uint16_t frames_claimed; // the state register claims a frame of this length; 0: as it is
    uint8_t strange;         // an answer's status; 0: none
} chip;

// Microseconds since chip_reset; commands done, by number (Cmd without its top bit).
uint64_t chip_us(void);
unsigned chip_done(uint8_t command);

// These bytes, all of them, stand in one answer to GetRandom, and no answer has been asked for them before.
bool chip_gave(const uint8_t *bytes, size_t len);

// The signature that it gives for this key and digest, as r and s.
void chip_signature(uint16_t key, const uint8_t digest[32], uint8_t signature[64]);

#endif
