// flash.c: the flash as the pico-sdk gives it.
#include "flash.h"

#include <string.h>

#include "hardware/flash.h"
#include "hardware/sync.h"

const uint8_t *flash_at(uint32_t at)
{
    return (const uint8_t *)XIP_BASE + at;
}

// While flash is written it cannot be read: no interrupt may run (hardware/flash.h), and nothing on the other core.
void flash_erase(uint32_t at)
{
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_erase(at, FLASH_SECTOR_SIZE);
    restore_interrupts(interrupts);
}

static void write_page(uint32_t at, const uint8_t *page)
{
    uint32_t interrupts = save_and_disable_interrupts();
    flash_range_program(at, page, FLASH_PAGE_SIZE);
    restore_interrupts(interrupts);
}

void flash_write(uint32_t at, const void *data, size_t len)
{
    static uint8_t page[FLASH_PAGE_SIZE]; // flash cannot be written from flash
    const uint8_t *bytes = data;
    while (len > 0) {
        uint32_t first = at % FLASH_PAGE_SIZE;
        size_t n = len < FLASH_PAGE_SIZE - first ? len : FLASH_PAGE_SIZE - first;
        memset(page, 0xff, sizeof page);
        memcpy(page + first, bytes, n);
        write_page(at - first, page);
        at += (uint32_t)n;
        bytes += n;
        len -= n;
    }
}
