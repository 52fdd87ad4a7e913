#!/usr/bin/python3
"""picket against real servers, good and bad certificates, slow and dead peers.

See support/harness.py for the protocol.
"""
import contextlib
import hashlib
import os
import re
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, hello, peers, servers, tlspeer
from support.harness import (CUT, TIMEOUT, Cases, Skipped, check, expect_error, expect_ok,
                             picket, resolve, version_options)
from support.peers import Listener, Tls, TlsListener, http, raw, response

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
WINDOWS = () if harness.IS_LEAN else (2, 4, 8, 16)  # segments
CHAINS = ("rsa2048", "p256", "p384")
PAGE = servers.PAGE
pki = certs.Pki(harness.folder)
cases = Cases()


def get(chain, port, target="/", *options, host=HOST, address="127.0.0.1", scheme="https", **more):
    """Run picket on one URL of a server on this machine."""
    place = [] if host[0].isdigit() or host[0] == "[" else resolve(host, port, address)
    trust = ["--cacert", chain.root_path] if chain else []
    return picket(*trust, *place, *options, f"{scheme}://{host}:{port}{target}", **more)


def content(size):
    """size bytes that are the same in no two places."""
    return hashlib.shake_128(b"picket").digest(size)


# --- Real servers: each version, each kind of key

SERVERS = {
    "nginx": (lambda chain, version: servers.nginx(chain, version), "/", PAGE),
    "openssl-www": (lambda chain, version: servers.openssl(chain, version, mode="-www"), "/", None),
    "openssl-WWW": (lambda chain, version: servers.openssl(chain, version, mode="-WWW"), "/index.html", PAGE),
    "openssl-HTTP": (lambda chain, version: servers.openssl(chain, version), "/page.http", PAGE),
    "openssl-chunked": (lambda chain, version: servers.openssl(chain, version), "/chunked.http", PAGE),
    "gnutls": (lambda chain, version: servers.gnutls(chain, version), "/", None),
}


def real_server(name, kind, version):
    make, target, page = SERVERS[name]
    chain = pki.chain(kind)
    with make(chain, version) as server:
        result = get(chain, server.port, target, "--report")
        expect_ok(result, page, harness.REPORTED_VERSION[version])
        check(page or b"</html>" in result.out.lower(), f"the page is not whole: {result}")


for _name in SERVERS:
    for _kind in CHAINS:
        for _version in VERSIONS:
            cases.add(f"server-{_name}-{_kind}-{_version}", real_server, _name, _kind, _version)


# --- Certificates

def good_certificate(label, version):
    chain = pki.chain(label)
    host = {"ip-san": "127.0.0.1", "ip6-san": "[::1]"}.get(label, HOST)
    if host == "[::1]" and not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    with TlsListener(chain, http(response(PAGE)), version, "::1" if host == "[::1]" else "127.0.0.1") as server:
        result = get(chain, server.port, "/", *version_options(version), host=host)
    if harness.IS_LEAN and label == "p521-leaf":
        expect_error(result, "ALERT", "handshake_failure")
    else:
        expect_ok(result, PAGE)


def bad_certificate(label, version):
    _, errors, *host = certs.BAD[label]
    chain = pki.chain(label)
    if label == "no-digital-signature":
        # OpenSSL has more sense than to use it.
        rejected_peer(chain, version, errors)
        return
    with TlsListener(chain, http(response(PAGE)), version) as server:
        result = get(chain, server.port, "/secret", "-H", "Authorization: secret", *version_options(version),
                     host=host[0] if host else HOST)
        server.settle()
        check(not server.seen, f"the rejected server has seen {bytes(server.seen)[:60]!r}: {result}")
        check(harness.IS_CURL or not server.handshakes, f"the rejected server's handshake was completed: {result}")
        check(not result.out, f"output from a rejected server: {result}")
        expect_error(result, errors)


for _label in certs.GOOD:
    if not _label.startswith("leaf-") and _label != "any-host":
        for _version in VERSIONS:
            cases.add(f"good-{_label}-{_version}", good_certificate, _label, _version)
for _label in certs.BAD:
    for _version in VERSIONS:
        cases.add(f"bad-{_label}-{_version}", bad_certificate, _label, _version)


def rejected_peer(chain, version, errors, tweaks=None, contains=None, **more):
    """A hand-made server whose handshake must be refused."""
    with tlspeer.TlsPeer(chain, version, tweaks, **more) as peer:
        result = get(chain, peer.port, "/secret", *version_options(version))
        peer.settle()
        check(not peer.seen, f"the rejected server has seen {peer.seen[:60]!r}: {result}")
        check(not peer.ready, f"the handshake with the rejected server was completed: {result}")
        expect_error(result, errors, contains)


def unsupported_key(kind, version):
    rejected_peer(pki.chain(f"leaf-{kind}"), version, {"CERT_WEAK", "CERT_MALFORMED"})


def unsupported_key_openssl(kind, version):
    """OpenSSL does not use such a key with a client that does not speak it; with brainpool's not 1.3 at all."""
    chain = pki.chain(f"leaf-{kind}")
    with servers.openssl(chain, version) as server:
        result = get(chain, server.port, "/page.http", *version_options(version))
        expect_error(result, {"ALERT", "TLS_VERSION"})


def other_key(version, kind):
    """The certificate is right, the server does not have its key."""
    rejected_peer(pki.chain(kind), version, "TLS_SIGNATURE", key=pki.key(kind, "another"))


def certificates(*ders):
    """A tweak: these certificates in place of the chain."""
    def tweak(session, _):
        if session.version == "1.3":
            entries = b"".join(hello.vector(3, d) + hello.vector(2, b"") for d in ders)
            return hello.message(hello.CERTIFICATE, hello.vector(1, b"") + hello.vector(3, entries))
        return hello.message(hello.CERTIFICATE, hello.vector(3, b"".join(hello.vector(3, d) for d in ders)))
    return tweak


def odd_certificates(version, make, errors):
    chain = pki.chain("p256")
    rejected_peer(chain, version, errors, {"certificate": certificates(*make(chain.sent()))})


ODD = {
    "none": (lambda sent: [], {"NO_CERT"}),
    "empty": (lambda sent: [b""] + sent[1:], {"CERT_MALFORMED", "NO_CERT", "TLS_PROTOCOL"}),
    "garbage": (lambda sent: [b"\x42" * 500] + sent[1:], {"CERT_MALFORMED", "TLS_PROTOCOL"}),
    "cut": (lambda sent: [sent[0][:-20]] + sent[1:], {"CERT_MALFORMED", "TLS_PROTOCOL"}),
    "intermediate-only": (lambda sent: sent[1:], {"WRONG_HOST", "CERT_USAGE"}),
}
for _version in VERSIONS:
    for _kind in certs.UNSUPPORTED_KEYS:
        cases.add(f"bad-key-{_kind}-{_version}", unsupported_key, _kind, _version)
        cases.add(f"bad-key-{_kind}-openssl-{_version}", unsupported_key_openssl, _kind, _version)
    for _kind in ("p256", "rsa2048"):
        cases.add(f"bad-other-key-{_kind}-{_version}", other_key, _version, _kind)
    for _label, (_make, _errors) in ODD.items():
        cases.add(f"bad-certificate-list-{_label}-{_version}", odd_certificates, _version, _make, _errors)


def trust_file(make, errors, code):
    with TlsListener(pki.chain("p256"), http(response(PAGE))) as server:
        result = picket("--cacert", make(), *resolve(HOST, server.port), f"https://{HOST}:{server.port}/")
        server.settle()
        check(not server.seen, "a request was sent without trust")
        check(result.code == code, f"exit {code} expected: {result}")
        if errors and not harness.IS_CURL:
            expect_error(result, errors, quiet=False)


cases.add("trust-file-missing", trust_file, lambda: harness.path("no-such.pem"), None, 77)
cases.add("trust-file-empty", trust_file, lambda: harness.path("empty.pem", b""), None, 77)
cases.add("trust-file-garbage", trust_file, lambda: harness.path("garbage.pem", b"no certificate\n"), None, 77)
cases.add("trust-file-damaged", trust_file, lambda: harness.path(
    "damaged.pem", pki.root("p256").pem().replace("MII", "AAA", 1)), None, 77)


def der_trust_file():
    chain = pki.chain("p256")
    trust = harness.path("root.der", pki.root("p384").der + chain.certificates[0].der[:0] + pki.root("p256").der)
    with TlsListener(chain, http(response(PAGE))) as server:
        expect_ok(picket("--cacert", trust, *resolve(HOST, server.port), f"https://{HOST}:{server.port}/"), PAGE)


cases.add("trust-file-der", der_trust_file)


# --- Resumption: two URLs in one command

RESUMED = re.compile(r"resumed\W+(yes|no)\b", re.I)


def resumed(result):
    return RESUMED.findall(result.text())


def twice(chain, ports, target, version, expected, hosts=(HOST,), page=None):
    """One command, a URL for each expected outcome, hosts and ports in turn. No connection is kept."""
    args = ["--cacert", chain.root_path, "--report", "-H", "Connection: close", *version_options(version)]
    urls = []
    for i in range(len(expected)):
        host, port = hosts[i % len(hosts)], ports[i % len(ports)]
        args += resolve(host, port)
        urls.append(f"https://{host}:{port}{target}")
    result = picket(*args, *urls)
    expect_ok(result, page * len(expected) if page else None)
    if not harness.IS_CURL:
        check(resumed(result) == expected, f"resumed {resumed(result)}, expected {expected}: {result}")


def resumption(make, target, version, page, kind):
    chain = pki.chain(kind)
    with make(chain) as server:
        twice(chain, [server.port], target, version, ["no", "yes", "yes"], page=page)


CACHE = "ssl_session_cache shared:s:1m; ssl_session_tickets "
RESUMING = {
    "nginx-ticket": (lambda c, v: servers.nginx(c, v, CACHE + "on;"), "/", PAGE),
    "nginx-cache": (lambda c, v: servers.nginx(c, v, CACHE + "off;"), "/", PAGE),
    "openssl-ticket": (lambda c, v: servers.openssl(c, v), "/page.http", PAGE),
    "openssl-cache": (lambda c, v: servers.openssl(c, v, "-no_ticket"), "/page.http", PAGE),
    "gnutls-ticket": (lambda c, v: servers.gnutls(c, v), "/", None),
    "gnutls-cache": (lambda c, v: servers.gnutls(c, v, "--noticket"), "/", None),
}
for _version in VERSIONS:
    for _name, (_make, _target, _page) in RESUMING.items():
        # Without tickets 1.3 has nothing to resume with, but for OpenSSL's tickets that name a cached session.
        if _version == "1.2" or _name in ("nginx-ticket", "openssl-ticket", "openssl-cache", "gnutls-ticket"):
            for _kind in ("p256", "rsa2048"):
                cases.add(f"resume-{_name}-{_kind}-{_version}", resumption,
                          lambda c, m=_make, v=_version: m(c, v), _target, _version, _page, _kind)


def not_resumed_elsewhere(version, hosts, ports, expected):
    """One session cache behind several names and ports: a session stays with its origin."""
    chain = pki.chain("any-host")
    with servers.nginx(chain, version, CACHE + "on;", ports=ports) as server:
        twice(chain, server.ports, "/", version, expected, hosts, page=PAGE)


def resumption_forgotten(version):
    """The server no longer knows the session: a full handshake, not an error."""
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE)), version, fresh=True) as server:
        twice(chain, [server.port], "/", version, ["no", "no"], page=PAGE)


def no_resumption_offered(version):
    """A server without sessions of any kind."""
    chain = pki.chain("p256")

    def setup(context):
        context.num_tickets = 0
    with TlsListener(chain, http(response(PAGE)), version, tickets=False, setup=setup, fresh=True) as server:
        twice(chain, [server.port], "/", version, ["no", "no"], page=PAGE)


def another_certificate(version, second, errors):
    """The second connection meets a server with another certificate and no memory of the session."""
    good, count = pki.chain("p256"), [0]

    def setup(context):
        count[0] += 1
        if count[0] > 2:    # one for the listener itself, one for the first connection
            chain = pki.chain(second)
            context.load_cert_chain(chain.cert_path, chain.key_path)
    trust = harness.unique("two-roots")
    with open(good.root_path, encoding="ascii") as one, open(pki.chain(second).root_path, encoding="ascii") as two:
        certs.write(trust, one.read() + two.read())
    with TlsListener(good, http(response(b"good\n")), version, setup=setup, fresh=True) as server:
        url = f"https://{HOST}:{server.port}/"
        result = picket("--cacert", trust, *resolve(HOST, server.port), *version_options(version), url, url)
        server.settle()
        check(server.handshakes == 1, f"{server.handshakes} handshakes were completed: {result}")
        check(result.out == b"good\n", f"output {result.out!r}: {result}")
        expect_error(result, errors)


for _version in VERSIONS:
    for _label in ("expired-leaf", "other-name", "missing-intermediate"):
        cases.add(f"resume-then-{_label}-{_version}", another_certificate, _version, _label, certs.BAD[_label][1])
    cases.add(f"resume-not-for-other-port-{_version}", not_resumed_elsewhere, _version, (HOST,), 2,
              ["no", "no", "yes", "yes"])
    cases.add(f"resume-not-for-other-host-{_version}", not_resumed_elsewhere, _version, (HOST, "other.test"), 1,
              ["no", "no", "yes", "yes"])
    cases.add(f"resume-forgotten-{_version}", resumption_forgotten, _version)
    cases.add(f"resume-not-offered-{_version}", no_resumption_offered, _version)


# --- Versions

VERSION_ERRORS = {"TLS_VERSION", "ALERT"}


def version_refused(make, server_version, target):
    client = "1.3" if server_version == "1.2" else "1.2"
    chain = pki.chain("p256")
    with make(chain, server_version) as server:
        result = get(chain, server.port, target, *version_options(client))
        expect_error(result, VERSION_ERRORS)
        check(harness.IS_CURL or harness.named(result) == {"TLS_VERSION"} or "protocol_version" in result.text()
              or "handshake_failure" in result.text(), f"the version is not named: {result}")


for _name in ("nginx", "openssl-HTTP", "gnutls"):
    for _version in VERSIONS:
        cases.add(f"version-refused-{_name}-{_version}", version_refused, SERVERS[_name][0], _version,
                  SERVERS[_name][1])


def version_chosen(options, expected):
    chain = pki.chain("p256")
    with servers.openssl(chain) as server:
        result = get(chain, server.port, "/page.http", "--report", *options)
        expect_ok(result, PAGE, harness.REPORTED_VERSION[expected])


cases.add("version-default", version_chosen, [], "1.3")
cases.add("version-minimum-1.2", version_chosen, ["--tlsv1.2"], "1.3")
cases.add("version-minimum-1.3", version_chosen, ["--tlsv1.3"], "1.3")
cases.add("version-maximum-1.2", version_chosen, ["--tls-max", "1.2"], "1.2")
cases.add("version-maximum-1.3", version_chosen, ["--tls-max", "1.3"], "1.3")


def old_version(number):
    """A server that answers with TLS 1.1 or older."""
    def answer(first):
        body = struct.pack(">H", number) + os.urandom(32) + b"\0" + b"\xc0\x2b" + b"\0"
        return hello.record(hello.HANDSHAKE, hello.message(hello.SERVER_HELLO, body), number)
    with Listener(raw(answer)) as server:
        expect_error(get(pki.chain("p256"), server.port), {"TLS_VERSION", "TLS_PROTOCOL"})


for _number in (0x0300, 0x0301, 0x0302):
    cases.add(f"version-old-{_number:04x}", old_version, _number)


# --- The ClientHello

def capture_hello(chain, *options, host=HOST):
    """The ClientHello that picket sends."""
    got = []

    def handler(connection):
        data = b""
        while True:
            more = connection.recv(65536)
            if not more:
                break
            data += more
            records, _ = hello.split_records(data)
            messages, _ = hello.split_messages(b"".join(r[5:] for r in records))
            if messages:
                got.append(hello.ClientHello(messages[0]))
                break
        connection.sendall(hello.alert(40))
        peers.finish(connection)
    with Listener(handler) as server:
        expect_error(get(chain, server.port, "/", *options, host=host), "ALERT", "handshake_failure")
        server.settle()
    check(got, "no ClientHello came")
    return got[0]


SUITES_12 = [0xcca9, 0xcca8, 0xc02b, 0xc02f, 0xc02c, 0xc030]
SUITES_13 = [0x1303, 0x1301, 0x1302]
AEAD = set(SUITES_12) | {0xc0ac, 0xc0ad, 0xc0ae, 0xc0af}
SCSV = {0x00ff, 0x5600}


def hello_contents(options, versions):
    if harness.IS_CURL:
        raise Skipped("about picket's own ClientHello")
    first = capture_hello(pki.chain("p256"), *options)
    suites = [s for s in first.suites if s not in SCSV]
    allowed = (AEAD if 0x0303 in versions else set()) | (set(SUITES_13) | {0x1304} if 0x0304 in versions else set())
    check(set(suites) <= allowed, f"suites offered that should not be: {[hex(s) for s in suites if s not in allowed]}")
    chacha = [i for i, s in enumerate(suites) if s in (0x1303, 0xcca9, 0xcca8)]
    check(chacha and chacha[0] == 0, f"ChaCha20-Poly1305 is not first: {[hex(s) for s in suites]}")
    for known in (SUITES_13, SUITES_12):
        order = [s for s in suites if s in known or s in AEAD and known is SUITES_12]
        flags = [s in (0x1303, 0xcca9, 0xcca8) for s in order]
        check(flags == sorted(flags, reverse=True), f"AES before ChaCha20: {[hex(s) for s in order]}")
    check(first.version == 0x0303 and first.compressions == [0], "legacy version or compression")
    offered = [v for v in first.versions() if v & 0x0f0f != 0x0a0a]
    if versions == [0x0303]:
        check(offered in ([], [0x0303]), f"supported_versions {[hex(v) for v in offered]}")
    else:
        check(offered == versions, f"supported_versions {[hex(v) for v in offered]}")
    algorithms = first.signature_algorithms() + first.signature_algorithms(50)
    sha1 = [hex(a) for a in algorithms if a >> 8 in (1, 2, 3) or a & 0xff == 2 and a >> 8 < 7]
    check(algorithms and not sha1, f"weak signature algorithms offered: {sha1}")
    groups = first.groups()
    check(groups and not [g for g in groups if 0x100 <= g < 0x200], f"FFDHE groups: {[hex(g) for g in groups]}")
    check({0x001d, 0x0017, 0x0018} <= set(groups) and not set(groups) & {0x13, 0x15, 0x16},
          f"groups {[hex(g) for g in groups]}")
    check(set(first.key_shares()) <= set(groups), "key shares of groups not offered")
    check(first.server_name() == HOST, f"server name {first.server_name()!r}")
    check(not first.has(1), "max_fragment_length offered")
    if 0x0303 in versions:
        check(first.has(23), "no extended_master_secret")
        check(first.has(0xff01) or 0x00ff in first.suites, "no secure renegotiation")


cases.add("hello-default", hello_contents, [], [0x0304, 0x0303])
cases.add("hello-1.3", hello_contents, ["--tlsv1.3"], [0x0304])
cases.add("hello-1.2", hello_contents, ["--tls-max", "1.2"], [0x0303])


def server_name(host, expected, address="127.0.0.1"):
    if "[" in host and not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    chain = pki.chain("any-host")
    with TlsListener(chain, http(response(PAGE)), host="::1" if "[" in host else "127.0.0.1") as server:
        expect_ok(get(chain, server.port, host=host), PAGE)
        names = [name and name.lower() for name in server.names]
        check(names == [expected], f"server name {server.names} instead of {expected!r}")


cases.add("sni-name", server_name, HOST, HOST)
cases.add("sni-wildcard-name", server_name, "a.wild.test", "a.wild.test")
cases.add("sni-upper-case", server_name, "EXAMPLE.test", "example.test")
cases.add("sni-ipv4-none", server_name, "127.0.0.1", None)
cases.add("sni-ipv6-none", server_name, "[::1]", None)


# --- Suites and groups, one at a time

TLS12_SUITES = {
    "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS[_-]ECDHE[_-]ECDSA[_-]WITH[_-]CHACHA20[_-]POLY1305",
    "ECDHE-ECDSA-AES128-GCM-SHA256": "TLS[_-]ECDHE[_-]ECDSA[_-]WITH[_-]AES[_-]128[_-]GCM",
    "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS[_-]ECDHE[_-]ECDSA[_-]WITH[_-]AES[_-]256[_-]GCM",
    "ECDHE-RSA-CHACHA20-POLY1305": "TLS[_-]ECDHE[_-]RSA[_-]WITH[_-]CHACHA20[_-]POLY1305",
    "ECDHE-RSA-AES128-GCM-SHA256": "TLS[_-]ECDHE[_-]RSA[_-]WITH[_-]AES[_-]128[_-]GCM",
    "ECDHE-RSA-AES256-GCM-SHA384": "TLS[_-]ECDHE[_-]RSA[_-]WITH[_-]AES[_-]256[_-]GCM",
}
TLS13_SUITES = {
    "TLS_CHACHA20_POLY1305_SHA256": "TLS[_-](1[_-]3[_-])?CHACHA20[_-]POLY1305",
    "TLS_AES_128_GCM_SHA256": "TLS[_-](1[_-]3[_-])?AES[_-]128[_-]GCM",
    "TLS_AES_256_GCM_SHA384": "TLS[_-](1[_-]3[_-])?AES[_-]256[_-]GCM",
}
NOT_OFFERED_SUITES = ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES128-SHA256",
                      "ECDHE-RSA-AES256-SHA384", "AES128-GCM-SHA256", "AES256-SHA256", "DHE-RSA-AES128-GCM-SHA256",
                      "DHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-NULL-SHA")


def suite(name, version, pattern):
    chain = pki.chain("rsa2048" if "RSA" in name and "ECDSA" not in name else "p256")
    option = "-ciphersuites" if version == "1.3" else "-cipher"
    with servers.openssl(chain, version, option, name) as server:
        expect_ok(get(chain, server.port, "/page.http", "--report"), PAGE, pattern)


def suite_refused(name):
    chain = pki.chain("p256" if "ECDSA" in name else "rsa2048")
    with servers.openssl(chain, "1.2", "-cipher", f"{name}:@SECLEVEL=0", "-dhparam", dh_parameters()) as server:
        result = get(chain, server.port, "/page.http")
        if harness.IS_CURL:
            return
        expect_error(result, "ALERT", "handshake_failure")


def dh_parameters():
    return pki.once("dh", lambda: harness.path("dh.pem", certs.openssl(
        "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048")))


for _name, _pattern in TLS12_SUITES.items():
    cases.add(f"suite-{_name}", suite, _name, "1.2", _pattern)
for _name, _pattern in TLS13_SUITES.items():
    cases.add(f"suite-{_name}", suite, _name, "1.3", _pattern)
for _name in NOT_OFFERED_SUITES:
    cases.add(f"suite-refused-{_name}", suite_refused, _name)


def group(name, version, works):
    chain = pki.chain("rsa2048")
    with servers.openssl(chain, version, "-groups", name) as server:
        result = get(chain, server.port, "/page.http")
        if works:
            expect_ok(result, PAGE)
        elif not harness.IS_CURL:
            expect_error(result, "ALERT", "handshake_failure")


for _version in VERSIONS:
    for _name in ("X25519", "P-256", "P-384"):
        cases.add(f"group-{_name}-{_version}", group, _name, _version, True)
    for _name in ("X448", "ffdhe2048") if _version == "1.3" else ("X448",):
        cases.add(f"group-refused-{_name}-{_version}", group, _name, _version, False)


# --- A server that asks for the client's certificate

def client_certificate(make, target, version, optional):
    chain = pki.chain("p256")
    with make(chain, version, optional) as server:
        result = get(chain, server.port, target)
        if optional:
            expect_ok(result, PAGE)
        elif "nginx" in server.command[0]:
            # nginx asks optionally and answers 400 itself.
            expect_ok(result)
            check(b"No required SSL certificate" in result.out, f"not nginx's answer: {result}")
        else:
            expect_error(result, "ALERT", "certificate_required" if version == "1.3" else "handshake_failure")


for _version in VERSIONS:
    for _optional in (True, False):
        _kind = "optional" if _optional else "required"
        cases.add(f"client-certificate-{_kind}-openssl-{_version}", client_certificate, lambda c, v, o: servers.openssl(
            c, v, "-verify" if o else "-Verify", "1", "-CAfile", c.root_path), "/page.http", _version, _optional)
        cases.add(f"client-certificate-{_kind}-nginx-{_version}", client_certificate, lambda c, v, o: servers.nginx(
            c, v, f"ssl_client_certificate {c.root_path}; ssl_verify_client {'optional' if o else 'on'};"), "/",
            _version, _optional)


# --- Bodies

def body(scheme, version, framing, size, end="close", program=None, max_time=30):
    chain, data = pki.chain("p256"), content(size)
    sizes = [1, 2, 15, 16, 17, 255, 256, 4096, 16384, 40000]
    whole = response(data, length=framing == "length", chunked=sizes if framing == "chunked" else None)
    make = TlsListener(chain, http(whole, end), version) if scheme == "https" else Listener(http(whole, end))
    with make as server:
        result = get(chain, server.port, scheme=scheme, program=program, max_time=max_time)
        check(result.code == 0, f"should have worked: {result}")
        check(hashlib.sha256(result.out).digest() == hashlib.sha256(data).digest(),
              f"wrong body: {len(result.out)} bytes instead of {size}: {result}")


SIZES = {"0": 0, "1": 1, "100": 100, "16383": 16383, "16384": 16384, "16385": 16385, "1M": 1 << 20, "10M": 10 << 20}
for _framing in ("length", "chunked", "close"):
    for _name, _size in SIZES.items():
        cases.add(f"body-1.3-{_framing}-{_name}", body, "https", "1.3", _framing, _size)
        if _name in ("0", "16385", "1M"):
            cases.add(f"body-1.2-{_framing}-{_name}", body, "https", "1.2", _framing, _size)
        if _name in ("0", "1", "16384", "1M", "10M"):
            cases.add(f"body-http-{_framing}-{_name}", body, "http", None, _framing, _size)
    # The length is known, so nothing but it needs proof.
    if _framing != "close":
        cases.add(f"body-1.3-{_framing}-without-close-notify", body, "https", "1.3", _framing, 5000, "cut")
        cases.add(f"body-1.3-{_framing}-never-closed", body, "https", "1.3", _framing, 5000, "stall")
        cases.add(f"body-http-{_framing}-never-closed", body, "http", None, _framing, 5000, "stall")


def large_file(version):
    """10 MB from nginx, in its 16 KB records."""
    chain, data = pki.chain("rsa2048"), content(10 << 20)
    servers.site()
    pki.once("10M", lambda: harness.path("site/10M", data))
    with servers.nginx(chain, version) as server:
        check(hashlib.sha256(expect_ok(get(chain, server.port, "/10M", max_time=30)).out).digest()
              == hashlib.sha256(data).digest(), "wrong bytes")


for _version in VERSIONS:
    cases.add(f"body-nginx-10M-{_version}", large_file, _version)


def window(multiple, scheme, version):
    program = f"{harness.PICKET}-wnd{multiple}"
    if not os.path.exists(program):
        raise Skipped(f"{os.path.basename(program)} is not built")
    body(scheme, version, "length", 10 << 20, program=program, max_time=60)


for _multiple in WINDOWS:
    for _version in VERSIONS:
        cases.add(f"window-{_multiple}-mss-10M-{_version}", window, _multiple, "https", _version)
    cases.add(f"window-{_multiple}-mss-10M-http", window, _multiple, "http", None)


def highest_memory(process):
    try:
        with open(f"/proc/{process}/status", encoding="ascii") as f:
            return int(re.search(r"VmHWM:\s*(\d+)", f.read())[1])
    except (OSError, TypeError):
        return 0    # it has ended


def fifty_megabytes(version):
    """50 MB: the right bytes, in at most four times curl's time, in memory that does not grow with the size."""
    chain, size = pki.chain("rsa2048"), 50 << 20
    data = content(size)
    servers.site()
    harness.path(f"site/10M.{version}", data[:10 << 20])
    harness.path(f"site/50M.{version}", data)
    target = harness.unique("50M.out")

    def once(command, megabytes):
        """Seconds, and the highest memory that was seen, in kB: 0, if it was not seen with the body on its way."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(target)
        start, memory = time.monotonic(), 0
        url = f"https://{HOST}:{server.port}/{megabytes}M.{version}"
        with subprocess.Popen([command, "--cacert", chain.root_path, *resolve(HOST, server.port), "-o", target, "-s",
                               "--max-time", "60", url], stderr=subprocess.DEVNULL) as child:
            while child.poll() is None:
                if os.path.exists(target) and os.path.getsize(target):
                    memory = max(memory, highest_memory(child.pid))
                time.sleep(0.005)
        seconds = time.monotonic() - start
        check(child.returncode == 0, f"{command} ended with {child.returncode}")
        with open(target, "rb") as f:
            check(f.read() == data[:megabytes << 20], f"{command}: wrong bytes")
        return seconds, memory

    def seen(megabytes):
        for _ in range(20):
            seconds, memory = once(harness.PICKET, megabytes)
            if memory:
                return seconds, memory
        return check(False, f"its memory was never seen, with {megabytes} MB")
    with servers.nginx(chain, version) as server:
        _, little = seen(10)
        seconds, much = seen(50)
        if not harness.is_sanitized():
            check(much <= little + 1024, f"{little} kB for 10 MB, {much} kB for 50 MB")
            # The best of three, and a second of grace: other tests run at the same time.
            curls = min(once(servers.program("curl"), 50)[0] for _ in range(3))
            seconds = min(seconds, *(once(harness.PICKET, 50)[0] for _ in range(2)))
            check(seconds <= 4 * curls + 1, f"{seconds:.2f} s, curl {curls:.2f} s")


for _version in VERSIONS:
    cases.add(f"body-nginx-50M-{_version}", fifty_megabytes, _version)


def window_upload(multiple, scheme):
    program = f"{harness.PICKET}-wnd{multiple}"
    if not os.path.exists(program):
        raise Skipped(f"{os.path.basename(program)} is not built")
    seen = []
    with serve(scheme, http(response(b"thanks\n"), seen=seen)) as server:
        result = get(pki.chain("p256"), server.port, "/", "--data-binary", f"@{upload_file(4 << 20)}", scheme=scheme,
                     program=program, max_time=60)
        expect_ok(result, b"thanks\n")
        check(seen[0][1] == content(4 << 20), "the upload is damaged")


for _multiple in WINDOWS[:2]:
    for _scheme in ("https", "http"):
        cases.add(f"window-{_multiple}-mss-upload-{_scheme}", window_upload, _multiple, _scheme)


def close_notify_sent(version, framing):
    """picket ends TLS as it should be ended: with close_notify."""
    ends = []

    def handler(tls):
        peers.read_request(tls)
        tls.sendall(response(PAGE, length=framing == "length", chunked=[100] if framing == "chunked" else None))
        if framing == "close":
            tls.close_notify()
        try:
            ends.append("close_notify" if tls.recv(10) == b"" else "data")
        except EOFError:
            ends.append("FIN")
        except OSError as why:
            ends.append(str(why))
    with TlsListener(pki.chain("p256"), handler, version) as server:
        expect_ok(get(pki.chain("p256"), server.port), PAGE)
        server.settle()
        check(ends == ["close_notify"], f"the connection ended with {ends}")


for _version in VERSIONS:
    for _framing in ("length", "chunked", "close"):
        cases.add(f"close-notify-sent-{_framing}-{_version}", close_notify_sent, _version, _framing)


# --- Requests

def serve(scheme, handler, version=None, chain=None):
    return TlsListener(chain or pki.chain("p256"), handler, version) if scheme == "https" else Listener(handler)


def request(options, method, expected_body, scheme="https", wanted=(), unwanted=(), target="/", expected_target="/",
            answer=b"thanks\n"):
    """What the server gets when picket is run with these options."""
    seen = []
    with serve(scheme, http(response(answer), seen=seen)) as server:
        result = get(pki.chain("p256"), server.port, target, *(options() if callable(options) else options),
                     scheme=scheme, max_time=20)
        server.settle()
        check(result.code == 0, f"should have worked: {result}; server: {server.faults}")
        check(len(seen) == 1, f"{len(seen)} requests: {result}")
        head, got = seen[0]
        line = f"{method} {expected_target} HTTP/1.1\r\n".encode()
        check(head.startswith(line), f"request line {head.splitlines()[0]!r} instead of {line!r}")
        check(got == expected_body, f"body of {len(got)} bytes instead of {len(expected_body)}: {got[:60]!r}")
        field = peers.fields(head)
        check(field.get("host") in (f"{HOST}:{server.port}", dict(wanted).get("host")), f"Host: {field.get('host')!r}")
        for name, value in wanted:
            check(re.fullmatch(value, field.get(name, "(missing)")), f"{name}: {field.get(name)!r}, not {value!r}")
        for name in unwanted:
            check(name not in field, f"{name}: {field.get(name)!r} should not be there")
        return result


def upload_file(size=1 << 20):
    return pki.once(f"upload {size}", lambda: harness.path(f"upload.{size}", content(size)))


for _scheme in ("https", "http"):
    cases.add(f"request-get-{_scheme}", request, [], "GET", b"", _scheme,
              [("user-agent", "(picket|curl)/.*"), ("accept", r"\*/\*")], ["content-length", "transfer-encoding"])
    cases.add(f"request-post-{_scheme}", request, ["-d", "a=1&b=2"], "POST", b"a=1&b=2", _scheme,
              [("content-length", "7"), ("content-type", "application/x-www-form-urlencoded")])
    cases.add(f"request-upload-{_scheme}", request, lambda: ["--data-binary", f"@{upload_file()}"], "POST",
              content(1 << 20), _scheme, [("content-length", str(1 << 20))])
    cases.add(f"request-put-{_scheme}", request, lambda: ["-X", "PUT", "--data-binary", f"@{upload_file(70000)}"],
              "PUT", content(70000), _scheme, [("content-length", "70000")])
    cases.add(f"request-put-file-{_scheme}", request, lambda: ["-T", upload_file(70000)], "PUT", content(70000),
              _scheme, [("content-length", "70000")], target="/x", expected_target="/x")
cases.add("request-upload-chunked", request, lambda: [
    "-X", "PUT", "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{upload_file(70000)}"], "PUT", content(70000),
          "https", [("transfer-encoding", "chunked")], ["content-length"])
cases.add("request-data-twice", request, ["-d", "a=1", "-d", "b=2"], "POST", b"a=1&b=2")
cases.add("request-data-empty", request, ["-d", ""], "POST", b"", "https", [("content-length", "0")])
cases.add("request-data-binary-kept", request, lambda: [
    "--data-binary", "@" + harness.path("lines", b"a\n\r\0b")], "POST", b"a\n\r\0b")
cases.add("request-method", request, ["-X", "DELETE"], "DELETE", b"")
cases.add("request-header", request, ["-H", "X-Test: one two", "-H", "Accept: text/plain"], "GET", b"", "https",
          [("x-test", "one two"), ("accept", "text/plain")])
cases.add("request-header-left-out", request, ["-H", "User-Agent:"], "GET", b"", "https", [], ["user-agent"])
cases.add("request-host-header", request, ["-H", "Host: virtual.test"], "GET", b"", "https", [("host", "virtual.test")])
cases.add("request-query", request, [], "GET", b"", "https", target="/a/b?c=d&e#fragment", expected_target="/a/b?c=d&e")
cases.add("request-query-only", request, [], "GET", b"", "https", target="?c=d", expected_target="/?c=d")
cases.add("request-empty-path", request, [], "GET", b"", "https", target="", expected_target="/")


def header_refused(*options):
    """A request that must not be made: header injection, fields that frame the message."""
    if harness.IS_CURL:
        raise Skipped("curl lets it through")
    seen = []
    with Listener(http(response(b""), seen=seen)) as server:
        result = get(None, server.port, "/", *options, scheme="http")
        check(result.code not in (0, 28), f"should be refused: {result}")
        check(result.error_lines(), f"no error line: {result}")
        check(not seen, f"the request was sent: {seen}")


cases.add("request-refused-injection", header_refused, "-H", "X: a\r\nY: b")
cases.add("request-refused-content-length", header_refused, "-H", "Content-Length: 5")
cases.add("request-refused-method", header_refused, "-X", "GET / HTTP/1.1\r\nX:")
cases.add("request-refused-header-name", header_refused, "-H", "X Y: b")


def head_request():
    seen = []
    with serve("https", http(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\nX-Here: yes\r\n\r\n", seen=seen)) as server:
        result = expect_ok(get(pki.chain("p256"), server.port, "/", "-I"))
        check(seen[0][0].startswith(b"HEAD / HTTP/1.1\r\n"), f"{seen[0][0][:40]!r}")
        check(result.out.startswith(b"HTTP/1.1 200 OK\r\n") and b"X-Here: yes\r\n" in result.out
              and result.out.endswith(b"\r\n\r\n"), f"{result.out!r}")


def include_head():
    with serve("https", http(response(PAGE, extra="X-Here: yes\r\n"))) as server:
        result = expect_ok(get(pki.chain("p256"), server.port, "/", "-i"))
        check(result.out.startswith(b"HTTP/1.1 200 OK\r\n") and b"X-Here: yes\r\n" in result.out
              and result.out.endswith(b"\r\n\r\n" + PAGE), f"{result.out[:200]!r}")


def output_file():
    target = harness.unique("output")
    with serve("https", http(response(PAGE))) as server:
        result = expect_ok(get(pki.chain("p256"), server.port, "/", "-o", target), b"")
        with open(target, "rb") as f:
            check(f.read() == PAGE, f"wrong file: {result}")


def output_fails(target, **more):
    with serve("https", http(response(content(200000)))) as server:
        result = get(pki.chain("p256"), server.port, "/", *(["-o", target] if target else []), **more)
        check(result.code == 23, f"exit 23 expected: {result}")
        check(harness.IS_CURL or len(result.error_lines()) == 1, f"no error line: {result}")


def full_device():
    with open("/dev/full", "wb") as full:
        output_fails(None, stdout=full)


def input_missing():
    with serve("https", http(response(PAGE))) as server:
        result = get(pki.chain("p256"), server.port, "/", "--data-binary", "@" + harness.path("no-such-input"))
        check(result.code == 26, f"exit 26 expected: {result}")


def several_urls():
    chain = pki.chain("p256")
    count = [0]

    def answer(*_):
        count[0] += 1
        return response(b"%d\n" % count[0])
    with serve("https", http(answer)) as one, Listener(http(response(b"plain\n"))) as two:
        urls = [f"https://{HOST}:{one.port}/{i}" for i in range(3)]
        result = picket("--cacert", chain.root_path, *resolve(HOST, one.port), *urls, f"http://127.0.0.1:{two.port}/")
        expect_ok(result, b"1\n2\n3\nplain\n")


def one_of_several_fails():
    """The first fails; the others are fetched all the same."""
    chain = pki.chain("p256")
    with serve("https", http(response(b"good\n"))) as server:
        args = ["--cacert", chain.root_path, *resolve(HOST, server.port)]
        result = picket(*args, f"http://127.0.0.1:{harness.free_port()}/", f"https://{HOST}:{server.port}/")
        check(result.out == b"good\n", f"the second URL was not fetched: {result}")
        check(harness.IS_CURL or len(result.error_lines()) == 1, f"not one error line: {result}")


cases.add("cli-head", head_request)
cases.add("cli-include", include_head)
cases.add("cli-output-file", output_file)
cases.add("cli-output-directory-missing", lambda: output_fails(harness.path("no-such-folder") + "/x/y"))
cases.add("cli-output-full-device", full_device)
cases.add("cli-input-missing", input_missing)
cases.add("cli-several-urls", several_urls)
cases.add("cli-one-of-several-fails", one_of_several_fails)


def status_is_not_failure(status):
    with serve("https", http(response(b"sorry\n", status))) as server:
        expect_ok(get(pki.chain("p256"), server.port), b"sorry\n")


for _status in ("400 Bad Request", "404 Not Found", "500 Internal Server Error", "503 Service Unavailable", "299 Odd"):
    cases.add(f"status-{_status[:3]}", status_is_not_failure, _status)


def verbose():
    with serve("https", http(response(PAGE))) as server:
        result = expect_ok(get(pki.chain("p256"), server.port, "/", "-v"), PAGE)
        check(result.err, "-v says nothing")
        check(not result.error_lines(), f"an error line: {result}")


def silent():
    with serve("https", http(response(PAGE))) as server:
        expect_ok(get(pki.chain("p256"), server.port, "/", "-s"), PAGE)


def keylog(version):
    if harness.IS_CURL:
        raise Skipped("not an option of curl")
    target = harness.unique("keys")
    with tlspeer.TlsPeer(pki.chain("p256"), version) as peer:
        expect_ok(get(pki.chain("p256"), peer.port, "/", "--keylog", target, *version_options(version)), tlspeer.PAGE)
        with open(target, encoding="ascii") as f:
            lines = f.read().splitlines()
        labels = ["CLIENT_RANDOM"] if version == "1.2" else [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
            "SERVER_TRAFFIC_SECRET_0"]
        for label in labels:
            check(any(line.startswith(f"{label} {peer.hellos[-1].random.hex()} ") for line in lines),
                  f"no {label} for this connection: {lines}")


def report_contents():
    if harness.IS_CURL:
        raise Skipped("not an option of curl")
    with serve("https", http(response(PAGE)), "1.3") as server:
        result = expect_ok(get(pki.chain("p256"), server.port, "/", "--report"), PAGE)
        for pattern in (r"TLS ?v?1\.3", r"TLS_\w+", r"resumed\W+no", r"\d+ *ms|\d\.\d+ *s|_ms\W+\d", r"heap"):
            check(re.search(pattern, result.text(), re.I), f"--report lacks {pattern!r}: {result}")


def trace():
    if harness.IS_CURL:
        raise Skipped("not an option of curl")
    target = harness.unique("trace.pcap")
    with serve("https", http(response(PAGE))) as server:
        expect_ok(get(pki.chain("p256"), server.port, "/", "--trace", target), PAGE)
        with open(target, "rb") as f:
            data = f.read()
    magic = struct.unpack_from("<I", data)[0]
    check(magic in (0xa1b2c3d4, 0xa1b23c4d), f"not a pcap file: {data[:8].hex()}")
    at, frames = 24, 0
    while at < len(data):
        _, _, have, length = struct.unpack_from("<4I", data, at)
        check(have == length and 14 <= length <= 65535 and at + 16 + have <= len(data), f"frame {frames} is damaged")
        at, frames = at + 16 + have, frames + 1
    check(frames > 10, f"{frames} frames only")


cases.add("cli-verbose", verbose)
cases.add("cli-silent", silent)
cases.add("cli-report", report_contents)
cases.add("cli-trace", trace)
for _version in VERSIONS:
    cases.add(f"cli-keylog-{_version}", keylog, _version)


def usage(code, *args, errors=None):
    result = picket(*args)
    check(result.code == code, f"exit {code} expected: {result}")
    if errors and not harness.IS_CURL:
        expect_error(result, errors)
    check(harness.IS_CURL or "-h" in args or "--help" in args or result.error_lines(), f"no error line: {result}")


cases.add("usage-no-url", usage, 2)
cases.add("usage-unknown-option", usage, 2, "--no-such-option", "http://127.0.0.1/")
cases.add("usage-no-insecure", lambda: None if harness.IS_CURL else usage(2, "-k", "https://127.0.0.1/"))
cases.add("usage-no-insecure-long", lambda: None if harness.IS_CURL else usage(2, "--insecure", "https://127.0.0.1/"))
cases.add("usage-option-without-value", usage, 2, "--cacert")
cases.add("usage-bad-tls-max", usage, 2, "--tls-max", "9.9", "http://127.0.0.1/")
cases.add("usage-bad-number", usage, 2, "--connect-timeout", "soon", "http://127.0.0.1/")
cases.add("usage-bad-resolve",
          lambda: None if harness.IS_CURL else usage(2, "--resolve", "nonsense", "http://127.0.0.1/"))
cases.add("usage-scheme-ftp", lambda: None if harness.IS_CURL else usage(1, "ftp://127.0.0.1/", errors="SCHEME"))
cases.add("usage-scheme-file", lambda: None if harness.IS_CURL else usage(1, "file:///etc/passwd", errors="SCHEME"))
for _i, _url in enumerate(("http://", "http://127.0.0.1:99999/", "http://127.0.0.1:0x50/", "http://[::1/",
                           "http://a b/", "https:///path", "http://exa\x01mple.test/", "http://user@127.0.0.1/",
                           "http://127.0.0.1:0/",
                           "http://127.1/", "http://0x7f000001/", "http://-/\r\nX: y", "http://" + "a" * 70 + "/")):
    cases.add(f"usage-malformed-url-{_i}", lambda url=_url: None if harness.IS_CURL else usage(3, url, errors="URL"))


# --- Addresses and rights

def ipv6(scheme):
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    chain = pki.chain("ip6-san")
    handler = http(response(PAGE))
    make = TlsListener(chain, handler, host="::1") if scheme == "https" else Listener(handler, "::1")
    with make as server:
        expect_ok(get(chain, server.port, host="[::1]", scheme=scheme), PAGE)


def ipv6_resolve():
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE)), host="::1") as server:
        expect_ok(get(chain, server.port, address="[::1]"), PAGE)


def other_loopback(address):
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE)), host=address) as server:
        expect_ok(get(chain, server.port, address=address), PAGE)


def as_nobody():
    if os.geteuid() != 0:
        raise Skipped("only root can become nobody; the other cases ran without root")
    prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all",
              "--no-new-privs"]
    servers.program("setpriv")
    if subprocess.run([*prefix, "test", "-x", harness.PICKET], check=False).returncode:
        raise Skipped("nobody cannot reach the program here")
    chain = pki.chain("p256")
    with TlsListener(chain, http(response(PAGE))) as server:
        expect_ok(get(chain, server.port, prefix=prefix), PAGE)


cases.add("address-ipv6-http", ipv6, "http")
cases.add("address-ipv6-https", ipv6, "https")
cases.add("address-ipv6-resolve", ipv6_resolve)
cases.add("address-127.0.0.5", other_loopback, "127.0.0.5")
cases.add("address-127.200.1.2", other_loopback, "127.200.1.2")
cases.add("nobody", as_nobody)


# --- Servers that cannot be reached

def refused(scheme):
    expect_error(get(pki.chain("p256"), harness.free_port(), scheme=scheme), "REFUSED")


def no_address(scheme):
    result = picket("--cacert", pki.chain("p256").root_path, f"{scheme}://nonexistent.invalid/", max_time=8)
    expect_error(result, {"NO_ADDRESS", "TIMEOUT_LOOKUP", "TIMEOUT_TOTAL"})


def resolve_other_port():
    """--resolve for another port does not count."""
    port = harness.free_port()
    result = picket(*resolve("nonexistent.invalid", port), "http://nonexistent.invalid/", max_time=8)
    expect_error(result, {"NO_ADDRESS", "TIMEOUT_LOOKUP", "TIMEOUT_TOTAL"})


def black_hole(scheme, *options, limit=2.5):
    """A listener whose queue is full: the SYN is not answered."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        fill = []
        for _ in range(8):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(listening.getsockname())
            fill.append(s)
        time.sleep(0.2)
        try:
            result = get(pki.chain("p256"), listening.getsockname()[1], "/", *options, scheme=scheme)
            expect_error(result, {"TIMEOUT_CONNECT", "TIMEOUT_TOTAL"})
            check(result.seconds - result.late < limit, f"late: {result}, {result.late:.2f} s of them without a processor")
        finally:
            for s in fill:
                s.close()


cases.add("reach-refused-https", refused, "https")
cases.add("reach-refused-http", refused, "http")
cases.add("reach-no-address-https", no_address, "https", waits=True)
cases.add("reach-no-address-http", no_address, "http", waits=True)
cases.add("reach-resolve-other-port", resolve_other_port, waits=True)
cases.add("reach-black-hole-connect-timeout", black_hole, "https", "--connect-timeout", "1", waits=True)
cases.add("reach-black-hole-connect-timeout-http", black_hole, "http", "--connect-timeout", "1", waits=True)
cases.add("reach-black-hole-max-time", black_hole, "https", "--max-time", "1", waits=True)


# --- Servers that go silent

def silence(make, errors, *options, phase=None, scheme="https", limit=2, closes=None):
    with make() as server:
        result = get(pki.chain("p256"), server.port, "/", *options, scheme=scheme, max_time=limit)
        expect_error(result, errors, phase)


def partial(version, data, scheme="https", end="stall"):
    """Answer with this and then do nothing."""
    return lambda: serve(scheme, http(data, end), version)


def stop_after(version, count):
    """The first `count` bytes of a handshake, then silence."""
    def make():
        chain = pki.chain("p256")

        def spoiler():
            left = [count]

            def spoil(sender, data):
                sender.send(data[:left[0]])
                left[0] -= min(left[0], len(data))
                if not data:
                    time.sleep(30)
            return spoil
        backend = TlsListener(chain, http(response(PAGE)), version)
        return peers.Proxy(backend.port, spoiler)
    return make


HANDSHAKE_SILENCE = {"TIMEOUT_HANDSHAKE", "TIMEOUT_TOTAL"}
cases.add("silence-handshake-max-time", silence, lambda: Listener(raw(b"", "stall")), HANDSHAKE_SILENCE,
          phase="TLS handshake", waits=True)
cases.add("silence-handshake-connect-timeout", silence, lambda: Listener(raw(b"", "stall")), "TIMEOUT_HANDSHAKE",
          "--connect-timeout", "1", phase="TLS handshake", waits=True)
for _version in VERSIONS:
    for _count in (3, 5, 60, 300, 900):
        cases.add(f"silence-handshake-after-{_count}-bytes-{_version}", silence, stop_after(_version, _count),
                  HANDSHAKE_SILENCE, phase="TLS handshake", waits=True)
HEAD_SILENCE, BODY_SILENCE = {"TIMEOUT_HEAD", "TIMEOUT_TOTAL"}, {"TIMEOUT_IDLE", "TIMEOUT_TOTAL"}
for _scheme in ("https", "http"):
    for _name, _data, _errors in (
            ("no-answer", b"", HEAD_SILENCE), ("in-head", b"HTTP/1.1 200 OK\r\nContent-Le", HEAD_SILENCE),
            ("before-body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", BODY_SILENCE),
            ("in-body", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", BODY_SILENCE),
            ("in-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf", BODY_SILENCE),
            ("before-last-chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", BODY_SILENCE),
            ("in-endless-body", b"HTTP/1.1 200 OK\r\n\r\nhalf", BODY_SILENCE),
            ("after-interim", b"HTTP/1.1 100 Continue\r\n\r\n", HEAD_SILENCE)):
        cases.add(f"silence-{_name}-{_scheme}", silence, partial(None, _data, _scheme), _errors, scheme=_scheme,
                  waits=True)


def slow_drip(scheme, limit=2):
    """A byte every 50 ms for ever: never silent, never done."""
    with serve(scheme, http(response(content(10000)), pieces=1, pause=0.05)) as server:
        result = get(pki.chain("p256"), server.port, scheme=scheme, max_time=limit)
        expect_error(result, "TIMEOUT_TOTAL" if not harness.IS_CURL else TIMEOUT)


def nothing_taken(scheme):
    """The server reads nothing of a large upload."""
    def handler(connection):
        if isinstance(connection, Tls):
            peers.read_head(connection)
        time.sleep(20)
    path = upload_file(8 << 20)
    with serve(scheme, handler) as server:
        result = get(pki.chain("p256"), server.port, "/", "--data-binary", f"@{path}", scheme=scheme, max_time=3)
        expect_error(result, {"TIMEOUT_SEND", "TIMEOUT_TOTAL"})


for _scheme in ("https", "http"):
    cases.add(f"silence-drip-{_scheme}", slow_drip, _scheme, waits=True)
    cases.add(f"silence-upload-not-taken-{_scheme}", nothing_taken, _scheme, waits=True)


# --- Servers that break off

def broken(make, errors, contains=None, scheme="https", options=(), out=None):
    with make() as server:
        result = get(pki.chain("p256"), server.port, "/", *options, scheme=scheme)
        expect_error(result, errors, contains)
        check(out is None or harness.IS_CURL or result.out == out, f"output {result.out!r}, not {out!r}: {result}")


cases.add("broken-fin-at-once", broken, lambda: Listener(raw(b"", "close", after_hello=False)),
          {"TLS_CLOSED", "RESET"})
cases.add("broken-fin-after-hello", broken, lambda: Listener(raw(b"")), "TLS_CLOSED")
cases.add("broken-rst-after-hello", broken, lambda: Listener(raw(b"", "reset")), {"RESET", "TLS_CLOSED"})
PLAIN = {
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "smtp": b"220 mail.example.test ESMTP\r\n",
    "zeros": bytes(100),
    "text": b"hello\n" * 50,
}
for _name, _data in PLAIN.items():
    cases.add(f"broken-not-tls-{_name}", broken, lambda d=_data: Listener(raw(d)), "NOT_TLS")
    cases.add(f"broken-not-tls-{_name}-first", broken, lambda d=_data: Listener(raw(d, after_hello=False)), {"NOT_TLS"})
    cases.add(f"broken-not-tls-{_name}-stays", broken, lambda d=_data: Listener(raw(d, "stall")), {"NOT_TLS"})


def plain_nginx():
    with servers.nginx(None, plain=True) as server:
        expect_error(get(pki.chain("p256"), server.port), "NOT_TLS")
        expect_ok(get(None, server.port, scheme="http"), PAGE)


def tls_for_http():
    """http:// to a TLS port: gnutls and OpenSSL answer with an alert or nothing."""
    chain = pki.chain("p256")
    for make, target in ((lambda: servers.openssl(chain), "/page.http"), (lambda: servers.gnutls(chain), "/")):
        with make() as server:
            expect_error(get(chain, server.port, target, scheme="http"), {"NOT_HTTP", "EMPTY", "RESET", "HEAD_CUT"})


cases.add("broken-not-tls-nginx", plain_nginx)
cases.add("broken-tls-port-for-http", tls_for_http)

OK = b"HTTP/1.1 200 OK\r\n"
ENDINGS = (  # answer, error, what of the body may be printed
    ("nothing", b"", "EMPTY", b""),
    ("in-status-line", b"HTTP/1.1 2", "HEAD_CUT", b""),
    ("in-head", OK + b"Content-Length: 5\r\nX: y", "HEAD_CUT", b""),
    ("before-empty-line", OK + b"Content-Length: 5\r\n", "HEAD_CUT", b""),
    ("before-body", OK + b"Content-Length: 5\r\n\r\n", "BODY_CUT", b""),
    ("in-body", OK + b"Content-Length: 5\r\n\r\nhal", "BODY_CUT", b"hal"),
    ("before-chunks", OK + b"Transfer-Encoding: chunked\r\n\r\n", "BODY_CUT", b""),
    ("in-chunk-size", OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n1", "BODY_CUT", b"hal"),
    ("in-chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhal", "BODY_CUT", b"hal"),
    ("after-chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n", "BODY_CUT", b"hal"),
    ("in-last-chunk", OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n0\r\n", "BODY_CUT", b"hal"),
    ("in-trailer", OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhal\r\n0\r\nA: b\r\n", "BODY_CUT", b"hal"),
    ("after-interim", b"HTTP/1.1 100 Continue\r\n\r\n", {"HEAD_CUT", "EMPTY"}, b""),
)
for _name, _data, _errors, _out in ENDINGS:
    for _scheme, _version, _end in (("http", None, "close"), ("https", "1.2", "close"), ("https", "1.3", "close"),
                                    ("https", "1.2", "cut"), ("https", "1.3", "cut")):
        cases.add(f"broken-{_end}-{_name}-{_scheme}{'-' + _version if _version else ''}", broken,
                  partial(_version, _data, _scheme, _end), _errors, scheme=_scheme, out=_out)
    for _scheme in ("http", "https"):
        cases.add(f"broken-reset-{_name}-{_scheme}", broken, partial(None, _data, _scheme, "reset"), {"RESET"} | CUT,
                  scheme=_scheme)
for _version in VERSIONS:
    cases.add(f"broken-until-close-without-close-notify-{_version}", broken,
              partial(_version, OK + b"\r\nhalf", "https", "cut"), "BODY_CUT", out=b"half")
    cases.add(f"broken-until-close-empty-without-close-notify-{_version}", broken,
              partial(_version, OK + b"\r\n", "https", "cut"), "BODY_CUT", out=b"")
cases.add("broken-until-close-reset-http", broken, partial(None, OK + b"\r\nhalf", "http", "reset"),
          {"RESET", "BODY_CUT"}, scheme="http")


def early_answer(scheme, end):
    """The server answers before it has taken the upload."""
    def handler(connection):
        peers.read_head(connection)
        connection.sendall(response(b"too large\n", "413 Payload Too Large"))
        if end == "drain":
            peers.drain(connection, 20)
        if isinstance(connection, Tls):
            connection.close_notify()
        peers.finish(connection)
    path = upload_file(3 << 20)
    with serve(scheme, handler) as server:
        result = get(pki.chain("p256"), server.port, "/", "--data-binary", f"@{path}", scheme=scheme, max_time=15)
        expect_ok(result, b"too large\n")


for _scheme in ("https", "http"):
    cases.add(f"broken-early-answer-{_scheme}", early_answer, _scheme, "finish")


# --- Alerts, by name

def alert_in_handshake(number, level):
    errors, text = {"ALERT"}, hello.ALERTS[number]
    if number == 70:
        errors, text = {"ALERT", "TLS_VERSION"}, None
    if number == 0:
        errors, text = {"ALERT", "TLS_CLOSED"}, None
    if number not in hello.RFC8446_ALERTS and number:
        text = None
    with Listener(raw(hello.alert(number, level))) as server:
        expect_error(get(pki.chain("p256"), server.port), errors, text)


def alert_later(number, version, sent):
    """In the response's place, or inside its body."""
    def after(session):
        session.read_request()
        session.sendall(sent)
        session.send_alert(number)
        session.finish()
    with tlspeer.TlsPeer(pki.chain("p256"), version, after=after) as peer:
        result = get(pki.chain("p256"), peer.port, "/", *version_options(version))
        expect_error(result, "ALERT", hello.ALERTS[number])


for _number in hello.ALERTS:
    cases.add(f"alert-{hello.ALERTS[_number]}", alert_in_handshake, _number, 2)
cases.add("alert-unknown-number", broken, lambda: Listener(raw(hello.alert(200))), "ALERT")
for _version in VERSIONS:
    cases.add(f"alert-for-response-{_version}", alert_later, 80, _version, b"")
    cases.add(f"alert-in-body-{_version}", alert_later, 49, _version, OK + b"Content-Length: 50\r\n\r\nhalf")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
