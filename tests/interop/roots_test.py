#!/usr/bin/python3
"""The stores that are made: picket_trust_web from certdata.txt or PEM (tools/make-roots), few roots by ./do roots.

And 100 roots of our own beside the whole web's, in a picket of its own. See support/harness.py for the protocol.
"""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import built, certs, der, harness, servers
from support.certs import DAY, NOW, Certificate, Chain, ca_extensions
from support.harness import (BUILD, IS_CURL, PICKET, ROOT, Cases, Skipped, check, expect_error, expect_ok, path, picket,
                             released_only, resolve, run)
from support.peers import TlsListener, http, response

sys.path.insert(0, os.path.join(ROOT, "tools"))
sys.dont_write_bytecode = True
import rootstore

HOST = certs.HOST
PAGE = b"<p>a page</p>\n"
WEB = os.path.join(BUILD, "picket_trust_web.c")
OLD = {"start": NOW - 90 * DAY, "end": NOW - DAY}
pki = certs.Pki(harness.folder)
cases = Cases()
WARNINGS = "-pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -fsyntax-only".split()


def tool(*arguments):
    done = run(os.path.join(ROOT, "tools", "roots"), "--picket", PICKET, *arguments)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def compiles(text):
    """As C11 and as C++17, without a warning."""
    source = path(f"{harness.unique('store')}.c", text)
    for command in (["cc", "-std=c11", "-Wstrict-prototypes", source], ["c++", "-std=c++17", "-x", "c++", source]):
        done = run(*command, *WARNINGS, "-I", os.path.join(ROOT, "include"))
        check(done.returncode == 0, f"{command[0]}: {done.stderr[-400:]!r}")


def lines_of(text):
    """The table of a store: [(length, length of the name, hash, not before, not after, distrusted after)]."""
    rows = re.findall(r"\{data \+ \d+, (\d+), (\d+), (0x[0-9a-f]+)u, (\d+)u, (\d+)u, (\d+)u\}", text)
    return [tuple(int(number, 0) for number in row) for row in rows]


def names_in(text):
    return re.findall(r"^    // (.*?), until ", text, re.M)


# --- Made of certdata.txt, of PEM

def octal(data):
    return "MULTILINE_OCTAL\n" + "\n".join(
        "".join(f"\\{byte:03o}" for byte in data[i:i + 16]) for i in range(0, len(data), 16)) + "\nEND"


def certdata(*entries):
    """A certdata.txt. Each entry: certificate, label, trust for servers, trust for mail, date of distrust or None."""
    text = "# as Mozilla's\nBEGINDATA\n"
    for certificate, label, server, mail, after in entries:
        serial = der.integer(int.from_bytes(rootstore.Certificate(certificate.der).serial[2:], "big"))
        text += f"""
# Certificate "{label}"
CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE
CKA_TOKEN CK_BBOOL CK_TRUE
CKA_LABEL UTF8 "{label}"
CKA_CERTIFICATE_TYPE CK_CERTIFICATE_TYPE CKC_X_509
CKA_SUBJECT {octal(certificate.subject)}
CKA_ISSUER {octal(certificate.subject)}
CKA_SERIAL_NUMBER {octal(serial)}
CKA_VALUE {octal(certificate.der)}
CKA_NSS_MOZILLA_CA_POLICY CK_BBOOL CK_TRUE
CKA_NSS_SERVER_DISTRUST_AFTER {octal(after.encode()) if after else "CK_BBOOL CK_FALSE"}
CKA_NSS_EMAIL_DISTRUST_AFTER CK_BBOOL CK_FALSE

# Trust for "{label}"
CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST
CKA_LABEL UTF8 "{label}"
CKA_ISSUER {octal(certificate.subject)}
CKA_SERIAL_NUMBER {octal(serial)}
CKA_TRUST_SERVER_AUTH CK_TRUST {server}
CKA_TRUST_EMAIL_PROTECTION CK_TRUST {mail}
CKA_TRUST_STEP_UP_APPROVED CK_BBOOL CK_FALSE
"""
    return text


YES, MAYBE, NO = "CKT_NSS_TRUSTED_DELEGATOR", "CKT_NSS_MUST_VERIFY_TRUST", "CKT_NSS_NOT_TRUSTED"


def root(name, kind="p256", **more):
    return pki.once(f"root of {name}", lambda: Certificate(
        name, pki.key(kind, f"key of {name}"), extensions=ca_extensions(), **{"end": NOW + 3650 * DAY, **more}))


def make(source, output=None):
    output = output or harness.unique("web") + ".c"
    done = run(os.path.join(ROOT, "tools", "make-roots"), source, output)
    check(done.returncode == 0, f"make-roots: {done.stderr!r}")
    with open(output, encoding="utf-8") as f:
        return f.read(), done.stdout.decode()


def made_of_certdata():
    """Only roots for TLS servers, and their dates of distrust, whichever way they are written."""
    text, said = make(path("made/certdata.txt", certdata(
        (root("Believed"), "Believed", YES, YES, None), (root("For mail"), "For mail", MAYBE, YES, None),
        (root("Until June"), "Until June", YES, MAYBE, "260630000000Z"),
        (root("Until 2055"), "Until 2055", YES, MAYBE, "20550102030405Z"),
        (root("Distrusted"), "Distrusted", NO, NO, None))))
    check(sorted(names_in(text)) == ["Believed", "Until 2055", "Until June"], f"{names_in(text)}")
    check({line[5] for line in lines_of(text)} == {0, 1782777600, 2682471845}, f"{lines_of(text)}")
    check(" with the dates" in said and " with the dates" in text, f"{said}")
    compiles(text)


def made_of_pem():
    """Name, key and dates, sorted; and it is said that there are no dates of distrust."""
    roots = [root("Believed"), root("For mail"), root("Until June"), root("Believed")]
    text, said = make(path("made/bundle.pem", "words\n" + "".join(r.pem() for r in roots)))
    rows = lines_of(text)
    check(len(rows) == 3 and rows == sorted(rows, key=lambda row: row[2]), f"{rows}")
    check(all(row[0] == row[1] + len(roots[0].key.spki) and row[5] == 0 for row in rows), f"{rows}")
    check({row[3:5] for row in rows} == {(NOW - 30 * DAY, NOW + 3650 * DAY)}, f"{rows}")
    check("without the dates" in said and "without the dates" in text, f"{said}")
    compiles(text)


def more_than_key():
    """CAs of which a name and a key would say too little."""
    names = der.sequence(der.tlv(0xa0, der.sequence(der.tlv(0x82, b"example.com"))))
    return [pki.once(name, lambda name=name, extra=extra: Certificate(
        name, pki.key("p256", f"key of {name}"), extensions=extra, end=NOW + 3650 * DAY)) for name, extra in (
            ("Limited", ca_extensions(0)),
            ("Constrained", [*ca_extensions(), der.extension("2.5.29.30", names, critical=True)]),
            ("For mail only", [*ca_extensions(), der.extended_key_usage("1.3.6.1.5.5.7.3.4")]))]


def keeps_what_limits():
    """A root for some names, or for mail, is not made one for all servers. Of Mozilla's the path's length is left out."""
    roots = more_than_key()
    text, _ = make(path("made/limits.pem", "".join(r.pem() for r in [*roots, root("Believed")])))
    check(sorted(row[1] == 0 for row in lines_of(text)) == [False, True, True, True], f"{lines_of(text)}")
    compiles(text)
    text, _ = make(path("limits/certdata.txt", certdata(*((r, "One", YES, YES, None) for r in roots))))
    whole = {row[0] for row in lines_of(text) if row[1] == 0}
    check(len(lines_of(text)) == 3 and whole == {len(r.der) for r in roots[1:]}, f"{lines_of(text)}")


def chooses_what_limits():
    """The same of a root that is chosen for a server."""
    constrained = more_than_key()[1]
    leaf = Certificate("a.example.com", pki.key("p256", "constrained leaf"), constrained,
                       extensions=certs.leaf_extensions(der.dns("a.example.com")))
    with serve(chain_of("constrained", leaf)) as server:
        code, text, said = tool("--roots", path("made/constrained.pem", constrained.pem()), *target(server, "a.example.com"))
    check(code == 0 and [row[:2] for row in lines_of(text)] == [(len(constrained.der), 0)], f"{lines_of(text)}; {said}")


def made_of_nothing():
    for name, data in (("empty.pem", ""), ("words.pem", "no certificate\n"),
                       ("cut.pem", root("Believed").pem()[:-40]), ("mail.txt", certdata(
                           (root("For mail"), "For mail", MAYBE, YES, None)))):
        output = harness.unique("none") + ".c"
        done = run(os.path.join(ROOT, "tools", "make-roots"), path(f"made/{name}", data), output)
        check(done.returncode == 1 and b"Traceback" not in done.stderr and not os.path.exists(output),
              f"{name}: exit {done.returncode}: {done.stderr!r}")


def left_out_by_debian():
    source = path("debian/mozilla/certdata.txt", certdata(
        (root("Believed"), "Believed", YES, YES, None), (root("Until June"), "Left out", YES, YES, None)))
    path("debian/mozilla/blacklist.txt", '# words\n"Left out"\n')
    path("debian.origin", "20260816+nmu1 from Debian sid (ca-certificates)\n")
    text, _ = make(os.path.dirname(os.path.dirname(source)))
    check(names_in(text) == ["Believed"], f"{names_in(text)}")
    check('_origin[] = "2026-08-16, 1 roots' in text, text[-200:])


def check_of_date():
    """A set of more than a year ago fails the tests."""
    for days, code in ((360, 0), (370, 1)):
        date = time.strftime("%Y%m%d", time.gmtime(NOW - days * DAY))
        source = path(f"aged-{days}.pem", root("Believed").pem())
        path(f"aged-{days}.pem.origin", f"{date} from Debian sid (ca-certificates)\n")
        make(source, path(f"aged-{days}.c"))
        done = run(os.path.join(ROOT, "tools", "check-roots"), path(f"aged-{days}.c"))
        check(done.returncode == code and (b"not ok" in done.stdout) == bool(code), f"{days} days: {done.stdout!r}")


# --- Those of the web, as they were built

def web():
    try:
        with open(WEB, encoding="utf-8") as f:
            return f.read()
    except OSError:
        raise Skipped("this build has no roots of the web") from None


def web_size():
    """At most 60 kB as 32-bit code, and 480 bytes a root without its line's pointer and lengths."""
    rows = lines_of(web())
    compilers = [(["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb"], "arm-none-eabi-size"), (["gcc", "-m32"], "size")]
    measured = 0
    for command, size in compilers:
        if not shutil.which(command[0]):
            continue
        output = harness.unique("web") + ".o"
        done = run(*command, "-Os", "-c", WEB, "-o", output, "-I", os.path.join(ROOT, "include"))
        if done.returncode:
            continue # without the headers for 32 bits
        sizes = [int(number) for number in run(size, output).stdout.split(b"\n")[1].split()[:3]]
        check(sum(sizes) <= 60000 and sizes[2] == 0, f"{command[0]}: {sizes}")
        measured += 1
    check(measured, "there is no compiler for 32 bits")
    mean = sum(row[0] for row in rows) / len(rows) + 12
    check(mean <= 480, f"{mean:.1f} bytes a root for name, key, hash and dates")


def web_origin():
    done = run(PICKET, "--version")
    found = re.search(rb"^Roots: (\d{4}-\d\d-\d\d), (\d+) roots", done.stdout, re.M)
    check(found and int(found[2]) == len(lines_of(web())), f"{done.stdout!r}")


# --- ./do roots

def serve(chain):
    return TlsListener(chain, http(response(PAGE)))


def chain_of(label, *certificates, top=None):
    return pki.once(f"chain of {label}", lambda: Chain(pki.folder, label.replace(" ", "-"), list(certificates), top or root("Believed")))


def under(name, issuer, *hosts, kind="p256", **more):
    """An intermediate of this name, and a server's certificate below it."""
    middle = Certificate(name, pki.key(kind, "intermediate"), issuer, extensions=ca_extensions(0), end=NOW + 900 * DAY)
    return [pki.leaf("p256", *(der.dns(host) for host in hosts or (HOST,)), issuer=middle, **more), middle]


def bundle(*names):
    return path(f"{harness.unique('set')}.pem", "".join(root(name).pem() for name in names))


def target(listener, host=HOST):
    return [f"{host}:{listener.port}", "--resolve", f"{host}:{listener.port}:127.0.0.1"]


def fewest():
    """Three hosts, each with a cross-signed way to a root of its own and one to a root in common: one root will do."""
    chains = []
    for i in range(3):
        own = root(f"Own {i}")
        cross = Certificate(f"Own {i}", own.key, root("Common"), extensions=ca_extensions())
        chains.append(chain_of(f"crossed {i}", *under(f"Below {i}", own), cross))
    chains.append(chain_of("alone", *under("Below alone", root("Alone"))))
    store = bundle("Own 0", "Alone", "Own 1", "Common", "Own 2")
    with serve(chains[0]) as a, serve(chains[1]) as b, serve(chains[2]) as c, serve(chains[3]) as d:
        code, text, said = tool("--roots", store, "--name", "my_trust", *sum((target(s) for s in (a, b, c, d)), []))
    check(code == 0, said)
    check(sorted(names_in(text)) == ["Alone", "Common"], f"{names_in(text)}; {said}")
    check("4 servers verified" in said and "const picket_trust_t my_trust" in text, said)
    comment = next(line for line in text.splitlines() if "// Common" in line)
    check(all(f":{s.port}" in comment for s in (a, b, c)) and f":{d.port}" not in comment, comment)
    compiles(text)


def longer_lived():
    """Of two roots that will do, the one that lasts longer."""
    short = root("Short", end=NOW + 100 * DAY)
    cross = Certificate("Short", short.key, root("Long"), extensions=ca_extensions())
    with serve(chain_of("tie", *under("Below short", short), cross)) as server:
        code, text, said = tool("--roots", bundle("Short", "Long"), *target(server))
    check((code, names_in(text)) == (0, ["Long"]), f"{names_in(text)}; {said}")


def real_server(start):
    store = bundle("Own 0", "Believed")
    chain = chain_of("real", *under("Below real", root("Believed")))
    with start(chain) as server:
        output = harness.unique("out") + ".c"
        code, text, said = tool("--roots", store, "-o", output, *target(server))
    check((code, text) == (0, ""), f"{text!r} {said}")
    with open(output, encoding="utf-8") as f:
        check(names_in(f.read()) == ["Believed"], said)


def refuses(what, *words, store=None):
    code, text, said = tool("--roots", store or bundle("Believed", "Own 0"), *what)
    check(code == 1 and text == "" and "Traceback" not in said, f"exit {code}: {text[:100]!r} {said}")
    for word in words:
        check(word in said, f"it does not say {word!r}: {said}")


def refuses_chain(label, words, *certificates, store=None):
    with serve(chain_of(label, *certificates)) as server:
        refuses(target(server), *words, store=store)


def unknown_root():
    refuses_chain("stranger", ["not in the set of roots", "give its certificate as a PEM file"],
                  *under("Below stranger", root("Stranger")))


def namesake_root():
    """A root of the right name with another key."""
    other = Certificate("Believed", pki.key("p256", "namesake"), extensions=ca_extensions())
    refuses_chain("namesake", ["not in the set of roots"], *under("Below namesake", other))


def expired():
    refuses_chain("old", ["has expired"], *under("Below old", root("Believed"), **OLD))


def other_name():
    refuses_chain("other", ["for another name"], *under("Below other", root("Believed"), "other.test"))


def signed_by_itself():
    box = Certificate(HOST, pki.key("p256", "box"), extensions=certs.leaf_extensions())
    refuses_chain("itself", ["signed by itself", "PEM file"], box)


def distrusted():
    """A certificate issued after the day from which on its root is not believed."""
    store = path("distrusted/certdata.txt", certdata((root("Believed"), "Believed", YES, YES, "200101000000Z")))
    refuses_chain("distrusted", ["not believed for certificates issued after 2020-01-01"],
                  *under("Below distrusted", root("Believed")), store=store)


def unreachable():
    refuses([f"127.0.0.1:{harness.free_port()}"], "cannot be reached")
    refuses(["no-such-host.invalid"], "no address")


def not_files():
    refuses([path("made/words.txt", "no certificate\n")], "words.txt", "not a certificate")
    refuses([os.path.join(harness.folder, "none.pem")], "there is no such file")
    refuses(["two words"], "neither a file nor a host")


def converts():
    """A CA is cut down to name and key; what may be a server's own is kept byte for byte."""
    box = Certificate(HOST, pki.key("p256", "box"), extensions=certs.leaf_extensions())
    box_ca = Certificate(HOST, pki.key("p256", "box"), extensions=[der.basic_constraints(True),
                                                                   *certs.leaf_extensions()[1:]])
    limited = Certificate("Limited", pki.key("p256", "limited"), extensions=ca_extensions(0))
    many = [root("Believed"), box, box_ca, limited]
    file = path("made/many.pem", "".join(c.pem() for c in many))
    code, text, said = tool(file, path("made/one.der", root("Own 0").der))
    check(code == 0, said)
    rows = {row[0]: row[1] for row in lines_of(text)}
    for whole in (box, box_ca, limited):
        check(rows.get(len(whole.der)) == 0, f"{rows}: one of {len(whole.der)} bytes is not whole")
    check(sum(1 for row in lines_of(text) if row[1]) == 2 and len(lines_of(text)) == 5, f"{lines_of(text)}")
    compiles(text)


def box_is_believed():
    """A box that signed for itself, by its file."""
    box = Certificate(HOST, pki.key("p256", "box"), extensions=certs.leaf_extensions())
    chain = Chain(pki.folder, "box", [box], box)
    with serve(chain) as server:
        code, text, said = tool("--roots", bundle("Believed"), chain.root_path, *target(server))
    check(code == 0 and "1 server verified" in said and len(lines_of(text)) == 1, said)


def many_candidates():
    """Too many sets to look at all of them: then few roots that do for all servers, at once."""
    loader = importlib.machinery.SourceFileLoader("roots_tool", os.path.join(ROOT, "tools", "roots"))
    tool_itself = importlib.util.module_from_spec(importlib.util.spec_from_loader("roots_tool", loader))
    loader.exec_module(tool_itself)
    roots = [rootstore.Certificate(own_root(i).der) for i in range(60)]

    class Server:
        def __init__(self, *numbers):
            self.roots = [roots[i] for i in numbers]
    few = [Server(0, 1), Server(1, 2), Server(2, 3, 1)]
    check(tool_itself.cover(few) == [roots[1]], "not the smallest set")
    many = [Server(i, (i * 7 + 1) % 60, (i * 13 + 5) % 60) for i in range(60)]
    start = time.monotonic()
    chosen = tool_itself.cover(many)
    check(all(any(root in chosen for root in server.roots) for server in many), "a server is left out")
    check(len(chosen) <= 30 and time.monotonic() - start < 10, f"{len(chosen)} roots, {time.monotonic() - start:.1f} s")


def by_do():
    """./do roots is that tool, and its standard output is the C alone."""
    released_only("./do roots runs the released build")
    done = run(os.path.join(ROOT, "do"), "roots", pki.chain("p256").root_path, timeout=600)
    check(done.returncode == 0 and done.stdout.startswith(b"// Whom to believe"), f"{done.stdout[:80]!r} {done.stderr!r}")
    compiles(done.stdout.decode())


# --- 100 roots of our own beside the web's

COUNT = 100


def kind_of(i):
    if i % 20 == 19:
        return "rsa4096" if i % 40 == 39 else "rsa2048"
    return "p384" if i % 5 == 3 else "p256"


def foreign(issuer_name=None):
    """A certificate for the key of a root, by somebody unknown; perhaps by a namesake of a root of the web."""
    stranger = root("Stranger")
    return {"issuer": stranger, "issuer_name": issuer_name}


def shapes(own, i, web_name):
    """What a server sends behind its certificate: leads to `own`, and more."""
    middle = Certificate(f"Own intermediate {i}", pki.key(("p256", "rsa2048")[i % 10 == 7], "own intermediate"), own,
                         extensions=ca_extensions(), end=NOW + 900 * DAY)
    leaf = pki.leaf("p256", issuer=middle)

    def again(**more):
        return Certificate(f"Own intermediate {i}", middle.key, own, extensions=ca_extensions(), **more)

    def tail(issuer_name=None):
        return Certificate(own_name(i), own.key, extensions=ca_extensions(), **foreign(issuer_name))

    return [
        lambda: [leaf, middle],
        lambda: [leaf, middle, tail()],
        lambda: [leaf, middle, tail(web_name), tail()],
        lambda: [leaf, own, root("Stranger"), tail(web_name), middle],
        lambda: [leaf, middle, middle, leaf, own, middle],
        lambda: [leaf, again(**OLD), middle, tail()],
        lambda: [leaf, Certificate(f"Own intermediate {i}", middle.key, extensions=ca_extensions(), **foreign()), middle],
        lambda: [pki.leaf("p256", issuer=own)],
    ][i % 8]()


def own_name(i):
    return f"Root of our own {i}"


def own_root(i):
    return pki.once(f"own root {i}", lambda: Certificate(
        own_name(i), pki.key(kind_of(i), f"own root {i}"), extensions=ca_extensions(), end=NOW + 3650 * DAY))


def web_source():
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as f:
        cached = re.search(r"^PICKET_ROOTS:\w+=(.+)$", f.read(), re.M)
    found = cached[1] if cached else os.environ.get("PICKET_ROOTS") or os.path.join(ROOT, "build", "deps", "ca-certificates")
    if not os.path.exists(found):
        found = "/etc/ssl/certs/ca-certificates.crt"
    return rootstore.load(rootstore.files_of(found))


def linked_with(store, label):
    """The command with this store as its web's, linked as its build links it."""
    if IS_CURL:
        raise Skipped("curl has no such store")
    link = built.commands("picket")[-1]
    check("libpicket_trust_web.a" in link, f"how is picket linked? {link[-300:]}")
    made, program = path(f"{label}/web.o"), path(f"{label}/picket")
    built.run([built.compiler(link), *built.sanitizers(), "-std=c11", "-Os", "-c", store, "-o", made,
               "-I", os.path.join(ROOT, "include")])
    link = link.replace("libpicket_trust_web.a", made, 1).replace(" libpicket_trust_web.a", "")
    built.run(link.replace(" -o picket ", f" -o {program} "))
    return program


def with_own_roots():
    whole = web_source()
    source = path("both/roots.pem", "".join(c.pem() for c in whole) + "".join(own_root(i).pem() for i in range(COUNT)))
    text, _ = make(source, path("both/web.c"))
    check(len(lines_of(text)) == len(lines_of(web())) + COUNT, f"{len(lines_of(text))} roots")
    return linked_with(path("both/web.c"), "both"), bytes(whole[0].subject)


def through_web(program, chain):
    with serve(chain) as server:
        return picket(*resolve(HOST, server.port), f"https://{HOST}:{server.port}/", program=program, max_time=20,
                      env={"SSL_CERT_FILE": ""})


def own_roots(first):
    program, web_name = cases.server("own roots", with_own_roots)
    for i in range(first, first + 10):
        own = own_root(i)
        chain = Chain(pki.folder, f"own-{i}", shapes(own, i, web_name), own)
        expect_ok(through_web(program, chain), PAGE)


def memory():
    """What the whole store takes of memory beyond that of a single root: at most 2 kB."""
    program, _ = cases.server("own roots", with_own_roots)
    own = own_root(0)
    chain = Chain(pki.folder, "own-memory", under("Own below 0", own), own)
    peaks = []
    for options in ([], ["--cacert", chain.root_path]):
        with serve(chain) as server:
            result = expect_ok(picket(*resolve(HOST, server.port), "--report", *options, f"https://{HOST}:{server.port}/",
                                      program=program, env={"SSL_CERT_FILE": ""}), PAGE)
        peaks.append(int(re.search(r"heap_peak: (\d+)", result.text())[1]))
    print(f"# memory at most: {peaks[0]} bytes with the web's roots and {COUNT} more, {peaks[1]} with one", flush=True)
    check(peaks[0] - peaks[1] <= 2048, f"{peaks[0]} bytes, with one root {peaks[1]}")


def dates_of_distrust():
    """From certdata.txt into the command: what was issued before the date is believed, and after it is not."""
    text = certdata((root("Until lately"), "Until lately", YES, YES, time.strftime("%y%m%d000000Z", time.gmtime(NOW - DAY))),
                    (root("Until 2020"), "Until 2020", YES, YES, "200101000000Z"))
    make(path("dated/certdata.txt", text), path("dated/web.c"))
    program = linked_with(path("dated/web.c"), "dated")
    expect_ok(through_web(program, chain_of("until lately", *under("Below lately", root("Until lately")))), PAGE)
    expect_error(through_web(program, chain_of("until 2020", *under("Below 2020", root("Until 2020")))), "UNKNOWN_ISSUER")


def stranger_beside():
    program, _ = cases.server("own roots", with_own_roots)
    expect_error(through_web(program, chain_of("stranger beside", *under("Below stranger", root("Stranger")))),
                 "UNKNOWN_ISSUER")


def web_only_refuses_own():
    """The command as it was built knows nothing of them."""
    own = own_root(0)
    expect_error(through_web(None, Chain(pki.folder, "own-refused", under("Below own", own), own)), "UNKNOWN_ISSUER")


cases.add_all(made_of_certdata, made_of_pem, made_of_nothing, left_out_by_debian, check_of_date, web_size, web_origin)
cases.add("roots-fewest", fewest)
cases.add("web-keeps-what-limits", keeps_what_limits)
cases.add("roots-keep-what-limits", chooses_what_limits)
cases.add("roots-longer-lived", longer_lived)
for _start in (servers.nginx, servers.openssl, servers.gnutls):
    cases.add(f"roots-of-{_start.__name__}", real_server, _start)
for _name, _case in (("unknown-root", unknown_root), ("namesake-root", namesake_root), ("expired", expired),
                     ("other-name", other_name), ("signed-by-itself", signed_by_itself), ("distrusted", distrusted),
                     ("unreachable", unreachable), ("not-files", not_files)):
    cases.add(f"roots-refuses-{_name}", _case)
cases.add("roots-many-candidates", many_candidates)
cases.add("roots-by-do", by_do)
cases.add("roots-converts", converts)
cases.add("roots-box-by-its-file", box_is_believed)
for _first in range(0, COUNT, 10):
    cases.add(f"own-roots-beside-the-web-{_first}", own_roots, _first)
cases.add("dates-of-distrust", dates_of_distrust)
cases.add("own-roots-memory", memory)
cases.add("own-roots-stranger", stranger_beside)
cases.add("own-roots-unknown-to-the-web", web_only_refuses_own)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
