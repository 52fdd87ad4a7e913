// Responses, good and bad, as a server may send them: whole, byte by byte, split at every place and cut off
// at every place. However the bytes come, the result is the same, and what was cut short is never complete.
#define _DEFAULT_SOURCE

#include "http1.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "check.h"

#define STATUS    "HTTP/1.1 200 OK\r\n"
#define CHUNKED   STATUS "Transfer-Encoding: chunked\r\n\r\n"
#define LENGTH(n) STATUS "Content-Length: " n "\r\n\r\n"
#define CONTINUE  "HTTP/1.1 100 Continue\r\n\r\n"
#define TEN(s)    s s s s s s s s s s

struct response {
    const char *name;
    const char *in;
    size_t len;
    size_t head_max;   // 0: 2048
    bool head_request; // it answers HEAD
    int error;         // what feeding ends with
    const char *why;
    int end;    // what the end of the stream then is
    int status; // 0: 200, where the head is complete
    const char *body;
    size_t body_len;
    size_t rest;    // bytes behind the message
    int64_t length; // 0: not looked at
    bool until_close;
    const char *fields; // "name=value\n" for each; NULL: not looked at
};

#define IN(s)     .in = (s), .len = sizeof(s) - 1
#define BODY(s)   .body = (s), .body_len = sizeof(s) - 1
#define BAD(e, w) .error = PICKET_ERR_##e, .why = (w)

static const struct response responses[] = {
    // --- Framing (RFC 9112 section 6.3)
    {"length", IN(LENGTH("5") "hello"), BODY("hello"), .length = 5},
    {"length_with_rest", IN(LENGTH("5") "helloHTTP/1.1"), BODY("hello"), .rest = 8},
    {"length_zero", IN(LENGTH("0")), BODY("")},
    {"length_zero_with_rest", IN(LENGTH("0") "x"), BODY(""), .rest = 1},
    {"length_with_zeros_in_front", IN(LENGTH("0000000000000000000000005") "hello"), BODY("hello"),
     .length = 5},
    {"length_many_zeros", IN(LENGTH("000") "x"), BODY(""), .rest = 1},
    {"length_trimmed", IN(STATUS "Content-Length:\t 3\t \r\n\r\nabc"), BODY("abc"), .length = 3,
     .fields = "Content-Length=3\n"},
    {"length_without_blank", IN(STATUS "Content-Length:3\r\n\r\nabc"), BODY("abc")},
    {"length_any_case", IN(STATUS "cOnTeNt-LeNgTh: 3\r\n\r\nabc"), BODY("abc")},
    {"length_largest", IN(LENGTH("9223372036854775807") "abc"), BODY("abc"), .length = INT64_MAX,
     .end = PICKET_ERR_BODY_CUT},
    {"length_of_binary_body", IN(LENGTH("4") "\0\r\n\xff"), BODY("\0\r\n\xff")},
    {"until_close", IN(STATUS "\r\nhello"), BODY("hello"), .until_close = true, .length = -1},
    {"until_close_empty", IN(STATUS "\r\n"), BODY(""), .until_close = true},
    {"until_close_in_http_1_0", IN("HTTP/1.0 200 OK\r\n\r\nabc"), BODY("abc"), .until_close = true},
    {"until_close_despite_keep_alive", IN(STATUS "Connection: keep-alive\r\n\r\nabc"), BODY("abc"),
     .until_close = true},
    {"length_in_http_1_0", IN("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabcd"), BODY("abc"), .rest = 1},
    {"connection_close_with_length", IN(STATUS "Connection: close\r\nContent-Length: 3\r\n\r\nabc"),
     BODY("abc")},
    {"chunked", IN(CHUNKED "5\r\nhello\r\n0\r\n\r\n"), BODY("hello"), .length = -1},
    {"chunked_two", IN(CHUNKED "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"), BODY("hello, world")},
    {"chunked_empty", IN(CHUNKED "0\r\n\r\n"), BODY("")},
    {"chunked_with_rest", IN(CHUNKED "1\r\na\r\n0\r\n\r\nHTTP"), BODY("a"), .rest = 4},
    {"chunked_hex", IN(CHUNKED "a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"),
     BODY("01234567890123456789a")},
    {"chunked_size_with_zeros", IN(CHUNKED "0000000000000001\r\na\r\n0000\r\n\r\n"), BODY("a")},
    {"chunked_looks_like_framing", IN(CHUNKED "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), BODY("\r\n0\r\n\r\n")},
    {"chunked_any_case", IN(STATUS "transfer-ENCODING: ChUnKeD\r\n\r\n1\r\na\r\n0\r\n\r\n"), BODY("a")},
    {"chunked_trimmed", IN(STATUS "Transfer-Encoding:\t chunked \t\r\n\r\n1\r\na\r\n0\r\n\r\n"), BODY("a"),
     .fields = "Transfer-Encoding=chunked\n"},
    {"chunked_largest_size", IN(CHUNKED "7fffffffffffffff\r\nabc"), BODY("abc"), .end = PICKET_ERR_BODY_CUT},
    {"chunked_and_close", IN(STATUS "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     BODY("")},

    // --- Chunk extensions and trailers
    {"extension", IN(CHUNKED "1;a=b\r\nx\r\n0;last\r\n\r\n"), BODY("x")},
    {"extension_two", IN(CHUNKED "1;a=b;c=d;e\r\nx\r\n0\r\n\r\n"), BODY("x")},
    {"extension_with_blanks", IN(CHUNKED "1 ; a = b\t;c\r\nx\r\n0\r\n\r\n"), BODY("x")},
    {"extension_quoted", IN(CHUNKED "1;a=\"b;\\\" \t\xff\";c\r\nx\r\n0\r\n\r\n"), BODY("x")},
    {"extension_quoted_at_end", IN(CHUNKED "1;a=\"\"\r\nx\r\n0\r\n\r\n"), BODY("x")},
    {"extension_quoted_then_blank", IN(CHUNKED "1;a=\"\" ;b\r\nx\r\n0\r\n\r\n"), BODY("x")},
    {"trailer", IN(CHUNKED "1\r\na\r\n0\r\nX: y\r\nZ:\r\n\r\nrest"), BODY("a"), .rest = 4,
     .fields = "Transfer-Encoding=chunked\n"},
    {"trailer_with_connection", IN(CHUNKED "0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"), BODY("")},
    {"trailer_with_blanks", IN(CHUNKED "0\r\nX: \t y \t\r\n\r\n"), BODY("")},
    {"trailer_name_like_framing", IN(CHUNKED "0\r\nContent-Lengthy: 5\r\n\r\n"), BODY("")},

    // --- No body whatever the head says
    {"head_request", IN(LENGTH("5")), BODY(""), .head_request = true, .length = 5},
    {"head_request_with_rest", IN(LENGTH("5") "hello"), BODY(""), .head_request = true, .rest = 5},
    {"head_request_chunked", IN(CHUNKED), BODY(""), .head_request = true, .length = -1},
    {"head_request_without_length", IN(STATUS "\r\n"), BODY(""), .head_request = true},
    {"head_request_length_zero", IN(LENGTH("0")), BODY(""), .head_request = true},
    {"status_204", IN("HTTP/1.1 204 No Content\r\n\r\nx"), BODY(""), .status = 204, .rest = 1},
    {"status_204_with_length", IN("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"), BODY(""),
     .status = 204, .rest = 5, .length = -1},
    {"status_204_chunked", IN("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"), BODY(""),
     .status = 204},
    {"status_304", IN("HTTP/1.1 304 Not Modified\r\n\r\nx"), BODY(""), .status = 304, .rest = 1},
    {"status_304_with_length", IN("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), BODY(""),
     .status = 304, .length = 5},
    {"status_304_chunked", IN("HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\nx"), BODY(""),
     .status = 304, .rest = 1},
    {"status_205", IN("HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"), BODY(""), .status = 205},

    // --- Interim responses
    {"interim", IN(CONTINUE LENGTH("1") "a"), BODY("a"), .fields = "Content-Length=1\n"},
    {"interim_with_fields", IN("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" LENGTH("1") "a"), BODY("a"),
     .fields = "Content-Length=1\n"},
    {"interim_that_closes", IN("HTTP/1.1 100 C\r\nConnection: close\r\n\r\n" LENGTH("1") "a"), BODY("a")},
    {"interim_with_length", IN("HTTP/1.1 102 P\r\nContent-Length: 9\r\n\r\n" LENGTH("1") "a"), BODY("a")},
    {"interim_chunked", IN("HTTP/1.1 199 P\r\nTransfer-Encoding: chunked\r\n\r\n" LENGTH("1") "a"),
     BODY("a")},
    {"interim_in_http_1_0", IN("HTTP/1.0 100 C\r\n\r\n" LENGTH("1") "a"), BODY("a")},
    {"interim_for_head", IN(CONTINUE LENGTH("1")), BODY(""), .head_request = true},
    {"interim_as_many_as_allowed",
     IN(TEN("HTTP/1.1 100\r\n\r\n") "HTTP/1.1 100\r\n\r\nHTTP/1.1 100\r\n\r\n"
                                    "HTTP/1.1 100\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 "
                                    "100\r\n\r\n" LENGTH("1") "a"),
     BODY("a")},
    {"interim_alone", IN(CONTINUE), .end = PICKET_ERR_HEAD_CUT},
    {"interim_one_too_many", IN(TEN("HTTP/1.1 100\r\n\r\n") TEN("HTTP/1.1 100\r\n\r\n") LENGTH("0")),
     BAD(HTTP_INTERIM, "")},
    {"interim_malformed", IN("HTTP/1.1 100 C\r\nX\r\n\r\n"), BAD(HTTP_HEAD, "header line without a colon")},
    {"interim_malformed_length", IN("HTTP/1.1 100 C\r\nContent-Length: x\r\n\r\n"),
     BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"interim_then_garbage", IN(CONTINUE "\r\n" LENGTH("0")), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"interim_heads_count_alone", IN(CONTINUE CONTINUE STATUS "Content-Length: 0\r\n\r\n"), .head_max = 38,
     BODY("")},
    {"interim_too_large", IN("HTTP/1.1 100 Continue, and then continue\r\n\r\n" LENGTH("0")), .head_max = 38,
     BAD(HTTP_HEAD_SIZE, "")},
    {"upgrade_not_asked_for", IN("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc"),
     BAD(HTTP_UPGRADE, "")},
    {"upgrade_without_fields", IN("HTTP/1.1 101 Switching\r\n\r\nabc"), BAD(HTTP_UPGRADE, "")},
    {"upgrade_for_head", IN("HTTP/1.1 101 S\r\n\r\n"), .head_request = true, BAD(HTTP_UPGRADE, "")},
    {"upgrade_offered_with_200",
     IN(STATUS "Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc"), BODY("abc")},
    {"upgrade_offered_with_200_chunked",
     IN(STATUS
        "Upgrade: h2\r\nConnection: upgrade, close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
     BODY("a")},
    {"upgrade_offered_until_close", IN(STATUS "Upgrade: h2\r\nConnection: upgrade\r\n\r\nabc"), BODY("abc"),
     .until_close = true},

    // --- The status line
    {"reason_empty", IN("HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na"), BODY("a")},
    {"reason_missing", IN("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na"), BODY("a")},
    {"reason_any_text", IN("HTTP/1.1 200 \t \xc3\xbc~\xff!:\r\nContent-Length: 0\r\n\r\n"), BODY("")},
    {"status_lowest", IN("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), BODY("")},
    {"status_highest", IN("HTTP/1.1 599 Last\r\nContent-Length: 0\r\n\r\n"), BODY(""), .status = 599},
    {"status_404", IN("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"), BODY("no"), .status = 404},
    {"status_600", IN("HTTP/1.1 600 X\r\n\r\n"), BAD(HTTP_HEAD, "status code out of range")},
    {"status_999", IN("HTTP/1.1 999 X\r\n\r\n"), BAD(HTTP_HEAD, "status code out of range")},
    {"status_099", IN("HTTP/1.1 099 X\r\n\r\n"), BAD(HTTP_HEAD, "status code out of range")},
    {"status_of_two_digits", IN("HTTP/1.1 20 OK\r\n\r\n"), BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_of_four_digits", IN("HTTP/1.1 2000 OK\r\n\r\n"),
     BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_of_letters", IN("HTTP/1.1 OK\r\n\r\n"), BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_negative", IN("HTTP/1.1 -20 OK\r\n\r\n"), BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_after_two_blanks", IN("HTTP/1.1  200 OK\r\n\r\n"),
     BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_after_tab", IN("HTTP/1.1\t200 OK\r\n\r\n"), BAD(HTTP_HEAD, "no status code after the version")},
    {"status_then_tab", IN("HTTP/1.1 200\tOK\r\n\r\n"), BAD(HTTP_HEAD, "status code is not three digits")},
    {"status_missing", IN("HTTP/1.1\r\n\r\n"), BAD(HTTP_HEAD, "no status code after the version")},
    {"reason_with_nul", IN("HTTP/1.1 200 O\0K\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"reason_with_escape", IN("HTTP/1.1 200 \x1b[31m\r\n\r\n"),
     BAD(HTTP_HEAD, "control character in the head")},
    {"reason_with_delete", IN("HTTP/1.1 200 \x7f\r\n\r\n"), BAD(HTTP_HEAD, "control character in the head")},
    {"status_line_bare_lf", IN("HTTP/1.1 200 OK\n\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"status_line_bare_lf_without_reason", IN("HTTP/1.1 200\n\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"status_line_bare_cr", IN("HTTP/1.1 200 OK\rX: y\r\n\r\n"), BAD(HTTP_HEAD, "CR without LF")},
    {"not_http_version_2", IN("HTTP/2 200\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_version_2_0", IN("HTTP/2.0 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_version_0_9", IN("HTTP/0.9 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_version_1_2", IN("HTTP/1.2 200 OK\r\n\r\n"), BAD(NOT_HTTP, "neither HTTP/1.0 nor HTTP/1.1")},
    {"not_http_version_1_10", IN("HTTP/1.10 200 OK\r\n\r\n"), BAD(NOT_HTTP, "neither HTTP/1.0 nor HTTP/1.1")},
    {"not_http_version_1", IN("HTTP/1 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_icy", IN("ICY 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_rtsp", IN("RTSP/1.0 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_lower_case", IN("http/1.1 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_html", IN("<html>hello</html>"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_ssh", IN("SSH-2.0-OpenSSH_9.2\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_smtp", IN("220 mail.example.com ESMTP\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_request", IN("GET / HTTP/1.1\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_empty_line", IN("\r\nHTTP/1.1 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_blank", IN(" HTTP/1.1 200 OK\r\n\r\n"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_nul", IN("\0"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_tls_alert", IN("\x15\x03\x01\x00\x02\x02\x46"), BAD(NOT_HTTP, "the server speaks TLS here")},
    {"not_http_tls_handshake", IN("\x16\x03\x03\x00\x40"), BAD(NOT_HTTP, "the server speaks TLS here")},
    {"not_http_http2_settings", IN("\0\0\x12\x04\0\0\0\0\0"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},
    {"not_http_first_byte", IN("x"), BAD(NOT_HTTP, "no HTTP/1.1 status line")},

    // --- Fields
    {"fields", IN(STATUS "A: b\r\nC:d\r\nE: \r\nF:\r\nContent-Length: 0\r\n\r\n"), BODY(""),
     .fields = "A=b\nC=d\nE=\nF=\nContent-Length=0\n"},
    {"fields_trimmed", IN(STATUS "A: \t b c \t\r\nB: \t \r\nContent-Length: 0\r\n\r\n"), BODY(""),
     .fields = "A=b c\nB=\nContent-Length=0\n"},
    {"fields_repeated", IN(STATUS "Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"), BODY(""),
     .fields = "Set-Cookie=a\nSet-Cookie=b\nContent-Length=0\n"},
    {"fields_any_text", IN(STATUS "A: \xff\x80\t:;,\"\\ x\r\n\r\n"), BODY(""), .until_close = true,
     .fields = "A=\xff\x80\t:;,\"\\ x\n"},
    {"fields_any_name", IN(STATUS "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n"), BODY(""), .until_close = true,
     .fields = "!#$%&'*+-.^_`|~09azAZ=x\n"},
    {"fields_none", IN(STATUS "\r\n"), BODY(""), .until_close = true, .fields = ""},
    {"fields_like_framing",
     IN(STATUS "Content-Len: x\r\nContent-Lengths: x\r\nTransfer-Encodin: x\r\nX-Content-Length: x\r\n\r\n"),
     BODY(""), .until_close = true},
    {"fields_of_the_connection",
     IN(STATUS "Connection: close, x\r\nConnection: \r\nProxy-Connection: keep-alive\t,\r\nUpgrade:\r\n\r\n"),
     BODY(""), .until_close = true},
    {"fields_as_many_as_allowed", IN(STATUS TEN(TEN("A:\r\n")) "\r\n"), BODY(""), .until_close = true},
    {"fields_one_too_many", IN(STATUS TEN(TEN("A:\r\n")) "A:\r\n\r\n"),
     BAD(HTTP_HEADERS, "too many header fields")},
    {"trailer_as_many_as_allowed", IN(CHUNKED "0\r\n" TEN(TEN("A:\r\n")) "\r\n"), BODY("")},
    {"trailer_one_too_many", IN(CHUNKED "0\r\n" TEN(TEN("A:\r\n")) "A:\r\n\r\n"),
     BAD(HTTP_HEADERS, "too many trailer fields")},
    {"head_as_large_as_allowed", IN(STATUS "Content-Length: 0\r\n\r\n"), .head_max = 38, BODY("")},
    {"head_one_byte_too_large", IN(STATUS "Content-Length: 0\r\n\r\n"), .head_max = 37,
     BAD(HTTP_HEAD_SIZE, "")},
    {"head_too_large_in_reason", IN("HTTP/1.1 200 " TEN("very ") "OK\r\n\r\n"), .head_max = 37,
     BAD(HTTP_HEAD_SIZE, "")},
    {"head_too_large_in_name", IN(STATUS TEN("x") TEN("x") TEN("x") ": y\r\n\r\n"), .head_max = 37,
     BAD(HTTP_HEAD_SIZE, "")},
    {"head_too_large_in_value", IN(STATUS "X: " TEN("y") TEN("y") "\r\n\r\n"), .head_max = 37,
     BAD(HTTP_HEAD_SIZE, "")},
    {"head_too_large_in_blanks", IN(STATUS "X: " TEN(" ") TEN("\t") "\r\n\r\n"), .head_max = 37,
     BAD(HTTP_HEAD_SIZE, "")},
    {"head_size_leaves_body_alone",
     IN(LENGTH("0"
               "40") TEN("beer") "x"),
     .head_max = 40, BODY(TEN("beer")), .rest = 1},
    {"trailer_as_large_as_allowed", IN(CHUNKED "0\r\nX: " TEN("0123") "\r\n\r\n"), .head_max = 47, BODY("")},
    {"trailer_one_byte_too_large", IN(CHUNKED "0\r\nX: " TEN("0123") "4\r\n\r\n"), .head_max = 47,
     BAD(HTTP_HEAD_SIZE, "trailer section too large")},
    {"field_folded", IN(STATUS "A: b\r\n c\r\n\r\n"), BAD(HTTP_HEAD, "folded header line")},
    {"field_folded_by_tab", IN(STATUS "A: b\r\n\tc\r\n\r\n"), BAD(HTTP_HEAD, "folded header line")},
    {"field_folded_after_length", IN(STATUS "Content-Length: 1\r\n 1\r\n\r\n"),
     BAD(HTTP_HEAD, "folded header line")},
    {"field_folded_first", IN(STATUS " A: b\r\n\r\n"), BAD(HTTP_HEAD, "folded header line")},
    {"field_blank_before_colon", IN(STATUS "A : b\r\n\r\n"),
     BAD(HTTP_HEAD, "blank in a header name or before its colon")},
    {"field_blank_before_colon_of_length", IN(STATUS "Content-Length : 5\r\n\r\n"),
     BAD(HTTP_HEAD, "blank in a header name or before its colon")},
    {"field_blank_in_name", IN(STATUS "A b: c\r\n\r\n"),
     BAD(HTTP_HEAD, "blank in a header name or before its colon")},
    {"field_without_name", IN(STATUS ": b\r\n\r\n"), BAD(HTTP_HEAD, "header field without a name")},
    {"field_without_colon", IN(STATUS "Abc\r\n\r\n"), BAD(HTTP_HEAD, "header line without a colon")},
    {"field_name_with_slash", IN(STATUS "A/b: c\r\n\r\n"),
     BAD(HTTP_HEAD, "character in a header name that is not allowed")},
    {"field_name_begins_with_parenthesis", IN(STATUS "(A: c\r\n\r\n"),
     BAD(HTTP_HEAD, "character in a header name that is not allowed")},
    {"field_name_not_ascii", IN(STATUS "\xc3\xa4: c\r\n\r\n"),
     BAD(HTTP_HEAD, "character in a header name that is not allowed")},
    {"field_name_with_delete", IN(STATUS "A\x7f: c\r\n\r\n"),
     BAD(HTTP_HEAD, "character in a header name that is not allowed")},
    {"field_name_with_nul", IN(STATUS "A\0: c\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"field_name_is_nul", IN(STATUS "\0: c\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"field_name_then_lf", IN(STATUS "A\n: c\r\n\r\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"field_value_with_nul", IN(STATUS "A: b\0c\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"field_value_is_nul", IN(STATUS "A:\0\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"field_value_with_bell", IN(STATUS "A: \a\r\n\r\n"), BAD(HTTP_HEAD, "control character in the head")},
    {"field_value_with_delete", IN(STATUS "A: \x7f\r\n\r\n"),
     BAD(HTTP_HEAD, "control character in the head")},
    {"field_bare_lf", IN(STATUS "A: b\nC: d\r\n\r\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"field_bare_lf_empty", IN(STATUS "A:\nC: d\r\n\r\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"field_bare_cr", IN(STATUS "A: b\rC: d\r\n\r\n"), BAD(HTTP_HEAD, "CR without LF")},
    {"field_bare_cr_empty", IN(STATUS "A:\rC: d\r\n\r\n"), BAD(HTTP_HEAD, "CR without LF")},
    {"field_two_cr", IN(STATUS "A: b\r\r\n\r\n"), BAD(HTTP_HEAD, "CR without LF")},
    {"head_ends_with_bare_lf", IN(STATUS "A: b\r\n\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"head_ends_with_bare_cr", IN(STATUS "A: b\r\n\rx"), BAD(HTTP_HEAD, "CR without LF")},

    // --- Content-Length
    {"length_empty", IN(LENGTH("")), BAD(HTTP_LENGTH, "Content-Length is empty")},
    {"length_blank", IN(LENGTH(" \t")), BAD(HTTP_LENGTH, "Content-Length is empty")},
    {"length_negative", IN(LENGTH("-1")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_with_plus", IN(LENGTH("+1")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_hex", IN(LENGTH("0x10")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_fraction", IN(LENGTH("1.0")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_with_blank_inside", IN(LENGTH("1 2")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_with_tab_inside", IN(LENGTH("1\t2")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_of_letters", IN(LENGTH("five")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_quoted", IN(LENGTH("\"5\"")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_list", IN(LENGTH("5, 5")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_list_that_differs", IN(LENGTH("5,6")), BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_with_nul", IN(LENGTH("5\0")), BAD(HTTP_HEAD, "NUL in the head")},
    {"length_bare_lf", IN(STATUS "Content-Length: 5\n\r\nhello"), BAD(HTTP_HEAD, "line ends without CR")},
    {"length_empty_bare_lf", IN(STATUS "Content-Length:\n\r\nhello"), BAD(HTTP_HEAD, "line ends without CR")},
    {"length_bare_cr", IN(STATUS "Content-Length: 5\r\r\n\r\nhello"), BAD(HTTP_HEAD, "CR without LF")},
    {"length_one_too_large", IN(LENGTH("9223372036854775808")),
     BAD(HTTP_LENGTH, "Content-Length out of range")},
    {"length_of_2_64", IN(LENGTH("18446744073709551616")), BAD(HTTP_LENGTH, "Content-Length out of range")},
    {"length_of_2_64_and_5", IN(LENGTH("18446744073709551621") "hello"),
     BAD(HTTP_LENGTH, "Content-Length out of range")},
    {"length_far_too_large", IN(LENGTH(TEN("99999"))), BAD(HTTP_LENGTH, "Content-Length out of range")},
    {"length_twice_the_same", IN(STATUS "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
     BAD(HTTP_LENGTH, "more than one Content-Length")},
    {"length_twice", IN(STATUS "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
     BAD(HTTP_LENGTH, "more than one Content-Length")},
    {"length_zero_twice", IN(STATUS "Content-Length: 0\r\nA: b\r\ncontent-length: 5\r\n\r\n"),
     BAD(HTTP_LENGTH, "more than one Content-Length")},
    {"length_before_coding", IN(STATUS "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     BAD(HTTP_LENGTH, "Content-Length with Transfer-Encoding")},
    {"length_after_coding", IN(STATUS "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
     BAD(HTTP_LENGTH, "Content-Length with Transfer-Encoding")},
    {"length_malformed_for_head", IN(LENGTH("x")), .head_request = true,
     BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_malformed_in_304", IN("HTTP/1.1 304 Not Modified\r\nContent-Length: -5\r\n\r\n"),
     BAD(HTTP_LENGTH, "Content-Length is not a number")},
    {"length_in_trailer", IN(CHUNKED "0\r\nContent-Length: 5\r\n\r\n"),
     BAD(HTTP_LENGTH, "Content-Length in the trailer")},
    {"length_cut", IN(LENGTH("5") "hell"), BODY("hell"), .end = PICKET_ERR_BODY_CUT},

    // --- Transfer-Encoding
    {"coding_gzip", IN(STATUS "Transfer-Encoding: gzip\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_gzip_then_chunked", IN(STATUS "Transfer-Encoding: gzip, chunked\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_chunked_then_gzip", IN(STATUS "Transfer-Encoding: chunked, gzip\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_chunked_chunked", IN(STATUS "Transfer-Encoding: chunked,chunked\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_identity", IN(STATUS "Transfer-Encoding: identity\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_empty", IN(STATUS "Transfer-Encoding:\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_comma", IN(STATUS "Transfer-Encoding: ,chunked\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_with_parameter", IN(STATUS "Transfer-Encoding: chunked;q=1\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_too_short", IN(STATUS "Transfer-Encoding: chunke\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_too_long", IN(STATUS "Transfer-Encoding: chunkedd\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_in_two_words", IN(STATUS "Transfer-Encoding: chunked d\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_after_vertical_tab", IN(STATUS "Transfer-Encoding: \vchunked\r\n\r\n"),
     BAD(HTTP_HEAD, "control character in the head")},
    {"coding_bare_lf", IN(STATUS "Transfer-Encoding: chunked\n\r\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"coding_bare_cr", IN(STATUS "Transfer-Encoding: chunked\r\r\n"), BAD(HTTP_HEAD, "CR without LF")},
    {"coding_folded", IN(STATUS "Transfer-Encoding:\r\n chunked\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_twice", IN(STATUS "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
     BAD(HTTP_CODING, "more than one Transfer-Encoding")},
    {"coding_in_http_1_0", IN("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding in HTTP/1.0")},
    {"coding_wrong_for_head", IN(STATUS "Transfer-Encoding: x\r\n\r\n"), .head_request = true,
     BAD(HTTP_CODING, "Transfer-Encoding is not chunked alone")},
    {"coding_in_trailer", IN(CHUNKED "0\r\nTransfer-Encoding: chunked\r\n\r\n"),
     BAD(HTTP_CODING, "Transfer-Encoding in the trailer")},

    // --- Chunks
    {"chunk_size_missing", IN(CHUNKED "\r\nhello\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_negative", IN(CHUNKED "-1\r\n"), BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_with_plus", IN(CHUNKED "+1\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_with_0x", IN(CHUNKED "0x1\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_of_letters", IN(CHUNKED "ghi\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_after_blank", IN(CHUNKED " 1\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_then_blank", IN(CHUNKED "1 \r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"chunk_size_in_two_words", IN(CHUNKED "1 1\r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"chunk_size_then_comma", IN(CHUNKED "1,1\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_then_nul", IN(CHUNKED "1\0\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_size_bare_lf", IN(CHUNKED "1\na\r\n0\r\n\r\n"), BAD(HTTP_CHUNK, "chunk line ends without CR")},
    {"chunk_size_bare_cr", IN(CHUNKED "1\ra\r\n0\r\n\r\n"), BAD(HTTP_CHUNK, "CR without LF in a chunk line")},
    {"chunk_size_two_cr", IN(CHUNKED "1\r\r\na\r\n"), BAD(HTTP_CHUNK, "CR without LF in a chunk line")},
    {"chunk_size_one_too_large", IN(CHUNKED "8000000000000000\r\n"),
     BAD(HTTP_CHUNK, "chunk size out of range")},
    {"chunk_size_of_2_64", IN(CHUNKED "10000000000000000\r\n"), BAD(HTTP_CHUNK, "chunk size out of range")},
    {"chunk_size_of_2_64_and_5", IN(CHUNKED "10000000000000005\r\nhello\r\n"),
     BAD(HTTP_CHUNK, "chunk size out of range")},
    {"chunk_size_too_many_digits", IN(CHUNKED "00000000000000001\r\na\r\n"),
     BAD(HTTP_CHUNK, "chunk size has too many digits")},
    {"chunk_size_f", IN(CHUNKED "ffffffffffffffff\r\n"), BAD(HTTP_CHUNK, "chunk size out of range")},
    {"chunk_longer_than_said", IN(CHUNKED "1\r\nab\r\n0\r\n\r\n"), BODY("a"),
     BAD(HTTP_CHUNK, "chunk data is not followed by CRLF")},
    {"chunk_shorter_than_said", IN(CHUNKED "5\r\nab\r\n0\r\n\r\n"), BODY("ab\r\n0"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_data_bare_lf", IN(CHUNKED "1\r\na\n0\r\n\r\n"), BODY("a"),
     BAD(HTTP_CHUNK, "chunk data is not followed by CRLF")},
    {"chunk_data_bare_cr", IN(CHUNKED "1\r\na\r0\r\n\r\n"), BODY("a"),
     BAD(HTTP_CHUNK, "chunk data is not followed by CRLF")},
    {"chunk_data_without_crlf", IN(CHUNKED "1\r\na0\r\n\r\n"), BODY("a"),
     BAD(HTTP_CHUNK, "chunk data is not followed by CRLF")},
    {"chunk_second_malformed", IN(CHUNKED "2\r\nab\r\nx\r\n"), BODY("ab"),
     BAD(HTTP_CHUNK, "chunk size is not a hexadecimal number")},
    {"chunk_without_last", IN(CHUNKED "2\r\nab\r\n"), BODY("ab"), .end = PICKET_ERR_BODY_CUT},
    {"chunk_last_without_empty_line", IN(CHUNKED "2\r\nab\r\n0\r\n"), BODY("ab"), .end = PICKET_ERR_BODY_CUT},
    {"extension_without_name", IN(CHUNKED "1;\r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_without_name_but_value", IN(CHUNKED "1;=b\r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_without_value", IN(CHUNKED "1;a=\r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_ends_in_blank", IN(CHUNKED "1;a \r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_value_ends_in_blank", IN(CHUNKED "1;a=b \r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_two_equals", IN(CHUNKED "1;a==b\r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_with_nul", IN(CHUNKED "1;a\0\r\na\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_bare_lf", IN(CHUNKED "1;a\na\r\n0\r\n\r\n"), BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_value_bare_lf", IN(CHUNKED "1;a=b\na\r\n0\r\n\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_quote_with_lf", IN(CHUNKED "1;a=\"\n\"\r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_quote_with_cr", IN(CHUNKED "1;a=\"\r\n\"\r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_escape_of_lf", IN(CHUNKED "1;a=\"\\\n\"\r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_quote_then_text", IN(CHUNKED "1;a=\"\"b\r\na\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"extension_bare_cr", IN(CHUNKED "1;a\ra\r\n"), BAD(HTTP_CHUNK, "CR without LF in a chunk line")},
    {"extension_as_long_as_allowed", IN(CHUNKED "1;" TEN(TEN("0123456789")) "01234567890123456789012\r\na"),
     BODY("a"), .end = PICKET_ERR_BODY_CUT, .head_max = 64},
    {"extension_too_long", IN(CHUNKED "1;" TEN(TEN("0123456789")) "012345678901234567890123\r\na"),
     BAD(HTTP_CHUNK, "chunk extension too long"), .head_max = 64},
    {"trailer_folded", IN(CHUNKED "0\r\nA: b\r\n c\r\n\r\n"), BAD(HTTP_HEAD, "folded header line")},
    {"trailer_without_colon", IN(CHUNKED "0\r\nhello\r\n\r\n"),
     BAD(HTTP_HEAD, "header line without a colon")},
    {"trailer_without_name", IN(CHUNKED "0\r\n: x\r\n\r\n"), BAD(HTTP_HEAD, "header field without a name")},
    {"trailer_bare_lf", IN(CHUNKED "0\r\nA: b\n\r\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"trailer_is_bare_lf", IN(CHUNKED "0\r\n\n"), BAD(HTTP_HEAD, "line ends without CR")},
    {"trailer_with_nul", IN(CHUNKED "0\r\nA: \0\r\n\r\n"), BAD(HTTP_HEAD, "NUL in the head")},
    {"trailer_bare_cr", IN(CHUNKED "0\r\n\rx"), BAD(HTTP_HEAD, "CR without LF")},
    {"last_chunk_followed_by_garbage", IN(CHUNKED "0\r\n1\r\na\r\n"),
     BAD(HTTP_HEAD, "header line without a colon")},

    // --- Attempts to smuggle a second response
    {"smuggle_by_vertical_tab_in_name",
     IN(STATUS "Transfer-Encoding\v: chunked\r\nContent-Length: 5\r\n\r\nhello"),
     BAD(HTTP_HEAD, "character in a header name that is not allowed")},
    {"smuggle_by_bare_cr_in_value",
     IN(STATUS "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc"),
     BAD(HTTP_HEAD, "CR without LF")},
    {"smuggle_by_lf_in_extension", IN(CHUNKED "2;\nxx\r\n4c\r\n"),
     BAD(HTTP_CHUNK, "malformed chunk extension")},
    {"smuggle_by_crlf_less_chunk", IN(CHUNKED "2\r\nabXX0\r\n\r\n"), BODY("ab"),
     BAD(HTTP_CHUNK, "chunk data is not followed by CRLF")},
};

#define RESPONSES (sizeof responses / sizeof responses[0])

// --- One way of feeding a response

static char *guard; // behind it lies a page that nobody may read
static _Alignas(8) uint8_t memory[65536];

struct run {
    http1_response_t *r;
    int error;
    const char *why;
    size_t taken;    // without those of the call that failed
    size_t head_len; // 0 until the head is complete
    char body[2048];
    size_t body_len;
};

static void begin(struct run *run, const struct response *c)
{
    memset(run, 0, sizeof *run);
    run->r = http1_response_new(c->head_request, c->head_max != 0 ? c->head_max : 2048);
}

static void took(struct run *run, int n)
{
    if (n < 0)
        run->error = n;
    else
        run->taken += (size_t)n;
    run->why = http1_why(run->r);
}

static size_t feed_head(struct run *run, char *data, size_t len)
{
    const int n = http1_feed_head(run->r, data, len);

    took(run, n);
    if (n < 0)
        return len;
    if (http1_head_complete(run->r))
        run->head_len = run->taken;
    else
        CHECK_INT(n, len);
    return (size_t)n;
}

static void feed_body(struct run *run, char *data, size_t len)
{
    size_t out = len + 1;
    const int n = http1_feed_body(run->r, data, len, &out);

    took(run, n);
    REQUIRE(out <= len && run->body_len + out <= sizeof run->body);
    memcpy(run->body + run->body_len, data, out);
    run->body_len += out;
    if (n >= 0 && (size_t)n < len)
        CHECK(http1_complete(run->r));
}

static void feed(struct run *run, const char *data, size_t len)
{
    char *const at = guard - len;
    size_t n = 0;

    if (len == 0)
        return;
    memcpy(at, data, len);
    if (!http1_head_complete(run->r))
        n = feed_head(run, at, len);
    if (n < len)
        feed_body(run, at + n, len - n);
}

static void finish(struct run *run)
{
    http1_response_free(run->r);
    CHECK(arena_check());
    CHECK_INT(arena_used(), 0);
}

static void feed_in_two(struct run *run, const struct response *c, size_t first)
{
    begin(run, c);
    feed(run, c->in, first);
    feed(run, c->in + first, c->len - first);
}

// Returns how many bytes were fed before the one that made it fail.
static size_t feed_byte_by_byte(struct run *run, const struct response *c)
{
    size_t fed = 0;

    begin(run, c);
    for (size_t i = 0; i < c->len; i++) {
        feed(run, c->in + i, 1);
        fed += run->error == 0;
    }
    return fed;
}

// --- What is looked at

static void check_fields(const http1_response_t *r, const char *wanted)
{
    const char *name;
    const char *value;
    char text[2048] = "";

    for (unsigned i = 0; http1_header_at(r, i, &name, &value); i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=%s\n", name, value);
    CHECK_STR(text, wanted);
}

static void check_head(const struct run *run, const struct response *c)
{
    const bool complete = http1_head_complete(run->r);

    CHECK_INT(http1_status(run->r), !complete ? 0 : c->status != 0 ? c->status : 200);
    CHECK_INT(http1_until_close(run->r), c->until_close);
    if (complete && c->length != 0)
        CHECK_INT(http1_length(run->r), c->length);
    if (c->fields != NULL)
        check_fields(run->r, c->fields);
    if (!complete) {
        CHECK(http1_header(run->r, "A") == NULL);
        CHECK_INT(http1_length(run->r), -1);
    }
}

static void check_run_matches(const struct run *run, const struct response *c)
{
    CHECK_INT(run->error, c->error);
    CHECK_STR(run->why, c->why != NULL ? c->why : "");
    CHECK_INT(run->body_len, c->body_len);
    CHECK_MEM(run->body, c->body, c->body_len);
    CHECK_INT(http1_complete(run->r), c->error == 0 && c->end == 0 && !c->until_close);
    if (c->error == 0)
        CHECK_INT(run->taken, c->len - c->rest);
    check_head(run, c);
}

static void check_error_sticks(const struct run *run)
{
    char again[] = "HTTP";
    size_t out;

    if (run->error == 0)
        return;
    CHECK_INT(http1_feed_head(run->r, again, 4), run->error);
    CHECK_INT(http1_feed_body(run->r, again, 4, &out), run->error);
    CHECK_INT(out, 0);
    CHECK_INT(http1_feed_end(run->r), run->error);
    CHECK(!http1_complete(run->r));
}

static void check_end(const struct run *run, const struct response *c)
{
    char more[] = "more";
    size_t out;

    if (run->error != 0)
        return;
    CHECK_INT(http1_feed_end(run->r), c->end);
    CHECK_INT(http1_complete(run->r), c->end == 0);
    CHECK_INT(http1_feed_end(run->r), c->end);
    CHECK_INT(http1_feed_body(run->r, more, 4, &out), c->end);
    CHECK_INT(out, 0);
}

// What the end of the stream is after len bytes of a response that fails behind fed of them (when it does).
static int end_after(const struct run *whole, const struct response *c, size_t len, size_t fed)
{
    const size_t message = c->len - c->rest;

    if (whole->error != 0 && len > fed)
        return whole->error;
    if (len == 0)
        return PICKET_ERR_EMPTY;
    if (whole->error == 0 && c->end == 0 && len >= message)
        return 0;
    if (whole->head_len == 0 || len < whole->head_len)
        return PICKET_ERR_HEAD_CUT;
    return c->until_close ? 0 : PICKET_ERR_BODY_CUT;
}

static void check_cut_off(const struct run *whole, const struct response *c, size_t len, size_t fed)
{
    const int wanted = end_after(whole, c, len, fed);
    struct run run;

    begin(&run, c);
    feed(&run, c->in, len);
    CHECK_INT(http1_feed_end(run.r), wanted);
    CHECK_INT(http1_complete(run.r), wanted == 0);
    finish(&run);
}

static void check_same(const struct run *a, const struct run *b)
{
    CHECK_INT(a->error, b->error);
    CHECK_STR(a->why, b->why);
    CHECK_INT(a->head_len, b->head_len);
    CHECK_INT(a->body_len, b->body_len);
    CHECK_MEM(a->body, b->body, a->body_len < b->body_len ? a->body_len : b->body_len);
    CHECK_INT(http1_status(a->r), http1_status(b->r));
    CHECK_INT(http1_length(a->r), http1_length(b->r));
    CHECK_INT(http1_complete(a->r), http1_complete(b->r));
    if (a->error == 0)
        CHECK_INT(a->taken, b->taken);
}

// --- Each response, in every way

static const struct response *current;

static void check_response(void)
{
    static struct run whole;
    static struct run run;
    const struct response *const c = current;
    size_t fed;

    fed = feed_byte_by_byte(&run, c);
    check_run_matches(&run, c);
    check_error_sticks(&run);
    check_end(&run, c);
    finish(&run);
    for (size_t i = 0; i <= c->len; i++) {
        feed_in_two(&run, c, i);
        check_run_matches(&run, c);
        check_error_sticks(&run);
        check_end(&run, c);
        whole = run;
        finish(&run);
    }
    for (size_t i = 0; i <= c->len; i++)
        check_cut_off(&whole, c, i, fed);
}

static void check_responses(void)
{
    for (size_t i = 0; i < RESPONSES; i++) {
        current = &responses[i];
        check_run(current->name, check_response);
    }
}

// --- Damage: whatever a byte is turned into, the way the bytes are split does not matter

static void check_damaged(const struct response *c)
{
    static struct run whole;
    static struct run bytes;

    feed_in_two(&whole, c, c->len);
    feed_byte_by_byte(&bytes, c);
    check_same(&whole, &bytes);
    http1_response_free(whole.r);
    finish(&bytes);
}

static void damage_is_found_at_the_same_byte(void)
{
    static const char damage[] = "\0\t\n\r \":;=,0A\x7f\xff";
    static char copy[4096];

    for (size_t i = 0; i < RESPONSES; i++) {
        struct response c = responses[i];
        REQUIRE(c.len <= sizeof copy);
        memcpy(copy, c.in, c.len);
        c.in = copy;
        // A long response is long by repetition.
        for (size_t at = 0; at < c.len && at < 200; at++)
            for (size_t k = 0; k < sizeof damage - 1; k++) {
                copy[at] = damage[k];
                check_damaged(&c);
                copy[at] = responses[i].in[at];
            }
    }
}

// --- Memory

static const struct response large = {
    .name = "large",
    IN(CONTINUE STATUS "Content-Length: 3\r\n" TEN("Field: " TEN("0123456789") "\r\n") "\r\nabc"),
    .head_max = 4096};

// Returns what feeding came to.
static int feed_with_failure_at(uint32_t n, size_t piece)
{
    static struct run run;
    int error;

    arena_fail_at(n);
    begin(&run, &large);
    if (run.r == NULL)
        return PICKET_ERR_NO_MEMORY;
    for (size_t i = 0; i < large.len && run.error == 0; i += piece)
        feed(&run, large.in + i, piece);
    arena_fail_at(0);
    check_error_sticks(&run);
    error = run.error;
    CHECK(error != 0 || http1_complete(run.r));
    finish(&run);
    return error;
}

static void says_when_memory_runs_out(void)
{
    for (size_t piece = 1; piece <= large.len; piece += large.len - 1) {
        uint32_t n = 0;
        int error;

        do {
            error = feed_with_failure_at(++n, piece);
            CHECK(error == 0 || error == PICKET_ERR_NO_MEMORY);
            CHECK_INT(arena_used(), 0);
        } while (error != 0 && n < 20);
        CHECK(n > 2 && n < 20);
    }
}

static void store_grows_only_as_needed(void)
{
    static const struct response small = {IN(LENGTH("0"))};
    static struct run run;
    size_t before;

    begin(&run, &small);
    before = arena_used();
    feed(&run, small.in, small.len);
    CHECK(arena_used() - before <= 256 + 16);
    finish(&run);
}

static void head_stays_where_it_is(void)
{
    static const struct response c = {IN(STATUS "A: b\r\nTransfer-Encoding: chunked\r\n\r\n")};
    static const char chunks[] = "1\r\nx\r\n0\r\nA: other\r\n\r\n";
    static struct run run;
    const char *value;

    begin(&run, &c);
    feed(&run, c.in, c.len);
    value = http1_header(run.r, "A");
    REQUIRE(value != NULL);
    feed(&run, chunks, sizeof chunks - 1);
    CHECK(http1_header(run.r, "A") == value);
    CHECK_STR(value, "b");
    finish(&run);
}

// --- The head as it is asked for

static void headers_are_found_by_name(void)
{
    static const struct response c = {IN(STATUS "Content-Type: a\r\nX-A: 1\r\nx-a: 2\r\nX:\r\n\r\n")};
    static struct run run;
    const char *name;
    const char *value;

    begin(&run, &c);
    feed(&run, c.in, c.len - 1);
    CHECK(http1_header(run.r, "Content-Type") == NULL);
    CHECK(!http1_header_at(run.r, 0, &name, &value));
    CHECK_INT(http1_version_minor(run.r), 0);
    feed(&run, "\n", 1);
    CHECK_STR(http1_header(run.r, "content-TYPE"), "a");
    CHECK_STR(http1_header(run.r, "X-A"), "1");
    CHECK_STR(http1_header(run.r, "X"), "");
    CHECK(http1_header(run.r, "X-") == NULL);
    CHECK(http1_header(run.r, "X-AB") == NULL);
    CHECK(http1_header(run.r, "") == NULL);
    REQUIRE(http1_header_at(run.r, 2, &name, &value));
    CHECK_STR(name, "x-a");
    CHECK_STR(value, "2");
    CHECK(!http1_header_at(run.r, 4, &name, &value));
    CHECK(!http1_header_at(run.r, UINT_MAX, &name, &value));
    CHECK_INT(http1_version_minor(run.r), 1);
    finish(&run);
}

static void version_is_told(void)
{
    static const struct response c = {IN("HTTP/1.0 200 OK\r\n\r\n")};
    static struct run run;

    begin(&run, &c);
    feed(&run, c.in, c.len);
    CHECK(http1_head_complete(run.r));
    CHECK_INT(http1_version_minor(run.r), 0);
    finish(&run);
}

static void wrong_use_does_not_stick(void)
{
    static const struct response c = {IN(LENGTH("1"))};
    static struct run run;
    char body[] = "a";
    size_t out = 7;

    begin(&run, &c);
    CHECK_INT(http1_feed_body(run.r, body, 1, &out), PICKET_ERR_ARG);
    CHECK_INT(out, 0);
    CHECK_INT(http1_feed_head(run.r, body, (size_t)INT_MAX + 1), PICKET_ERR_ARG);
    CHECK_INT(http1_feed_head(run.r, body, 0), 0);
    feed(&run, c.in, c.len);
    CHECK_INT(http1_feed_head(run.r, body, 1), 0);
    CHECK_INT(http1_feed_body(run.r, body, (size_t)INT_MAX + 1, &out), PICKET_ERR_ARG);
    CHECK_INT(http1_feed_body(run.r, body, 0, &out), 0);
    CHECK_INT(http1_feed_body(run.r, body, 1, &out), 1);
    CHECK_INT(out, 1);
    CHECK(http1_complete(run.r));
    http1_response_free(NULL);
    finish(&run);
}

// A body in pieces of every size: what is left of a piece after decoding never overtakes it.
static void body_decodes_in_pieces(void)
{
    static const struct response c = {
        IN(CHUNKED "3;x=y\r\nabc\r\n1\r\nd\r\n10\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n")};
    static struct run run;

    for (size_t piece = 1; piece <= c.len; piece++) {
        begin(&run, &c);
        for (size_t at = 0; at < c.len; at += piece)
            feed(&run, c.in + at, c.len - at < piece ? c.len - at : piece);
        CHECK_INT(run.error, 0);
        CHECK(http1_complete(run.r));
        CHECK_INT(run.body_len, 20);
        CHECK_MEM(run.body, "abcd0123456789abcdef", 20);
        finish(&run);
    }
}

static char *map_guard(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *const pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED || mprotect(pages + 2 * page, page, PROT_NONE) != 0)
        abort();
    return pages + 2 * page;
}

int main(void)
{
    guard = map_guard();
    if (!arena_start(memory, sizeof memory))
        abort();
    check_responses();
    RUN(damage_is_found_at_the_same_byte);
    RUN(says_when_memory_runs_out);
    RUN(store_grows_only_as_needed);
    RUN(head_stays_where_it_is);
    RUN(headers_are_found_by_name);
    RUN(version_is_told);
    RUN(wrong_use_does_not_stick);
    RUN(body_decodes_in_pieces);
    return check_done();
}
