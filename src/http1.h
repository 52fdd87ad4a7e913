// http1.h: HTTP/1.1 messages (RFC 9112) as bytes: requests written, responses parsed with llhttp. No
// connection here.
#ifndef PICKET_HTTP1_H
#define PICKET_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/picket.h"
#include "url.h"

// --- Requests (http1_request.c)

typedef struct http1_request {
    const url_t *url;
    const char *method;
    const picket_header_t *headers;
    size_t header_count;
    bool has_body;
    int64_t body_len; // PICKET_CHUNKED: Transfer-Encoding: chunked
    const char *user_agent;
    const char *user; // Basic; NULL: none
    const char *password;
    const char *bearer;          // NULL: none
    bool expect;                 // 100-continue, if there is a body
    const picket_proxy_t *proxy; // absolute form, with these credentials; NULL: no proxy
    bool keep;                   // the connection, for the next request
    bool foreign;  // leave out what is meant for another origin: Authorization, Cookie, and Host as given
    bool bodyless; // leave out what describes a body that is not sent any more: Content-*
} http1_request_t;

// Write the request head, with its empty line, to buf; NULL with len 0 only measures. Returns the length of
// the head (more than len: nothing usable was written; no NUL follows it), PICKET_ERR_HEADER (*why, if not
// NULL, says what is wrong, a static string) or PICKET_ERR_ARG (a method that is not a token, CONNECT, or
// TRACE; a body_len below 0 other than PICKET_CHUNKED). Order: request line, Host, User-Agent, Accept,
// Authorization, the application's fields, Content-Length or Transfer-Encoding, Connection: close unless keep. A Host, User-Agent or
// Accept of the application's stands where the default would. method NULL is GET, or POST with a body;
// user_agent NULL is picket/VERSION. A field whose value is NULL is not sent; Host cannot be left out.
// POST, PUT and PATCH without a body send Content-Length: 0.
int http1_write_head(const http1_request_t *request, char *buf, size_t len, const char **why);

// What opens the way through a proxy (RFC 9110 9.3.6); returns as http1_write_head does.
typedef struct http1_connect {
    const char *host;
    bool brackets; // around the host, an IPv6 literal
    uint16_t port;
    const char *user_agent; // NULL: none
    const char *user;       // Basic; NULL: none
    const char *password;
} http1_connect_t;
int http1_write_connect(const http1_connect_t *connect, char *buf, size_t len, const char **why);

// Frame one chunk in place (RFC 9112 7.1): the n data bytes (1 to 0xffff) lie at buf + HTTP1_CHUNK_ROOM,
// and HTTP1_CHUNK_TAIL bytes are free behind them. Returns the frame's start and sets *len; NULL for
// another n. The last chunk is HTTP1_LAST_CHUNK.
#define HTTP1_CHUNK_ROOM 6
#define HTTP1_CHUNK_TAIL 2
#define HTTP1_LAST_CHUNK "0\r\n\r\n"
char *http1_frame_chunk(char *buf, size_t n, size_t *len);

// --- Responses (http1_response.c)

// A response being parsed; lives in the arena, with its head (arena.h).
typedef struct http1_response http1_response_t;

// head_request: the response has no body whatever its head says. head_max: bytes of head accepted, interim
// heads not counted together. NULL: no memory.
http1_response_t *http1_response_new(bool head_request, size_t head_max);
void http1_response_free(http1_response_t *r);

// Forget all of it: another response is coming.
void http1_response_again(http1_response_t *r, bool head_request);

// Feed bytes of the head. Returns the number taken (all, until the head is complete; what is left then
// belongs to the body), or an error, which sticks: PICKET_ERR_NOT_HTTP, _HTTP_*, _NO_MEMORY. Interim
// responses (1xx) are skipped. Any split of the bytes gives the same result.
int http1_feed_head(http1_response_t *r, const char *data, size_t len);
bool http1_head_complete(const http1_response_t *r);

// Decode len bytes of the body in place: what is left of them after the transfer coding stands at buf, *out
// bytes of it. Returns the number of bytes taken: all of them until the message is complete; what is left
// then does not belong to it. Trailers are checked and ignored. Errors stick; *out then counts what was
// decoded before the error. PICKET_ERR_ARG, which does not stick, before the head is complete.
int http1_feed_body(http1_response_t *r, char *buf, size_t len, size_t *out);

// The stream ended (provably: FIN over plain TCP, close_notify over TLS). 0 when the response is complete
// with that, otherwise PICKET_ERR_EMPTY (not one byte), PICKET_ERR_HEAD_CUT or PICKET_ERR_BODY_CUT. For a
// response whose end is the end of the connection this completes it.
int http1_feed_end(http1_response_t *r);

// 100 has come: the server wants the body.
bool http1_continued(const http1_response_t *r);

// A byte of it has come.
bool http1_begun(const http1_response_t *r);

// The message is complete.
bool http1_complete(const http1_response_t *r);

// The body ends with the connection, so its end must be provable.
bool http1_until_close(const http1_response_t *r);

// 0, NULL, -1 until the head is complete.
// http1_length is Content-Length, after HEAD and in a 304 as well, where no content follows; -1 in a 204.
int http1_status(const http1_response_t *r);
const char *http1_header(const http1_response_t *r, const char *name);
bool http1_header_at(const http1_response_t *r, unsigned i, const char **name, const char **value);
int64_t http1_length(const http1_response_t *r);
const char *http1_reason(const http1_response_t *r); // "" when there is none
int http1_version_minor(const http1_response_t *r);  // 0 or 1

// http1_connection.c. For how long the connection may be used for another request, in milliseconds: UINT32_MAX when the server
// set no limit; 0: not at all, or the response is not complete. RFC 9112 section 9.3, and the timeout and max of Keep-Alive.
uint32_t http1_keeps_open(const http1_response_t *r);

// What was wrong, in a few words, for picket_detail_t.text: "" when nothing was. Static or inside r.
const char *http1_why(const http1_response_t *r);

#endif
