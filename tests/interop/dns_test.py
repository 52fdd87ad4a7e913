#!/usr/bin/python3
"""picket with name servers of every kind: right ones, silent ones, and ones that send rubbish.

A name server lives on port 53 of a loopback address of its own, which needs the right to bind it (root). See
support/harness.py for the protocol.
"""
import hashlib
import os
import socket
import struct
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness
from support.harness import Cases, Skipped, check, expect_either, expect_error, expect_ok, picket
from support.peers import Listener, TlsListener, http, response

HOST = certs.HOST
PAGE = b"found by name\n"
A, CNAME, AAAA = 1, 5, 28
pki = certs.Pki(harness.folder)
cases = Cases()


class NameServer:
    """answer(id, question, name, type) -> a reply's bytes, a list of replies, or None."""

    count = 0
    lock = threading.Lock()

    def __init__(self, answer):
        with NameServer.lock:
            NameServer.count += 1
            self.address = f"127.53.{NameServer.count // 200}.{NameServer.count % 200 + 1}"
        self.answer = answer
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self.socket.bind((self.address, 53))
        except OSError as why:
            self.socket.close()
            raise Skipped(f"port 53 cannot be bound here ({why.strerror})") from None
        self.socket.settimeout(0.2)
        self.stopped = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.stopped:
            try:
                query, client = self.socket.recvfrom(2000)
            except TimeoutError:
                continue
            end = query.index(b"\0", 12) + 5
            kind = struct.unpack(">H", query[end - 4:end - 2])[0]
            self.asked.append((query[12:end - 4], kind))
            replies = self.answer(query[:2], query[12:end], query[12:end - 4], kind)
            for data in replies if isinstance(replies, list) else [replies] if replies is not None else []:
                self.socket.sendto(data, client)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped = True


def reply(number, question, *answers, flags=0x8180, counts=None):
    counts = counts or (1, len(answers), 0, 0)
    return number + struct.pack(">5H", flags, *counts) + question + b"".join(answers)


def entry(kind, data, owner=b"\xc0\x0c", length=None, ttl=60):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data) if length is None else length) + data


def labels(text):
    return b"".join(bytes([len(x)]) + x.encode() for x in text.split(".")) + b"\0"


HERE = b"\x7f\0\0\1"
LOCAL = entry(A, HERE)
LOCAL6 = entry(AAAA, bytes(15) + b"\1")


def only(kind, *answers, **more):
    """A server that has these answers for one kind of question, and none for the other."""
    return lambda number, question, name, asked: reply(number, question, *(answers if asked == kind else ()), **more)


def found(answer, host="127.0.0.1", scheme="http", max_time=10):
    if ":" in host and not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    chain = pki.chain("p256")
    server = TlsListener(chain, http(response(PAGE)), host=host) if scheme == "https" else \
        Listener(http(response(PAGE)), host)
    with server, NameServer(answer) as names:
        expect_ok(picket("--dns-servers", names.address, "--cacert", chain.root_path,
                         f"{scheme}://{HOST}:{server.port}/", max_time=max_time), PAGE)
        check(names.asked and all(name.lower() == labels(HOST) for name, _ in names.asked), f"asked for {names.asked}")


def not_found(answer, errors, *options, max_time=2.5):
    with Listener(http(response(b"must not be reached\n"))) as server, NameServer(answer) as names:
        result = picket("--dns-servers", names.address, *options, f"http://{HOST}:{server.port}/", max_time=max_time)
        expect_error(result, errors)
        check(not server.connections, f"it connected nevertheless: {result}")


cases.add("dns-a", found, only(A, LOCAL))
cases.add("dns-a-https", found, only(A, LOCAL), scheme="https")
cases.add("dns-aaaa", found, only(AAAA, LOCAL6), "::1")
cases.add("dns-two-addresses", found, only(A, LOCAL, entry(A, b"\x7f\0\0\x09")))
cases.add("dns-cname", found, only(A, entry(CNAME, labels("other.test")), entry(A, HERE, labels("other.test"))))
cases.add("dns-both-only-ipv4-serves", found, lambda number, question, name, kind: reply(
    number, question, LOCAL if kind == A else LOCAL6))
cases.add("dns-both-only-ipv6-serves", found, lambda number, question, name, kind: reply(
    number, question, LOCAL if kind == A else LOCAL6), "::1")
cases.add("dns-aaaa-silent", found, lambda number, question, name, kind: reply(number, question, LOCAL)
          if kind == A else None, waits=True)
cases.add("dns-a-after-rubbish", found, lambda number, question, name, kind: [
    b"", b"\0", os.urandom(12), bytes(x ^ 1 for x in number) + reply(number, question)[2:],
    reply(number, question, LOCAL) if kind == A else reply(number, question)])

NONE = {"NO_ADDRESS"}
GAVE_UP = {"NO_ADDRESS", "TIMEOUT_LOOKUP", "TIMEOUT_TOTAL"}
SILENT = {"TIMEOUT_LOOKUP", "TIMEOUT_TOTAL"}
cases.add("dns-no-such-name", not_found, lambda number, question, name, kind: reply(number, question, flags=0x8183),
          NONE)
cases.add("dns-no-data", not_found, lambda number, question, name, kind: reply(number, question), NONE)
cases.add("dns-failure", not_found, lambda number, question, name, kind: reply(number, question, flags=0x8182), GAVE_UP,
          waits=True)
cases.add("dns-refused", not_found, lambda number, question, name, kind: reply(number, question, flags=0x8185), GAVE_UP,
          waits=True)
cases.add("dns-silent", not_found, lambda *_: None, SILENT, waits=True)
cases.add("dns-silent-connect-timeout", not_found, lambda *_: None, "TIMEOUT_LOOKUP", "--connect-timeout", "1",
          waits=True)


def unreachable():
    """Nobody listens where the name server should be."""
    expect_error(picket("--dns-servers", "127.53.255.254", f"http://{HOST}/", max_time=2.5), GAVE_UP)


cases.add("dns-nobody-there", unreachable, waits=True)

RUBBISH = {
    "empty": lambda number, question: b"",
    "one-byte": lambda number, question: number[:1],
    "number-only": lambda number, question: number,
    "header-cut": lambda number, question: reply(number, question)[:11],
    "header-only": lambda number, question: reply(number, question)[:12],
    "question-cut": lambda number, question: reply(number, question)[:20],
    "wrong-number": lambda number, question: bytes(x ^ 0xff for x in number) + reply(number, question, LOCAL)[2:],
    "a-question": lambda number, question: reply(number, question, LOCAL, flags=0x0100),
    "other-question": lambda number, question: reply(number, labels("other.test") + b"\0\1\0\1", LOCAL),
    "no-question": lambda number, question: reply(number, b"", LOCAL, counts=(0, 1, 0, 0)),
    "two-questions": lambda number, question: reply(number, question * 2, LOCAL, counts=(2, 1, 0, 0)),
    "answers-missing": lambda number, question: reply(number, question, counts=(1, 5, 0, 0)),
    "answers-65535": lambda number, question: reply(number, question, counts=(1, 65535, 65535, 65535)),
    "address-of-3": lambda number, question: reply(number, question, entry(A, HERE[:3])),
    "address-of-5": lambda number, question: reply(number, question, entry(A, HERE + b"\1")),
    "address-cut": lambda number, question: reply(number, question, LOCAL)[:-1],
    "address-length-65535": lambda number, question: reply(number, question, entry(A, HERE, length=65535)),
    "address-length-0": lambda number, question: reply(number, question, entry(A, HERE, length=0)),
    "entry-cut": lambda number, question: reply(number, question, LOCAL)[:-8],
    "owner-pointer-outside": lambda number, question: reply(number, question, entry(A, HERE, b"\xff\xff"))[:-4],
    "owner-pointer-cut": lambda number, question: reply(number, question, b"\xc0"),
    "owner-label-too-long": lambda number, question: reply(number, question, b"\x3fabc"),
    "owner-label-64": lambda number, question: reply(number, question, entry(A, HERE[:2], b"\x40" + b"x" * 64 + b"\0")),
    "owner-endless": lambda number, question: reply(number, question, b"\1x" * 200),
    "question-pointer-loop": lambda number, question: reply(number, b"\xc0\x0c\0\1\0\1", LOCAL)[:-3],
    "other-class": lambda number, question: reply(number, question, b"\xc0\x0c\0\1\0\3" + LOCAL[6:]),
    "cname-only": lambda number, question: reply(number, question, entry(CNAME, labels("other.test"))),
    "cname-loop": lambda number, question: reply(number, question, entry(CNAME, b"\xc0\x0c")),
    "kilobytes": lambda number, question: reply(number, question, *[entry(16, b"x" * 200)] * 15)[:3000],
    **{f"random-{n}": lambda number, question, n=n: number + hashlib.shake_128(b"%d" % n).digest(n)
       for n in (10, 30, 100, 400)},
}
for _name, _make in RUBBISH.items():
    cases.add(f"dns-rubbish-{_name}", not_found,
              lambda number, question, name, kind, make=_make: make(number, question), GAVE_UP, waits=True)


def pointer_to_itself():
    """lwIP does not follow the owner's name of an answer, so an endless one does no harm."""
    def answer(number, question, name, kind):
        return reply(number, question, entry(A, HERE, struct.pack(">H", 0xc000 | 12 + len(question))))
    with Listener(http(response(PAGE))) as server, NameServer(answer) as names:
        result = picket("--dns-servers", names.address, f"http://{HOST}:{server.port}/", max_time=2.5)
        expect_either(result, PAGE, GAVE_UP)


cases.add("dns-rubbish-owner-pointer-to-itself", pointer_to_itself)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
