// options.h: every number that can be turned, in one place: what it is, why it is so, what lowering it
// breaks. Override with -D, or in a file named by PICKET_OPTIONS_FILE.
#ifndef PICKET_OPTIONS_H
#define PICKET_OPTIONS_H

#ifdef PICKET_OPTIONS_FILE
#include PICKET_OPTIONS_FILE
#endif

// Exchanges (and TLS streams) at once. Each slot costs about 100 bytes of the arena while unused.
#ifndef PICKET_SLOTS
#define PICKET_SLOTS 4
#endif

// Bytes of ciphertext that wait between TCP and TLS, each way, per TLS connection. Small, since the record
// buffer of the TLS library is where a record collects. Lower: more calls per record, nothing breaks down to
// 64.
#ifndef PICKET_TLS_QUEUE
#if __SIZEOF_POINTER__ == 8
#define PICKET_TLS_QUEUE 1024
#else
#define PICKET_TLS_QUEUE 256
#endif
#endif

// The stack that TLS runs on, of the arena, where the port can switch stacks (port.h): what a handshake was
// measured to need (docs/MEMORY.md), and what an interrupt and the network stack in it need on top. Lower:
// PICKET_ERR_STACK. The C library of a large machine needs more, in callbacks that print; so do sanitizers.
#ifndef PICKET_STACK_SIZE
#ifdef __SANITIZE_ADDRESS__
#define PICKET_STACK_SIZE 131072
#elif __SIZEOF_POINTER__ == 8
#define PICKET_STACK_SIZE 16384
#else
#define PICKET_STACK_SIZE 5632
#endif
#endif

// While a signature is checked or a key agreed upon, picket_poll comes back after this time, in milliseconds,
// where TLS has a stack of its own, or a little later: within 10 ms at 125 MHz (docs/BENCH.md). Lower: more switches of
// stacks; higher: lwIP waits longer. RSA with another exponent than 65537, or more than 4096 bits, is checked in one
// piece, whatever this says.
#ifndef PICKET_SLICE_MS
#define PICKET_SLICE_MS 7
#endif

// Sessions kept for resumption, and the largest one kept: what a server's ticket does not fit into is not
// resumed.
#ifndef PICKET_SESSIONS
#define PICKET_SESSIONS 2
#endif
#ifndef PICKET_SESSION_MAX
#define PICKET_SESSION_MAX 1024
#endif

// A session older than this is not offered again, whatever lifetime the server gave it: the certificate
// behind it was checked that long ago. Seconds.
#ifndef PICKET_SESSION_AGE
#define PICKET_SESSION_AGE 86400
#endif

// Keys on the curve P-521: 6 kB of flash. Hardly a server has one (of the web's roots one), so that small machines do
// without: a chain with such a key is then PICKET_ERR_CERT_WEAK or _CERT_MALFORMED.
#ifndef PICKET_P521
#if __SIZEOF_POINTER__ == 8
#define PICKET_P521 1
#else
#define PICKET_P521 0
#endif
#endif

// Client certificates (identity.h), and with them all signing with RSA and ECDSA in Mbed TLS: 9 kB of flash. Set it by
// CMake's variable of the same name, which decides what is linked as well.
#ifndef PICKET_CLIENT_CERT
#if __SIZEOF_POINTER__ == 8
#define PICKET_CLIENT_CERT 1
#else
#define PICKET_CLIENT_CERT 0
#endif
#endif

// 1: the arithmetic of cryptography is Mbed TLS's alone, at a fifth of the speed on a Cortex-M0+. Set it by CMake's variable of
// the same name: Mbed TLS is compiled with it.
#ifndef PICKET_STOCK_CRYPTO
#define PICKET_STOCK_CRYPTO 0
#endif

// 0: Mbed TLS has no curves of its own beside Picket's, which come first anyway: 21 kB of flash less. PICKET_P521 and
// PICKET_CLIENT_CERT need them, and PSA for signing with keys on curves. By CMake's variable of the same name.
#ifndef PICKET_STOCK_CURVES
#if PICKET_STOCK_CRYPTO || PICKET_P521 || PICKET_CLIENT_CERT
#define PICKET_STOCK_CURVES 1
#else
#define PICKET_STOCK_CURVES 0
#endif
#endif

// Memory for TLS in programs that use lwIP's altcp_tls.h (altcp.h), in bytes: an array that no other program has. As
// PICKET_ARENA_SIZE says it for two connections at once, with 1 kB each for their configuration. Lower: ERR_MEM.
#ifndef PICKET_ALTCP_ARENA
#define PICKET_ALTCP_ARENA (PICKET_ARENA_SIZE(2) + 2048)
#endif

// 0: a program that uses altcp_tls.h always says whom to believe, and the roots of the web (60 kB of flash) are left out: a
// configuration without a CA is then PICKET_ERR_NO_TRUST.
#ifndef PICKET_ALTCP_WEB
#define PICKET_ALTCP_WEB 1
#endif

// The longest URL and the longest host name (RFC 1035: 253). A longer URL is PICKET_ERR_URL.
#ifndef PICKET_URL_MAX
#define PICKET_URL_MAX 8192
#endif
#define PICKET_HOST_MAX 253

// Response head: bytes by default (config.head_max overrides; it takes of the arena what it needs, and keeps
// that until the exchange is closed; PICKET_ARENA_SIZE counts on this number), number of header fields, and
// interim (1xx) responses skipped.
#ifndef PICKET_HTTP_HEAD_MAX
#define PICKET_HTTP_HEAD_MAX 8192
#endif
#ifndef PICKET_HTTP_HEADERS
#define PICKET_HTTP_HEADERS 100
#endif
#ifndef PICKET_HTTP_INTERIM
#define PICKET_HTTP_INTERIM 16
#endif

// Bytes read at a time while a response head is parsed.
#ifndef PICKET_HTTP_IN
#define PICKET_HTTP_IN 256
#endif

// Largest chunk written of a request body whose length is not known beforehand.
#ifndef PICKET_HTTP_CHUNK
#define PICKET_HTTP_CHUNK 1024
#endif

// How long the body waits, with Expect: 100-continue, for a server that may not know it. Milliseconds.
#ifndef PICKET_EXPECT_MS
#define PICKET_EXPECT_MS 1000
#endif

// Bytes of the body of a redirect that are read, so that its connection may be kept; a longer one is closed.
#ifndef PICKET_REDIRECT_BODY
#define PICKET_REDIRECT_BODY 4096
#endif

// Connections kept open for the next request to the same server (keep-alive), and for how long at most, in milliseconds
// (config.keep_ms overrides; a server may want less). Each takes PICKET_ARENA_KEPT bytes of the arena with TLS, but only while
// nothing else needs them. 0: none is kept.
#ifndef PICKET_KEEP
#define PICKET_KEEP 2
#endif
#ifndef PICKET_KEEP_MS
#define PICKET_KEEP_MS 60000
#endif

// Sources of entropy at once, the port's and the application's together (entropy.h). 36 bytes of RAM each.
#ifndef PICKET_ENTROPY_SOURCES
#define PICKET_ENTROPY_SOURCES 6
#endif

// Deadlines in milliseconds, where neither the request nor the configuration gives one. connect covers
// lookup, TCP and the TLS handshake; head runs from the end of the request to the end of the response head;
// idle is the longest silence in a body, either way. There is no default for the whole exchange: a long
// download is not an error.
#ifndef PICKET_CONNECT_MS
#define PICKET_CONNECT_MS 30000
#endif
#ifndef PICKET_HEAD_MS
#define PICKET_HEAD_MS 30000
#endif
#ifndef PICKET_IDLE_MS
#define PICKET_IDLE_MS 30000
#endif

// How long the network may be away (no link, or no address) before what is under way ends with PICKET_ERR_LINK. A radio link that
// moves to another access point comes back within this time. Milliseconds.
#ifndef PICKET_LINK_MS
#define PICKET_LINK_MS 3000
#endif

// The time servers asked where the configuration names none (config.time_servers), and how many there may be.
// Who makes a product should name servers of his own, or ask for a zone of the pool (RFC 4330 section 10).
// With one only, that one is believed.
#ifndef PICKET_TIME_SERVERS
#define PICKET_TIME_SERVERS "pool.ntp.org", "time.cloudflare.com", "time.google.com"
#endif
#define PICKET_TIME_SERVERS_MAX 4

// Downloads (download.h): header fields that a request may add, 8 bytes each on a small machine; and the longest validator, with
// its NUL: a file with a longer ETag is not resumed.
#ifndef PICKET_DOWNLOAD_HEADERS
#define PICKET_DOWNLOAD_HEADERS 4
#endif
#ifndef PICKET_DOWNLOAD_VALIDATOR
#define PICKET_DOWNLOAD_VALIDATOR 96
#endif

// How long a download is tried where its request does not say: requests, milliseconds in all, the first pause and the
// longest one.
#ifndef PICKET_DOWNLOAD_ATTEMPTS
#define PICKET_DOWNLOAD_ATTEMPTS 20
#endif
#ifndef PICKET_DOWNLOAD_MS
#define PICKET_DOWNLOAD_MS 3600000
#endif
#ifndef PICKET_DOWNLOAD_RETRY_MS
#define PICKET_DOWNLOAD_RETRY_MS 1000
#endif
#ifndef PICKET_DOWNLOAD_RETRY_MAX_MS
#define PICKET_DOWNLOAD_RETRY_MAX_MS 60000
#endif

// The head start that an IPv6 address has over an IPv4 one, in milliseconds (RFC 8305 section 8).
#ifndef PICKET_RACE_MS
#define PICKET_RACE_MS 250
#endif

#endif
