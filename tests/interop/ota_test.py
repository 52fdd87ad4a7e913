#!/usr/bin/python3
"""examples/ota, the program for Linux, with keys and signatures made as docs/OTA.md says: against nginx, through cuts, killed and
started again, and against servers that lie. See support/harness.py.

However it goes, FILE is the signed file or does not exist.
"""
import os
import random
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, servers
from support.harness import SANITIZER, Cases, Failed, check, path, unique
from support.peers import Listener, Proxy, cut_at, fields, finish, http, read_request, response

OTA = os.path.join(harness.BUILD, "examples", "example_ota")
DOCS = os.path.join(harness.ROOT, "docs", "OTA.md")
FIRMWARE = random.Random(11).randbytes(150001)
OTHER = random.Random(12).randbytes(150001)
pki = certs.Pki(harness.folder)
cases = Cases()


def commands():
    """The commands of docs/OTA.md, a block at a time."""
    with open(DOCS, encoding="utf-8") as f:
        return re.findall(r"```sh\n(.*?)```", f.read(), re.S)


class Keys:
    """A key pair, made in a folder of its own by the commands of the docs."""

    def __init__(self):
        self.folder = unique("keys")
        os.makedirs(self.folder)
        self.run(commands()[0])
        self.public = os.path.join(self.folder, "ota-key.der")

    def run(self, text):
        done = subprocess.run(["sh", "-ec", text], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        check(done.returncode == 0, f"{text}: {done.stderr!r}")
        return done.stdout

    def sign(self, data):
        """The signature; the last commands of the docs find it good."""
        with open(os.path.join(self.folder, "firmware.bin"), "wb") as f:
            f.write(data)
        self.run(commands()[1])
        check(b"Verified OK" in self.run(commands()[2]), "openssl does not verify what it signed")
        with open(os.path.join(self.folder, "firmware.bin.sig"), "rb") as f:
            return f.read()


def keys():
    def make():
        mine = Keys()
        mine.signature, mine.other_signature = mine.sign(FIRMWARE), mine.sign(OTHER)
        return mine
    return cases.server("keys", make)


class Device:
    """A device with its storage."""

    def __init__(self, url, root=None, key=None):
        self.file = unique("firmware")
        self.command = [OTA, url, key or keys().public, self.file]
        self.environment = {**os.environ, **({"SSL_CERT_FILE": root} if root else {})}

    def start(self):
        return subprocess.Popen(self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)

    def run(self, good, *words, seconds=40):
        child = self.start()
        try:
            out = child.communicate(timeout=seconds)[0].decode()
        except subprocess.TimeoutExpired:
            child.kill()
            raise Failed(f"hangs: {child.communicate()[0]!r}") from None
        check(not SANITIZER.search(out.encode()), f"sanitizer report: {out[-600:]}")
        check(child.returncode == (0 if good else 1), f"exit {child.returncode}: {out}")
        for word in words:
            check(word in out, f"does not say {word!r}: {out}")
        check(os.path.exists(self.file) == good, f"the file is {'not ' if good else ''}there: {out}")
        return out

    def holds(self, data):
        with open(self.file, "rb") as f:
            check(f.read() == data, "the file is another one")
        for rest in ".part", ".tag":
            check(not os.path.exists(self.file + rest), f"{rest} was left behind")


# --- nginx

def nginx():
    def make():
        servers.site()
        path("site/firmware.bin", FIRMWARE)
        path("site/firmware.bin.sig", keys().signature)
        path("site/tampered.bin", FIRMWARE[:-1] + bytes([FIRMWARE[-1] ^ 1]))
        path("site/tampered.bin.sig", keys().signature)
        path("site/unsigned.bin", FIRMWARE)
        path("site/longer.bin", FIRMWARE + b"x")
        path("site/longer.bin.sig", keys().signature)
        path("site/shorter.bin", FIRMWARE[:-1])
        path("site/shorter.bin.sig", keys().signature)
        return servers.nginx(pki.chain("any-host"))
    return cases.server("nginx", make)


def device(name="firmware.bin", port=None, **more):
    return Device(f"https://127.0.0.1:{port or nginx().port}/{name}", root=pki.chain("any-host").root_path, **more)


def whole():
    board = device()
    board.run(True, f"{len(FIRMWARE)} bytes stored, 0 of them before; 1 requests", "verified")
    board.holds(FIRMWARE)


def refused(name, *words, **more):
    device(name, **more).run(False, *words)


def forgotten():
    """What was refused is not gone on with: the next run fetches all of it."""
    board = device("tampered.bin")
    for _ in range(2):
        board.run(False, "0 of them before", "not signed by the key")


def untrusted():
    Device(f"https://127.0.0.1:{nginx().port}/firmware.bin").run(False, "unknown issuer")


def cut(offset, rst):
    """The connection that brings the file is cut; the rest comes by another one, by itself."""
    nginx()
    cuts = []

    def spoil():
        once = cut_at(offset, rst)()
        count = [0]

        def pass_or_cut(sender, data):
            count[0] += len(data)
            if cuts and cuts[0] is not once:
                sender.send(data)
                return
            if count[0] >= offset:
                cuts.append(once)
            once(sender, data)
        return pass_or_cut
    with Proxy(nginx().port, spoil) as proxy:
        board = device(port=proxy.port)
        out = board.run(True, f"{len(FIRMWARE)} bytes stored, 0 of them before")
        board.holds(FIRMWARE)
        # A record that is cut brings nothing, not even the head of the answer: who asks again then may call it the same request.
        check("; 2 requests" in out or (offset < 20000 and "; 1 requests" in out), f"requests: {out}")
        check(len(cuts) == 1, f"{len(cuts)} cuts")


def killed(times):
    """The device loses power in the middle, again and again; what is stored is not fetched again."""
    nginx()

    def slowly(sender, data):
        for i in range(0, len(data), 8192):
            sender.send(data[i:i + 8192])
            time.sleep(0.05)
    with Proxy(nginx().port, lambda: slowly) as proxy:
        board, sizes = device(port=proxy.port), []
        for _ in range(times):
            have = sizes[-1] if sizes else 0
            child, deadline = board.start(), time.monotonic() + 20
            while time.monotonic() < deadline and (os.path.getsize(board.file + ".part") if os.path.exists(
                    board.file + ".part") else 0) <= have:
                time.sleep(0.01)
            child.kill()
            child.communicate()
            sizes.append(os.path.getsize(board.file + ".part"))
        check(sizes == sorted(set(sizes)) and sizes[-1] < len(FIRMWARE), f"{sizes}")
        board.run(True, f"{sizes[-1] // 4096 * 4096} of them before")
        board.holds(FIRMWARE)


def damaged():
    """A bit of what was stored has changed: the digest is of what is there."""
    board = device()
    with open(board.file + ".part", "wb") as f:
        f.write(FIRMWARE[:5000] + b"?" + FIRMWARE[5001:40960])
    with open(board.file + ".tag", "w", encoding="ascii") as f:
        f.write(tag("firmware.bin"))
    board.run(False, "40960 of them before", "not signed by the key")
    board.run(True, "0 of them before")
    board.holds(FIRMWARE)


def tag(name):
    url = f"https://127.0.0.1:{nginx().port}/{name}"
    said = harness.picket("--cacert", pki.chain("any-host").root_path, "-I", url).out
    return re.search(rb'ETag: ("[^"]*")', said)[1].decode()


def replaced():
    """Another firmware, signed as well, has come out since."""
    board = device()
    with open(board.file + ".part", "wb") as f:
        f.write(OTHER[:8192])
    with open(board.file + ".tag", "w", encoding="ascii") as f:
        f.write('"older"')
    board.run(True, f"{len(FIRMWARE)} bytes stored, 8192 of them before")
    board.holds(FIRMWARE)


def all_but_the_end():
    """Power failed behind the last whole block."""
    board = device()
    with open(board.file + ".part", "wb") as f:
        f.write(FIRMWARE)
    with open(board.file + ".tag", "w", encoding="ascii") as f:
        f.write(tag("firmware.bin"))
    board.run(True, f"{len(FIRMWARE) // 4096 * 4096} of them before; 1 requests")
    board.holds(FIRMWARE)


cases.add("whole", whole)
cases.add("tampered", refused, "tampered.bin", "not signed by the key")
cases.add("longer", refused, "longer.bin", "not signed by the key")
cases.add("shorter", refused, "shorter.bin", "not signed by the key")
cases.add("unsigned", refused, "unsigned.bin", "brings no file")
cases.add("not there", refused, "nothing.bin", "brings no file")
cases.add("forgotten", forgotten)
cases.add("untrusted", untrusted)
for _offset in (7000, 8000, 9000, 30000, 149000):  # (signature and handshake are shorter)
    cases.add(f"cut at {_offset}", cut, _offset, False, waits=True)
    cases.add(f"reset at {_offset}", cut, _offset, True, waits=True)
cases.add("killed once", killed, 1, waits=True)
cases.add("killed four times", killed, 4, waits=True)
for _case in damaged, replaced, all_but_the_end:
    cases.add(_case.__name__.replace("_", " "), _case)


def other_key():
    device(key=Keys().public).run(False, "not signed by the key")


def no_key():
    name = path("no.der", b"\x30\x59" + b"x" * 89)
    device(key=name).run(False, "out of range")


cases.add("other key", other_key)
cases.add("no key", no_key)


# --- Servers that lie; http, since nothing rests on the server

def lying(answers, good, *words, data=FIRMWARE, requests=None):
    """answers: for each request of the file, (bytes, how the connection ends); the last one stays."""
    asked = []

    def serve(connection):
        head, _ = read_request(connection)
        if b".sig " in head.split(b"\r\n")[0]:
            connection.sendall(response(keys().signature))
            finish(connection)
            return
        asked.append(fields(head))
        answer = answers[min(len(asked), len(answers)) - 1]
        http(lambda *_: answer(asked[-1]) if callable(answer) else answer)(Fed(connection, head))
    with Listener(serve) as peer:
        board = Device(f"http://127.0.0.1:{peer.port}/firmware.bin")
        board.run(good, *words)
        if good:
            board.holds(data)
        check(requests is None or len(asked) == requests, f"{len(asked)} requests: {asked}")
    return asked


class Fed:
    """A connection whose request has been read."""

    def __init__(self, connection, head):
        self.connection, self.head = connection, head

    def recv(self, size):
        head, self.head = self.head, b""
        return head or self.connection.recv(size)

    def __getattr__(self, name):
        return getattr(self.connection, name)


def first(sent=50000, tag='"v1"'):
    return response(FIRMWARE, extra=f"ETag: {tag}\r\n")[:sent]


def rest(field, data=FIRMWARE, shift=0, tag='"v1"', chunked=None):
    at = int(field["range"][6:-1]) + shift
    return response(data[at:], "206 Part", not chunked, chunked, f"ETag: {tag}\r\nContent-Range: bytes {at}-{len(data) - 1}/{len(data)}\r\n")


def empty(field):
    return rest(field).split(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"


LIES = {
    "right": ([first(), rest], True, []),
    "right, in chunks": ([first(), lambda f: rest(f, chunked=[1000, 1])], True, []),
    "all of it again": ([first(), first(None)], True, []),
    "wrong Content-Range": ([first(), lambda f: rest(f, shift=1)], False, ["another range"]),
    "range without Content-Range": ([first(), lambda f: rest(f).replace(b"Content-Range", b"X-Range")], False, ["another range"]),
    "right Content-Range, other bytes": ([first(), lambda f: rest(f, OTHER)], False, ["not signed by the key"]),
    "another ETag in a 206, then all": ([first(), lambda f: rest(f, tag='"v2"'), first(None, '"v2"')], True, []),
    "another ETag in a 200": ([first(), first(None, '"v2"')], True, []),
    "empty ranges, then the rest": ([first(), empty, empty, rest], True, []),
    "no ETag": ([first().replace(b"ETag", b"X-Tag"), first(None)], True, []),
    "weak ETag": ([first(tag='W/"v1"'), first(None, 'W/"v1"')], True, []),
    "too large": ([response(b"", length=False, extra="Content-Length: 99999999999\r\n")], False, ["larger than allowed"]),
    "404 for the rest": ([first(), response(b"", "404 No")], False, ["status 404"]),
    "503, then all": ([response(b"", "503 Wait", extra="Retry-After: 1\r\n"), first(None)], True, []),
    "redirect": ([response(b"", "302 There", extra="Location: /x\r\n")], False, ["status 302"]),
}
for _name, (_answers, _good, _words) in LIES.items():
    cases.add(f"lie: {_name}", lying, _answers, _good, *_words, waits=True)


def resumed_request():
    asked = lying([first(), rest], True, requests=2)
    check("range" not in asked[0] and "if-range" not in asked[0], f"{asked[0]}")
    check(re.fullmatch(r"bytes=\d+-", asked[1]["range"]) and asked[1]["if-range"] == '"v1"', f"{asked[1]}")
    check(asked[1]["accept-encoding"] == "identity", f"{asked[1]}")


def no_if_range_for_weak_tags():
    asked = lying([first(tag='W/"v1"'), first(None, 'W/"v1"')], True, requests=2)
    check("range" not in asked[1] and "if-range" not in asked[1], f"{asked[1]}")


def slow():
    """A byte now and then is no silence, and no end."""
    def drip(connection):
        head, _ = read_request(connection)
        if b".sig " in head.split(b"\r\n")[0]:
            connection.sendall(response(keys().signature))
        else:
            data = first(None)
            for i in range(300):
                connection.sendall(data[i:i + 1])
                time.sleep(0.005)
            connection.sendall(data[300:])
        finish(connection)
    with Listener(drip) as peer:
        board = Device(f"http://127.0.0.1:{peer.port}/firmware.bin")
        board.run(True, "1 requests")
        board.holds(FIRMWARE)


for _case in resumed_request, no_if_range_for_weak_tags, slow:
    cases.add(_case.__name__.replace("_", " "), _case, waits=True)


if __name__ == "__main__":
    sys.exit(harness.main(cases))
