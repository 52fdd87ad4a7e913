// script_port.h: a port in memory, for tests of src/ without a network. Names, connections and the peers
// behind them do what the script says, and time passes only in wait and in script_sleep. It counts what is
// not given back and notices calls that port.h does not allow.
//
//     static const script_step_t peer[] = {STEP_HEAD, STEP_SEND("HTTP/1.1 204 Fine\r\n\r\n"), STEP_END};
//     script_reset();
//     script.peer = peer;
//     picket_init(&client, &(picket_config_t){.port = script_port(), ...});
//     ...
//     CHECK(script_clean());
#ifndef SCRIPT_PORT_H
#define SCRIPT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"

// No answer ever comes.
#define SCRIPT_NEVER   PICKET_AGAIN

// Handles of each kind, and connections whose bytes are kept, between two resets.
#define SCRIPT_HANDLES 64

// --- What a peer does, one step after the other. Each is done when poll is called.

enum script_verb {
    SCRIPT_END,
    SCRIPT_EXPECT,
    SCRIPT_HEAD,
    SCRIPT_COUNT,
    SCRIPT_SEND,
    SCRIPT_SLEEP,
    SCRIPT_TAKE,
    SCRIPT_FIN,
    SCRIPT_RST
};

typedef struct script_step {
    enum script_verb verb;
    const char *data;
    size_t len;
    size_t n;
} script_step_t;

// Nothing more: what is sent is taken, nothing comes back.
#define STEP_END           \
    {                      \
        .verb = SCRIPT_END \
    }
// Wait for exactly these bytes; others are an error of the test.
#define STEP_EXPECT(text)                                              \
    {                                                                  \
        .verb = SCRIPT_EXPECT, .data = (text), .len = sizeof(text) - 1 \
    }
// Wait for the end of a request head; for n bytes more.
#define STEP_HEAD           \
    {                       \
        .verb = SCRIPT_HEAD \
    }
#define STEP_COUNT(bytes)                  \
    {                                      \
        .verb = SCRIPT_COUNT, .n = (bytes) \
    }
// Send: all at once, or size bytes between two polls.
#define STEP_SEND(text)                                              \
    {                                                                \
        .verb = SCRIPT_SEND, .data = (text), .len = sizeof(text) - 1 \
    }
#define STEP_BYTES(bytes, count)                             \
    {                                                        \
        .verb = SCRIPT_SEND, .data = (bytes), .len = (count) \
    }
#define STEP_PIECES(bytes, count, size)                                   \
    {                                                                     \
        .verb = SCRIPT_SEND, .data = (bytes), .len = (count), .n = (size) \
    }
// Do nothing for so long.
#define STEP_SLEEP(ms)                  \
    {                                   \
        .verb = SCRIPT_SLEEP, .n = (ms) \
    }
// From now on take no more than so many bytes: the window is full. A later one opens it again.
#define STEP_TAKE(bytes)                  \
    {                                     \
        .verb = SCRIPT_TAKE, .n = (bytes) \
    }
#define STEP_FIN           \
    {                      \
        .verb = SCRIPT_FIN \
    }
#define STEP_RST           \
    {                      \
        .verb = SCRIPT_RST \
    }

// --- What the network does

// One address family.
typedef struct script_way {
    int lookup;          // 1, an error, or SCRIPT_NEVER
    uint32_t lookup_ms;  // after which the answer comes
    int connect;         // 1, an error, or SCRIPT_NEVER
    uint32_t connect_ms; // after which it is known
    int lookup_start;    // what port.lookup itself returns: 0 for a handle, or an error
    int connect_start;   // the same of port.connect
} script_way_t;

typedef struct script {
    uint32_t now_ms;
    int64_t unix_ms;
    script_way_t six, four;
    unsigned lookups;                           // at once; another one is PICKET_AGAIN
    const script_step_t *peer;                  // behind every connection
    const script_step_t *peers[SCRIPT_HANDLES]; // behind the n-th connection, where not NULL
    size_t send_call;                           // most bytes that one send takes; 0: any number
    size_t send_poll; // most bytes that a connection takes between two polls; 0: any number
    bool no_random;
    int start;    // what port.start returns
    bool offline; // there is no network

    // What happened.
    bool running;    // between start and stop
    unsigned open;   // lookups and connections that have not been given back
    unsigned wrong;  // calls that port.h does not allow, and bytes that no EXPECT step waited for
    unsigned opened; // connections
    unsigned closed, aborted;
    uint32_t waited_ms;
    char story[2000]; // "0 lookup 6, 0 lookup 4, 10 connect 6, 260 connect 4, 300 abort 6"
} script_t;

extern script_t script;

// Everything back to: time 0, a date that is believed, addresses and connections at once, no peers.
void script_reset(void);

const picket_port_t *script_port(void);

// Time passes.
void script_sleep(uint32_t ms);

// What the n-th connection has sent, from its beginning; a NUL follows. Kept until script_reset.
const char *script_sent(unsigned n, size_t *len);

// Every handle was given back, and nothing was done that port.h does not allow. Says on stderr what was.
bool script_clean(void);

#endif
