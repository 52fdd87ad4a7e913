// download_private.h: what the download*.c files share.
//
//   download.c          begin, attempts and pauses, end
//   download_answer.c   what the head of an answer means for what is there already
//   download_body.c     bytes into blocks, blocks into the sink; the check at the end
#ifndef PICKET_DOWNLOAD_PRIVATE_H
#define PICKET_DOWNLOAD_PRIVATE_H

#include "client.h"
#include "picket/download.h"

enum download_stage {
    DOWNLOAD_NONE,   // not begun, or closed
    DOWNLOAD_REREAD, // what an earlier run stored
    DOWNLOAD_START,  // an attempt is due
    DOWNLOAD_PAUSE,
    DOWNLOAD_HEAD,
    DOWNLOAD_BODY,
    DOWNLOAD_REST, // the last block
    DOWNLOAD_VERIFY,
    DOWNLOAD_SIGNATURE,
    DOWNLOAD_DONE,
};

// Every function that goes on: bytes moved, PICKET_AGAIN, or an error that ends the download. STEPPED: something else happened,
// go on at once.
#define STEPPED INT32_MAX

// Something is checked at the end, so that all bytes have to be hashed.
bool download_hashes(const picket_download_t *d);

// Say in the details what is wrong; returns the error.
int download_wrong(picket_download_t *d, int error, const char *text, int64_t number);

// The attempt came to nothing: try again later, unless it was the last one. wait_ms: the server wants so much time.
int download_again(picket_download_t *d, int error, uint32_t wait_ms);

// The file has changed, or what is there cannot be gone on with: forget it, or fail with error.
int download_restart(picket_download_t *d, int error);

// End the exchange, and keep what is known of it.
void download_end_attempt(picket_download_t *d);

// The head of the answer is in.
int download_take_answer(picket_download_t *d);

// The stages of download_body.c.
int download_reread(picket_download_t *d);
int download_read(picket_download_t *d);
int download_finish(picket_download_t *d);
int download_verify(picket_download_t *d);
int download_check_signature(picket_download_t *d);

#endif
