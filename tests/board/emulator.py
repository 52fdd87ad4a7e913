"""Booting an emulated board for a test, and reading what it printed.

Environment
    PICKET        the demo that was built for the board
    PICKET_BOARD  its name
"""
import importlib.machinery
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))

# pylint: disable=wrong-import-position
from support import harness  # noqa: E402
from support.harness import Failed, check, unique  # noqa: E402

sys.dont_write_bytecode = True


def tool(name):
    """A program of tools/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


demo_page = tool("demo-page")
NAME = os.environ.get("PICKET_BOARD", "mps2-an385")
BOARD = tool("demo").BOARDS[NAME]
PROGRAM = os.path.abspath(os.environ.get("PICKET") or BOARD.program())
LIMIT = 30  # seconds of this computer's that an exchange may take beyond what the page allows


def image(settings, change=None):
    """The program with a page; change: a function that spoils the file's bytes (a bytearray)."""
    made = unique("demo.elf")
    demo_page.write(PROGRAM, made, [f"{name}={value}" for name, value in settings.items() if value is not None])
    if change:
        with open(made, "r+b") as file:
            data = bytearray(file.read())
            change(data)
            file.seek(0)
            file.write(data)
    return made


class Run:
    """What a board printed. exchanges: one match of EXCHANGE for each."""

    MEMORY = re.compile(rb"picket: heap peak (\d+) of (\d+), stack peak (\d+) of (\d+), main stack peak (\d+) of (\d+)\n")

    def __init__(self, out, code, seconds):
        self.out, self.code, self.seconds = out, code, seconds
        self.text = out.decode("latin-1")

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.1f} s, printed {self.text[-600:]!r}"

    def judge(self):
        """What holds for every run, good or bad."""
        check(self.out.endswith(b"picket: exit %d\n" % self.code), f"the last line is not its exit code: {self}")
        check((self.code == 0) == (b"\npicket: ok\npicket: exit 0\n" in self.out[-40:]), f"ok or not: {self}")
        for match in self.MEMORY.finditer(self.out):
            numbers = [int(n) for n in match.groups()]
            for peak, size in zip(numbers[::2], numbers[1::2]):
                check(0 < peak < size, f"{match[0]!r}: {self}")
        return self

    def body(self):
        """The body of the last exchange, by the length that was printed after it."""
        end = list(re.finditer(rb"\n?picket: body (\d+) bytes, \d+ ms\n", self.out))[-1]
        size, stop = int(end[1]), end.start() + (1 if end[0].startswith(b"\n") else 0)
        for last in (stop, end.start()):  # a line feed before "picket:" is the body's own, or was added
            head = self.out.rfind(b"HTTP/1.", 0, last - size)
            if head >= 0 and self.out[last - size - 2:last - size] == b"\n\n":
                return self.out[last - size:last]
        raise Failed(f"no body of {size} bytes: {self}")

    def error(self):
        """The name of the error that was printed."""
        found = re.findall(r"^picket: error (PICKET_ERR_)?([^:\n]+): (.*)$", self.text, re.M)
        check(len(found) == 1, f"not one error: {self}")
        return found[0][1] if found[0][0] else found[0][2]


class Board:
    """A board that runs, from the start of the block to its end. monitor: QEMU's commands can be given. more: options
    for QEMU; nic=False: the network is among them."""

    def __init__(self, made, limit, monitor=False, more=(), nic=True):
        self.limit = limit
        self.started = time.monotonic()
        self.log = unique("console")
        command = BOARD.command(made, harness.folder)
        if not nic:
            at = command.index("-nic")
            del command[at:at + 2]
        command += list(more)
        if monitor:
            self.path = unique("monitor")
            command += ["-qmp", f"unix:{self.path},server=on,wait=off"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.PIPE)
        harness.at_end(self.stop)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def printed(self):
        with open(self.log, "rb") as file:
            return file.read()

    def wait_for(self, condition, what):
        """Until the condition, a function, holds."""
        while not condition():
            check(time.monotonic() - self.started < self.limit and self.process.poll() is None,
                  f"{what} did not come: {self.printed()[-300:]!r}")
            time.sleep(0.02)

    def command(self, **request):
        """One command of QEMU's machine protocol."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(5)
            monitor.connect(self.path)
            with monitor.makefile("rw", encoding="utf-8") as lines:
                lines.readline()
                for each in ({"execute": "qmp_capabilities"}, request):
                    lines.write(json.dumps(each) + "\n")
                    lines.flush()
                    answer = json.loads(lines.readline())
                    check("return" in answer, f"QEMU: {answer}")

    def link(self, up):
        self.command(execute="set_link", arguments={"name": "net0", "up": up})

    def end(self):
        """Wait until it has ended by itself."""
        try:
            code = self.process.wait(max(0.1, self.limit - (time.monotonic() - self.started)))
        except subprocess.TimeoutExpired:
            raise Failed(f"still running after {self.limit} s: {self.printed()[-600:]!r}") from None
        said = self.process.stderr.read()
        check(not said, f"QEMU said {said[:300]!r}")
        return Run(self.printed(), code, time.monotonic() - self.started)


def boot(settings, change=None, more=()):
    """Boot the board with a page, wait for its end, judge."""
    limit = LIMIT + int(settings.get("timeout", 30)) * int(settings.get("repeat", 1))
    with Board(image(settings, change), limit, more=more) as board:
        return board.end().judge()


def settings_for(chain, port, target="/", host="example.test", scheme="https", **more):
    """The page that fetches target from a server of this computer's."""
    return {"url": f"{scheme}://{host}:{port}{target}", "address": BOARD.computer, "time": "@now", "timeout": 20,
            "ca": chain.root_path if chain else None, **more}


def expect_ok(run, body=None):
    check(run.code == 0, f"should have worked: {run}")
    if body is not None:
        got = run.body()
        check(got == body, f"wrong body, {len(got)} bytes, not {len(body)}: {run}")
    return run


def expect_error(run, names, contains=""):
    names = {names} if isinstance(names, str) else set(names)
    check(run.code == 1, f"should have failed: {run}")
    found = run.error()
    check(found in names, f"named {found} instead of {'/'.join(sorted(names))}: {run}")
    check(contains in run.text, f"it does not say {contains!r}: {run}")
    return run

