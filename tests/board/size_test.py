#!/usr/bin/python3
"""What the programs for the boards take, and what a connection takes, held against bench/budgets.json; and what leaves memory as it
is, as 32-bit code.
"""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from memory import command  # noqa: E402  pylint: disable=wrong-import-position

sys.dont_write_bytecode = True


def run(what, *words):
    """Passes on the lines about budgets; True when the command said that all are kept."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=1200)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "not ok "))]
    print("\n".join(lines), flush=True)
    if not lines:
        print(f"not ok {what}: nothing was looked at: {done.stdout.strip()[-300:]!r}")
    return done.returncode == 0 and lines


def main():
    good = run("flash.py", sys.executable, f"{ROOT}/bench/flash.py", f"{ROOT}/build/pico/examples/get/get.elf")
    builds = [f"{ROOT}/build/size{bits}" for bits in (64, 32)]
    if all(os.path.exists(f"{build}/endurance") for build in builds):
        good = run("memory.py", sys.executable, f"{ROOT}/bench/memory.py", *builds) and good
        good = run("endurance", *command(f"{builds[1]}/endurance")) and good
    else:
        print("skip budgets of memory: 32-bit code is measured on x86-64 only")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
