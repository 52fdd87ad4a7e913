"""What the interop tests share: running picket with a hard limit, judging the outcome, servers, cases.

A test file registers cases (functions that raise Failed or Skipped) and calls main(). Output, one line a case:
    ok NAME | not ok NAME: why | skip NAME: why
Lines that begin with '#' are remarks.

Environment
    PICKET           the program under test; without it build/host/picket of the repository. May be curl, while one
                     works on the servers: then only success or failure and the body are compared.
    PICKET_BUILD     the folder of the program's build, for its siblings with other TCP windows
    INTEROP_SLACK    seconds that a run may take beyond --max-time (default 1.5; with the sanitizers twice as long)
"""
import argparse
import atexit
import concurrent.futures
import contextlib
import fnmatch
import functools
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
PICKET = os.path.abspath(os.environ.get("PICKET") or os.path.join(ROOT, "build", "host", "picket"))
BUILD = os.path.abspath(os.environ.get("PICKET_BUILD") or os.path.dirname(PICKET))
IS_CURL = os.path.basename(PICKET) == "curl"
IS_LEAN = os.path.basename(BUILD) == "host-lean"  # with what boards have: no client certificates, no P-521
SLACK = float(os.environ.get("INTEROP_SLACK", "1.5"))
SANITIZER = re.compile(rb"AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|MemorySanitizer|: runtime error: ")
CRASHES = {-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL, -signal.SIGTRAP,
           -signal.SIGPIPE, -signal.SIGSYS}


class Failed(Exception):
    """The case failed; the text says why."""


class Skipped(Exception):
    """The case cannot run here; the text says why."""


def check(condition, why):
    if not condition:
        raise Failed(why)


# --- The errors of include/picket/error.h, and the exit code of each class

def read_errors():
    with open(os.path.join(ROOT, "include", "picket", "error.h"), encoding="utf-8") as f:
        text = f.read()
    return {name: sentence for name, sentence in re.findall(r'X\(PICKET_(?:ERR_)?(\w+), -\d+,[\s\\]*"([^"]*)"\)', text)}


SENTENCES = read_errors()

EXIT_CODES = {
    1: ["SCHEME", "REDIRECT_PLAIN"],
    3: ["URL", "REDIRECT_URL"],
    5: ["PROXY_URL"],
    6: ["NO_ADDRESS"],
    7: ["REFUSED", "UNREACHABLE", "LINK"],
    8: ["HEAD_CUT", "NOT_HTTP", "HTTP_HEAD", "HTTP_LENGTH", "HTTP_CODING", "HTTP_CHUNK", "HTTP_HEAD_SIZE",
        "HTTP_HEADERS", "HTTP_UPGRADE", "HTTP_INTERIM"],
    18: ["BODY_CUT"],
    27: ["NO_MEMORY"],
    28: [name for name in SENTENCES if name.startswith("TIMEOUT_") and name != "TIMEOUT_LOOKUP"],
    35: ["ALERT", "NOT_TLS", "TLS_VERSION", "TLS_PROTOCOL", "TLS_CORRUPT", "TLS_SIGNATURE", "TLS_CLOSED"],
    47: ["REDIRECTS"],
    52: ["EMPTY"],
    56: ["RESET", "PROXY", "PROXY_AUTH", "PROXY_ANSWER"],
    60: ["UNKNOWN_ISSUER", "SELF_SIGNED", "EXPIRED", "NOT_YET_VALID", "WRONG_HOST", "CERT_USAGE", "CERT_WEAK",
         "CERT_MALFORMED", "NO_CERT"],
    65: ["REDIRECT_BODY"],
    77: ["TRUST_FORMAT"],
    90: ["PIN"],
}
EXITS = {name: code for code, names in EXIT_CODES.items() for name in names}
EXITS["TIMEOUT_LOOKUP"] = 28

# Where a response that breaks off, or is damaged, may leave the client; and what a damaged handshake may come to.
CUT = {"EMPTY", "HEAD_CUT", "BODY_CUT"}
TLS_BROKEN = {"ALERT", "NOT_TLS", "TLS_VERSION", "TLS_PROTOCOL", "TLS_CORRUPT", "TLS_SIGNATURE", "TLS_CLOSED"}
BAD_CERT = set(EXIT_CODES[60])
TIMEOUT = set(EXIT_CODES[28])


# --- A folder of our own, and everything that must end with us

folder = tempfile.mkdtemp(prefix="picket-interop-")
os.chmod(folder, 0o755)
_closers = []
_closers_lock = threading.Lock()
_used_ports = set()


def at_end(close):
    with _closers_lock:
        _closers.append(close)


def _end():
    while _closers:
        with contextlib.suppress(Exception):
            _closers.pop()()
    shutil.rmtree(folder, ignore_errors=True)


atexit.register(_end)
for _signal in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(_signal, lambda number, frame: sys.exit(128 + number))


def path(name, data=None):
    """A file in our folder; with data, written."""
    full = os.path.join(folder, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    if data is not None:
        with open(full, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
    return full


def unique(stem):
    unique.count = getattr(unique, "count", 0) + 1
    return os.path.join(folder, f"{stem}.{unique.count}.{threading.get_ident()}")


PORTS_EACH = 500


def _take_range():
    """The first port of a range that no other run of tests on this machine has while we live.

    Below the ports that the system gives out by itself, so that nobody gets one of ours between our choosing it and
    a server's binding it. The range is held by a socket with an abstract name.
    """
    for number in range(40):
        _take_range.socket = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError):
            _take_range.socket.bind(f"\0picket-tests-{number}")
            return 12000 + number * PORTS_EACH
        _take_range.socket.close()
    raise Skipped("all ranges of ports are taken")


def free_port(host="127.0.0.1"):
    """A port that nobody listens on, given out once."""
    with _closers_lock:
        if not _used_ports:
            _used_ports.add(_take_range())
        while True:
            port = max(_used_ports) + 1
            check(port < min(_used_ports) + PORTS_EACH, "all ports of our range are used up")
            _used_ports.add(port)
            with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with contextlib.suppress(OSError):
                    s.bind((host, port))
                    return port


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


class Process:
    """A server program, from the moment it accepts connections until the end of the `with` block or of the test."""

    def __init__(self, command, port, host="127.0.0.1", cwd=None, stdin=None):
        self.command, self.port = command, port
        self.log = unique(os.path.basename(command[0]) + ".log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, cwd=cwd or folder, stdin=stdin or subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT)
        at_end(self.stop)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection((host, port), 1).close()
                accepts = True
            except OSError:
                accepts = False
            if self.process.poll() is not None:
                raise Failed(f"{' '.join(command)} ended: {self.output()[-300:]}")
            if accepts:
                return
            if time.monotonic() > deadline:
                self.stop()
                raise Failed(f"{' '.join(command)} does not accept: {self.output()[-300:]}")
            time.sleep(0.01)

    def output(self):
        with open(self.log, "rb") as f:
            return f.read().decode(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# --- Running picket

class Result:
    """late: of the seconds, those in which it wanted a processor and there was none."""

    def __init__(self, args, code, out, err, seconds, limit, late):
        self.late = late
        self.args, self.code, self.out, self.err, self.seconds, self.limit = args, code, out, err, seconds, limit

    def text(self):
        return self.err.decode(errors="replace")

    def error_lines(self):
        return [line for line in self.text().splitlines() if line.startswith("picket: ")]

    def __str__(self):
        return f"exit {self.code} after {self.seconds:.1f} s, {len(self.out)} bytes out, stderr {self.text()[-400:]!r}"


def run(*command, cwd=ROOT, timeout=120, **environment):
    """Any other program; bytes out, no judgement."""
    return subprocess.run(command, cwd=cwd, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=timeout, check=False)


def released_only(what):
    if os.path.basename(BUILD) != "host":
        raise Skipped(what)


def state_of(process):
    """What a process that hangs is doing."""
    found = []
    for name in ("stat", "wchan", "syscall"):
        with contextlib.suppress(OSError), open(f"/proc/{process}/{name}", encoding="ascii") as f:
            fields = f.read().split()
            found.append(f"{name} " + (f"{fields[2]} {fields[13]} {fields[14]}" if name == "stat" else fields[0]))
    return ", ".join(found) or "gone"


def curl_command(args):
    """The same command for curl, without what it does not have."""
    command, skip = [PICKET, "-sS"], False
    for arg in args:
        if skip:
            skip = False
        elif arg in ("--trace", "--keylog"):
            skip = True
        elif arg != "--report":
            command.append(arg)
    return command


def delayed(task):
    """Seconds for which a task (a folder of /proc) has been ready to run while others had the processor."""
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{task}/schedstat", encoding="ascii") as f:
        return int(f.read().split()[1]) / 1e9
    return 0.0


def follow(child, timeout):
    """What a process prints until its end, and for how long it, or we, were kept from the processor meanwhile, which does
    not count."""
    printed = {child.stdout: bytearray(), child.stderr: bytearray()}
    before, late = delayed("thread-self"), 0.0
    ended, deadline = os.pidfd_open(child.pid), time.monotonic() + timeout
    with selectors.DefaultSelector() as selector:
        selector.register(ended, selectors.EVENT_READ)
        for each in filter(None, printed):
            selector.register(each, selectors.EVENT_READ)
        while selector.get_map():
            late = max(late, delayed(child.pid))  # also when it has ended, until somebody waits for it
            left = deadline + late - time.monotonic()
            if left <= 0:
                os.close(ended)
                raise subprocess.TimeoutExpired(child.args, timeout, stderr=bytes(printed[child.stderr]))
            for key, _ in selector.select(left):
                data = b"" if key.fileobj == ended else os.read(key.fd, 1 << 20)
                if data:
                    printed[key.fileobj] += data
                else:
                    selector.unregister(key.fileobj)
    late = max(late, delayed(child.pid))
    os.close(ended)
    child.wait()
    for each in filter(None, printed):
        each.close()
    return bytes(printed[child.stdout]), bytes(printed[child.stderr]), late + delayed("thread-self") - before


def picket(*args, max_time=10, program=None, prefix=(), env=None, stdout=None):
    """Run picket; --max-time is always given. Every run is held to its deadline, for which the time does not count in which
    others had the processor, and to having no sanitizer report."""
    args = [str(a) for a in args]
    program = program or PICKET
    if "--max-time" in args:
        max_time = float(args[args.index("--max-time") + 1])
    else:
        args = ["--max-time", f"{max_time:g}", *args]
    command = [*prefix, *(curl_command(args) if IS_CURL else [program, *args])]
    start = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE,
                             stderr=subprocess.PIPE, env={**os.environ, **(env or {})}, cwd=folder)
    try:
        out, err, late = follow(child, max_time + 10)
    except subprocess.TimeoutExpired as late:
        seconds, what = time.monotonic() - start, state_of(child.pid)
        child.kill()
        err = late.stderr + child.communicate()[1]
        raise Failed(f"hangs: still running {seconds:.1f} s after the start ({what}); ended "
                     f"{time.monotonic() - start:.1f} s after it; stderr {err[-300:]!r}") from None
    result = Result(args, child.returncode, out or b"", err, time.monotonic() - start, max_time, late)
    if SANITIZER.search(err):
        report = SANITIZER.search(err)
        raise Failed(f"sanitizer report: {err[max(0, report.start() - 120):report.start() + 600]!r}")
    check(result.code not in CRASHES, f"crashed: {result}")
    slack = SLACK * (2 if is_sanitized(program) else 1)
    is_ours = os.path.basename(program) != "curl"  # which a test may compare with, and a busy machine may hold up
    check(result.seconds <= max_time + slack + late or not is_ours,
          f"late: {result.seconds:.2f} s with --max-time {max_time:g}, {late:.2f} s of them without a processor: {result}")
    return result


@functools.cache
def is_sanitized(program=PICKET):
    """Was the program compiled with the address sanitizer? Then its speed and memory say nothing."""
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()


def expect_ok(result, body=None, report=None):
    """It worked, and the body is right. report: a pattern that the --report lines must have."""
    check(result.code == 0, f"should have worked: {result}")
    if body is not None:
        check(result.out == body,
              f"wrong body, {len(result.out)} bytes, not {len(body)}: {result.out[:80]!r}; {result}")
    if report and not IS_CURL:
        check(re.search(report, result.text(), re.I), f"--report lacks {report!r}: {result}")
    return result


def named(result):
    """The names of the errors whose sentence stands in the error line."""
    line = result.error_lines()[0] if result.error_lines() else ""
    return {name for name, sentence in SENTENCES.items() if f": {sentence}" in line}


def few(names):
    """Names for a message: all of them if they are few."""
    names = sorted(names)
    return "/".join(names) if len(names) <= 5 else "/".join(names[:4]) + f"/... ({len(names)})"


def expect_error(result, errors, contains=None, quiet=True):
    """It failed, with one line that has the sentence of one of `errors` and the exit code of that error's class.

    contains: what the line must also say. quiet: nothing else may be on stderr.
    """
    errors = {errors} if isinstance(errors, str) else set(errors)
    check(result.code != 0, f"should have failed ({few(errors)}): {result}")
    if IS_CURL:
        return result
    lines = result.error_lines()
    check(len(lines) == 1, f"not one error line: {result}")
    check(not quiet or result.text().count("\n") == 1, f"more than the error line on stderr: {result}")
    found = named(result)
    check(found & errors, f"named {'/'.join(sorted(found)) or 'nothing'} instead of {few(errors)}: {result}")
    codes = {EXITS[name] for name in found & errors}
    check(result.code in codes, f"exit code {result.code} instead of {sorted(codes)}: {result}")
    if contains:
        check(contains.lower() in lines[0].lower(), f"the line does not say {contains!r}: {result}")
    return result


def expect_either(result, body, errors):
    """Success with exactly the true body, or one of the errors, named properly."""
    if result.code == 0:
        return expect_ok(result, body)
    return expect_error(result, errors)


def version_options(version):
    """The options that allow one TLS version only."""
    return ["--tlsv1.2", "--tls-max", "1.2"] if version == "1.2" else ["--tlsv1.3"]


REPORTED_VERSION = {"1.2": r"TLS ?v?1\.2", "1.3": r"TLS ?v?1\.3"}


def resolve(host, port, address="127.0.0.1"):
    return ["--resolve", f"{host}:{port}:{address}"]


# --- Cases

class Cases:
    """The cases of a test file, run a few at a time: those that mostly wait beside those that compute."""

    def __init__(self):
        self.list = []
        self.servers = {}
        self.lock = threading.Lock()

    def add(self, name, function, *args, waits=False, quick=True, **more):
        self.list.append((name, lambda: function(*args, **more), waits, quick))

    def add_all(self, *functions, prefix=""):
        """Each under its own name."""
        for function in functions:
            self.add(prefix + function.__name__.replace("_", "-"), function)

    def server(self, key, make):
        """A server that several cases share, started when the first one asks."""
        with self.lock:
            slot = self.servers.setdefault(key, {"lock": threading.Lock()})
        with slot["lock"]:
            if "error" in slot:
                raise slot["error"]
            if "server" not in slot:
                try:
                    slot["server"] = make()
                except Exception as error:
                    slot["error"] = error
                    raise
            return slot["server"]


def run_case(case):
    name, function, *_ = case
    start = time.monotonic()
    try:
        function()
        outcome = "ok", ""
    except Skipped as why:
        outcome = "skip", str(why)
    except Failed as why:
        outcome = "not ok", str(why)
    except Exception as why:  # pylint: disable=broad-except
        where = traceback.extract_tb(why.__traceback__)[-1]
        place = f"{os.path.basename(where.filename)}:{where.lineno}"
        outcome = "not ok", f"the test broke: {type(why).__name__}: {why} ({place})"
    return name, *outcome, time.monotonic() - start


def main(cases):
    parser = argparse.ArgumentParser(description="Run the cases of this file.")
    parser.add_argument("--quick", action="store_true", help="every fifth of the generated cases only")
    parser.add_argument("--only", metavar="PATTERN", help="cases whose name matches (shell pattern)")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--jobs", type=int, default=3, help="cases that compute, at a time (default 3)")
    parser.add_argument("--waiting", type=int, default=6, help="cases that mostly wait, at a time (default 6)")
    options = parser.parse_args()
    chosen = [c for i, c in enumerate(cases.list) if not options.only or fnmatch.fnmatch(c[0], options.only)
              if not options.quick or c[3] or i % 5 == 0]
    names = [c[0] for c in cases.list]
    assert len(names) == len(set(names)), f"two cases of one name: {sorted(n for n in names if names.count(n) > 1)[:5]}"
    if options.list:
        print("\n".join(c[0] for c in chosen))
        return 0
    if not os.access(PICKET, os.X_OK):
        print(f"not ok {os.path.basename(sys.argv[0])}: no program to test (PICKET, or build/host/picket)")
        return 1
    start = time.monotonic()
    counts = {"ok": 0, "not ok": 0, "skip": 0}
    durations = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as busy, \
            concurrent.futures.ThreadPoolExecutor(options.waiting) as idle:
        futures = [(idle if c[2] else busy).submit(run_case, c) for c in chosen]
        try:
            for future in concurrent.futures.as_completed(futures):
                name, outcome, why, seconds = future.result()
                counts[outcome] += 1
                durations.append((seconds, name))
                why = " ".join(why.split())
                print(f"{outcome} {name}" + (f": {why}" if why else ""), flush=True)
        except BaseException:
            busy.shutdown(False, cancel_futures=True)
            idle.shutdown(False, cancel_futures=True)
            raise
    slowest = ", ".join(f"{name} {seconds:.1f} s" for seconds, name in sorted(durations, reverse=True)[:5])
    print(f"# {counts['ok']} ok, {counts['not ok']} not ok, {counts['skip']} skipped "
          f"in {time.monotonic() - start:.1f} s; slowest: {slowest}", flush=True)
    return 1 if counts["not ok"] else 0
