#!/usr/bin/python3
"""picket against servers that break the rules of TLS: malformed records, then handshakes with one message wrong.

Whatever a peer does: no crash, no run longer than allowed, no request to a server that was not verified, and one line
that names a plausible cause. See support/harness.py for the protocol.
"""
import hashlib
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, crypto, harness, hello, peers, tlspeer
from support.harness import (BAD_CERT, TIMEOUT, TLS_BROKEN, Cases, check, expect_either, expect_error, expect_ok,
                             picket, resolve, version_options)
from support.hello import extension, message, record, vector
from support.peers import Listener, raw, response
from support.tlspeer import PAGE, TlsPeer

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
pki = certs.Pki(harness.folder)
cases = Cases()

# A server that broke the protocol; the same, and it hangs up on us for what we answered.
PROTOCOL = {"TLS_PROTOCOL", "TLS_CORRUPT", "TLS_SIGNATURE", "NOT_TLS", "TLS_VERSION"}
ENDED = PROTOCOL | {"TLS_CLOSED", "ALERT"}


def get(port, *options, kind="p256", **more):
    return picket("--cacert", pki.chain(kind).root_path, *resolve(HOST, port), *options, f"https://{HOST}:{port}/",
                  **more)


# --- Records in place of a ServerHello. The peer then stays: picket must see it by itself.

def plain_records(data, errors, max_time=3):
    with Listener(raw(data, "stall")) as server:
        expect_error(get(server.port, max_time=max_time), errors)


HELLO_12 = message(hello.SERVER_HELLO, b"\3\3" + bytes(range(32)) + b"\0" + b"\xcc\xa9" + b"\0")
SEEN_AT_ONCE = {
    **{f"type-{t}": record(t, b"\2\0\0\1") for t in (0, 1, 19, 25, 63, 64, 128, 255)},
    **{f"version-{v:04x}": record(22, HELLO_12, v) for v in (0x0400, 0x7f03, 0xfefd, 0xffff)},
    **{f"length-{n}": record(22, bytes(n)) for n in (16384 + 2049, 20000, 32768, 65535)},
    **{f"alert-length-{n}": record(21, (b"\2\x28" * 3)[:n]) for n in (1, 3, 5)},
    **{f"message-{t}": record(22, message(t, bytes(40)))
       for t in (1, 3, 5, 8, 11, 12, 13, 14, 15, 16, 20, 24, 99, 254)},
    "application-data": record(23, b"HTTP/1.1 200 OK\r\n\r\nhello"),
    "heartbeat": record(24, b"\1\x40\0" + bytes(20)),
    "message-length-16M": record(22, b"\2\xff\xff\xff" + bytes(16380)) + record(22, bytes(16384)) * 3,
    "message-length-40000": record(22, b"\2\0\x9c\x40" + bytes(16380)) + record(22, bytes(16384)) * 3,
    "ccs-twice": record(20, b"\1\1"),
    "ccs-of-2": record(20, b"\2"),
    "sslv2": b"\x80\x2e\4\0\2\0\0" + bytes(40),
    "close-notify": record(21, b"\1\0"),
    "hello-and-alert": record(22, HELLO_12[:20]) + record(21, b"\2\x28"),
}
for _name, _data in SEEN_AT_ONCE.items():
    cases.add(f"record-{_name}", plain_records, _data, TLS_BROKEN)


def ending(data, errors):
    with Listener(raw(data)) as server:
        expect_error(get(server.port, max_time=3), errors)


for _level in (0, 3, 255):
    cases.add(f"record-alert-level-{_level}", ending, record(21, bytes([_level, 40])), TLS_BROKEN)
for _cut in range(0, 7):
    cases.add(f"record-alert-cut-{_cut}", ending, hello.alert(40)[:_cut], {"TLS_CLOSED", "TLS_PROTOCOL"})
cases.add("record-alert-in-two", ending, record(21, b"\2") + record(21, b"\x28"), TLS_BROKEN)


def flood(piece, count, errors, then):
    """The same record again and again. The flood must not keep picket beyond its deadline."""
    with Listener(raw(piece * count, then)) as server:
        expect_error(get(server.port, max_time=3), errors)


FLOODS = {
    "empty-handshake": record(22, b""), "warning": hello.alert(112, 1), "no-renegotiation": hello.alert(100, 1),
    "user-canceled": hello.alert(90, 1), "ccs": record(20, b"\1"), "empty-ccs": record(20, b""),
    "empty-alert": record(21, b""), "empty-application-data": record(23, b""),
    "hello-request": record(22, message(0, b"")),
}
for _name, _piece in FLOODS.items():
    cases.add(f"flood-{_name}", flood, _piece, 5000, TLS_BROKEN, "close")
    cases.add(f"flood-{_name}-stays", flood, _piece, 5000, TLS_BROKEN | TIMEOUT, "stall", waits=True)


def endless(piece):
    """Records without end: the deadline holds while bytes keep coming."""
    def handler(connection):
        connection.recv(65536)
        while True:
            connection.sendall(piece)
    with Listener(handler) as server:
        expect_error(get(server.port, max_time=2), TLS_BROKEN | TIMEOUT)


for _name, _piece in (("warning", hello.alert(112, 1)), ("ccs", record(20, b"\1")),
                      ("empty-handshake", record(22, b"")), ("random", hashlib.shake_128(b"x").digest(4096)),
                      ("zeros", bytes(4096))):
    cases.add(f"endless-{_name}", endless, _piece * 100, waits=True)


# --- Our own server, one message wrong

def tweaked(version, tweaks, errors, accept=False, max_time=4, key="p256", **more):
    """The handshake must fail; accept: or work, and then so must the page."""
    with TlsPeer(pki.chain(key), version, tweaks, **more) as peer:
        result = get(peer.port, *version_options(version), kind=key, max_time=max_time)
        peer.settle(1)
        if accept and result.code == 0:
            expect_ok(result, PAGE)
            return
        check(accept or not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
        expect_error(result, errors)


# Tweaks: functions of (session, message) that return what is sent in the message's place.

def left_out(_session, _message):
    return None


def sent_twice(_session, m):
    return [m, m]


def instead(data):
    return lambda session, m: data


def preceded_by(extra):
    return lambda session, m: [extra, m]


def with_body(change):
    """Another body, with a length that fits."""
    return lambda session, m: message(m[0], change(m[4:]))


def trailing(m):
    return m + b"\0"


def in_the_clear(session, m):
    """The message unencrypted, when its turn is encrypted."""
    session.transcript += m
    session.raw(record(22, m))


def after_wire(data):
    """Bytes on the wire as they are, before this message."""
    def tweak(session, m):
        session.raw(data)
        return m
    return tweak


def after_record(kind, body, **more):
    """An encrypted record before this message."""
    def tweak(session, m):
        session.send_record(kind, body, **more)
        return m
    return tweak


def flipped(data, at=-9):
    data = bytearray(data)
    data[at] ^= 0x10
    return bytes(data)


# Messages cut at each byte.

HELLO_LENGTH = {"1.2": 2 + 32 + 33 + 2 + 1 + 2 + 5 + 4 + 6, "1.3": 2 + 32 + 33 + 2 + 1 + 2 + 6 + 40}


def cut_message(version, name, keep, honest):
    """The message's body ends early. honest: its length says so; otherwise the next message follows in its place."""
    reached = []

    def tweak(_, m):
        if keep >= len(m) - 4:
            return m
        reached.append(True)
        return message(m[0], m[4:4 + keep]) if honest else m[:4 + keep]
    with TlsPeer(pki.chain("p256"), version, {name: tweak}) as peer:
        result = get(peer.port, *version_options(version), max_time=2.5)
        peer.settle(1)
        if not reached or result.code == 0 and version == "1.2" and name == "hello":
            # There was nothing to cut; or a 1.2 ServerHello without its extensions, which is a good one.
            expect_ok(result, PAGE)
            return
        check(not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
        expect_error(result, ENDED | BAD_CERT | (set() if honest else TIMEOUT))


for _version in VERSIONS:
    for _keep in range(HELLO_LENGTH[_version]):
        cases.add(f"cut-hello-{_version}-{_keep}", cut_message, _version, "hello", _keep, True, quick=False)
    for _keep in range(0, HELLO_LENGTH[_version], 7):
        cases.add(f"short-hello-{_version}-{_keep}", cut_message, _version, "hello", _keep, False, quick=False,
                  waits=True)
CUTS = {
    ("extensions", "1.3"): (0, 1),
    ("certificate", "1.3"): (0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 50, 200, 400, 500, 700),
    ("verify", "1.3"): (0, 1, 2, 3, 4, 5, 20, 60),
    ("finished", "1.3"): (0, 1, 30, 31),
    ("certificate", "1.2"): (0, 1, 2, 3, 4, 5, 6, 7, 50, 200, 400, 500, 700),
    ("exchange", "1.2"): (0, 1, 2, 3, 4, 5, 20, 35, 36, 37, 38, 39, 40, 41, 60, 100),
    ("finished", "1.2"): (0, 1, 10, 11),
}
for (_name, _version), _keeps in CUTS.items():
    for _keep in _keeps:
        cases.add(f"cut-{_name}-{_version}-{_keep}", cut_message, _version, _name, _keep, True, quick=False)


# One byte of the ServerHello changed, everything after it being consistent with it: all lengths off by one among them.

def hello_byte(version, offset, mask):
    def tweak(_, m):
        return m[:offset] + bytes([m[offset] ^ mask]) + m[offset + 1:] if offset < len(m) else m
    tweaked(version, {"hello": tweak}, ENDED | TIMEOUT, accept=True, max_time=2)


for _version in VERSIONS:
    for _offset in [1, 2, 3, 4, 5, 38, 39, *range(70, HELLO_LENGTH[_version] + 4)]:
        for _mask in (1, 0x80):
            cases.add(f"hello-byte-{_version}-{_offset}-{_mask:02x}", hello_byte, _version, _offset, _mask, quick=False)


# The ServerHello's fields.

def server_hello(version=b"\3\3", random=None, session_id=None, suite=None, compression=0, extensions=None, drop=(),
                 add=b""):
    """The ServerHello with parts of it replaced. extensions: a function of the list of (type, body)."""
    def tweak(_, m):
        r = hello.Reader(m[4:])
        r.take(2)
        old_random, old_id, old_suite = r.take(32), r.vector(1), r.number(2)
        r.take(1)
        e, pairs = hello.Reader(r.vector(2) if r.left() else b""), []
        while e.left():
            pairs.append((e.number(2), e.vector(2)))
        pairs = [p for p in pairs if p[0] not in drop]
        if extensions:
            pairs = extensions(pairs)
        new_id = old_id if session_id is None else session_id(old_id) if callable(session_id) else session_id
        return message(hello.SERVER_HELLO, version + (random(old_random) if random else old_random) + vector(1, new_id)
                       + struct.pack(">HB", old_suite if suite is None else suite, compression)
                       + vector(2, b"".join(extension(k, b) for k, b in pairs)) + add)
    return tweak


def adding(kind, body=b""):
    return server_hello(extensions=lambda pairs: pairs + [(kind, body)])


def replacing(kind, body):
    return server_hello(extensions=lambda pairs: [(k, body if k == kind else b) for k, b in pairs])


def repeating(kind):
    return server_hello(extensions=lambda pairs: pairs + [p for p in pairs if p[0] == kind])


def key_share(group, share):
    return replacing(51, struct.pack(">H", group) + vector(2, share))


SMALL_ORDER = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")
OFF_CURVE = b"\4" + bytes(31) + b"\5" + bytes(31) + b"\1"
HELLOS_13 = {
    "session-id-other": server_hello(session_id=lambda i: bytes(b ^ 1 for b in i) if i else b"x" * 32),
    "session-id-short": server_hello(session_id=lambda i: i[:-1] if i else b"x"),
    "session-id-33": server_hello(session_id=bytes(33)),
    "session-id-255": server_hello(session_id=bytes(255)),
    "compression": server_hello(compression=1),
    **{f"suite-{s:04x}": server_hello(suite=s)
       for s in (0x0000, 0x0001, 0x002f, 0x00ff, 0x1302, 0x1304, 0x1305, 0x1399, 0xc02b, 0xcca9, 0xffff)},
    **{f"selected-version-{v:04x}": replacing(43, struct.pack(">H", v))
       for v in (0x0300, 0x0302, 0x0303, 0x0305, 0x7f1c, 0x0a0a)},
    "selected-version-long": replacing(43, b"\3\4\3"),
    "no-supported-versions": server_hello(drop=(43,)),
    "no-key-share": server_hello(drop=(51,)),
    "no-extensions": server_hello(drop=(43, 51)),
    "key-share-x448": key_share(0x001e, bytes(56)),
    "key-share-ffdhe": key_share(0x0100, bytes(range(256))),
    "key-share-secp256k1": key_share(0x0016, OFF_CURVE),
    "key-share-p521": key_share(0x0019, b"\4" + bytes(132)),
    "key-share-x25519-zero": key_share(0x001d, bytes(32)),
    "key-share-x25519-small-order": key_share(0x001d, SMALL_ORDER),
    "key-share-x25519-short": key_share(0x001d, b"\7" * 31),
    "key-share-x25519-long": key_share(0x001d, b"\7" * 33),
    "key-share-x25519-empty": key_share(0x001d, b""),
    "key-share-p256-off-curve": key_share(0x0017, OFF_CURVE),
    "key-share-p256-compressed": key_share(0x0017, b"\2" + b"\7" * 32),
    "key-share-p256-infinity": key_share(0x0017, b"\0"),
    "key-share-p256-short": key_share(0x0017, OFF_CURVE[:64]),
    "psk-not-offered": adding(41, b"\0\0"),
    "server-name": adding(0),
    "alpn": adding(16, b"\0\3\2h2"),
    "unknown-extension": adding(0xfafa, b"x"),
    "cookie": adding(44, b"\0\1x"),
    "early-data": adding(42),
    "renegotiation-info": adding(0xff01, b"\0"),
    "extended-master-secret": adding(23),
}
for _name, _tweak in HELLOS_13.items():
    cases.add(f"hello-1.3-{_name}", tweaked, "1.3", {"hello": _tweak}, PROTOCOL)

# Mbed TLS 3.6 lets these pass, against the letter of RFC 8446: no harm, since what it does then is right.
LENIENT_13 = {
    "key-share-twice": repeating(51), "versions-twice": repeating(43), "trailing-byte": server_hello(add=b"\0"),
    "legacy-version-0301": server_hello(version=b"\3\1"), "legacy-version-0304": server_hello(version=b"\3\4"),
}
for _name, _tweak in LENIENT_13.items():
    cases.add(f"hello-1.3-{_name}", tweaked, "1.3", {"hello": _tweak}, PROTOCOL, accept=True)

HELLOS_12 = {
    "session-id-33": server_hello(session_id=bytes(33)),
    "session-id-255": server_hello(session_id=bytes(255)),
    "compression": server_hello(compression=1),
    "compression-64": server_hello(compression=64),
    **{f"suite-{s:04x}": server_hello(suite=s)
       for s in (0x0000, 0x0005, 0x002f, 0x009c, 0x009e, 0x00a8, 0x00ff, 0x1301, 0x1303, 0xc009, 0xc013, 0xc023, 0xccaa,
                  0xccac, 0xffff)},
    **{f"version-{v.hex()}": server_hello(version=v)
       for v in (b"\2\0", b"\3\0", b"\3\1", b"\3\2", b"\3\4", b"\3\5", b"\4\0", b"\xfe\xfd")},
    "alpn": adding(16, b"\0\3\2h2"),
    "renegotiation-info-wrong": replacing(0xff01, b"\x0c" + bytes(12)),
    "renegotiation-info-without-body": replacing(0xff01, b""),
    "trailing-byte": server_hello(add=b"\0"),
}
for _name, _tweak in HELLOS_12.items():
    cases.add(f"hello-1.2-{_name}", tweaked, "1.2", {"hello": _tweak}, PROTOCOL)

# Answers to what was not asked, which Mbed TLS ignores in 1.2: no harm as long as nothing acts on them.
IGNORED_12 = {
    "unknown-extension": adding(0xfafa, b"x"), "heartbeat": adding(15, b"\1"), "truncated-hmac": adding(4),
    "status-request": adding(5), "encrypt-then-mac": adding(22), "supported-versions-1.2": adding(43, b"\3\3"),
    "supported-versions-1.3": adding(43, b"\3\4"), "max-fragment-length": adding(1, b"\1"),
    "suite-of-the-other-kind-of-key": server_hello(suite=0xcca8),
    "key-share": adding(51, struct.pack(">H", 0x1d) + vector(2, bytes(32))),
    "renegotiation-info-twice": repeating(0xff01), "extended-master-secret-twice": repeating(23),
    "session-id-other": server_hello(session_id=b"x" * 32),
    "session-id-short": server_hello(session_id=b"x"),
}
for _name, _tweak in IGNORED_12.items():
    cases.add(f"hello-1.2-{_name}", tweaked, "1.2", {"hello": _tweak}, PROTOCOL, accept=True)


def downgrade(sentinel, options, works):
    """A 1.2 ServerHello to a client that offered 1.3, with the mark of RFC 8446 4.1.3 in its random."""
    tweak = server_hello(random=lambda old: old[:24] + b"DOWNGRD" + sentinel)
    with TlsPeer(pki.chain("p256"), "1.2", {"hello": tweak}) as peer:
        result = get(peer.port, *options)
        peer.settle(1)
        if works:
            expect_ok(result, PAGE)
        else:
            check(not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
            expect_error(result, PROTOCOL)


cases.add("downgrade-to-1.2", downgrade, b"\1", [], False)
cases.add("downgrade-to-1.1", downgrade, b"\0", [], False)
cases.add("downgrade-mark-for-a-1.2-client", downgrade, b"\1", ["--tls-max", "1.2"], True)


# HelloRetryRequest.

def other_group(session):
    """A group that was offered, but without a share."""
    shares = session.hello.key_shares()
    return next(g for g in (0x0017, 0x001d, 0x0018) if g in session.hello.groups() and g not in shares)


def same_group(session):
    return next(iter(session.hello.key_shares()))


def retry_twice(session):
    session.retry(other_group(session))
    session.retry(0x0018)


RETRIES = {
    "twice": retry_twice,
    "for-the-same-group": lambda s: s.retry(same_group(s)),
    "for-x448": lambda s: s.retry(0x001e),
    "for-ffdhe": lambda s: s.retry(0x0100),
    "unknown-extension": lambda s: s.retry(other_group(s), extension(0xfafa, b"x")),
    "trailing-byte": lambda s: s.retry(other_group(s), b"\0"),
}
for _name, _make in RETRIES.items():
    cases.add(f"retry-{_name}", tweaked, "1.3", {"start": lambda s, m, make=_make: make(s)}, ENDED)
# Asking for a cookie back is lawful, but Mbed TLS does not know it; twice the same extension is not, but passes.
RETRIES_EITHER = {"cookie": extension(44, vector(2, b"cookie")), "versions-twice": extension(43, b"\3\4")}
for _name, _extra in RETRIES_EITHER.items():
    cases.add(f"retry-{_name}", tweaked, "1.3", {"start": lambda s, m, e=_extra: s.retry(other_group(s), e)}, ENDED,
              accept=True)


# The other messages of 1.3.

def extensions_13(*items):
    return instead(message(hello.ENCRYPTED_EXTENSIONS, vector(2, b"".join(items))))


def signed(change, scheme=None):
    """CertificateVerify: the signature's bytes changed, or another scheme named."""
    def tweak(_, m):
        return message(m[0], (m[4:6] if scheme is None else struct.pack(">H", scheme)) + vector(2, change(m[8:])))
    return tweak


def signature_over(context, of_transcript=True):
    """A CertificateVerify over something else."""
    def tweak(session, m):
        content = b" " * 64 + context + b"\0" + (session.hash() if of_transcript else crypto.sha256(b""))
        signature = crypto.ecdsa_sign(session.peer.scalar, content)
        return message(m[0], struct.pack(">H", tlspeer.ECDSA_P256) + vector(2, signature))
    return tweak


def certificate_entry(extensions):
    """A 1.3 Certificate whose leaf carries extensions."""
    def tweak(session, _):
        sent = session.peer.chain.sent()
        entries = vector(3, sent[0]) + vector(2, extensions) + b"".join(vector(3, d) + vector(2, b"") for d in sent[1:])
        return message(hello.CERTIFICATE, b"\0" + vector(3, entries))
    return tweak


def list_length(by, at):
    """The Certificate message's list length, changed."""
    return with_body(lambda b: b[:at] + (int.from_bytes(b[at:at + 3], "big") + by).to_bytes(3, "big") + b[at + 3:])


def interrupted(session, m):
    """An alert in the middle of a message."""
    session.write_message(m[:50])
    session.send_alert(40)


TICKET = message(hello.NEW_SESSION_TICKET,
                 struct.pack(">II", 7200, 1) + vector(1, b"") + vector(2, b"t" * 32) + vector(2, b""))
REQUEST_13 = message(hello.CERTIFICATE_REQUEST, b"\0" + vector(2, extension(13, b"\0\2\4\3")))
MESSAGES_13 = {
    "extensions-unknown": {"extensions": extensions_13(extension(0xfafa, b"x"))},
    "extensions-key-share": {"extensions": extensions_13(extension(51, b"\0\x1d" + vector(2, bytes(32))))},
    "extensions-versions": {"extensions": extensions_13(extension(43, b"\3\4"))},
    "extensions-alpn": {"extensions": extensions_13(extension(16, b"\0\3\2h2"))},
    "extensions-early-data": {"extensions": extensions_13(extension(42))},
    "extensions-twice": {"extensions": sent_twice},
    "extensions-left-out": {"extensions": left_out},
    "extensions-trailing": {"extensions": with_body(trailing)},
    "extensions-length": {"extensions": instead(message(8, b"\0\1"))},
    "extensions-in-the-clear": {"extensions": in_the_clear},
    "certificate-twice": {"certificate": sent_twice},
    "certificate-left-out": {"certificate": left_out},
    "certificate-and-verify-left-out": {"certificate": left_out, "verify": left_out},
    "verify-left-out": {"verify": left_out},
    "verify-twice": {"verify": sent_twice},
    **{f"verify-scheme-{n:04x}": {"verify": signed(bytes, n)}
       for n in (0, 0x0201, 0x0203, 0x0401, 0x0503, 0x0804, 0x0807, 0xffff)},
    "finished-long": {"finished": with_body(trailing)},
    "finished-early": {"certificate": preceded_by(message(20, bytes(32)))},
    "finished-left-out-application-data": {"finished": lambda s, m: s.send_record(23, b"HTTP/1.1 200 OK\r\n\r\nevil")},
    "finished-in-the-clear": {"finished": in_the_clear},
    "request-after-certificate": {"verify": preceded_by(REQUEST_13)},
    "ticket-early": {"certificate": preceded_by(TICKET)},
    "key-update-early": {"certificate": preceded_by(message(24, b"\0"))},
    "hello-request": {"certificate": preceded_by(message(0, b""))},
    "unknown-message": {"certificate": preceded_by(message(99, b"x"))},
    "second-hello": {"extensions": preceded_by(HELLO_12)},
    "end-of-early-data": {"certificate": preceded_by(message(5, b""))},
    "hello-and-extensions-in-one-record": {"hello": lambda s, m: m + message(8, b"\0\0")},
    "hello-and-half-of-the-next": {"hello": lambda s, m: m + b"\x08\0"},
    "application-data-early": {"certificate": after_record(23, b"HTTP/1.1 200 OK\r\n\r\nevil")},
    "application-data-in-the-clear": {"certificate": after_wire(record(23, b"HTTP/1.1 200 OK\r\n\r\nevil"))},
    "record-too-long": {"certificate": after_wire(record(23, bytes(16384 + 257)))},
    "record-much-too-long": {"certificate": after_wire(record(23, bytes(65535)))},
    "record-short": {"certificate": after_wire(record(23, b"x" * 8))},
    "record-empty": {"certificate": after_wire(record(23, b""))},
    "ccs-of-2": {"certificate": after_wire(record(20, b"\2"))},
    "ccs-long": {"certificate": after_wire(record(20, b"\1\1"))},
    "inner-type-0": {"certificate": after_record(0, b"")},
    "inner-type-99": {"certificate": after_record(99, b"x")},
}
for _name, _tweaks in MESSAGES_13.items():
    cases.add(f"message-1.3-{_name}", tweaked, "1.3", _tweaks, PROTOCOL)

SIGNATURES_13 = {
    "verify-flipped": {"verify": signed(flipped)},
    "verify-empty": {"verify": signed(lambda b: b"")},
    "verify-zeros": {"verify": signed(lambda b: bytes(len(b)))},
    "verify-r-s-zero": {"verify": signed(lambda b: bytes.fromhex("3006020100020100"))},
    "verify-long": {"verify": signed(lambda b: b + bytes(3000))},
    "verify-of-a-client": {"verify": signature_over(b"TLS 1.3, client CertificateVerify")},
    "verify-of-nothing": {"verify": signature_over(b"TLS 1.3, server CertificateVerify", False)},
}
for _name, _tweaks in SIGNATURES_13.items():
    cases.add(f"signature-1.3-{_name}", tweaked, "1.3", _tweaks, {"TLS_SIGNATURE", "TLS_PROTOCOL"})

FINISHED = {"finished-flipped": with_body(flipped), "finished-zeros": with_body(lambda b: bytes(len(b)))}
for _version in VERSIONS:
    for _name, _tweak in FINISHED.items():
        cases.add(f"message-{_version}-{_name}", tweaked, _version, {"finished": _tweak},
                  {"TLS_PROTOCOL", "TLS_CORRUPT", "TLS_SIGNATURE"})

# Lawful, or close enough: picket may go on, and then correctly.
ACCEPTED_13 = {
    "verify-trailing": {"verify": with_body(trailing)},
    "ccs-encrypted": {"certificate": after_record(20, b"\1")},
    "certificate-entry-status": {"certificate": certificate_entry(extension(5, b"\1\0\0\1x"))},
    "certificate-entry-unknown": {"certificate": certificate_entry(extension(0xfafa, b"x"))},
    "certificate-entry-broken": {"certificate": certificate_entry(b"\0\5\0\x09x")},
    "extensions-record-size-limit": {"extensions": extensions_13(extension(28, b"\x40\x01"))},
    "ccs-again": {"certificate": after_wire(record(20, b"\1"))},
    "ccs-many": {"certificate": after_wire(record(20, b"\1") * 50)},
    "handshake-record-empty": {"certificate": after_record(22, b"")},
    "record-padded": {"certificate": after_record(22, b"", padding=0)},
    "alert-in-the-clear": {"certificate": after_wire(hello.alert(40))},
    "alert-warning": {"certificate": after_record(21, b"\1\x5a")},
    "alert-inside-a-message": {"certificate": interrupted},
}
for _name, _tweaks in ACCEPTED_13.items():
    cases.add(f"message-1.3-{_name}", tweaked, "1.3", _tweaks, ENDED | {"CERT_MALFORMED"}, accept=True)

# A Certificate message that is wrong in itself: the certificate or the protocol may be blamed.
LISTS = {
    "context": with_body(lambda b: b"\1x" + b[1:]), "trailing": with_body(trailing),
    "list-longer": list_length(1, 1), "list-shorter": list_length(-1, 1), "entry-longer": list_length(1, 4),
    "entry-shorter": list_length(-1, 4), "entry-huge": list_length(0xf00000, 4),
}
for _name, _tweak in LISTS.items():
    cases.add(f"certificate-message-1.3-{_name}", tweaked, "1.3", {"certificate": _tweak},
              PROTOCOL | {"CERT_MALFORMED"})


# The messages of 1.2.

def exchange(curve=None, point=None, kind=3, scheme=None, signature=None, sign=True, add=b""):
    """The ServerKeyExchange with parts of it replaced, signed again (sign)."""
    def tweak(session, m):
        r = hello.Reader(m[4:])
        r.take(1)
        group, share, old_scheme, old = r.number(2), r.vector(1), r.number(2), r.vector(2)
        params = bytes([kind]) + struct.pack(">H", curve or group) + vector(1, share if point is None else point)
        if sign:
            randoms = session.hello.random + session.peer.random_of(session.transcript)
            old = crypto.ecdsa_sign(session.peer.scalar, randoms + params)
        new = signature(old) if signature else old
        number = struct.pack(">H", old_scheme if scheme is None else scheme)
        return message(m[0], params + number + vector(2, new) + add)
    return tweak


EXCHANGES_12 = {
    **{f"curve-{c:04x}": exchange(curve=c) for c in (0x0001, 0x0013, 0x0015, 0x0016, 0x001a, 0x001e, 0x0100, 0xffff)},
    "kind-1": exchange(kind=1), "kind-2": exchange(kind=2), "kind-0": exchange(kind=0),
    "p256-off-curve": exchange(curve=0x17, point=OFF_CURVE),
    "p256-infinity": exchange(curve=0x17, point=b"\0"),
    "p256-compressed": exchange(curve=0x17, point=b"\2" + b"\7" * 32),
    "p256-short": exchange(curve=0x17, point=OFF_CURVE[:40]),
    "p256-empty": exchange(curve=0x17, point=b""),
    "x25519-zero": exchange(curve=0x1d, point=bytes(32)),
    "x25519-small-order": exchange(curve=0x1d, point=SMALL_ORDER),
    "x25519-short": exchange(curve=0x1d, point=b"\7" * 31),
    "x25519-long": exchange(curve=0x1d, point=b"\7" * 33),
    "p384-off-curve": exchange(curve=0x18, point=b"\4" + bytes(95) + b"\5"),
    **{f"scheme-{n:04x}": exchange(scheme=n) for n in (0x0000, 0x0101, 0x0201, 0x0203, 0x0401, 0x0804, 0x0807, 0xffff)},
    "trailing": exchange(add=b"\0"),
}
for _name, _tweak in EXCHANGES_12.items():
    cases.add(f"exchange-1.2-{_name}", tweaked, "1.2", {"exchange": _tweak}, PROTOCOL)
for _name, _tweak in {
        "flipped": exchange(signature=flipped), "empty": exchange(signature=lambda s: b""),
        "zeros": exchange(signature=lambda s: bytes(len(s))), "long": exchange(signature=lambda s: s + bytes(2000)),
        "r-s-zero": exchange(signature=lambda s: bytes.fromhex("3006020100020100")),
        "of-other-parameters": exchange(point=OFF_CURVE, sign=False)}.items():
    cases.add(f"signature-1.2-{_name}", tweaked, "1.2", {"exchange": _tweak}, {"TLS_SIGNATURE", "TLS_PROTOCOL"})

MESSAGES_12 = {
    "certificate-twice": {"certificate": sent_twice},
    "certificate-left-out": {"certificate": left_out},
    "exchange-left-out": {"exchange": left_out},
    "exchange-twice": {"exchange": sent_twice},
    "done-early": {"exchange": preceded_by(message(14, b""))},
    "done-with-body": {"done": with_body(trailing)},
    "done-twice": {"done": sent_twice},
    "finished-early": {"exchange": preceded_by(message(20, bytes(12)))},
    "finished-long": {"finished": with_body(trailing)},
    "hello-twice": {"hello": sent_twice},
    "unknown-message": {"exchange": preceded_by(message(99, b"x"))},
    "ticket-early": {"exchange": preceded_by(message(4, bytes(6)))},
    "encrypted-extensions": {"certificate": preceded_by(message(8, b"\0\0"))},
    "ccs-after-hello": {"certificate": after_wire(record(20, b"\1"))},
    "ccs-before-exchange": {"exchange": after_wire(record(20, b"\1"))},
    "ccs-before-done": {"done": after_wire(record(20, b"\1"))},
    "ccs-twice": {"finished": after_wire(record(20, b"\1"))},
    "application-data-early": {"exchange": after_wire(record(23, b"HTTP/1.1 200 OK\r\n\r\nevil"))},
    "application-data-before-finished": {"finished": lambda s, m: s.send_record(23, b"HTTP/1.1 200 OK\r\n\r\nevil")},
    "application-data-in-the-clear": {"finished": after_wire(record(23, b"HTTP/1.1 200 OK\r\n\r\nevil"))},
    "finished-in-the-clear": {"finished": in_the_clear},
    "record-too-long": {"exchange": after_wire(record(22, bytes(16384 + 2049)))},
    "record-bad-version": {"exchange": after_wire(record(22, b"x", 0x0302))},
    "ticket-cut": {"ticket": instead(message(4, b"\0\0\0\1"))},
    "ticket-longer": {"ticket": instead(message(4, b"\0\0\0\1\0\x20" + bytes(31)))},
    "ticket-trailing": {"ticket": instead(message(4, b"\0\0\0\1\0\x20" + bytes(33)))},
}
for _name, _tweaks in MESSAGES_12.items():
    cases.add(f"message-1.2-{_name}", tweaked, "1.2", _tweaks, PROTOCOL, **(
        {"ticket12": b"t" * 32} if "ticket" in _tweaks else {}))
# What is then encrypted looks like the beginning of a long message.
cases.add("message-1.2-ccs-left-out", tweaked, "1.2", {}, PROTOCOL | TIMEOUT, ccs=False, max_time=2)
LISTS = {
    "trailing": with_body(trailing), "list-longer": list_length(1, 0), "list-shorter": list_length(-1, 0),
    "entry-longer": list_length(1, 3), "entry-shorter": list_length(-1, 3), "entry-huge": list_length(0xf00000, 3),
}
for _name, _tweak in LISTS.items():
    cases.add(f"certificate-message-1.2-{_name}", tweaked, "1.2", {"certificate": _tweak},
              PROTOCOL | {"CERT_MALFORMED"})

ACCEPTED_12 = {
    "hello-request": {"exchange": preceded_by(message(0, b""))},
    "alert-warning": {"exchange": after_wire(hello.alert(112, 1))},
    "handshake-record-empty": {"exchange": after_wire(record(22, b""))},
    "finished-twice-in-one": {"finished": lambda s, m: m + m},
    "ticket-not-announced": {"finished": preceded_by(message(4, b"\0\0\0\1\0\x20" + bytes(32)))},
    "ticket-empty": {"ticket": instead(message(4, b"\0\0\0\1\0\0"))},
}
for _name, _tweaks in ACCEPTED_12.items():
    cases.add(f"message-1.2-{_name}", tweaked, "1.2", _tweaks, ENDED, accept=True, **(
        {"ticket12": b"t" * 32} if "ticket" in _tweaks else {}))


# --- Lawful handshakes of a rare kind: these must work

def rare(version, kind="p256", **more):
    with TlsPeer(pki.chain(kind), version, **more) as peer:
        expect_ok(get(peer.port, *version_options(version), kind=kind), PAGE)


for _version in VERSIONS:
    for _size in (4, 5, 16, 100):
        cases.add(f"rare-fragments-{_size}-{_version}", rare, _version, fragment=_size)
    # Mbed TLS wants the four bytes of a message's header in one record.
    for _size in (1, 2, 3):
        cases.add(f"rare-fragments-{_size}-{_version}", tweaked, _version, {}, {"TLS_PROTOCOL"}, accept=True,
                  fragment=_size)
    cases.add(f"rare-rsa-{_version}", rare, _version, kind="rsa2048")
    cases.add(f"rare-certificate-request-{_version}", rare, _version, request_certificate=True)
cases.add("rare-p256-1.2", rare, "1.2", group=0x0017)
cases.add("rare-x25519-1.2", rare, "1.2", group=0x001d)
cases.add("rare-no-extended-master-secret", rare, "1.2", extended_secret=False)
cases.add("rare-ticket-1.2", rare, "1.2", ticket12=b"t" * 200)
cases.add("rare-ticket-large-1.2", rare, "1.2", ticket12=b"t" * 8000)
cases.add("rare-no-ccs-1.3", rare, "1.3", ccs=False)


def retried_group(group):
    """A group that has no share in the first hello: HelloRetryRequest, then the handshake."""
    def start(session, _):
        if group not in session.hello.key_shares():
            session.retry(group)
    with TlsPeer(pki.chain("p256"), "1.3", {"start": start}, group=group) as peer:
        expect_ok(get(peer.port, "--tlsv1.3"), PAGE)
        check(list(peer.hellos[-1].key_shares()) == [group] or len(peer.hellos) == 1, "the second hello is wrong")


cases.add("rare-retry-p256", retried_group, 0x0017)
cases.add("rare-retry-x25519", retried_group, 0x001d)


# --- After the handshake

def afterwards(version, act, errors, accept, max_time=4, **more):
    """act(session) comes between the request and the answer."""
    def after(session):
        session.read_request()
        act(session)
        session.sendall(response(PAGE))
        session.close_notify()
        session.finish()
    with TlsPeer(pki.chain("p256"), version, after=after, **more) as peer:
        result = get(peer.port, *version_options(version), max_time=max_time)
        if accept == "must":
            expect_ok(result, PAGE)
        elif accept:
            expect_either(result, PAGE, errors)
        else:
            expect_error(result, errors)


def sends(kind, body, count=1, **more):
    def act(session):
        for _ in range(count):
            session.send_record(kind, body, **more)
    return act


def tells(data):
    return lambda session: session.write_message(data)


def ticket(nonce=b"", body=b"t", extensions=b"", lifetime=7200):
    """A server that sends this ticket."""
    return tells(message(hello.NEW_SESSION_TICKET, struct.pack(">II", lifetime, 1) + vector(1, nonce) + vector(2, body)
                         + vector(2, extensions)))


# Must not disturb the transfer.
HARMLESS = {
    "ticket": tells(TICKET),
    "tickets-100": lambda s: [s.write_message(TICKET) for _ in range(100)],
    "ticket-in-pieces": lambda s: [s.send_record(22, TICKET[i:i + 5]) for i in range(0, len(TICKET), 5)],
    "ticket-large": ticket(body=b"t" * 9000),
    "ticket-nonce-32": ticket(nonce=b"n" * 32),
    "ticket-lifetime-0": ticket(lifetime=0),
    "ticket-unknown-extension": ticket(extensions=extension(0xfafa, b"x")),
    "ticket-early-data": ticket(extensions=extension(42, bytes(4))),
    "empty-record": sends(23, b""),
    "empty-records-3": sends(23, b"", 3),
    "padded-record": sends(23, b"", padding=100),
    "much-padding": sends(23, b"", padding=16000),
}
for _name, _act in HARMLESS.items():
    cases.add(f"after-1.3-{_name}", afterwards, "1.3", _act, None, "must")
WRONG_13 = {
    "inner-type-0": sends(0, b""), "inner-type-99": sends(99, b"x"), "handshake-empty": sends(22, b""),
    "unknown-message": tells(message(99, b"x")), "server-hello": tells(HELLO_12),
    "certificate": tells(message(11, bytes(4))), "finished": tells(message(20, bytes(32))),
    "client-hello": tells(message(1, bytes(40))), "alert-short": sends(21, b"\2"), "alert-long": sends(21, b"\2\x28\0"),
    "alert-fatal": sends(21, b"\2\x28"), "alert-unknown": sends(21, b"\2\xc8"),
    "application-data-in-the-clear": lambda s: s.raw(record(23, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")),
    "handshake-in-the-clear": lambda s: s.raw(record(22, TICKET)),
    "bad-mac": lambda s: s.raw(flipped(s.seal(23, b"HTTP/1.1 200 OK\r\n"))),
    "too-long": lambda s: s.raw(record(23, bytes(16384 + 257))),
    "plaintext-16385": sends(23, b"x" * 16385),
    "record-of-15": lambda s: s.raw(record(23, b"x" * 15)),
    "replayed": lambda s: s.raw(s.seal(22, TICKET) * 2),
    "type-0": lambda s: s.raw(record(0, b"x" * 30)),
    "version-0302-garbage": lambda s: s.raw(record(23, b"x" * 40, 0x0302)),
}
for _name, _act in WRONG_13.items():
    cases.add(f"after-1.3-{_name}", afterwards, "1.3", _act, TLS_BROKEN, False)
# Tickets that cannot be used (Mbed TLS takes no nonce of more than 64 bytes): to be ignored or refused. Key updates,
# which it does not know.
EITHER_13 = {
    **{f"ticket-cut-{n}": tells(message(4, TICKET[4:4 + n])) for n in (0, 3, 4, 7, 8, 9, 10, 11, 20, 42, 43, 44)},
    "ticket-trailing": tells(message(4, TICKET[4:] + b"\0")),
    "ticket-nonce-255": ticket(nonce=b"n" * 255),
    "ticket-empty": ticket(body=b""),
    "ticket-lifetime-long": ticket(lifetime=0xffffffff),
    "ticket-extension-cut": ticket(extensions=b"\0\x2a\0"),
    "key-update": lambda s: s.update_keys(), "key-update-requested": lambda s: s.update_keys(1),
    "key-update-2": lambda s: s.update_keys(2), "key-update-long": tells(message(24, b"\0\0")),
    "certificate-request": tells(REQUEST_13), "hello-request": tells(message(0, b"")),
    "alert-user-canceled": sends(21, b"\1\x5a"), "alert-warning": sends(21, b"\1\x70"),
    "ccs": lambda s: s.raw(record(20, b"\1")), "empty-records-1000": sends(23, b"", 1000),
    "inner-ccs": sends(20, b"\1"),
    "alert-in-the-clear": lambda s: s.raw(hello.alert(40)),
}
for _name, _act in EITHER_13.items():
    cases.add(f"after-1.3-{_name}", afterwards, "1.3", _act, TLS_BROKEN, True)

WRONG_12 = {
    "server-hello": tells(HELLO_12), "unknown-message": tells(message(99, b"x")),
    "ccs": lambda s: s.raw(record(20, b"\1")), "ccs-encrypted": sends(20, b"\1"),
    "alert-short": sends(21, b"\2"), "alert-fatal": sends(21, b"\2\x28"),
    "application-data-in-the-clear": lambda s: s.raw(record(23, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")),
    "alert-in-the-clear": lambda s: s.raw(hello.alert(40)),
    "bad-mac": lambda s: s.raw(flipped(s.seal(23, b"HTTP/1.1 200 OK\r\n"))),
    "too-long": lambda s: s.raw(record(23, bytes(16384 + 2049))),
    "plaintext-16385": sends(23, b"x" * 16385),
    "record-of-15": lambda s: s.raw(record(23, b"x" * 15)),
    "replayed": lambda s: s.raw(s.seal(23, b"H") * 2),
    "type-0": lambda s: s.raw(record(0, b"x" * 30)),
    "certificate-request": tells(message(13, bytes(6))),
}
for _name, _act in WRONG_12.items():
    cases.add(f"after-1.2-{_name}", afterwards, "1.2", _act, TLS_BROKEN, False)
EITHER_12 = {
    "hello-request": tells(message(0, b"")),
    "hello-requests-20": lambda s: [s.write_message(message(0, b"")) for _ in range(20)],
    "empty-record": sends(23, b""),
    "empty-records-1000": sends(23, b"", 1000), "alert-warning": sends(21, b"\1\x70"),
    "alert-warnings-1000": sends(21, b"\1\x70", 1000), "ticket": tells(message(4, b"\0\0\0\1\0\x20" + bytes(32))),
    "client-hello": tells(message(1, bytes(40))), "handshake-empty": sends(22, b""),
}
for _name, _act in EITHER_12.items():
    cases.add(f"after-1.2-{_name}", afterwards, "1.2", _act, TLS_BROKEN, _name != "empty-record" or "must")


def one_byte_records(version):
    """The answer a byte a record."""
    def after(session):
        session.read_request()
        for i in response(PAGE):
            session.send_record(23, bytes([i]))
        session.close_notify()
        session.finish()
    with TlsPeer(pki.chain("p256"), version, after=after) as peer:
        expect_ok(get(peer.port, *version_options(version)), PAGE)


def more_after_the_end(version, data):
    """Bytes after close_notify do not count."""
    def after(session):
        session.read_request()
        session.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE)
        session.close_notify()
        session.raw(data(session))
        session.finish()
    with TlsPeer(pki.chain("p256"), version, after=after) as peer:
        expect_ok(get(peer.port, *version_options(version)), PAGE)


def hangs_after_close_notify(version):
    """close_notify without FIN: the end is proved."""
    def after(session):
        session.read_request()
        session.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE)
        session.close_notify()
        peers.stall(session.socket)
    with TlsPeer(pki.chain("p256"), version, after=after) as peer:
        result = expect_ok(get(peer.port, *version_options(version), max_time=5), PAGE)
        check(result.seconds < 4, f"waited for the FIN: {result}")


for _version in VERSIONS:
    cases.add(f"after-{_version}-one-byte-records", one_byte_records, _version)
    cases.add(f"after-{_version}-data-after-close-notify", more_after_the_end, _version, lambda s: s.seal(23, b"evil"))
    cases.add(f"after-{_version}-garbage-after-close-notify", more_after_the_end, _version, lambda s: b"garbage" * 9)
    cases.add(f"after-{_version}-close-notify-without-fin", hangs_after_close_notify, _version)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
