#!/usr/bin/python3
"""Prints how much memory HTTPS needs, as 64-bit and as 32-bit code: see ./do size.

Usage: bench/memory.py BUILD_64 BUILD_32      (build folders of bench/CMakeLists.txt)
"""

import math
import os
import re
import subprocess
import sys

import budgets

COLUMNS = ("handshake", "peak", "steady", "stack")
MARGIN = 1.1
BITS = ("64", "32")


def runs(*command):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def command(program):
    """How it is run: 32-bit code in QEMU where the kernel runs none."""
    with open(program, "rb") as file:
        is_32_bits = file.read(5) == b"\x7fELF\x01"
    return ["qemu-i386", program] if is_32_bits and not runs("/lib/ld-linux.so.2", "--version") else [program]


def measure(build):
    """{what: {column: bytes}} in the order in which the program prints it."""
    output = subprocess.run(command(os.path.join(build, "memory")), check=True, stdout=subprocess.PIPE, text=True).stdout
    figures = {}
    for line in output.splitlines():
        what, column, value = line.split("\t")
        figures.setdefault(what, {})[column] = int(value)
    return figures


def code_size(build):
    """Bytes of code and constants of src/."""
    output = subprocess.run(["size", "-t", os.path.join(build, "libcore.a")], check=True, stdout=subprocess.PIPE, text=True)
    return int(output.stdout.splitlines()[-1].split()[0])


def row(name, *cells):
    print(f"{name:42}" + "".join(f"{cell!s:>10}" for cell in cells))


def heading(name, columns):
    print()
    row(name, *(f"{column} {bits}" if column else bits for column in columns for bits in BITS))


def print_connections(both):
    heading("one connection, bytes", COLUMNS)
    for what in both[0]:
        if what.startswith("TLS "):
            row(what, *(figures[what].get(column, "") for column in COLUMNS for figures in both))


def print_arenas(both):
    heading("smallest arena for n connections", ("n=1", "n=2", "n=3"))
    for what in both[0]:
        if what.startswith("arena for "):
            row(what[len("arena for "):], *(figures[what][n] for n in "123" for figures in both))


def rounded(value, step=1024):
    return math.ceil(value / step) * step


def needed(figures):
    """BASE and CONNECTION, so that BASE + n * CONNECTION is enough with the margin."""
    most = [0] + [max(cells[n] for what, cells in figures.items() if what.startswith("arena for ")) for n in "123"]
    connection = rounded(MARGIN * max(most[2] - most[1], most[3] - most[2]))
    base = rounded(max(MARGIN * most[n] - n * connection for n in (1, 2, 3)))
    return base, connection


def print_macros(both):
    names = ("PICKET_ARENA_BASE", "PICKET_ARENA_CONNECTION")
    wanted = [needed(figures) for figures in both]
    heading("include/picket/picket.h", ("has", f"+{MARGIN - 1:.0%}"))
    for i, name in enumerate(names):
        row(name, *(figures[name][""] for figures in both), *(pair[i] for pair in wanted))


def print_sizes(both, builds):
    heading("sizes, bytes", ("",))
    for what in both[0]:
        if re.match("sizeof|client|kept", what):
            row(what, *(figures[what][""] for figures in both))
    row("code of src/ (x86)", *(code_size(build) for build in builds))


def budget_figures(both):
    """What bench/budgets.json has limits for: 32-bit code, bytes beyond an idle client."""
    figures = {}
    for what, cells in both[1].items():
        if "peak" in cells:
            figures[f"heap peak: {what}"] = cells["peak"]
            figures[f"heap steady: {what}"] = cells["steady"]
    return figures


def main():
    builds = sys.argv[1:3]
    if len(builds) != 2:
        sys.exit(__doc__)
    both = [measure(build) for build in builds]
    print_connections(both)
    print_arenas(both)
    print_macros(both)
    print_sizes(both, builds)
    print()
    sys.exit(1 if budgets.check(budget_figures(both), "heap") else 0)


if __name__ == "__main__":
    main()
