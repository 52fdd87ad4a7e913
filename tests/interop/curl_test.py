#!/usr/bin/python3
"""The same command lines through curl and picket, against the same servers; docs/CURL.md is the table of what this finds.

Compared are the requests that each connection brought, standard output, the files, and success or failure with its exit
code. Where they differ on purpose the case says in what, and it must differ in nothing else and in all of that: a
difference that is gone fails here, too. What is made equal before stands in normal().
"""
import base64
import hashlib
import os
import re
import shutil
import ssl
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, der, harness, peers
from support.certs import NOW, DAY, Certificate, ca_extensions
from support.harness import Cases, Skipped, check, picket, resolve
from support.peers import Listener, TlsListener

HOST, OTHER = certs.HOST, "other.test"
FILE = bytes(range(256)) * 40
INPUT = b"from standard\ninput, \xff binary\n"
MEASURED = b"curl 7.88"  # where this version differs, it must; another one may differ there
pki = certs.Pki(harness.folder)
cases = Cases()


# --- The server: what a path does

def answer_range(head):
    wanted = re.search(rb"\r\nRange: bytes=(\d*)-(\d*)\r\n", head)
    if not wanted:
        return peers.response(FILE)
    first, last = wanted[1], wanted[2]
    start = int(first) if first else max(0, len(FILE) - int(last))
    end = min(int(last), len(FILE) - 1) if first and last else len(FILE) - 1
    if start >= len(FILE):
        return peers.response(b"no\n", "416 No", extra=f"Content-Range: bytes */{len(FILE)}\r\n")
    return peers.response(FILE[start:end + 1], "206 Part", extra=f"Content-Range: bytes {start}-{end}/{len(FILE)}\r\n")


def answer(head, body, other_port):
    """The bytes of the response, and whether the connection ends with them."""
    target = re.sub(rb"^http://[^/]*", b"", head.split(b" ")[1]).decode()
    redirect = re.match(r"/go-(30\d)", target)
    if redirect:
        return peers.response(b"elsewhere\n", f"{redirect[1]} Go", extra="Location: /echo\r\n"), False
    if target == "/other":
        return peers.response(b"", "302 Go", extra=f"Location: http://{OTHER}:{other_port}/echo\r\n"), False
    if target == "/down":
        return peers.response(b"", "302 Go", extra=f"Location: http://127.0.0.1:1/\r\n"), False
    if target == "/loop":
        return peers.response(b"", "302 Go", extra="Location: /loop\r\n"), False
    if target == "/closes":
        return peers.response(b"until the end\n", length=False), True
    if target == "/cut":
        return b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this", True
    if target == "/nothing":
        return b"", True
    status = re.match(r"/status-(\d+)", target)
    if status:
        return peers.response(b"sorry\n", f"{status[1]} So"), False
    if target.startswith("/file"):
        return answer_range(head), False
    if target == "/chunked":
        return peers.response(FILE, chunked=[7, 1000]), False
    return peers.response(b"%s %d bytes\n" % (head.split(b" ")[0], len(body)), extra="X-Mine: yes\r\n"), False


class Server:
    """The same answers plain and over TLS, as an HTTP proxy, and behind CONNECT; keeps what each connection brought."""

    def __init__(self, chain=None, version=None, setup=None):
        self.log = []
        self.inner = None   # the TLS context behind CONNECT
        self.lock = threading.Lock()
        self.listener = TlsListener(chain, self.handle, version, setup=setup) if chain else Listener(self.handle)
        self.scheme, self.port = "https" if chain else "http", self.listener.port

    def handle(self, connection):
        requests = []
        with self.lock:
            self.log.append(requests)
        while True:
            head, body = peers.read_request(connection)
            requests.append((head, body))
            if head.startswith(b"CONNECT "):
                connection.sendall(b"HTTP/1.1 200 Open\r\n\r\n")
                connection = peers.Tls(connection, self.inner)
                connection.handshake()
                continue
            if b" /stall " in head:
                peers.stall(connection)
                return
            data, ends = answer(head, body, self.port)
            connection.sendall(data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head.startswith(b"HEAD ") else data)
            if ends:
                if isinstance(connection, peers.Tls):
                    connection.close_notify()
                peers.finish(connection)
                return

    def taken(self):
        """What came since the last call; connections without a whole request, such as a failed handshake, left out."""
        self.listener.settle()
        with self.lock:
            log, self.log = self.log, []
        return [requests for requests in log if requests]


# --- Running both, and what is made equal before they are compared

# What curl alone sends: with bodies of unknown length, and to proxies.
ONE_SIDED = (b"expect: 100-continue", b"proxy-connection: keep-alive")


def normal(head):
    """The request line; the fields in the order of their names (those of one name in their own order)."""
    first, *fields = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    fields = [re.sub(rb"^(User-Agent: )(?:curl|picket)/[\w.+-]+$", rb"\1NAME/VERSION", field) for field in fields]
    fields = [field for field in fields if field.lower() not in ONE_SIDED]
    return [first, *sorted(fields, key=lambda field: field.partition(b":")[0].lower())]


def work_folder(stem):
    """Files that command lines name."""
    folder = harness.unique(stem)
    os.makedirs(folder)
    for name, data in (("lines.txt", b"a=1\r\nb=2\n"), ("body.bin", FILE), ("part.bin", FILE[:1000]), ("nul.txt", b"one\0two"),
                       ("whole.bin", FILE), ("standard-input", INPUT)):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
    return folder


def contents(folder):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            found[name] = f.read()
    return found


ENVIRONMENT = {"HOME": harness.folder, "CURL_HOME": harness.folder, "http_proxy": "", "https_proxy": "", "all_proxy": "",
               "HTTPS_PROXY": "", "ALL_PROXY": ""}


def once(program, stem, server, args):
    """One of the two in a folder of its own: the four things that are compared."""
    folder = work_folder(stem)
    prefix = ("sh", "-c", 'cd "$0" && exec "$@" <standard-input', folder)
    result = picket("-sS", *args, program=program, prefix=prefix, env=ENVIRONMENT)
    seen = [[(normal(head), body) for head, body in requests] for requests in server.taken()]
    return {"seen": seen, "out": result.out, "files": contents(folder), "code": result.code, "result": result}


def short(value):
    text = repr(value)
    return text if len(text) < 700 else f"{text[:700]}... ({len(text)})"


def is_measured(curl):
    return harness.run(curl, "-V").stdout.startswith(MEASURED)


def compare(server, args, code, differs, connections):
    if harness.IS_CURL:
        raise Skipped("curl is compared with picket here")
    curl = shutil.which("curl")
    if not curl:
        raise Skipped("curl is not installed")
    ours, theirs = once(None, "picket", server, args), once(curl, "curl", server, args)
    strict = is_measured(curl)
    check(theirs["code"] == code or not (strict or "code" not in differs), f"curl: {theirs['result']}")
    check(connections is None or len(ours["seen"]) == connections, f"{len(ours['seen'])} connections: {ours['result']}")
    for what in ("seen", "out", "files", "code"):
        same = ours[what] == theirs[what]
        check(same or what in differs, f"{what}: picket {short(ours[what])}, curl {short(theirs[what])}; {ours['result']}")
        check(not same or what not in differs or not strict, f"{what} is the same now: {short(ours[what])}")


# --- Servers that the cases share

def setup_client_ca(context):
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(device()["ca"])


def device():
    """A client certificate and its CA."""
    def make():
        authority = Certificate("Client CA", pki.key("p256", "client ca"), extensions=ca_extensions(), end=NOW + 3650 * DAY)
        leaf = Certificate("device 7", pki.key("p256", "device"), authority, extensions=[
            der.basic_constraints(False), der.key_usage("digitalSignature"), der.extended_key_usage(der.CLIENT_AUTH)])
        names = {name: os.path.join(harness.folder, f"curl-{name}.pem") for name in ("ca", "cert", "both")}
        with open(pki.key("p256", "device").path, encoding="ascii") as f:
            key = f.read()
        certs.write(names["ca"], authority.pem())
        certs.write(names["cert"], leaf.pem())
        certs.write(names["both"], leaf.pem() + key)
        return {**names, "key": pki.key("p256", "device").path}
    return pki.once("curl device", make)


def spki_file():
    def make():
        key = pki.chain("p256").leaf.key
        name = os.path.join(harness.folder, "curl-pin.pem")
        certs.write(name, certs.pem("PUBLIC KEY", key.spki))
        return name
    return pki.once("curl pin", make)


def pin(key):
    return "sha256//" + base64.b64encode(hashlib.sha256(key.spki).digest()).decode()


def make_server(kind):
    """plain, TLS behind CONNECT (tunnel), or TLS: any version (https), one version, with a client's certificate, expired."""
    if kind == "plain":
        return Server()
    if kind == "tunnel":
        server = Server()
        server.inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.inner.load_cert_chain(pki.chain("p256").cert_path, pki.chain("p256").key_path)
        server.scheme = "https"
        return server
    chain = pki.chain("expired-leaf" if kind == "expired" else "p256")
    return Server(chain, kind if kind in ("1.2", "1.3") else None, setup_client_ca if kind == "client" else None)


LINES = []  # (name, arguments, in what they differ), for the table


def line(name, *args, code=0, kind="plain", differs=(), connections=None):
    """A command line. URLs are written as paths; in other arguments {things} are filled in. code: curl's exit code.

    differs: what is not the same (seen, out, files, code). connections: how many there must be.
    """
    LINES.append((name, args, differs))

    def case():
        server = make_server(kind)
        with server.listener:
            base = f"{server.scheme}://{HOST}:{server.port}"
            names = {"port": server.port, "root": pki.chain("p256").root_path, "pin": pin(pki.chain("p256").leaf.key),
                     "wrong": pin(pki.key("p256", "stranger")), "issuerpin": pin(pki.chain("p256").certificates[1].key),
                     "pinfile": spki_file(), **device()}
            filled = [base + a if re.match("/(?!/)", a) else a.format(**names) for a in args]
            root = pki.chain("expired-leaf" if kind == "expired" else "p256").root_path
            trust = ["--cacert", root] if kind != "plain" and "--cacert" not in args else []
            compare(server, [*trust, *resolve(HOST, server.port), *resolve(OTHER, server.port), *filled], code, differs,
                    connections)
    cases.add(f"curl-{name}", case, waits="/stall" in args)


# --- GET, HEAD, headers

for _kind in ("plain", "https"):
    line(f"get-{_kind}", "/echo", kind=_kind)
    line(f"get-file-{_kind}", "/file.bin", kind=_kind)
    line(f"get-chunked-{_kind}", "/chunked", kind=_kind)
    line(f"get-until-close-{_kind}", "/closes", kind=_kind)
    line(f"get-cut-{_kind}", "/cut", code=18, kind=_kind)
    line(f"get-nothing-{_kind}", "/nothing", code=52, kind=_kind)
    line(f"several-{_kind}", "/echo", "/file.bin", "/chunked", "/echo?4", kind=_kind, connections=1)
    line(f"several-with-bodies-{_kind}", "-d", "x=1", "/echo", "/echo", "/echo", kind=_kind, connections=1)
    line(f"several-one-fails-{_kind}", "/echo", "/cut", "/echo", kind=_kind, differs=["code"])
    line(f"head-{_kind}", "-I", "/echo", kind=_kind)
line("several-ways-out", "-o", "one", "-O", "/echo", "/file.bin", "/echo")
line("several-by-url", "--url", "/echo", "--url", "/file.bin")
line("head-of-404", "-I", "/status-404")
line("head-long-name", "--head", "/file.bin", "/echo")
line("include", "-i", "/echo")
line("include-several", "-i", "/echo", "/file.bin")
line("include-redirect", "-i", "-L", "/go-302", differs=["out"], connections=1)
line("head-redirect", "-I", "-L", "/go-302", differs=["out"], connections=1)
line("header", "-H", "X-One: 1", "-H", "X-Two: two", "-H", "X-One: again", "/echo")
line("header-without-blank", "-H", "X-Two:two", "/echo", differs=["seen"])
line("header-length-that-lies", "-m", "1", "-d", "x", "-H", "Content-Length: 3", "/echo", code=28, differs=["code"])
line("header-overrides", "-H", "Accept: text/plain", "-H", "User-Agent: mine", "-H", "Host: else.test", "/echo")
line("header-removes", "-H", "Accept:", "-H", "User-Agent:", "/echo")
line("header-empty", "-H", "X-Empty;", "/echo", differs=["seen"])
line("header-type", "-d", "{{}}", "-H", "Content-Type: application/json", "/echo")
line("header-no-type", "-d", "x", "-H", "Content-Type:", "/echo")
line("user-agent", "-A", "me/1", "/echo")
line("user-agent-none", "-A", "", "/echo")
line("user-agent-long-name", "--user-agent", "me/1", "/echo")
line("header-and-agent", "-A", "me/1", "-H", "User-Agent: other", "/echo")
line("method", "-X", "DELETE", "/echo")
line("method-own", "-X", "PURGE", "/echo")
line("method-with-data", "-X", "PATCH", "-d", "x", "/echo")
line("method-with-redirect", "-X", "DELETE", "-L", "/go-302")
line("method-with-redirect-303", "-X", "DELETE", "-L", "/go-303", differs=["seen", "out"])
line("method-and-data-with-redirect", "-X", "POST", "-d", "x", "-L", "/go-302", differs=["seen", "out"])

# --- Bodies

line("data", "-d", "a=1", "/echo")
line("data-joined", "-d", "a=1", "--data", "b=2", "/echo")
line("data-empty", "-d", "", "/echo")
line("data-file", "-d", "@lines.txt", "/echo")
line("data-input", "-d", "@-", "/echo")
line("data-binary", "--data-binary", "a\nb", "/echo")
line("data-binary-file", "--data-binary", "@body.bin", "/echo")
line("data-binary-input", "--data-binary", "@-", "/echo")
line("data-raw", "--data-raw", "@body.bin", "/echo")
line("data-mixed", "-d", "@lines.txt", "--data-binary", "@lines.txt", "--data-raw", "@x", "/echo")
line("data-no-file", "-d", "@not-there", "/echo", differs=["seen", "out", "code"])
line("data-file-nul", "-d", "@nul.txt", "/echo", differs=["seen", "out"])
line("data-and-head", "-I", "-d", "x", "/echo", code=2)
line("data-chunked", "-d", "a=1", "-H", "Transfer-Encoding: chunked", "/echo")
line("upload", "-T", "body.bin", "/echo")
line("upload-folder", "-T", "body.bin", "/folder/")
line("upload-input", "-T", "-", "/echo")
line("upload-chunked", "-T", "body.bin", "-H", "Transfer-Encoding: chunked", "/echo")
line("upload-post", "-T", "body.bin", "-X", "POST", "/echo")
line("upload-tls", "-T", "body.bin", "/echo", kind="https")
line("upload-no-file", "-T", "not-there", "/echo", code=26)
line("expect", "-d", "x", "-H", "Expect: 100-continue", "/echo")

# --- Redirects

for _code in (301, 302, 303, 307, 308):
    line(f"redirect-{_code}", "-L", f"/go-{_code}")
    line(f"redirect-{_code}-data", "-L", "-d", "a=1", f"/go-{_code}")
    line(f"redirect-{_code}-upload", "-L", "-T", "body.bin", f"/go-{_code}")
line("redirect-not-followed", "/go-302")
line("redirect-login", "-L", "-u", "me:secret", "/go-302")
line("redirect-login-elsewhere", "-L", "-u", "me:secret", "/other")
line("redirect-own-login-elsewhere", "-L", "-H", "Authorization: Own x", "-H", "Cookie: a=b", "/other")
line("redirect-bearer-elsewhere", "-L", "--oauth2-bearer", "abc", "/other")
line("redirect-limit-0", "-L", "--max-redirs", "0", "/go-302", code=47)
line("redirect-limit-0-none", "-L", "--max-redirs", "0", "/echo")
line("redirect-limit-2", "-L", "--max-redirs", "2", "/loop", code=47)
line("redirect-limit-50", "-L", "/loop", code=47)
line("redirect-to-plain", "-L", "/down", code=7, kind="https", differs=["code"])

# --- Credentials

line("login", "-u", "me:secret", "/echo")
line("login-colons", "-u", "me:a:b", "/echo")
line("login-in-url", f"http://me:secret@{HOST}:{{port}}/echo", differs=["seen", "out", "code"])
line("login-own-field", "-u", "me:secret", "-H", "Authorization: Own x", "/echo")
line("bearer", "--oauth2-bearer", "abc.def", "/echo")

# --- Where the answer goes

line("output", "-o", "new", "/file.bin")
line("output-long-name", "--output", "new", "/file.bin")
line("output-over", "-o", "whole.bin", "/echo")
line("output-no-folder", "-o", "none/new", "/echo", code=23)
line("output-cut", "-o", "new", "/cut", code=18)
line("remote-name", "-O", "/file.bin")
line("remote-name-query", "-O", "/file.bin?x=1")
line("remote-name-none", "-O", "/", code=23)
line("fail-404", "-f", "/status-404", code=22)
line("fail-500-output", "-f", "-o", "new", "/status-500", code=22)
line("fail-not", "-f", "/echo")
line("no-fail-404", "/status-404")
line("fail-redirect", "-f", "/go-302")
line("silent", "-s", "/echo")
line("verbose", "-v", "/echo")
WRITE_OUT = "%{{http_code}} %{{response_code}} %{{exitcode}} %{{num_redirects}} %{{size_download}} %{{size_upload}} " \
            "%{{content_type}} %{{url_effective}} %{{remote_ip}} 100%% %d \\x\\t|\\r\\n"
for _name, _code, _args in (
        ("get", 0, ["/file.bin"]), ("several", 0, ["/echo", "/closes", "/status-404"]), ("post", 0, ["-d", "abc", "/echo"]),
        ("redirect", 0, ["-L", "-d", "abc", "/go-302"]), ("head", 0, ["-I", "/echo"]), ("fail", 22, ["-f", "/status-404"]),
        ("nothing", 52, ["/nothing"]), ("cut", 18, ["/cut"]), ("upload", 0, ["-T", "body.bin", "/echo"]),
        ("output", 0, ["-o", "new", "/file.bin"])):
    line(f"write-out-{_name}", "-w", WRITE_OUT, *_args, code=_code)
line("write-out-chunked", "-w", "%{{size_upload}}", "-T", "-", "/echo", differs=["out"])
line("write-out-file", "-w", "@lines.txt", "/echo", differs=["seen", "out", "code"])
line("write-out-refused", "-w", "%{{http_code}} %{{exitcode}} %{{remote_ip}}|", "http://127.0.0.1:1/", code=7)
line("write-out-long-name", "--write-out", "ok\\n", "/echo")
line("write-out-unknown", "-w", "%{{no_such}}", "/echo", differs=["seen", "out", "code"])
line("write-out-without-end", "-w", "%{{http_code", "/echo", differs=["seen", "out", "code"])
line("glob", "/echo[1-2]", differs=["seen", "out"])
line("range", "-r", "0-99", "/file.bin")
line("range-rest", "-r", "10000-", "/file.bin")
line("range-last", "-r", "-5", "/file.bin")
line("range-output", "-r", "5-9", "-o", "new", "/file.bin")
line("continue", "-C", "-", "-o", "part.bin", "/file.bin")
line("continue-at", "-C", "1000", "-o", "part.bin", "/file.bin")
line("continue-none", "-C", "-", "-o", "new", "/file.bin")
line("continue-whole", "-C", "-", "-o", "whole.bin", "/file.bin")
line("continue-remote-name", "-C", "-", "-O", "/file.bin")

# --- Time

line("max-time", "--max-time", "1", "/stall", code=28)
line("max-time-letter", "-m", "5", "--max-time", "5", "/echo")
line("connect-timeout", "--connect-timeout", "3", "/echo")

# --- Where to

line("proxy", "-x", "127.0.0.1:{port}", "/echo")
line("proxy-login", "-x", "http://127.0.0.1:{port}", "-U", "me:proxy", "/echo")
line("proxy-both-logins", "-x", "127.0.0.1:{port}", "-U", "me:proxy", "-u", "you:server", "/echo", "/file.bin")
line("proxy-tunnel", "-x", "127.0.0.1:{port}", "/echo", "/file.bin", kind="tunnel", connections=1)
line("proxy-tunnel-logins", "-x", "127.0.0.1:{port}", "-U", "me:proxy", "-u", "you:server", "/echo", kind="tunnel")
line("proxy-none", "-x", "", "/echo")
line("resolve", "--resolve", "third.test:{port}:127.0.0.1", "http://third.test:{port}/echo")
line("resolve-last-counts", "--resolve", "third.test:{port}:127.0.0.9", "--resolve", "third.test:{port}:127.0.0.1",
     "http://third.test:{port}/echo")
line("refused", "--resolve", "third.test:1:127.0.0.1", "http://third.test:1/", code=7)
line("without-scheme", "-m", "1", f"{HOST}:{{port}}/echo", differs=["seen", "out", "code"])
line("scheme", "gopher2://x/", code=1)

# --- TLS

line("cacert", "--cacert", "{root}", "/echo", kind="https")
line("cacert-expired", "/echo", code=60, kind="expired")
line("insecure", "-k", "/echo", kind="expired", differs=["seen", "out", "code"])
line("cacert-none", "--cacert", "not-there", "/echo", code=77, kind="https")
line("cacert-other", "--cacert", "{ca}", "/echo", code=60, kind="https")
line("pin", "--pinnedpubkey", "{pin}", "/echo", kind="https")
line("pin-several", "--pinnedpubkey", "{wrong};{pin}", "/echo", kind="https")
line("pin-file", "--pinnedpubkey", "{pinfile}", "/echo", kind="https")
line("pin-of-the-issuer", "--pinnedpubkey", "{issuerpin}", "/echo", code=90, kind="https", differs=["seen", "out", "code"])
line("pin-wrong", "--pinnedpubkey", "{wrong}", "/echo", code=90, kind="https")
if not harness.IS_LEAN:
    line("cert", "--cert", "{cert}", "--key", "{key}", "/echo", kind="client")
    line("cert-both-in-one", "-E", "{both}", "/echo", kind="client")
line("cert-no-file", "--cert", "not-there", "/echo", code=58, kind="client")
for _version in ("1.2", "1.3"):
    line(f"tlsv1.2-server-{_version}", "--tlsv1.2", "/echo", kind=_version)
    line(f"tls-max-1.3-server-{_version}", "--tls-max", "1.3", "/echo", kind=_version)
line("tlsv1.3-server-1.3", "--tlsv1.3", "/echo", kind="1.3")
line("tlsv1.3-server-1.2", "--tlsv1.3", "/echo", code=35, kind="1.2")
line("tls-max-1.2-server-1.2", "--tls-max", "1.2", "/echo", kind="1.2")
line("tls-max-1.2-server-1.3", "--tls-max", "1.2", "/echo", code=35, kind="1.3")


def write_out_nowhere():
    """What cannot be written is a failure, although the body was."""
    server = Server()
    with server.listener, open("/dev/full", "wb") as full:
        result = picket("-o", harness.unique("body"), "-w", "%{time_total}\\n", f"http://127.0.0.1:{server.port}/echo", stdout=full)
        check(result.code == 23 and "standard output cannot be written" in result.text(), f"{result}")


cases.add("curl-write-out-nowhere", write_out_nowhere)

# --- The table

def table():
    """Every option of the help has a row, and every command line that differs is named."""
    with open(os.path.join(harness.ROOT, "docs", "CURL.md"), encoding="utf-8") as f:
        text = f.read()
    options = re.findall(r"^  (?:-\w,)? *(--[\w.-]+)", picket("--help").out.decode(), re.M)
    check(len(options) > 40, f"the help was not understood: {options}")
    for name in options:
        check(f"`{name}" in text, f"no row for {name}")
    for name, _, differs in LINES:
        check(not differs or f"`{name}`" in text, f"{name} differs and is not named")
    for name in re.findall(r"\(`([\w.-]+)`\)", text):
        check(name in [n for n, _, differs in LINES if differs], f"{name}: no such difference")


cases.add("curl-table", table)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
