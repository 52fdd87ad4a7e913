// replay_port.h: a port that plays back what a server once sent. No network and no waiting: its clock
// advances only when there is nothing to do, so a deadline of 30 seconds passes at once.
//
// With socket_port_deterministic a client does the same arithmetic as when the bytes were recorded, so they
// mean the same.
#ifndef REPLAY_PORT_H
#define REPLAY_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/picket.h"

// One connection, as the client will see it.
typedef struct replay {
    const uint8_t *bytes; // what the server sends
    size_t len;
    size_t piece; // at most so many arrive at a time, then nothing for one look; 0: as many as are taken
    size_t split; // they arrive in two parts that meet here; 0: in one
    int end; // after the last one: 0 for FIN, or the error of the connection, or PICKET_AGAIN for silence
} replay_t;

const picket_port_t *replay_port(void);

// What the next connections will see, in the order in which they are made; more of them are refused.
// Borrowed.
void replay_load(const replay_t *connections, size_t count);

// Of the n-th connection: how many bytes the client has taken, and what it sent (the first 16 KB).
size_t replay_taken(size_t n);
const uint8_t *replay_sent(size_t n, size_t *len);

// The TLS record at offset *at, and *at is moved behind it. False at the end, or when it is not whole.
typedef struct replay_record {
    size_t at, len; // with its header
    uint8_t type;
} replay_record_t;
bool replay_next_record(const uint8_t *bytes, size_t len, size_t *at, replay_record_t *record);

// A GET, and what came of it. The exchange is closed again.
#define REPLAY_PAGE_MAX 20000
typedef struct replay_page {
    int result; // 0: complete
    int status;
    picket_detail_t detail;
    size_t len;
    uint8_t bytes[REPLAY_PAGE_MAX];
} replay_page_t;

void replay_get(picket_t *client, const char *url, replay_page_t *page);

// The same in steps: start; read what has come without waiting (as picket_http_read); wait for the rest,
// and close.
int replay_start(picket_t *client, const char *url, picket_http_t *http, replay_page_t *page);
int replay_read(picket_http_t *http, replay_page_t *page);
void replay_finish(picket_http_t *http, replay_page_t *page);

// What a server said to a client that asked twice, the second time with the session of the first, and all
// that is needed to hear it again.
#define REPLAY_RECORDING_MAX 32768
typedef struct replay_recording {
    char url[64];
    const picket_trust_t *trust;
    uint16_t version;
    uint32_t seed;
    int64_t unix_ms;
    size_t len[2];
    uint8_t bytes[2][REPLAY_RECORDING_MAX];
} replay_recording_t;

// Record GETs of /PATH from the server on this port, in an arena. The caller has set trust, version and
// seed (not 0). The second GET must be that of a resumed session.
bool replay_record(replay_recording_t *r, void *arena, size_t arena_len, uint16_t port, const char *path);

// Initialise a client that will do what the recorded one did.
int replay_init(const replay_recording_t *r, picket_t *client, void *arena, size_t arena_len);

#endif
