#!/usr/bin/python3
"""picket and servers that ask for a client certificate: openssl, nginx, gnutls. See support/harness.py for the protocol."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, der, harness, servers
from support.certs import DAY, NOW, Certificate, ca_extensions
from support.harness import Cases, check, expect_error, expect_ok, picket, version_options

CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
VERSIONS = ("1.2", "1.3")
pki = certs.Pki(harness.folder)
cases = Cases()


def file(name, text):
    path = os.path.join(harness.folder, name)
    certs.write(path, text)
    return path


def ca(kind="p256"):
    return pki.once(f"client ca {kind}", lambda: Certificate(
        f"Client CA {kind}", pki.key(kind, "client ca"), extensions=ca_extensions(), end=NOW + 3650 * DAY))


def leaf(kind, issuer=None, **more):
    return Certificate("device 7", pki.key(kind, "device"), issuer or ca(),
                       extensions=[der.basic_constraints(False), der.key_usage("digitalSignature"),
                                   der.extended_key_usage(CLIENT_AUTH)], **more)


def identity(label, kind="p256", make=None):
    """Files: certificate, key, and both in one."""
    def build():
        chain = make() if make else [leaf(kind)]
        with open(pki.key(kind, "device").path, encoding="ascii") as f:
            key = f.read()
        text = "".join(c.pem() for c in chain)
        return {"cert": file(f"{label}.cert.pem", text), "key": file(f"{label}.key.pem", key),
                "both": file(f"{label}.both.pem", text + key), "chain": chain}
    return pki.once(f"identity {label}", build)


def client_ca(kind="p256"):
    return file(f"client-ca-{kind}.pem", ca(kind).pem())


def openssl(version, *options):
    return servers.openssl(pki.chain("p256"), version, "-Verify", "3", "-CAfile", client_ca(), *options,
                           "-verify_return_error")


def nginx(version):
    return servers.nginx(pki.chain("p256"), version, f"ssl_verify_client on; ssl_client_certificate {client_ca()};")


def gnutls(version):
    return servers.gnutls(pki.chain("p256"), version, "--require-client-cert", "--x509cafile", client_ca(),
                          "--verify-client-cert")


def get(server, target, *options):
    return picket(*servers.fetch_args(pki.chain("p256"), server, target), *options)


def page(result):
    expect_ok(result, servers.PAGE)


def shown(kind, *options):
    return ["--cert", identity(kind, kind)["cert"], "--key", identity(kind, kind)["key"], *options]


# --- Good ones

def good(start, target, version, options):
    with start(version) as server:
        result = get(server, target, *version_options(version), *options())
        if start is gnutls:
            check(result.code == 0 and b"device 7" in result.out, f"the server has not seen the certificate: {result}")
        else:
            page(result)


def with_intermediate():
    middle = pki.once("client intermediate", lambda: Certificate(
        "Client intermediate", pki.key("p256", "client intermediate"), ca(), extensions=ca_extensions(0)))
    return [leaf("p256", middle), middle]


def key_as(form, *options):
    """The key in another form."""
    path = os.path.join(harness.folder, f"device.{form}")
    subprocess.run(["openssl", *options, "-in", pki.key("p256", "device").path, "-out", path], check=True,
                   capture_output=True)
    return ["--cert", identity("p256")["cert"], "--key", path]


def cert_der():
    path = os.path.join(harness.folder, "device-cert.der")
    with open(path, "wb") as f:
        f.write(identity("p256")["chain"][0].der)
    return ["--cert", path, "--key", identity("p256")["key"]]


SERVERS = {"openssl": (openssl, "/page.http"), "nginx": (nginx, "/"), "gnutls": (gnutls, "/")}
for _version in VERSIONS:
    for _name, (_start, _target) in SERVERS.items():
        for _kind in ("p256", "p384", "rsa2048", "rsa4096"):
            cases.add(f"{_name}-{_kind}-{_version}", good, _start, _target, _version, lambda k=_kind: shown(k))
    for _name, _options in {
        "in-one-file": lambda: ["--cert", identity("p256")["both"]],
        "with-intermediate": lambda: ["--cert", identity("middle", make=with_intermediate)["both"]],
        "sec1": lambda: key_as("sec1.pem", "ec"),
        "pkcs8": lambda: key_as("pkcs8.pem", "pkcs8", "-topk8", "-nocrypt"),
        "pkcs8-der": lambda: key_as("pkcs8.der", "pkcs8", "-topk8", "-nocrypt", "-outform", "DER"),
        "sec1-der": lambda: key_as("sec1.der", "ec", "-outform", "DER"),
        "cert-der": cert_der,
    }.items():
        cases.add(f"form-{_name}-{_version}", good, openssl, "/page.http", _version, _options)


# --- None, and wrong ones

def refused(version, options, words):
    with openssl(version) as server:
        result = get(server, "/page.http", *version_options(version), *options())
        expect_error(result, {"ALERT", "RESET"})
        check("ALERT" not in result.err.decode() or words in result.error_lines()[0], f"the line lacks {words!r}: {result}")


def unasked(version):
    """A server that does not ask does not see it."""
    with servers.openssl(pki.chain("p256"), version) as server:
        page(get(server, "/page.http", *version_options(version), *shown("p256")))


def wanted_not_needed(version):
    with servers.openssl(pki.chain("p256"), version, "-verify", "3", "-CAfile", client_ca()) as server:
        page(get(server, "/page.http", *version_options(version)))


def resumed(version):
    with openssl(version) as server:
        args = servers.fetch_args(pki.chain("p256"), server, "/page.http")
        result = picket(*args, args[-1], *version_options(version), *shown("p256"), "--report")
        check(result.code == 0 and result.out == servers.PAGE * 2, f"not both pages: {result}")
        check("resumed" in result.err.decode(), f"the second is not resumed: {result}")


def expired():
    return ["--cert", identity("old", make=lambda: [leaf("p256", start=NOW - 9 * DAY, end=NOW - DAY)])["both"]]


def strangers():
    stranger = Certificate("Stranger CA", pki.key("p256", "stranger"), extensions=ca_extensions())
    return ["--cert", identity("stranger", make=lambda: [leaf("p256", stranger)])["both"]]


for _version in VERSIONS:
    cases.add(f"none-{_version}", refused, _version, lambda: [], "the server asks for a client certificate")
    cases.add(f"expired-{_version}", refused, _version, expired, "does not accept the client's certificate")
    cases.add(f"stranger-{_version}", refused, _version, strangers, "does not accept the client's certificate")
    cases.add(f"unasked-{_version}", unasked, _version)
    cases.add(f"wanted-not-needed-{_version}", wanted_not_needed, _version)
    cases.add(f"resumed-{_version}", resumed, _version)


# --- What cannot be used

def unusable(options, words, code=58):
    result = picket(*options(), "https://127.0.0.1:1/")
    check(result.code == code, f"exit code {result.code}, not {code}: {result}")
    check(words in result.error_lines()[0], f"the line does not say {words!r}: {result}")


def encrypted(*how):
    return lambda: key_as("encrypted.pem" if how[0] == "ec" else "encrypted8.pem", *how, "-passout", "pass:secret")


def large():
    many = [leaf("rsa4096", ca("rsa4096")) for _ in range(4)]
    return ["--cert", identity("large", "rsa4096", lambda: many)["both"]]


def cut(which):
    def make():
        files = identity("p256")
        with open(files[which], encoding="ascii") as f:
            text = f.read()
        path = file(f"cut-{which}.pem", text[:len(text) // 2])
        return ["--cert", path if which == "cert" else files["cert"], "--key", path if which == "key" else files["key"]]
    return make


def empty():
    return ["--cert", file("empty.pem", ""), "--key", identity("p256")["key"]]


UNUSABLE = {
    "other-key": (lambda: ["--cert", identity("p256")["cert"], "--key", pki.key("p256").path], "not the one of its"),
    "other-kind": (lambda: ["--cert", identity("p256")["cert"], "--key", pki.key("rsa2048").path], "not the one of its"),
    "encrypted-pkcs8": (encrypted("pkcs8", "-topk8"), "encrypted"),
    "encrypted-sec1": (encrypted("ec", "-aes128"), "encrypted"),
    "no-key": (lambda: ["--cert", identity("p256")["cert"]], "there is no private key"),
    "no-cert": (lambda: ["--cert", identity("p256")["key"], "--key", identity("p256")["key"]], "there is no certificate"),
    "empty": (empty, "there is no certificate"),
    "large": (large, "MBEDTLS_SSL_OUT_CONTENT_LEN"),
    "cert-cut": (cut("cert"), "no last line"),
    "key-cut": (cut("key"), "there is no private key"),
    "missing": (lambda: ["--cert", "/nowhere"], "No such file"),
    "missing-key": (lambda: ["--cert", identity("p256")["cert"], "--key", "/nowhere"], "No such file"),
}
for _name, (_options, _words) in UNUSABLE.items():
    cases.add(f"unusable-{_name}", unusable, _options, _words)
cases.add("key-without-cert", unusable, lambda: ["--key", identity("p256")["key"]], "--key needs --cert", 2)

if harness.IS_LEAN:
    STAYS = ("none-", "wanted-", "unusable-missing", "key-without-cert")
    cases.list = [case for case in cases.list if case[0].startswith(STAYS)]
    cases.add("built-without", unusable, lambda: ["--cert", identity("p256")["both"]], "built without client certificates")

if __name__ == "__main__":
    sys.exit(harness.main(cases))
