#!/usr/bin/python3
"""Runs the tests that were built, and counts them.

A test program prints a line for each test on stdout: "ok NAME", "not ok NAME: why" or "skip NAME: why".
The programs are:

  tools/check-*                        what can be said about the tree without running it
  build/host/tests/*, build/host-asan/tests/*      from tests/unit, tests/wire, tests/port and tests/fuzz
  tests/fuzz/fuzz.py --short           the targets of tests/fuzz with libFuzzer, where that is
  tests/interop/*_test.py              against real servers; once for each build, with PICKET (the
                                       command) and PICKET_BUILD (its build folder) in the environment
  tests/board/pico_build_test.py       what is compiled for the pico-sdk and cannot run here
  tests/board/tutorial_build_test.py   what docs/TUTORIAL.md shows for the Pico W
  tests/board/bench_test.py            the benchmark's program, once
  tests/board/BOARD_test.py            on emulated boards; once for each, with PICKET (the demo), PICKET_BUILD
                                       and PICKET_BOARD in the environment

Usage: tests/run.py [FILTER...]   only programs whose name contains one of them

A program that crashes, ends with another exit code than 0 without having said "not ok", prints no test, or takes
too long counts as a failure. The last line is the count alone; the exit code is 0 when nothing failed.
"""

import argparse
import concurrent.futures
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILDS = ("host", "host-asan")
# Also with what boards have of Mbed TLS, build/host-lean; with --long these as well.
LEAN = ("chain", "curl", "hostile_http", "hostile_stream", "hostile_tls", "identity", "interop", "keep", "limbo", "login", "pin",
        "proxy", "range", "redirect", "review", "roots", "session")
LEAN_LONG = ("altcp", "dns", "ota", "readme", "sntp", "tutorial")
BOARDS = {"mps2-an385": "mps2", "mps2-an505": "mps2", "pico": "pico"}  # build folder, and whose tests
LINE = re.compile(r"(ok|not ok|skip) (.*)")
OUTPUT_SHOWN = 20000


class Program:
    def __init__(self, name, command, environment=None, is_check=False, compiles=False):
        self.name = name
        self.command = command
        self.environment = environment or {}
        self.is_check = is_check  # its exit code is a result if it prints no test line
        self.compiles = compiles  # whole programs, many times: how long that takes says nothing of them
        self.passed = []
        self.failed = []
        self.skipped = []
        self.output = ""
        self.seconds = 0.0

    def run(self, timeout):
        timeout *= 2 if self.compiles else 1
        started = time.monotonic()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            # Files, not pipes: a server that a test leaves behind must not keep us waiting.
            process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = None
            try:
                os.killpg(process.pid, signal.SIGKILL)  # it, or what it left behind
            except (ProcessLookupError, PermissionError):
                pass
            process.wait()
            out.seek(0)
            err.seek(0)
            stdout = out.read().decode("utf-8", "replace")
            stderr = err.read().decode("utf-8", "replace")
        self.seconds = time.monotonic() - started
        self.output = stdout + stderr
        self.judge(stdout, code, timeout)

    def judge(self, stdout, code, timeout):
        for line in stdout.splitlines():
            match = LINE.fullmatch(line)
            if match:
                result = {"ok": self.passed, "not ok": self.failed, "skip": self.skipped}[match[1]]
                result.append(match[2])
        counted = len(self.passed) + len(self.failed) + len(self.skipped)
        last = f" (the last line before: {stdout.splitlines()[-1]})" if stdout.strip() else ""
        if code is None:
            self.failed.append(f"it did not end within {timeout} s{last}")
        elif code < 0:
            self.failed.append(f"it was ended by {signal.Signals(-code).name}{last}")
        elif self.is_check and counted == 0:
            (self.failed if code else self.passed).append(os.path.basename(self.name))
        elif code not in (0, 1) or (code == 1 and not self.failed):
            self.failed.append(f"it ended with exit code {code}{last}")
        elif counted == 0:
            self.failed.append("it printed no test")

    def report(self):
        counts = f"{len(self.passed)} passed, {len(self.failed)} failed"
        if self.skipped:
            counts += f", {len(self.skipped)} skipped"
        lines = [f"{'FAIL' if self.failed else 'ok  '} {self.name}: {counts} ({self.seconds:.1f} s)"]
        if self.failed:
            lines += [f"     not ok {what}" for what in self.failed]
            output = self.output
            if len(output) > OUTPUT_SHOWN:
                half = OUTPUT_SHOWN // 2
                output = output[:half] + "\n[...]\n" + output[-half:]
            lines += ["     output:"] + [f"     | {line}" for line in output.splitlines()]
        print("\n".join(lines), flush=True)


def build_environment(build):
    folder = os.path.join(ROOT, "build", build)
    environment = {"PICKET": os.path.join(folder, "picket"), "PICKET_BUILD": folder}
    if build.endswith("-asan"):
        environment["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=1"
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    return environment


def with_thread_sanitizer(program):
    """The sanitizer does not bear every kernel's random addresses; then without them, where that is allowed."""
    for command in ([program], ["setarch", "-R", program]):
        try:
            if subprocess.run([*command, "probe"], stderr=subprocess.DEVNULL, timeout=60, check=False).returncode == 0:
                return command
        except (OSError, subprocess.TimeoutExpired):
            pass
    return ["echo", "skip all: the thread sanitizer does not work with this kernel"]


def find_programs(is_long=False):
    """The longest first: with two at a time that wastes least."""
    programs = []
    builds = [b for b in reversed(BUILDS) if os.path.isdir(os.path.join(ROOT, "build", b))]
    for build in builds:
        for script in sorted(glob.glob(os.path.join(ROOT, "tests", "interop", "*_test.py"))):
            name = os.path.basename(script)[: -len("_test.py")]
            programs.append(
                Program(f"interop/{name} [{build}]", [sys.executable, script], build_environment(build))
            )
    if os.path.isdir(os.path.join(ROOT, "build", "host-lean")):
        for name in LEAN + (LEAN_LONG if is_long else ()):
            script = os.path.join(ROOT, "tests", "interop", f"{name}_test.py")
            programs.append(Program(f"interop/{name} [host-lean]", [sys.executable, script], build_environment("host-lean")))
    for board, kind in BOARDS.items():
        folder = os.path.join(ROOT, "build", board)
        if os.path.isdir(folder):
            environment = {
                "PICKET": os.path.join(folder, "demo.elf"),
                "PICKET_BUILD": folder,
                "PICKET_BOARD": board,
            }
            script = os.path.join(ROOT, "tests", "board", f"{kind}_test.py")
            command = [sys.executable, script, "--jobs", "1", "--waiting", "3"]  # an emulator computes all the time
            programs.append(Program(f"board/{kind} [{board}]", command, environment))
    if os.path.isdir(os.path.join(ROOT, "build", "pico")):
        for name in ("pico_build", "tutorial_build", "size"):
            script = os.path.join(ROOT, "tests", "board", f"{name}_test.py")
            programs.append(Program(f"board/{name}", [sys.executable, script], compiles=name.endswith("_build")))
    if os.path.exists(os.path.join(ROOT, "build", "pico", "bench.elf")):
        programs.append(Program("board/bench", [sys.executable, os.path.join(ROOT, "tests", "board", "bench_test.py")]))
    for build in builds:
        folder = os.path.join(ROOT, "build", build, "tests")
        try:
            with open(os.path.join(folder, "programs.txt"), encoding="utf-8") as names:
                for name in sorted(names.read().split()):
                    source = name.partition("_wnd")[0]  # the same with other TCP windows
                    kind = next(k for k in ("unit", "wire", "port", "fuzz") if os.path.exists(f"{ROOT}/tests/{k}/{source}.c"))
                    programs.append(
                        Program(f"{kind}/{name} [{build}]", [os.path.join(folder, name)], build_environment(build))
                    )
        except FileNotFoundError:
            pass
    fuzz = os.path.join(ROOT, "tests", "fuzz", "fuzz.py")
    programs.append(Program("fuzz/libfuzzer", [sys.executable, fuzz, "--short"]))
    for name in ("threads_test", "altcp_threads_test"):
        races = os.path.join(ROOT, "build", "host-tsan", "tests", name)
        if os.path.exists(races):
            programs.append(Program(f"port/{name} [host-tsan]", with_thread_sanitizer(races),
                                    build_environment("host-tsan")))
    for check in sorted(glob.glob(os.path.join(ROOT, "tools", "check-*"))):
        name = os.path.basename(check)
        programs.append(Program(f"tools/{name}", [check], is_check=True))
    return programs


def main():
    parser = argparse.ArgumentParser(description="runs the tests that were built")
    parser.add_argument("filter", nargs="*", default=[""], help="only programs whose name contains one of these")
    parser.add_argument("--long", action="store_true", help="all of tests/interop on build/host-lean")
    parser.add_argument("--timeout", type=float, default=900, help="seconds a program may take (900); those that compile may take twice as long")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many run at a time")
    options = parser.parse_args()

    programs = [p for p in find_programs(options.long) if any(each in p.name for each in options.filter)]
    if not programs:
        print(f"no test program has '{' or '.join(options.filter)}' in its name", file=sys.stderr)
        print("0 passed, 0 failed")
        return 1

    lock = threading.Lock()

    def run(program):
        try:
            program.run(options.timeout)
        except OSError as error:
            program.failed.append(f"it cannot be started: {error}")
        with lock:
            program.report()

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(run, programs))

    if any(p.skipped for p in programs):
        print("\nskipped:")
        for program in programs:
            for what in program.skipped:
                print(f"  {program.name}: {what}")
    if any(p.failed for p in programs):
        print("\nfailed:")
        for program in programs:
            for what in program.failed:
                print(f"  {program.name}: {what}")

    passed = sum(len(p.passed) for p in programs)
    failed = sum(len(p.failed) for p in programs)
    skipped = sum(len(p.skipped) for p in programs)
    print()
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
