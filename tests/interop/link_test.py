#!/usr/bin/python3
"""picket-link with a board made of Python: it speaks SLIP over a descriptor, a socket and a pseudo-terminal.

Behind picket-link are libslirp and servers of this file on the loopback, which the board sees as 10.0.2.2.
"""
import array
import contextlib
import fcntl
import os
import pty
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import harness
from support.harness import Cases, Failed, Skipped, check

LINK = os.path.join(harness.BUILD, "picket-link")
SLOW = 3 if harness.is_sanitized(LINK) else 1
WAIT = 10       # seconds that nothing takes, however busy the machine is
MTU = 1500
cases = Cases()


# --- SLIP

END, ESC, ESC_END, ESC_ESC = b"\xc0", b"\xdb", b"\xdc", b"\xdd"


def encode(packet):
    return END + packet.replace(ESC, ESC + ESC_ESC).replace(END, ESC + ESC_END) + END


def decode(frame):
    check(not re.search(b"\xdb([^\xdc\xdd]|$)", frame, re.S), f"a broken escape: {frame[:80]!r}")
    return frame.replace(ESC + ESC_END, END).replace(ESC + ESC_ESC, ESC)


class Line:
    """The board's end of the line. slow: seconds to wait before each of the reads, which are of `most` bytes."""

    def __init__(self, read_fd, write_fd=None, slow=0, most=65536):
        self.read_fd, self.write_fd = read_fd, read_fd if write_fd is None else write_fd
        self.slow, self.most = slow, most
        self.buffer = bytearray()
        self.packets = []
        for fd in (self.read_fd, self.write_fd):
            os.set_blocking(fd, False)

    def write(self, data):
        data, deadline = memoryview(data), time.monotonic() + WAIT * SLOW
        while data:
            check(time.monotonic() < deadline, "the link takes no bytes")
            if select.select([], [self.write_fd], [], 1)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(self.write_fd, data):]

    def send(self, packet):
        self.write(encode(packet))

    def read(self, seconds):
        if not select.select([self.read_fd], [], [], max(0, seconds))[0]:
            return
        time.sleep(self.slow)
        data = os.read(self.read_fd, self.most)
        check(data, "the link has closed the line")
        self.buffer += data
        *frames, rest = self.buffer.split(END)
        self.buffer = bytearray(rest)
        self.packets += [decode(bytes(f)) for f in frames if f]

    def receive(self, seconds=WAIT):
        """The next packet; None if there is none in time."""
        deadline = time.monotonic() + seconds
        while not self.packets and time.monotonic() < deadline:
            self.read(deadline - time.monotonic())
        return self.packets.pop(0) if self.packets else None

    def expect(self, matches, what):
        deadline = time.monotonic() + WAIT
        while time.monotonic() < deadline:
            packet = self.receive(deadline - time.monotonic())
            if packet and matches(packet):
                return packet
        raise Failed(f"{what} did not come")


# --- IPv4

SELF, COMPUTER = "10.0.2.15", "10.0.2.2"
ICMP, TCP, UDP = 1, 6, 17


def checksum(data):
    words = array.array("H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return struct.pack("=H", ~total & 0xffff)


def ip4(protocol, payload, to=COMPUTER, source=SELF, more=b"", offset=0):
    """more: options. offset: the word with the fragment's place and flags."""
    length = 20 + len(more)
    header = struct.pack("!BBHHHBB2x4s4s", 0x40 | length // 4, 0, length + len(payload), 1, offset, 64, protocol,
                         socket.inet_aton(source), socket.inet_aton(to)) + more
    return header[:10] + checksum(header) + header[12:] + payload


def check_ip4(packet):
    """What the link sends is whole, and is for the board. Returns the protocol and the payload."""
    header = (packet[0] & 15) * 4
    check(packet[0] >> 4 == 4 and len(packet) == struct.unpack("!H", packet[2:4])[0],
          f"no IPv4 packet: {packet[:40]!r}")
    check(len(packet) <= MTU, f"a packet of {len(packet)} bytes")
    check(checksum(packet[:header]) == b"\0\0", "the checksum of the header is wrong")
    check(packet[16:20] == socket.inet_aton(SELF), f"not for the board: {packet[:40]!r}")
    return packet[9], packet[header:]


def with_checksum(protocol, payload, place, to=COMPUTER):
    pseudo = socket.inet_aton(SELF) + socket.inet_aton(to) + struct.pack("!BBH", 0, protocol, len(payload))
    return payload[:place] + checksum(pseudo + payload) + payload[place + 2:]


def echo(number, data=b"picket", kind=8):
    message = struct.pack("!BBHHH", kind, 0, 0, 77, number) + data
    return message[:2] + checksum(message) + message[4:]


def udp(from_port, to_port, data):
    return with_checksum(UDP, struct.pack("!HHHH", from_port, to_port, 8 + len(data), 0) + data, 6)


def ping(line, number=1, data=b"picket"):
    line.send(ip4(ICMP, echo(number, data)))
    line.expect(lambda packet: check_ip4(packet) == (ICMP, echo(number, data, 0)), f"the answer to echo {number}")


# --- IPv6

SELF6, COMPUTER6 = "fec0::15", "fec0::2"
ICMP6 = 58


def pseudo6(protocol, payload, source, to):
    return socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to) + \
        struct.pack("!LL", len(payload), protocol)


def ip6(protocol, payload, place, to=COMPUTER6, source=SELF6, hops=64):
    """With the payload's checksum, at that place."""
    payload = payload[:place] + checksum(pseudo6(protocol, payload, source, to) + payload) + payload[place + 2:]
    return struct.pack("!LHBB", 6 << 28, len(payload), protocol, hops) + pseudo6(0, b"", source, to)[:32] + payload


def echo6(number, data=b"picket", kind=128, **more):
    return ip6(ICMP6, struct.pack("!BBHHH", kind, 0, 0, 77, number) + data, 2, **more)


def check_ip6(packet, source=COMPUTER6, to=SELF6):
    """What the link sends is whole, and is for the board. Returns the protocol and the payload."""
    check(packet[0] >> 4 == 6 and len(packet) == 40 + struct.unpack("!H", packet[4:6])[0],
          f"no IPv6 packet: {packet[:40]!r}")
    check(packet[8:40] == pseudo6(0, b"", source, to)[:32], f"wrong addresses: {packet[:40]!r}")
    check(checksum(pseudo6(packet[6], packet[40:], source, to) + packet[40:]) == b"\0\0", "the checksum is wrong")
    return packet[6], packet[40:]


def ping6(line, number=1, data=b"picket", source=SELF6):
    line.send(echo6(number, data, source=source))
    packet = line.expect(lambda p: p[0] >> 4 == 6 and p[6] == ICMP6 and p[40] == 129, f"the answer to echo {number}")
    check(check_ip6(packet, to=source)[1][4:] == struct.pack("!HH", 77, number) + data, "it is another answer")


# --- A TCP that is just enough: what comes in order is taken, what does not is counted

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def after(a, b):
    return 0 < (a - b) % 2**32 < 2**31


class Tcp:
    ports = iter(range(40000, 60000))

    def __init__(self, line, port, window=65535):
        self.line, self.to, self.port, self.window = line, port, next(self.ports), window
        self.sent = self.acked = random.getrandbits(32)     # numbers of the next byte
        self.next, self.allowed = 0, 1460
        self.data, self.ended, self.gaps = bytearray(), False, 0
        self.transmit(SYN, options=struct.pack("!BBH", 2, 4, 1460))
        self.sent += 1      # SYN
        deadline = time.monotonic() + WAIT
        while self.acked != self.sent % 2**32:
            check(time.monotonic() < deadline, "no connection")
            self.take(1)

    def transmit(self, flags, data=b"", options=b""):
        segment = struct.pack("!HHLLBBHHH", self.port, self.to, self.sent % 2**32, self.next, (20 + len(options)) << 2,
                              flags, self.window, 0, 0) + options + data
        self.line.send(ip4(TCP, with_checksum(TCP, segment, 16)))

    def take(self, seconds):
        """The next segment, if one comes."""
        packet = self.line.receive(seconds)
        protocol, segment = check_ip4(packet) if packet else (0, b"")
        if protocol != TCP:
            return
        _, to, number, ack, length, flags, self.allowed = struct.unpack("!HHLLBBH", segment[:16])
        if to != self.port:
            return
        pseudo = packet[12:20] + struct.pack("!BBH", 0, TCP, len(segment))
        check(checksum(pseudo + segment) == b"\0\0", "the checksum of a segment is wrong")
        check(not flags & RST, "the connection was reset")
        if flags & ACK and after(ack, self.acked):
            self.acked = ack
        if flags & SYN:
            self.next = (number + 1) % 2**32
            self.transmit(ACK)
        else:
            self.take_data(number, segment[(length >> 4) * 4:], flags & FIN)

    def take_data(self, number, data, fin):
        if after(number, self.next):
            self.gaps += 1
        elif number == self.next:
            self.data += data
            self.next = (number + len(data) + (1 if fin else 0)) % 2**32
            self.ended = self.ended or bool(fin)
        if data or fin:
            self.transmit(ACK)

    def send(self, data):
        for i in range(0, len(data), 1460):
            deadline = time.monotonic() + WAIT
            while (self.sent - self.acked) % 2**32 + 1460 > self.allowed:
                check(time.monotonic() < deadline, "nothing is acknowledged")
                self.take(1)
            piece = data[i:i + 1460]
            self.transmit(PSH | ACK, piece)
            self.sent += len(piece)

    def finish(self):
        self.transmit(FIN | ACK)
        self.sent += 1

    def read_all(self, seconds):
        deadline = time.monotonic() + seconds
        while not self.ended:
            check(time.monotonic() < deadline, f"{len(self.data)} bytes came, and no end")
            self.take(1)
        return bytes(self.data)


# --- picket-link

class Link:
    """picket-link, until the end of the `with` block; then it must have ended as it should, or end when asked to."""

    def __init__(self, *args, pass_fds=(), prefix=()):
        self.log = harness.unique("link.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([*prefix, LINK, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                            stderr=log, pass_fds=pass_fds, cwd=harness.folder)
        harness.at_end(self.process.kill)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def wait_for(self, text):
        deadline = time.monotonic() + WAIT * SLOW
        while text not in self.text():
            check(self.process.poll() is None, f"it ended with {self.process.returncode}: {self.text()!r}")
            check(time.monotonic() < deadline, f"it does not say {text!r}: {self.text()!r}")
            time.sleep(0.01)

    def expect_end(self, code, says="", seconds=5):
        try:
            out, _ = self.process.communicate(timeout=seconds * SLOW)
        except subprocess.TimeoutExpired:
            what = harness.state_of(self.process.pid)
            self.process.kill()
            self.process.communicate()
            raise Failed(f"it does not end ({what}): {self.text()!r}") from None
        check(not harness.SANITIZER.search(self.text().encode()), f"sanitizer report: {self.text()[-2000:]!r}")
        check(self.process.returncode == code, f"exit code {self.process.returncode}, not {code}: {self.text()!r}")
        check(says in self.text(), f"it does not say {says!r}: {self.text()!r}")
        return out.decode()

    def stop(self, number=signal.SIGTERM):
        check(self.process.poll() is None, f"it has ended with {self.process.poll()}: {self.text()!r}")
        self.process.send_signal(number)
        self.expect_end(0)

    def counts(self):
        """Of the last board: packets from it, to it, dropped, lost."""
        found = re.findall(r"(\d+) packets from the board, (\d+) to it, (\d+) dropped, (\d+) lost", self.text())
        check(found, f"no counts: {self.text()!r}")
        return tuple(int(n) for n in found[-1])

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None and kind is None:
            self.stop()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def wait_for_path(path):
    deadline = time.monotonic() + WAIT
    while not os.path.exists(path):
        check(time.monotonic() < deadline, f"there is no {path}")
        time.sleep(0.01)


@contextlib.contextmanager
def over_fd(*args):
    ours, theirs = socket.socketpair()
    with ours, Link("-v", "--fd", str(theirs.fileno()), *args, pass_fds=[theirs.fileno()]) as link:
        theirs.close()
        yield link, Line(ours.fileno())


@contextlib.contextmanager
def over_pipes(*args):
    (in_read, in_write), (out_read, out_write) = os.pipe(), os.pipe()
    with Link("-v", "--fd", f"{in_read},{out_write}", *args, pass_fds=[in_read, out_write]) as link, \
            open(in_write, "wb", 0), open(out_read, "rb", 0):
        os.close(in_read)
        os.close(out_write)
        yield link, Line(out_read, in_write)


@contextlib.contextmanager
def over_unix(*args):
    path = harness.unique("link.sock")
    with Link("-v", "--unix", path, *args) as link:
        link.wait_for("listening")
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(path)
            yield link, Line(peer.fileno())


@contextlib.contextmanager
def over_pty(*args):
    ours, theirs = pty.openpty()
    with open(ours, "wb", 0), Link("-v", os.ttyname(theirs), *args) as link:
        link.wait_for("the board's line is open")
        os.close(theirs)
        yield link, Line(ours)


KINDS = {"fd": over_fd, "pipes": over_pipes, "unix": over_unix, "pty": over_pty}
ALL_BYTES = bytes(range(256)) * 4


# --- What works on every line

class Server:
    """On the loopback; serve is called with each connection."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.serve, self.received = serve, []
        threading.Thread(target=self.run, daemon=True).start()
        harness.at_end(self.listener.close)

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                connection.settimeout(WAIT * 3)
                threading.Thread(target=self.one, args=[connection], daemon=True).start()

    def one(self, connection):
        with connection, contextlib.suppress(OSError):
            self.received.append(self.serve(connection))


def read_to_end(connection):
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def give_back(connection):
    data = read_to_end(connection)
    connection.sendall(data)
    return data


def pings(kind):
    with KINDS[kind]() as (link, line):
        for number in range(20):
            ping(line, number, ALL_BYTES[:50 * number])
        ping(line, 99, ALL_BYTES + bytes(MTU - 28 - len(ALL_BYTES)))
        link.stop()
        check(link.counts() == (21, 21, 0, 0), f"counted {link.counts()}")


def datagrams(kind):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, KINDS[kind]() as (_, line):
        server.bind(("127.0.0.1", 0))
        server.settimeout(WAIT)
        for number in range(10):
            line.send(ip4(UDP, udp(5000, server.getsockname()[1], b"%d" % number + ALL_BYTES)))
            data, sender = server.recvfrom(2000)
            check(data == b"%d" % number + ALL_BYTES, f"the server got {data!r}")
            server.sendto(data[::-1], sender)
            packet = line.expect(lambda p: check_ip4(p)[0] == UDP, "the server's datagram")
            check(packet[12:16] == socket.inet_aton(COMPUTER), "it comes from somewhere else")
            check(packet[28:] == data[::-1], f"the board got {packet!r}")


def there_and_back(kind):
    server = Server(give_back)
    data = random.Random(kind).randbytes(200000)
    with KINDS[kind]() as (link, line):
        connection = Tcp(line, server.port)
        connection.send(data)
        connection.finish()
        check(connection.read_all(20 * SLOW) == data, "it came back changed")
        check(server.received == [data], "the server got something else")
        check(connection.gaps == 0, f"{connection.gaps} segments out of order")
        link.stop()
        check(link.counts()[2:] == (0, 0), f"counted {link.counts()}")


DOWNLOAD = random.Random(2).randbytes(2000000)


def download(kind, window):
    """A board that reads slowly, and for a while not at all: longer than libslirp waits to repeat itself."""
    server = Server(lambda connection: connection.sendall(DOWNLOAD))
    with KINDS[kind]() as (link, line):
        connection = Tcp(line, server.port, window)
        while len(connection.data) < 300000:
            connection.take(WAIT)
        time.sleep(2.5)
        line.slow, line.most = 0.002, 4096
        data = connection.read_all(60 * SLOW)
        check(data == DOWNLOAD, f"{len(data)} bytes, not those that were sent")
        check(connection.gaps == 0, f"{connection.gaps} segments were lost")
        ping(line)
        link.stop()
        check(link.counts()[2:] == (0, 0), f"counted {link.counts()}")


def pings6(kind):
    with KINDS[kind]() as (link, line):
        for number in range(20):
            ping6(line, number, ALL_BYTES[:50 * number])
        ping6(line, 99, ALL_BYTES + bytes(MTU - 48 - len(ALL_BYTES)))
        link.stop()
        check(link.counts() == (21, 21, 0, 0), f"counted {link.counts()}")


def datagrams6():
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server, over_fd() as (_, line):
        server.bind(("::1", 0))
        server.settimeout(WAIT)
        head = struct.pack("!HHHH", 5000, server.getsockname()[1], 8 + len(ALL_BYTES), 0)
        line.send(ip6(UDP, head + ALL_BYTES, 6))
        data, sender = server.recvfrom(2000)
        check(data == ALL_BYTES, f"the server got {data!r}")
        server.sendto(data[::-1], sender)
        packet = line.expect(lambda p: p[0] >> 4 == 6 and p[6] == UDP, "the server's datagram")
        check(check_ip6(packet)[1][8:] == data[::-1], f"the board got {packet!r}")


def handshake6():
    """A connection over IPv6, as far as to its first bytes."""
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server, over_fd() as (_, line):
        server.settimeout(WAIT)
        port = server.getsockname()[1]

        def segment(number, ack, flags, data=b""):
            line.send(ip6(TCP, struct.pack("!HHLLBBHHH", 5000, port, number, ack, 5 << 4, flags, 65535, 0, 0) + data,
                          16))

        segment(1000, 0, SYN)
        answer = check_ip6(line.expect(lambda p: p[0] >> 4 == 6 and p[6] == TCP, "an answer to SYN"))[1]
        number, ack = struct.unpack("!LL", answer[4:12])
        check(answer[13] & (SYN | ACK | RST) == SYN | ACK and ack == 1001, f"the answer is {answer!r}")
        segment(1001, (number + 1) % 2**32, PSH | ACK, b"hello")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(WAIT)
            check(peer.recv(100) == b"hello", "the server got something else")
            peer.sendall(b"hello, board")
            line.expect(lambda p: check_ip6(p)[1].endswith(b"hello, board"), "the server's answer")


def other_addresses():
    """Those that libslirp was not told about: it asks its Ethernet, which knows no more than 16 of each kind."""
    with over_fd() as (_, line):
        for last in range(20, 50):
            line.send(ip4(ICMP, echo(last), source=f"10.0.2.{last}"))
            packet = line.expect(lambda p, n=last: p[20:] == echo(n, kind=0), f"answer {last}")
            check(packet[16:20] == bytes((10, 0, 2, last)), f"not for the board: {packet!r}")
            ping6(line, last, source=f"fe80::{last}")
        ping(line)
        ping6(line)


def asks_for_its_address():
    """What a board does by itself: is my address free, who is the router?"""
    with over_fd() as (link, line):
        target = socket.inet_pton(socket.AF_INET6, SELF6)
        line.send(ip6(ICMP6, struct.pack("!BBHL", 135, 0, 0, 0) + target, 2, "ff02::1:ff00:15", "::", 255))
        line.send(ip6(ICMP6, struct.pack("!BBHL", 133, 0, 0, 0), 2, "ff02::2", "fe80::15", 255))
        packet = line.expect(lambda p: p[0] >> 4 == 6 and p[6] == ICMP6, "a router")
        check(packet[40] == 134, f"no router but {packet!r}")
        ping6(line)
        link.stop()


def own_loopback(to):
    """An address of the computer's loopback is just that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server, over_fd() as (_, line):
        server.bind((to, 0))
        server.settimeout(WAIT)
        datagram = struct.pack("!HHHH", 5000, server.getsockname()[1], 11, 0) + b"you"
        line.send(ip4(UDP, with_checksum(UDP, datagram, 6, to), to))
        data, sender = server.recvfrom(100)
        server.sendto(data + b" too", sender)
        packet = line.expect(lambda p: check_ip4(p)[0] == UDP, "the server's datagram")
        check(packet[12:16] == socket.inet_aton(to) and packet[28:] == b"you too", f"the board got {packet!r}")


for _kind in KINDS:
    cases.add(f"echo6-{_kind}", pings6, _kind)
cases.add("udp6-fd", datagrams6)
cases.add("tcp6-fd", handshake6)
cases.add("other-addresses", other_addresses)
cases.add("asks-for-its-address", asks_for_its_address)
cases.add("loopback-127.0.0.1", own_loopback, "127.0.0.1")
cases.add("loopback-127.0.0.9", own_loopback, "127.0.0.9")
for _kind in KINDS:
    cases.add(f"echo-{_kind}", pings, _kind)
    cases.add(f"udp-{_kind}", datagrams, _kind)
    cases.add(f"tcp-{_kind}", there_and_back, _kind)
    cases.add(f"slow-download-{_kind}", download, _kind, 65535, waits=True)
cases.add("slow-download-small-window-pty", download, "pty", 4 * 1460, waits=True)


def refused():
    port = harness.free_port()
    with over_fd() as (_, line):
        try:
            Tcp(line, port)
        except Failed as why:
            check("reset" in str(why), str(why))
            return
        raise Failed("nobody listens, but there is a connection")


def many_at_a_time():
    server = Server(give_back)
    with over_fd() as (link, line):
        connections = [Tcp(line, server.port) for _ in range(20)]
        for number, connection in enumerate(connections):
            connection.send(b"%d" % number * 1000)
            connection.finish()
        deadline = time.monotonic() + WAIT * SLOW
        while not all(c.ended for c in connections):
            check(time.monotonic() < deadline, "not all of them ended")
            packet = line.receive(1)
            for connection in connections if packet else ():
                line.packets.insert(0, packet)      # each takes what is for it
                connection.take(0)
        for number, connection in enumerate(connections):
            check(bytes(connection.data) == b"%d" % number * 1000, f"connection {number} got something else")
        link.stop()


cases.add("refused-port", refused)
cases.add("many-connections", many_at_a_time)


# --- What is no packet

GOOD = ip4(ICMP, echo(5))
GOOD6 = echo6(5)
BAD = {
    "one-byte": b"\x45",
    "nineteen-bytes": GOOD[:19],
    "header-alone-cut": GOOD[:21],
    "ipv6-cut": GOOD6[:39],
    "ipv6-header-alone-cut": GOOD6[:40],
    "ipv6-length-beyond-frame": GOOD6[:-1],
    "ipv6-length-65535": GOOD6[:4] + b"\xff\xff" + GOOD6[6:],
    "ipv6-called-4": b"\x40" + GOOD6[1:],
    "version-0": b"\x05" + GOOD[1:],
    "version-15": b"\xf5" + GOOD[1:],
    "header-length-0": b"\x40" + GOOD[1:],
    "header-length-16": b"\x44" + GOOD[1:],
    "header-longer-than-packet": b"\x4f" + GOOD[1:],
    "total-0": GOOD[:2] + b"\0\0" + GOOD[4:],
    "total-below-header": GOOD[:2] + b"\0\x13" + GOOD[4:],
    "total-beyond-frame": GOOD[:2] + struct.pack("!H", len(GOOD) + 1) + GOOD[4:],
    "total-65535": GOOD[:2] + b"\xff\xff" + GOOD[4:],
    "oversize-by-one": ip4(ICMP, echo(5, bytes(MTU - 27))),
    "oversize-by-much": ip4(ICMP, echo(5, bytes(60000))),
    "text": b"hello, this is a console\r\n",
}


def no_packet(kind, packet):
    with KINDS[kind]() as (link, line):
        ping(line, 1)
        for _ in range(3):
            line.send(packet)
        ping(line, 2)
        link.stop()
        check(link.counts() == (2, 2, 3, 0), f"counted {link.counts()}")


def broken_escapes():
    with over_fd() as (link, line):
        for bad in (b"\xdb", b"\xdb\xdb", b"\xdb\0", b"\xdb\xc1", GOOD[:10] + b"\xdb" + GOOD[10:]):
            line.write(END + bad + END)
        line.write(END * 1000)
        ping(line, 1)
        link.stop()
        check(link.counts() == (1, 1, 5, 0), f"counted {link.counts()}")


def byte_by_byte():
    with over_fd() as (_, line):
        for byte in encode(ip4(ICMP, echo(3, ALL_BYTES[:256]))):
            line.write(bytes([byte]))
        line.expect(lambda p: check_ip4(p) == (ICMP, echo(3, ALL_BYTES[:256], 0)), "the answer")


def appended_bytes():
    """Ethernet pads, and so may a line: the packet's own length counts."""
    with over_fd() as (link, line):
        line.send(GOOD + b"padding")
        line.expect(lambda p: check_ip4(p) == (ICMP, echo(5, kind=0)), "the answer")
        link.stop()
        check(link.counts() == (1, 1, 0, 0), f"counted {link.counts()}")


def fragments():
    """They go nowhere: libslirp crashes when the last one comes first."""
    with over_fd() as (link, line):
        for place in (1, 0x1fff, 0x2000, 0x2001, 0x3fff):
            line.send(ip4(ICMP, echo(6), offset=place))
            line.send(ip4(UDP, bytes(8), offset=place))
        ping(line)
        link.stop()
        check(link.counts() == (11, 1, 0, 0), f"counted {link.counts()}")


def noise(seed):
    """Bytes that are no packets but by chance; from a port of our own nothing can reach anybody."""
    rng = random.Random(seed)
    with over_fd() as (link, line):
        for _ in range(100):
            line.write(bytes(rng.choice((rng.randrange(0x40), 0xc0, 0xdb, 0xdc, 0xdd))
                             for _ in range(rng.randrange(3000))))
            line.write(END)
            ping(line, 1)
        link.stop()
        check(link.counts()[0] == 100 and link.counts()[2] >= 100, f"counted {link.counts()}")


def spoilt(rng, port):
    """An IPv4 packet whose inside is wrong in some way, and that reaches nobody but libslirp and closed ports."""
    data = rng.randbytes(rng.choice((0, 1, 3, 7, 8, 20, 300)))
    payload = rng.choice((
        lambda: (ICMP, echo(1, data, rng.randrange(256))),
        lambda: (ICMP, data),
        lambda: (UDP, udp(5000, rng.choice((67, 69)), data)),
        lambda: (UDP, udp(5000, port, data)[:rng.randrange(9)]),
        lambda: (TCP, with_checksum(TCP, struct.pack("!HHLLBBHHH", 5001, port, rng.getrandbits(32), rng.getrandbits(32),
                                                     rng.randrange(256), rng.randrange(64), 100, 0, 0) + data, 16)),
        lambda: (TCP, data),
        lambda: (rng.randrange(18, 256), data),
    ))()
    packet = ip4(*payload, source=rng.choice((SELF, SELF, "10.0.2.99", COMPUTER, "0.0.0.0", "255.255.255.255")),
                 more=rng.choice((b"", b"", rng.randbytes(4), rng.randbytes(40))),
                 offset=rng.choice((0, 0, 0x2000, 0x2001, 0x1fff, 0x4000)))
    if rng.random() < 0.2:
        packet = packet[:12] + rng.randbytes(4) + packet[16:]
    return packet


def spoilt6(rng, port):
    """The same of IPv6; neighbour discovery is what libslirp reads most of."""
    data = rng.randbytes(rng.choice((0, 1, 3, 7, 8, 20, 300)))
    source = rng.choice((SELF6, SELF6, "fe80::1", COMPUTER6, "::", "ff02::1"))
    to = rng.choice((COMPUTER6, COMPUTER6, "fe80::2", "ff02::1", "ff02::2", "ff02::1:ff00:2", "fec0::3"))
    payload = bytearray(rng.choice((
        struct.pack("!BBHL", rng.randrange(128, 140), rng.choice((0, 0, 1)), 0, 0) +
        socket.inet_pton(socket.AF_INET6, rng.choice((SELF6, COMPUTER6, "::", "ff02::1"))) + data,
        struct.pack("!BBHL", rng.randrange(256), 0, 0, rng.getrandbits(32)) + data,
        struct.pack("!HHHH", 5000, rng.choice((port, 67, 69, 547)), 8 + len(data), 0) + data,
        struct.pack("!HHLLBBHHH", 5001, port, rng.getrandbits(32), rng.getrandbits(32), rng.randrange(256),
                    rng.randrange(64), 100, 0, 0) + data)))
    protocol = rng.choice((ICMP6, ICMP6, ICMP6, UDP, TCP, 0, 43, 44, 60, rng.randrange(256)))
    if rng.random() < 0.2:
        payload = payload[:rng.randrange(len(payload))]
    if rng.random() < 0.3 and payload:
        payload[rng.randrange(len(payload))] = rng.randrange(256)
    place = {ICMP6: 2, UDP: 6, TCP: 16}.get(protocol, 2)
    if len(payload) < place + 2:
        place, payload = 0, payload.ljust(2, b"\0")
    return ip6(protocol, bytes(payload), place, to, source, rng.choice((255, 255, 64)))


def spoilt_packets(make, seed):
    rng, port = random.Random(seed), harness.free_port()
    with over_fd() as (link, line):
        for number in range(100):
            line.write(b"".join(encode(make(rng, port)) for _ in range(50)))
            line.send(ip4(ICMP, echo(number)))
            line.expect(lambda p, n=number: p[9] == ICMP and p[20:] == echo(n, kind=0), f"answer {number}")
        link.stop()


for _name, _packet in BAD.items():
    cases.add(f"no-packet-{_name}-fd", no_packet, "fd", _packet)
cases.add("no-packet-oversize-by-one-pty", no_packet, "pty", BAD["oversize-by-one"])
cases.add("broken-escapes", broken_escapes)
cases.add("byte-by-byte", byte_by_byte)
cases.add("appended-bytes", appended_bytes)
cases.add("fragments", fragments)
for _seed in range(3):
    cases.add(f"noise-{_seed}", noise, _seed)
    cases.add(f"spoilt-packets-{_seed}", spoilt_packets, spoilt, _seed)
    cases.add(f"spoilt-packets6-{_seed}", spoilt_packets, spoilt6, _seed)


# --- Boards that do not read

def asks_and_does_not_read():
    """What waits for such a board has an end: the rest is lost, as on any line, and counted."""
    size, number = MTU - 28, 3000
    with over_fd() as (link, line):
        line.write(encode(ip4(ICMP, echo(1, bytes(size)))) * number)
        with open(f"/proc/{link.process.pid}/status", encoding="ascii") as status:
            resident = int(re.search(r"VmRSS:\s*(\d+) kB", status.read())[1])
        check(SLOW > 1 or resident < 16000, f"{resident} kB for a board that does not read")
        answers = 0
        while line.receive(0.5):
            answers += 1
        check(100 < answers < number, f"{answers} answers to {number} echoes")
        ping(line, 2)
        link.stop()
        taken, given, dropped, lost = link.counts()
        check((taken, dropped) == (number + 1, 0), f"counted {link.counts()}")
        check(given == answers + 1 and given + lost == number + 1, f"counted {link.counts()}, {answers} answers")


def ends_while_answers_wait():
    with over_fd() as (link, line):
        line.write(encode(GOOD) * 20000)
        link.stop()


cases.add("asks-and-does-not-read", asks_and_does_not_read)
cases.add("ends-while-answers-wait", ends_while_answers_wait)


# --- The end

def processor_seconds(link):
    with open(f"/proc/{link.process.pid}/stat", encoding="ascii") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idles(kind):
    with KINDS[kind]() as (link, line):
        ping(line)
        before = processor_seconds(link)
        time.sleep(2)
        check(processor_seconds(link) - before < 0.5, "it computes while nothing happens")
        ping(line)


def ends_by(number, kind):
    with KINDS[kind]() as (link, line):
        ping(line)
        link.stop(number)
        link.expect_end(0, "1 packets from the board, 1 to it, 0 dropped")


def end_of_bytes(half):
    ours, theirs = socket.socketpair()
    with ours, Link("-v", "--fd", str(theirs.fileno()), pass_fds=[theirs.fileno()]) as link:
        theirs.close()
        ping(Line(ours.fileno()))
        ours.sendall(encode(GOOD)[:-5])
        if half:
            ours.shutdown(socket.SHUT_WR)
        else:
            ours.close()
        link.expect_end(0, "1 packets from the board")


def end_with_answers_unread():
    ours, theirs = socket.socketpair()
    with ours, Link("-v", "--fd", str(theirs.fileno()), pass_fds=[theirs.fileno()]) as link:
        theirs.close()
        Line(ours.fileno()).write(encode(GOOD) * 2000)
        ours.close()
        link.expect_end(0)


def pipe_closes(which):
    (in_read, in_write), (out_read, out_write) = os.pipe(), os.pipe()
    with Link("-v", "--fd", f"{in_read},{out_write}", pass_fds=[in_read, out_write]) as link:
        os.close(in_read)
        os.close(out_write)
        ping(Line(out_read, in_write))
        os.close(out_read if which == "reader" else in_write)
        link.expect_end(0)
        os.close(in_write if which == "reader" else out_read)


def pty_closes():
    ours, theirs = pty.openpty()
    with Link("-v", os.ttyname(theirs)) as link:
        link.wait_for("the board's line is open")
        os.close(theirs)
        ping(Line(ours))
        os.close(ours)
        link.expect_end(3, "has gone")


for _kind in KINDS:
    cases.add(f"idles-{_kind}", idles, _kind, waits=True)
    cases.add(f"sigterm-{_kind}", ends_by, signal.SIGTERM, _kind)
cases.add("sigint-fd", ends_by, signal.SIGINT, "fd")
cases.add("end-of-bytes", end_of_bytes, False)
cases.add("end-of-bytes-half-closed", end_of_bytes, True)
cases.add("end-with-answers-unread", end_with_answers_unread)
cases.add("end-of-the-reading-pipe", pipe_closes, "reader")
cases.add("end-of-the-writing-pipe", pipe_closes, "writer")
cases.add("end-of-the-pty", pty_closes)


# --- Boards at a socket

def one_after_the_other():
    path = harness.unique("link.sock")
    with Link("-v", "--unix", path) as link:
        link.wait_for("listening")
        for number in range(5):
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(path)
                line = Line(peer.fileno())
                if number % 2:
                    line.write(GOOD[:30])   # the next board begins anew
                    peer.close()
                    continue
                ping(line, number)
        link.stop()
        check(link.text().count("packets from the board") == 5, link.text())
        check(not os.path.exists(path), "the socket is still there")


def waits_for_its_turn():
    path = harness.unique("link.sock")
    with Link("--unix", path) as link, socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        wait_for_path(path)
        while first.connect_ex(path) != 0:
            time.sleep(0.01)
        ping(Line(first.fileno()))
        second.connect(path)
        waiting = Line(second.fileno())
        waiting.send(GOOD)
        check(waiting.receive(0.3) is None, "two boards at a time")
        first.close()
        waiting.expect(lambda p: check_ip4(p) == (ICMP, echo(5, kind=0)), "the answer to the second board")
        link.stop()
        check(link.text() == "", f"it says something unasked: {link.text()!r}")


def stops_listening(number):
    path = harness.unique("link.sock")
    with Link("-v", "--unix", path) as link:
        link.wait_for("listening")
        link.stop(number)
        check(not os.path.exists(path), "the socket is still there")


def path_is_taken():
    path = harness.unique("link.sock")
    with Link("-v", "--unix", path) as link:
        link.wait_for("listening")
        with Link("--unix", path) as other:
            other.expect_end(1, "Address already in use")
        check(os.path.exists(path), "the other one's socket was removed")
        link.stop()


def path_is_a_file():
    path = harness.path("link.file", "precious")
    with Link("--unix", path) as link:
        link.expect_end(1, "Address already in use")
    with open(path, encoding="ascii") as f:
        check(f.read() == "precious", "the file was changed")


def path_was_left():
    """By a link that was killed: nobody listens there."""
    path = harness.unique("link.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    with Link("-v", "--unix", path) as link, socket.socket(socket.AF_UNIX) as peer:
        link.wait_for("listening")
        peer.connect(path)
        ping(Line(peer.fileno()))


cases.add("unix-one-after-the-other", one_after_the_other)
cases.add("unix-waits-for-its-turn", waits_for_its_turn)
for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    cases.add(f"unix-stops-listening-{_number.name.lower()}", stops_listening, _number)
cases.add("unix-path-is-taken", path_is_taken)
cases.add("unix-path-is-a-file", path_is_a_file)
cases.add("unix-path-was-left", path_was_left)


# --- The serial device

def line_is_made_raw():
    """Whatever it was before: no byte may be changed, swallowed or added."""
    ours, theirs = pty.openpty()
    with open(ours, "wb", 0), open(theirs, "wb", 0):
        settings = termios.tcgetattr(theirs)
        settings[0] |= termios.IXON | termios.IXOFF | termios.IXANY | termios.ICRNL | termios.ISTRIP | termios.INPCK
        settings[1] |= termios.OPOST | termios.ONLCR
        settings[2] |= termios.CSTOPB | termios.CRTSCTS | termios.PARENB | termios.PARODD
        settings[3] |= termios.ECHO | termios.ICANON | termios.ISIG
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
        with Link("-v", os.ttyname(theirs)) as link:
            link.wait_for("the board's line is open")
            iflag, oflag, cflag, lflag, in_speed, out_speed, _ = termios.tcgetattr(theirs)
            check(in_speed == out_speed == termios.B921600, f"the speed is {in_speed}, {out_speed}")
            check(iflag == 0, f"iflag {iflag:o}")
            check(not oflag & termios.OPOST and not lflag & (termios.ECHO | termios.ICANON | termios.ISIG),
                  f"oflag {oflag:o} lflag {lflag:o}")
            check(not cflag & (termios.CSTOPB | termios.PARENB | termios.CRTSCTS), f"cflag {cflag:o}")
            ping(Line(ours), 1, ALL_BYTES)


def speed(baud):
    ours, theirs = pty.openpty()
    with open(ours, "wb", 0), open(theirs, "wb", 0), Link("-v", "--baud", str(baud), os.ttyname(theirs)) as link:
        link.wait_for("the board's line is open")
        check(termios.tcgetattr(theirs)[4] == getattr(termios, f"B{baud}"), "another speed")
        ping(Line(ours))


def no_line(says, device, *args):
    with Link(device, *args) as link:
        link.expect_end(1, says)
        check(link.text().startswith(f"picket-link: {device}: "), f"it says {link.text()!r}")


def no_such_speed():
    ours, theirs = pty.openpty()
    with open(ours, "wb", 0), open(theirs, "wb", 0):
        no_line("no speed", os.ttyname(theirs), "--baud", "12345")


TIOCGSID = 0x5429   # the session that a terminal controls; the module knows it from Python 3.13 on


def no_terminal_of_ours():
    """The line must not become the terminal that can end us."""
    ours, theirs = pty.openpty()
    with open(ours, "wb", 0), open(theirs, "wb", 0), Link("-v", os.ttyname(theirs), prefix=["setsid"]) as link:
        link.wait_for("the board's line is open")
        ping(Line(ours))
        with contextlib.suppress(OSError):
            owner = fcntl.ioctl(theirs, TIOCGSID, bytes(4))
            raise Failed(f"it is the terminal of session {struct.unpack('i', owner)[0]}")
        ping(Line(ours), 2, b"\x03\x1c\x1a")
        link.stop()


cases.add("pty-is-made-raw", line_is_made_raw)
for _baud in (9600, 115200, 3000000):
    cases.add(f"pty-speed-{_baud}", speed, _baud)
cases.add("pty-speed-that-is-none", no_such_speed)
cases.add("pty-controls-nothing", no_terminal_of_ours)
cases.add("device-does-not-exist", no_line, "No such file", "/dev/there-is-none")
cases.add("device-is-no-line", no_line, "not a serial line", "/dev/null")
cases.add("device-is-a-file", no_line, "not a serial line", harness.path("device", "x"))
cases.add("device-is-a-folder", no_line, "Is a directory", harness.folder)
cases.add("device-without-name", no_line, "No such file", "")


# --- The command line

USAGE = {
    "nothing": [],
    "two-devices": ["a", "b"],
    "device-and-fd": ["a", "--fd", "3"],
    "fd-and-unix": ["--fd", "3", "--unix", "x"],
    "unknown-option": ["a", "--what"],
    "option-without-value": ["a", "--baud"],
    "fd-is-no-number": ["--fd", "x"],
    "fd-is-empty": ["--fd", ""],
    "fd-is-negative": ["--fd", "-1"],
    "fd-with-more": ["--fd", "3x"],
    "fd-half-a-pair": ["--fd", "3,"],
    "fd-three": ["--fd", "3,4,5"],
    "fd-much-too-large": ["--fd", "99999999999999999999"],
    "baud-is-no-number": ["a", "--baud", "fast"],
    "baud-with-more": ["a", "--baud", "9600x"],
    "baud-is-empty": ["a", "--baud", ""],
    "unix-is-empty": ["--unix", ""],
}


def wrong_usage(args):
    with Link(*args) as link:
        out = link.expect_end(2)
        check(out == "", f"stdout: {out!r}")
        check("--fd" in link.text() or "--baud" in link.text(), f"it says {link.text()!r}")


def helps():
    with Link("--help") as link:
        check("usage: picket-link" in link.expect_end(0), "no usage")
        check(link.text() == "", f"stderr: {link.text()!r}")


def fd_is_not_open():
    with Link("--fd", "77") as link:
        link.expect_end(1, "--fd 77: Bad file descriptor")


for _name, _args in USAGE.items():
    cases.add(f"usage-{_name}", wrong_usage, _args)
cases.add("usage-help", helps)
cases.add("fd-is-not-open", fd_is_not_open)
cases.add("unix-path-too-long", lambda: Link("--unix", "x" * 200).expect_end(1, "File name too long"))
cases.add("unix-folder-does-not-exist", lambda: Link("--unix", "/nowhere/x").expect_end(1, "No such file"))


# --- The trace

def frames_of(path):
    with open(path, "rb") as f:
        data = f.read()
    magic, major, minor, _, _, snap, kind = struct.unpack("=LHHlLLL", data[:24])
    check((magic, major, minor, kind) == (0xa1b2c3d4, 2, 4, 1), f"the head of the file is {data[:24]!r}")
    at, frames = 24, []
    while at < len(data):
        seconds, micros, here, length = struct.unpack("=LLLL", data[at:at + 16])
        check(abs(seconds - time.time()) < 600 and micros < 1000000, "the time of a frame")
        check(14 <= here == length <= snap, "the length of a frame")
        frames.append(data[at + 16:at + 16 + here])
        check(len(frames[-1]) == here, "the last frame is cut")
        at += 16 + here
    return frames


def trace(kind):
    path = harness.unique("trace.pcap")
    with KINDS[kind]("--trace", path) as (link, line):
        for number in range(3):
            ping(line, number, ALL_BYTES)
        line.send(BAD["ipv6-cut"])
        link.stop()
    packets = [f[14:] for f in frames_of(path) if f[12:14] == b"\x08\0"]
    wanted = [echo(number, ALL_BYTES, type_) for number in range(3) for type_ in (8, 0)]
    check([p[20:] for p in packets] == wanted, f"{len(packets)} packets in the trace")


def trace_is_there_while_it_runs():
    path = harness.unique("trace.pcap")
    with over_fd("--trace", path) as (_, line):
        ping(line)
        deadline = time.monotonic() + WAIT
        while os.path.getsize(path) < 24 or not any(echo(1, kind=0) in frame for frame in frames_of(path)):
            check(time.monotonic() < deadline, "the answer is not in the trace")
            time.sleep(0.1)


for _kind in KINDS:
    cases.add(f"trace-{_kind}", trace, _kind)
cases.add("trace-while-it-runs", trace_is_there_while_it_runs)
cases.add("trace-cannot-be-written", lambda: Link("--fd", "0", "--trace", "/nowhere/x").expect_end(1, "No such file"))


if __name__ == "__main__":
    sys.exit(harness.main(cases))
