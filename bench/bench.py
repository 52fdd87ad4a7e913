#!/usr/bin/python3
"""Counts the cycles of TLS handshakes and bodies on an emulated RP2040, Picket's beside those of lwIP's own TLS layer: see
./do bench and docs/BENCH.md.
"""
import argparse
import concurrent.futures
import importlib.machinery
import importlib.util
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))

# pylint: disable=wrong-import-position
from support import certs, harness, servers, tlspeer  # noqa: E402

sys.dont_write_bytecode = True

PICKET, RIVAL, RELEASE = "Picket", "altcp_tls", "altcp_tls -O3"
BUILD = os.environ.get("PICKET_BUILD") or os.path.join(ROOT, "build", "pico")
BEARSSL, WOLFSSL = "BearSSL", "wolfSSL"  # of --crypto
PROGRAMS = {PICKET: "bench", RIVAL: "rival", RELEASE: "rival_o3", BEARSSL: "rival_bearssl", WOLFSSL: "rival_wolfssl"}
HOST, COMPUTER = "example.test", "10.0.2.2"
CHAINS = {"p256": "P-256", "p384-above-p256": "P-384, P-256 leaf", "p384": "P-384", "rsa2048": "RSA-2048"}
VERSIONS = ("1.3", "1.2")
LARGE = 100_000
HERTZ = 125e6
LIMIT = 180  # seconds of this computer's for one boot
SUITES = {
    0x1301: "AES-128-GCM", 0x1302: "AES-256-GCM", 0x1303: "ChaCha20-Poly1305", 0xcca8: "ChaCha20-Poly1305",
    0xcca9: "ChaCha20-Poly1305", 0xc02b: "AES-128-GCM", 0xc02c: "AES-256-GCM", 0xc02f: "AES-128-GCM",
    0xc030: "AES-256-GCM", 0xc024: "AES-256-CBC", 0xc0ac: "AES-128-CCM", 0xc0ad: "AES-256-CCM",
}


class Bad(Exception):
    """What the user is told."""


def tool(name):
    """A program of tools/ as a module."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


demo_page = tool("demo-page")
link = tool("demo").Pico.link
pki = certs.Pki(harness.folder)


# --- Running a program

def start(program, report, *lines):
    """A run of it with these lines in its page, over: its exit code and what it said."""
    image = harness.unique("bench.elf")
    demo_page.write(os.path.join(BUILD, f"{program}.elf"), image, [f"address={COMPUTER}", "timeout=60", *lines])
    done = subprocess.run(["node", f"{ROOT}/tools/rp2040/run.js", image, "--link", link(), "--timeout", str(LIMIT),
                           "--report", report], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode("latin-1")


def boot(program, chain, port, target, repeat):
    """The figures of each connection, and for each the cycles that the emulator counted."""
    report = harness.unique("report.json")
    failed, said = start(program, report, f"url=https://{HOST}:{port}{target}", "time=@now", f"repeat={repeat}",
                         f"ca={chain.root_path}")
    if failed:
        raise Bad(f"{program}, {chain.label}: {said.strip()[-300:]}")
    with open(report, encoding="utf-8") as file:
        return parse(json.load(file))


def parse(report):
    if report["lost"]:
        raise Bad(f"{report['lost']} bytes were lost on the line")
    found, began, ended = [], None, None
    for line, cycles in report["lines"]:
        if line == "picket: start":
            began = cycles
        elif line == "picket: end":
            ended = cycles
        elif line.startswith("picket: figures "):
            pairs = re.findall(r"(\w+)=(\w+)", line)
            figures = {name: int(value, 16 if name in ("version", "suite") else 10) for name, value in pairs}
            if "version" in figures:
                found.append({"emulator": ended - began})
            found[-1].update(figures)
    return found


# --- What is measured

class Case:
    """A handshake: who, which version, which chain. After a run: the figures of two connections, the second of which
    offers to resume."""

    full = second = None

    def __init__(self, who, version, kind):
        self.who, self.version, self.kind = who, version, kind

    def key(self):
        return self.who, self.version, self.kind

    def run(self):
        chain = pki.chain(self.kind)
        with server(chain, self.version) as running:
            each = boot(PROGRAMS[self.who], chain, running.port, "/small", 2)
        self.check(each)
        self.full, self.second = each
        return self

    def check(self, each):
        version = {"1.2": 0x303, "1.3": 0x304}[self.version]
        for figures in each:
            if (figures["version"] != version or figures["received"] != len(SMALL) or
                    SUITES.get(figures["suite"]) != "ChaCha20-Poly1305"):
                raise Bad(f"{self.who}, TLS {self.version}, {self.kind}: not what was asked for: {figures}")
        if each[0]["resumed"]:
            raise Bad(f"{self.who}: the first handshake was a resumed one")


def forged(_, message):
    """Its last byte is the signature's."""
    return message[:-1] + bytes([message[-1] ^ 1])


class Refusal:
    """A server that is not to be believed: the program must say why it failed, by its library's number, and have read nothing."""

    # What each says. altcp_tls closes without a word: that the server was reached is all that is to be seen (ERR_CLSD).
    SAYS = {
        "an unknown root": {PICKET: "unknown issuer.*", BEARSSL: "62", WOLFSSL: "-188"},
        "another's name": {PICKET: "another host name", BEARSSL: "56", WOLFSSL: "-322"},
        "an expired certificate": {PICKET: "expired", BEARSSL: "54", WOLFSSL: "-151"},
        "a forged certificate": {PICKET: "unknown issuer.*", BEARSSL: "52", WOLFSSL: "-155"},
        "a forged handshake": {PICKET: "signature does not match.*", BEARSSL: "27", WOLFSSL: "-330"},
    }
    CHAINS = {"an expired certificate": "expired-leaf", "a forged certificate": "corrupt-leaf"}

    def __init__(self, who, version, what):
        self.who, self.version, self.what = who, version, what

    def server(self, chain):
        if self.what != "a forged handshake":
            return server(chain, self.version)
        return tlspeer.TlsPeer(chain, self.version, {"verify" if self.version == "1.3" else "exchange": forged})

    def run(self):
        chain = pki.chain(self.CHAINS.get(self.what, "p256"))
        root = pki.chain("p384").root_path if self.what == "an unknown root" else chain.root_path
        host = f"other.{HOST}" if self.what == "another's name" else HOST
        with self.server(chain) as running:
            failed, said = start(PROGRAMS[self.who], harness.unique("report.json"),
                                 f"url=https://{host}:{running.port}/small", "time=@now", f"ca={root}")
        says = self.SAYS.get(self.what, {}).get(self.who, "-15")
        if failed != 1 or not re.search(rf"^picket: error .* {says}\r?$", said, re.M) or " received=0 " not in said:
            raise Bad(f"{self.who}, TLS {self.version}, does not refuse {self.what}: {said.strip()[-300:]}")
        return self


class Body:
    """A body of LARGE bytes. suite: the only one of the server's, or None."""

    figures = None

    def __init__(self, who, version, suite=None):
        self.who, self.version, self.suite = who, version, suite

    def run(self):
        chain = pki.chain("p256")
        with server(chain, self.version, self.suite) as running:
            self.figures, = boot(PROGRAMS[self.who], chain, running.port, "/large", 1)
        if self.figures["received"] != LARGE:
            raise Bad(f"{self.who}: a body of {self.figures['received']} bytes")
        return self


SMALL = b"0123456789abcdef"


def server(chain, version, suite=None):
    """The same for all: X25519 for the key exchange, the client's choice of suite, and nothing else than what is asked for."""
    lines = "ssl_ecdh_curve X25519; ssl_session_tickets on; ssl_session_cache shared:bench:1m;"
    if suite and version == "1.3":
        lines += f" ssl_conf_command Ciphersuites {suite};"
    elif suite:
        lines += f" ssl_ciphers {suite};"
    return servers.nginx(chain, version, lines)


def make_site():
    servers.site()
    harness.path("site/small", SMALL)
    harness.path("site/large", os.urandom(LARGE))


def cases(quick):
    kinds = ["p256"] if quick else list(CHAINS)
    versions = ["1.3"] if quick else VERSIONS
    chosen = [Case(who, version, kind) for version in versions for kind in kinds for who in (PICKET, RIVAL)]
    return chosen if quick else chosen + [Case(RELEASE, "1.3", "p256")]


def repeats():
    """What is run once more, to see how far two runs differ."""
    return [Case(who, "1.3", "p256") for who in (PICKET, RIVAL)]


def bodies(quick):
    if quick:
        return [Body(who, "1.3") for who in (PICKET, RIVAL)]
    return [Body(who, "1.3", suite) for suite in (None, "TLS_AES_128_GCM_SHA256") for who in (PICKET, RIVAL, RELEASE)]


def run_all(all_of_them, jobs):
    done = 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(each.run) for each in all_of_them]
        for future in concurrent.futures.as_completed(futures):
            future.result()
            done += 1
            if sys.stderr.isatty():
                print(f"bench: {done} of {len(futures)} boots", end="\r" if done < len(futures) else "\n", file=sys.stderr,
                      flush=True)


# --- Tables: a heading, then rows of text

def milliseconds(cycles):
    return f"{cycles / HERTZ * 1e3:.0f}"


def mega(cycles):
    return f"{cycles / 1e6:.1f}"


PARTS = ("hello", "secret", "chain", "signature", "finish", "between")


def handshake_row(case, figures, first):
    what = "full" if first else "resumed" if figures["resumed"] else "not resumed"
    return [f"TLS {case.version}", CHAINS[case.kind], what, case.who] + [mega(figures[part]) for part in PARTS] + [
        mega(figures["handshake"]), milliseconds(figures["handshake"]), milliseconds(figures["longest"])]


def handshakes(chosen):
    rows = [["", "chain", "", "", *PARTS, "total", "ms", "longest ms"]]
    for version, kind in dict.fromkeys((c.version, c.kind) for c in chosen):
        some = [c for c in chosen if (c.version, c.kind) == (version, kind)]
        rows += [handshake_row(c, c.full, True) for c in some] + [handshake_row(c, c.second, False) for c in some]
    return "Handshakes, million cycles", rows


def who_ran(chosen):
    return list(dict.fromkeys(c.who for c in chosen))


def body_table(chosen):
    rows = [["", "suite", *who_ran(chosen)]]
    for suite in dict.fromkeys(b.suite for b in chosen):
        some = [b for b in chosen if b.suite == suite]
        names = dict.fromkeys(SUITES.get(b.figures["suite"], f"{b.figures['suite']:04x}") for b in some)
        rows.append([f"TLS {some[0].version}{'' if suite else ', by default'}", " / ".join(names),
                     *(f"{b.figures['body'] / LARGE:.0f}" for b in some)])
    return f"A body of {LARGE // 1000} kB, cycles a byte", rows


def flash(who):
    """Bytes of flash, less the page."""
    path = os.path.join(BUILD, f"{PROGRAMS[who]}.elf")
    out = subprocess.run(["arm-none-eabi-size", path], check=True, stdout=subprocess.PIPE, text=True).stdout
    text, data, *_ = (int(n) for n in out.splitlines()[1].split()[:3])
    return text + data - demo_page.SIZE


def most(chosen, who, *names):
    """The sum of some figures, the highest."""
    found = [sum(f[name] for name in names) for c in chosen if c.who == who for f in (c.full, c.second)]
    return str(max(found)) if found else "-"


def heap(chosen, who):
    """Less what of it is the stack."""
    found = [f["heap"] - f["stack_size"] for c in chosen if c.who == who for f in (c.full, c.second)]
    return str(max(found)) if found else "-"


def memory_table(chosen):
    who = who_ran(chosen)
    rows = [["bytes", *who], ["flash, the whole program", *(str(flash(w)) for w in who)]]
    for version, kind in dict.fromkeys((c.version, c.kind) for c in chosen):
        some = [c for c in chosen if (c.version, c.kind) == (version, kind)]
        rows.append([f"heap peak, TLS {version}, {CHAINS[kind]}", *(heap(some, w) for w in who)])
    rows.append(["stack peak, main's and TLS's together", *(most(chosen, w, "stack", "main_stack") for w in who)])
    rows.append(["reserved in the arena for TLS's stack", *(most(chosen, w, "stack_size") for w in who)])
    return "Memory", rows


def text_table(title, rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    numeric = [all(re.fullmatch(r"[-\d.]*", row[i]) for row in rows[1:]) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(w) if n else cell.ljust(w) for cell, w, n in zip(row, widths, numeric)).rstrip()
             for row in rows]
    return "\n".join(["", title, ""] + lines)


def markdown_table(title, rows):
    numeric = [all(re.fullmatch(r"[-\d.]*", row[i]) for row in rows[1:]) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("---:" if n else "---" for n in numeric) + "|")
    return "\n".join(["", f"### {title}", ""] + lines)


def disagreement(chosen, large):
    """The most by which board and emulator differ."""
    figures = [f for c in chosen for f in (c.full, c.second)] + [b.figures for b in large]
    return max(abs(f["busy"] / f["emulator"] - 1) for f in figures)


def difference(chosen, again):
    """The most by which the handshakes of two runs differ."""
    first = {c.key(): c for c in chosen}
    return max(abs(a["handshake"] / b["handshake"] - 1) for c in again
               for a, b in ((c.full, first[c.key()].full), (c.second, first[c.key()].second)))


def main():
    if "--crypto" in sys.argv[1:]:  # each operation alone
        os.execv(sys.executable, [sys.executable, os.path.join(ROOT, "bench", "crypto", "crypto.py"), *sys.argv[1:]])
    parser = argparse.ArgumentParser(prog="./do bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="TLS 1.3 with a P-256 chain only")
    parser.add_argument("--crypto", action="store_true", help="handshakes and each operation, beside Mbed TLS, BearSSL and wolfSSL; --crypto --help")
    parser.add_argument("--markdown", action="store_true", help="tables for docs/BENCH.md")
    parser.add_argument("--json", metavar="FILE", help="all figures, for comparing runs")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="programs that run at a time (2)")
    options = parser.parse_args()
    began = time.monotonic()
    make_site()
    chosen, large, again = cases(options.quick), bodies(options.quick), repeats()
    everything = chosen + large + again
    try:
        run_all(everything, options.jobs)
    except Bad as error:
        sys.exit(f"bench: {error}")
    table = markdown_table if options.markdown else text_table
    for title, rows in (handshakes(chosen), body_table(large), memory_table(chosen)):
        print(table(title, rows))
    print(f"\nBoard and emulator differ by {disagreement(chosen, large):.2%} at the most, and a second run of a handshake "
          f"from the first by {difference(chosen, again):.2%}. {len(everything)} boots in {time.monotonic() - began:.0f} s.")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump([vars(each) for each in everything], file, indent=1)


if __name__ == "__main__":
    main()
