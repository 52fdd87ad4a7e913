#!/usr/bin/python3
"""picket's TLS sessions in a file, from one run to the next: what real servers say of them, and files that are none.

See support/harness.py for the protocol.
"""
import os
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, servers
from support.harness import Cases, check, expect_ok, picket, resolve, unique, version_options

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
EXPORT_MAX = 600  # bytes of a session of TLS 1.3
OTHER = "passed over: " + harness.SENTENCES["SESSION"]
pki = certs.Pki(harness.folder)
cases = Cases()


def get(chain, port, version, target, *options, host=HOST, trust=None):
    return picket("--cacert", trust or chain.root_path, *resolve(host, port), *version_options(version), *options,
                  f"https://{host}:{port}{target}")


# How each server says it.
SAYS = 'default_type text/plain; return 200 "$ssl_session_reused";'
CACHE = "ssl_session_cache shared:s:1m; ssl_session_tickets "
KINDS = {
    "nginx-ticket": (lambda c, v: servers.nginx(c, v, f"{CACHE}on; location / {{ {SAYS} }}"), b".", b"r"),
    "nginx-cache": (lambda c, v: servers.nginx(c, v, f"{CACHE}off; location / {{ {SAYS} }}"), b".", b"r"),
    "openssl-ticket": (lambda c, v: servers.openssl(c, v, mode="-www"), b"\nNew, TLSv1.", b"\nReused, TLSv1."),
    "openssl-cache": (lambda c, v: servers.openssl(c, v, "-no_ticket", mode="-www"), b"\nNew, TLSv1.", b"\nReused, TLSv1."),
}


def says(result, what):
    check(result.code == 0 and what in result.out, f"the server does not say {what!r}: {result}, {result.out[:300]!r}")


def kept(kind, version, keys):
    """Each run is a process of its own: nothing but the file goes from one to the next."""
    make, new, reused = KINDS[kind]
    chain, file = pki.chain(keys), unique("sessions")
    with make(chain, version) as server:
        says(get(chain, server.port, version, "/", "--ssl-sessions", file), new)
        status = os.stat(file)
        check(stat.S_IMODE(status.st_mode) == 0o600, f"mode {status.st_mode:o}")
        check(version == "1.2" or status.st_size <= EXPORT_MAX, f"{status.st_size} bytes")
        print(f"# {kind} {version}: {status.st_size} bytes", file=sys.stderr)
        for _ in range(3):
            says(get(chain, server.port, version, "/", "--ssl-sessions", file), reused)
        says(get(chain, server.port, version, "/"), new)
        check(not [name for name in os.listdir(os.path.dirname(file)) if name.startswith(os.path.basename(file) + ".")],
              "a file was left beside it")


for _version in VERSIONS:
    for _kind in KINDS:
        # Without tickets nginx has nothing for TLS 1.3.
        if (_kind, _version) != ("nginx-cache", "1.3"):
            for _keys in ("p256", "rsa2048"):
                cases.add(f"kept-{_kind}-{_keys}-{_version}", kept, _kind, _version, _keys)


def nginx(chain, version, **more):
    return servers.nginx(chain, version, f"{CACHE}on; location / {{ {SAYS} }}", **more)


def with_file(version):
    """A chain, and a file with a session of the server's, which goes on."""
    chain, file = pki.chain("p256"), unique("sessions")
    server = nginx(chain, version)
    says(get(chain, server.port, version, "/", "--ssl-sessions", file), b".")
    return chain, file, server


def of_somebody_else(version, mode):
    """Whoever may write the file could be any server."""
    chain, file, server = with_file(version)
    with server:
        os.chmod(file, mode)
        result = get(chain, server.port, version, "/", "--ssl-sessions", file)
        check(result.code == 26 and "not yours alone" in result.text(), f"{result}")


for _version in ("1.2", "1.3"):
    for _mode in (0o644, 0o620, 0o606):
        cases.add(f"file-mode-{_mode:o}-{_version}", of_somebody_else, _version, _mode)


def damaged(version, change):
    chain, file, server = with_file(version)
    with server:
        with open(file, "rb") as f:
            data = f.read()
        with open(file, "wb") as f:
            f.write(change(data))
        result = get(chain, server.port, version, "/", "--ssl-sessions", file)
        says(result, b".")
        check(OTHER in result.text(), f"nothing is said of it: {result}")
        result = get(chain, server.port, version, "/", "--ssl-sessions", file)  # it has been replaced
        says(result, b"r")
        check(not result.err, f"said once too often: {result}")


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-1],
    "flipped": lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
    "text": lambda data: b"# Netscape HTTP Cookie File\n",
    "large": lambda data: b"PKTS\1\1" + b"\xff" * 60000,
}
for _version in VERSIONS:
    for _name, _change in DAMAGES.items():
        cases.add(f"damaged-{_name}-{_version}", damaged, _version, _change)


def followed(version):
    """As flash is: what stands behind it does not count."""
    chain, file, server = with_file(version)
    with server:
        with open(file, "ab") as f:
            f.write(b"\xff" * 4096)
        says(get(chain, server.port, version, "/", "--ssl-sessions", file), b"r")


def other_trust(version):
    chain, file, server = with_file(version)
    with server:
        both = harness.path("both.pem", pki.root("p256").pem() + pki.root("p384").pem())
        result = get(chain, server.port, version, "/", "--ssl-sessions", file, trust=both)
        says(result, b".")
        check(OTHER in result.text(), f"nothing is said of it: {result}")


def other_origin(version):
    """One server, two names and two ports."""
    chain, file = pki.chain("any-host"), unique("sessions")
    with nginx(chain, version, ports=2) as server:
        def ask(host, port, what):
            says(get(chain, port, version, "/", "--ssl-sessions", file, host=host), what)
        ask(HOST, server.ports[0], b".")
        ask("other.test", server.ports[0], b".")
        ask(HOST, server.ports[0], b"r")
        ask("other.test", server.ports[0], b"r")
        ask(HOST, server.ports[1], b".")


for _version in VERSIONS:
    cases.add(f"followed-{_version}", followed, _version)
    cases.add(f"other-trust-{_version}", other_trust, _version)
    cases.add(f"other-origin-{_version}", other_origin, _version)


def no_file(path, code, word, sent):
    chain = pki.chain("p256")
    with nginx(chain, "1.3") as server:
        result = get(chain, server.port, "1.3", "/", "--ssl-sessions", path)
        check(result.code == code, f"exit code {result.code}, not {code}: {result}")
        check(word in result.error_lines()[0] and path in result.error_lines()[0], f"says nothing of {word}: {result}")
        check((result.out == b".") == sent, f"{result.out!r}: {result}")


def a_device_stays():
    no_file("/dev/null", 26, "not a file", False)
    check(stat.S_ISCHR(os.stat("/dev/null").st_mode), "/dev/null was replaced")


def a_link_stays():
    link = unique("link")
    os.symlink(unique("target"), link)
    no_file(link, 26, "not a file", False)
    check(os.path.islink(link), "the link was replaced")


def a_pipe_is_not_waited_for():
    pipe = unique("pipe")
    os.mkfifo(pipe, 0o600)
    no_file(pipe, 26, "not a file", False)
    check(stat.S_ISFIFO(os.stat(pipe).st_mode), "the pipe was replaced")


cases.add("folder", lambda: no_file(harness.folder, 26, "not a file", False))
cases.add("device", a_device_stays)
cases.add("stdin", lambda: no_file("-", 26, "not a file", False))
cases.add("link", a_link_stays)
cases.add("pipe", a_pipe_is_not_waited_for)
cases.add("no-folder", lambda: no_file("/nowhere/sessions", 23, "No such file", True))


def plain_http():
    """Nothing to keep: no file."""
    file = unique("sessions")
    with servers.nginx(None, plain=True) as server:
        expect_ok(picket("--ssl-sessions", file, f"http://127.0.0.1:{server.port}/"), servers.PAGE)
        check(not os.path.exists(file), "an empty file")


cases.add("plain-http", plain_http)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
