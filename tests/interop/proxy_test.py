#!/usr/bin/python3
"""picket -x: through a proxy of our own to nginx, and to proxies that refuse, lie, break off or never end."""
import base64
import os
import re
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, peers, servers
from support.harness import Cases, check, expect_error, expect_ok, picket, version_options
from support.peers import Listener
from support.servers import PAGE

HOST, OTHER = certs.HOST, "other.test"
pki = certs.Pki(harness.folder)
cases = Cases()


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def connect_both(connection, port):
    with socket.create_connection(("127.0.0.1", port)) as server:
        other = threading.Thread(target=pump, args=(connection, server), daemon=True)
        other.start()
        pump(server, connection)
        other.join(5)


def proxy(seen, login=None, answer=b"HTTP/1.1 200 Open\r\n\r\n"):
    """Knows every name as 127.0.0.1. Notes the heads it gets; login: wants these credentials."""
    def handler(connection):
        head, rest = peers.read_head(connection)
        seen.append(head)
        wanted = login and "Basic " + base64.b64encode(login.encode()).decode()
        if wanted and peers.fields(head).get("proxy-authorization") != wanted:
            connection.sendall(b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n")
            peers.drain(connection)
            return
        method, target = head.split(b" ")[:2]
        port = int(re.search(rb":(\d+)(/|$)", target)[1])
        if method == b"CONNECT":
            check(rest == b"", "bytes before the way was open")
            connection.sendall(answer)
            connect_both(connection, port)
            return
        with socket.create_connection(("127.0.0.1", port)) as server:
            path = re.sub(rb"^http://[^/]*", b"", target)
            server.sendall(head.replace(target, path, 1).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + rest)
            threading.Thread(target=pump, args=(connection, server), daemon=True).start()
            pump(server, connection)
    return handler


def lead_to(connection, port):
    """To this port of this machine, wherever the client wants to go."""
    peers.read_head(connection)
    connection.sendall(b"HTTP/1.1 200 Open\r\n\r\n")
    connect_both(connection, port)


def fetch(server, port, *options, scheme="https", host=HOST, path="/", **more):
    return picket("--cacert", pki.chain("any-host").root_path, "-x", f"127.0.0.1:{server.port}", *options,
                  f"{scheme}://{host}:{port}{path}", **more)


# --- To nginx

def nginx(scheme, version, login, options):
    seen = []
    with Listener(proxy(seen, login)) as middle, \
            servers.nginx(pki.chain("any-host"), version, "", plain=scheme == "http") as server:
        result = fetch(middle, server.port, *options, *(version_options(version) if version else []), scheme=scheme)
        expect_ok(result, PAGE)
        wanted = f"CONNECT {HOST}:{server.port} " if scheme == "https" else f"GET http://{HOST}:{server.port}/ "
        check(len(seen) == 1 and seen[0].startswith(wanted.encode()), f"{seen}")


def nginx_secrets():
    """What is meant for the server is not shown to the proxy."""
    seen = []
    with Listener(proxy(seen, "me:proxy")) as middle, servers.nginx(pki.chain("any-host"), None, "") as server:
        expect_ok(fetch(middle, server.port, "-U", "me:proxy", "-u", "you:server", "-H", "X-Mine: 1"), PAGE)
        check(len(seen) == 1 and b"X-Mine" not in seen[0] and b"\r\nAuthorization" not in seen[0], f"{seen}")


def several(scheme, count):
    """The way stays open for the next URL."""
    seen = []
    with Listener(proxy(seen)) as middle, servers.nginx(pki.chain("any-host"), None, "") as server:
        urls = [f"https://{HOST}:{server.port}/"] * (count - 1)
        expect_ok(fetch(middle, server.port, *urls), PAGE * count)
        check(len(seen) == 1 and middle.connections == 1, f"{len(seen)} requests, {middle.connections} connections")


def resumed(version):
    """A session that was kept for the server is resumed through the proxy, and one that it forgot is done without."""
    seen = []
    with Listener(proxy(seen)) as middle, servers.nginx(pki.chain("any-host"), version,
                                                        "ssl_session_cache shared:s:1m;") as server:
        url = f"https://{HOST}:{server.port}/"
        result = fetch(middle, server.port, "--report", "-H", "Connection: close", *version_options(version), url, url)
        expect_ok(result, PAGE * 3)
        check(re.findall(r"^resumed: (\w+)", result.text(), re.M) == ["no", "yes", "yes"], f"{result}")
        check(len(seen) == 3, f"{len(seen)}")


def redirected():
    seen = []
    lines = f"location = /go {{ return 302 https://{OTHER}:$server_port/; }}"
    with Listener(proxy(seen)) as middle, servers.nginx(pki.chain("any-host"), None, lines) as server:
        expect_ok(fetch(middle, server.port, "-L", path="/go"), PAGE)
        check([x.split(b" ")[1] for x in seen] == [f"{h}:{server.port}".encode() for h in (HOST, OTHER)], f"{seen}")


for _scheme, _version in (("http", None), ("https", "1.2"), ("https", "1.3")):
    _name = f"{_scheme}-{_version}" if _version else _scheme
    cases.add(f"proxy-nginx-{_name}", nginx, _scheme, _version, None, [])
    cases.add(f"proxy-nginx-login-{_name}", nginx, _scheme, _version, "me:open sesame", ["-U", "me:open sesame"])
    if _version:
        cases.add(f"proxy-resumed-{_version}", resumed, _version)
cases.add("proxy-nginx-secrets", nginx_secrets)
cases.add("proxy-several", several, "https", 4)
cases.add("proxy-redirected", redirected)


# --- TLS is verified as ever

def verified(label, errors):
    with Listener(proxy([])) as middle, servers.nginx(pki.chain(label), None, "") as server:
        result = picket("--cacert", pki.chain(label).root_path, "-x", f"http://127.0.0.1:{middle.port}",
                        f"https://{HOST}:{server.port}/")
        expect_error(result, errors)


def another_server():
    """A proxy that connects somewhere else."""
    with servers.nginx(pki.chain("other-name"), None, "") as other, \
            Listener(lambda connection: lead_to(connection, other.port)) as middle:
        result = picket("--cacert", pki.chain("other-name").root_path, "-x", f"127.0.0.1:{middle.port}", f"https://{HOST}/")
        expect_error(result, "WRONG_HOST")


for _label in ("expired-leaf", "other-name", "missing-intermediate"):
    cases.add(f"proxy-verified-{_label}", verified, _label, certs.BAD[_label][1])
cases.add("proxy-another-server", another_server)


# --- Proxies that mean no good

def head(status, *lines):
    return "\r\n".join((f"HTTP/1.1 {status}", *lines)).encode("latin-1") + b"\r\n\r\n"


HOSTILE = {
    "403": (head("403 No"), "PROXY", "status 403"),
    "407": (head("407 Who", "Proxy-Authenticate: Basic"), "PROXY_AUTH", "407"),
    "502-body": (head("502 Bad", "Content-Length: 5") + b"hello", "PROXY", "502"),
    "302": (head("302 Go", "Location: http://evil.test/"), "PROXY", "302"),
    "ssh": (b"SSH-2.0-x\r\n", "PROXY_ANSWER", None),
    "tls": (bytes.fromhex("15030300020228"), "PROXY_ANSWER", None),
    "garbage": (bytes(range(256)), "PROXY_ANSWER", None),
    "behind": (head("200 OK") + b"evil", "PROXY_ANSWER", "behind"),
    "http-2": (b"HTTP/2 200 OK\r\n\r\n", "PROXY_ANSWER", None),
    "bare-lf": (b"HTTP/1.1 200 OK\n\n", "PROXY_ANSWER", None),
    "escape": (head("200 \x1b[31mOK"), "PROXY_ANSWER", None),
    "huge": (head("200 OK", "X: " + "x" * 9000), "PROXY_ANSWER", None),
    "many": (head("200 OK", *["X: y"] * 1000), "PROXY_ANSWER", None),
    "interim": (head("100 Wait") * 17, "PROXY_ANSWER", None),
    "nothing": (b"", "PROXY_ANSWER", "closed"),
    "half": (b"HTTP/1.1 200", "PROXY_ANSWER", "closed"),
}


def hostile(answer, error, contains, end, pieces=None):
    seen = []
    with Listener(peers.http(answer, end, pieces, seen=seen)) as middle:
        result = fetch(middle, 443, max_time=4)
        expect_error(result, error, contains)
        check(result.out == b"" and b"\x1b" not in result.err, f"{result}")
        check(len(seen) == 1, f"{len(seen)}")


for _name, (_answer, _error, _contains) in HOSTILE.items():
    cases.add(f"proxy-hostile-{_name}", hostile, _answer, _error, _contains, "close")
    if len(_answer) < 300 and _name != "behind":    # what comes later is TLS's
        cases.add(f"proxy-hostile-{_name}-bytewise", hostile, _answer, _error, _contains, "close", 1)
    if _contains != "closed":
        cases.add(f"proxy-hostile-{_name}-stays", hostile, _answer, _error, _contains, "stall")


def endless():
    def handler(connection):
        peers.read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X: y\r\n" * 1000)
    with Listener(handler) as middle:
        expect_error(fetch(middle, 443, max_time=4), "PROXY_ANSWER")


def silent(options, error):
    with Listener(peers.stall) as middle:
        result = fetch(middle, 443, *options, max_time=4)
        expect_error(result, error, "proxy")


def refused():
    with Listener(peers.stall) as gone:
        port = gone.port
    gone.settle()
    result = picket("-x", f"127.0.0.1:{port}", f"https://{HOST}/")
    expect_error(result, "REFUSED", "proxy")


def malformed(url, error):
    expect_error(picket("-x", url, f"https://{HOST}/"), error)


cases.add("proxy-endless", endless)
cases.add("proxy-silent", silent, ["--connect-timeout", "1"], "TIMEOUT_PROXY", waits=True)
cases.add("proxy-silent-max-time", silent, ["--max-time", "1"], "TIMEOUT_TOTAL", waits=True)
cases.add("proxy-refused", refused)
for _url in ("https://127.0.0.1:1", "socks5://127.0.0.1", "http://u:p@127.0.0.1", "127.0.0.1:0", "http://127.0.0.1/x"):
    cases.add(f"proxy-malformed-{_url}", malformed, _url, "PROXY_URL")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
