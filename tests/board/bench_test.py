#!/usr/bin/python3
"""One configuration of the benchmark (bench/bench.py), so that its figures are known to mean something: TLS 1.3 with a
P-256 chain.
"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

# pylint: disable=wrong-import-position
import bench  # noqa: E402
from support import harness  # noqa: E402
from support.harness import Cases, check  # noqa: E402

sys.dont_write_bytecode = True

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
    """The kernels that secrets go through take the same number of cycles with all of them."""
    program = os.path.join(bench.BUILD, f"{program}.elf")
    done = subprocess.run(["node", f"{ROOT}/tools/rp2040/run.js", program, "--timeout", "120"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    check(done.returncode == 0, f"{done.stdout[-300:]!r}")
    found = re.findall(r"^picket: kernel (\w+) (\d+) (\d+)$", done.stdout, re.M)
    check(len(found) == kernels, f"{done.stdout!r}")
    for name, least, most in found:
        check(least == most, f"{name}: {least} to {most} cycles")


cases.add("TLS 1.3, P-256", handshake)
cases.add("the same cycles for all secrets", constant_time, "bench_kernels", 24)
cases.add("the same cycles for all keys and texts", constant_time, "bench_ciphers", 15)

if __name__ == "__main__":
    why = missing()
    if why:
        print(f"skip board/bench: {why}")
        sys.exit(0)
    bench.make_site()
    sys.exit(harness.main(cases))
