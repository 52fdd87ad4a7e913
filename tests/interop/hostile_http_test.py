#!/usr/bin/python3
"""picket against HTTP that is not: framing tricks (RFC 9112), over http:// and over TLS.

Every case has its outcome: the body that must come out, or the errors one of which must be named. Never a success with
wrong bytes. See support/harness.py for the protocol.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, peers
from support.harness import TIMEOUT, Cases, check, expect_error, expect_ok, picket, resolve
from support.peers import Listener, Tls, TlsListener, http

HOST = certs.HOST
pki = certs.Pki(harness.folder)
cases = Cases()

HEAD, LENGTH, CODING, CHUNK = {"HTTP_HEAD"}, {"HTTP_LENGTH"}, {"HTTP_CODING"}, {"HTTP_CHUNK"}
NOT_HTTP = {"NOT_HTTP", "HTTP_HEAD"}
SIZE = {"HTTP_HEAD_SIZE", "HTTP_HEADERS"}


def either(body, errors):
    """RFC 9112 leaves it open: this body, or an error."""
    return body, set(errors)


def head(*lines, status="HTTP/1.1 200 OK"):
    return b"\r\n".join(x if isinstance(x, bytes) else x.encode("latin-1") for x in (status, *lines)) + b"\r\n\r\n"


def length(value, body=b"hello", *more):
    return head(b"Content-Length:" + (value if isinstance(value, bytes) else value.encode("latin-1")), *more) + body


CHUNKED = "Transfer-Encoding: chunked"


def chunks(data, *more):
    return head(CHUNKED, *more) + data


GOOD_CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
BODY = b"hello"

# name: (answer, outcome). Outcome: bytes, the body; a set of errors; or either(...).
ANSWERS = {
    # --- what must work
    "plain": (length(" 5"), BODY),
    "until-close": (head("X: y") + BODY, BODY),
    "no-headers": (head() + BODY, BODY),
    "lower-case-names": (head("content-length: 5") + BODY, BODY),
    "upper-case-names": (head("CONTENT-LENGTH: 5") + BODY, BODY),
    "no-space": (length("5"), BODY),
    "tabs-and-spaces": (length(" \t 5 \t "), BODY),
    "empty-value": (length(" 5", BODY, "X:"), BODY),
    "leading-zeros": (length(" 0005"), either(BODY, LENGTH)),
    "obs-text": (length(" 5", BODY, b"X: \xe9\xff\x80"), either(BODY, HEAD)),
    "reason-empty": (head("Content-Length: 5", status="HTTP/1.1 200 ") + BODY, BODY),
    "reason-missing": (head("Content-Length: 5", status="HTTP/1.1 200") + BODY, either(BODY, NOT_HTTP)),
    "http-1.0": (head(status="HTTP/1.0 200 OK") + BODY, BODY),
    "http-1.0-length": (head("Content-Length: 5", status="HTTP/1.0 200 OK") + BODY, BODY),
    "more-than-length": (length(" 5", b"hello, world"), BODY),
    "second-response-behind": (length(" 5", BODY + length(" 4", b"evil")), BODY),
    "length-0-with-body": (length(" 0", b"evil"), b""),
    "chunked": (chunks(GOOD_CHUNKS), BODY),
    "chunked-upper-case": (head("Transfer-Encoding: Chunked") + GOOD_CHUNKS, BODY),
    "chunked-blanks": (head("Transfer-Encoding: \t chunked \t") + GOOD_CHUNKS, BODY),
    "chunked-leading-zeros": (chunks(b"0005\r\nhello\r\n000\r\n\r\n"), BODY),
    "chunked-hex": (chunks(b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"), b"01234567890123456789a"),
    "chunked-extension": (chunks(b"5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n"), BODY),
    "chunked-trailer": (chunks(b"5\r\nhello\r\n0\r\nX: y\r\nZ: w\r\n\r\n"), BODY),
    "chunked-trailer-length": (chunks(b"5\r\nhello\r\n0\r\nContent-Length: 2\r\n\r\n"), either(BODY, CHUNK | LENGTH)),
    "chunked-behind-the-end": (chunks(GOOD_CHUNKS + b"evil"), BODY),
    "chunked-bytes": (chunks(b"1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n"), BODY),
    "chunked-nothing": (chunks(b"0\r\n\r\n"), b""),
    "204": (head(status="HTTP/1.1 204 No Content") + b"evil", b""),
    "204-length": (head("Content-Length: 4", status="HTTP/1.1 204 No Content") + b"evil", b""),
    "304-length": (head("Content-Length: 4", status="HTTP/1.1 304 Not Modified") + b"", b""),
    "interim": (head(status="HTTP/1.1 100 Continue") + length(" 5"), BODY),
    "interim-103": (head("Link: </x>", status="HTTP/1.1 103 Early Hints") * 3 + length(" 5"), BODY),
    "interim-102-length": (head("Content-Length: 9", status="HTTP/1.1 102 Processing") + length(" 5"),
                           either(BODY, LENGTH | HEAD)),
    "interim-16": (head(status="HTTP/1.1 100 Continue") * 16 + length(" 5"), BODY),
    "headers-90": (length(" 5", BODY, *[f"X-{i}: y" for i in range(90)]), BODY),
    "head-12k": (length(" 5", BODY, *[f"X-{i}: {'y' * 3000}" for i in range(4)]), BODY),
    "long-reason": (head("Content-Length: 5", status="HTTP/1.1 200 " + "OK " * 1000) + BODY, BODY),
    "long-name": (length(" 5", BODY, "X" * 4000 + ": y"), BODY),
    "status-299": (head("Content-Length: 5", status="HTTP/1.1 299 Odd") + BODY, BODY),
    "status-599": (head("Content-Length: 5", status="HTTP/1.1 599 Odd") + BODY, BODY),
    "status-999": (head("Content-Length: 5", status="HTTP/1.1 999 Odd") + BODY, either(BODY, NOT_HTTP)),
    "body-with-nul": (length(" 5", b"he\0lo"), b"he\0lo"),
    "body-like-a-head": (length(" 19", b"HTTP/1.1 404 Not\r\n\r"), b"HTTP/1.1 404 Not\r\n\r"),
    "upgrade-header-in-200": (length(" 5", BODY, "Upgrade: h2c", "Connection: Upgrade"), BODY),
    "leading-crlf": (b"\r\n" + length(" 5"), either(BODY, NOT_HTTP)),

    # --- Content-Length
    "length-twice-same": (length(" 5", BODY, "Content-Length: 5"), either(BODY, LENGTH)),
    "length-list-same": (length(" 5, 5"), either(BODY, LENGTH)),
    "length-twice-different": (length(" 5", b"hello!", "Content-Length: 6"), LENGTH),
    "length-twice-different-apart": (length(" 6", b"hello!", "X: y", "content-length: 5"), LENGTH),
    "length-list-different": (length(" 5, 6", b"hello!"), LENGTH),
    "length-list-open": (length(" 5,"), LENGTH),
    "length-empty": (length(""), LENGTH),
    "length-blank": (length("  "), LENGTH),
    "length-plus": (length(" +5"), LENGTH),
    "length-minus": (length(" -5"), LENGTH),
    "length-minus-1": (length(" -1"), LENGTH),
    "length-hex": (length(" 0x5"), LENGTH),
    "length-exponent": (length(" 5e0"), LENGTH),
    "length-fraction": (length(" 5.0"), LENGTH),
    "length-space-inside": (length(" 1 0"), LENGTH),
    "length-semicolon": (length(" 5;"), LENGTH),
    "length-quoted": (length(' "5"'), LENGTH),
    "length-word": (length(" five"), LENGTH),
    "length-octal-word": (length(" 0o5"), LENGTH),
    "length-underscore": (length(" 1_0"), LENGTH),
    "length-letters-behind": (length(" 5abc"), LENGTH),
    "length-nul": (length(b" 5\0"), LENGTH | HEAD),
    "length-vertical-tab": (length(b" 5\v"), LENGTH | HEAD),
    "length-other-digits": (length(b" \xd9\xa5"), LENGTH | HEAD),
    "length-2^63": (length(" 9223372036854775808"), LENGTH),
    "length-2^64": (length(" 18446744073709551616"), LENGTH),
    "length-2^64+5": (length(" 18446744073709551621"), LENGTH),
    "length-2^32+5": (length(" 4294967301"), {"BODY_CUT"}),
    "length-2^63-1": (length(" 9223372036854775807"), {"BODY_CUT"} | LENGTH),
    "length-99-digits": (length(" " + "9" * 99), LENGTH),
    "length-many-zeros-then-overflow": (length(" " + "0" * 50 + "18446744073709551621"), LENGTH),

    # --- Transfer-Encoding
    "coding-and-length": (head("Content-Length: 5", CHUNKED) + GOOD_CHUNKS, CODING | LENGTH),
    "coding-before-length": (head(CHUNKED, "Content-Length: 5") + GOOD_CHUNKS, CODING | LENGTH),
    "coding-gzip": (head("Transfer-Encoding: gzip") + BODY, CODING),
    "coding-gzip-chunked": (head("Transfer-Encoding: gzip, chunked") + GOOD_CHUNKS, CODING),
    "coding-chunked-gzip": (head("Transfer-Encoding: chunked, gzip") + GOOD_CHUNKS, CODING),
    "coding-chunked-twice": (head("Transfer-Encoding: chunked, chunked") + GOOD_CHUNKS, CODING),
    "coding-two-fields": (head(CHUNKED, CHUNKED) + GOOD_CHUNKS, CODING),
    "coding-two-fields-gzip": (head("Transfer-Encoding: gzip", CHUNKED) + GOOD_CHUNKS, CODING),
    "coding-identity": (head("Transfer-Encoding: identity", "Content-Length: 5") + BODY, CODING | LENGTH),
    "coding-identity-alone": (head("Transfer-Encoding: identity") + BODY, CODING),
    "coding-xchunked": (head("Transfer-Encoding: xchunked") + GOOD_CHUNKS, CODING),
    "coding-chunkedx": (head("Transfer-Encoding: chunkedx") + GOOD_CHUNKS, CODING),
    "coding-chunked-parameter": (head("Transfer-Encoding: chunked;q=1") + GOOD_CHUNKS, CODING),
    "coding-empty": (head("Transfer-Encoding:") + BODY, CODING),
    "coding-comma": (head("Transfer-Encoding: ,chunked") + GOOD_CHUNKS, either(BODY, CODING)),
    "coding-quoted": (head('Transfer-Encoding: "chunked"') + GOOD_CHUNKS, CODING),
    "coding-vertical-tab": (head(b"Transfer-Encoding: \vchunked") + GOOD_CHUNKS, CODING | HEAD),
    "coding-in-1.0": (head(CHUNKED, status="HTTP/1.0 200 OK") + GOOD_CHUNKS, either(BODY, CODING)),
    "coding-in-204": (head(CHUNKED, status="HTTP/1.1 204 No Content") + GOOD_CHUNKS, either(b"", CODING)),
    "coding-in-interim": (head(CHUNKED, status="HTTP/1.1 100 Continue") + length(" 5"), either(BODY, CODING | HEAD)),

    # --- chunks
    "chunk-size-empty": (chunks(b"\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-word": (chunks(b"five\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-plus": (chunks(b"+5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-minus": (chunks(b"-5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-0x": (chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-space-before": (chunks(b" 5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-space-behind": (chunks(b"5 \r\nhello\r\n0\r\n\r\n"), either(BODY, CHUNK)),
    "chunk-size-space-inside": (chunks(b"5 5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-comma": (chunks(b"5,5\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-dot": (chunks(b"5.0\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-nul": (chunks(b"5\0\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-bare-lf": (chunks(b"5\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-bare-cr": (chunks(b"5\rhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-2^64": (chunks(b"10000000000000000\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-2^64+5": (chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-size-2^64-1": (chunks(b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), CHUNK | {"BODY_CUT"}),
    "chunk-size-2^63": (chunks(b"8000000000000000\r\nhello\r\n0\r\n\r\n"), CHUNK | {"BODY_CUT"}),
    "chunk-size-2^32+5": (chunks(b"100000005\r\nhello\r\n0\r\n\r\n"), CHUNK | {"BODY_CUT"}),
    "chunk-size-many-zeros": (chunks(b"0" * 40 + b"5\r\nhello\r\n0\r\n\r\n"), either(BODY, CHUNK)),
    "chunk-size-endless-zeros": (chunks(b"0" * 100000), CHUNK | {"BODY_CUT", "HTTP_HEAD_SIZE"}),
    "chunk-too-long": (chunks(b"4\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-too-short": (chunks(b"6\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-without-crlf": (chunks(b"5\r\nhello0\r\n\r\n"), CHUNK),
    "chunk-with-lf": (chunks(b"5\r\nhello\n0\r\n\r\n"), CHUNK),
    "chunk-with-cr": (chunks(b"5\r\nhello\r0\r\n\r\n"), CHUNK),
    "chunk-with-two-crlf": (chunks(b"5\r\nhello\r\n\r\n0\r\n\r\n"), CHUNK),
    "chunk-extension-nul": (chunks(b"5;a\0b\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-extension-bare-cr": (chunks(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), CHUNK),
    "chunk-extension-bare-lf": (chunks(b"5;a\n6\r\nhello!\r\n0\r\n\r\n"), CHUNK),
    "chunk-extension-huge": (chunks(b"5;" + b"x" * 100000 + b"\r\nhello\r\n0\r\n\r\n"), either(BODY, CHUNK | SIZE)),
    "last-chunk-without-end": (chunks(b"5\r\nhello\r\n0\r\n"), {"BODY_CUT"}),
    "last-chunk-missing": (chunks(b"5\r\nhello\r\n"), {"BODY_CUT"}),
    "last-chunk-bare-lf": (chunks(b"5\r\nhello\r\n0\n\n"), CHUNK),
    "trailer-without-colon": (chunks(b"5\r\nhello\r\n0\r\nevil\r\n\r\n"), CHUNK | HEAD),
    "trailer-space-before-colon": (chunks(b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"), CHUNK | HEAD),
    "trailer-nul": (chunks(b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n"), CHUNK | HEAD),
    "trailer-bare-cr": (chunks(b"5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n"), CHUNK | HEAD),
    "trailer-folded": (chunks(b"5\r\nhello\r\n0\r\nX: a\r\n b\r\n\r\n"), either(BODY, CHUNK | HEAD)),
    "trailer-huge": (chunks(b"5\r\nhello\r\n0\r\nX: " + b"x" * 100000 + b"\r\n\r\n"), either(BODY, CHUNK | SIZE)),
    "trailers-1000": (chunks(b"5\r\nhello\r\n0\r\n" + b"X: y\r\n" * 1000 + b"\r\n"), either(BODY, CHUNK | SIZE)),

    # --- header fields
    "field-space-before-colon": (head("Content-Length : 5") + BODY, HEAD | LENGTH),
    "field-tab-before-colon": (head("Content-Length\t: 5") + BODY, HEAD | LENGTH),
    "field-without-colon": (head("Content-Length 5") + BODY, HEAD),
    "field-without-name": (head(": x") + BODY, HEAD),
    "field-control-in-name": (head(b"X\1Y: z") + BODY, HEAD),
    "field-high-byte-in-name": (head(b"X\xe9: z") + BODY, HEAD),
    "field-brackets-in-name": (head("X(Y): z") + BODY, HEAD),
    "field-nul-in-name": (head(b"X\0Y: z") + BODY, HEAD),
    "field-nul-in-value": (head(b"X: a\0b", "Content-Length: 5") + BODY, HEAD),
    "field-bare-cr-in-value": (head(b"X: a\rb", "Content-Length: 5") + BODY, HEAD),
    "field-bare-cr-injects": (head(b"X: a\rContent-Length: 2", "Content-Length: 5") + BODY, HEAD | LENGTH),
    "field-control-in-value": (head(b"X: a\1b", "Content-Length: 5") + BODY, HEAD),
    "field-del-in-value": (head(b"X: a\x7fb", "Content-Length: 5") + BODY, HEAD),
    "field-folded": (head("X: a", " b", "Content-Length: 5") + BODY, HEAD),
    "field-folded-length": (head("Content-Length:", " 5") + BODY, HEAD | LENGTH),
    "field-folded-first": (head(" X: a", "Content-Length: 5") + BODY, HEAD),
    "field-folded-tab": (head("X: a", "\tb", "Content-Length: 5") + BODY, HEAD),
    "field-bare-lf": (b"HTTP/1.1 200 OK\r\nX: y\nContent-Length: 5\r\n\r\nhello", HEAD),
    "field-bare-lf-everywhere": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", NOT_HTTP),
    "field-empty-line-bare-lf": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\nhello", HEAD),
    "field-empty-line-bare-cr": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\rhello", HEAD),
    "field-cr-cr-lf": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\r\n\r\nhello", HEAD | LENGTH),

    # --- status line
    "status-http-0.9": (b"just some bytes\r\n", NOT_HTTP),
    "status-html": (b"<html><body>hello</body></html>\n", NOT_HTTP),
    "status-version-0.9": (head("Content-Length: 5", status="HTTP/0.9 200 OK") + BODY, NOT_HTTP),
    "status-version-2": (head("Content-Length: 5", status="HTTP/2 200 OK") + BODY, NOT_HTTP),
    "status-version-2.0": (head("Content-Length: 5", status="HTTP/2.0 200 OK") + BODY, NOT_HTTP),
    "status-version-1.2": (head("Content-Length: 5", status="HTTP/1.2 200 OK") + BODY, either(BODY, NOT_HTTP)),
    "status-version-1.10": (head("Content-Length: 5", status="HTTP/1.10 200 OK") + BODY, NOT_HTTP),
    "status-version-11.1": (head("Content-Length: 5", status="HTTP/11.1 200 OK") + BODY, NOT_HTTP),
    "status-version-01.1": (head("Content-Length: 5", status="HTTP/01.1 200 OK") + BODY, NOT_HTTP),
    "status-version-none": (head("Content-Length: 5", status="HTTP/ 200 OK") + BODY, NOT_HTTP),
    "status-lower-case": (head("Content-Length: 5", status="http/1.1 200 OK") + BODY, NOT_HTTP),
    "status-icy": (head("Content-Length: 5", status="ICY 200 OK") + BODY, NOT_HTTP),
    "status-rtsp": (head("Content-Length: 5", status="RTSP/1.0 200 OK") + BODY, NOT_HTTP),
    "status-request": (head("Content-Length: 5", status="GET / HTTP/1.1") + BODY, NOT_HTTP),
    "status-space-first": (head("Content-Length: 5", status=" HTTP/1.1 200 OK") + BODY, NOT_HTTP),
    "status-two-spaces": (head("Content-Length: 5", status="HTTP/1.1  200 OK") + BODY, NOT_HTTP),
    "status-tab": (head("Content-Length: 5", status="HTTP/1.1\t200 OK") + BODY, NOT_HTTP),
    "status-no-space": (head("Content-Length: 5", status="HTTP/1.1200 OK") + BODY, NOT_HTTP),
    "status-missing": (head("Content-Length: 5", status="HTTP/1.1") + BODY, NOT_HTTP),
    "status-empty": (head("Content-Length: 5", status="HTTP/1.1 ") + BODY, NOT_HTTP),
    "status-99": (head("Content-Length: 5", status="HTTP/1.1 99 Low") + BODY, NOT_HTTP),
    "status-099": (head("Content-Length: 5", status="HTTP/1.1 099 Low") + BODY, NOT_HTTP),
    "status-000": (head("Content-Length: 5", status="HTTP/1.1 000 Zero") + BODY, NOT_HTTP),
    "status-20": (head("Content-Length: 5", status="HTTP/1.1 20 OK") + BODY, NOT_HTTP),
    "status-1000": (head("Content-Length: 5", status="HTTP/1.1 1000 High") + BODY, NOT_HTTP),
    "status-2000": (head("Content-Length: 5", status="HTTP/1.1 2000 OK") + BODY, NOT_HTTP),
    "status-99999999999": (head("Content-Length: 5", status="HTTP/1.1 99999999999 OK") + BODY, NOT_HTTP),
    "status-minus": (head("Content-Length: 5", status="HTTP/1.1 -200 OK") + BODY, NOT_HTTP),
    "status-plus": (head("Content-Length: 5", status="HTTP/1.1 +200 OK") + BODY, NOT_HTTP),
    "status-word": (head("Content-Length: 5", status="HTTP/1.1 OK") + BODY, NOT_HTTP),
    "status-2xx": (head("Content-Length: 5", status="HTTP/1.1 2xx OK") + BODY, NOT_HTTP),
    "status-letters-behind": (head("Content-Length: 5", status="HTTP/1.1 200OK") + BODY, NOT_HTTP),
    "status-reason-nul": (head("Content-Length: 5", status=b"HTTP/1.1 200 O\0K") + BODY, NOT_HTTP),
    "status-reason-bare-cr": (head("Content-Length: 5", status=b"HTTP/1.1 200 O\rK") + BODY, NOT_HTTP),
    "status-nothing-but-crlf": (b"\r\n" * 100, NOT_HTTP | {"EMPTY", "HEAD_CUT", "HTTP_HEAD_SIZE"}),
    "status-endless-crlf": (b"\r\n" * 50000, NOT_HTTP | {"EMPTY", "HEAD_CUT", "HTTP_HEAD_SIZE"}),
    "status-http2-preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NOT_HTTP),
    "status-http2-frames": (bytes.fromhex("00001204000000000000030000006400040000ffff000500004000"), NOT_HTTP),
    "status-tls": (bytes.fromhex("160303003f0200003b0303") + bytes(60), NOT_HTTP),
    "status-zeros": (bytes(100), NOT_HTTP),
    "status-ssh": (b"SSH-2.0-OpenSSH_9.2p1\r\n", NOT_HTTP),
    "status-interim-then-garbage": (head(status="HTTP/1.1 100 Continue") + b"garbage\r\n\r\n", NOT_HTTP),
    "status-101": (head("Upgrade: x", "Connection: Upgrade", status="HTTP/1.1 101 Switching Protocols") + BODY,
                   {"HTTP_UPGRADE"}),

    # --- too much
    "huge-field": (head("X: " + "y" * 20000) + BODY, SIZE),
    "huge-field-name": (head("X" * 20000 + ": y") + BODY, SIZE),
    "huge-head": (head(*[f"X-{i}: {'y' * 500}" for i in range(80)]) + BODY, SIZE),
    "huge-reason": (head(status="HTTP/1.1 200 " + "x" * 20000) + BODY, SIZE),
    "headers-101": (head(*[f"X-{i}: y" for i in range(101)], "Content-Length: 5") + BODY, {"HTTP_HEADERS"}),
    "headers-1000": (head(*["X: y"] * 1000, "Content-Length: 5") + BODY, SIZE),
    "interim-17": (head(status="HTTP/1.1 100 Continue") * 17 + length(" 5"), either(BODY, {"HTTP_INTERIM"})),
    "interim-1000": (head(status="HTTP/1.1 100 Continue") * 1000 + length(" 5"), {"HTTP_INTERIM"}),
    "interim-huge": (head("X: " + "y" * 20000, status="HTTP/1.1 100 Continue") + length(" 5"), SIZE),
    "interim-many-headers": (head(*["X: y"] * 1000, status="HTTP/1.1 100 Continue") + length(" 5"), SIZE),
}
# What only the end of the connection decides; the others are sent by a peer that then stays silent.
AT_THE_END = ("until-close", "no-headers", "http-1.0", "length-2^32+5", "length-2^63-1", "status-http-0.9")


def served(scheme, handler):
    return TlsListener(pki.chain("p256"), handler) if scheme == "https" else Listener(handler)


def fetch(server, scheme, *options, **more):
    return picket("--cacert", pki.chain("p256").root_path, *resolve(HOST, server.port), *options,
                  f"{scheme}://{HOST}:{server.port}/", **more)


def judge(result, outcome):
    if not isinstance(outcome, tuple):
        outcome = (outcome, set()) if isinstance(outcome, bytes) else (None, outcome)
    body, errors = outcome
    if body is not None and (result.code == 0 or not errors):
        expect_ok(result, body)
    else:
        expect_error(result, errors)
        # What was printed before the error was seen must be right as far as it goes.
        check(any(right.startswith(result.out) for right in (b"hello, world", b"hello!", b"hello\r\n0\r\n\r\n")),
              f"wrong output {result.out[:60]!r}: {result}")


def answer(scheme, data, outcome, end, pieces=None, *options):
    with served(scheme, http(data, end, pieces)) as server:
        judge(fetch(server, scheme, *options, max_time=4), outcome)


for _name, (_data, _outcome) in ANSWERS.items():
    for _scheme in ("http", "https"):
        cases.add(f"http-{_name}-{_scheme}", answer, _scheme, _data, _outcome, "close")
    # The same a byte at a time: no split may change what is seen.
    if len(_data) < 2000:
        cases.add(f"http-{_name}-bytewise", answer, "http", _data, _outcome, "close", 1)


def prompt(data, outcome):
    """The peer stays connected and silent: what is wrong must be seen from the bytes alone, and so must the end."""
    with served("http", http(data, "stall")) as server:
        judge(fetch(server, "http", max_time=3), outcome)


NEEDS_MORE = TIMEOUT | {"BODY_CUT", "EMPTY", "HEAD_CUT"}
for _name, (_data, _outcome) in ANSWERS.items():
    _errors = _outcome if isinstance(_outcome, set) else set()
    if _name not in AT_THE_END and not _errors & NEEDS_MORE:
        cases.add(f"http-{_name}-stays", prompt, _data, _outcome)


# --- Endless answers

def endless(scheme, first, piece, errors, limit=3):
    """first, then piece without end."""
    def handler(connection):
        peers.read_head(connection)
        connection.sendall(first)
        while True:
            connection.sendall(piece)
    with served(scheme, handler) as server:
        result = fetch(server, scheme, "-o", os.devnull, max_time=limit)
        expect_error(result, errors)


OK = b"HTTP/1.1 200 OK\r\n"
OK_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
for _scheme in ("http", "https"):
    cases.add(f"endless-headers-{_scheme}", endless, _scheme, OK, b"X: y\r\n" * 100, SIZE)
    cases.add(f"endless-field-{_scheme}", endless, _scheme, OK + b"X: ", b"y" * 1000, SIZE)
    cases.add(f"endless-reason-{_scheme}", endless, _scheme, b"HTTP/1.1 200 ", b"y" * 1000, SIZE)
    cases.add(f"endless-interim-{_scheme}", endless, _scheme, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
              {"HTTP_INTERIM"})
    cases.add(f"endless-empty-lines-{_scheme}", endless, _scheme, b"", b"\r\n" * 500, NOT_HTTP | SIZE | TIMEOUT, 2)
    cases.add(f"endless-body-{_scheme}", endless, _scheme, OK + b"\r\n", b"z" * 16384, {"TIMEOUT_TOTAL"}, 2)
    cases.add(f"endless-chunks-{_scheme}", endless, _scheme, OK_CHUNKED, b"1\r\nz\r\n" * 2000, {"TIMEOUT_TOTAL"}, 2)
    cases.add(f"endless-chunk-extension-{_scheme}", endless, _scheme, OK_CHUNKED + b"5;", b"z" * 5000,
              CHUNK | SIZE | TIMEOUT, 2)
    cases.add(f"endless-trailers-{_scheme}", endless, _scheme, OK_CHUNKED + b"0\r\n", b"X: y\r\n" * 1000,
              CHUNK | SIZE | TIMEOUT, 2)


# --- HEAD: no body, whatever the head says

def head_request(scheme, data, outcome, end):
    with served(scheme, http(data, end)) as server:
        result = fetch(server, scheme, "-I", max_time=3)
        if isinstance(outcome, set):
            expect_error(result, outcome)
        else:
            expect_ok(result)
            check(b"evil" not in result.out, f"a body was printed: {result.out!r}")


for _name, _data, _outcome in (
        ("length", length(" 5", b""), b""), ("chunked", head(CHUNKED), b""), ("until-close", head(), b""),
        ("with-body", length(" 4", b"evil"), b""), ("two-lengths", length(" 5", b"", "Content-Length: 6"), LENGTH),
        ("cut", OK + b"X: y", {"HEAD_CUT"})):
    for _scheme in ("http", "https"):
        cases.add(f"head-{_name}-{_scheme}", head_request, _scheme, _data, _outcome, "close")
    if _name != "cut":
        cases.add(f"head-{_name}-stays", head_request, "http", _data, _outcome, "stall")


# --- The pieces in which a good answer comes

def pieces(scheme, size, data, record):
    def handler(connection):
        peers.read_head(connection)
        if isinstance(connection, Tls):
            connection.sendall(data, record)
            connection.close_notify()
        else:
            peers.send_pieces(connection, data, size)
        peers.finish(connection)
    with served(scheme, handler) as server:
        expect_ok(fetch(server, scheme), b"0123456789" * 40)


PAGE = b"0123456789" * 40
WHOLE = {
    "length": head("Content-Length: 400", "X: y") + PAGE,
    "chunked": head(CHUNKED) + b"".join(b"%x\r\n%s\r\n" % (len(PAGE[i:i + 33]), PAGE[i:i + 33])
                                        for i in range(0, 400, 33)) + b"0\r\nX: y\r\n\r\n",
    "close": head("X: y") + PAGE,
}
for _name, _data in WHOLE.items():
    for _size in (1, 2, 3, 5, 7, 64, 255, 256, 257):
        cases.add(f"pieces-{_name}-{_size}-http", pieces, "http", _size, _data, None)
        cases.add(f"pieces-{_name}-{_size}-https", pieces, "https", None, _data, _size)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
