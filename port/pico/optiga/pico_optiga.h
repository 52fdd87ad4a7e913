// pico_optiga.h: an OPTIGA Trust M on an I2C controller of the chip. Library: picket_optiga.
#ifndef PICKET_PICO_OPTIGA_H
#define PICKET_PICO_OPTIGA_H

#include "hardware/i2c.h"
#include "picket_optiga_use.h"

#ifdef __cplusplus
extern "C" {
#endif

// The bus for picket_optiga_open, on an I2C controller that the application has set up (i2c_init at 400 kHz at most, the
// functions and pull-ups of its pins). reset_pin: the GPIO that leads to the chip's RST; negative: none does. The chip is
// alone with its driver on this bus while a call lasts. There is one such bus; a second call changes it.
const picket_i2c_t *picket_pico_optiga_bus(i2c_inst_t *i2c, int reset_pin);

#ifdef __cplusplus
}
#endif
#endif
