"""Certificates, good and bad, for example.test: a small PKI for each of RSA-2048, P-256 and P-384.

Keys and signatures come from the openssl program; the certificates are put together here, byte by byte, because the
bad ones are what no sane tool makes. Everything is made on demand, once a run, in one folder.
"""
import base64
import os
import subprocess
import threading
import time

from . import der

HOST = "example.test"
DAY = 86400
NOW = int(time.time())

ALGORITHMS = {
    "sha256-rsa": ("sha256", "1.2.840.113549.1.1.11"),
    "sha384-rsa": ("sha384", "1.2.840.113549.1.1.12"),
    "sha1-rsa": ("sha1", "1.2.840.113549.1.1.5"),
    "md5-rsa": ("md5", "1.2.840.113549.1.1.4"),
    "pss-sha256": ("sha256", "1.2.840.113549.1.1.10"),
    "sha256-ecdsa": ("sha256", "1.2.840.10045.4.3.2"),
    "sha384-ecdsa": ("sha384", "1.2.840.10045.4.3.3"),
    "sha1-ecdsa": ("sha1", "1.2.840.10045.4.1"),
    "ed25519": (None, "1.3.101.112"),
}

KINDS = {
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa2052": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2052"],
    "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "rsa4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "rsa3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p256-compressed": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "secp256k1": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
    "brainpool": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
    "ed25519": ["-algorithm", "ED25519"],
}


def openssl(*args, stdin=None):
    done = subprocess.run(["openssl", *args], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def pem(label, data):
    text = base64.encodebytes(data).decode().replace("\n", "")
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


class Key:
    """A key pair in a file."""

    def __init__(self, folder, kind, label):
        self.kind = kind
        self.path = os.path.join(folder, f"{label}.key")
        openssl("genpkey", *KINDS[kind], "-out", self.path)
        form = ["ec", "-conv_form", "compressed"] if kind.endswith("-compressed") else ["pkey"]
        self.spki = openssl(*form, "-in", self.path, "-pubout", "-outform", "DER")

    def default_algorithm(self):
        if self.kind.startswith("rsa"):
            return "sha256-rsa"
        return {"p384": "sha384-ecdsa", "ed25519": "ed25519"}.get(self.kind, "sha256-ecdsa")

    def sign(self, data, algorithm):
        digest = ALGORITHMS[algorithm][0]
        if digest is None:
            path = f"{self.path}.{threading.get_ident()}.tbs"
            with open(path, "wb") as f:
                f.write(data)
            return openssl("pkeyutl", "-sign", "-rawin", "-in", path, "-inkey", self.path)
        options = []
        if algorithm.startswith("pss"):
            options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
        return openssl("dgst", f"-{digest}", "-sign", self.path, *options, stdin=data)

    def scalar(self):
        """The private number of an elliptic-curve key."""
        sec1 = openssl("ec", "-in", self.path, "-outform", "DER")
        return int.from_bytes(der.children(sec1)[1][2:], "big")


def algorithm_identifier(algorithm):
    identifier = der.oid(ALGORITHMS[algorithm][1])
    if algorithm.startswith("pss"):
        digest = der.sequence(der.oid("2.16.840.1.101.3.4.2.1"), der.tlv(5))
        mask = der.sequence(der.oid("1.2.840.113549.1.1.8"), digest)
        return der.sequence(identifier, der.sequence(
            der.tlv(0xa0, digest), der.tlv(0xa1, mask), der.tlv(0xa2, der.integer(32))))
    return der.sequence(identifier, der.tlv(5) if algorithm.endswith("-rsa") else b"")


class Certificate:
    """One certificate. `issuer` is a Certificate, or None: signed by itself."""

    serial = 1000
    lock = threading.Lock()

    def __init__(self, common_name, key, issuer=None, *, extensions=(), start=NOW - 30 * DAY, end=NOW + 60 * DAY,
                 algorithm=None, issuer_name=None, signer=None, version=3, subject=None):
        with Certificate.lock:
            Certificate.serial += 1
            serial = Certificate.serial
        self.key = key
        self.subject = der.name(common_name) if subject is None else subject
        signer = signer or (issuer.key if issuer else key)
        algorithm = algorithm or signer.default_algorithm()
        if issuer_name is None:
            issuer_name = issuer.subject if issuer else self.subject
        extensions = b"".join(extensions)
        tbs = der.sequence(
            der.tlv(0xa0, der.integer(version - 1)) if version > 1 else b"",
            der.integer(serial), algorithm_identifier(algorithm), issuer_name,
            der.sequence(der.when(start), der.when(end)), self.subject, key.spki,
            der.tlv(0xa3, der.sequence(extensions)) if extensions else b"")
        self.der = der.sequence(tbs, algorithm_identifier(algorithm), der.bits(signer.sign(tbs, algorithm)))

    def replaced(self, data):
        """The same certificate with other bytes."""
        copy = object.__new__(Certificate)
        copy.__dict__.update(self.__dict__)
        copy.der = data
        return copy

    def pem(self):
        return pem("CERTIFICATE", self.der)


def broken_signature(certificate):
    data = bytearray(certificate.der)
    data[-12] ^= 0x55
    return certificate.replaced(bytes(data))


CA_USAGE = der.key_usage("keyCertSign", "cRLSign")


def ca_extensions(pathlen=None):
    return [der.basic_constraints(True, pathlen), CA_USAGE]


def leaf_extensions(*names, usage=("digitalSignature",), purpose=(der.SERVER_AUTH,)):
    names = names or (der.dns(HOST), der.dns("*.wild.test"), der.ip("127.0.0.1"))
    return [der.basic_constraints(False), der.key_usage(*usage), der.extended_key_usage(*purpose),
            der.alt_names(*names)]


class Chain:
    """What a server is given (certificate file, key file) and what a client trusts (root file)."""

    def __init__(self, folder, label, certificates, root, key=None):
        self.label = label
        self.certificates = certificates        # leaf first, as sent
        self.leaf = certificates[0] if certificates else None
        self.key = key or self.leaf.key
        self.root = root
        self.cert_path = os.path.join(folder, f"{label}.chain.pem")
        self.key_path = self.key.path
        self.root_path = os.path.join(folder, f"{label}.root.pem")
        self.rest_path = os.path.join(folder, f"{label}.rest.pem")
        write(self.cert_path, "".join(c.pem() for c in certificates))
        write(self.rest_path, "".join(c.pem() for c in certificates[1:]))
        write(self.root_path, root if isinstance(root, str) else root.pem())

    def sent(self):
        return [c.der for c in self.certificates]


def write(path, text):
    part = f"{path}.{threading.get_ident()}"
    with open(part, "w", encoding="ascii") as f:
        f.write(text)
    os.replace(part, path)


class Pki:
    """All certificates of a run. Chains are made when asked for, once: pki.chain("p256"), pki.chain("expired-leaf")."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "pki")
        os.makedirs(self.folder, exist_ok=True)
        self.lock = threading.RLock()
        self.made = {}

    def once(self, label, make):
        with self.lock:
            if label not in self.made:
                self.made[label] = make()
            return self.made[label]

    def key(self, kind, label="leaf"):
        return self.once(f"key {kind} {label}", lambda: Key(self.folder, kind, f"{kind}-{label}"))

    def root(self, kind):
        return self.once(f"root {kind}", lambda: Certificate(
            f"Root {kind}", self.key(kind, "root"), extensions=ca_extensions(), end=NOW + 3650 * DAY))

    def intermediate(self, kind):
        return self.once(f"intermediate {kind}", lambda: Certificate(
            f"Intermediate {kind}", self.key(kind, "intermediate"), self.root(kind), extensions=ca_extensions(0),
            end=NOW + 900 * DAY))

    def leaf(self, kind, *names, key=None, issuer=None, usage=("digitalSignature",), purpose=(der.SERVER_AUTH,),
             common_name=HOST, extra=(), **more):
        return Certificate(common_name, key or self.key(kind), issuer or self.intermediate(kind),
                           extensions=leaf_extensions(*names, usage=usage, purpose=purpose) + list(extra), **more)

    def simple(self, label, leaf, kind="p256"):
        """leaf, sent with the ordinary intermediate of its kind."""
        return Chain(self.folder, label, [leaf, self.intermediate(kind)], self.root(kind))

    def chain(self, label):
        return self.once(f"chain {label}", lambda: self.make(label))

    def make(self, label):
        if label in GOOD:
            return GOOD[label](self, label)
        if label in BAD:
            return BAD[label][0](self, label)
        return self.simple(label, self.leaf(label), label)


# --- Good chains beside the ordinary ones (rsa2048, p256, p384)

def names(*alt, **more):
    return lambda pki, label: pki.simple(label, pki.leaf("p256", *alt, **more))


def pss(pki, label):
    root = pki.root("rsa2048")
    middle = Certificate("PSS intermediate", pki.key("rsa2048", "intermediate"), root, extensions=ca_extensions(0),
                         algorithm="pss-sha256")
    return Chain(pki.folder, label, [pki.leaf("rsa2048", issuer=middle, algorithm="pss-sha256"), middle], root)


def rsa4096_root(pki, label):
    root = pki.root("rsa4096")
    middle = Certificate("Intermediate under RSA-4096", pki.key("rsa2048", "intermediate"), root,
                         extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("rsa2048", issuer=middle), middle], root)


def mixed(pki, label):
    """An RSA root, a P-384 intermediate, a P-256 leaf."""
    root = pki.root("rsa2048")
    middle = Certificate("Mixed intermediate", pki.key("p384", "intermediate"), root, extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle], root)


def p384_above_p256(pki, label):
    middle = pki.intermediate("p384")
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle], pki.root("p384"))


def long_chain(count):
    def make(pki, label):
        issuer, sent = pki.root("p256"), []
        for i in range(count):
            issuer = Certificate(f"Link {i}", pki.key("p256", f"link{i}"), issuer, extensions=ca_extensions())
            sent.insert(0, issuer)
        return Chain(pki.folder, label, [pki.leaf("p256", issuer=issuer)] + sent, pki.root("p256"))
    return make


def with_root_sent(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256"), pki.root("p256")], pki.root("p256"))


def disordered(pki, label):
    """What some servers send: the root before the intermediate, and a stranger among them."""
    sent = [pki.leaf("p256"), pki.root("p256"), pki.intermediate("p384"), pki.intermediate("p256")]
    return Chain(pki.folder, label, sent, pki.root("p256"))


def expired_twin_first(pki, label):
    """Two certificates of the intermediate, the expired one first: the other leads to the root."""
    old = Certificate("Intermediate p256", pki.key("p256", "intermediate"), pki.root("p256"),
                      extensions=ca_extensions(0), start=NOW - 90 * DAY, end=NOW - DAY)
    return Chain(pki.folder, label, [pki.leaf("p256"), old, pki.intermediate("p256")], pki.root("p256"))


def foreign_twin_first(pki, label):
    """Two certificates of the intermediate, first the one from an unknown root."""
    foreign = Certificate("Intermediate p256", pki.key("p256", "intermediate"), pki.root("rsa2048"),
                          extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("p256"), foreign, pki.intermediate("p256")], pki.root("p256"))


def cross_signed_root(pki, label):
    """The trusted root's name and key, also signed by a root that is not trusted: stop at the first anchor."""
    cross = Certificate("Root p256", pki.key("p256", "root"), pki.root("rsa2048"), extensions=ca_extensions())
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256"), cross], pki.root("p256"))


def anchored_intermediate(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")], pki.intermediate("p256"))


def trusted_self_signed(ca):
    def make(pki, label):
        extensions = leaf_extensions(usage=("digitalSignature", "keyCertSign") if ca else ("digitalSignature",))
        extensions[0] = der.basic_constraints(ca)
        box = Certificate(HOST, pki.key("p256", "box"), extensions=extensions)
        return Chain(pki.folder, label, [box], box)
    return make


def many_roots(pki, label):
    """The right root, somewhere in a file with comments and the others."""
    text = "Some words first\n" + "".join(
        f"# {kind}\n{pki.root(kind).pem()}\n" for kind in ("rsa2048", "p384", "p256", "rsa3072"))
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")], text)


PERMITTED, EXCLUDED = 0xa0, 0xa1


def constrained(what, name, which="intermediate"):
    """Name constraints: in the root they are critical. Mbed TLS cannot read an intermediate that has such."""
    def make(pki, label):
        extensions = [*ca_extensions(), der.extension("2.5.29.30", der.sequence(der.tlv(what, der.sequence(
            der.dns(name)))), which == "root")]
        root = Certificate("Constrained root", pki.key("p256", "root"),
                           extensions=extensions if which == "root" else ca_extensions())
        middle = Certificate("Constrained intermediate", pki.key("p256", "intermediate"), root,
                             extensions=extensions if which == "intermediate" else ca_extensions(0))
        return Chain(pki.folder, label, [pki.leaf("p256", der.dns(HOST), issuer=middle), middle], root)
    return make


def large(size):
    def make(pki, label):
        many = [der.dns(f"host-{i:06d}.of-a-large-certificate.test") for i in range(size // 42)]
        return pki.simple(label, pki.leaf("p256", der.dns(HOST), *many))
    return make


def later_date(pki, label):
    """A root that ends after 2050: GeneralizedTime."""
    root = Certificate("Late root", pki.key("p256", "root"), extensions=ca_extensions(), end=NOW + 40 * 365 * DAY)
    middle = Certificate("Late intermediate", pki.key("p256", "intermediate"), root, extensions=ca_extensions(0),
                         end=NOW + 39 * 365 * DAY)
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle, end=NOW + 38 * 365 * DAY), middle], root)


GOOD = {
    "pss": pss,
    "mixed": mixed,
    "p384-above-p256": p384_above_p256,
    "rsa4096-root": rsa4096_root,
    "p521-leaf": lambda pki, label: pki.simple(label, pki.leaf("p256", key=pki.key("p521"))),
    "rsa3072-leaf": lambda pki, label: pki.simple(label, pki.leaf("rsa2048", key=pki.key("rsa3072")), "rsa2048"),
    "chain-5": long_chain(5),
    "root-sent": with_root_sent,
    "disordered": disordered,
    "expired-twin": expired_twin_first,
    "foreign-twin": foreign_twin_first,
    "cross-signed-root": cross_signed_root,
    "anchored-intermediate": anchored_intermediate,
    "trusted-self-signed": trusted_self_signed(False),
    "trusted-self-signed-ca": trusted_self_signed(True),
    "many-roots": many_roots,
    "large-10k": large(10000),
    "late-date": later_date,
    "permitted-name": constrained(PERMITTED, "test"),
    "permitted-by-root": constrained(PERMITTED, "test", "root"),
    "not-excluded-name": constrained(EXCLUDED, "other.test"),
    "upper-case-name": names(der.dns("EXAMPLE.Test"), common_name="EXAMPLE.Test"),
    "second-name": names(der.dns("first.test"), der.email("a@b.test"), der.dns(HOST)),
    "ip-san": names(der.ip("127.0.0.1")),
    "ip6-san": names(der.ip("::1")),
    "any-host": names(der.dns(HOST), der.dns("*.wild.test"), der.ip("127.0.0.1"), der.ip("::1"),
                      der.dns("other.test")),
}


# --- Bad ones. Each: how to make it, the errors that name the cause, and where it matters the URL's host.

def expired(which):
    def make(pki, label):
        old = {"start": NOW - 90 * DAY, "end": NOW - DAY}
        root = Certificate("Old root", pki.key("p256", "root"), extensions=ca_extensions(),
                           **(old if which == "root" else {}))
        middle = Certificate("Old intermediate", pki.key("p256", "intermediate"), root, extensions=ca_extensions(0),
                             **(old if which == "intermediate" else {}))
        return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle, **(old if which == "leaf" else {})), middle],
                     root)
    return make


def early(which):
    def make(pki, label):
        soon = {"start": NOW + DAY, "end": NOW + 90 * DAY}
        middle = Certificate("Early intermediate", pki.key("p256", "intermediate"), pki.root("p256"),
                             extensions=ca_extensions(0), **(soon if which == "intermediate" else {}))
        leaf = pki.leaf("p256", issuer=middle, **(soon if which == "leaf" else {}))
        return Chain(pki.folder, label, [leaf, middle], pki.root("p256"))
    return make


class Tampered:
    """A key in whose certificate other bytes stand."""

    def __init__(self, key, spki):
        self.kind, self.path, self.spki = key.kind, key.path, spki
        self.default_algorithm, self.sign, self.scalar = key.default_algorithm, key.sign, key.scalar


def tampered_intermediate(change):
    """change: of the point, 04, x, y."""
    def make(pki, label):
        key = pki.key("p256", "intermediate")
        point = change(key.spki[-65:])
        spki = der.sequence(der.children(key.spki)[0], der.tlv(3, b"\0" + point))
        middle = Certificate("Tampered intermediate", Tampered(key, spki), pki.root("p256"), extensions=ca_extensions(0))
        return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle], pki.root("p256"))
    return make


def compressed_intermediate(pki, label):
    middle = Certificate("Compressed intermediate", pki.key("p256-compressed"), pki.root("p256"),
                         extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=middle), middle], pki.root("p256"))


def expired_rsa(pki, label):
    return pki.simple(label, pki.leaf("rsa2048", start=NOW - 90 * DAY, end=NOW - DAY), "rsa2048")


def no_names(common_name):
    def make(pki, label):
        extensions = leaf_extensions()[:3]
        return pki.simple(label, Certificate(common_name, pki.key("p256"), pki.intermediate("p256"),
                                             extensions=extensions))
    return make


def version1_leaf(pki, label):
    return pki.simple(label, Certificate(HOST, pki.key("p256"), pki.intermediate("p256"), version=1))


def unknown_root(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")], pki.root("p384"))


def unknown_root_sent(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256"), pki.root("p256")], pki.root("p384"))


def namesake_root(pki, label):
    """The trusted root has the name of the one that signed, but another key."""
    other = Certificate("Root p256", pki.key("p256", "namesake"), extensions=ca_extensions())
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p256")], other)


def self_signed(ca):
    def make(pki, label):
        chain = trusted_self_signed(ca)(pki, label)
        return Chain(pki.folder, label, chain.certificates, pki.root("p256"))
    return make


def missing_intermediate(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256")], pki.root("p256"))


def wrong_intermediate(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), pki.intermediate("p384")], pki.root("p256"))


def under_leaf(pki, label):
    """An ordinary leaf signs another leaf."""
    ca = pki.leaf("p256", der.dns("attacker.test"), key=pki.key("p256", "attacker"), common_name="attacker.test")
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=ca), ca, pki.intermediate("p256")], pki.root("p256"))


def bad_ca(*extensions, version=3):
    def make(pki, label):
        ca = Certificate("Bad intermediate", pki.key("p256", "intermediate"), pki.root("p256"),
                         extensions=extensions, version=version)
        return Chain(pki.folder, label, [pki.leaf("p256", issuer=ca), ca], pki.root("p256"))
    return make


def pathlen_exceeded(pki, label):
    """The ordinary intermediate has pathlen 0, and a CA below it."""
    ca = Certificate("Too deep", pki.key("p256", "deep"), pki.intermediate("p256"), extensions=ca_extensions())
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=ca), ca, pki.intermediate("p256")], pki.root("p256"))


def broken_chaining(pki, label):
    """The leaf is signed with the intermediate's key, but names another issuer."""
    leaf = pki.leaf("p256", issuer_name=der.name("Somebody else"))
    return pki.simple(label, leaf)


def namesake_intermediate(pki, label):
    """An intermediate of the right name, signed by the attacker's own key."""
    fake = Certificate("Intermediate p256", pki.key("p256", "attacker"), pki.root("p256"),
                       signer=pki.key("p256", "attacker"), extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("p256", issuer=fake), fake], pki.root("p256"))


def corrupt_intermediate(pki, label):
    return Chain(pki.folder, label, [pki.leaf("p256"), broken_signature(pki.intermediate("p256"))], pki.root("p256"))


def corrupt_leaf(kind):
    return lambda pki, label: pki.simple(label, broken_signature(pki.leaf(kind)), kind)


def altered_leaf(pki, label):
    """Another host's certificate with its name overwritten in place."""
    leaf = pki.leaf("p256", der.dns("another.test"), common_name="x")
    return pki.simple(label, leaf.replaced(leaf.der.replace(b"another.test", HOST.encode())))


def weak(**more):
    def make(pki, label):
        key = pki.key(more["key"]) if "key" in more else None
        kind = "rsa2048"
        return pki.simple(label, pki.leaf(kind, key=key, algorithm=more.get("algorithm")), kind)
    return make


def weak_intermediate(pki, label):
    ca = Certificate("Weak intermediate", pki.key("rsa1024", "intermediate"), pki.root("rsa2048"),
                     extensions=ca_extensions(0))
    return Chain(pki.folder, label, [pki.leaf("rsa2048", issuer=ca), ca], pki.root("rsa2048"))


def sha1_intermediate(pki, label):
    ca = Certificate("SHA-1 intermediate", pki.key("rsa2048", "intermediate"), pki.root("rsa2048"),
                     extensions=ca_extensions(0), algorithm="sha1-rsa")
    return Chain(pki.folder, label, [pki.leaf("rsa2048", issuer=ca), ca], pki.root("rsa2048"))


def purpose(*kinds):
    return lambda pki, label: pki.simple(label, pki.leaf("p256", purpose=kinds))


def usage(*usages, kind="p256"):
    return lambda pki, label: pki.simple(label, pki.leaf(kind, usage=usages), kind)


def extra(extension):
    return lambda pki, label: pki.simple(label, pki.leaf("p256", extra=[extension]))


def excluded_name(pki, label):
    """The intermediate's name constraints, critical, exclude the leaf's name."""
    constraint = der.extension("2.5.29.30", der.sequence(der.tlv(0xa1, der.sequence(der.dns("test")))), True)
    return bad_ca(*ca_extensions(0), constraint)(pki, label)


def leaf_key(kind):
    return lambda pki, label: pki.simple(label, pki.leaf("p256", key=pki.key(kind)))


NAMED = {"WRONG_HOST"}
UNTRUSTED = {"UNKNOWN_ISSUER"}
NOT_CA = {"UNKNOWN_ISSUER", "CERT_USAGE"}
FORGED = {"UNKNOWN_ISSUER", "CERT_MALFORMED"}
WEAK = {"CERT_WEAK"}

BAD = {
    "expired-leaf": (expired("leaf"), {"EXPIRED"}),
    "expired-leaf-rsa": (expired_rsa, {"EXPIRED"}),
    "expired-intermediate": (expired("intermediate"), {"EXPIRED"}),
    "expired-root": (expired("root"), {"EXPIRED"}),
    "early-leaf": (early("leaf"), {"NOT_YET_VALID"}),
    "early-intermediate": (early("intermediate"), {"NOT_YET_VALID"}),
    "other-name": (names(der.dns("other.test"), der.dns("example.org")), NAMED),
    "suffix-name": (names(der.dns("notexample.test"), der.dns("example.test.evil.test")), NAMED),
    "cn-matches-san-does-not": (names(der.dns("other.test")), NAMED),
    "no-san": (no_names(HOST), NAMED),
    "no-san-other-cn": (no_names("other.test"), NAMED),
    "version-1-leaf": (version1_leaf, NAMED | {"CERT_USAGE", "CERT_MALFORMED", "UNKNOWN_ISSUER"}),
    "name-as-uri-or-email": (names(der.uri("https://example.test/"), der.email("root@example.test")), NAMED),
    "ip-as-dns-name": (names(der.dns("127.0.0.1")), NAMED, "127.0.0.1"),
    "ip-as-wildcard": (names(der.dns("*.0.0.1")), NAMED, "127.0.0.1"),
    "ip-as-cn": (no_names("127.0.0.1"), NAMED, "127.0.0.1"),
    "ip-other": (names(der.ip("127.0.0.2"), der.dns(HOST)), NAMED, "127.0.0.1"),
    "ip-mapped": (names(der.ip("::ffff:127.0.0.1")), NAMED | {"CERT_MALFORMED"}, "127.0.0.1"),
    "name-as-ip-bytes": (names(der.tlv(0x87, b"exam")), NAMED | {"CERT_MALFORMED"}),
    "wildcard-too-deep": (names(der.dns("*.wild.test")), NAMED, "a.b.wild.test"),
    "wildcard-bare": (names(der.dns("*.wild.test")), NAMED, "wild.test"),
    "wildcard-partial": (names(der.dns("ex*.test"), der.dns("*mple.test"), der.dns("e*e.test")), NAMED),
    "wildcard-alone": (names(der.dns("*")), NAMED),
    "wildcard-inside": (names(der.dns("a.*.test")), NAMED, "a.wild.test"),
    "wildcard-double": (names(der.dns("*.*.test")), NAMED, "a.wild.test"),
    "nul-in-name": (names(der.dns("example.test\0.evil.test")), NAMED | {"CERT_MALFORMED"}),
    "nul-at-end": (names(der.dns("example.test\0")), NAMED | {"CERT_MALFORMED"}),
    "empty-name": (names(der.dns("")), NAMED | {"CERT_MALFORMED"}),
    "unknown-root": (unknown_root, UNTRUSTED),
    "unknown-root-sent": (unknown_root_sent, UNTRUSTED),
    "namesake-root": (namesake_root, UNTRUSTED),
    "self-signed": (self_signed(False), {"SELF_SIGNED"}),
    "self-signed-ca": (self_signed(True), {"SELF_SIGNED"}),
    "missing-intermediate": (missing_intermediate, UNTRUSTED),
    "wrong-intermediate": (wrong_intermediate, UNTRUSTED),
    "leaf-as-ca": (under_leaf, NOT_CA),
    "intermediate-not-ca": (bad_ca(der.basic_constraints(False), CA_USAGE), NOT_CA),
    "intermediate-without-constraints": (bad_ca(CA_USAGE), NOT_CA),
    "intermediate-without-cert-sign": (
        bad_ca(der.basic_constraints(True), der.key_usage("digitalSignature", "cRLSign")), NOT_CA),
    "intermediate-version-1": (bad_ca(version=1), NOT_CA | {"CERT_MALFORMED"}),
    "pathlen-exceeded": (pathlen_exceeded, NOT_CA),
    "broken-chaining": (broken_chaining, UNTRUSTED),
    "namesake-intermediate": (namesake_intermediate, UNTRUSTED),
    "corrupt-intermediate": (corrupt_intermediate, FORGED),
    "corrupt-leaf": (corrupt_leaf("p256"), FORGED),
    "corrupt-leaf-rsa": (corrupt_leaf("rsa2048"), FORGED),
    "altered-leaf": (altered_leaf, FORGED),
    "sha1-leaf": (weak(algorithm="sha1-rsa"), WEAK),
    "md5-leaf": (weak(algorithm="md5-rsa"), WEAK),
    "sha1-intermediate": (sha1_intermediate, WEAK | UNTRUSTED),
    "rsa1024-leaf": (weak(key="rsa1024"), WEAK),
    "rsa1024-intermediate": (weak_intermediate, WEAK | UNTRUSTED),
    "client-only": (purpose(der.CLIENT_AUTH), {"CERT_USAGE"}),
    "code-signing-only": (purpose(der.CODE_SIGNING), {"CERT_USAGE"}),
    "no-digital-signature": (usage("keyAgreement"), {"CERT_USAGE"}),
    "no-digital-signature-rsa": (usage("dataEncipherment", kind="rsa2048"), {"CERT_USAGE"}),
    "unknown-critical": (extra(der.extension("1.3.6.1.4.1.55555.1", der.octets(b"?"), True)), {"CERT_MALFORMED"}),
    "excluded-name": (constrained(EXCLUDED, "test"), {"CERT_USAGE"}),
    "excluded-name-critical": (excluded_name, {"CERT_MALFORMED", "UNKNOWN_ISSUER", "WRONG_HOST"}),
    "excluded-by-root": (constrained(EXCLUDED, "test", "root"), {"CERT_USAGE"}),
    "not-permitted-by-root": (constrained(PERMITTED, "other.test", "root"), {"CERT_USAGE"}),
    "critical-authority-key": (extra(der.extension("2.5.29.35", der.sequence(), True)), {"CERT_MALFORMED"}),
    "critical-subject-key": (extra(der.extension("2.5.29.14", der.octets(b"key"), True)), {"CERT_MALFORMED"}),
    "public-suffix": (names(der.dns("*.co.uk"), common_name="A server"), NAMED, "a.co.uk"),
    "other-common-name": (lambda pki, label: pki.simple(label, pki.leaf(
        "p256", common_name="other.test")), {"CERT_MALFORMED"}),
    "may-sign": (usage("digitalSignature", "keyCertSign"), {"CERT_USAGE"}),
    "compressed-leaf": (weak(key="p256-compressed"), {"CERT_MALFORMED", "ALERT"}),  # OpenSSL has no use for it in TLS 1.2
    "compressed-intermediate": (compressed_intermediate, {"CERT_MALFORMED"}),
    "off-curve-intermediate": (
        tampered_intermediate(lambda point: point[:-1] + bytes([point[-1] ^ 1])), {"CERT_MALFORMED"}),
    "infinite-intermediate": (tampered_intermediate(lambda point: b"\0"), {"CERT_MALFORMED"}),
    "hybrid-intermediate": (
        tampered_intermediate(lambda point: bytes([6 + point[-1] % 2]) + point[1:]), {"CERT_MALFORMED"}),
    "short-intermediate": (tampered_intermediate(lambda point: point[:-2]), {"CERT_MALFORMED"}),
    "rsa2052-leaf": (weak(key="rsa2052"), WEAK),
    "chain-10": (long_chain(10), {"UNKNOWN_ISSUER", "CERT_MALFORMED", "CERT_USAGE"}),
    "huge": (large(60000), {"CERT_MALFORMED", "NO_MEMORY", "TLS_PROTOCOL"}),
}

# Keys that an ordinary server does not send to a client that does not speak them: served by the peer of tlspeer.py.
UNSUPPORTED_KEYS = ("secp256k1", "brainpool", "ed25519")
for _kind in UNSUPPORTED_KEYS:
    GOOD[f"leaf-{_kind}"] = leaf_key(_kind)
