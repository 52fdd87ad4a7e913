// models.h: a board on Linux with lwIP run in all three ways (port.h: who polls, which lock is held when): by Picket itself; by
// a second thread, as under an RTOS; and in an interrupt of the application's thread, a signal here, which the lock blocks.
//
// Whoever runs lwIP in the background also sends it an ICMP echo request every few milliseconds, and looks when it is answered.
//
// The altcp layer's worker (lwip_port.h) is a thread of its own, or a second signal, which lwIP's interrupts.
#ifndef MODELS_H
#define MODELS_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "linux_clock.h"
#include "lwip/netif.h"
#include "lwip_port.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SLOWER = 5 };
#else
enum { SLOWER = 1 };
#endif

#ifdef __SANITIZE_THREAD__
enum { SANITIZES_THREADS = 1 };
#else
enum { SANITIZES_THREADS = 0 };
#endif

enum {
    HOLD_US =
        1000 * SLOWER, // of the processor's time: many times what was seen, and less than a signature takes
    ECHO_MS = 5,
};

enum model { POLL, THREAD, INTERRUPT };
extern enum model model;

// What must never happen, counted by whichever thread sees it.
extern struct models_wrong {
    atomic_uint unlocked;  // lwIP called without the lock
    atomic_uint twice;     // the lock taken by whoever has it
    atomic_uint sleeping;  // wait called with the lock
    atomic_uint computing; // something of TLS or of the application's called with the lock
} wrong;

void nothing_is_wrong(void); // of all this since the last call

// The lock, of the application's thread.
void lock(void *ctx);
void unlock(void *ctx);
bool is_locked(void); // by the caller

// Of the application's: microseconds of the processor's time, without the line's.
extern int64_t longest_hold;

// Time of the calling thread.
int64_t processor_us(void);

// Echo requests from the gateway; all but the counters belongs to whoever has the lock.
extern struct models_echo {
    bool on;
    bool in_poll; // in the poll model too
    int64_t due;
    int64_t interval_ms;
    uint16_t sent;
    int64_t sent_at;
    int64_t limit_us; // later than this is late
    int64_t slowest_us;
    unsigned late;
    netif_linkoutput_fn output;
} echo;
extern atomic_uint echoes;     // answered
extern atomic_uint meanwhile;  // of them, answered while one and the same poll_count was odd
extern atomic_uint poll_count; // odd: inside of TLS

// Days go by, on the board's counter of milliseconds.
void models_pass(uint32_t ms);

// Where lwIP runs, with the lock, each time.
extern void (*in_network)(void);

extern atomic_bool paused;         // the network stands still
extern volatile bool rung;         // the bell that ends wait
extern void (*before_sleep)(void); // what a test does in wait, before it sleeps
extern void (*in_clock)(void);     // and when TLS asks for the time

// Once, before anything else; and before and after each test.
void models_prepare(void);
void models_begin(void);
void models_end(void);

// The board of the model in force: with start and stop of its network. with_worker: for the altcp layer.
const picket_lwip_board_t *models_board(bool with_worker);

// One test in some or all of the ways: run(name, test) is the file's own.
#define RUN_IN(the_model, test)                       \
    do {                                              \
        model = the_model;                            \
        run(#test " in the model " #the_model, test); \
    } while (0)
#define RUN_IN_BACKGROUND(test)      \
    do {                             \
        RUN_IN(THREAD, test);        \
        if (!SANITIZES_THREADS)      \
            RUN_IN(INTERRUPT, test); \
    } while (0)
#define RUN_IN_ALL(test)         \
    do {                         \
        RUN_IN(POLL, test);      \
        RUN_IN_BACKGROUND(test); \
    } while (0)

// The skip that tells of those which RUN_IN_BACKGROUND left out.
void all_in_the_model_INTERRUPT(void);

#endif
