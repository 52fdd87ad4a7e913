"""TLS on the wire: records, handshake messages, the ClientHello taken apart."""
import struct

CCS, ALERT, HANDSHAKE, APPLICATION = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, NEW_SESSION_TICKET, ENCRYPTED_EXTENSIONS = 1, 2, 4, 8
CERTIFICATE, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST, SERVER_HELLO_DONE = 11, 12, 13, 14
CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE, FINISHED, KEY_UPDATE, MESSAGE_HASH = 15, 16, 20, 24, 254

ALERTS = {  # RFC 8446 section 6, and the older ones of RFC 5246 and before
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
    30: "decompression_failure", 40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate",
    43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
    47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error", 51: "decrypt_error",
    60: "export_restriction", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
    113: "bad_certificate_status_response", 114: "bad_certificate_hash_value", 115: "unknown_psk_identity",
    116: "certificate_required", 120: "no_application_protocol"}
RFC8446_ALERTS = (10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 86, 90, 109, 110, 112, 113, 115,
                  116, 120)


def record(kind, body, version=0x0303):
    return struct.pack(">BHH", kind, version, len(body)) + body


def alert(number, level=2):
    return record(ALERT, bytes([level, number]))


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def vector(size, body):
    return len(body).to_bytes(size, "big") + body


def extension(kind, body=b""):
    return struct.pack(">H", kind) + vector(2, body)


def split_records(data):
    """The whole records in data, each with its header, and what is left."""
    records, at = [], 0
    while len(data) - at >= 5:
        end = at + 5 + int.from_bytes(data[at + 3:at + 5], "big")
        if end > len(data):
            break
        records.append(data[at:end])
        at = end
    return records, data[at:]


def split_messages(data):
    """The whole handshake messages in data, each with its header, and what is left."""
    messages, at = [], 0
    while len(data) - at >= 4:
        end = at + 4 + int.from_bytes(data[at + 1:at + 4], "big")
        if end > len(data):
            break
        messages.append(data[at:end])
        at = end
    return messages, data[at:]


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, n):
        if self.at + n > len(self.data):
            raise ValueError("message too short")
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def vector(self, size):
        return self.take(self.number(size))

    def left(self):
        return len(self.data) - self.at


def numbers(data):
    return [n for n, in struct.iter_unpack(">H", data)]


class ClientHello:
    """A ClientHello handshake message (with its header)."""

    def __init__(self, raw):
        self.raw = raw
        r = Reader(raw)
        if r.number(1) != CLIENT_HELLO:
            raise ValueError("not a ClientHello")
        r = Reader(r.vector(3))
        self.version = r.number(2)
        self.random = r.take(32)
        self.session_id = r.vector(1)
        self.suites = numbers(r.vector(2))
        self.compressions = list(r.vector(1))
        self.extensions = []
        if r.left():
            e = Reader(r.vector(2))
            while e.left():
                self.extensions.append((e.number(2), e.vector(2)))
        if r.left():
            raise ValueError("bytes after the ClientHello")

    def get(self, kind):
        return next((body for k, body in self.extensions if k == kind), None)

    def has(self, kind):
        return self.get(kind) is not None

    def server_name(self):
        body = self.get(0)
        if body is None:
            return None
        r = Reader(Reader(body).vector(2))
        return r.vector(2).decode() if r.number(1) == 0 else None

    def groups(self):
        return numbers(Reader(self.get(10) or b"\0\0").vector(2))

    def signature_algorithms(self, kind=13):
        return numbers(Reader(self.get(kind) or b"\0\0").vector(2))

    def versions(self):
        return numbers(Reader(self.get(43) or b"\0").vector(1))

    def key_shares(self):
        r, shares = Reader(Reader(self.get(51) or b"\0\0").vector(2)), {}
        while r.left():
            group = r.number(2)
            shares[group] = r.vector(2)
        return shares
