// slot.c: the sink that writes to flash, a sector at a time.
#include <string.h>

#include "flash.h"
#include "hardware/flash.h"

static uint8_t sector[FLASH_SECTOR_SIZE];

static int write_sector(void *ctx, uint64_t offset, const void *data, size_t len)
{
    const char *validator = picket_download_validator(ctx);
    uint32_t at = SLOT + (uint32_t)offset;
    if (offset == 0) {
        flash_erase(NOTES);
        flash_write(NOTES, validator, strlen(validator) + 1);
    }
    flash_erase(at);
    flash_write(at, data, len);
    if (memcmp(flash_at(at), data, len) != 0)
        return -1; // worn out
    if (len == sizeof sector)
        flash_write(NOTES + STORED + (uint32_t)offset / FLASH_SECTOR_SIZE, "", 1);
    return 0;
}

static int read_sector(void *ctx, uint64_t offset, void *data, size_t len)
{
    memcpy(data, flash_at(SLOT + (uint32_t)offset), len);
    return ctx == NULL;
}

static int restart(void *ctx)
{
    return ctx == NULL; // the next write is at 0
}

const picket_sink_t slot_sink = {write_sector, restart, read_sector, NULL, sector, sizeof sector};
