#!/usr/bin/python3
"""picket behind a proxy that splits, cuts, damages, reorders and delays what a real TLS server (OpenSSL) sends.

Success counts only with exactly the true page; after a failure no wrong byte may have been printed, and the line must
name what happened. See support/harness.py for the protocol.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, hello, peers, servers
from support.harness import (BAD_CERT, CUT, TIMEOUT, TLS_BROKEN, Cases, Failed, check, expect_error, expect_ok, picket,
                             resolve, version_options)
from support.hello import record
from support.peers import Proxy, TlsListener, by_record, cut_at, flip_bit, http, in_pieces, response, swap_records

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
FRAMINGS = ("length", "chunked", "close")
PAGE = b"".join(b"line %03d of the page that must arrive whole or be missed\n" % i for i in range(30))
RECORD = 400    # bytes of the answer in a record, so that there are several
pki = certs.Pki(harness.folder)
cases = Cases()


def answer(framing):
    return response(PAGE, length=framing == "length", chunked=[7, 100, 333] if framing == "chunked" else None)


def make_server(version, framing):
    def handler(tls):
        peers.read_request(tls)
        tls.sendall(answer(framing), RECORD)
        tls.close_notify()
        peers.finish(tls)
    # RSA: its signatures have one length, so the stream of bytes is cut at the same places every time.
    return TlsListener(pki.chain("rsa2048"), handler, version)


def server(version, framing):
    return cases.server((version, framing), lambda: make_server(version, framing))


def through(version, framing, spoil, max_time=4):
    """One run through a proxy."""
    with Proxy(server(version, framing).port, spoil) as proxy:
        result = picket("--cacert", pki.chain("rsa2048").root_path, *resolve(HOST, proxy.port),
                        *version_options(version), f"https://{HOST}:{proxy.port}/", max_time=max_time)
        check(PAGE.startswith(result.out), f"wrong bytes came out: {result.out[:100]!r}: {result}")
        return result, proxy


class Shape:
    """What an undisturbed stream of the server looks like."""

    def __init__(self, version, framing):
        for _ in range(20):
            result, proxy = through(version, framing, None, 10)
            expect_ok(result, PAGE)
            stream = b"".join(data for from_server, data in proxy.log if from_server)
            self.records, rest = hello.split_records(stream)
            # picket may be gone before close_notify comes.
            if not rest and len(self.records[-1]) < 40:
                break
        else:
            raise Failed("the server's stream never came whole")
        self.starts = [sum(len(r) for r in self.records[:i]) for i in range(len(self.records))]
        self.total = len(stream)
        data = answer(framing)
        self.plain = [data[i:i + RECORD] for i in range(0, len(data), RECORD)]
        check(len(self.plain[-1]) > 40, "the last piece of the answer looks like a close_notify")
        self.first_data = len(self.records) - len(self.plain) - 1   # index of the first record of the answer
        # Where the server's handshake is complete: after Finished in 1.2; in 1.3 after the flight that ends with it.
        if version == "1.2":
            done = next(i for i, r in enumerate(self.records) if r[0] == hello.CCS) + 2
        else:
            done = next(i for i, r in enumerate(self.records) if r[0] == hello.CCS) + 5
        self.handshake = self.starts[done]
        # The first of the records whose payload is authenticated: all after ChangeCipherSpec, in both versions.
        self.protected = self.starts[next(i for i, r in enumerate(self.records) if r[0] == hello.CCS) + 1]

    def record_at(self, offset):
        return max(i for i, start in enumerate(self.starts) if start <= offset)

    def in_header(self, offset):
        return offset - self.starts[self.record_at(offset)] < 5

    def delivered(self, offset):
        """The bytes of the answer in whole records before offset."""
        whole = sum(1 for i, start in enumerate(self.starts) if start + len(self.records[i]) <= offset)
        return b"".join(self.plain[:max(0, whole - self.first_data)])


def shape(version, framing="length"):
    return cases.server(("shape", version, framing), lambda: Shape(version, framing))


def complete(plain, framing):
    """Does what was delivered prove the whole page, without the end of the connection?"""
    return framing != "close" and plain == answer(framing)


# --- Split: the same bytes in other pieces

def split(version, framing, size, pause):
    result, _ = through(version, framing, in_pieces(size, pause), 10)
    expect_ok(result, PAGE)


for _version in VERSIONS:
    for _framing in FRAMINGS:
        for _size in (1, 2, 3, 5, 7, 64, 1000):
            cases.add(f"split-{_size}-{_framing}-{_version}", split, _version, _framing, _size, 0)
    for _size, _pause in ((5, 0.001), (100, 0.01)):
        cases.add(f"split-{_size}-with-pauses-{_version}", split, _version, "length", _size, _pause, waits=True)


def real_split(version, size):
    """The same, in front of openssl s_server."""
    chain = pki.chain("p256")
    real = cases.server(("s_server", version), lambda: servers.openssl(chain, version))
    with Proxy(real.port, in_pieces(size)) as proxy:
        expect_ok(picket(*servers.fetch_args(chain, proxy, "/chunked.http"), max_time=10), servers.PAGE)


for _version in VERSIONS:
    for _size in (1, 2, 3, 5, 7, 1000):
        cases.add(f"split-s_server-{_size}-{_version}", real_split, _version, _size)


def split_in_two(version, number, of):
    """Two pieces, with a pause between them, at every place in turn."""
    s = shape(version)
    at = max(1, s.total * number // of)

    def spoiler():
        left = [at]

        def spoil(sender, data):
            sender.send(data[:left[0]])
            if 0 < left[0] <= len(data):
                time.sleep(0.03)
            sender.send(data[left[0]:])
            left[0] = max(0, left[0] - len(data))
        return spoil
    result, _ = through(version, "length", spoiler, 10)
    expect_ok(result, PAGE)


for _version in VERSIONS:
    for _i in range(40):
        cases.add(f"split-in-two-{_i}-{_version}", split_in_two, _version, _i, 40, quick=False)


# --- Cut: FIN and RST after any number of bytes

def cut(version, framing, number, of, rst):
    s = shape(version, framing)
    at = s.total * number // of
    result, _ = through(version, framing, cut_at(at, rst))
    plain = s.delivered(at)
    gone = {"RESET"} if rst else set()
    if at < s.handshake:
        expect_error(result, {"TLS_CLOSED"} | gone)
        return
    if result.code == 0:
        check(complete(plain, framing) or at == s.total,
              f"success without the whole answer (cut at {at} of {s.total}): {result}")
        expect_ok(result, PAGE)
        return
    check(not complete(plain, framing) or rst, f"the answer was complete (cut at {at} of {s.total}): {result}")
    head = answer(framing).index(b"\r\n\r\n") + 4
    expected = "EMPTY" if not plain else "HEAD_CUT" if len(plain) < head else "BODY_CUT"
    # A reset may overtake what was sent before it.
    expect_error(result, gone | CUT if rst else {expected})


CUT_POINTS = 75
for _version in VERSIONS:
    for _i in range(CUT_POINTS + 1):
        _framing = FRAMINGS[_i % 3]
        cases.add(f"cut-fin-{_i}-{_framing}-{_version}", cut, _version, _framing, _i, CUT_POINTS, False, quick=False)
        if _i < CUT_POINTS:
            cases.add(f"cut-rst-{_i}-{_framing}-{_version}", cut, _version, _framing, _i, CUT_POINTS, True, quick=False)


# --- Flip: one bit of the server's bytes

def flip(version, number, of):
    s = shape(version)
    at = s.total * number // of
    result, _ = through(version, "length", flip_bit(at, 1 << number % 8), 2.5)
    protected = at >= s.protected and not s.in_header(at)
    if result.code == 0:
        check(not protected or complete(s.delivered(s.starts[s.record_at(at)]), "length"),
              f"a damaged record was taken (byte {at} of {s.total}): {result}")
        expect_ok(result, PAGE)
    elif protected:
        expect_error(result, "TLS_CORRUPT")
    else:
        expect_error(result, TLS_BROKEN | BAD_CERT | CUT | TIMEOUT)


FLIPS = 110
for _version in VERSIONS:
    for _i in range(FLIPS):
        cases.add(f"flip-{_i}-{_version}", flip, _version, _i, FLIPS, quick=False, waits=True)


def flip_header(version, index, byte, mask):
    """The five bytes of each record's header."""
    s = shape(version)
    if index >= len(s.records):
        raise harness.Skipped("the server sends fewer records")
    result, _ = through(version, "length", flip_bit(s.starts[index] + byte, mask), 2.5)
    if result.code == 0:
        expect_ok(result, PAGE)
    else:
        expect_error(result, TLS_BROKEN | BAD_CERT | CUT | TIMEOUT)


for _version in VERSIONS:
    for _index in (0, 1, 2, 5, 9, 11):
        for _byte in range(5):
            cases.add(f"flip-header-{_index}-{_byte}-{_version}", flip_header, _version, _index, _byte,
                      1 << (_index + _byte) % 8, quick=False, waits=True)


# --- Whole records: left out, repeated, swapped, put in between

def records(version, framing, spoil):
    result, _ = through(version, framing, spoil, 2.5)
    if result.code == 0:
        expect_ok(result, PAGE)
    else:
        expect_error(result, TLS_BROKEN | BAD_CERT | CUT | TIMEOUT)


def left_out(index):
    return by_record(lambda i, r: b"" if i == index else r)


def repeated(index):
    return by_record(lambda i, r: r + r if i == index else r)


def put_before(index, data):
    return by_record(lambda i, r: data + r if i == index else r)


INJECTED = {
    "fatal-alert": hello.alert(80),
    "warning": hello.alert(112, 1),
    "close-notify": hello.alert(0, 1),
    "ccs": record(20, b"\1"),
    "application-data": record(23, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"),
    "empty-handshake": record(22, b""),
    "garbage": b"\xee" * 20,
}
for _version in VERSIONS:
    for _index in range(13):
        for _framing in ("length", "close"):
            cases.add(f"record-left-out-{_index}-{_framing}-{_version}", records, _version, _framing, left_out(_index),
                      quick=False, waits=True)
        cases.add(f"record-repeated-{_index}-{_version}", records, _version, "length", repeated(_index), quick=False,
                  waits=True)
        cases.add(f"record-swapped-{_index}-{_version}", records, _version, "length", swap_records(_index), quick=False,
                  waits=True)
        for _name, _data in INJECTED.items():
            cases.add(f"record-injected-{_name}-{_index}-{_version}", records, _version, "close",
                      put_before(_index, _data), quick=False, waits=True)


def protected_records(version, spoil):
    """A change in the middle of the answer must be found."""
    s = shape(version)
    result, _ = through(version, "length", spoil(s.first_data + 1), 2.5)
    expect_error(result, "TLS_CORRUPT")


for _version in VERSIONS:
    for _name, _spoil in (("left-out", left_out), ("repeated", repeated), ("swapped", swap_records)):
        cases.add(f"answer-record-{_name}-{_version}", protected_records, _version, _spoil)


# --- Slow

def drip(version, pause, max_time, errors):
    """A byte at a time, for longer than allowed."""
    result, _ = through(version, "length", in_pieces(1, pause), max_time)
    expect_error(result, errors)


def late(version, seconds, offset):
    """One pause, short enough."""
    def spoiler():
        left = [offset]

        def spoil(sender, data):
            sender.send(data[:left[0]])
            if 0 < left[0] <= len(data):
                time.sleep(seconds)
            sender.send(data[left[0]:])
            left[0] = max(0, left[0] - len(data))
        return spoil
    result, _ = through(version, "length", spoiler, 8)
    expect_ok(result, PAGE)


for _version in VERSIONS:
    cases.add(f"slow-drip-{_version}", drip, _version, 0.02, 2, {"TIMEOUT_HANDSHAKE", "TIMEOUT_TOTAL"}, waits=True)
    for _offset in (1, 4, 5, 6, 1000, 3000, 3800):
        cases.add(f"slow-pause-at-{_offset}-{_version}", late, _version, 1, _offset, waits=True)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
