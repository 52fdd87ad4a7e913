#!/usr/bin/python3
"""Prints what the programs for the boards take of flash and RAM, by part, from the linker's maps: see ./do size.

Usage: bench/flash.py ELF...        (each with its map beside it: ELF.map, or NAME.map for NAME.elf)
"""
import collections
import os
import re
import subprocess
import sys

import budgets

PARTS = (("Mbed TLS", "mbedtls"), ("lwIP", "lwip/src|liblwip"), ("llhttp", "llhttp"), ("roots", "picket_trust_web"), ("Picket", "picket_core|picket_lwip|picket_mps2|/port/"),
         ("SDK", "pico-sdk"), ("C library", r"lib[cgm](_nano)?\.a|newlib|libgcc|crt[bein]|libnosys"), ("application", ""))
RAM = 0x20000000


def map_of(elf):
    for name in (elf + ".map", os.path.splitext(elf)[0] + ".map"):
        if os.path.exists(name):
            return name
    raise SystemExit(f"{elf}: there is no map beside it")


def part_of(file):
    return next(name for name, pattern in PARTS if re.search(pattern, file))


def by_part(elf):
    """{part: bytes in flash}, of the sections that the linker kept."""
    with open(map_of(elf), encoding="utf-8") as file:
        text = file.read()
    text = text[text.index("Linker script and memory map"):]
    text = re.sub(r"^( \.\S+)\n +0x", r"\1 0x", text, flags=re.M)
    bytes_of = collections.Counter()
    for name, at, size, file in re.findall(r"^ (\.\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+)$", text, re.M):
        if not name.startswith((".debug", ".bss", ".ARM.attr", ".comment")) and int(at, 16):
            in_ram = int(at, 16) >= RAM
            if not in_ram or name.startswith((".data", ".time_critical")):
                bytes_of[part_of(file)] += int(size, 16)
    return bytes_of


def totals(elf):
    """(bytes of flash, bytes of static RAM): the sections of the file, initialised data in both."""
    output = subprocess.run(["arm-none-eabi-size", "-A", elf], check=True, stdout=subprocess.PIPE, text=True).stdout
    flash = ram = 0
    for line in output.splitlines():
        fields = line.split()
        if len(fields) != 3 or not fields[2].isdigit() or not int(fields[2]):
            continue
        name, size, at = fields[0], int(fields[1]), int(fields[2])
        if at >= RAM and not re.match(r"\.(heap|stack)", name):
            ram += size
        if at < RAM or name in (".data", ".ram_vector_table"):
            flash += size if name != ".ram_vector_table" else 0
    return flash, ram


def name_of(elf):
    parts = os.path.abspath(elf).split(os.sep)
    board = parts[parts.index("build") + 1] if "build" in parts else "?"
    return f"{os.path.splitext(parts[-1])[0]} on {board}" + (", wired" if board in ("pico", "pico2") else "")


def main():
    elves = sys.argv[1:]
    if not elves:
        raise SystemExit(__doc__)
    print(f"{'flash and RAM, bytes':30}" + "".join(f"{part:>12}" for part, _ in PARTS) + f"{'flash':>10}{'RAM':>10}")
    figures = {}
    for elf in elves:
        parts, (flash, ram) = by_part(elf), totals(elf)
        figures[f"flash: {name_of(elf)}"] = flash - parts["roots"]
        if parts["roots"]:
            figures["flash: the web's roots"] = parts["roots"]
        figures[f"static RAM: {name_of(elf)}"] = ram
        print(f"{name_of(elf):30}" + "".join(f"{parts[part]:12}" for part, _ in PARTS) + f"{flash:10}{ram:10}")
    print("\nThe budget of a program's flash is without the roots of the web, which have one of their own.")
    exceeded = budgets.check(figures, "flash") + budgets.check(figures, "static RAM")
    sys.exit(1 if exceeded else 0)


if __name__ == "__main__":
    main()
