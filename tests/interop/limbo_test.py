#!/usr/bin/python3
"""Path validation: the cases of x509-limbo, each shown to the client by a server, in TLS 1.2 and in 1.3.

The cases (limbo.json) are no part of the sources. PICKET_VECTORS names their folder; without it "vectors" in the
sources' own folder is looked at, then "shared/vectors" beside it. Where there is none the test is skipped.

A server that has the key of the case's certificate shakes hands to the end. Where it has none that it can use (RSA,
DSA, P-192, real certificates) its signature is random: then a client that complains about that signature has taken
the certificates.
"""
import base64
import datetime
import json
import os
import re
import sys
import time

from support import der, harness
from support.harness import Cases, Skipped, check
from support.limbo import PROGRAM, ask
from support.tlspeer import TlsPeer

# What the list calls invalid, and Picket takes. At most 10.
NO_KEY_IDENTIFIER = "openssl x509 -req writes none by itself, so the certificates of many private CAs lack it; " \
                    "nothing depends on it"
ANCHOR = "a root is believed because the user chose it (RFC 5280 6.1 asks for its name and key only), and "
ACCEPTED = {
    "rfc5280::aki::leaf-missing-aki": NO_KEY_IDENTIFIER,
    "rfc5280::aki::intermediate-missing-aki": NO_KEY_IDENTIFIER,
    "rfc5280::ski::intermediate-missing-ski": NO_KEY_IDENTIFIER,
    "rfc5280::aki::cross-signed-root-missing-aki":
        "the same, in a certificate that is trusted; cve::cve-2024-0567, which is valid, has such a root",
    "rfc5280::ski::root-missing-ski": ANCHOR + "old ones of private CAs have no key identifier",
    "rfc5280::root-non-critical-basic-constraints":
        ANCHOR + "openssl req -x509 with basicConstraints=CA:TRUE, as in many instructions, makes such roots",
    "webpki::aki::root-with-aki-all-fields": ANCHOR + "easy-rsa makes such roots",
    "rfc5280::nc::permitted-dns-match-noncritical":
        "valid by the rules of the web (webpki::nc::permitted-dns-match-noncritical): constraints that are not marked "
        "critical are honoured all the same",
    "webpki::eku::ee-without-eku":
        "valid by RFC 5280 (rfc5280::eku::ee-without-eku), and what openssl x509 -req makes",
    "rfc5280::san::underscore-dns": "names with an underscore are in use in private networks",
}

# What the list calls valid, and Picket refuses.
UNREADABLE = "a critical extension in an intermediate that Mbed TLS does not know: it cannot be told to go on"
CA_LEAF = "a CA's certificate as a server's is invalid by the rules of the web (webpki::ca-as-leaf)"
REFUSED = {
    "pathlen::validation-ignores-pathlen-in-leaf": CA_LEAF,
    "rfc5280::ca-as-leaf": CA_LEAF,
    "pathlen::self-issued-certs-pathlen":
        "Mbed TLS leaves self-issued certificates out of the length of the path one step too late",
    "rfc5280::nc::permitted-dn-match": "there is no host name in it, and Picket always asks for one",
    "rfc5280::nc::nc-forbids-alternate-chain-ica": UNREADABLE,
    "rfc5280::nc::nc-forbids-same-chain-ica": UNREADABLE,
    "rfc5280::nc::nc-forbids-othername-noop": UNREADABLE,
    "webpki::nc::nc-permits-dns-san-pattern": UNREADABLE,
    "rfc5280::unknown-critical-extension-unrelated-intermediate": UNREADABLE + ", though it is not needed",
}

# What the list calls invalid because of something that a server does not send and Picket has no setting for. They are
# shown to the client all the same, without it, and are valid then.
NO_LIST = "revocation lists are not read"
NO_DEPTH = "the depth of a path has no setting: it is 8"
NOT_DRIVEN = {
    "crl::revoked-certificate-with-crl": NO_LIST,
    "crl::issuer-missing-crlsign": NO_LIST,
    "pathlen::max-chain-depth-0-exhausted": NO_DEPTH,
    "pathlen::max-chain-depth-1-exhausted": NO_DEPTH,
}

# Milliseconds that a handshake may take, whatever the server sends.
PATIENCE = 1000


def find_vectors():
    folders = [os.environ.get("PICKET_VECTORS"), os.path.join(harness.ROOT, "vectors"),
               os.path.join(harness.ROOT, "..", "shared", "vectors")]
    for folder in folders:
        if folder and os.path.exists(os.path.join(folder, "limbo.json")):
            return os.path.join(folder, "limbo.json")
    return None


def unpem(text):
    lines = text.strip().splitlines()
    return base64.b64decode("".join(lines[1:-1]))


class Key:
    """The server's key: kind p256, or one that only its kind is used of."""

    P256 = bytes.fromhex("06082a8648ce3d030107")
    RSA = bytes.fromhex("06092a864886f70d010101")

    def __init__(self, text, certificate):
        self.kind = "rsa" if self.RSA in certificate else "other"
        if text and self.P256 in unpem(text):
            self.kind = "p256"
            self.number = int.from_bytes(der.children(unpem(text))[1][2:], "big")  # RFC 5915

    def scalar(self):
        return self.number

    @staticmethod
    def sign(_data, _algorithm):
        return os.urandom(256)


class Chain:
    """What a case's server sends."""

    def __init__(self, case):
        self.certificates = [unpem(case["peer_certificate"]), *map(unpem, case["untrusted_intermediates"])]
        self.key = Key(case["peer_certificate_key"], self.certificates[0])

    def sent(self):
        return self.certificates


def time_of(case):
    text = case["validation_time"]
    if text is None:
        return int(time.time() * 1000)
    moment = datetime.datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).timestamp() * 1000)


def verdict(case, version, roots=None):
    """What the client says of the case: the name of an error, or OK; and its words."""
    chain = Chain(case)
    roots = roots or harness.path(re.sub(r"\W+", "-", case["id"]) + ".pem", "\n".join(case["trusted_certs"]))
    host = case["expected_peer_name"]["value"] if case["expected_peer_name"] else "example.com"
    with TlsPeer(chain, version) as peer:
        name, ms, _, text = ask(peer.port, host, time_of(case), version, roots)
    check(ms < PATIENCE * (5 if harness.is_sanitized() else 1), f"took {ms} ms of the processor's time in TLS {version}")
    if chain.key.kind != "p256" and name == "TLS_SIGNATURE":
        name = "OK"
    return name, text


def judge(case):
    wanted = (case["expected_result"] == "SUCCESS" or case["id"] in ACCEPTED or case["id"] in NOT_DRIVEN) \
        and case["id"] not in REFUSED
    for version in ("1.2", "1.3"):
        name, text = verdict(case, version)
        allowed = {"OK"} if wanted else REFUSALS
        check(name in allowed, f"{name} ({text}) in TLS {version} instead of {harness.few(allowed)}")


def on_the_web(case, wanted):
    """A real chain, of Let's Encrypt in 2023, under the roots of the web as they are built in."""
    for version in ("1.2", "1.3"):
        name, text = verdict(case, version, "-")
        check(name in wanted, f"{name} ({text}) in TLS {version} instead of {harness.few(wanted)}")


# What is refused is refused for its certificates: or the store cannot be read, the time is not believed, or there are
# more certificates than a handshake message holds.
REFUSALS = harness.BAD_CERT | {"TRUST_FORMAT", "NO_TIME", "TLS_PROTOCOL"}


def tables_hold(listed):
    """No case is in a table that the list does not have, or whose result it has changed."""
    results = {case["id"]: case["expected_result"] for case in listed}
    check(len(ACCEPTED) <= 10, f"{len(ACCEPTED)} invalid cases are accepted")
    for table, result in ((ACCEPTED, "FAILURE"), (NOT_DRIVEN, "FAILURE"), (REFUSED, "SUCCESS")):
        for name in table:
            check(results.get(name) == result, f"{name} is {results.get(name, 'not in the list')}, not {result}")


def register(cases):
    vectors = find_vectors()
    if not vectors:
        raise Skipped("no limbo.json (PICKET_VECTORS names its folder)")
    if not os.access(PROGRAM, os.X_OK):
        raise Skipped("no limbo_client beside the program under test")
    with open(vectors, encoding="utf-8") as f:
        listed = json.load(f)["testcases"]
    servers = [case for case in listed if case["validation_kind"] == "SERVER"]
    print(f"# {len(listed)} cases; {len(listed) - len(servers)} are about clients' certificates", flush=True)
    cases.add("the tables", tables_hold, listed)
    for case in servers:
        cases.add(case["id"], judge, case, quick=False)
        if case["id"] == "webpki::cryptographydotio-chain":
            cases.add("the web's roots verify a real chain", on_the_web, case, {"OK"})
        elif case["id"] == "webpki::cryptographydotio-chain-missing-intermediate":
            cases.add("the web's roots and a chain without its intermediate", on_the_web, case, {"UNKNOWN_ISSUER"})
        elif case["id"] == "webpki::san::exact-dns-san":
            cases.add("the web's roots and a root of somebody's own", on_the_web, case, {"UNKNOWN_ISSUER"})


def main():
    cases = Cases()
    try:
        register(cases)
    except Skipped as why:
        print(f"skip limbo: {why}")
        return 0
    return harness.main(cases)


if __name__ == "__main__":
    sys.exit(main())
