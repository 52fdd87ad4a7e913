#!/usr/bin/python3
"""One configuration of the benchmark (bench/bench.py), so that its figures are known to mean something: TLS 1.3 with a
P-256 chain; and of Picket's operations alone (bench/crypto) one of each kind, with the tables and the picture made of them.
"""
import contextlib
import copy
import json
import os
import re
import shutil
import subprocess
import sys
import types
import xml.etree.ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "bench"), os.path.join(ROOT, "bench", "crypto")]

# pylint: disable=wrong-import-position
import bench  # noqa: E402
import crypto  # noqa: E402
from support import harness  # noqa: E402
from support.harness import Cases, check  # noqa: E402

sys.dont_write_bytecode = True

SECRETS = os.environ.get("PICKET_SECRETS")  # how many keys, numbers and texts, instead of 16
TOLERANCE = 0.03  # between the cycles that the board counts and those of the emulator
cases = Cases()


def missing():
    """What is not here, or None."""
    if not shutil.which("node"):
        return "there is no node"
    if not os.path.isdir(os.path.join(ROOT, "tools", "rp2040", "node_modules", "rp2040js")):
        return "tools/rp2040 is not installed (npm ci)"
    return None if os.path.exists(bench.link()) else f"{bench.link()} is not built"


def handshake():
    case = bench.Case(bench.PICKET, "1.3", "p256").run()
    cycles = case.full["handshake"]
    check(15e6 < cycles < 60e6, f"a handshake of {cycles} cycles")
    check(case.second["resumed"], "the second connection did not resume")
    check(case.second["handshake"] < cycles / 2, f"{case.second['handshake']} cycles resumed, {cycles} in full")
    for figures in (case.full, case.second):
        phases = sum(figures[part] for part in bench.PARTS)
        check(abs(phases - figures["handshake"]) < 1000, f"the phases are {phases} cycles: {figures}")
        check(abs(figures["busy"] / figures["emulator"] - 1) < TOLERANCE, f"the emulator counts otherwise: {figures}")


def constant_time(program, kernels):
    """The kernels that secrets go through take the same number of cycles, and the same way, with all of them."""
    program = os.path.join(bench.BUILD, f"{program}.elf")
    command = ["node", f"{ROOT}/tools/rp2040/run.js", program, "--trace", "--timeout", "36000" if SECRETS else "600"]
    done = subprocess.run([*command, "--scratch", SECRETS or "0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    check(done.returncode == 0, f"{done.stdout[-300:]!r}")
    found = re.findall(r"^picket: kernel (\w+) (\d+) (\d+), (\d+) of (\d+) other ways$", done.stdout, re.M)
    check(len(found) == kernels, f"{done.stdout!r}")
    for name, least, most, others, secrets in found:
        check(secrets in ("1", SECRETS or "16"), f"{name}: {secrets} secrets")
        if name == "branch":
            check(others != "0", "a branch on a secret was not noticed")
            continue
        check(least == most, f"{name}: {least} to {most} cycles")
        check(others == "0", f"{name}: {others} of {secrets} secrets took another way")


# --- Operations alone

def operation(name, least, most):
    """Of so many cycles; two emulators count the same instructions, and the second's by the manual take as many."""
    each = crypto.measure("picket", name, crypto.Nothing())
    check(least < each["cycles"] < most, f"{each}")
    check(abs(each["cycles"] / each["emulator"] - 1) < TOLERANCE, f"the emulator counts otherwise: {each}")
    check(each["qemu"] is not None, "there is no QEMU")
    check(abs(each["qemu"] / each["instructions"] - 1) < TOLERANCE, f"QEMU counts otherwise: {each}")
    counted = each["cycles"] + each["links"]
    check(abs(each["manual"] / counted - 1) < TOLERANCE / 30, f"Arm's manual counts otherwise: {each}")
    check(each["instructions"] < each["cycles"] < 2 * each["instructions"], f"no Cortex-M0+: {each}")
    check(1000 < each["flash"] < 20000 and 100 < each["stack"] < 4000, f"{each}")


def wrong_result():
    try:
        crypto.on_rp2040("empty-wrong")
    except bench.Bad as error:
        check("a wrong result" in str(error), str(error))
    else:
        check(False, "a wrong result is a figure like any other")


def recorded():
    with open(os.path.join(ROOT, "bench", "crypto", "recorded.json"), encoding="utf-8") as file:
        return json.load(file)


def document(name):
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
        return file.read()


def tables_of_record():
    """docs/BENCH.md has the tables of the run that is recorded."""
    written = crypto.text(recorded(), True)
    check(written.count("\n| ") > 60 and crypto.BEGIN + written in document("BENCH.md"),
          "docs/BENCH.md is not of bench/crypto/recorded.json: ./do bench --crypto --record")


def picture_of_record():
    """The picture is that of the run, shows all of it, and can be read on any page."""
    drawn = crypto.draw(recorded())
    check(drawn == document("bench.svg"), "docs/bench.svg is not of bench/crypto/recorded.json")
    root = xml.etree.ElementTree.fromstring(drawn)
    check("prefers-color-scheme: dark" in drawn and "<script" not in drawn and "href" not in drawn, "not for any page")
    bars = [e for e in root.iter() if e.tag.endswith("rect") and e.get("class") != "ground"]
    shown = len(crypto.NAMES) * (len(crypto.KEYS) + len(crypto.BYTES) // 2) + len(recorded()["handshakes"])
    check(len(bars) == shown, f"{len(bars)} bars, not {shown}")
    width = float(root.get("width"))
    check(all(float(b.get("x")) + float(b.get("width")) < width for b in bars), "a bar is too long")


def refusal(what):
    bench.Refusal(bench.PICKET, "1.3", what).run()


def no_refusal(says, server):
    """A program that believes a server, or fails for another reason, has no figures."""
    class Good(bench.Refusal):
        SAYS = {"nobody": {bench.PICKET: says}}

        def server(self, chain):
            return server(chain)
    try:
        Good(bench.PICKET, "1.3", "nobody").run()
    except bench.Bad as error:
        check("does not refuse" in str(error), str(error))
    else:
        check(False, "it counts as refused")


@contextlib.contextmanager
def nobody_there(_):
    yield types.SimpleNamespace(port=harness.free_port())


def handshakes_that_are_run():
    """Of each chain, among them that of many sites, P-384 above a P-256 leaf, and of all who have the version."""
    names = [crypto.of_chain(*each) for each in crypto.HANDSHAKES]
    check(names[:2] == ["TLS 1.3, P-256 chain", "TLS 1.3, P-384 chain, P-256 leaf"], f"{names}")
    everybody = [bench.PICKET, bench.RIVAL, bench.BEARSSL, bench.WOLFSSL]
    check(crypto.who_makes("1.2", crypto.NAMES) == everybody, "not all make TLS 1.2")
    check(crypto.who_makes("1.3", crypto.NAMES) == [who for who in everybody if who != bench.BEARSSL], "BearSSL has no TLS 1.3")
    check(crypto.who_makes("1.2", {"picket": "", "mbedtls": ""}) == everybody[:2], "programs that there are not")


def handshakes_of_record():
    """Every one that was run is in the table and in the picture, in this order, and Picket's are the shortest where there is a
    public key in them."""
    results = recorded()
    names = list(dict.fromkeys(h["what"] for h in results["handshakes"]))
    check(names[:-2] == [crypto.of_chain(*each) for each in crypto.HANDSHAKES], f"{names}")
    check(names[-2:] == ["TLS 1.3, resumed", "TLS 1.2, resumed"], f"{names}")
    (_, rows), (_, longest), (_, memory) = crypto.handshake_tables(results)
    check([row[0] for row in rows[1:]] == names and all(len(row) == 5 for row in rows), f"{rows}")
    for row in rows[1:]:
        check((row[3] == "-") == row[0].startswith("TLS 1.3"), f"{row}")
        shortest = min(float(cell) for cell in row[1:] if cell != "-")
        check(float(row[1]) == shortest or row[0] == "TLS 1.2, resumed", f"{row}")
    check(all(float(row[1]) <= 10 for row in longest[1:]), f"{longest}")
    check("-" not in sum(memory, []), f"{memory}")
    drawn = re.findall(r'class="group"[^>]*>(TLS [^<]*)<', crypto.draw(results))
    check(drawn == names, f"drawn are {drawn}")


def without_a_library():
    """Where one cannot be had, its row says so, and the rest is there."""
    results = copy.deepcopy(recorded())
    del results["operations"]["wolfssl"], results["peers"]["wolfssl"], results["programs"][bench.WOLFSSL]
    results["handshakes"] = [h for h in results["handshakes"] if h["who"] != bench.WOLFSSL]
    for _, rows in crypto.tables(results) + crypto.handshake_tables(results):
        check(all(row[-1] == "-" and row[1] != "-" for row in rows[1:]), f"{rows}")
    check(any("wolfSSL: not measured" in line for line in crypto.notes(results)), "nothing says that wolfSSL is missing")
    check("wolfSSL" not in crypto.draw(results), "it is drawn all the same")


cases.add("TLS 1.3, P-256", handshake)
cases.add("an operation alone: ECDSA P-256", operation, "p256_verify", 4e6, 10e6)
cases.add("an operation alone: X25519", operation, "x25519_shared", 2e6, 6e6)
cases.add("an operation alone: AES-128-GCM", operation, "aes_128_gcm", 1e6, 3e6)
cases.add("an operation alone: SHA-256", operation, "sha256", 0.9e6, 1.3e6)
cases.add("a wrong result ends it", wrong_result)
cases.add("tables of what is recorded", tables_of_record)
cases.add("a picture of what is recorded", picture_of_record)
cases.add("the handshakes that are run", handshakes_that_are_run)
cases.add("the handshakes that are recorded", handshakes_of_record)
for _what in bench.Refusal.SAYS:
    cases.add(f"{_what} is refused", refusal, _what)
cases.add("who refuses nobody is found out", no_refusal, ".*", lambda chain: bench.server(chain, "1.3"))
cases.add("where nobody is, nobody is refused", no_refusal, "expired", nobody_there)
cases.add("without a library that cannot be had", without_a_library)
cases.add("the same cycles and instructions for all secrets", constant_time, "bench_kernels", 32)
cases.add("the same cycles and instructions for all keys and texts", constant_time, "bench_ciphers", 16)

if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skip board/bench: {why}")
        sys.exit(0)
    bench.make_site()
    sys.exit(harness.main(cases))
