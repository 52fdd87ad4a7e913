// ota.h: an update over the air. ota.c is the same on every machine; where the file goes is slot.c and notes.c on a board, file.c on Linux.
#ifndef OTA_H
#define OTA_H

#include "picket/download.h"

// Fetch the file and its signature (URL.sig), and store it if it is signed by the key. 0, or what is wrong, which has been
// printed. What was cut short goes on the next time.
int ota_update(picket_t *client, const char *url, const void *key, size_t key_len);

// On Linux: the file's name, first of all.
void store_name(const char *file);

// Where it goes on: fill in sink, size_max, offset and validator.
void store_open(picket_download_request_t *request);

// What is stored so far is good for nothing.
void store_forget(void);

// All of it is stored, and verified.
void store_done(uint32_t length);

// On a board: the length of what store_done has marked, 0: nothing.
uint32_t store_waiting(void);

#endif
