// entropy.h: where the randomness of the keys comes from.
//
// A board's port lists its sources (port.h), an application may add more (picket_config_t.entropy). Picket takes
// samples, tests them (NIST SP 800-90B, 4.4) and hashes them with SHA-256; the result seeds the generator of the TLS
// library, from which all keys and numbers come. docs/ENTROPY.md says what is claimed for each source of the boards
// here, on what grounds, and what the tests find.
//
//   Credit    Every source that claims entropy gives, by its own claim, 320 bits of min-entropy for each block of
//             32 bytes, and 640 for each seed: the claim of a single one has to be true. Sources without a claim are
//             mixed in and can spoil nothing.
//   Missing   A source that says at its start that it is not there is passed over. When no source that claims
//             entropy is left, every use fails with PICKET_ERR_NO_ENTROPY.
//   Failure   When a source that claims entropy fails a test, or gives no more samples, randomness has failed until
//             picket_deinit, whatever the other sources do: PICKET_ERR_NO_ENTROPY from then on, and nothing is
//             given out. picket_entropy names source and test.
#ifndef PICKET_ENTROPY_H
#define PICKET_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/options.h"

#ifdef __cplusplus
extern "C" {
#endif

// One bit, in the unit of credit.
#define PICKET_ENTROPY_BIT        1024

// The smallest claim: less would take too many samples for a seed.
#define PICKET_ENTROPY_CREDIT_MIN (PICKET_ENTROPY_BIT / 128)

// Picket calls the functions in the thread that calls picket_*(), on TLS's stack (PICKET_STACK_SIZE: they get 512
// bytes of it), never from an interrupt. They must not call Picket.
typedef struct picket_entropy_source {
    const char *name; // for people: "RP2040 ring oscillator". Borrowed, as the struct is, until
                      // picket_deinit, and after a failure until the next picket_init.

    // The min-entropy that is claimed for one sample, whatever samples came before it, in 1/PICKET_ENTROPY_BIT of a
    // bit: from PICKET_ENTROPY_CREDIT_MIN to bits * PICKET_ENTROPY_BIT. 0: an extra, mixed in, never counted, never
    // tested. Claim too little rather than too much: the price is time.
    uint16_t credit;

    // Bits of a sample, 1 to 8.
    uint8_t bits;

    // What comes is no raw noise but the output of a generator that tests its own (a kernel's, a secure element's):
    // the 1024 samples of the start-up test would only show that its arithmetic works, so they are left out.
    // Otherwise samples are raw, as the tests see nothing behind a hash; a source may still throw away what its own
    // tests refuse.
    bool conditioned;

    // Once, before the first sample. 0, or an error: there is no such source on this machine, or it does not
    // answer; found out within a millisecond if it is absent. NULL: nothing to start.
    int (*start)(void *ctx);

    // Take up to n samples (1 to 128), one in the low bits of each byte, oldest first; the other bits are ignored.
    // Returns their number, at least 1, or an error, which is final. May wait for them, within bounds: at most
    // 250 ms in all. An extra may return 0: no more now. It is asked for at most 512 samples a block.
    int (*collect)(void *ctx, uint8_t *samples, size_t n);

    // After the last sample, if it was started. NULL: nothing to stop.
    void (*stop)(void *ctx);

    // Handed to every function above.
    void *ctx;
} picket_entropy_source_t;

enum picket_entropy_state {
    PICKET_ENTROPY_UNUSED,     // not asked yet
    PICKET_ENTROPY_OK,         // it gives samples; those of a source that claims entropy pass all tests
    PICKET_ENTROPY_MISSING,    // its start failed: passed over
    PICKET_ENTROPY_DEAD,       // it started, and then gave no more samples
    PICKET_ENTROPY_REPETITION, // failed the repetition count test (SP 800-90B, 4.4.1): it is stuck
    PICKET_ENTROPY_PROPORTION, // failed the adaptive proportion test (4.4.2): one value comes too often
    PICKET_ENTROPY_PATTERN,    // failed the tests of a block (4.5), repeatedly: biased, or it repeats itself
    PICKET_ENTROPY_CLAIM,      // the table above is wrong: bits or credit out of range
};

typedef struct picket_entropy_status {
    const char *name;
    uint16_t credit; // as above
    uint8_t bits;
    enum picket_entropy_state state;
    uint32_t samples; // taken so far, those thrown away included; it may wrap
} picket_entropy_status_t;

// What has become of source n since picket_init: the port's sources come first, then the application's, from 0. False:
// there is no such source, or no client. After randomness has failed it can be asked until the next picket_init, also
// when picket_init itself failed. Not while picket_*() runs in another thread.
bool picket_entropy(size_t n, picket_entropy_status_t *status);

// A state in a few words: "ok", "missing", "stuck (repetition count test)". Never NULL. Any context.
const char *picket_entropy_state_name(enum picket_entropy_state state);

#ifdef __cplusplus
}
#endif
#endif
