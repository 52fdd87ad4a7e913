#!/usr/bin/python3
"""Picket on a Raspberry Pi Pico in an emulator of the RP2040: the same machine code, start-up code and serial line as on
the board. What does not depend on the board is tested on those that run faster (mps2_test.py).
"""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

import emulator
import example
from emulator import BOARD, boot, expect_error, expect_ok, settings_for

# pylint: disable=wrong-import-order
import altcp_test
import ota_test
import proxy_test
import sntp_test
from support import certs, der, harness, servers
from support.certs import BAD, Pki
from support.harness import Cases, Skipped, check, unique
from support.peers import Listener, TlsListener, fields, finish, read_request, response, http

pki = Pki(harness.folder)
cases = Cases()
PAGE = b"<p>This page came to a Pico.</p>\n" * 20
MOST = 16000000     # cycles from the start until the generator is seeded, 128 ms
TOLERANCE = 0.03  # between the cycles that the board counts and those of the emulator
BESIDE = 4000000  # cycles of what only the emulator counts


def missing():
    """What the emulator lacks here, or None."""
    link = BOARD.link()
    if not shutil.which("node"):
        return "there is no node"
    if not os.path.isdir(os.path.join(emulator.ROOT, "tools", "rp2040", "node_modules", "rp2040js")):
        return "tools/rp2040 is not installed (npm ci)"
    return None if os.path.exists(link) else f"{link} is not built"


def reported(settings, *more):
    """A run, and what the emulator counted in it."""
    path = unique("report.json")
    run = boot(settings, more=("--report", path, *more))
    with open(path, encoding="utf-8") as file:
        return run, json.load(file)


def cycles_of(report, begins):
    """The emulator's count at the end of the first line that begins so."""
    return next(cycles for line, cycles in report["lines"] if line.startswith(f"picket: {begins}"))


def check_cycles(run, report):
    """The board counts the handshake; the emulator the lookup, the connection and the request with it, which are
    little beside it."""
    board = int(re.search(r"handshake \d+ ms \((\d+) cycles\)", run.text)[1])
    outside = cycles_of(report, "lookup") - cycles_of(report, "time")
    slack = TOLERANCE * outside
    check(-slack < outside - board < slack + BESIDE, f"the board counts {board} cycles, the emulator {outside}")


def good(chain_name, version):
    chain = pki.chain(chain_name)
    with TlsListener(chain, http(response(PAGE)), version) as server:
        run, report = reported(settings_for(chain, server.port))
        expect_ok(run, PAGE)
        check(f"picket: TLSv{version}, " in run.text, f"another version: {run}")
        check(report["lost"] == 0, f"{report['lost']} bytes were lost on the line")
        check_cycles(run, report)


cases.add("good chain: p256, TLS 1.3", good, "p256", "1.3")
cases.add("good chain: p256, TLS 1.2", good, "p256", "1.2")
cases.add("good chain: rsa2048, TLS 1.2", good, "rsa2048", "1.2")


def bad(chain_name):
    chain, errors = pki.chain(chain_name), BAD[chain_name][1]
    host = BAD[chain_name][2] if len(BAD[chain_name]) > 2 else "example.test"
    with TlsListener(chain, http(response(PAGE))) as server:
        expect_error(boot(settings_for(chain, server.port, host=host)), errors)
        server.settle()
        check(not server.seen, f"it sent {bytes(server.seen)[:100]!r}")


for name in ("expired-leaf", "other-name", "unknown-root"):
    cases.add(f"bad chain: {name}", bad, name)


def cut():
    chain, whole = pki.chain("p256"), response(PAGE)
    with TlsListener(chain, http(whole[:-100], "cut")) as server:
        expect_error(boot(settings_for(chain, server.port)), "BODY_CUT")


cases.add("body cut short", cut)


def large():
    """Every byte value, END and ESC of the line's framing among them, in records that come faster than they are read."""
    chain, data = pki.chain("p256"), random.Random(3).randbytes(40000)
    with TlsListener(chain, http(response(data))) as server:
        expect_ok(boot(settings_for(chain, server.port, timeout=60)), data)


cases.add("body of 40 kB", large)


def noise():
    """A byte that is lost on the line costs its packet, and nothing else."""
    chain, data = pki.chain("p256"), random.Random(4).randbytes(30000)
    with TlsListener(chain, http(response(data))) as server:
        run, report = reported(settings_for(chain, server.port, timeout=60), "--noise", "9000")
        expect_ok(run, data)
        check(report["lost"] >= 3, f"only {report['lost']} bytes were lost")


cases.add("bytes lost on the line", noise)


END, ESC = b"\xc0", b"\xdb"


def slip(packet):
    return END + packet.replace(ESC, ESC + b"\xdd").replace(END, ESC + b"\xdc") + END


def with_sum(data, at):
    total = sum(int.from_bytes(data[i:i + 2], "big") for i in range(0, len(data) + len(data) % 2, 2))
    if len(data) % 2:
        total += data[-1] * 255
    while total > 0xffff:
        total = (total & 0xffff) + (total >> 16)
    return data[:at] + (0xffff - total).to_bytes(2, "big") + data[at + 2:]


def echo_request(number, payload):
    head = bytes([0x45, 0, *(28 + len(payload)).to_bytes(2, "big"), 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 2, 2, 10, 0, 2, 15])
    return with_sum(head, 10) + with_sum(bytes([8, 0, 0, 0, 0, 9, *number.to_bytes(2, "big")]) + payload, 2)


class Line:
    """tests/board/pico/line.c, and the other end of its line."""

    def __init__(self, *more):
        path = unique("line")
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(path)
        self.listening.listen()
        self.listening.settimeout(30)
        program = os.path.join(os.path.dirname(emulator.PROGRAM), "line.elf")
        self.board = subprocess.Popen(["node", f"{emulator.ROOT}/tools/rp2040/run.js", program, "--unix", path, *more],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        harness.at_end(self.board.kill)
        self.line = self.listening.accept()[0]
        check(self.board.stdout.readline() == b"picket: ready\n", "it does not start")
        self.bytes = b""

    def send(self, frames):
        self.line.sendall(b"".join(frames))

    def replies(self, wanted, seconds=30):
        """The payload by the number of each reply so far, when there are so many or the time is over."""
        deadline = time.monotonic() + seconds
        found = self.parsed()
        while len(found) < wanted and time.monotonic() < deadline:
            self.line.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                data = self.line.recv(65536)
            except TimeoutError:
                break
            check(data, "the board has closed the line")
            self.bytes += data
            found = self.parsed()
        return found

    def parsed(self):
        found = {}
        for frame in self.bytes.split(END)[:-1]:
            packet = frame.replace(ESC + b"\xdc", END).replace(ESC + b"\xdd", ESC)
            if packet:
                check(packet[20] == 0, f"no echo reply: {packet[:40]}")
                found[int.from_bytes(packet[26:28], "big")] = packet[28:]
        return found

    def stop(self):
        self.board.kill()
        self.board.communicate()
        self.line.close()
        self.listening.close()


def echo_payloads(count, least, most):
    """With many a byte that is escaped on the line."""
    chance = random.Random(count)
    return [bytes(chance.choice((0xc0, 0xdb, 0xdc, 0xdd, 7, chance.randrange(256))) for _ in range(chance.randint(least, most)))
            for _ in range(count)]


def spoilt_bytes(every):
    """A byte with an error, wherever in a packet, costs that packet and no other."""
    payloads, sent, whole = echo_payloads(200, 0, 120), 0, set()
    frames = [slip(echo_request(i, payload)) for i, payload in enumerate(payloads)]
    for i, frame in enumerate(frames):
        first = sent + 1  # the END in front may be spoilt
        sent += len(frame)
        if sent // every == first // every:
            whole.add(i)
    line = Line("--spoilt", str(every))
    for i in range(0, len(frames), 50):  # for which there is room
        line.send(frames[i:i + 50])
        line.replies(len([n for n in whole if n < i + 50]))
    found = line.replies(len(whole) + 1, 1)
    line.stop()
    check(10 < len(whole) < 190, f"{len(whole)} are to come")
    check(set(found) == whole, f"of {len(whole)} {sorted(whole - set(found))} are missing, and beside them {sorted(set(found) - whole)} came")
    check(all(payloads[i] == payload for i, payload in found.items()), "a reply is another one")


def too_many_packets():
    """While nobody takes them, packets are lost whole, and afterwards everything is as before."""
    payloads = [bytes(99 - 28)] + echo_payloads(20, 700, 700) + echo_payloads(30, 1472, 1472)[:3] + [b"", b"x"]
    frames = [slip(echo_request(i, payload)) for i, payload in enumerate(payloads)]
    line = Line()
    line.send(frames[:21])
    found = line.replies(21, 8)
    check(3 < len(found) < 21, f"{len(found)} replies")
    for i in range(21, len(frames)):
        line.send(frames[i:i + 1])
        many = len(found)
        found = line.replies(many + 1)
        check(len(found) == many + 1, f"{i} is not answered")
    line.stop()
    check(all(payloads[i] == payload for i, payload in found.items()), "a reply is another one")


for _every in (61, 97, 128, 1000):
    cases.add(f"an error in one of {_every} bytes", spoilt_bytes, _every)
cases.add("more packets than there is room for", too_many_packets)


def copies():
    """Between all alignments, on a processor that faults where one is overlooked."""
    program = os.path.join(os.path.dirname(emulator.PROGRAM), "copies.elf")
    done = subprocess.run([*BOARD.command(program, harness.folder), "--timeout", "60"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=90, check=False)
    check(done.returncode == 0, f"exit {done.returncode}: {done.stdout[-800:]}")


cases.add("copies", copies)


def time_server():
    """The clock is set by a server, whose datagrams go through the line too."""
    chain = pki.chain("p256")
    with sntp_test.Server(lambda query, _: [sntp_test.reply_to(query)]) as clock, \
            TlsListener(chain, http(response(PAGE))) as server:
        run = expect_ok(boot(settings_for(chain, server.port, time=f"{BOARD.computer}:{clock.port}")), PAGE)
        check(f"UTC, SNTP, 1 server: {BOARD.computer}:" in run.text, f"not said: {run}")


cases.add("time from a server", time_server)


BLOCK = "30720 samples: biased or repeating"
REPETITION = r"|\d+ samples: stuck: failed the repetition count test"
NO_ENTROPY = {
    "off": "0 samples: missing",
    "stuck": "1024 samples: failed the adaptive proportion test",
    "zero": "1024 samples: failed the adaptive proportion test",
    "echoing": BLOCK, "alternating": BLOCK, "periodic": BLOCK, "drifting": BLOCK,
    # rarely they stay what they were for so long that this is found first
    "biased": BLOCK + REPETITION, "sluggish": BLOCK + REPETITION,
}


def entropy():
    """Where it came from, and how long that took."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        run, report = reported(settings_for(chain, server.port))
        expect_ok(run, PAGE)
    for source in ("RP2040 ring oscillator, 32/1024 bit a sample, 20480 samples: ok",
                   "ADC noise, 0/1024 bit a sample, 1024 samples: ok",
                   "memory at power-on, 0/1024 bit a sample, 1024 samples: ok"):
        check(source in run.text, f"{source} is not said: {run}")
    cycles = cycles_of(report, "entropy: RP2040")
    check(cycles < MOST, f"{cycles} cycles until the generator was seeded")


def no_adc():
    """What counts for nothing may be missing: after a millisecond it is passed over."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        run, report = reported(settings_for(chain, server.port), "--no-adc")
        expect_ok(run, PAGE)
    check("ADC noise, 0/1024 bit a sample, 0 samples: missing" in run.text, f"it is not missing: {run}")
    cycles = cycles_of(report, "entropy: RP2040")
    check(cycles < MOST, f"{cycles} cycles until the generator was seeded")


cases.add("entropy", entropy)
cases.add("entropy without ADC", no_adc)


def no_entropy(kind, why):
    """A source of random bits that is none ends it before anything is sent, and the error says what is wrong."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        run, _ = reported(settings_for(chain, server.port), "--rosc", kind)
        expect_error(run, "NO_ENTROPY")
        check(re.search(f"RP2040 ring oscillator, 32/1024 bit a sample, ({why})", run.text), f"it does not say {why!r}: {run}")
        check(not server.seen, "it sent something")


for name, text in NO_ENTROPY.items():
    cases.add(f"random bits: {name}", no_entropy, name, text)

# --- examples/ota: the flash, and power that fails

OTA = os.path.join(os.path.dirname(emulator.PROGRAM), "examples", "ota", "ota.elf")
FLASH_SIZE, SECTOR = 2 << 20, 4096
SLOT, NOTES = FLASH_SIZE // 2, FLASH_SIZE - SECTOR
FIRMWARE = random.Random(5).randbytes(41000)  # ten sectors, and a part of one


class Update:
    """A board whose flash outlives its runs, and a server of the firmware; the URL and the key are put into the image."""

    def __init__(self, data, signature, pace=0.0):
        self.data, self.signature, self.pace = data, signature, pace
        self.asked = []
        self.cut = None  # the next answer ends after so many bytes
        self.server = Listener(self.serve)
        self.flash = unique("flash.bin")
        self.elf = unique("ota.elf")
        with open(OTA, "rb") as file:
            image = file.read()
        with open(ota_test.keys().public, "rb") as file:
            key = file.read()
        own = re.search(re.escape(key[:26]) + rb".{65}", image, re.S)[0]
        url = f"http://{BOARD.computer}:{self.server.port}/f".encode()
        place = b"https://letsencrypt.org/\0"
        check(image.count(place) == 1 and image.count(own) == 1 and len(url) < len(place), "the image is another one")
        with open(self.elf, "wb") as file:
            file.write(image.replace(place, url.ljust(len(place), b"\0")).replace(own, key))

    def serve(self, connection):
        head, _ = read_request(connection)
        if b"/f.sig " in head:
            connection.sendall(response(self.signature))
        else:
            self.asked.append(fields(head).get("range"))
            at = int(self.asked[-1][6:-1]) if self.asked[-1] else 0
            data, tag = self.data, 'ETag: "v1"\r\n'
            answer = response(data, extra=tag) if at == 0 else response(
                data[at:], "206 Part", extra=f"{tag}Content-Range: bytes {at}-{len(data) - 1}/{len(data)}\r\n")
            answer, self.cut = answer[:self.cut], None
            for i in range(0, len(answer), 1024):
                connection.sendall(answer[i:i + 1024])
                time.sleep(self.pace)
        finish(connection)

    def start(self):
        return subprocess.Popen([*BOARD.command(self.elf, harness.folder), "--flash", self.flash, "--timeout", "100"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, code, *words):
        child = self.start()
        out = child.communicate(timeout=120)[0].decode("latin-1")
        check(child.returncode == code, f"exit {child.returncode}: {out}")
        for word in words:
            check(word in out, f"does not say {word!r}: {out}")

    def stored(self):
        with open(self.flash, "rb") as file:
            flash = file.read()
        check(len(flash) == FLASH_SIZE, "the flash has another size")
        notes = flash[NOTES:]
        return flash[SLOT:SLOT + len(self.data)], notes[256:].split(b"\xff")[0].count(0), int.from_bytes(notes[128:132], "little")


def signature():
    return cases.server("signature", lambda: ota_test.keys().sign(FIRMWARE))


def ota_whole():
    board = Update(FIRMWARE, signature())
    board.cut = 20000
    board.run(0, "41000 bytes stored, 0 of them before; 2 requests", "ota: verified")
    check(board.stored() == (FIRMWARE, 10, len(FIRMWARE)), f"{board.stored()[1:]}")
    check(len(board.asked) == 2 and board.asked[1], f"{board.asked}")
    board.run(0, "a firmware of 41000 bytes waits")


def ota_power():
    """Whenever power fails, what has been noted is there, and the rest comes the next time."""
    board = Update(FIRMWARE, signature(), pace=0.2)
    last = 0
    for _ in range(20):
        child, many = board.start(), len(board.asked)
        deadline = time.monotonic() + 60
        while len(board.asked) == many and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(2.5)
        child.terminate()
        child.communicate(timeout=20)
        data, sectors, mark = board.stored()
        check(mark == 0xffffffff, f"it is marked: {mark}")
        check(data[:sectors * SECTOR] == FIRMWARE[:sectors * SECTOR], f"what is noted is not there: {sectors} sectors")
        check(sectors >= last, f"{sectors} sectors after {last}")
        check(board.asked[-1] == (f"bytes={last * SECTOR}-" if last else None), f"{board.asked}, {last} sectors")
        last = sectors
        if last >= 4:
            break
    check(4 <= last < 10, f"{last} sectors")
    board.pace = 0
    board.run(0, f"{last * SECTOR} of them before", "ota: verified")
    check(board.stored() == (FIRMWARE, 10, len(FIRMWARE)), f"{board.stored()[1:]}")


def ota_tampered():
    board = Update(FIRMWARE[:-1] + b"?", signature())
    board.run(1, "41000 bytes stored", "not signed by the key")
    check(board.stored()[1:] == (0, 0xffffffff), f"{board.stored()[1:]}")
    board.data = FIRMWARE
    board.run(0, "0 of them before", "ota: verified")


# --- lwIP's altcp, with lwIP in the program's loop, in an interrupt of the SDK's and in a task of FreeRTOS

ALTCP_PLACES = {"https": (16, 8), "mqtt": (24, 8), "host": (32, 64), "seconds": (96, 16), "pem": (112, 4096)}


def altcp_image(model, chain, **more):
    program = os.path.join(os.path.dirname(emulator.PROGRAM), f"altcp_{model}.elf")
    if model == "freertos" and not os.path.exists(program):
        raise Skipped("not built without the kernel: cmake --preset pico -DFREERTOS_KERNEL_PATH=...")
    with open(program, "rb") as file:
        image = bytearray(file.read())
    with open(chain.root_path, encoding="ascii") as file:
        values = {"host": "example.test", "seconds": str(int(time.time())), "pem": file.read(), **more}
    mark = b"@altcp-settings\0"
    check(image.count(mark) == 1, "the image is another one")
    for name, value in values.items():
        at, room = ALTCP_PLACES[name]
        check(len(value) < room, f"{name} is too long")
        start = image.index(mark) + at
        image[start:start + room] = value.encode().ljust(room, b"\0")
    path = unique("altcp.elf")
    with open(path, "wb") as file:
        file.write(image)
    return path


def altcp_run(model, chain, **more):
    done = subprocess.run([*BOARD.command(altcp_image(model, chain, **more), harness.folder), "--timeout", "100"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=130, check=False)
    return done.returncode, done.stdout.decode("latin-1")


def altcp_recipe(model, kind, version):
    """Echo requests, one every 50 ms, are answered within 20 ms, in the middle of signatures on P-384 too."""
    chain = pki.chain(kind)
    with servers.nginx(chain, version) as server:
        code, out = altcp_run(model, chain, https=str(server.port))
    check(code == 0 and servers.PAGE.decode() in out and "all of it" in out, f"exit {code}: {out[-800:]}")
    took, echoes, latest, rests = map(int, re.search(
        r"picket: (\d+) ms, (\d+) echoes, the latest after (\d+) us, (\d+) rests", out).groups())
    check(echoes > took // 100, f"only {echoes} in {took} ms")
    check(latest < 20000, f"an echo request was answered {latest} us after it was due")
    check(rests > took // 60, f"the application came to itself {rests} times in {took} ms")
    peak, size = map(int, re.search(r"stack peak (\d+) of (\d+)", out).groups())
    check(peak < size, f"the stack has overflowed: {peak} of {size}")
    print(f"# {model}, {kind}, {version}: {took} ms, {echoes} echoes, the latest after {latest} us, {rests} rests, stack {peak} of {size}")


def altcp_refuses(model):
    with servers.nginx(pki.chain("p256"), "1.3") as server:
        code, out = altcp_run(model, pki.chain("p256"), https=str(server.port), host="other.test")
    check(code == 1 and "certificate is for another host name" in out and "HTTP/1" not in out, f"exit {code}: {out[-800:]}")


def altcp_mqtt(model, version):
    chain = pki.chain("p256")
    with altcp_test.mosquitto(chain, version) as broker:
        code, out = altcp_run(model, chain, mqtt=str(broker.port))
    check(code == 0 and "100 bytes came back" in out, f"exit {code}: {out[-800:]}")


def altcp_both(model):
    """The worker serves one connection after another."""
    chain = pki.chain("p256")
    with altcp_test.mosquitto(chain, "1.3") as broker, servers.nginx(chain, "1.3") as server:
        code, out = altcp_run(model, chain, https=str(server.port), mqtt=str(broker.port))
    check(code == 0 and "all of it" in out and "100 bytes came back" in out, f"exit {code}: {out[-800:]}")


for _model in ("poll", "background", "freertos"):
    cases.add(f"altcp {_model}: P-384, TLS 1.3", altcp_recipe, _model, "p384", "1.3")
    cases.add(f"altcp {_model}: P-256, TLS 1.2", altcp_recipe, _model, "p256", "1.2")
    cases.add(f"altcp {_model}: another host", altcp_refuses, _model)
    cases.add(f"altcp {_model}: MQTT", altcp_mqtt, _model, "1.3")
    cases.add(f"altcp {_model}: one after another", altcp_both, _model)

cases.add("ota", ota_whole)
cases.add("ota: power fails", ota_power)
cases.add("ota: tampered", ota_tampered)


# --- The examples for a Pico on a serial line, as they are but for URL, roots and time servers (example.py)

SECRET = {"PROXY_USER": "me", "PROXY_PASSWORD": "open sesame"}


def board_chain(label="board", **more):
    """Of a server that is reached by its address."""
    leaf = pki.leaf("p256", der.ip(BOARD.computer), **more)
    return cases.server(label, lambda: pki.simple(label, leaf))


def example_run(name, chain, **settings):
    clock = cases.server("clock", lambda: sntp_test.Server(lambda query, _: [sntp_test.reply_to(query)]))
    return example.output(example.linked("mqtt" if name == "mqtt" else f"examples/{name}/{name}", chain, clock, **settings))


def url_of(server, path="/"):
    return f"https://{BOARD.computer}:{server.port}{path}"


def says(out, *words):
    for word in words:
        check(word in out, f"does not say {word!r}: {out[-800:]}")


def example_get(version):
    with servers.nginx(board_chain(), version) as server:
        out = example_run("get", board_chain(), URL=url_of(server))
    says(out, servers.PAGE.decode(), "status 200, ok")


def example_refuses(name):
    """Before the certificate is found good nothing of the request is sent."""
    chain = board_chain("old", start=certs.NOW - 90 * certs.DAY, end=certs.NOW - certs.DAY)
    with TlsListener(chain, http(response(PAGE))) as server:
        out = example_run(name, chain, URL=url_of(server))
        server.settle()
        check(not server.seen, f"it sent {bytes(server.seen)[:100]!r}")
    says(out, "status 0, certificate expired")


def example_post():
    seen = []
    with TlsListener(board_chain(), http(response(b"thanks"), seen=seen)) as server:
        out = example_run("post", board_chain(), URL=url_of(server, "/t"))
    says(out, "thanks", "status 200, ok")
    check(len(seen) == 1, f"{len(seen)} requests")
    head, body = seen[0]
    check(head.startswith(b"POST /t HTTP/1.1") and fields(head)["content-type"] == "application/json", f"{head}")
    check(isinstance(json.loads(body)["centidegrees"], int), f"{body}")


def example_download(cut_short):
    """In records of 16 kB; whole, and not quite."""
    answer = response(random.Random(6).randbytes(60000))
    with TlsListener(board_chain(), http(answer[:-1] if cut_short else answer, "cut" if cut_short else "close")) as server:
        out = example_run("download", board_chain(), URL=url_of(server))
    if cut_short:
        says(out, "59999 bytes in ", "status 200, cut short: the connection ended inside the response body")
    else:
        says(out, "60000 bytes in ", "status 200, complete")


def example_proxy():
    seen = []
    with Listener(proxy_test.proxy(seen, "me:open sesame")) as middle, servers.nginx(board_chain()) as server:
        out = example_run("proxy", board_chain(), URL=url_of(server), PROXY=f"http://{BOARD.computer}:{middle.port}", **SECRET)
    says(out, servers.PAGE.decode(), "status 200, ok")
    check(len(seen) == 1 and seen[0].startswith(f"CONNECT {BOARD.computer}:{server.port} ".encode()), f"{seen}")


def example_proxy_refuses():
    seen = []
    with Listener(proxy_test.proxy(seen, "me:another word")) as middle, TlsListener(board_chain(), None) as server:
        out = example_run("proxy", board_chain(), URL=url_of(server), PROXY=f"http://{BOARD.computer}:{middle.port}", **SECRET)
        check(server.connections == 0, "it came to the server")
    says(out, "status 0, the proxy wants credentials, or others")


def example_proxy_verifies():
    """A proxy that leads to another server shows a certificate, and it is not believed."""
    with servers.nginx(pki.chain("other-name")) as other, \
            Listener(lambda connection: proxy_test.lead_to(connection, other.port)) as middle:
        out = example_run("proxy", pki.chain("other-name"), URL=f"https://{BOARD.computer}/",
                          PROXY=f"http://{BOARD.computer}:{middle.port}", **SECRET)
    says(out, "status 0, certificate is for another host name")


def two_at_once(cut_short):
    """Neither is answered before both have asked; one may be cut short, and the other is whole."""
    both = threading.Barrier(2)
    sizes = {b"/one ": 7000, b"/two ": 20000}

    def answer(head, _):
        both.wait(60)
        target, size = next((target, size) for target, size in sizes.items() if target in head)
        return response(bytes(size))[:-7 if target == cut_short else None]
    with TlsListener(board_chain(), http(answer, "cut")) as server:
        out = example_run("two_at_once", board_chain(), URL=url_of(server, "/one"), URL2=url_of(server, "/two"))
    for target, size in sizes.items():
        end = f"{size - 7} bytes, cut short" if target == cut_short else f"{size} bytes, ok"
        says(out, f"{url_of(server, target.decode().strip())}: status 200, {end}")


def two_at_once_refuses_one():
    """One is somebody else."""
    with servers.nginx(board_chain()) as good_one, servers.nginx(pki.chain("other-name")) as other:
        out = example_run("two_at_once", board_chain(), URL=url_of(other), URL2=url_of(good_one))
    says(out, f"{url_of(other)}: status 0, 0 bytes, certificate is for another host name",
         f"{url_of(good_one)}: status 200, {len(servers.PAGE)} bytes, ok")


def example_mqtt(host, *words):
    with altcp_test.mosquitto(pki.chain("p256"), "1.3") as broker:
        out = example_run("mqtt", pki.chain("p256"), MQTT_BROKER=BOARD.computer, MQTT_BROKER_PORT=broker.port, MQTT_HOST=host)
    says(out, *words)


for _version in ("1.2", "1.3"):
    cases.add(f"example get: TLS {_version}", example_get, _version)
cases.add("example post", example_post)
cases.add("example download", example_download, False)
cases.add("example download: cut short", example_download, True)
cases.add("example proxy", example_proxy)
cases.add("example proxy: wrong password", example_proxy_refuses)
cases.add("example proxy: another server", example_proxy_verifies)
cases.add("example two_at_once", two_at_once, None)
cases.add("example two_at_once: the first cut short", two_at_once, b"/one ")
cases.add("example two_at_once: the second cut short", two_at_once, b"/two ")
cases.add("example two_at_once: one is somebody else", two_at_once_refuses_one)
cases.add("example get: expired", example_refuses, "get")
cases.add("example mqtt", example_mqtt, certs.HOST, "100 bytes came back", "picket: exit 0")
cases.add("example mqtt: another host", example_mqtt, "other.test", "certificate is for another host name", "picket: exit 1")


if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skip board/pico: {why}")
        sys.exit(0)
    sys.exit(harness.main(cases))
