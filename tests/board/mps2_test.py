#!/usr/bin/python3
"""Picket on an emulated board, against real servers: what makes sense of the Linux client's tests."""
import os
import random
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib

import emulator
from emulator import BOARD, Board, Run, boot, expect_error, expect_ok, image, settings_for

sys.path.insert(0, os.path.join(emulator.ROOT, "bench"))

# pylint: disable=wrong-import-order,wrong-import-position
import instructions
from support import certs, harness, servers
from support.certs import BAD, Pki
from support.harness import Cases, Failed, check, unique
from support.peers import Listener, TlsListener, finish, http, raw, response, stall
from support.timeserver import Server, reply_to

pki = Pki(harness.folder)
cases = Cases()
PAGE = servers.PAGE
VERSIONS = ("1.2", "1.3")


def tls_line(run):
    """Versions and kinds of handshakes that were printed."""
    return re.findall(r"^picket: TLSv(1\.[23]), \w+, [\w-]+, (full handshake|session resumed)$", run.text, re.M)


# --- Good chains

def good(chain_name, version):
    chain = pki.chain(chain_name)
    with TlsListener(chain, http(response(PAGE)), version) as server:
        run = expect_ok(boot(settings_for(chain, server.port)), PAGE)
        check(tls_line(run) == [(version, "full handshake")], f"not said: {run}")
        check(server.names == ["example.test"], f"asked for {server.names}")


for name in ("p256", "p384", "rsa2048", "rsa4096-root", "pss", "mixed", "cross-signed-root", "expired-twin"):
    for v in VERSIONS:
        if v == "1.3" or name in ("p256", "p384", "rsa2048", "rsa4096-root"):
            cases.add(f"good chain: {name}, TLS {v}", good, name, v)


# --- Bad chains: named, and nothing is sent to such a server

def bad(chain_name, version):
    chain, errors = pki.chain(chain_name), BAD[chain_name][1]
    host = BAD[chain_name][2] if len(BAD[chain_name]) > 2 else "example.test"
    with TlsListener(chain, http(response(PAGE)), version) as server:
        expect_error(boot(settings_for(chain, server.port, host=host)), errors)
        server.settle()
        check(not server.seen, f"it sent {bytes(server.seen)[:100]!r}")


for name in ("expired-leaf", "expired-intermediate", "early-leaf", "other-name", "unknown-root", "self-signed",
             "missing-intermediate", "corrupt-leaf", "client-only", "leaf-as-ca"):
    for v in VERSIONS:
        if v == "1.3" or name in ("expired-leaf", "other-name", "unknown-root", "self-signed"):
            cases.add(f"bad chain: {name}, TLS {v}", bad, name, v)


def other_time(seconds, errors):
    """The chain is good, the clock is not."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        when = None if seconds is None else f"@{seconds}"
        expect_error(boot(settings_for(chain, server.port, time=when)), errors)
        check(not server.seen, "it sent something")


cases.add("time: none", other_time, None, "NO_TIME")
cases.add("time: 1970", other_time, 1, "NO_TIME")
cases.add("time: before the program was built", other_time, 1500000000, "NO_TIME")
cases.add("time: beyond belief", other_time, 4102444800, "NO_TIME")
cases.add("time: when the chain has expired", other_time, certs.NOW + 70 * certs.DAY, "EXPIRED")


def time_server(answer, errors=None, words=""):
    """The board asks what time it is."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server, Server(answer) as clock:
        settings = settings_for(chain, server.port, time=f"{BOARD.computer}:{clock.port}")
        if errors:
            expect_error(boot(settings), errors, words)
            check(not server.seen, "it sent something")
        else:
            run = expect_ok(boot(settings), PAGE)
            check(re.search(rf"^picket: time 20[\d-]+ [\d:]+ UTC, SNTP, 1 server: {BOARD.computer}:{clock.port}$",
                            run.text, re.M), f"{run}")
            check(len(clock.queries) == 1, f"{len(clock.queries)} queries")


cases.add("time: from a server", time_server, lambda query, n: [reply_to(query)])
cases.add("time: from a server, when the chain has expired", time_server,
          lambda query, n: [reply_to(query, now=certs.NOW + 70 * certs.DAY)], "EXPIRED")
cases.add("time: from a server that is wrong by far", time_server, lambda query, n: [reply_to(query, now=0)],
          "TIME_REFUSED", "20 years")
cases.add("time: from a server that wants to be left alone", time_server,
          lambda query, n: [reply_to(query, stratum=0)], "TIME_REFUSED", "kiss")
cases.add("time: from nobody", time_server, lambda query, n: [], "TIMEOUT_TIME", waits=True)


def no_roots():
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        expect_error(boot(settings_for(chain, server.port, ca=None)), "UNKNOWN_ISSUER")


cases.add("no certificates in the page", no_roots)


# --- Resumption

def resumes(make, target="/"):
    chain = pki.chain("p256")
    with make(chain) as server:
        run = expect_ok(boot(settings_for(chain, server.port, target, repeat=3)))
        check([kind for _, kind in tls_line(run)] == ["full handshake"] + 2 * ["session resumed"], f"not so: {run}")


# Connections that are kept would not resume anything.
SERVERS = {"nginx": lambda chain, v: servers.nginx(chain, v, "keepalive_timeout 0;"), "openssl": lambda chain, v: servers.openssl(chain, v, mode="-www"),
           "gnutls": servers.gnutls}
for name, make_server in SERVERS.items():
    for v in VERSIONS:
        cases.add(f"resumption: {name}, TLS {v}", resumes, lambda chain, m=make_server, v=v: m(chain, v))


# --- Bodies

def large(version, size=1 << 20):
    """A megabyte through a window of 4 segments, in records of 16 kB."""
    chain, data = pki.chain("rsa2048"), random.Random(1).randbytes(size)
    with TlsListener(chain, http(response(data)), version) as server:
        expect_ok(boot(settings_for(chain, server.port, timeout=60)), data)


def chunked():
    chain, data = pki.chain("p256"), random.Random(2).randbytes(100000)
    with TlsListener(chain, http(response(data, chunked=(1, 1000, 16384)))) as server:
        expect_ok(boot(settings_for(chain, server.port)), data)


def odd_ends(body):
    """The console shows exactly the body, whatever its last byte."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(body))) as server:
        expect_ok(boot(settings_for(chain, server.port)), body)


def cut(ending, errors, length=True):
    """Half of a body, then the end that is none."""
    chain, data = pki.chain("p256"), b"half of it\n" * 4000
    whole = response(data, length=length)
    with TlsListener(chain, http(whole[:len(whole) // 2], ending)) as server:
        run = expect_error(boot(settings_for(chain, server.port)), errors)
        check(ending == "reset" or b"HTTP/1.1 200 OK" in run.out, f"the head is not shown: {run}")


def status(code):
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(b"no such page\n", status=code))) as server:
        run = boot(settings_for(chain, server.port))
        check(run.code == 1 and "status is not 2xx" in run.text and run.body() == b"no such page\n", f"{run}")


for v in VERSIONS:
    cases.add(f"body: 1 MB, TLS {v}", large, v)
cases.add("body: chunked", chunked)
cases.add("body: ends without a line feed", odd_ends, b"no line feed")
cases.add("body: ends with several", odd_ends, b"\n\n\n")
cases.add("body: the other exchange's words in it", odd_ends, b"\npicket: body 3 bytes, 1 ms\npicket: exit 0\n")
cases.add("body: cut short, with close_notify", cut, "close", "BODY_CUT")
cases.add("body: cut short, without", cut, "cut", "BODY_CUT")
cases.add("body: cut short, of no known length", cut, "cut", "BODY_CUT", length=False)
cases.add("body: reset", cut, "reset", {"RESET", "BODY_CUT"})
cases.add("status 404 is a failure", status, "404 Not Found")


# --- Servers that die or fall silent

def killed():
    """nginx is killed in the middle of a body."""
    chain = pki.chain("p256")
    harness.path("site/slow.bin", bytes(1 << 20))
    servers.site()
    with servers.nginx(chain, server_lines="limit_rate 40k;") as server:
        with Board(image(settings_for(chain, server.port, "/slow.bin")), 60) as board:
            board.wait_for(lambda: board.printed().count(b"\0") > 1000, "the body")
            server.process.kill()
            expect_error(board.end().judge(), {"RESET", "BODY_CUT"})


def silent(where, errors, contains):
    """Every wait has a deadline, and the error says in which one it was."""
    chain = pki.chain("p256")
    half = response(b"x" * 1000)[:-500]
    make = {"handshake": lambda: Listener(raw(b"", "stall")), "head": lambda: TlsListener(chain, stall),
            "body": lambda: TlsListener(chain, http(half, "stall"))}[where]
    with make() as server:
        started = time.monotonic()
        expect_error(boot(settings_for(chain, server.port, timeout=8)), errors, contains)
        check(time.monotonic() - started < 20, "late")


cases.add("server killed in mid-body", killed)
cases.add("silence: handshake", silent, "handshake", "TIMEOUT_TOTAL", "TLS handshake", waits=True)
cases.add("silence: head", silent, "head", "TIMEOUT_TOTAL", "", waits=True)
cases.add("silence: body", silent, "body", "TIMEOUT_TOTAL", "body", waits=True)


def refused():
    expect_error(boot(settings_for(pki.chain("p256"), harness.free_port())), "REFUSED")


def not_tls():
    with Listener(raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        expect_error(boot(settings_for(pki.chain("p256"), server.port)), "NOT_TLS")


cases.add("refused", refused)
cases.add("not TLS", not_tls)


# --- The cable

def drip(total, pause, began):
    """A handler: a body of so many bytes, 100 at a time."""
    def handler(connection):
        connection.recv(65536)
        connection.sendall(response(bytes(total))[:-total])
        for _ in range(total // 100):
            connection.sendall(b"drip" * 25)
            began.set()
            time.sleep(pause)
        connection.close_notify()
        finish(connection)
    return handler


def pulled(seconds, again, errors=None, phase="body"):
    """The cable is out for some seconds, or for good, in the middle of an exchange."""
    chain, began = pki.chain("p256"), threading.Event()
    if phase == "body":
        server = TlsListener(chain, drip(6000, 0.05, began))
    else:
        server = Listener(lambda connection: (connection.recv(65536), began.set(), stall(connection)))
    with server:
        page = settings_for(chain, server.port, timeout=20 if again else 8)
        with Board(image(page), 60, monitor=True) as board:
            board.wait_for(began.is_set, "the exchange")
            board.link(False)
            time.sleep(seconds)
            if again:
                board.link(True)
            run = board.end().judge()
    if errors:
        return expect_error(run, errors)
    return expect_ok(run, b"drip" * 1500)


cases.add("cable: pulled for a second in mid-body, then it goes on", pulled, 1, True, waits=True)
cases.add("cable: pulled for good in mid-body", pulled, 0, False, "LINK", waits=True)
cases.add("cable: pulled for good in the handshake", pulled, 0, False, "LINK", "handshake", waits=True)


# --- Other packets, during a handshake

GUEST, GUEST_IP = bytes.fromhex("525400123456"), bytes((10, 0, 2, 15))
OURS, OUR_IP = bytes.fromhex("020000000001"), bytes((10, 0, 2, 99))


def internet_checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack(">H", total ^ 0xffff)


def packet(protocol, payload):
    """An Ethernet frame for the board, with an IPv4 packet from our address."""
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0) + OUR_IP + GUEST_IP
    return GUEST + OURS + b"\x08\x00" + head[:10] + internet_checksum(head) + head[12:] + payload


class Neighbour:
    """Another machine on the board's network. Call run() in a thread: it sends what make(number) gives, the next as soon
    as the echo in it is answered, or after `pause` seconds, and notes when each was sent and answered."""

    def __init__(self, make, pause):
        self.make, self.pause = make, pause
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.theirs = harness.free_port()
        self.sent, self.answered, self.stopped = {}, {}, False

    def options(self):
        """QEMU's, in place of -nic: a hub with the board, the NAT and us."""
        ours = self.socket.getsockname()[1]
        return ["-netdev", "user,id=net0", "-netdev", "hubport,id=hub0,hubid=0,netdev=net0",
                "-netdev", f"socket,id=us,udp=127.0.0.1:{ours},localaddr=127.0.0.1:{self.theirs}",
                "-netdev", "hubport,id=hub1,hubid=0,netdev=us", "-nic", "hubport,id=hub2,hubid=0,model=lan9118"]

    def send(self, frame):
        self.socket.sendto(frame, ("127.0.0.1", self.theirs))

    def take(self, frame):
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == OUR_IP:  # who has our address?
            self.send(frame[6:12] + OURS + frame[12:20] + b"\0\2" + OURS + OUR_IP + frame[22:32])
        elif frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[30:34] == OUR_IP and frame[34] == 0:
            self.answered[struct.unpack(">H", frame[40:42])[0]] = time.monotonic()

    def run(self):
        number = 0
        while not self.stopped:
            self.sent[number] = time.monotonic()
            for frame in self.make(number):
                self.send(frame)
            while number not in self.answered and time.monotonic() < self.sent[number] + self.pause:
                self.socket.settimeout(0.01)
                try:
                    self.take(self.socket.recv(2048))
                except OSError:
                    pass
            number += 1


def echo(number, since=None):
    del since
    body = struct.pack(">BBHHH", 8, 0, 0, 1, number) + b"picket" * 4
    return [packet(1, body[:2] + internet_checksum(body) + body[4:])]


FLOODS = 100


def flood(number, since):
    """From the handshake's beginning on, for a while: an echo, and 20 packets for ports that nobody listens on, small and large,
    more than the controller can hold. If it lasted for ever, it would depend on luck what else arrives before the deadline."""
    if since is None or since >= FLOODS:
        return echo(number)
    return echo(number) + [packet(17, struct.pack(">HHHH", 7, 9 + i, 8 + size, 0) + bytes(size))
                           for i, size in enumerate((0, 1400) * 10)]


def slowly():
    """QEMU's option to take each instruction by itself: 30 times slower, so that a handshake has time for something."""
    known = subprocess.run(["qemu-system-arm", "-h"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    return ["-singlestep"] if b"\n-singlestep" in known else ["-accel", "tcg,one-insn-per-tb=on"]


def meanwhile(make, pause, judge):
    """A handshake with three P-384 signatures, with a neighbour that sends what make(number, since) gives; since: how many
    it has sent since the handshake began, or None. It begins when the board knows the neighbour."""
    chain, began, ended, first = pki.chain("p384"), [], [], []

    def make_now(number):
        if began and not first:
            first.append(number)
        return make(number, number - first[0] if first else None)

    def hello(*_):
        deadline = time.monotonic() + 10
        while not neighbour.answered and time.monotonic() < deadline:
            time.sleep(0.005)
        began.append(time.monotonic())

    def handler(connection):
        ended.append(time.monotonic())
        http(response(PAGE))(connection)
    neighbour = Neighbour(make_now, pause)
    with TlsListener(chain, handler, "1.3") as server:
        server.context.sni_callback = hello
        made = image(settings_for(chain, server.port, timeout=60))
        with Board(made, 90, more=neighbour.options() + slowly(), nic=False) as board:
            thread = threading.Thread(target=neighbour.run, daemon=True)
            thread.start()
            run = board.end().judge()
            neighbour.stopped = True
            thread.join()
    expect_ok(run, PAGE)
    judge(run, neighbour, began[0], ended[0])


def answered_meanwhile(run, neighbour, began, ended):
    """There are five public-key operations, and 10 ms in one of them before others have their turn."""
    during = [n for n, when in neighbour.answered.items() if began < neighbour.sent[n] and when < ended]
    waits = sorted(neighbour.answered[n] - neighbour.sent[n] for n in during)
    check(len(during) >= 12, f"{len(during)} echoes were answered in {ended - began:.2f} s: {run}")
    print(f"# {len(during)} echoes were answered during a handshake of {ended - began:.2f} s, half of them within "
          f"{waits[len(waits) // 2] * 1000:.0f} ms, the slowest after {waits[-1] * 1000:.0f} ms", flush=True)


def survives(run, neighbour, began, ended):
    """The page has come, and in the flood somebody else's turn."""
    during = sorted(n for n in neighbour.sent if neighbour.sent[n] > began)[:FLOODS]
    answered = sum(n in neighbour.answered for n in during)
    check(answered, f"not one echo of the flood was answered in {ended - began:.2f} s: {run}")
    print(f"# a handshake of {ended - began:.2f} s, {answered} of {len(during)} echoes of the flood answered", flush=True)


cases.add("echoes are answered during a handshake", meanwhile, echo, 0.05, answered_meanwhile)
cases.add("a flood of packets during a handshake", meanwhile, flood, 0.02, survives)


# --- The page

def bare():
    with Board(emulator.PROGRAM, 30) as board:
        run = board.end().judge()
    check(run.code == 1 and "there is no page" in run.text, f"{run}")


def damaged(change, says):
    run = boot(settings_for(pki.chain("p256"), 1), change)
    check(run.code == 1 and says in run.text, f"{run}")


def page_at(data):
    return emulator.demo_page.section(bytes(data), emulator.demo_page.SECTION)[0]


def flip(data):
    data[page_at(data) + 40] ^= 1


def longer(data):
    data[page_at(data) + 18] = 1


def with_text(text):
    """Another text, with its proper length and checksum."""
    def change(data):
        at = page_at(data)
        data[at + 16:at + 24 + len(text)] = struct.pack("<II", len(text), zlib.crc32(text)) + text
    return change


cases.add("page: none", bare)
cases.add("page: a bit flipped", damaged, flip, "the page is damaged")
cases.add("page: a length out of range", damaged, longer, "the page is damaged")
cases.add("page: empty", damaged, with_text(b""), "the page has no url=")
cases.add("page: an unknown line", damaged, with_text(b"url=https://x/\nfoo=1\n"), "is unknown")
cases.add("page: a NUL", damaged, with_text(b"url=https://x/\0\n"), "not text")
cases.add("page: no line ends", damaged, with_text(b"url=https://" + b"x" * 3000), "too long")
cases.add("page: not a number", damaged, with_text(b"url=https://x/\nrepeat=99999999999\n"), "repeat=")
cases.add("page: not an address", damaged, with_text(b"url=https://x/\naddress=1.2.3\n"), "address=")
cases.add("page: a ca that is none", damaged, with_text(b"url=https://x/\nca=hello\n"), "TRUST_FORMAT")


def refused_by_tool(program, arguments, says):
    """tools/demo-page says why in one line, and writes nothing."""
    out = unique("never.elf")
    done = subprocess.run([f"{emulator.ROOT}/tools/demo-page", program(), out, *arguments()], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    text = done.stderr.decode()
    check(done.returncode == 1 and says in text and text.count("\n") == 1, f"exit {done.returncode}, {text!r}")
    check(not os.path.exists(out), "it wrote something")


def cut_elf(size):
    def make():
        with open(emulator.PROGRAM, "rb") as file:
            return harness.path(f"cut-{size}.elf", file.read()[:size])
    return make


def many_certificates():
    return harness.path("many.pem", pki.root("rsa4096").pem() * 12)


for label, program_of, arguments_of, why in (
        ("not an ELF file", lambda: harness.path("not.elf", b"hello"), lambda: ["url=https://x/"], "ELF"),
        ("a truncated ELF file", cut_elf(100000), lambda: ["url=https://x/"], "damaged"),
        ("an ELF header alone", cut_elf(52), lambda: ["url=https://x/"], "damaged"),
        ("another ELF file", lambda: sys.executable, lambda: ["url=https://x/"], "ELF"),
        ("no file", lambda: "/no/such/file", lambda: ["url=https://x/"], "No such file"),
        ("no url", lambda: emulator.PROGRAM, lambda: ["time=@now"], "url= is missing"),
        ("an unknown name", lambda: emulator.PROGRAM, lambda: ["url=https://x/", "colour=red"], "colour=red"),
        ("a line feed", lambda: emulator.PROGRAM, lambda: ["url=https://x/\nca=x"], "printable"),
        ("a name twice", lambda: emulator.PROGRAM, lambda: ["url=https://x/", "url=https://y/"], "twice"),
        ("no number", lambda: emulator.PROGRAM, lambda: ["url=https://x/", "repeat=-1"], "repeat=-1"),
        ("a ca without certificates", lambda: emulator.PROGRAM,
         lambda: ["url=https://x/", "ca=" + harness.path("none.pem", b"none")], "no certificate"),
        ("too many certificates", lambda: emulator.PROGRAM,
         lambda: ["url=https://x/", "ca=" + many_certificates()], "too many"),
        ("too long", lambda: emulator.PROGRAM, lambda: ["url=https://" + "x" * 3000], "2047")):
    cases.add(f"demo-page refuses {label}", refused_by_tool, program_of, arguments_of, why)


# --- From inside

def part(name, network=True):
    """A part of the self-test: its output and exit code."""
    made = os.path.join(os.path.dirname(emulator.PROGRAM), "selftest.elf")
    command = [w.replace("target=native", f"target=native,arg={name}") for w in BOARD.command(made, harness.folder)]
    if not network:
        command = command[:-1] + ["none"]
    started = time.monotonic()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=30, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{name} does not end") from None
    return Run(done.stdout, done.returncode, time.monotonic() - started)


def self_test():
    run = part("all")
    check(run.code == 0 and run.text.count("ok ") >= 12 and "not ok" not in run.text, f"{run}")


def faults(name, says):
    run = part(name)
    check(run.code == 70 and f"picket: panic: {says}\n" in run.text, f"{run}")


def start(name, code, says):
    run = part(name, network=False)
    check(run.code == code and f"picket_init: {says}\n" in run.text, f"{run}")
    check(5 <= run.seconds < 20, f"DHCP is waited for 5 seconds: {run}")


def same_instructions():
    """As many for all secrets, with the kernels that are this processor's."""
    whose, figures = instructions.count("instructions", 3)
    check(whose == "armv7em", f"the kernels are {whose}")
    check(len(figures) == len(instructions.WHAT) + 13, f"{figures}")
    check(not instructions.unequal(figures), f"{instructions.unequal(figures)}")


cases.add("self-test", self_test)
cases.add("fault: main's stack overflows", faults, "overflow-main", "stack overflow")
if emulator.NAME == "mps2-an505":
    cases.add("fault: the other stack overflows", faults, "overflow-other", "stack overflow")
    cases.add("the same instructions for all secrets", same_instructions)
else:
    cases.add("fault: an unaligned access", faults, "unaligned", "unaligned access")
cases.add("start: no network", start, "start", 1, "PICKET_ERR_NO_NETWORK", waits=True)
cases.add("start: an address without DHCP", start, "fixed-address", 0, "PICKET_OK", waits=True)


if __name__ == "__main__":
    sys.exit(harness.main(cases))
