#!/usr/bin/python3
"""picket keeps connections: real servers that keep them too, and servers that end them, spoil them or say what they do not do.

Whatever happens on a connection between two requests, each URL gets its own answer.
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, peers, servers
from support.harness import Cases, check, expect_error, expect_ok, picket, resolve, version_options
from support.peers import Listener, Tls, TlsListener
from support.servers import PAGE

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
pki = certs.Pki(harness.folder)
cases = Cases()


def reused(result):
    return re.findall(r"^reused: (yes|no)$", result.text(), re.M)


def fetch(scheme, port, count, *options, **more):
    urls = [f"{scheme}://{HOST}:{port}/{i}" for i in range(count)]
    return picket("--cacert", pki.chain("p256").root_path, "--report", *resolve(HOST, port), *options, *urls, **more)


# --- nginx

def nginx(scheme, version, lines, count, expected, *options):
    chain = pki.chain("p256")
    lines = f"rewrite ^ /index.html break; {lines}"
    with servers.nginx(chain, version, lines, plain=scheme == "http") as server:
        result = fetch(scheme, server.port, count, *options)
        expect_ok(result, PAGE * count)
        check(harness.IS_CURL or reused(result) == expected, f"reused {reused(result)}, expected {expected}: {result}")


for _scheme, _version in (("http", None), ("https", "1.2"), ("https", "1.3")):
    _name = f"{_scheme}-{_version}" if _version else _scheme
    _options = version_options(_version) if _version else []
    cases.add(f"keep-nginx-{_name}", nginx, _scheme, _version, "", 4, ["no", "yes", "yes", "yes"], *_options)
    cases.add(f"keep-nginx-told-not-to-{_name}", nginx, _scheme, _version, "", 3, ["no"] * 3,
              "-H", "Connection: close", *_options)
    cases.add(f"keep-nginx-never-{_name}", nginx, _scheme, _version, "keepalive_timeout 0;", 3, ["no"] * 3, *_options)
    cases.add(f"keep-nginx-two-requests-{_name}", nginx, _scheme, _version, "keepalive_requests 2;", 4,
              ["no", "yes"] * 2, *_options)
    cases.add(f"keep-nginx-hint-{_name}", nginx, _scheme, _version, "keepalive_timeout 9s 9s;", 2, ["no", "yes"], *_options)
    cases.add(f"keep-nginx-100-{_name}", nginx, _scheme, _version, "", 100, ["no"] + ["yes"] * 99, *_options)


def head_then_get(scheme):
    chain = pki.chain("p256")
    with servers.nginx(chain, None, "rewrite ^ /index.html break;", plain=scheme == "http") as server:
        result = fetch(scheme, server.port, 2, "-I")
        expect_ok(result)
        check(result.out.count(b"HTTP/1.1 200") == 2 and reused(result) == ["no", "yes"], f"{result}")


def upload(scheme):
    """POSTs with a body keep the connection, too."""
    seen = []
    with served(scheme, serve(lambda i: b"", 9, seen)) as server:
        result = fetch(scheme, server.port, 3, "--data-binary", "x" * 5000)
        expect_ok(result, b"answer 0\nanswer 1\nanswer 2\n")
        check(server.connections == 1 and [body for _, body in seen] == [b"x" * 5000] * 3, f"{server.connections}: {result}")


# --- Servers that do something else

def served(scheme, handler, version=None):
    return TlsListener(pki.chain("p256"), handler, version) if scheme == "https" else Listener(handler)


def response(i, extra=""):
    body = b"answer %d\n" % i
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body


def number(head):
    return int(re.match(rb"\w+ /(\d+)", head)[1])


def serve(behind, limit, seen=None, end=None):
    """Answer `limit` requests of a connection, each with what behind(i) gives after it; then end(connection)."""
    def handler(connection):
        for _ in range(limit):
            head, body = peers.read_request(connection)
            if seen is not None:
                seen.append((head, body))
            connection.sendall(response(number(head)) + behind(number(head)))
        if end:
            end(connection)
        else:
            peers.drain(connection)
    return handler


def notify_and_wait(connection):
    connection.close_notify()
    peers.drain(connection)


def finish(connection):
    if isinstance(connection, Tls):
        connection.close_notify()
    peers.finish(connection)


def later(end, seconds):
    def wait(connection):
        time.sleep(seconds)
        end(connection)
    return wait


def third_request(end):
    """The next request comes, and the connection ends without an answer."""
    def wait(connection):
        connection.recv(1)
        end(connection)
    return wait


ENDS = {
    "fin": peers.finish,
    "goodbye": finish,
    "rst": peers.reset,
    "rst-soon": later(peers.reset, 0.01),
    "fin-soon": later(peers.finish, 0.01),
    "rst-when-asked": third_request(peers.reset),
    "fin-when-asked": third_request(peers.finish),
    "goodbye-when-asked": third_request(finish),
}
BODIES = b"".join(b"answer %d\n" % i for i in range(6))


def ends(scheme, version, end, limit):
    """The server keeps no connection for long, and does not say so: nobody notices."""
    with served(scheme, serve(lambda i: b"", limit, end=end), version) as server:
        result = fetch(scheme, server.port, 6, *(version_options(version) if version else []))
        expect_ok(result, BODIES)
        check(server.connections <= 6 + 6, f"{server.connections} connections: {result}")


def post_ends(scheme, end):
    """What is not idempotent is not sent twice: it works, or it fails once and says so."""
    seen = []
    with served(scheme, serve(lambda i: b"", 1, seen, end)) as server:
        result = fetch(scheme, server.port, 2, "-d", "x", "-s")
        server.settle()
        sent = [number(head) for head, _ in seen]
        check(sent.count(0) == 1 and sent.count(1) <= 1, f"requests {sent}: {result}")
        if result.code != 0:
            expect_error(result, {"EMPTY", "RESET"}, quiet=False)
            check(result.out == b"answer 0\n", f"{result}")


for _scheme, _version in (("http", None), ("https", "1.2"), ("https", "1.3")):
    _name = f"{_scheme}-{_version}" if _version else _scheme
    for _end, _function in ENDS.items():
        for _limit in (1, 2):
            cases.add(f"keep-ends-{_end}-after-{_limit}-{_name}", ends, _scheme, _version, _function, _limit)
    if _scheme == "https":
        cases.add(f"keep-ends-notify-{_name}", ends, _scheme, _version, notify_and_wait, 1)
for _scheme in ("http", "https"):
    cases.add(f"keep-head-{_scheme}", head_then_get, _scheme)
    cases.add(f"keep-upload-{_scheme}", upload, _scheme)
    for _end, _function in ENDS.items():
        cases.add(f"keep-post-ends-{_end}-{_scheme}", post_ends, _scheme, _function)


EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


def smuggle(scheme, version, behind, apart):
    """More than the response: nothing of it is ever taken for the answer to another request."""
    def handler(connection):
        while True:
            head, _ = peers.read_request(connection)
            if apart:
                connection.sendall(response(number(head)))
                connection.sendall(behind)
            else:
                connection.sendall(response(number(head)) + behind)
    with served(scheme, handler, version) as server:
        result = fetch(scheme, server.port, 6, *(version_options(version) if version else []))
        # What comes only after the next request has gone cannot be told from its answer.
        if apart and result.out != BODIES:
            check(result.code in (0, 8), f"{result}")
        else:
            expect_ok(result, BODIES)
            check(apart or reused(result) == ["no"] * 6, f"reused {reused(result)}: {result}")


for _scheme, _version in (("http", None), ("https", "1.2"), ("https", "1.3")):
    _name = f"{_scheme}-{_version}" if _version else _scheme
    for _what, _behind in (("response", EVIL), ("byte", b"\r"), ("crlf", b"\r\n"), ("zeros", bytes(5000)),
                           ("long", EVIL * 5000)):
        cases.add(f"keep-behind-{_what}-{_name}", smuggle, _scheme, _version, _behind, False)
        cases.add(f"keep-behind-{_what}-apart-{_name}", smuggle, _scheme, _version, _behind, True)


# --- Many

def many(scheme, count):
    """One connection, and memory that does not grow."""
    with served(scheme, serve(lambda i: b"", count + 1)) as server:
        result = fetch(scheme, server.port, count, max_time=60)
        expect_ok(result)
        check(server.connections == 1, f"{server.connections} connections: {result.text()[-200:]}")
        used = {int(n) for n in re.findall(r"^arena_used: (\d+)$", result.text(), re.M)[2:]}
        check(harness.IS_CURL or len(used) == 1, f"memory in use: {sorted(used)[:9]}")


cases.add("keep-500-http", many, "http", 500)
cases.add("keep-500-https", many, "https", 500)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
