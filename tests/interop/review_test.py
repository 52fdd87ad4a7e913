#!/usr/bin/python3
"""picket and the faults that a review of its TLS found, each with the lawful cases next to it.

Sessions that cannot be used again, signatures of the wrong scheme, what the error line says of several causes, anchors
of an unusual kind. See support/harness.py for the protocol.
"""
import hashlib
import os
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, crypto, der, harness, hello, servers
from support.certs import DAY, NOW, Certificate, Chain, ca_extensions, leaf_extensions
from support.harness import (IS_CURL, TLS_BROKEN, Cases, Failed, Process, check, expect_error, expect_ok, free_port,
                             picket, resolve, version_options)
from support.hello import message, vector
from support.peers import Listener, finish, response
from support.tlspeer import PAGE, TlsPeer

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
SECP384_SHA384 = 0x0503
OLD = {"start": NOW - 90 * DAY, "end": NOW - DAY}
pki = certs.Pki(harness.folder)
cases = Cases()


def get(port, root, *options, urls=1, **more):
    return picket("--cacert", root, *resolve(HOST, port), *options, *[f"https://{HOST}:{port}/"] * urls, **more)


def line_lacks(result, *words):
    """The error line does not say any of these."""
    for line in [] if IS_CURL else result.error_lines():
        for word in words:
            check(word.lower() not in line.lower(), f"the line says {word!r}: {result}")


def line_says(result, *words):
    for word in [] if IS_CURL else words:
        check(word.lower() in result.error_lines()[0].lower(), f"the line does not say {word!r}: {result}")


# --- Tickets that are too large to be offered

def serve_with_ticket(size):
    def after(session):
        session.read_request()
        session.send_ticket13(struct.pack(">II", 7200, 1) + vector(1, b"n") + vector(2, b"t" * size) + vector(2, b""))
        session.sendall(response(PAGE))
        session.close_notify()
        session.finish()
    return after


def refuse_ticket(_, m):
    """The ServerHello of a server that does not take the ticket: with a session id of its own."""
    return message(m[0], m[4:38] + vector(1, os.urandom(32)) + m[39 + m[38]:])


def large_ticket(version, size):
    more = {"after": serve_with_ticket(size)} if version == "1.3" else \
        {"tweaks": {"hello": refuse_ticket}, "ticket12": b"t" * size}
    chain = pki.chain("p256")
    with TlsPeer(chain, version, **more) as peer:
        expect_ok(get(peer.port, chain.root_path, *version_options(version), urls=3), PAGE * 3)
        check(peer.connections == 3, f"{peer.connections} connections for 3 requests")


for _size in (300, 1100, 1500, 1900, 3000):
    cases.add(f"ticket-{_size}-1.3", large_ticket, "1.3", _size)
for _size in (300, 1500, 1900):
    cases.add(f"ticket-{_size}-refused-1.2", large_ticket, "1.2", _size)


# --- A session of one version, and a server that now speaks only the other

class Changing(TlsPeer):
    """Speaks one version in the first handshake and another one from then on."""

    def __init__(self, *args, later, **more):
        self.later = later
        super().__init__(*args, **more)

    def session(self, connection):
        if self.ready:
            self.version = self.later
        super().session(connection)


def only_its_version(session, _):
    """A server of TLS 1.3 alone says so to a client that does not offer it."""
    if session.version == "1.3" and not session.hello.has(43):
        session.send_alert(70)
        session.finish()
        raise EOFError


def other_version(first, later):
    def after(session):
        session.read_request()
        if session.version == "1.3":
            session.send_ticket13()
        session.sendall(response(PAGE))
        session.close_notify()
        session.finish()
    chain = pki.chain("p256")
    with Changing(chain, first, {"start": only_its_version}, after, later=later, ticket12=b"t" * 100) as peer:
        result = get(peer.port, chain.root_path, urls=3)
        expect_ok(result, PAGE * 3)
        offered = peer.hellos[1].get(35) if first == "1.2" else peer.hellos[1].get(41)
        check(IS_CURL or offered, f"the session was not offered: {result}")


def server_replaced(first, later, cached):
    """openssl s_server, ended between two requests and started again with the other version on the same port.

    The change happens while a plain server answers the request between them.
    """
    chain, port = pki.chain("p256"), free_port()
    running, faults = [], []

    def start(version):
        running.append(Process([servers.program("openssl"), "s_server", "-quiet", "-accept", f"127.0.0.1:{port}",
                                "-cert", chain.cert_path, "-cert_chain", chain.rest_path, "-key", chain.key_path,
                                "-HTTP", f"-tls{version.replace('.', '_')}"], port, cwd=servers.site()))

    def swap(connection):
        connection.recv(65536)
        try:
            running[-1].stop()
            start(later)
        except Failed as fault:
            faults.append(fault)
        connection.sendall(response(b"swapped\n"))
        finish(connection)

    start(first)
    url = f"https://{HOST}:{port}/page.http"
    try:
        with Listener(swap) as between:
            result = picket("--cacert", chain.root_path, *resolve(HOST, port), *[url] * cached,
                            f"http://127.0.0.1:{between.port}/", url, url, max_time=20)
        check(not faults, f"the server could not be replaced: {faults}")
        expect_ok(result, servers.PAGE * cached + b"swapped\n" + servers.PAGE * 2)
    finally:
        running[-1].stop()


for _first, _later in (("1.3", "1.2"), ("1.2", "1.3")):
    cases.add(f"session-{_first}-then-{_later}-only", other_version, _first, _later)
    cases.add(f"openssl-{_first}-replaced-by-{_later}", server_replaced, _first, _later, 1)
    cases.add(f"openssl-{_first}-resumed-replaced-by-{_later}", server_replaced, _first, _later, 2)


# --- Handshake signatures of a scheme that TLS 1.3 forbids for the key

def verify_content(session):
    return b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + session.hash()


def pkcs1_verify(scheme, algorithm):
    def tweak(session, _):
        signature = session.peer.key.sign(verify_content(session), algorithm)
        return message(hello.CERTIFICATE_VERIFY, struct.pack(">H", scheme) + vector(2, signature))
    return tweak


def p384_verify(session, _):
    signature = crypto.ecdsa_sign(session.peer.scalar, verify_content(session), "sha384")
    return message(hello.CERTIFICATE_VERIFY, struct.pack(">H", SECP384_SHA384) + vector(2, signature))


def wrong_scheme(kind, tweak):
    chain = pki.chain(kind)
    with TlsPeer(chain, "1.3", {"verify": tweak}) as peer:
        result = get(peer.port, chain.root_path, "--tlsv1.3")
        peer.settle(1)
        check(not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
        expect_error(result, {"TLS_PROTOCOL", "TLS_SIGNATURE"})
        check(result.code == 35, f"exit code: {result}")


def sha384_under_p256(session, m):
    """In TLS 1.2 the scheme does not say the curve."""
    params = m[4:8 + m[7]]
    signed = session.hello.random + session.peer.random_of(session.transcript) + params
    return message(m[0], params + struct.pack(">H", SECP384_SHA384)
                   + vector(2, crypto.ecdsa_sign(session.peer.scalar, signed, "sha384")))


def lawful_scheme():
    chain = pki.chain("p256")
    with TlsPeer(chain, "1.2", {"exchange": sha384_under_p256}) as peer:
        expect_ok(get(peer.port, chain.root_path, *version_options("1.2")), PAGE)


cases.add("verify-1.3-rsa-pkcs1-sha256", wrong_scheme, "rsa2048", pkcs1_verify(0x0401, "sha256-rsa"))
cases.add("verify-1.3-rsa-pkcs1-sha384", wrong_scheme, "rsa2048", pkcs1_verify(0x0501, "sha384-rsa"))
cases.add("verify-1.3-secp384r1-under-p256", wrong_scheme, "p256", p384_verify)
cases.add("exchange-1.2-sha384-under-p256", lawful_scheme)


# --- Several things wrong with the certificates: what the line says

def refused(version, label, make, errors, says, lacks):
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        result = expect_error(get(peer.port, chain.root_path, *version_options(version)), errors)
        check(not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
        line_says(result, *says)
        line_lacks(result, *lacks)


def expired_intermediate_other_host(label):
    middle = Certificate("Old intermediate", pki.key("p256", "intermediate"), pki.root("p256"),
                         extensions=ca_extensions(0), **OLD)
    return Chain(pki.folder, label, [pki.leaf("p256", der.dns("other.test"), issuer=middle), middle], pki.root("p256"))


def under_unknown_root(*names, **more):
    def make(label):
        leaf = pki.leaf("p256", *names, **more)
        return Chain(pki.folder, label, [leaf, pki.intermediate("p256")], pki.root("rsa2048"))
    return make


def key_identifier(key):
    return hashlib.sha256(key.spki).digest()[:20]


def identifiers(own, signer):
    """The extensions subjectKeyIdentifier and authorityKeyIdentifier."""
    return [der.extension("2.5.29.14", der.octets(key_identifier(own))),
            der.extension("2.5.29.35", der.sequence(der.tlv(0x80, key_identifier(signer))))]


def namesake_ca(sent):
    """Signed by an unknown CA that has the leaf's own subject name."""
    def make(label):
        ca_key, key = pki.key("p256", "namesake"), pki.key("p256")
        ca = Certificate(HOST, ca_key, extensions=ca_extensions() + identifiers(ca_key, ca_key))
        leaf = Certificate(HOST, key, ca, extensions=leaf_extensions() + identifiers(key, ca_key))
        return Chain(pki.folder, label, [leaf, ca] if sent else [leaf], pki.root("rsa2048"))
    return make


def self_signed(label):
    key = pki.key("p256", "box")
    leaf = Certificate(HOST, key, extensions=leaf_extensions() + identifiers(key, key))
    return Chain(pki.folder, label, [leaf], pki.root("rsa2048"))


TEXTS = {
    "expired-intermediate-other-host": (expired_intermediate_other_host, "EXPIRED",
                                        ["expired", "was valid until", "Old intermediate"], ["is not for"]),
    "unknown-root-other-host": (under_unknown_root(der.dns("other.test")), "UNKNOWN_ISSUER",
                                ["unknown issuer", "is issued by"], [f"is not for '{HOST}'"]),
    "unknown-root-expired-leaf": (under_unknown_root(**OLD), "UNKNOWN_ISSUER",
                                  ["unknown issuer", "is issued by"], ["was valid until"]),
    "unknown-namesake-ca": (namesake_ca(False), "UNKNOWN_ISSUER", ["is issued by"], ["self-signed"]),
    "unknown-namesake-ca-sent": (namesake_ca(True), "UNKNOWN_ISSUER", ["is issued by"], ["self-signed"]),
    "self-signed-with-identifiers": (self_signed, "SELF_SIGNED", ["self-signed"], ["is issued by"]),
}
for _version in VERSIONS:
    for _name, (_make, _errors, _says, _lacks) in TEXTS.items():
        cases.add(f"text-{_name}-{_version}", refused, _version, _name, _make, _errors, _says, _lacks)


# --- Anchors

def trusted_leaf(count, *names, **more):
    """The server's own certificate is the trust anchor; it sends so many certificates."""
    def make(label):
        leaf = pki.leaf("p256", *names, **more)
        return Chain(pki.folder, label, [leaf, pki.intermediate("p256")][:count], leaf)
    return make


def six_namesakes(label):
    """Six anchors of one name, of which the last signed the chain."""
    others = [Certificate("Root p256", pki.key("p256", f"namesake{i}"), extensions=ca_extensions(),
                          end=NOW + 3000 * DAY) for i in range(5)]
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")],
                 "".join(c.pem() for c in [*others, pki.root("p256")]))


def accepted(version, label, make):
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        expect_ok(get(peer.port, chain.root_path, *version_options(version)), PAGE)


for _version in VERSIONS:
    for _count, _name in ((1, "alone"), (2, "with-intermediate")):
        cases.add(f"anchor-leaf-{_name}-{_version}", accepted, _version, f"trusted-leaf-{_count}",
                  trusted_leaf(_count))
        cases.add(f"anchor-leaf-{_name}-expired-{_version}", refused, _version, f"trusted-leaf-old-{_count}",
                  trusted_leaf(_count, **OLD), "EXPIRED", ["was valid until"], [])
        cases.add(f"anchor-leaf-{_name}-other-host-{_version}", refused, _version, f"trusted-leaf-other-{_count}",
                  trusted_leaf(_count, der.dns("other.test")), "WRONG_HOST", ["is not for"], [])
    cases.add(f"anchor-six-of-one-name-{_version}", accepted, _version, "six-namesakes", six_namesakes)


# --- After the handshake

def afterwards(version, act, judge):
    def after(session):
        session.read_request()
        act(session)
        session.sendall(response(PAGE))
        session.close_notify()
        session.finish()
    chain = pki.chain("p256")
    with TlsPeer(chain, version, after=after) as peer:
        judge(get(peer.port, chain.root_path, *version_options(version)))


def is_key_update(result):
    expect_error(result, "TLS_PROTOCOL", contains="KeyUpdate")
    check(result.code == 35, f"exit code: {result}")
    line_lacks(result, "damaged")


def is_page_or_not_damaged(result):
    if result.code == 0:
        expect_ok(result, PAGE)
        return
    expect_error(result, TLS_BROKEN - {"TLS_CORRUPT"})
    line_lacks(result, "damaged", "forged")


def empty_records(count):
    return lambda session: [session.send_record(23, b"") for _ in range(count)]


for _request in (0, 1):
    cases.add(f"key-update-{_request}-1.3", afterwards, "1.3", lambda s, r=_request: s.update_keys(r), is_key_update)
for _version in VERSIONS:
    for _count in (1, 4, 5, 100):
        cases.add(f"empty-records-{_count}-{_version}", afterwards, _version, empty_records(_count),
                  is_page_or_not_damaged)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
