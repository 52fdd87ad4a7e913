// picket_optiga.h: Infineon's OPTIGA Trust M secure element on I2C, as a source of randomness and as the holder of a
// client's private key.
//
// A driver of its own: registers, data link and transport of "IFX I2C Protocol Specification" 2.03, commands of the
// "OPTIGA Trust M Solution Reference Manual" 3.70. docs/OPTIGA.md: wiring, use, and what has been verified of it.
//
// Nothing on the wire is encrypted: who can touch the two wires can read and replace the random bytes.
//
// Context: one thread at a time, never an interrupt. Every call waits for the chip, within the limits that it states;
// they hold even when the clock (millis) stands still.
#ifndef PICKET_OPTIGA_H
#define PICKET_OPTIGA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The longest frame, in bytes: two buffers of this size are kept. The chip is told, and may ask for a smaller one.
// 64 hold every command and 48 random bytes; 16 is the least that the protocol allows, 277 the chip's own limit.
#ifndef PICKET_OPTIGA_FRAME
#define PICKET_OPTIGA_FRAME 64
#endif

// --- What the driver needs from the machine ---

enum {
    PICKET_I2C_OK = 0, // all bytes were moved, and the transfer ended with a STOP condition
    PICKET_I2C_NACK =
        1, // the device did not acknowledge its address or a byte: it sleeps, is busy, or is not there
    PICKET_I2C_BUS =
        -1, // anything else: a line is held low, arbitration was lost, the controller took too long
};

// Each function is one transfer: START, address, bytes, STOP. The chip knows no repeated START and stretches no clock.
// At most 400 kHz. A transfer must end by itself, within 25 ms or so, whatever the bus does.
typedef struct picket_i2c {
    int (*write)(void *ctx, uint8_t address, const uint8_t *data, size_t len); // one of PICKET_I2C_*
    int (*read)(void *ctx, uint8_t address, uint8_t *data, size_t len);
    uint32_t (*millis)(void *ctx);            // milliseconds, modulo 2^32
    void (*sleep_us)(void *ctx, uint32_t us); // at least so long
    void (*reset)(void *ctx); // pull the chip's RST pin low for 10 to 2500 us; NULL: it is reset by I2C
    void *ctx;
} picket_i2c_t;

// --- Errors ---

#define PICKET_OPTIGA_ERROR_LIST(X)                                                                      \
    X(PICKET_OPTIGA_ERR_ARG, -1, "an argument is missing or out of range, or the chip was never opened") \
    X(PICKET_OPTIGA_ERR_ABSENT, -2,                                                                      \
      "nothing answers at the chip's address: look at wiring, power and reset")                          \
    X(PICKET_OPTIGA_ERR_BUS, -3,                                                                         \
      "the I2C bus does not work: a line is held low, or another device disturbs")                       \
    X(PICKET_OPTIGA_ERR_SILENT, -4, "the chip takes what it is sent, and gives no answer in time")       \
    X(PICKET_OPTIGA_ERR_DAMAGED, -5, "the chip's frames arrive damaged, also when they are repeated")    \
    X(PICKET_OPTIGA_ERR_PROTOCOL, -6, "the chip's answer is none that the protocol allows")              \
    X(PICKET_OPTIGA_ERR_REFUSED, -7, "the chip refused the command: picket_optiga_refusal says why")

enum picket_optiga_error {
#define PICKET_OPTIGA_ERROR_ENUM(name, value, sentence) name = value,
    PICKET_OPTIGA_ERROR_LIST(PICKET_OPTIGA_ERROR_ENUM)
#undef PICKET_OPTIGA_ERROR_ENUM
};

// The sentence for a result: "ok" for 0 and above. Never NULL. Any context.
const char *picket_optiga_strerror(int error);

// --- The chip ---

// Given by the caller, zeroed or not; its contents are the driver's.
typedef struct picket_optiga {
    const picket_i2c_t *i2c;
    uint32_t call_began, answer_began, sent_at; // ms
    uint16_t call_ms, answer_ms;                // the time that they have
    uint16_t pauses;                            // since call_began, at least a millisecond each
    uint16_t frame_max;                         // as agreed with the chip
    uint16_t rx_len;
    uint8_t tx_nr, rx_nr; // frames: the last one sent, the last good one received
    bool ready;           // the application on the chip is open
    bool damaged;         // a frame was, in this call
    int8_t bus;           // the result of the last transfer
    uint8_t refusal;
    uint8_t header[4]; // of the answer
    uint8_t *out;      // where its data go
    uint16_t out_max, got;
    uint8_t tx[PICKET_OPTIGA_FRAME + 1]; // a register's number, then the frame
    uint8_t rx[PICKET_OPTIGA_FRAME];
} picket_optiga_t;

// Reset the chip, agree on the length of frames, open its application. The table of functions is borrowed until close.
// 0, or an enum picket_optiga_error. Takes about 50 ms, at most 600; with nothing on the bus 100.
//
// After an error, as after every later one, the chip stays usable: the next call begins with a reset. A session that
// other software had with the chip is lost.
int picket_optiga_open(picket_optiga_t *optiga, const picket_i2c_t *i2c);

// Random bytes from the chip's true random number generator (GetRandom, Param 0x00). 0: buf is filled; an error: buf
// is zeroed, an answer of another length than asked for is one. At most 250 ms for each 48 bytes begun; a fault that
// repetition of frames does not mend is answered within that time by a reset of the chip and a second attempt.
int picket_optiga_random(picket_optiga_t *optiga, void *buf, size_t len);

// Private keys in the chip (SRM, key store): 0xE0F0 is the one that the chip is delivered with.
enum {
    PICKET_OPTIGA_KEY_0 = 0xe0f0,
    PICKET_OPTIGA_KEY_1 = 0xe0f1,
    PICKET_OPTIGA_KEY_2 = 0xe0f2,
    PICKET_OPTIGA_KEY_3 = 0xe0f3,
};

// Sign a digest with one of the chip's NIST P-256 keys (CalcSign, ECDSA without hashing). Of a digest longer than 32
// bytes the first 32 count, as ECDSA has it (FIPS 186-4, 6.4); a shorter one is refused. signature is r and s, 32
// bytes each, big-endian. 0, or an error: signature is zeroed. About 70 ms; after some uses in a row the chip's
// security monitor delays each by up to 5 s: at most 13 s.
int picket_optiga_sign(picket_optiga_t *optiga, uint16_t key, const uint8_t *digest, size_t digest_len,
                       uint8_t signature[64]);

// Why the chip refused: its last error code (SRM, table "Error Codes"), 0 when it could not be read. And in words:
// "access conditions not satisfied". Never NULL.
uint8_t picket_optiga_refusal(const picket_optiga_t *optiga);
const char *picket_optiga_refusal_name(uint8_t code);

// Close the application on the chip, if it answers (at most 250 ms), and wipe the struct. Always safe after open.
void picket_optiga_close(picket_optiga_t *optiga);

#ifdef __cplusplus
}
#endif
#endif
