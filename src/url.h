// url.h: http:// and https:// URLs (RFC 3986), taken apart without copying, strictly.
#ifndef PICKET_URL_H
#define PICKET_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picket/port.h"

typedef struct url {
    bool secure;      // https
    const char *host; // in the URL: host_len bytes, brackets of an IPv6 literal left out
    size_t host_len;
    bool is_literal; // the host is an IP literal, and address is set
    picket_address_t address;
    const char *login; // url_parse_login: "user:password" or "user", login_len bytes; NULL: none
    size_t login_len;
    uint16_t port;   // 443 or 80 when not given
    bool port_given; // and it is not the default one: Host must name it
    // Path and query as they go on the wire, target_len bytes. When empty or beginning with '?', the request
    // line has a '/' before it.
    const char *target;
    size_t target_len;
} url_t;

// Take text apart; the results point into it. Returns 0, PICKET_ERR_URL or PICKET_ERR_SCHEME, and in that
// case *why (if not NULL) says what is wrong in a few words ("port out of range"). Refused: control
// characters, blanks and bytes above 0x7e anywhere, backslash, credentials, an empty host, a host that is
// neither a DNS name (letters, digits, '-', '_', labels of 1 to 63, 253 in all; one dot at the end is left
// out of host_len) nor an IP literal, an IPv4 literal in any form but four decimal numbers (a host whose
// last label is all digits or 0x hex is an IPv4 literal), a zone in an IPv6 literal, port 0 or above 65535
// or empty, a malformed %-escape, URLs longer than PICKET_URL_MAX.
int url_parse(const char *text, url_t *url, const char **why);

// The same, but credentials are taken: login. An '@' in them has to be escaped.
int url_parse_login(const char *text, url_t *url, const char **why);

// Resolve a reference against a URI (RFC 3986 section 5.2; strictly: "http:g" has a scheme). 0, and the result, with a NUL, is in out; PICKET_ERR_URL
// when it has no room there, or the base no scheme. strlen(base) + strlen(reference) + 2 bytes are always enough. This is syntax only:
// whether the result is a URL is for url_parse to say.
int url_resolve(const char *base, const char *reference, char *out, size_t room);

// An IP literal (IPv6 without brackets, no zone): true and *address is set.
bool url_parse_address(const char *text, size_t len, picket_address_t *address);

// A DNS host name by the rules above, as host_len gives it: without a dot at the end. Not an IPv4 literal
// in any form.
bool url_is_host_name(const char *text, size_t len);

#endif
