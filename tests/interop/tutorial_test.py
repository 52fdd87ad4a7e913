#!/usr/bin/python3
"""docs/TUTORIAL.md: its program as the recipe has it, with every setting right, and with picket_altcp, against the same servers; and
what it says of each step. See support/harness.py for the protocol, support/listings.py for how listings are taken from the page.
(What is compiled for the Pico W is in tests/board/tutorial_build_test.py.)"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import built, certs, harness, listings, servers, tutorial
from support.harness import BUILD, HERE, Cases, check
from support.peers import Listener, TlsListener, http, read_request, response, stall

cases = Cases()
pki = certs.Pki(harness.folder)
TEXT = tutorial.TEXT
PAGE = b"<p>a page</p>\n"
LONGEST = 60  # seconds; PICKET_CONNECT_MS is 30 of them
NEVER = 6
NAME_LINE = "    mbedtls_ssl_set_hostname(altcp_tls_context(pcb), host);\n"
HOST_C = os.path.join(os.path.dirname(HERE), "tutorial", "host.c")
RELEASED = os.path.basename(BUILD) == "host"


# --- The programs

def run(program, port, ca, host=certs.HOST, limit=LONGEST, **environment):
    """What it printed; None behind it when it had not ended."""
    command = [program, host, str(port), *([ca] if ca else [])]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
                              env={**os.environ, **environment}, check=False)
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace"), None
    said = done.stderr.decode(errors="replace")
    check("Sanitizer" not in said and done.returncode in (0, 1), f"exit {done.returncode}: {said[-500:]}")
    return done.stdout.decode(errors="replace"), done.returncode


def cmake(*arguments):
    done = subprocess.run(["cmake", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    check(done.returncode == 0, f"cmake {' '.join(arguments)}"[-200:] + f": {(done.stdout + done.stderr)[-800:].decode()}")


def build_stock():
    """Kept in the build folder: the second time only what the page changed is built."""
    folder = os.path.join(BUILD, "tutorial")
    for name, files in (("recipe", tutorial.recipe()), ("mended", tutorial.mended())):
        check(files["fetch.c"].count(NAME_LINE) == 1, "where does fetch.c set the host name?")
        files["nameless.c"] = files["fetch.c"].replace(NAME_LINE, "")
        listings.write(os.path.join(folder, name), files)
    cmake("-G", "Ninja", "-S", os.path.dirname(HOST_C), "-B", f"{folder}/build", f"-DLISTINGS={folder}",
          f"-DLWIP_DIR={built.dependency('lwip')}", f"-DMBEDTLS_DIR={built.dependency('mbedtls')}")
    cmake("--build", f"{folder}/build")
    return f"{folder}/build"


def stock(name):
    return os.path.join(cases.server("stock", build_stock), name)


def build_picket(reason):
    """fetch.c as the recipe has it, or with the line that prints the reason."""
    source = (tutorial.picket() if reason else tutorial.recipe())["fetch.c"]
    file = harness.path(f"picket{reason:d}/fetch.c", source)
    return built.made_of("examples/example_altcp", harness.path(f"picket{reason:d}/fetch"), [file, HOST_C],
                         ["-Ddns_gethostbyname=host_lookup", "-Wall", "-Werror"])


def with_picket(reason=False):
    return cases.server(("picket", reason), lambda: build_picket(reason))


# --- The table of step 10

def page_of(chain):
    return TlsListener(chain, http(response(PAGE)))


def garbage(tls):
    read_request(tls)
    tls.sendall(b"HTTP/1.1 200 OK\r\n\r\na part")
    tls.socket.sendall(b"this is no record of TLS" * 20)
    stall(tls)


# The server, whose root the client has, and the name that it asks for.
ROWS = {
    "is as it should be": (lambda: page_of(pki.chain("p256")), "p256", certs.HOST),
    "sends records of 16 KB": (lambda: TlsListener(pki.chain("p256"), http(response(PAGE * 4000))), "p256", certs.HOST),
    "has a certificate that has expired": (lambda: page_of(pki.chain("expired-leaf")), "expired-leaf", certs.HOST),
    "has one that it made for itself": (lambda: page_of(pki.chain("self-signed")), "p256", certs.HOST),
    "has one of an unknown issuer": (lambda: page_of(pki.chain("p256")), "rsa2048", certs.HOST),
    "has one for another name": (lambda: page_of(pki.chain("p256")), "p256", "other.test"),
    "is cut off in the middle of the page": (
        lambda: TlsListener(pki.chain("p256"), http(response(PAGE, length=False), end="cut")), "p256", certs.HOST),
    "sends garbage in the middle of the page": (lambda: TlsListener(pki.chain("p256"), garbage), "p256", certs.HOST),
    "says nothing in the handshake": (lambda: Listener(stall), "p256", certs.HOST),
}


def table():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", tutorial.step(10), re.M)
    check([row[0] for row in rows[1:]] == list(ROWS), f"the table's rows are {[row[0] for row in rows[1:]]}")
    return {row[0]: row[1:] for row in rows[1:]}


def is_told(told, output, code):
    """Is that what the table says?"""
    text = output.replace("no randomness\n", "")
    begun = "HTTP/1.1 200 OK" in text
    whole = begun and text.endswith("\nend\n")
    what = {
        "the page": whole and code is not None,
        "a part, and `end`": whole and code is not None,
        "never": code is None,
    }
    for number in re.findall(r"-\d+", told):
        what[number] = not begun and text.endswith(f"failed: {number}\n") and code is not None
        what[f"a part, and {number}"] = begun and f"failed: {number}\n" in text and code is not None
    check(told in what, f"what does {told!r} in the table mean?")
    check(what[told], f"the table says {told!r}, and it was {'for ever' if code is None else f'exit {code}'}: {output[-200:]!r}")


def result(row, column):
    told = table()[row][column]
    make, root, host = ROWS[row]
    program = [lambda: stock("recipe"), lambda: stock("mended"), with_picket][column]()
    with make() as server:
        limit = NEVER if told == "never" else LONGEST
        is_told(told, *run(program, server.port, pki.chain(root).root_path, host, limit, NO_PSA="1"))


# --- What the steps say

def says(step, *sentences):
    text = " ".join(tutorial.step(step).split())
    for sentence in sentences:
        check(sentence in text, f"step {step} does not say {sentence!r}")


def fetch(name, chain="p256", root="p256", ca=True, host=certs.HOST, version=None, **environment):
    with TlsListener(pki.chain(chain), http(response(PAGE)), version) as server:
        return run(stock(name), server.port, pki.chain(root).root_path if ca else None, host, **environment)


def arrives(*args, **more):
    is_told("the page", *fetch(*args, **more))


def fails(*args, **more):
    is_told("-15", *fetch(*args, **more))


def two_headers():
    says(2, "`fatal error: mbedtls/certs.h: No such file or directory`")
    lwip, mbedtls = built.dependency("lwip"), built.dependency("mbedtls")
    folder = listings.write(harness.path("bare/x")[:-2], {k: v for k, v in tutorial.recipe().items() if k.endswith(".h") and
                                                          "/" not in k})
    done = subprocess.run(["cc", "-fsyntax-only", "-w", "-DSYS_LIGHTWEIGHT_PROT=0", '-DMBEDTLS_USER_CONFIG_FILE="mbedtls_user.h"', "-I", folder,
                           "-I", f"{lwip}/src/include", "-I", f"{harness.ROOT}/port/linux", "-I", f"{mbedtls}/include",
                           f"{lwip}/src/apps/altcp_tls/altcp_tls_mbedtls.c"], capture_output=True, check=False)
    check(b"fatal error: mbedtls/certs.h: No such file or directory" in done.stderr, f"{done.stderr[-300:]!r}")


def configuration(name, source):
    """Without the line of mbedtls_user.h that names it, the compiler for the board says what the page says."""
    told = re.search(rf"^{name} +(.+)$", listings.blocks(tutorial.step(3), "text")[0], re.M)[1]
    mbedtls = built.dependency("mbedtls")
    text = tutorial.recipe()["mbedtls_user.h"]
    for kept, outcome in ((True, b""), (False, told.encode())):
        harness.path(f"{name}{kept:d}/mbedtls_user.h", text if kept else re.sub(rf"^#\w+ {name}\b.*\n", "", text, flags=re.M))
        done = subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-fsyntax-only", "-w",
                               '-DMBEDTLS_USER_CONFIG_FILE="mbedtls_user.h"', "-I", harness.path(f"{name}{kept:d}"),
                               "-I", f"{mbedtls}/include", f"{mbedtls}/library/{source}"], capture_output=True, check=False)
        said = re.sub(rb"[\"\\]\s*|\s+", b" ", done.stderr)
        check((done.returncode == 0) == kept and outcome in said, f"{done.stderr[-500:]!r}")


def psa():
    says(5, "and the page arrives all the same", "`psa_crypto_init` returns -148",
         "`altcp_tls_create_config_client` has returned NULL")
    for version in ("1.2", "1.3"):
        arrives("mended", version=version, NO_PSA="1")
    out, _ = fetch("mended", NO_ENTROPY="1")
    check(out == "psa_crypto_init: -148\ncannot start\n", out)


def no_ca():
    says(7, "So it does without any CA, with `NULL`", "Now such a server is `failed: -15`")
    arrives("recipe", ca=False)
    fails("mended", ca=False)


def no_name():
    says(8, "any certificate of any customer of that CA will do", "every server is `failed: -15`")
    arrives("recipe_nameless", host="other.test")
    fails("mended_nameless")


def no_time():
    says(9, "and every server is `failed: -15`")
    fails("mended", CLOCK="1000")
    arrives("mended")


def reasons():
    """What step 11 shows is what the program prints."""
    shown = listings.blocks(tutorial.step(11), "text")[0].splitlines()
    rows = ("has a certificate that has expired", "has one that it made for itself", "has one for another name",
            "is cut off in the middle of the page", "sends garbage in the middle of the page", "says nothing in the handshake")
    for line, row in zip(shown, rows, strict=True):
        make, root, host = ROWS[row]
        with make() as server:
            out, _ = run(with_picket(True), server.port, pki.chain(root).root_path, host, NO_PSA="1")
        expected = re.escape(line).replace("DATE", r"\d{4}-\d\d-\d\d")
        check(re.search(rf"(^|\n|a part|</p>\n){expected}\n$", out), f"{line!r}: {out[-200:]!r}")


def psa_goes():
    says(11, "`psa_crypto_init` before that returns -148")
    with page_of(pki.chain("p256")) as server:
        out, code = run(with_picket(), server.port, pki.chain("p256").root_path)
    check(out.startswith("psa_crypto_init: -148\n"), out)
    is_told("the page", out.partition("\n")[2], code)


def ca_listing():
    """The shell line makes a header that compiles."""
    line = listings.blocks(tutorial.step(7), "sh")[0]
    folder = os.path.dirname(harness.path("ca/ca.pem", listings.page(pki.chain("p256").root_path)))
    done = subprocess.run(["sh", "-eu", "-c", line], cwd=folder, capture_output=True, check=False)
    check(done.returncode == 0, f"{done.stderr!r}")
    harness.path("ca/ca.c", '#include <stdio.h>\n#include "ca.h"\nint main(void) { return fputs(ca, stdout) < 0; }\n')
    built.run(["cc", "-o", f"{folder}/ca", f"{folder}/ca.c"])
    made = subprocess.run([f"{folder}/ca"], capture_output=True, check=False).stdout
    check(made.decode() == listings.page(f"{folder}/ca.pem"), f"{made!r}")


def stock_once():
    harness.released_only("lwIP's own layer is run once, with the released build")


for _row in ROWS:
    for _column, _label in enumerate(("recipe", "mended", "picket")):
        if RELEASED or _label == "picket":
            cases.add(f"tutorial-{_label}-{_row.replace(' ', '-')}", result, _row, _column,
                      waits="nothing" in _row or "garbage" in _row or "16" in _row)
cases.add("tutorial-reasons", reasons, waits=True)
cases.add_all(psa_goes, prefix="tutorial-")
if RELEASED:
    cases.add_all(two_headers, prefix="tutorial-")
    for _name, _source in (("MBEDTLS_NET_C", "net_sockets.c"), ("MBEDTLS_NO_PLATFORM_ENTROPY", "entropy_poll.c"),
                           ("MBEDTLS_PLATFORM_MS_TIME_ALT", "platform_util.c")):
        cases.add(f"tutorial-{_name}", configuration, _name, _source)
    cases.add_all(psa, no_ca, no_name, no_time, ca_listing, prefix="tutorial-")
else:
    cases.add_all(stock_once, prefix="tutorial-")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
