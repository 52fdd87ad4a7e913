"""A second opinion on cycles: QEMU says which blocks of instructions a program goes through, and each instruction costs what
Arm's Technical Reference Manual of the Cortex-M0+ says (its instruction set summary), with a memory that never waits and a
multiplier of one cycle. Nothing of the RP2040's emulator is in it.
"""
import collections
import signal
import subprocess
import threading

LIMIT = 300  # seconds
PAIR = 4  # bytes of an instruction of two halfwords


def bits(number):
    return bin(number).count("1")


def cost(half, taken):
    """Cycles of an instruction by its first halfword; taken: the next one was not the one behind it."""
    top = half >> 12
    if half >> 10 == 0x11:  # on high registers
        return 2 if half & 0x0300 == 0x0300 or half & 0x0087 == 0x0087 and half & 0x0100 == 0 else 1
    if half >> 11 == 0x09 or 5 <= top <= 9:  # loads and stores of one
        return 2
    if half & 0xfe00 == 0xb400:  # push
        return 1 + bits(half & 0x1ff)
    if half & 0xfe00 == 0xbc00:  # pop
        return (3 if half & 0x100 else 1) + bits(half & 0x1ff)
    if top == 0xc:  # several
        return 1 + bits(half & 0xff)
    if top == 0xd:
        return 2 if taken else 1
    if top == 0xe:
        return 2
    return 3 if top == 0xf else 1  # bl, msr, dmb


def is_link(half):
    """push {..., lr}, pop {..., pc}: of these the RP2040's emulator counts a cycle less."""
    return half & 0xff00 in (0xb500, 0xbd00)


class Block:
    """Instructions that are executed one after the other."""

    def __init__(self):
        self.halves, self.end = [], 0

    def add(self, address, half, size):
        self.halves.append(half)
        self.end = address + size

    def cycles(self, taken):
        return sum(cost(half, False) for half in self.halves[:-1]) + cost(self.halves[-1], taken)


def follow(lines):
    """The blocks by their addresses, and how often each was followed by which, from one call of board_count to the next."""
    blocks, pairs, block, entry, before, calls = {}, collections.Counter(), None, None, None, 0
    for line in lines:
        if line.startswith(b"Trace"):
            address = int(line.split(b"/", 2)[1], 16)
            if entry is None and line.endswith(b" board_count\n"):
                entry = address
            if address == entry:
                calls += 1
            if calls == 1 and before is not None:
                pairs[before, address] += 1
            before = address if calls == 1 else None
        elif line.startswith(b"IN:"):
            block = Block()
        elif line.startswith(b"0x"):
            address, half, rest = int(line[:10], 16), int(line[13:17], 16), line[18:22]
            if not block.halves:
                blocks[address] = block
            block.add(address, half, PAIR if rest.strip() else PAIR // 2)
    return blocks, pairs


def measure(program):
    """Of the operation in a program for the mps2: cycles, and how many instructions push LR or pop PC."""
    with subprocess.Popen(["qemu-system-arm", "-machine", "mps2-an385", "-kernel", program, "-display", "none", "-monitor",
                           "none", "-serial", "null", "-semihosting", "-d", "in_asm,exec,nochain"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as qemu:
        watch = threading.Timer(LIMIT, qemu.kill)
        watch.start()
        try:
            blocks, pairs = follow(qemu.stderr)
        finally:
            watch.cancel()
    if qemu.returncode:
        raise RuntimeError(f"{program}: QEMU ended with {qemu.returncode} (stopped after {LIMIT} s: {-signal.SIGKILL})")
    if not pairs:
        raise RuntimeError(f"{program}: QEMU did not tell the way of the operation")
    cycles = sum(n * blocks[one].cycles(other != blocks[one].end) for (one, other), n in pairs.items())
    return cycles, sum(n * sum(map(is_link, blocks[one].halves)) for (one, _), n in pairs.items())
