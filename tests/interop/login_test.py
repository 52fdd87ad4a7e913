#!/usr/bin/python3
"""picket -u, --oauth2-bearer, credentials in a URL, and Expect: 100-continue, with nginx and with peers of our own."""
import base64
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, peers, servers
from support.harness import Cases, check, expect_error, expect_ok, picket, resolve
from support.peers import Listener, TlsListener
from support.servers import PAGE

HOST = certs.HOST
pki = certs.Pki(harness.folder)
cases = Cases()
SCHEMES = ("http", "https")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"


def fetch(scheme, port, *options, login="", **more):
    return picket("--cacert", pki.chain("p256").root_path, *resolve(HOST, port), *options,
                  f"{scheme}://{login}{HOST}:{port}/", **more)


def served(scheme, handler):
    return TlsListener(pki.chain("p256"), handler) if scheme == "https" else Listener(handler)


# --- nginx checks them

def nginx(scheme, user, password, options, login, status):
    line = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=password.encode(), capture_output=True, check=True)
    users = harness.unique("users")
    with open(users, "wb") as f:
        f.write(user.encode() + b":" + line.stdout)
    os.chmod(users, 0o644)
    lines = f'location / {{ auth_basic "here"; auth_basic_user_file {users}; }}'
    with servers.nginx(pki.chain("p256"), None, lines, plain=scheme == "http") as server:
        result = fetch(scheme, server.port, "-f", *options, login=login)
        if status == 200:
            expect_ok(result, PAGE)
        else:
            check(result.code == 22 and str(status) in result.text(), f"{result}")
        check(password not in result.text(), f"the password is shown: {result}")


def url_is_not_shown(scheme):
    """Neither in the line that says what failed, nor in the report."""
    with servers.nginx(pki.chain("p256"), None, "return 404;", plain=scheme == "http") as server:
        result = fetch(scheme, server.port, "-f", "--report", "--url-credentials", login="me:secret@")
        check(result.code == 22 and b"secret" not in result.out + result.err, f"{result}")
        check(f"url: {scheme}://" in result.text(), f"no URL in the report: {result}")


def told(shown, *options, login=""):
    """-v tells the request, and of credentials the scheme."""
    with served("http", peers.http(OK)) as server:
        result = fetch("http", server.port, "-v", *options, login=login)
        expect_ok(result, b"ok\n")
        check(b"> GET / HTTP/1.1" in result.err and shown + b"\n" in result.err, f"{shown!r} is not told: {result}")
        for hidden in (b"secret", base64.b64encode(b"me:secret"), base64.b64encode(b":secret")):
            check(hidden not in result.err, f"{hidden!r} is told: {result}")


for _name, _shown, _options, _login in (
        ("user", b"> Authorization: Basic (hidden)", ["-u", "me:secret"], ""),
        ("url", b"> Authorization: Basic (hidden)", ["--url-credentials"], "me:secret@"),
        ("field", b"> authorization: Token (hidden)", ["-H", "authorization: Token secret", "-H", "X: y"], ""),
        ("one-word", b"> Authorization: (hidden)", ["-H", "Authorization: secret"], ""),
        ("other-fields", b"> Authorize: it", ["-H", "Authorize: it"], "")):
    cases.add(f"login-told-{_name}", told, _shown, *_options, login=_login)

for _scheme in SCHEMES:
    cases.add(f"login-not-shown-{_scheme}", url_is_not_shown, _scheme)
    for _name, _user, _password in (("plain", "me", "open sesame"), ("utf-8", "m\u00e9", "\u00a3:\u20ac"), ("long", "x" * 200, "y" * 70)):
        cases.add(f"login-nginx-{_name}-{_scheme}", nginx, _scheme, _user, _password, ["-u", f"{_user}:{_password}"], "", 200)
    cases.add(f"login-nginx-wrong-{_scheme}", nginx, _scheme, "me", "right", ["-u", "me:wrong"], "", 401)
    cases.add(f"login-nginx-none-{_scheme}", nginx, _scheme, "me", "right", [], "", 401)
    cases.add(f"login-nginx-url-{_scheme}", nginx, _scheme, "me", "p@ss", ["--url-credentials"], "me:p%40ss@", 200)


def not_in_a_url(scheme):
    with served(scheme, peers.http(OK)) as server:
        expect_error(fetch(scheme, server.port, login="me:secret@"), "URL", "credentials in the URL")
        check(server.connections == 0, "it was asked")


def sent(scheme, options, wanted):
    seen = []
    with served(scheme, peers.http(OK, seen=seen)) as server:
        expect_ok(fetch(scheme, server.port, *options), b"ok\n")
        check(peers.fields(seen[0][0]).get("authorization") == wanted, f"{seen[0][0]}")


for _scheme in SCHEMES:
    cases.add(f"login-url-refused-{_scheme}", not_in_a_url, _scheme)
    cases.add(f"login-bearer-{_scheme}", sent, _scheme, ["--oauth2-bearer", "abc.DEF-1="], "Bearer abc.DEF-1=")
    cases.add(f"login-own-field-{_scheme}", sent, _scheme, ["-u", "a:b", "-H", "Authorization: Own x"], "Own x")
    cases.add(f"login-basic-{_scheme}", sent, _scheme, ["-u", "a:b:c"], "Basic " + base64.b64encode(b"a:b:c").decode())


# --- Expect

EXPECT = ("-H", "Expect: 100-continue")


def expect_nginx(scheme, size):
    """nginx says 100 by itself, and refuses what is too long before it is sent."""
    lines = "client_max_body_size 100k; location / { proxy_pass http://127.0.0.1:%d; }"
    with Listener(peers.http(lambda head, body: peers.response(b"%d\n" % len(body)))) as behind, \
            servers.nginx(pki.chain("p256"), None, lines % behind.port, plain=scheme == "http") as server:
        body = harness.path(f"body.{size}", b"x" * size)
        result = fetch(scheme, server.port, "-T", body, "-f", "--report", *EXPECT)
        if size <= 100000:
            expect_ok(result, b"%d\n" % size)
        else:
            check(result.code == 22 and "413" in result.text() and "\nsent: 0\n" in result.text(), f"{result}")


def expects(scheme, answer, pause, status, body_sent, limit):
    """A peer that does something else with it. limit: so long after the answer the body begins, or, without one, it is over."""
    got, waited = [], []

    def handler(connection):
        head, rest = peers.read_head(connection)
        check(b"\r\nExpect: 100-continue\r\n" in head, f"{head}")
        time.sleep(pause)
        check(rest == b"", "the body came at once")
        connection.sendall(answer)
        answered = time.monotonic()
        if body_sent:
            rest = connection.recv(5000)
            waited.append(time.monotonic() - answered)
            while len(rest) < 1000:
                rest += connection.recv(5000)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
        got.append(rest)
        peers.finish(connection)
    with served(scheme, handler) as server:
        result = fetch(scheme, server.port, "--data-binary", "z" * 1000, "-i", *EXPECT, max_time=8)
        server.settle()
        expect_ok(result)
        check(f"HTTP/1.1 {status} ".encode() in result.out, f"{result}")
        check([len(x) for x in got] == [1000 if body_sent else 0], f"{len(got)} {got}; {server.faults}")
        check(not server.faults, f"{server.faults}; {result}")
        check(all(seconds < limit for seconds in waited or [result.seconds]), f"waited for {waited} s: {result}")


GO_ON = b"HTTP/1.1 100 Continue\r\n\r\n"
REFUSAL = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
for _scheme in SCHEMES:
    for _size in (1, 1000, 100000, 200000):
        cases.add(f"expect-nginx-{_size}-{_scheme}", expect_nginx, _scheme, _size)
    cases.add(f"expect-100-{_scheme}", expects, _scheme, GO_ON, 0.3, 200, True, 0.5)
    cases.add(f"expect-100-twice-{_scheme}", expects, _scheme, GO_ON * 2, 0.3, 200, True, 0.5)
    cases.add(f"expect-103-then-100-{_scheme}", expects, _scheme, b"HTTP/1.1 103 Hints\r\n\r\n" + GO_ON, 0.3, 200, True, 0.5)
    cases.add(f"expect-nothing-said-{_scheme}", expects, _scheme, b"", 0.5, 200, True, 2)
    for _status in (200, 401, 413, 417):
        cases.add(f"expect-{_status}-{_scheme}", expects, _scheme, REFUSAL % _status, 0.3, _status, False, 2)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
