#!/usr/bin/python3
"""picket and what servers send behind their certificate: which way to an anchor is found, and how much work is done.

See support/harness.py for the protocol.
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, der, harness
from support.certs import DAY, NOW, Certificate, Chain, ca_extensions
from support.harness import Cases, check, expect_error, expect_ok, picket, resolve, version_options
from support.limbo import ask
from support.tlspeer import PAGE, TlsPeer

HOST = certs.HOST
OLD = {"start": NOW - 90 * DAY, "end": NOW - DAY}
pki = certs.Pki(harness.folder)
cases = Cases()


def identifiers(own, signer):
    """subjectKeyIdentifier and authorityKeyIdentifier, of any bytes."""
    return [der.extension("2.5.29.14", der.octets(own)),
            der.extension("2.5.29.35", der.sequence(der.tlv(0x80, signer)))]


def namesakes(count, kind="p256"):
    """Expired ones of the ordinary intermediate, with its key: each fits by name and by signature."""
    return [Certificate("Intermediate p256", pki.key("p256", "intermediate"), pki.root(kind),
                        extensions=ca_extensions(0), **OLD) for _ in range(count)]


def among_namesakes(before, after):
    def make(label):
        sent = [pki.leaf("p256"), *namesakes(before), pki.intermediate("p256"), *namesakes(after)]
        return Chain(pki.folder, label, sent, pki.root("p256"))
    return make


def only_namesakes(count):
    return lambda label: Chain(pki.folder, label, [pki.leaf("p256"), *namesakes(count)], pki.root("p256"))


def around_an_expired_root(label):
    """Of the two roots the nearer has expired, and the other has signed it anew."""
    old = Certificate("Old root", pki.key("p256", "old root"), extensions=ca_extensions(), **OLD)
    middle = Certificate("Under the old root", pki.key("p256", "intermediate"), old, extensions=ca_extensions(0))
    cross = Certificate("Old root", old.key, pki.root("p384"), extensions=ca_extensions())
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle, cross], old.pem() + pki.root("p384").pem())


def under_an_expired_root(label):
    chain = around_an_expired_root(label)
    return Chain(pki.folder, f"{label} alone", chain.certificates[:2], chain.root)


def roots_of_one_name(count, identified):
    """So many anchors of one name, of which the last signed the chain."""
    def root(key, number):
        name = bytes([number]) * 20
        return Certificate("Root of many", key, extensions=ca_extensions() + (identifiers(name, name) if identified else []),
                           end=NOW + (3000 - number) * DAY)

    def make(label):
        roots = [root(pki.key("p256", f"one of many {i}"), i) for i in range(count)]
        name = bytes([count - 1]) * 20
        middle = Certificate("Under many", pki.key("p256", "intermediate"), roots[-1],
                             extensions=ca_extensions(0) + (identifiers(b"middle", name) if identified else []))
        return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle], "".join(r.pem() for r in roots))
    return make


def behind_many(count):
    """The intermediate that is needed comes behind so many strangers."""
    def make(label):
        strangers = [Certificate(f"Stranger {i}", pki.key("p256", "box"), extensions=ca_extensions())
                     for i in range(count)]
        return Chain(pki.folder, label, [pki.leaf("p256"), *strangers, pki.intermediate("p256")], pki.root("p256"))
    return make


def get(version, label, make):
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        began = time.monotonic()
        result = picket("--cacert", chain.root_path, *resolve(HOST, peer.port), *version_options(version),
                        f"https://{HOST}:{peer.port}/")
        check(time.monotonic() - began < 10, "it took more than ten seconds")
        return result, peer.seen


def accepted(version, label, make):
    expect_ok(get(version, label, make)[0], PAGE)


def refused(version, label, make, error):
    result, seen = get(version, label, make)
    expect_error(result, error)
    check(not seen, f"the server has seen {seen[:40]!r}: {result}")


def counted(version, label, make, error, most):
    """At most so many signatures are checked, the handshake's own not counted."""
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        name, ms, checks, text = ask(peer.port, HOST, int(time.time() * 1000), version, chain.root_path)
    check(name == error, f"{name} ({text}) instead of {error}")
    checks -= error == "OK"
    check(checks <= most, f"{checks} signatures were checked, not {most} at the most")
    check(ms < 1000 * (5 if harness.is_sanitized() else 1), f"took {ms} ms of the processor's time")


# The chain's length, and what the client may have to check for it; 12 in any case.
COUNTED = {
    "counted-plain": (lambda label: pki.simple(label, pki.leaf("p256")), "OK", 2),
    "counted-40-namesakes-behind": (among_namesakes(0, 40), "OK", 2),
    "counted-40-namesakes-around": (among_namesakes(14, 26), "OK", 2),
    "counted-40-namesakes-before": (among_namesakes(40, 0), "EXPIRED", 2),
    "counted-40-namesakes": (only_namesakes(40), "EXPIRED", 2),
    "counted-6-roots-of-one-name": (roots_of_one_name(6, False), "OK", 7),
    "counted-60-roots-of-one-name": (roots_of_one_name(60, False), "UNKNOWN_ISSUER", 12),
    "counted-60-roots-with-identifiers": (roots_of_one_name(60, True), "OK", 2),
}
def below_ca_for(*uses, anchored=False):
    """The intermediate is for some uses only, which it says; the server's certificate says nothing of its own."""
    def make(label):
        middle = Certificate(f"CA for {label}", pki.key("p256", f"CA for {label}"), pki.root("p256"),
                             extensions=[*ca_extensions(0), der.extended_key_usage(*uses)])
        leaf = Certificate(HOST, pki.key("p256", "leaf for uses"), middle, extensions=[
            der.basic_constraints(False), der.key_usage("digitalSignature"), der.alt_names(der.dns(HOST))])
        return Chain(pki.folder, label, [leaf, middle], middle if anchored else pki.root("p256"))
    return make


MAIL = "1.3.6.1.5.5.7.3.4"
GOOD = {
    "below-a-ca-for-servers": below_ca_for(der.SERVER_AUTH, der.CLIENT_AUTH),
    "below-a-ca-for-servers-that-is-the-anchor": below_ca_for(der.SERVER_AUTH, der.CLIENT_AUTH, anchored=True),
    "good-then-24-expired-namesakes": among_namesakes(0, 24),
    "14-expired-namesakes-good-10-more": among_namesakes(14, 10),
    "around-an-expired-root": around_an_expired_root,
    "6-roots-of-one-name": roots_of_one_name(6, False),
    "30-roots-of-one-name-with-identifiers": roots_of_one_name(30, True),
    "behind-14-strangers": behind_many(14),
}
BAD = {
    "below-a-ca-for-mail": (below_ca_for(MAIL), "CERT_USAGE"),
    "below-a-ca-for-mail-that-is-the-anchor": (below_ca_for(MAIL, anchored=True), "CERT_USAGE"),
    "24-expired-namesakes": (only_namesakes(24), "EXPIRED"),
    "good-behind-24-expired-namesakes": (among_namesakes(24, 0), "EXPIRED"), # only 16 are looked at
    "under-an-expired-root": (under_an_expired_root, "EXPIRED"),
    "30-roots-of-one-name": (roots_of_one_name(30, False), "UNKNOWN_ISSUER"), # the one that fits would be the 30th try
    "behind-30-strangers": (behind_many(30), "UNKNOWN_ISSUER"),
}
for _version in ("1.2", "1.3"):
    for _name, _make in GOOD.items():
        cases.add(f"{_name}-{_version}", accepted, _version, _name, _make)
    for _name, (_make, _error) in BAD.items():
        cases.add(f"{_name}-{_version}", refused, _version, _name, _make, _error)

    for _name, (_make, _error, _most) in COUNTED.items():
        cases.add(f"{_name}-{_version}", counted, _version, _name, _make, _error, _most)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
