// http1_filter.h: what RFC 9112 wants of the bytes of a response, checked byte by byte in front of llhttp.
//
// llhttp is lenient in places, and in other places from version to version: bare LF, folded lines, chunk
// extensions. The filter is at least as strict and never later, so every error, and the byte that it is
// found at, is the filter's: the same with every llhttp and however the bytes are split. Where llhttp is
// stricter than the RFC, the filter hides bytes that it has checked.
#ifndef PICKET_HTTP1_FILTER_H
#define PICKET_HTTP1_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http1_filter {
    uint8_t state;      // http1_filter.c
    uint8_t matched;    // bytes of the literal or field name that have matched so far
    uint8_t candidates; // framing fields that the field name may still become, one bit each
    uint8_t field;      // the framing field whose value it is in
    uint8_t minor;      // HTTP/1.minor
    uint8_t digits;     // of the status code or the chunk size
    bool coded;         // there is a Transfer-Encoding; at the end of the head: it is "chunked"
    bool trailer;       // the fields are those of the trailer section
    bool hidden;        // the byte just checked is not for llhttp
    uint16_t extension; // bytes of extension in this chunk's line
    uint32_t fields;    // in this section
    size_t size;        // bytes of this section
    size_t size_max;
    int64_t length; // Content-Length, -1 when there is none
    uint64_t left;  // bytes of data until the framing goes on; the chunk size while it is read
    int error;      // enum picket_error, or 0
    const char *why;
} http1_filter_t;

enum http1_body { HTTP1_BODY_NONE, HTTP1_BODY_LENGTH, HTTP1_BODY_CHUNKED, HTTP1_BODY_UNTIL_CLOSE };

// Begin with a head of size_max bytes at most; so much is allowed for a trailer section again.
void http1_filter_start(http1_filter_t *f, size_t size_max);

// After the head: go on with the body that it announces, length bytes (above 0) for HTTP1_BODY_LENGTH.
void http1_filter_body(http1_filter_t *f, enum http1_body body);

// Check the next bytes of len (at least 1): one, or a run of body data. Returns how many, all of them with
// the same f->hidden; 0 when the first of them is wrong (error and why are set) or does not belong to the
// head or the message any more.
size_t http1_filter_step(http1_filter_t *f, const char *data, size_t len);

// The head, or after http1_filter_body the message, has ended.
bool http1_filter_stopped(const http1_filter_t *f);

#endif
