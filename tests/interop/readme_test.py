#!/usr/bin/python3
"""What README.md shows: its program, its CMake lines, its commands and options."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, listings
from support.harness import BUILD, PICKET, ROOT, Cases, check, released_only, run
from support.peers import TlsListener, http, response

cases = Cases()
pki = certs.Pki(harness.folder)
PAGE = b"<p>a page</p>\n"

README = listings.page("README.md")


def blocks(language):
    return listings.blocks(README, language)


def program():
    """The program is the example, word for word."""
    check(blocks("c") == [listings.page("examples/get/get.c")], "README's program is not examples/get/get.c")


def program_says_why():
    """The roots of the web know nothing of a test's."""
    chain = pki.chain("any-host")
    with TlsListener(chain, http(response(PAGE))) as server:
        done = run(os.path.join(BUILD, "examples", "example_get"), f"https://127.0.0.1:{server.port}/")
    check(done.returncode == 1 and done.stdout == b"", f"exit {done.returncode}: {done.stdout!r}")
    check(b"status 0, certificate from an unknown issuer" in done.stderr, f"{done.stderr!r}")


def options():
    """Every option that README names is one that --help names, and there is none that skips verification."""
    helped = run(PICKET, "--help").stdout.decode()
    named = set(re.findall(r"`(--?[A-Za-z][\w.-]*)[ `]", README.split("## The command")[1].split("\n## ")[0]))
    check(len(named) > 15, f"only {sorted(named)}")
    missing = [name for name in sorted(named) if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", helped)]
    check(not missing, f"--help lacks {missing}")
    check("insecure" not in helped, "--help names a way around verification")


def cmake_lines():
    """A project that does what README says is configured, built and run. Once is enough."""
    released_only("built once, with the released build")
    lines = blocks("cmake")[0]
    folder = os.path.dirname(harness.path("app/app.c", blocks("c")[0]))
    os.symlink(ROOT, os.path.join(folder, "picket"))
    harness.path("app/CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(app C)\n"
                 f"add_executable(app app.c)\n{lines}")
    chain = pki.chain("any-host")
    given = {"PICKET_ROOTS": chain.root_path}
    given |= {f"{name.upper()}_DIR": os.path.join(ROOT, "build", "deps", name) for name in ("lwip", "mbedtls", "llhttp")
               if os.path.isdir(os.path.join(ROOT, "build", "deps", name))}
    for step in (["cmake", "-G", "Ninja", "-B", "build", "."], ["cmake", "--build", "build", "--target", "app"]):
        done = run(*step, cwd=folder, timeout=900, **given)
        check(done.returncode == 0, f"{step}: {(done.stdout + done.stderr)[-600:].decode(errors='replace')}")
    with TlsListener(chain, http(response(PAGE))) as server:
        done = run(os.path.join(folder, "build", "app"), f"https://127.0.0.1:{server.port}/")
    check((done.returncode, done.stdout) == (0, PAGE), f"exit {done.returncode}: {done.stdout!r} {done.stderr!r}")
    check(b"status 200, ok" in done.stderr, f"{done.stderr!r}")


def pico_lines():
    """What is linked for the pico-sdk is what the examples link, which board/pico_build compiles and links."""
    linked = set(re.findall(r"pico_cyw43_arch_lwip_\w+|picket_slip", blocks("cmake")[1].split("#")[0] + blocks("cmake")[1]))
    examples = listings.page("examples/get/CMakeLists.txt") + listings.page("examples/pico.cmake")
    check(linked and all(name in examples for name in linked), f"the examples do not link {linked}")


def do_get():
    """./do get builds, passes everything on, and its stdout is the page alone."""
    released_only("./do get runs the released build")
    chain = pki.chain("any-host")
    with TlsListener(chain, http(response(PAGE))) as server:
        done = run("./do", "get", "--cacert", chain.root_path, f"https://127.0.0.1:{server.port}/", timeout=300)
    check((done.returncode, done.stdout) == (0, PAGE), f"exit {done.returncode}: {done.stdout!r} {done.stderr!r}")


def do_help():
    done = run("./do")
    for word in ("demo", "get", "link", "roots", "test", "build", "size", "bench", "lwIP", "Mbed TLS", "llhttp", "libslirp"):
        check(word.encode() in done.stdout, f"./do says nothing of {word}: {done.stdout!r}")


cases.add_all(program, program_says_why, options, cmake_lines, pico_lines, do_get, do_help, prefix="readme-")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
