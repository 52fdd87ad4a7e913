#!/usr/bin/python3
"""Runs the fuzz targets of build/fuzz with libFuzzer.

tests/fuzz/fuzz.py [TARGET] [SECONDS]   one target, or each, for so long (60); what it learns is kept in build/fuzz/corpus
tests/fuzz/fuzz.py --short              each for a fixed number of runs from a fixed seed, as a test

What makes a target fail is written to build/fuzz/found; tests/fuzz/NAME_fuzz FILE runs it again. It belongs into a unit
test, with what mends it.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "fuzz")
SHORT_RUNS = 4000
MAX_LEN = 4096
CLOSING = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)")


def targets():
    names = [name[: -len("_fuzz.c")] for name in sorted(os.listdir(HERE)) if name.endswith("_fuzz.c")]
    return [name for name in names if os.path.exists(program(name))]


def program(name):
    return os.path.join(BUILD, "tests", f"{name}_fuzz")


def command(name, grown, *options):
    found = os.path.join(BUILD, "found")
    os.makedirs(found, exist_ok=True)
    os.makedirs(grown, exist_ok=True)
    return [program(name), f"-max_len={MAX_LEN}", f"-artifact_prefix={found}/{name}-", *options, grown,
            os.path.join(HERE, "corpus", name)]


def environment():
    return {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}


def count(output):
    """Executions, covered edges and features, from libFuzzer's last line."""
    found = CLOSING.findall(output)
    return tuple(map(int, found[-1])) if found else (0, 0, 0)


def short():
    names = targets()
    if not names:
        print("skip libfuzzer: clang, or its library, is not here; the targets have run over their corpus without it")
        return 0
    failed = False
    for name in names:
        with tempfile.TemporaryDirectory() as grown:
            result = subprocess.run(command(name, grown, f"-runs={SHORT_RUNS}", "-seed=1"), env=environment(),
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace", check=False)
        runs, edges, _ = count(result.stdout)
        if result.returncode == 0 and runs >= SHORT_RUNS:
            print(f"ok {name}: {edges} edges", flush=True)
        else:
            failed = True
            print(result.stdout[-5000:], file=sys.stderr)
            print(f"not ok {name}: libFuzzer ended with {result.returncode}", flush=True)
    return 1 if failed else 0


def long(names, seconds):
    failed = False
    for name in names:
        print(f"{name}: {seconds} s", flush=True)
        log = os.path.join(BUILD, f"{name}.log")
        with open(log, "w", encoding="utf-8") as out:
            code = subprocess.run(
                command(name, os.path.join(BUILD, "corpus", name), f"-max_total_time={seconds}"),
                env=environment(), stdout=out, stderr=subprocess.STDOUT, check=False).returncode
        with open(log, encoding="utf-8", errors="replace") as f:
            output = f.read()
        if code == 0:
            print("  {:,} executions, {:,} edges, {:,} features".format(*count(output)))
        else:
            failed = True
            print(output[-5000:])
            print(f"  failed; all of it is in {log}")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description="runs the fuzz targets")
    parser.add_argument("--short", action="store_true", help="a fixed run of each, as a test")
    parser.add_argument("target", nargs="?", help="one of tests/fuzz/*_fuzz.c, or all")
    parser.add_argument("seconds", nargs="?", type=int, default=60, help="for each (60)")
    options = parser.parse_args()
    if options.short:
        return short()
    if options.target and options.target.isdigit():
        options.target, options.seconds = None, int(options.target)
    names = targets()
    if options.target not in (None, "all"):
        if options.target not in names:
            parser.error(f"there is no target '{options.target}': {', '.join(names)}")
        names = [options.target]
    return long(names, options.seconds)


if __name__ == "__main__":
    sys.exit(main())
