// flash.h: the board's flash, from its beginning on. Erased bytes are 0xff; what is written can only make ones into zeros.
#ifndef OTA_FLASH_H
#define OTA_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "picket/download.h"

// The file goes to the second half. The last sector has notes: what the file is (at 0), its length when all of it is verified (at
// MARK), and from STORED on a byte that is 0 for each sector that is stored.
#define SLOT   (PICO_FLASH_SIZE_BYTES / 2)
#define NOTES  (PICO_FLASH_SIZE_BYTES - FLASH_SECTOR_SIZE)
#define MARK   128u
#define STORED 256u

extern const picket_sink_t slot_sink; // slot.c

const uint8_t *flash_at(uint32_t at);

// A sector (FLASH_SECTOR_SIZE).
void flash_erase(uint32_t at);

// Any number of bytes; those around them stay as they are.
void flash_write(uint32_t at, const void *data, size_t len);

#endif
