#!/usr/bin/python3
"""Counts the cycles of whole handshakes and of each cryptographic operation on an emulated RP2040, Picket's beside those of Mbed
TLS (in handshakes, lwIP's own TLS layer over it), BearSSL and wolfSSL, with flash, stack and other memory of each, and draws them
as a picture: see docs/BENCH.md.
"""
import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

# pylint: disable=wrong-import-position
import bench  # noqa: E402
import model  # noqa: E402
import picture  # noqa: E402
from support import harness  # noqa: E402

sys.dont_write_bytecode = True

PROGRAMS = os.path.join(bench.BUILD, "crypto")
NAMES = {"picket": "Picket", "mbedtls": "Mbed TLS", "bearssl": "BearSSL", "wolfssl": "wolfSSL"}
RECORD = 16384
KEYS = {
    "x25519_public": "X25519, key pair", "x25519_shared": "X25519, shared secret", "p256_public": "P-256, key pair",
    "p256_shared": "P-256, shared secret", "p256_verify": "ECDSA P-256, verify", "p384_verify": "ECDSA P-384, verify",
    "rsa2048_verify": "RSA-2048, verify", "rsa3072_verify": "RSA-3072, verify", "rsa4096_verify": "RSA-4096, verify",
}
BYTES = {
    "chacha20_poly1305": "ChaCha20-Poly1305", "chacha20_poly1305_aligned": "ChaCha20-Poly1305, at a word",
    "aes_128_gcm": "AES-128-GCM", "aes_128_gcm_aligned": "AES-128-GCM, at a word", "sha256": "SHA-256",
    "sha256_aligned": "SHA-256, at a word",
}
OPERATIONS = {**KEYS, **BYTES}
WHO = {bench.PICKET: "picket", bench.RIVAL: "mbedtls", bench.BEARSSL: "bearssl", bench.WOLFSSL: "wolfssl"}  # makes handshakes
ONLY_1_2 = {bench.BEARSSL}
NOT_RESUMED = {(bench.RIVAL, "1.3")}
HANDSHAKES = (("1.3", "p256"), ("1.3", "p384-above-p256"), ("1.3", "p384"), ("1.3", "rsa2048"), ("1.2", "p256"),
              ("1.2", "p384-above-p256"), ("1.2", "rsa2048"))
RESUMED = "p256"  # of this chain the second connection too
RECORDED = os.path.join(HERE, "recorded.json")
PICTURE, PAGE = (os.path.join(bench.ROOT, "docs", name) for name in ("bench.svg", "BENCH.md"))
BEGIN, END = "<!-- begin: ./do bench --crypto --record -->\n", "<!-- end -->"
MODEL_LIMIT = 16e6  # instructions: QEMU tells a program's way at 2 million a second
PER_COUNT = 40  # instructions of QEMU's, of 1 ns each, for one of the mps2's SysTick, of 25 MHz


# --- Running a program

def on_rp2040(program):
    """What it printed, and cycles and instructions from the begin to the end of the operation, as the emulator counts."""
    report = harness.unique("report.json")
    done = subprocess.run(["node", f"{bench.ROOT}/tools/rp2040/run.js", f"{PROGRAMS}/rp2040/{program}.elf", "--report", report],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        wrong = "picket: exit 1" in done.stdout
        raise bench.Bad(f"{program}: {'a wrong result' if wrong else done.stdout.strip()[-300:]}")
    with open(report, encoding="utf-8") as file:
        said = json.load(file)
    at = {line: i for i, (line, _) in enumerate(said["lines"])}
    begin, end = at["picket: begin"], at["picket: end"]
    return (figures(done.stdout), said["lines"][end][1] - said["lines"][begin][1],
            said["instructions"][end] - said["instructions"][begin])


def figures(text):
    line = re.search(r"^picket: figures (.*)$", text, re.M)
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line[1])}


def in_qemu(program):
    """Instructions, or None without QEMU."""
    try:
        done = subprocess.run(["qemu-system-arm", "-machine", "mps2-an385", "-kernel", f"{PROGRAMS}/mps2/{program}.elf",
                               "-display", "none", "-monitor", "none", "-serial", "stdio", "-semihosting",
                               "-icount", "shift=0,align=off,sleep=off"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=bench.LIMIT)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        raise bench.Bad(f"{program} in QEMU did not end within {bench.LIMIT} s") from None
    if done.returncode:
        raise bench.Bad(f"{program} in QEMU: {done.stdout.strip()[-300:]}")
    return PER_COUNT * figures(done.stdout)["count"]


def sections(program):
    """Bytes of flash and of memory that are the library's or the C library's, not the harness's."""
    out = subprocess.run(["arm-none-eabi-size", "-A", f"{PROGRAMS}/rp2040/{program}.elf"], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    size = dict.fromkeys((".text", ".ARM.exidx", ".data", ".bss"), 0)
    size.update({name: int(n) for name, n in re.findall(r"^(\.\S+)\s+(\d+)", out, re.M)})
    return size[".text"] + size[".ARM.exidx"] + size[".data"], size[".data"] + size[".bss"]


class Nothing:
    """The program that does nothing: what of the others' is the harness's."""

    def __init__(self):
        _, self.cycles, self.instructions = on_rp2040("empty-nothing")
        self.flash, self.static = sections("empty-nothing")


def by_manual(program, instructions):
    """Cycles, and how many of them the RP2040's emulator does not count; or None: without QEMU, or of long ones."""
    if not instructions or instructions > MODEL_LIMIT:
        return {"manual": None, "links": None}
    try:
        cycles, links = model.measure(f"{PROGRAMS}/mps2/{program}.elf")
    except RuntimeError as error:
        raise bench.Bad(str(error)) from None
    return {"manual": cycles, "links": links}


def measure(peer, operation, nothing):
    program = f"{peer}-{operation}"
    said, cycles, instructions = on_rp2040(program)
    flash, static = sections(program)
    qemu = in_qemu(program)
    return {"cycles": said["count"], "emulator": cycles - nothing.cycles, "instructions": instructions - nothing.instructions,
            "qemu": qemu, **by_manual(program, qemu), "stack": said["stack"], "heap": said["heap"],
            "flash": flash - nothing.flash, "static": static - nothing.static}


def peers():
    """Which libraries there are, and what each is."""
    with open(f"{PROGRAMS}/peers", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(" ", 1) for line in file)


def measure_all(found, jobs):
    nothing = Nothing()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(measure, peer, operation, nothing): (peer, operation)
                   for peer in NAMES if peer in found for operation in OPERATIONS}
        results = {}
        for future in concurrent.futures.as_completed(futures):
            peer, operation = futures[future]
            results.setdefault(peer, {})[operation] = future.result()
            if sys.stderr.isatty():
                done = sum(map(len, results.values()))
                print(f"bench: {done} of {len(futures)} operations", end="\r" if done < len(futures) else "\n",
                      file=sys.stderr, flush=True)
    return results


def of_chain(version, kind):
    """A handshake's name: TLS 1.3, P-384 chain, P-256 leaf."""
    above, *leaf = bench.CHAINS[kind].split(", ")
    return ", ".join([f"TLS {version}", f"{above} chain", *leaf])


def who_makes(version, found):
    """Who has this version, and a program."""
    return [who for who, peer in WHO.items() if peer in found and (version == "1.2" or who not in ONLY_1_2)]


def handshakes(found, jobs):
    """Whole handshakes, of programs that have been seen to refuse whom they must."""
    bench.make_site()
    bench.run_all([bench.Refusal(who, version, what) for version in bench.VERSIONS for who in who_makes(version, found)
                   for what in bench.Refusal.SAYS], jobs)
    cases = [bench.Case(who, version, kind) for version, kind in HANDSHAKES for who in who_makes(version, found)]
    bench.run_all(cases, jobs)
    return [entry(of_chain(c.version, c.kind), c, c.full) for c in cases] + [
        entry(f"TLS {c.version}, resumed", c, c.second) for c in cases if c.kind == RESUMED and is_resumed(c)]


def is_resumed(case):
    """Whether the second connection was, which all but one of them can."""
    if case.second["resumed"] == (case.key()[:2] in NOT_RESUMED):
        raise bench.Bad(f"{case.who}, TLS {case.version}: resumed: {case.second['resumed']}")
    return case.second["resumed"]


def entry(what, case, figures):
    """Of both connections of the case the highest peaks."""
    both = (case.full, case.second)
    return {"what": what, "who": case.who, "cycles": figures["handshake"], "longest": figures["longest"],
            "heap": max(f["heap"] - f["stack_size"] for f in both), "stack": max(f["stack"] + f["main_stack"] for f in both)}


# What of a program is the TLS library's: files in these.
LIBRARIES = {
    bench.PICKET: r"lib(picket\w*|mbedtls|llhttp)\.a", bench.RIVAL: r"librival_mbedtls\.a|altcp_tls_mbedtls\w*\.c",
    bench.BEARSSL: r"libcrypto_bearssl_library\.a", bench.WOLFSSL: r"libcrypto_wolfssl_\w+\.a",
}


def static(who):
    """Bytes of memory that the library has for itself, by the linker's map."""
    with open(os.path.join(bench.BUILD, f"{bench.PROGRAMS[who]}.elf.map"), encoding="utf-8") as file:
        found = re.findall(r"^ \.(?:data|bss|time_critical|scratch_[xy])\S*\s+0x(20\w+)\s+(0x\w+) (.*)$", file.read(), re.M)
    return sum(int(size, 16) for _, size, path in found if re.search(LIBRARIES[who], path))


def programs(found):
    return {who: {"flash": bench.flash(who), "static": static(who)} for who, peer in WHO.items() if peer in found}


# --- Tables

def in_order(results):
    """The libraries measured, always in the same order."""
    return [(peer, results["operations"][peer]) for peer in NAMES if peer in results["operations"]]


def cells(results, row):
    """Of each library that is, or would be, in the table."""
    return [row(results["operations"][peer]) if peer in results["operations"] else "-" for peer in NAMES]


def table(results, title, operations, row):
    rows = [["", *NAMES.values()]]
    rows += [[name, *cells(results, lambda each, o=operation: row(each[o]))] for operation, name in operations.items()]
    return title, rows


def millions(figure):
    return lambda each: f"{each[figure] / 1e6:.2f}" if each[figure] is not None else "-"


def tables(results):
    return [
        table(results, "Public keys, million cycles", KEYS, millions("cycles")),
        table(results, "A record of 16 kB, cycles a byte", BYTES, lambda each: f"{each['cycles'] / RECORD:.1f}"),
        table(results, "Flash, bytes", OPERATIONS, lambda each: str(each["flash"])),
        table(results, "Stack, bytes", OPERATIONS, lambda each: str(each["stack"])),
        table(results, "Other memory, bytes: the heap's peak, and what is static", OPERATIONS,
              lambda each: str(each["heap"] + each["static"])),
        table(results, "Instructions, millions, as QEMU counts them", OPERATIONS, millions("qemu")),
    ]


def notes(results):
    """What is there to say beneath the tables."""
    all_of_them = [each for operations in results["operations"].values() for each in operations.values()]
    lines = [f"{NAMES[peer]}: {what}" for peer, what in results["peers"].items()]
    lines += [f"{NAMES[peer]}: not measured, there is no source ({peer.upper()}_DIR, or Debian's source package {peer})"
              for peer in NAMES if peer not in results["operations"]]
    ratios = [each["cycles"] / each["instructions"] for each in all_of_them]
    lines.append(f"The board's cycles and the emulator's differ by {apart(all_of_them, 'cycles', 'emulator'):.3%} at the most. An "
                 f"instruction takes {min(ratios):.2f} to {max(ratios):.2f} cycles.")
    if any(each["qemu"] for each in all_of_them):
        lines.append(f"The instructions that the two emulators count differ by {apart(all_of_them, 'instructions', 'qemu'):.3%} "
                     "at the most.")
    return lines + manual_notes([each for each in all_of_them if each["manual"]])


def manual_notes(some):
    if not some:
        return []
    same = [{"cycles": each["cycles"] + each["links"], "manual": each["manual"]} for each in some]
    return [f"By the way that QEMU goes and Arm's manual, {len(some)} programs, all of fewer than {MODEL_LIMIT / 1e6:.0f} million "
            f"instructions, take up to {apart(some, 'manual', 'cycles'):.2%} more cycles. That is one for each PUSH of LR and each "
            f"POP of PC, which the RP2040's emulator does not count: but for these, the two differ by "
            f"{apart(same, 'cycles', 'manual'):.3%} at the most."]


def apart(all_of_them, one, other):
    return max(abs(each[one] / each[other] - 1) for each in all_of_them if each[other])


def handshake_tables(results):
    """Of all that are measured; nothing in a column of one that cannot be had."""
    of = {(h["what"], h["who"]): h for h in results["handshakes"]}

    def table_of(title, row):
        whats = dict.fromkeys(what for what, _ in of)
        return title, [["", *WHO], *([what, *(row(of[what, who]) if (what, who) in of else "-" for who in WHO)] for what in whats)]

    def memory(name, number):
        return [name, *(str(number(who)) if who in results["programs"] else "-" for who in WHO)]

    def most(figure):
        return lambda who: max(h[figure] for (_, w), h in of.items() if w == who)
    return [
        table_of("Whole handshakes, million cycles", lambda h: bench.mega(h["cycles"])),
        table_of("The longest time in them for which lwIP was not served, ms", lambda h: bench.milliseconds(h["longest"])),
        ("Memory of these programs, bytes", [
            ["", *WHO], memory("flash, the whole program", lambda who: results["programs"][who]["flash"]),
            memory("heap, the highest peak", most("heap")), memory("stack, the highest peak", most("stack")),
            memory("static memory of the TLS library", lambda who: results["programs"][who]["static"])]),
    ]


def text(results, markdown):
    layout = bench.markdown_table if markdown else bench.text_table
    lines = [layout(title, rows) for title, rows in [*handshake_tables(results), *tables(results)]]
    return "\n".join([*lines, "", *(f"- {line}" if markdown else line for line in notes(results)), ""])


# --- The picture

def groups(results):
    """What picture.draw draws, in two columns."""
    def bars(operation, number):
        return [(NAMES[peer], number(operations[operation])) for peer, operations in in_order(results)]

    def of_key(operation):
        return picture.Group(KEYS[operation], "ms", bars(operation, lambda each: each["cycles"] / bench.HERTZ * 1e3))

    def of_bytes(operation):
        return picture.Group(BYTES[operation], "", bars(operation, lambda each: each["cycles"] / RECORD))

    def of_handshake(what):
        return picture.Group(what, "ms", [(h["who"], h["cycles"] / bench.HERTZ * 1e3) for h in results["handshakes"]
                                          if h["what"] == what])

    keys = list(KEYS)
    return [
        [picture.Section("Whole handshakes", [of_handshake(w) for w in dict.fromkeys(
            h["what"] for h in results["handshakes"])]),
         picture.Section("X25519", [of_key(o) for o in keys[:2]])],
        [picture.Section("P-256 and P-384", [of_key(o) for o in keys[2:6]]),
         picture.Section("RSA", [of_key(o) for o in keys[6:]]),
         picture.Section("Records of 16 kB, cycles a byte", [of_bytes(o) for o in BYTES if not o.endswith("_aligned")])],
    ]


def draw(results):
    return picture.draw("Cryptography on an emulated RP2040 at 125 MHz",
                        "Shorter is better; each group has a scale of its own. altcp_tls: lwIP's own TLS layer, on Mbed TLS.",
                        groups(results))


def record(results):
    """JSON, a line for each operation."""
    operations = ",\n".join(f'"{peer}": {{\n' + ",\n".join(f'"{name}": {json.dumps(each)}' for name, each in sorted(
        them.items(), key=lambda item: list(OPERATIONS).index(item[0]))) + "}" for peer, them in in_order(results))
    cases = ",\n".join(map(json.dumps, results["handshakes"]))
    return (f'{{"peers": {json.dumps(results["peers"])},\n"operations": {{{operations}}},\n"handshakes": [\n{cases}],\n'
            f'"programs": {json.dumps(results["programs"])}}}\n')


def write(path, content):
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def write_record(results):
    """What the tests compare with each other."""
    write(RECORDED, record(results))
    write(PICTURE, draw(results))
    with open(PAGE, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    write(PAGE, before + BEGIN + text(results, True) + "\n" + END + rest.partition(END)[2])


def main():
    parser = argparse.ArgumentParser(prog="./do bench --crypto", description=__doc__)
    parser.add_argument("--crypto", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--markdown", action="store_true", help="tables as Markdown")
    parser.add_argument("--picture", metavar="FILE", help="the picture, SVG")
    parser.add_argument("--json", metavar="FILE", help="all figures")
    parser.add_argument("--record", action="store_true", help="write docs/BENCH.md, docs/bench.svg and bench/crypto/recorded.json")
    parser.add_argument("--from", dest="recorded", metavar="FILE", help="what --json has written, in place of a run")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="programs that run at a time (2)")
    options = parser.parse_args()
    began = time.monotonic()
    if options.recorded:
        with open(options.recorded, encoding="utf-8") as file:
            results = json.load(file)
    else:
        found = peers()
        try:
            results = {"peers": found, "handshakes": handshakes(found, options.jobs), "programs": programs(found),
                       "operations": measure_all(found, options.jobs)}
        except bench.Bad as error:
            sys.exit(f"bench: {error}")
    print(text(results, options.markdown), end="")
    if options.picture:
        write(options.picture, draw(results))
    if options.json:
        write(options.json, record(results))
    if options.record:
        write_record(results)
    print(f"\n{time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
