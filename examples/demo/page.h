// page.h: what the demo is told: a page of flash that tools/demo-page writes into the program's file.
//
// 16 bytes "PICKET-PAGE-0001", the length of the text and its CRC-32 (4 bytes each, little-endian), then the text:
// lines NAME=VALUE, the last of them ca=, after which certificates (PEM) follow to the end.
//   url=URL           what to fetch
//   time=HOST[:PORT]  the time server to ask; or time=@SECONDS, the time itself (since 1970); or time=auto, the servers
//                     that Picket asks by itself
//   address=ADDRESS   connect there, and look nothing up
//   repeat=N          fetch it N times (1)
//   timeout=SECONDS   for each of them, from the start to the last byte (30)
#ifndef DEMO_PAGE_H
#define DEMO_PAGE_H

#include <stddef.h>
#include <stdint.h>

enum { PAGE_SIZE = 16384, PAGE_TEXT = PAGE_SIZE - 24 };

struct page {
    const char *url;
    const char *time;    // NULL: not given
    const char *address; // NULL: not given
    uint32_t repeat;
    uint32_t timeout_s;
    const char *ca; // PEM
    size_t ca_len;
};

// NULL, or what is wrong with the page.
const char *page_read(struct page *page);

// A decimal number of at most max, to the end of the text; 0 when it is not one.
uint32_t page_number(const char *text, uint32_t max);

#endif
