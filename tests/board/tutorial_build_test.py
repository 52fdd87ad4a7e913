#!/usr/bin/python3
"""docs/TUTORIAL.md for the Pico W: its CMakeLists.txt and its programs, with every setting right and with picket_altcp, compiled and
linked against stand-ins for the driver (tests/standin). What they do is tried on Linux, by tests/interop/tutorial_test.py."""
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "interop"))

# pylint: disable=wrong-import-position
from support import listings, tutorial

# The reader has the SDK's own file of this name.
IMPORT = f"""
set(PICO_CYW43_DRIVER_PATH "{ROOT}/tests/standin/cyw43")
include("{ROOT}/cmake/pico_sdk.cmake")
cmake_language(DEFER CALL set_target_properties cyw43_driver_picow cybt_shared_bus PROPERTIES INTERFACE_SOURCES "")
"""
failures = 0


def result(name, why=None):
    global failures  # pylint: disable=global-statement
    print(f"not ok {name}: {' '.join(why.split())[-600:]}" if why else f"ok {name}", flush=True)
    failures += bool(why)


def mbedtls():
    """Where a build has it from."""
    with open(f"{ROOT}/build/host/build.ninja", encoding="utf-8") as file:
        return re.search(r" (/\S+)/library/ssl_tls\.c", file.read())[1]


def build(folder, target):
    """As the page says; what was said if it failed, or if our headers are not clean."""
    script = next(listing.text for listing in tutorial.ALL if listing.name == "build")
    environment = {**os.environ, "CMAKE_GENERATOR": "Ninja", "MBEDTLS": mbedtls(), "SSID": "a", "PASSWORD": "b",
                   "CMAKE_BUILD_PARALLEL_LEVEL": str(os.cpu_count() or 2)}
    done = subprocess.run(["sh", "-eu", "-c", script.replace("--target fetch", f"--target {target}")], cwd=folder,
                          env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        return said
    warned = re.search(r"[^\n]*(main|fetch|get|clock|board)\.c:[^\n]*warning:[^\n]*", said)
    return warned[0] if warned else None if os.path.exists(f"{folder}/build/{target}.elf") else f"no {target}.elf"


def main():
    for name, files, targets in (("every setting right", tutorial.mended(), ["fetch"]),
                                 ("picket_altcp", tutorial.picket(), ["fetch", "get"])):
        folder = os.path.join(ROOT, "build", "tutorial-pico_w", name.replace(" ", "-"))
        listings.write(folder, {**files, "pico_sdk_import.cmake": IMPORT, "ca.h": 'static const char ca[] = "";\n'})
        if not os.path.exists(f"{folder}/picket"):
            os.symlink(ROOT, f"{folder}/picket")
        for target in targets:
            result(f"tutorial, {name}: {target} compiles and links", build(folder, target))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
