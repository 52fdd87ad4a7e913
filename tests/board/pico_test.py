#!/usr/bin/python3
"""Picket on a Raspberry Pi Pico in an emulator of the RP2040: the same machine code, start-up code and serial line as on
the board. What does not depend on the board is tested on those that run faster (mps2_test.py).
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time

import emulator
from emulator import BOARD, boot, expect_error, expect_ok, settings_for

# pylint: disable=wrong-import-order
import altcp_test
import ota_test
import sntp_test
from support import harness, servers
from support.certs import BAD, Pki
from support.harness import Cases, check, unique
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


def time_server():
    """The clock is set by a server, whose datagrams go through the line too."""
    chain = pki.chain("p256")
    with sntp_test.Server(lambda query, _: [sntp_test.reply_to(query)]) as clock, \
            TlsListener(chain, http(response(PAGE))) as server:
        run = expect_ok(boot(settings_for(chain, server.port, time=f"{BOARD.computer}:{clock.port}")), PAGE)
        check(f"UTC, SNTP, 1 server: {BOARD.computer}:" in run.text, f"not said: {run}")


cases.add("time from a server", time_server)


BLOCK = "30720 samples: biased or repeating"
NO_ENTROPY = {
    "off": "0 samples: missing",
    "stuck": "1024 samples: failed the adaptive proportion test",
    "zero": "1024 samples: failed the adaptive proportion test",
    "biased": BLOCK, "sluggish": BLOCK, "echoing": BLOCK, "alternating": BLOCK, "periodic": BLOCK, "drifting": BLOCK,
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
        expect_error(run, "NO_ENTROPY", f"RP2040 ring oscillator, 32/1024 bit a sample, {why}")
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


# --- lwIP's altcp, with lwIP in the program's loop and in an interrupt of the SDK's

ALTCP_PLACES = {"https": (16, 8), "mqtt": (24, 8), "host": (32, 64), "seconds": (96, 16), "pem": (112, 4096)}


def altcp_image(model, chain, **more):
    with open(os.path.join(os.path.dirname(emulator.PROGRAM), f"altcp_{model}.elf"), "rb") as file:
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
    peak, size = map(int, re.search(r"main stack peak (\d+) of (\d+)", out).groups())
    check(peak < size, f"the main stack has overflowed: {peak} of {size}")
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


for _model in ("poll", "background"):
    cases.add(f"altcp {_model}: P-384, TLS 1.3", altcp_recipe, _model, "p384", "1.3")
    cases.add(f"altcp {_model}: P-256, TLS 1.2", altcp_recipe, _model, "p256", "1.2")
    cases.add(f"altcp {_model}: another host", altcp_refuses, _model)
    cases.add(f"altcp {_model}: MQTT", altcp_mqtt, _model, "1.3")

cases.add("ota", ota_whole)
cases.add("ota: power fails", ota_power)
cases.add("ota: tampered", ota_tampered)


if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skip board/pico: {why}")
        sys.exit(0)
    sys.exit(harness.main(cases))
