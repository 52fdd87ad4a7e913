// notes.c: what is known of the file in flash, also after a restart.
#include <string.h>

#include "flash.h"
#include "hardware/flash.h"
#include "ota.h"

void store_open(picket_download_request_t *request)
{
    const uint8_t *notes = flash_at(NOTES);
    uint32_t n = 0;
    while (n < FLASH_SECTOR_SIZE - STORED && notes[0] == '"' && notes[STORED + n] == 0)
        n++;
    request->sink = slot_sink;
    request->size_max = NOTES - SLOT;
    request->offset = n * FLASH_SECTOR_SIZE;
    request->validator = (const char *)notes;
}

void store_forget(void)
{
    flash_erase(NOTES);
}

void store_done(uint32_t length)
{
    flash_write(NOTES + MARK, &length, sizeof length);
}

uint32_t store_waiting(void)
{
    uint32_t length;
    memcpy(&length, flash_at(NOTES + MARK), sizeof length);
    return length != UINT32_MAX ? length : 0;
}
