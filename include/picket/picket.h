// picket.h: verified HTTPS for small machines.
//
// The shape: init, start, read, close. Every function that moves bytes follows one rule, and errors stick, so
// a program may look once, at the end.
//
//   n > 0          n bytes moved; may be fewer than asked for
//   0              (read only) the stream ended, completely and provably
//   PICKET_AGAIN   nothing can move yet; call again after picket_poll()
//   other n < 0    it failed: an enum picket_error, the same one on every later call
//
// len 0 is PICKET_ERR_ARG, and so is a len above INT_MAX; neither sticks.
//
// Context: one thread at a time, never from an interrupt, never from a callback of the network stack or of
// Picket.
#ifndef PICKET_PICKET_H
#define PICKET_PICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/error.h"
#include "picket/identity.h"
#include "picket/options.h"
#include "picket/port.h"
#include "picket/trust.h"

#ifdef __cplusplus
extern "C" {
#endif

// TLS versions, as on the wire.
enum { PICKET_TLS_1_2 = 0x0303, PICKET_TLS_1_3 = 0x0304 };

// How much a log line matters.
enum picket_log_level { PICKET_LOG_ERROR, PICKET_LOG_INFO, PICKET_LOG_DEBUG };

// Deadlines in milliseconds; 0 takes the default (options.h). At most 2^31 - 1.
typedef struct picket_timeouts {
    uint32_t connect_ms; // name lookup, TCP and the TLS handshake together, and asking for the time
    uint32_t head_ms;    // from the end of the request to the end of the response head
    uint32_t idle_ms;    // longest silence in a body, either way
    uint32_t total_ms;   // the whole exchange, from start to the last byte; 0: none
} picket_timeouts_t;

#define PICKET_KEEP_NEVER UINT32_MAX

// A proxy (RFC 9110 9.3.6, RFC 9112 3.2.2): https:// goes through it by CONNECT, with TLS to the server inside, verified as ever; http:// is
// asked of it.
typedef struct picket_proxy {
    const char *url;  // "http://HOST:PORT" (port 80 if none is given); NULL: no proxy
    const char *user; // Basic, as in picket_request_t; NULL: none
    const char *password;
} picket_proxy_t;

// Connect to a host and port at this address, and look nothing up.
typedef struct picket_host {
    const char *name;
    uint16_t port;
    picket_address_t address;
} picket_host_t;

typedef struct picket_config {
    // Whom to believe. Borrowed until picket_deinit. Without anchors https:// fails with PICKET_ERR_NO_TRUST,
    // http:// works.
    const picket_trust_t *trust;

    // What is shown to servers that ask for a client certificate. Read by picket_init only (PICKET_ERR_IDENTITY). NULL:
    // nothing.
    const picket_identity_t *identity;

    // All memory of TLS and HTTP. Borrowed until picket_deinit, which wipes it. PICKET_ARENA_SIZE(n) bytes
    // are enough for n connections at once. Any alignment; at most 2^31 - 1 bytes.
    void *arena;
    size_t arena_len;

    // NULL: the board's own port.
    const picket_port_t *port;

    // Sources of entropy beside those of the port (entropy.h): a list that ends with NULL; NULL: none. Borrowed until
    // picket_deinit.
    const picket_entropy_source_t *const *entropy;

    // The TLS versions offered. 0: the default, 1.2 to 1.3.
    uint16_t tls_min;
    uint16_t tls_max;

    // Time servers (SNTP), asked all at the same time when a TLS connection is begun and the time is not
    // known (clock.h): "HOST", "HOST:PORT", "[IPV6]:PORT" or an IP literal; at most PICKET_TIME_SERVERS_MAX.
    // A single one is believed; of two and more, two must agree. NULL (and count 0): PICKET_TIME_SERVERS. Not
    // NULL, and count 0: nobody is asked. Borrowed until picket_deinit.
    const char *const *time_servers;
    size_t time_server_count;

    // Hosts that need not be looked up, proxies among them, in exchanges; certificates must be for their names all the same.
    // Borrowed until picket_deinit.
    const picket_host_t *hosts;
    size_t host_count;

    // The proxy for all exchanges; not for tls.h. NULL: none. Borrowed until picket_deinit.
    const picket_proxy_t *proxy;

    // Deadlines where a request gives none.
    picket_timeouts_t timeouts;

    // How long a connection is kept open after a response, for the next request to the same server, in milliseconds; less
    // when the server says so. 0: PICKET_KEEP_MS. PICKET_KEEP_NEVER: not at all, and the server is told. A request that
    // finds a kept connection dead is sent once more on a new one, if its method is idempotent (RFC 9110 9.2.2) and
    // nothing of a body has been taken from picket_http_write; others fail then, with PICKET_ERR_EMPTY or _RESET.
    uint32_t keep_ms;

    // Largest response head accepted, in bytes. 0: PICKET_HTTP_HEAD_MAX.
    uint32_t head_max;

    // Sent as User-Agent. NULL: "picket/VERSION". Borrowed.
    const char *user_agent;

    // The story, one line a call, no newline. NULL: silence. No secret ever appears in it.
    void (*log)(void *ctx, enum picket_log_level level, const char *text);

    // For debugging only: one line of an NSS key log (SSLKEYLOGFILE) a call, which lets whoever has it
    // decrypt the traffic. NULL: never.
    void (*keylog)(void *ctx, const char *line);

    // Called once in a while during long work, for a watchdog. NULL: none.
    void (*alive)(void *ctx);

    void *ctx; // handed to log, keylog and alive, none of which may call picket_deinit
} picket_config_t;

// One header field of a request. value NULL leaves out a field that would be sent by default (User-Agent,
// Accept).
typedef struct picket_header {
    const char *name;
    const char *value;
} picket_header_t;

// body_len of a request whose body is sent in chunks, its length not known beforehand.
#define PICKET_CHUNKED (-1)

// A request. The struct is copied; what it points to is borrowed until picket_http_close.
typedef struct picket_request {
    const char *
        url; // http:// or https://; a fragment is not sent; credentials are refused (but see url_credentials)
    const char *method; // NULL: GET, or POST when there is a body

    // Added to Host, User-Agent and Accept, or in their place when the name is the same. Host,
    // Content-Length, Transfer-Encoding, Connection and other fields that frame the message are Picket's:
    // PICKET_ERR_HEADER (Host may be given; it does not change the name that the certificate must have).
    // Proxy-Authorization goes to a proxy only.
    const picket_header_t *headers;
    size_t header_count;

    // The request body. body not NULL: body_len bytes, sent by themselves. body NULL: body_len bytes (or
    // PICKET_CHUNKED) that the application gives to picket_http_write, then picket_http_finish.
    const void *body;
    int64_t body_len;

    // body NULL, and this not NULL: it is asked for the body, body_len bytes or PICKET_CHUNKED, when there is room for more; again
    // from offset 0 when the request has to be sent again (after a redirect, or on a new connection). It puts up to len bytes from
    // offset `at` on into buf and returns their number; 0 at the end (with PICKET_CHUNKED only); PICKET_AGAIN when there are none
    // yet (picket_poll asks again); anything else negative ends the exchange with PICKET_ERR_BODY_SOURCE. Called from picket_poll and the
    // _blocking functions; it calls nothing of Picket's.
    int (*body_read)(void *ctx, uint64_t at, void *buf, size_t len);
    void *body_ctx;

    // Credentials: Basic (RFC 7617; the name without ':', both in UTF-8, no control characters; password NULL: "") or Bearer (RFC 6750).
    // An Authorization field among headers stands in their place. Malformed ones are PICKET_ERR_HEADER. url_credentials: those that
    // stand in the URL are taken as user and password, if those are not given, and not shown by picket_http_url; without it they are
    // refused.
    const char *user;
    const char *password;
    const char *bearer;
    bool url_credentials;

    // Send the head of a request with a body with Expect: 100-continue, and the body only when the server asks for it, or has said nothing
    // for PICKET_EXPECT_MS (RFC 9110 10.1.1). A final answer before that is the answer.
    bool expect_continue;

    // A proxy in the place of the configuration's; one without a URL: none. Its connections are not kept. A malformed one is
    // PICKET_ERR_PROXY_URL.
    const picket_proxy_t *proxy;

    // Connect here and look nothing up, without a proxy (PICKET_ERR_ARG). The certificate must still be for the host of the URL. NULL: look it
    // up.
    const picket_address_t *address;

    // Follow so many redirects (301, 302, 303, 307, 308), one more is PICKET_ERR_REDIRECTS; 0: none, they are responses like others.
    // After 303, and after 301 and 302 of a POST, a GET without the body and its Content-* fields follows; else the same method,
    // with the body again: PICKET_ERR_REDIRECT_BODY when that was taken from picket_http_write. From https to http none is followed
    // (PICKET_ERR_REDIRECT_PLAIN). Once one leads to another origin (scheme, host, port), Authorization, Cookie, a Host field, address and the
    // client's certificate are left out, for good. What is known of the response is that of the last one.
    uint16_t max_redirects;

    picket_timeouts_t timeouts; // 0 in a field: that of the configuration
} picket_request_t;

// A client. Private; zero it before picket_init.
typedef struct picket {
    picket_config_t config;
    struct picket_state *state; // in the arena
    int error;
} picket_t;

// An exchange: a slot number and its generation. Private; zero it before picket_http_start.
typedef struct picket_http {
    picket_t *client;
    uint16_t slot;
    uint16_t generation;
    int error;
} picket_http_t;

// Where an exchange is, or was when it failed.
enum picket_phase {
    PICKET_PHASE_START,
    PICKET_PHASE_TIME, // asking what time it is: with TLS only, and while that is not known
    PICKET_PHASE_LOOKUP,
    PICKET_PHASE_CONNECT,
    PICKET_PHASE_PROXY, // until it has opened the way: with TLS only
    PICKET_PHASE_HANDSHAKE,
    PICKET_PHASE_SEND,
    PICKET_PHASE_HEAD,
    PICKET_PHASE_BODY,
    PICKET_PHASE_DONE,
    PICKET_PHASES
};

// Numbers for a bug report and for --report.
typedef struct picket_detail {
    int error;                // enum picket_error, 0 while all is well
    enum picket_phase phase;  // where it is, or failed
    bool resumed;             // the TLS session was a resumed one
    bool reused;              // the connection was kept from an earlier exchange
    uint8_t chain_len;        // certificates in the verified path; 0 when none was checked or it was resumed
    uint16_t redirects;       // followed
    int16_t alert;            // alert received from the server (RFC 8446 section 6), or -1
    uint16_t tls_version;     // PICKET_TLS_1_2, PICKET_TLS_1_3, 0 when there is none yet
    uint16_t tls_suite;       // IANA number of the cipher suite, 0 when there is none yet
    uint16_t tls_group;       // IANA number of the group of the key exchange, 0 when there is none yet
    uint32_t verify_flags;    // MBEDTLS_X509_BADCERT_*; 0x01000000: no pinned key
    int library_code;         // the last error of Mbed TLS (negative), 0 for none
    picket_address_t address; // of the server
    uint64_t received, sent;  // bytes of the HTTP bodies
    uint32_t phase_ms[PICKET_PHASES]; // time spent in each phase
    uint32_t
        heap_peak[PICKET_PHASES]; // highest use of the arena in each phase, all connections together, bytes
    char text[112];               // what the sentence cannot know: names, dates, the header field; or empty
} picket_detail_t;

// Make a client. Returns 0, or PICKET_ERR_ARG, _BUSY, _NO_ARENA, _NO_MEMORY, _NO_ENTROPY, _IDENTITY, or what the port's
// start said; the same error then comes from every picket_http_start.
int picket_init(picket_t *client, const picket_config_t *config);

// Move what can move. Returns the milliseconds until it is needed next, at most 1000, or 0 for at once. Takes no
// longer than one message of a TLS handshake for each connection (the one with the certificates: a signature
// check for each) beyond what the port needs; and, once in 10000 requests for random numbers, a new seed of their
// generator, which is made without a pause, as the first one is in picket_init (docs/ENTROPY.md: 0.1 s on an RP2040).
uint32_t picket_poll(picket_t *client);

// End everything: open exchanges end with PICKET_ERR_CLOSED, the arena is wiped. Safe on a client that was
// only zeroed.
void picket_deinit(picket_t *client);

// Memory: bytes of the arena in use, and the highest use since picket_init.
void picket_memory(const picket_t *client, size_t *used, size_t *peak);

// The stack that TLS runs on: its size (0: TLS runs on the caller's) and how much of it has been used at the
// most since picket_init.
void picket_stack(const picket_t *client, size_t *size, size_t *peak);

// Begin an exchange. Returns 0, or an error that sticks to the handle. Nothing has been sent when it returns.
int picket_http_start(picket_http_t *http, picket_t *client, const picket_request_t *request);

// Give bytes of the request body. Never 0. PICKET_ERR_DONE (does not stick) when the server takes no more,
// because it has answered or because the connection is broken: reading tells. PICKET_ERR_BODY_LENGTH (does
// not stick) when there would be more than declared; nothing of it is taken.
int picket_http_write(picket_http_t *http, const void *data, size_t len);

// The request body is complete. Returns 0, or PICKET_ERR_BODY_LENGTH (sticks) when bytes of the declared
// length are missing. Needed after picket_http_write only; may be left out when body_len bytes have been
// written.
int picket_http_finish(picket_http_t *http);

// Take bytes of the response body. Not reading is back-pressure: the TCP window closes.
int picket_http_read(picket_http_t *http, void *buf, size_t len);

// The same, waiting; the deadlines of the exchange bound the wait.
int picket_http_write_blocking(picket_http_t *http, const void *data,
                               size_t len);                                // all len bytes, or an error
int picket_http_read_blocking(picket_http_t *http, void *buf, size_t len); // at least one byte, 0 at the end

// The URL of the request, or the one to which redirects have led; "" for a handle that was never started. Until
// picket_http_close, or, as long as the status is 0, picket_poll, which may follow another redirect.
const char *picket_http_url(const picket_http_t *http);

// The status code, 0 until the head is in.
int picket_http_status(const picket_http_t *http);

// The rest of the status line: the reason phrase ("OK"; "" when there is none or the head is not in yet; it
// means nothing, and comes from the server) and the HTTP version (10 or 11; 0 until the head is in).
const char *picket_http_reason(const picket_http_t *http);
int picket_http_version(const picket_http_t *http);

// The value of a response header field by name (case does not count), NULL when there is none or the head is
// not in yet. Of several with the same name, the first. header_at walks them all: 1 and the i-th, or 0 past
// the end. The pointers live until picket_http_close.
const char *picket_http_header(const picket_http_t *http, const char *name);
int picket_http_header_at(const picket_http_t *http, unsigned i, const char **name, const char **value);

// Length of the response body, -1 when the server gave none.
int64_t picket_http_length(const picket_http_t *http);

// Details of the exchange; all zero (alert -1) for a handle that was never started.
picket_detail_t picket_http_detail(const picket_http_t *http);

// End the exchange. Always safe: at any time, twice, on a zeroed handle. A response that was not read to its
// end is broken off.
void picket_http_close(picket_http_t *http);

// The name of a phase ("TLS handshake"), of a cipher suite ("TLS_AES_128_GCM_SHA256"), of a group ("x25519"), of
// an alert ("handshake_failure"). Never NULL. Any context.
const char *picket_phase_name(enum picket_phase phase);
const char *picket_suite_name(uint16_t suite);
const char *picket_group_name(uint16_t group);
const char *picket_alert_name(int alert);

// The TLS library underneath ("Mbed TLS 3.6.7"). Any context.
const char *picket_tls_library(void);

// Bytes of arena for n connections at once: what was measured with an RSA-4096 chain and the largest head,
// and a little, and the stack that TLS runs on (docs/MEMORY.md). It is tested. On a 32-bit machine and with P-256
// chains, 36 KB are enough for one.
#define PICKET_ARENA_SIZE(n)    ((size_t)PICKET_ARENA_BASE + (size_t)(n)*PICKET_ARENA_CONNECTION)
#define PICKET_ARENA_BASE       (PICKET_STACK_SIZE + (sizeof(void *) == 8 ? 15360u : 13824u))
#define PICKET_ARENA_CONNECTION (sizeof(void *) == 8 ? 46080u : 34816u)

// The most that a connection with TLS takes that is kept open between two exchanges.
#define PICKET_ARENA_KEPT       (sizeof(void *) == 8 ? 28672u : 23552u)

#ifdef __cplusplus
}
#endif
#endif
