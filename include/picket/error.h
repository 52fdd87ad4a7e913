// error.h: every way in which Picket can fail, one list for names, values and sentences.
//
// One code for each thing that a user would do something different about. What lies below it (the alert, the
// verify flags, the code of the TLS library, the phase) is in picket_detail_t (picket.h).
#ifndef PICKET_ERROR_H
#define PICKET_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

// X(name, value, sentence). Values are stable: they may be logged and compared across releases.
#define PICKET_ERROR_LIST(X)                                                                                \
    X(PICKET_AGAIN, -1, "nothing can move yet: call again after picket_poll()")                             \
    /* The program */                                                                                       \
    X(PICKET_ERR_ARG, -2, "an argument is missing or out of range")                                         \
    X(PICKET_ERR_BUSY, -3, "a client exists already: only one picket_t may be initialised at a time")       \
    X(PICKET_ERR_CLOSED, -4, "closed: by picket_http_close, picket_deinit, or never started")               \
    X(PICKET_ERR_DONE, -5, "the server takes no more of the request body: read its answer")                 \
    X(PICKET_ERR_NO_MEMORY, -6, "out of memory: the arena is too small for this (see PICKET_ARENA_SIZE)")   \
    X(PICKET_ERR_NO_SLOT, -7, "too many exchanges at once (see PICKET_SLOTS)")                              \
    X(PICKET_ERR_NO_ARENA, -8, "no arena, or one too small to begin with: give config.arena and arena_len") \
    X(PICKET_ERR_NO_TRUST, -9, "no trust anchors: give config.trust a store with at least one certificate") \
    X(PICKET_ERR_TRUST_FORMAT, -10,                                                                         \
      "the trusted certificates cannot be read: neither PEM nor DER, or damaged")                           \
    X(PICKET_ERR_URL, -11, "malformed URL")                                                                 \
    X(PICKET_ERR_SCHEME, -12, "only http:// and https:// URLs are supported")                               \
    X(PICKET_ERR_HEADER, -13, "a request header is malformed, or one that Picket sets itself")              \
    X(PICKET_ERR_BODY_LENGTH, -14, "the request body is shorter or longer than the length declared for it") \
    X(PICKET_ERR_INTERNAL, -15, "internal error: please report it with the details")                        \
    X(PICKET_ERR_IDENTITY, -16, "the client's own certificate or key cannot be used")                       \
    X(PICKET_ERR_NO_HOST, -17, "no host name was given that the certificate must be for")                   \
    X(PICKET_ERR_BODY_SOURCE, -18, "the source of the request body failed")                                 \
    X(PICKET_ERR_PROXY_URL, -19, "malformed proxy: it should be http://HOST:PORT")                          \
    /* The device */                                                                                        \
    X(PICKET_ERR_NO_TIME, -20,                                                                              \
      "the time is not known, so no certificate can be checked: nobody has set the clock")                  \
    X(PICKET_ERR_NO_ENTROPY, -21, "no good randomness: the entropy source failed")                          \
    X(PICKET_ERR_NO_NETWORK, -22, "no network: the link is down or there is no address yet")                \
    X(PICKET_ERR_STACK, -23,                                                                                \
      "stack overflow: TLS or the application needs a larger stack (see PICKET_STACK_SIZE)")                \
    X(PICKET_ERR_LINK, -24, "the network link was lost")                                                    \
    X(PICKET_ERR_SESSION, -25,                                                                              \
      "the saved sessions are damaged, or of another version, trust store or client certificate")           \
    /* The way there */                                                                                     \
    X(PICKET_ERR_NO_ADDRESS, -30, "the host name has no address")                                           \
    X(PICKET_ERR_REFUSED, -31, "connection refused")                                                        \
    X(PICKET_ERR_UNREACHABLE, -32, "no route to the server")                                                \
    X(PICKET_ERR_RESET, -33, "the connection was reset")                                                    \
    X(PICKET_ERR_TIMEOUT_LOOKUP, -34, "timed out looking up the host name: no name server answered")        \
    X(PICKET_ERR_TIMEOUT_CONNECT, -35, "timed out connecting: the server did not answer")                   \
    X(PICKET_ERR_TIMEOUT_HANDSHAKE, -36, "timed out in the TLS handshake")                                  \
    X(PICKET_ERR_TIMEOUT_SEND, -37, "timed out sending: the server takes no more of the request")           \
    X(PICKET_ERR_TIMEOUT_HEAD, -38, "timed out waiting for the response")                                   \
    X(PICKET_ERR_TIMEOUT_IDLE, -39, "timed out in the response body: the server went silent")               \
    X(PICKET_ERR_TIMEOUT_TOTAL, -40, "the time allowed for the whole exchange has passed")                  \
    X(PICKET_ERR_TIMEOUT_TIME, -41, "timed out asking for the time: no time server answered")               \
    X(PICKET_ERR_TIME_REFUSED, -42, "the answer of the time server cannot be believed")                     \
    X(PICKET_ERR_TIMEOUT_PROXY, -43, "timed out: the proxy did not open the way to the server")             \
    X(PICKET_ERR_PROXY, -44, "the proxy refused to open the way to the server")                             \
    X(PICKET_ERR_PROXY_AUTH, -45, "the proxy wants credentials, or others")                                 \
    X(PICKET_ERR_PROXY_ANSWER, -46, "the proxy's answer is not one, or there was none")                     \
    /* The server's identity */                                                                             \
    X(PICKET_ERR_UNKNOWN_ISSUER, -50,                                                                       \
      "certificate from an unknown issuer: no chain to a trusted certificate")                              \
    X(PICKET_ERR_SELF_SIGNED, -51, "self-signed certificate that is not in the trust store")                \
    X(PICKET_ERR_EXPIRED, -52, "certificate expired")                                                       \
    X(PICKET_ERR_NOT_YET_VALID, -53, "certificate not yet valid")                                           \
    X(PICKET_ERR_WRONG_HOST, -54, "certificate is for another host name")                                   \
    X(PICKET_ERR_CERT_USAGE, -55, "certificate is not meant for a TLS server")                              \
    X(PICKET_ERR_CERT_WEAK, -56, "certificate uses a key or signature that is too weak or not supported")   \
    X(PICKET_ERR_CERT_MALFORMED, -57, "certificate is malformed or has contents that are not supported")    \
    X(PICKET_ERR_NO_CERT, -58, "the server sent no certificate")                                            \
    X(PICKET_ERR_PIN, -59, "certificate's key is not one of those pinned")                                  \
    /* The TLS protocol */                                                                                  \
    X(PICKET_ERR_ALERT, -60, "the server ended TLS with an alert")                                          \
    X(PICKET_ERR_NOT_TLS, -61, "the server does not speak TLS on this port")                                \
    X(PICKET_ERR_TLS_VERSION, -62, "the server speaks no TLS version that is allowed (1.2 and 1.3 are)")    \
    X(PICKET_ERR_TLS_PROTOCOL, -63, "the server broke the TLS protocol")                                    \
    X(PICKET_ERR_TLS_CORRUPT, -64, "a TLS record was damaged or forged on the way")                         \
    X(PICKET_ERR_TLS_SIGNATURE, -65, "the server's handshake signature does not match its certificate")     \
    X(PICKET_ERR_TLS_CLOSED, -66, "the server closed the connection during the TLS handshake")              \
    /* HTTP */                                                                                              \
    X(PICKET_ERR_EMPTY, -70, "the server closed the connection without an answer")                          \
    X(PICKET_ERR_HEAD_CUT, -71, "cut short: the connection ended inside the response head")                 \
    X(PICKET_ERR_BODY_CUT, -72, "cut short: the connection ended inside the response body")                 \
    X(PICKET_ERR_NOT_HTTP, -73, "the answer is not HTTP/1.1")                                               \
    X(PICKET_ERR_HTTP_HEAD, -74, "malformed response head")                                                 \
    X(PICKET_ERR_HTTP_LENGTH, -75, "malformed or contradictory Content-Length")                             \
    X(PICKET_ERR_HTTP_CODING, -76, "unsupported or contradictory Transfer-Encoding")                        \
    X(PICKET_ERR_HTTP_CHUNK, -77, "malformed chunked response body")                                        \
    X(PICKET_ERR_HTTP_HEAD_SIZE, -78, "response head larger than allowed (see config.head_max)")            \
    X(PICKET_ERR_HTTP_HEADERS, -79, "more response headers than allowed (see PICKET_HTTP_HEADERS)")         \
    X(PICKET_ERR_HTTP_UPGRADE, -80, "the server switched protocols without being asked")                    \
    X(PICKET_ERR_HTTP_INTERIM, -81, "too many interim (1xx) responses")                                     \
    X(PICKET_ERR_REDIRECTS, -82, "more redirects than allowed")                                             \
    X(PICKET_ERR_REDIRECT_URL, -83, "redirected to something that is not a URL to follow")                  \
    X(PICKET_ERR_REDIRECT_PLAIN, -84, "redirected from https to http, which is not followed")               \
    X(PICKET_ERR_REDIRECT_BODY, -85, "redirected, but the request body cannot be sent a second time")       \
    /* Parts of files, and downloads */                                                                     \
    X(PICKET_ERR_RANGE, -90, "the server sent another range of bytes than the one asked for")               \
    X(PICKET_ERR_STATUS, -91, "the server answered with a status that brings no file")                      \
    X(PICKET_ERR_CHANGED, -92, "the file changed on the server while it was downloaded")                    \
    X(PICKET_ERR_TOO_LARGE, -93, "the file is larger than allowed")                                         \
    X(PICKET_ERR_DIGEST, -94,                                                                               \
      "the file's SHA-256 is not the one expected: damaged, forged, or another file")                       \
    X(PICKET_ERR_SIGNATURE, -95,                                                                            \
      "the file is not signed by the key expected: damaged, forged, or another file")                       \
    X(PICKET_ERR_SINK, -96, "the file could not be stored: the application's sink refused it")

enum picket_error {
#define PICKET_ERROR_ENUM(name, value, sentence) name = value,
    PICKET_ERROR_LIST(PICKET_ERROR_ENUM)
#undef PICKET_ERROR_ENUM
};

// The sentence for a result: "ok" for 0 and above, and for an unknown number "unknown error". Never NULL. Any
// context.
const char *picket_strerror(int error);

// The name ("PICKET_ERR_EXPIRED") for a result; "PICKET_OK" for 0 and above. Never NULL. Any context.
const char *picket_error_name(int error);

#ifdef __cplusplus
}
#endif
#endif
