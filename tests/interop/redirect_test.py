#!/usr/bin/python3
"""picket -L: nginx that sends elsewhere, and peers that send to places where nobody should go.

The rules of RFC 9110 15.4 and what is left of them across origins are looked at from the server's side.
"""
import os
import re
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, der, harness, peers, servers
from support.certs import Certificate
from support.harness import Cases, check, expect_error, expect_ok, picket, resolve
from support.peers import Listener, TlsListener
from support.servers import PAGE

HOST, OTHER = certs.HOST, "other.test"
pki = certs.Pki(harness.folder)
cases = Cases()
SCHEMES = ("http", "https")


def served(scheme, handler, setup=None):
    return TlsListener(pki.chain("any-host"), handler, setup=setup) if scheme == "https" else Listener(handler)


def fetch(scheme, port, *options, path="/", ports=(), **more):
    names = []
    for p in (port, *ports):
        names += [*resolve(HOST, p), *resolve(OTHER, p)]
    return picket("--cacert", pki.chain("any-host").root_path, *names, *options, f"{scheme}://{HOST}:{port}{path}", **more)


def report(result, key):
    return re.findall(rf"^{key}: (.*)$", result.text(), re.M)


# --- nginx

def nginx(scheme, code, method, count):
    """Over several hops; the connection stays the same."""
    hops = "".join(f"location = /{i} {{ return {code} /{i + 1}; }}\n" for i in range(count))
    page = f"location = /{count} {{ rewrite ^ /index.html break; }}"
    with servers.nginx(pki.chain("any-host"), None, hops + page, plain=scheme == "http") as server:
        result = fetch(scheme, server.port, "-L", "--report", *method, path="/0")
        expect_ok(result, PAGE)
        check(report(result, "redirects") == [str(count)], f"{result}")
        check(report(result, "final_url") == [f"{scheme}://{HOST}:{server.port}/{count}"], f"{result}")
        check(report(result, "reused") == ["yes"], f"{result}")


def nginx_other_host(scheme):
    lines = f"""location = / {{ return 302 $scheme://{OTHER}:$server_port/x/../index.html; }}"""
    with servers.nginx(pki.chain("any-host"), None, lines, plain=scheme == "http") as server:
        result = fetch(scheme, server.port, "-L", "--report")
        expect_ok(result, PAGE)
        check(report(result, "final_url") == [f"{scheme}://{OTHER}:{server.port}/index.html"], f"{result}")


def nginx_not_followed(scheme):
    with servers.nginx(pki.chain("any-host"), None, "location = / { return 302 /x; }", plain=scheme == "http") as server:
        result = fetch(scheme, server.port, "-i")
        expect_ok(result)
        check(result.out.startswith(b"HTTP/1.1 302 ") and b"Location: " in result.out, f"{result}")


def nginx_loop(scheme, limit):
    with servers.nginx(pki.chain("any-host"), None, "location = / { return 302 /; }", plain=scheme == "http") as server:
        options = [] if limit is None else ["--max-redirs", limit]
        result = fetch(scheme, server.port, "-L", *options)
        expect_error(result, "REDIRECTS")
        check(result.out == b"", f"{result}")


for _scheme in SCHEMES:
    for _code in (301, 302, 303, 307, 308):
        cases.add(f"redirect-nginx-{_code}-{_scheme}", nginx, _scheme, _code, (), 3)
    cases.add(f"redirect-nginx-post-303-{_scheme}", nginx, _scheme, 303, ("-d", "x"), 1)
    cases.add(f"redirect-nginx-40-{_scheme}", nginx, _scheme, 302, (), 40)
    cases.add(f"redirect-nginx-other-host-{_scheme}", nginx_other_host, _scheme)
    cases.add(f"redirect-nginx-not-followed-{_scheme}", nginx_not_followed, _scheme)
    for _limit in (None, 0, 1, 7):
        cases.add(f"redirect-nginx-loop-{_limit}-{_scheme}", nginx_loop, _scheme, _limit)
cases.add("redirect-nginx-1000", nginx_loop, "http", 1000)


# --- Between schemes and names

def go(code, where, extra="", body=b""):
    return (f"HTTP/1.1 {code} Go\r\nLocation: {where}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode("latin-1")
            + body)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


def keep_answering(answer, seen=None):
    """Answer every request of a connection with answer(head)."""
    def handler(connection):
        while True:
            head, body = peers.read_request(connection)
            if seen is not None:
                seen.append((head, body))
            connection.sendall(answer(head))
    return handler


def up(code):
    """From http to https it goes."""
    with served("https", keep_answering(lambda head: OK)) as secure, \
            served("http", keep_answering(lambda head: go(code, f"https://{HOST}:{secure.port}/x"))) as plain:
        expect_ok(fetch("http", plain.port, "-L", ports=[secure.port]), b"ok\n")


def down(code, where):
    """From https to http it does not, however it is spelled, and no byte goes there."""
    seen = []
    with served("http", keep_answering(lambda head: OK, seen)) as plain, \
            served("https", keep_answering(lambda head: go(code, where.format(port=plain.port)))) as secure:
        expect_error(fetch("https", secure.port, "-L", ports=[plain.port]), "REDIRECT_PLAIN")
        check(plain.connections == 0 and not seen, "somebody was there")


def unverified():
    """Where it leads the certificate must be right, too."""
    with TlsListener(pki.chain("expired-leaf"), keep_answering(lambda head: OK)) as bad, \
            served("https", keep_answering(lambda head: go(302, f"https://{HOST}:{bad.port}/"))) as good:
        trust = harness.unique("two-roots")
        with open(pki.chain("any-host").root_path, encoding="ascii") as one, \
                open(pki.chain("expired-leaf").root_path, encoding="ascii") as two:
            certs.write(trust, one.read() + two.read())
        result = picket("--cacert", trust, "-L", *resolve(HOST, good.port), *resolve(HOST, bad.port),
                        f"https://{HOST}:{good.port}/")
        expect_error(result, "EXPIRED")
        check(bad.handshakes == 0, "the handshake was completed")


for _code in (301, 307):
    cases.add(f"redirect-up-{_code}", up, _code)
    for _name, _where in (("plain", "http://" + HOST + ":{port}/"), ("upper-case", "HTTP://" + HOST + ":{port}/"),
                          ("default-port", "http://" + HOST + "/")):
        cases.add(f"redirect-down-{_name}-{_code}", down, _code, _where)
cases.add("redirect-to-a-bad-certificate", unverified)

SECRETS = ["-H", "Authorization: Bearer secret1", "-H", "Cookie: a=secret2", "-H", "X-Mine: yes"]


def secrets(scheme, host, same_port, stay):
    """What is meant for one origin is not sent to another, nor to itself when the other sends back."""
    seen = []
    with served(scheme, keep_answering(lambda head: OK, seen)) as second:
        back = [0]

        def answer(head):
            if b" /back " in head:
                return OK
            port = first.port if same_port else second.port
            return go(307, f"{scheme}://{host}:{port}/back")
        with served(scheme, keep_answering(answer, seen)) as first:
            result = fetch(scheme, first.port, "-L", *SECRETS, ports=[second.port])
            expect_ok(result, b"ok\n")
            check(len(seen) == 2 and back == [0], f"{len(seen)} requests")
            check(b"secret1" in seen[0][0] and b"secret2" in seen[0][0], f"{seen[0][0]}")
            check((b"secret" in seen[1][0]) == stay, f"{seen[1][0]}")
            check(b"X-Mine: yes" in seen[1][0], f"{seen[1][0]}")


for _scheme in SCHEMES:
    cases.add(f"redirect-secrets-same-origin-{_scheme}", secrets, _scheme, HOST, True, True)
    cases.add(f"redirect-secrets-same-origin-upper-case-{_scheme}", secrets, _scheme, HOST.upper(), True, True)
    cases.add(f"redirect-secrets-other-port-{_scheme}", secrets, _scheme, HOST, False, False)
    cases.add(f"redirect-secrets-other-host-{_scheme}", secrets, _scheme, OTHER, True, False)


# --- The client's certificate

def certificate(version, other):
    """It is shown to the first origin, and to no other one, in no handshake, resumed or not."""
    chain, key = pki.chain("any-host"), pki.key("p256", "device")
    device = Certificate("device", key, None, extensions=[
        der.basic_constraints(False), der.key_usage("digitalSignature"), der.extended_key_usage(der.CLIENT_AUTH)])
    cert = harness.unique("device")
    certs.write(cert, device.pem())
    trust = f"ssl_client_certificate {cert}; ssl_verify_client optional; ssl_session_cache shared:s:1m; "
    host = OTHER if other else HOST
    lines = trust + f"location = / {{ return 307 https://{host}:$server_port/index.html; }}\n" \
                    "location = /index.html { return 200 $ssl_client_verify; }"
    with servers.nginx(chain, version, lines) as server:
        result = picket("--cacert", chain.root_path, "-L", *harness.version_options(version), "--cert", cert,
                        "--key", key.path, *resolve(HOST, server.port), *resolve(OTHER, server.port),
                        *[f"https://{HOST}:{server.port}/"] * 3)
        expect_ok(result, (b"NONE" if other else b"SUCCESS") * 3)


for _version in () if harness.IS_LEAN else ("1.2", "1.3"):
    cases.add(f"redirect-certificate-same-origin-{_version}", certificate, _version, False)
    cases.add(f"redirect-certificate-other-origin-{_version}", certificate, _version, True)


# --- Bodies

def body(scheme, code, options, method, again):
    seen = []
    with served(scheme, keep_answering(lambda head: OK if b" /x " in head else go(code, "/x"), seen)) as server:
        result = fetch(scheme, server.port, "-L", *options, path="/y")
        expect_ok(result, b"ok\n")
        check(len(seen) == 2, f"{len(seen)} requests")
        check(seen[1][0].startswith(f"{method} /x ".encode()), f"{seen[1][0]}")
        check(seen[1][1] == (seen[0][1] if again else b""), f"{len(seen[1][1])} bytes, first {len(seen[0][1])}")
        check(again or b"\r\nContent-" not in seen[1][0], f"{seen[1][0]}")
        check(len(seen[0][1]) > 2, "nothing was sent at first")


FILE = harness.path("upload.bin", bytes(range(256)) * 500)
for _scheme in SCHEMES:
    for _name, _options, _method in (
            ("data", ("-d", "some data"), "POST"), ("file", ("--data-binary", "@" + FILE), "POST"),
            ("put", ("-T", FILE), "PUT"), ("chunked", ("-T", FILE, "-H", "Transfer-Encoding: chunked"), "PUT")):
        cases.add(f"redirect-body-{_name}-307-{_scheme}", body, _scheme, 307, _options, _method, True)
        cases.add(f"redirect-body-{_name}-308-{_scheme}", body, _scheme, 308, _options, _method, True)
        cases.add(f"redirect-body-{_name}-303-{_scheme}", body, _scheme, 303, _options, "GET", False)
        cases.add(f"redirect-body-{_name}-302-{_scheme}", body, _scheme, 302, _options,
                  "GET" if _method == "POST" else "PUT", _method == "PUT")


# --- Peers that mean no good

HOSTILE = {
    "ftp": ("ftp://x/", "REDIRECT_URL"),
    "file": ("file:///etc/passwd", "REDIRECT_URL"),
    "javascript": ("javascript:alert(1)", "REDIRECT_URL"),
    "data": ("data:text/plain,x", "REDIRECT_URL"),
    "no-host": ("http://", "REDIRECT_URL"),
    "credentials": (f"http://user:pass@{HOST}/", "REDIRECT_URL"),
    "credentials-that-look-like-a-host": (f"http://{HOST}@evil.test/", "REDIRECT_URL"),
    "backslash": ("/\\evil.test/", "REDIRECT_URL"),
    "backslashes": ("\\\\evil.test\\x", "REDIRECT_URL"),
    "blank": ("/a b", "REDIRECT_URL"),
    "utf-8": ("/\u00e9", "REDIRECT_URL"),
    "escape": ("/%zz", "REDIRECT_URL"),
    "port": (f"http://{HOST}:99999/", "REDIRECT_URL"),
    "port-0": (f"http://{HOST}:0/", "REDIRECT_URL"),
    "number": ("http://2130706433/", "REDIRECT_URL"),
    "octal": ("http://0177.0.0.1/", "REDIRECT_URL"),
    "long": ("/" + "x" * 9000, "REDIRECT_URL"),
    "refused": ("http://127.0.0.1:1/", "REFUSED"),
    "two": ("/x\r\nLocation: /y", "REDIRECT_URL"),
    "dots": ("/" + "../" * 2500 + "x", None),
    "dots-slash": ("a/" + "./" * 2500 + "x", None),
    "itself": ("", "head"),
}


def hostile(where, outcome):
    with served("http", keep_answering(lambda head: OK if b" /x " in head or b" /a/x" in head else go(302, where))) as server:
        result = fetch("http", server.port, "-L", max_time=5)
        if outcome == "head":
            expect_ok(result, b"")
        elif outcome is None:
            expect_ok(result, b"ok\n")
        else:
            expect_error(result, outcome)


for _name, (_where, _outcome) in HOSTILE.items():
    cases.add(f"redirect-hostile-{_name}", hostile, _where, _outcome)


def endless_body(scheme, length):
    """The body of a redirect is not waited for."""
    def handler(connection):
        head, _ = peers.read_request(connection)
        if b" /x " in head:
            connection.sendall(OK)
            peers.drain(connection)
            return
        framing = f"Content-Length: {length}" if length else "Transfer-Encoding: chunked"
        connection.sendall(f"HTTP/1.1 302 Go\r\nLocation: /x\r\n{framing}\r\n\r\n".encode())
        while True:
            connection.sendall(b"z" * 5000 if length else b"64\r\n" + b"z" * 100 + b"\r\n")
    with served(scheme, handler) as server:
        result = fetch(scheme, server.port, "-L", "--report", max_time=5)
        expect_ok(result, b"ok\n")
        check(harness.IS_CURL or report(result, "reused") == ["no"], f"{result}")


for _scheme in SCHEMES:
    for _length in (0, 10000, 10 ** 15):
        cases.add(f"redirect-endless-body-{_length}-{_scheme}", endless_body, _scheme, _length)


def dripping_body(scheme, framing, drop, limit):
    """A body that comes a byte at a time, for ever. It ends with --max-time; without, it gets the time that a head gets, and no more."""
    over = threading.Event()

    def handler(connection):
        head, _ = peers.read_request(connection)
        if b" /x " in head:
            connection.sendall(OK)
            peers.drain(connection)
            return
        connection.sendall(f"HTTP/1.1 302 Go\r\nLocation: /x\r\n{framing}\r\n\r\n".encode())
        while not over.wait(0.2):
            connection.sendall(drop)
    with served(scheme, handler) as server:
        try:
            if limit:
                expect_error(fetch(scheme, server.port, "-L", max_time=limit), "TIMEOUT_TOTAL")
                return
            started = time.monotonic()
            done = harness.run(harness.PICKET, "-s", "-L", "--cacert", pki.chain("any-host").root_path,
                               *resolve(HOST, server.port), f"{scheme}://{HOST}:{server.port}/", timeout=HEAD_SECONDS + 20)
            seconds = time.monotonic() - started
            check(done.returncode == 0 and done.stdout == b"ok\n", f"{done}")
            check(HEAD_SECONDS - 1 < seconds < HEAD_SECONDS + 5, f"{seconds} s")
        finally:
            over.set()


HEAD_SECONDS = 30  # PICKET_HEAD_MS
for _scheme in SCHEMES:
    for _name, _framing, _drop in (("length", "Content-Length: 4000", b"z"),
                                   ("chunked", "Transfer-Encoding: chunked", b"1\r\nz\r\n")):
        cases.add(f"redirect-dripping-body-{_name}-{_scheme}", dripping_body, _scheme, _framing, _drop, 2, waits=True)
if not harness.IS_CURL:  # which reads on
    cases.add("redirect-dripping-body-alone", dripping_body, "https", "Content-Length: 4000", b"z", None, waits=True)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
