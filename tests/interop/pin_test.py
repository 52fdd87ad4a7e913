#!/usr/bin/python3
"""picket and pinned keys, alone and with a store, and what --pinnedpubkey takes. See support/harness.py for the protocol."""
import base64
import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, der, harness
from support.certs import DAY, NOW, Certificate, Chain, leaf_extensions
from support.harness import Cases, check, expect_error, expect_ok, picket, resolve, version_options
from support.tlspeer import PAGE, TlsPeer

HOST = certs.HOST
VERSIONS = ("1.2", "1.3")
OLD = {"start": NOW - 90 * DAY, "end": NOW - DAY}
pki = certs.Pki(harness.folder)
cases = Cases()


def pin(key):
    return "sha256//" + base64.b64encode(hashlib.sha256(key.spki).digest()).decode()


def get(port, *options, host=HOST, **more):
    return picket(*options, *resolve(host, port), f"https://{host}:{port}/", **more)


def line_says(result, *words):
    for word in words:
        check(word in result.error_lines()[0], f"the line does not say {word!r}: {result}")


def refused(result, peer, error, *words):
    expect_error(result, error)
    check(not peer.seen, f"the server has seen {peer.seen[:40]!r}: {result}")
    line_says(result, *words)


# --- With a store

KEYS = {"leaf": "leaf", "intermediate": "intermediate", "root": "root"}
STRANGER = pki.key("p256", "stranger")


def with_store(version, label, pins, good):
    chain = pki.chain(label)
    with TlsPeer(chain, version) as peer:
        result = get(peer.port, "--cacert", chain.root_path, "--pinnedpubkey", pins, *version_options(version))
        if good:
            expect_ok(result, PAGE)
        else:
            refused(result, peer, "PIN", f"the server's key is {pin(chain.leaf.key)}")
            check(result.code == 90, f"exit code: {result}")


def store_and_pin_of(version, label, make, error):
    """The pin is right, and what is wrong with the chain stays wrong."""
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        result = get(peer.port, "--cacert", chain.root_path, "--pinnedpubkey", pin(chain.leaf.key),
                     *version_options(version))
        refused(result, peer, error)


def only_sent(version):
    """The key that is pinned is the one of a certificate that is sent and has no part in the path."""
    stranger = Certificate("Stranger", STRANGER, extensions=certs.ca_extensions())
    chain = pki.once("chain only-sent", lambda: Chain(
        pki.folder, "only-sent", [pki.leaf("p256"), pki.intermediate("p256"), stranger], pki.root("p256")))
    with TlsPeer(chain, version) as peer:
        result = get(peer.port, "--cacert", chain.root_path, "--pinnedpubkey", pin(STRANGER), *version_options(version))
        refused(result, peer, "PIN")


for _version in VERSIONS:
    for _kind in ("p256", "rsa2048"):
        for _which, _key in KEYS.items():
            cases.add(f"store-{_kind}-{_which}-{_version}", with_store, _version, _kind, pin(pki.key(_kind, _key)), True)
    cases.add(f"store-wrong-{_version}", with_store, _version, "p256", pin(STRANGER), False)
    cases.add(f"store-backup-{_version}", with_store, _version, "p256",
              ";".join((pin(STRANGER), pin(pki.key("p256")))), True)
    cases.add(f"store-two-wrong-{_version}", with_store, _version, "p256",
              ";".join((pin(STRANGER), pin(pki.key("p384")))), False)
    cases.add(f"store-only-sent-{_version}", only_sent, _version)
    cases.add(f"store-unknown-root-{_version}", store_and_pin_of, _version, "pinned-unknown",
              lambda label: Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")], pki.root("rsa2048")),
              "UNKNOWN_ISSUER")
    cases.add(f"store-expired-{_version}", store_and_pin_of, _version, "pinned-expired",
              lambda label: pki.simple(label, pki.leaf("p256", **OLD)), "EXPIRED")
    cases.add(f"store-other-host-{_version}", store_and_pin_of, _version, "pinned-other",
              lambda label: pki.simple(label, pki.leaf("p256", der.dns("other.test"))), "WRONG_HOST")


# --- Alone

def box(label, *names, kind="p256", **more):
    key = pki.key(kind, "box")
    extensions = leaf_extensions(*names) if names != (None,) else leaf_extensions()[:3]
    leaf = Certificate("box.local", key, extensions=extensions, **more)
    return Chain(pki.folder, label, [leaf], leaf)


def alone(version, label, make, error=None, key=None, host=HOST, says=()):
    chain = pki.once(f"chain {label}", lambda: make(label))
    with TlsPeer(chain, version) as peer:
        result = get(peer.port, "--pinned-only", "--pinnedpubkey", pin(key or chain.leaf.key), *version_options(version),
                     host=host)
        if error is None:
            expect_ok(result, PAGE)
        else:
            refused(result, peer, error, *says)


def with_tail(label):
    """What is sent behind the server's own certificate plays no part, whatever it is."""
    chain = box("box behind it")
    tail = [pki.intermediate("p256"), certs.broken_signature(pki.root("p256")), chain.leaf]
    return Chain(pki.folder, label, [chain.leaf, *tail], chain.root)


ALONE = {
    "self-signed": (box, {}),
    "self-signed-rsa": (lambda label: box(label, kind="rsa2048"), {}),
    "under-an-unknown-ca": (lambda label: pki.simple(label, pki.leaf("p256")), {}),
    "with-a-tail": (with_tail, {}),
    "address": (lambda label: box(label, der.ip("127.0.0.1")), {"host": "127.0.0.1"}),
    "wrong": (box, {"error": "PIN", "key": STRANGER, "says": ["the server's key is sha256//"]}),
    "intermediates-key": (lambda label: pki.simple(label, pki.leaf("p256")),
                          {"error": "PIN", "key": pki.key("p256", "intermediate")}),
    "expired": (lambda label: box(label, **OLD), {"error": "EXPIRED", "says": ["was valid until"]}),
    "future": (lambda label: box(label, start=NOW + DAY), {"error": "NOT_YET_VALID"}),
    "other-host": (lambda label: box(label, der.dns("other.test")), {"error": "WRONG_HOST", "says": [f"not for '{HOST}'"]}),
    "other-address": (lambda label: box(label, der.ip("127.0.0.2")), {"error": "WRONG_HOST", "host": "127.0.0.1"}),
    "no-names": (lambda label: box(label, None), {"error": "WRONG_HOST"}), # a common name is none
}
for _version in VERSIONS:
    for _name, (_make, _more) in ALONE.items():
        cases.add(f"alone-{_name}-{_version}", lambda v, n, m, o: alone(v, f"alone-{n}", m, **o), _version, _name, _make,
                  _more)


# --- What the option takes

def key_file(kind, form):
    path = os.path.join(harness.folder, f"{kind}.{form}")
    source = pki.key(kind).path
    subprocess.run(["openssl", "pkey", "-in", source, "-pubout", "-outform", form.upper(), "-out", path], check=True)
    return path


def certificate_file(chain):
    path = os.path.join(harness.folder, "pinned.der")
    with open(path, "wb") as f:
        f.write(chain.leaf.der)
    return path


def from_file(make):
    chain = pki.chain("p256")
    with TlsPeer(chain, "1.3") as peer:
        expect_ok(get(peer.port, "--cacert", chain.root_path, "--pinnedpubkey", make(chain)), PAGE)


def usage(options, code, *words):
    result = get(1, *options)
    check(result.code == code, f"exit code {result.code}, not {code}: {result}")
    line_says(result, *words)


cases.add("file-pem", from_file, lambda chain: key_file("p256", "pem"))
cases.add("file-der", from_file, lambda chain: key_file("p256", "der"))
cases.add("file-certificate-pem", from_file, lambda chain: chain.cert_path)
cases.add("file-certificate-der", from_file, certificate_file)
cases.add("file-missing", usage, ("--pinnedpubkey", "/nowhere"), 77, "/nowhere", "No such file")
cases.add("file-private", usage, ("--pinnedpubkey", pki.key("p256").path), 77, "neither")
cases.add("file-other", usage, ("--pinnedpubkey", os.path.abspath(__file__)), 77, "neither")
cases.add("text-short", usage, ("--pinnedpubkey", "sha256//AAAA"), 77, "neither")
cases.add("text-empty-second", usage, ("--pinnedpubkey", pin(STRANGER) + ";"), 77, "neither")
cases.add("pinned-only-without", usage, ("--pinned-only",), 2, "--pinned-only needs --pinnedpubkey")
cases.add("pinned-only-and-cacert", usage, ("--pinned-only", "--pinnedpubkey", pin(STRANGER), "--cacert", "/x"), 2,
          "no --cacert")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
