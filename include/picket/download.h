// download.h: files that arrive whole and unchanged, or are known not to have: firmware, for instance.
//
// What comes is written to a sink of the application's, a block (a page or a sector of flash) at a time, each byte once
// and in order. A connection that is cut is made again after a pause, and goes on where it ended (RFC 9110 sections 13.1.5
// and 14: Range and If-Range), provided that the server named the file by a strong ETag, or by a Last-Modified that lies a
// minute or more before its Date; if it did not, or if the file has changed since, the download begins anew and the sink is
// told. A 206 that names no file at all answers If-Range, and is believed, as curl and wget believe it: what a server does that
// ignores If-Range is found out by sha256 and public_key only. When all is there its SHA-256 and its signature are checked, and
// only then does it succeed.
//
// A device that was restarted goes on too: with the number of bytes that are safely stored and the validator, both of which
// the application has kept. The bytes are read back, since their SHA-256 is needed, and since a block that was being
// written when the power failed is noticed that way: 150 cycles a byte on an emulated RP2040, 1.2 s for 1 MB at 125 MHz.
//
// What it rests on. Over https:// the server is verified as always; so a file without sha256 and without public_key is
// what that server sent, whole. (Over http:// it is what somebody sent, and an answer that does not say its length is
// refused.) With one of them it is the right file wherever it came from, http:// included. No key of a server is needed
// for that, only the private half of public_key, which belongs on no server. An old file with a good signature is a good
// file: what protects from being sent back to an old version is sha256, or a number in the file that the application
// compares. docs/OTA.md has the commands that make keys, digests and signatures.
//
//     picket_download_start(&download, &client, &(picket_download_request_t){...});
//     int result = picket_download_blocking(&download);      // 0: complete, verified, and all of it written
//     picket_download_close(&download);
//
// Context: that of picket.h. The callbacks run in picket_download_poll; they may call the functions here that only tell.
#ifndef PICKET_DOWNLOAD_H
#define PICKET_DOWNLOAD_H

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

// What a function of a sink returns beside 0 (done): not now, call me again with the same arguments, at the next
// picket_download_poll. Anything else means that it cannot be done. (No number that a failure is often told by, as
// PICKET_AGAIN is, -1.)
enum { PICKET_SINK_BUSY = 0x62757379 };

// Where the file goes. What cannot be done ends the download with PICKET_ERR_SINK.
typedef struct picket_sink {
    // Take len bytes that belong at offset: block_len of them, fewer only at the end of the file. Offsets follow each other,
    // from that of the request on. The bytes are those of block.
    int (*write)(void *ctx, uint64_t offset, const void *data, size_t len);

    // What has been written is void; the next write has offset 0. Not called when nothing had been written. NULL: the
    // download then fails, with PICKET_ERR_CHANGED when the file has changed, or with what had cut it when it cannot be
    // resumed. Not 0 (PICKET_SINK_BUSY included): the same.
    int (*restart)(void *ctx);

    // Give back len bytes that are stored at offset: whole blocks, from 0 to the offset of the request. Needed with an
    // offset and sha256 or public_key only.
    int (*read)(void *ctx, uint64_t offset, void *data, size_t len);

    void *ctx; // handed to all three

    // Where a block collects, and its size. Borrowed until picket_download_close; any alignment.
    void *block;
    size_t block_len;
} picket_sink_t;

// A download. The struct is copied; what it points to is borrowed until picket_download_close.
typedef struct picket_download_request {
    // What is asked for each time: url, headers (at most PICKET_DOWNLOAD_HEADERS, without Range and If-Range), address,
    // timeouts (total_ms: of each attempt). GET without a body.
    picket_request_t http;

    picket_sink_t sink;

    // The largest file accepted, in bytes, 1 to 2^62: PICKET_ERR_TOO_LARGE. Not a byte behind it is written.
    uint64_t size_max;

    // What the SHA-256 of the file must be: 32 bytes. NULL: any.
    const void *sha256;

    // Who must have signed it: a public key on P-256, as 65 bytes (SEC 1: 04, x, y) or as a SubjectPublicKeyInfo (DER, 91 bytes);
    // and the signature, ECDSA with SHA-256 (DER, as openssl makes it). NULL, both: nobody.
    const void *public_key;
    size_t public_key_len;
    const void *signature;
    size_t signature_len;

    // Go on there: a multiple of block_len; and what picket_download_validator said of the file that those bytes are of.
    // 0: from the beginning.
    uint64_t offset;
    const char *validator;

    // How long to try. 0 in a field: the default (options.h). An attempt is a request; the first pause is retry_ms
    // long, each one after it twice as long, up to retry_max_ms, unless something came meanwhile; up to half of a pause
    // is left out at random, so that a thousand devices do not come back at the same moment. A server's Retry-After in
    // seconds makes a pause longer.
    uint32_t attempts;
    uint32_t total_ms; // all attempts and pauses together
    uint32_t retry_ms;
    uint32_t retry_max_ms;
} picket_download_request_t;

// A download under way. Private; zero it before picket_download_start. All its state is here, and in the exchange.
typedef struct picket_download {
    picket_t *client;
    picket_download_request_t request;
    picket_http_t http;
    picket_header_t headers[PICKET_DOWNLOAD_HEADERS + 3];
    char range[32];
    char validator[PICKET_DOWNLOAD_VALIDATOR];
    uint64_t digest[32]; // SHA-256 of what was written
    uint8_t sha256[32];
    int64_t length;   // of the file, -1: not known
    int64_t received; // all bytes up to there
    int64_t written;  // of those; the rest is in the block
    int64_t at;       // where the next byte of the answer belongs
    int64_t until;    // where the answer ends, -1: not known
    uint32_t began_ms, paused_ms, pause_ms;
    uint32_t attempts, failures, random;
    uint8_t stage;
    bool partial; // the answer is a 206
    int error;
    picket_detail_t detail; // of the last attempt
} picket_download_t;

// Begin. Returns 0, or an error that sticks to the handle: PICKET_ERR_ARG or _HEADER (picket_download_detail says in text what
// is wrong), or one of picket_http_start's.
int picket_download_start(picket_download_t *download, picket_t *client,
                          const picket_download_request_t *request);

// Take it further, at most by one block, or by the check of the signature (6 million cycles on an emulated RP2040).
//
//   n > 0          n bytes moved: call again at once
//   0              the file is complete, verified, and all of it is written
//   PICKET_AGAIN   nothing can move now: call again after picket_poll(), also when that was due to nothing here
//   other n < 0    it failed: an enum picket_error, the same one on every later call
//
// What passes is tried again: the network, time-outs, cut connections, the statuses 408, 425, 429, 500, 502, 503, 504. What does not
// pass is not: a certificate, another status (PICKET_ERR_STATUS), PICKET_ERR_RANGE, _TOO_LARGE, _DIGEST, _SIGNATURE, _SINK, _NO_MEMORY.
// After the last attempt the error is that of this attempt; PICKET_ERR_TIMEOUT_TOTAL when total_ms have passed.
// After a failure the stored bytes are good for going on, but for _DIGEST, _SIGNATURE and _CHANGED.
int picket_download_poll(picket_download_t *download);

// The same, to the end, waiting: 0 or the error.
int picket_download_blocking(picket_download_t *download);

// How much the sink has taken, and how long the file is, -1 while that is not known.
uint64_t picket_download_written(const picket_download_t *download);
int64_t picket_download_length(const picket_download_t *download);

// What names this very file on the server, to be kept with what is written: "" when it cannot be resumed, at most
// PICKET_DOWNLOAD_VALIDATOR - 1 bytes. It is known when the sink's write is called, and changes only after restart.
const char *picket_download_validator(const picket_download_t *download);

// Requests made so far.
unsigned picket_download_attempts(const picket_download_t *download);

// Details of the last attempt, with the error and what is wrong of the download.
picket_detail_t picket_download_detail(const picket_download_t *download);

// End it. Always safe: at any time, twice, on a zeroed handle. Not from a callback.
void picket_download_close(picket_download_t *download);

#ifdef __cplusplus
}
#endif
#endif
