// session.h: TLS sessions that outlive a restart: sleep, a reset, the end of a process.
//
// A client keeps the sessions of the last servers and resumes them by itself, which spares the check of a chain. Here what it
// keeps becomes bytes, and bytes become what it keeps. Where they are in between (flash, RTC memory, a file) is the
// application's business.
//
//     n = picket_session_export(&client, rtc, sizeof rtc);     before sleep; then picket_deinit
//     picket_clock_query_blocking(&client, ...);               after picket_init, unless the board has a clock
//     picket_session_import(&client, rtc, sizeof rtc);
//
// A session is taken up again only under what it was made under: for the same host and port, with the same store of trust
// (every anchor, every pin), the same client certificate or none, and the same versions of Picket and of its TLS library;
// not later than PICKET_SESSION_AGE after the server's certificates were checked, not after one of them has expired, and
// not while the clock says that they are still to be checked. Early data (0-RTT) is never sent.
//
// The bytes are a secret, as a private key is, for as long as a session lives (PICKET_SESSION_AGE at the most). They are
// not encrypted, and their SHA-256 tells damage, not forgery: it has no key. So
//   who reads them   can be the server to this client, or this client to the server, in a connection that resumes the
//                    session; and can decrypt what was recorded of a TLS 1.2 connection that had it or resumed it. What was
//                    recorded in TLS 1.3 he cannot: each connection has a key exchange of its own.
//   who writes them  can plant a session of his own, and then be any server to this client, without a certificate, until
//                    that session is too old. Whoever can do that can usually replace the firmware, too.
// Put them where nobody else reads and writes (a file of mode 0600, memory inside the chip), or encrypt and authenticate
// them with a key that only the device has. Wipe what is no longer needed.
#ifndef PICKET_SESSION_H
#define PICKET_SESSION_H

#include <stddef.h>

#include "picket/picket.h"

#ifdef __cplusplus
extern "C" {
#endif

// Bytes that are enough for all that a client can keep. Most need far less: one session of TLS 1.3 with OpenSSL or nginx takes
// 380 to 420 bytes with all that belongs to it, of TLS 1.2 400 to 440, or 230 where the server has no tickets. A server that puts
// a client's certificate into its tickets needs more.
#define PICKET_SESSION_EXPORT_MAX (72u + PICKET_SESSIONS * (28u + PICKET_HOST_MAX + PICKET_SESSION_MAX))

// Write what can still be resumed to buf (len bytes, any alignment): the latest session first, and as many as there is room
// for. buf NULL and len 0: only count. What the client keeps stays with it. Returns
//   n > 0                the number of bytes
//   0                    there is none
//   PICKET_ERR_ARG       not even one fits; or buf is NULL
//   PICKET_ERR_NO_TIME   the time is not known (clock.h)
// or the error that picket_http_start would give. Waits for arithmetic of a handshake that is under way. With the roots
// of the web it hashes 60 kB, as import does: some 60 ms at 125 MHz, by what SHA-256 costs a byte.
int picket_session_export(picket_t *client, void *buf, size_t len);

// Take up again what was exported. data may be followed by other bytes: len is how many may be looked at. What a client has
// for the same server already, and is newer, stays. Returns
//   n >= 0                 how many sessions can be resumed now; those that are too old are left out
//   PICKET_ERR_SESSION     none: damaged, cut short, or made under other circumstances (see above)
//   PICKET_ERR_NO_TIME     none: the time is not known
//   PICKET_ERR_NO_MEMORY   not all of them
//   PICKET_ERR_ARG         data is NULL
// None of these is the end of anything: without a session the next handshake is a full one.
int picket_session_import(picket_t *client, const void *data, size_t len);

#ifdef __cplusplus
}
#endif
#endif
