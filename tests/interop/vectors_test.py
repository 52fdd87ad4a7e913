#!/usr/bin/python3
"""The vectors of project Wycheproof through the driver under Mbed TLS, on Linux and as machine code of a Cortex-M0+ and
Cortex-M33 in QEMU; and there the kernels against Mbed TLS's arithmetic, the ciphers too.

The vectors are no part of the sources. PICKET_VECTORS names their folder; without it "vectors" in the sources and
../shared/vectors beside them are looked at.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

from support import harness
from support.harness import Cases, check, unique

BOARDS = ("mps2-an385", "mps2-an505")
KERNELS = {"kernels": "small_keys_as_mbedtls", "keys": "makes_keys", "kernels_rsa": "without_memory",
           "ciphers": "counter_comes_round", "hashes": "random_blocks",
           "copies": "copies_every_length_between_every_two_alignments"}  # the last test of each
SIZE = 65536  # of a file, tests/board/vectors.c
ECDSA = {
    "P-256, r and s": ("p1363", "ecdsa_secp256r1_sha256_p1363_test.json"),
    "P-256, DER": ("der", "ecdsa_secp256r1_sha256_test.json"),
    "P-384, r and s": ("p1363", "ecdsa_secp384r1_sha384_p1363_test.json"),
    "P-384, DER": ("der", "ecdsa_secp384r1_sha384_test.json"),
}
AEAD = {"chacha20_poly1305": "chacha20_poly1305_test.json", "aes_gcm": "aes_gcm_test.json"}

# Lengths in more bytes than DER has for them: Mbed TLS reads them, whoever verifies what it has read.
LONG_LENGTHS = (8, 9, 67, 68, 114, 115)


def find_vectors():
    folders = [os.environ.get("PICKET_VECTORS"), os.path.join(harness.ROOT, "vectors"),
               os.path.join(harness.ROOT, "..", "shared", "vectors")]
    found = [os.path.join(f, "wycheproof") for f in folders if f and os.path.isdir(os.path.join(f, "wycheproof"))]
    return found[0] if found else None


def tests_of(folder, file):
    with open(os.path.join(folder, file), encoding="utf-8") as text:
        return [(group, test) for group in json.load(text)["testGroups"] for test in group["tests"]]


def x25519_lines(folder):
    """A secret of zeros is to be refused, whatever else is "acceptable"; wrong lengths are added."""
    lines = []
    for _, test in tests_of(folder, "x25519_test.json"):
        secret = test["shared"] if int(test["shared"] or "0", 16) else "-"
        lines.append(f"x25519 {secret} {test['private']} {test['public']}")
    _, some = tests_of(folder, "x25519_test.json")[0]
    wrong = ("-", some["public"][:62], some["public"] + "00")
    return lines + [f"x25519 - {some['private']} {public}" for public in wrong]


SPKI = "3059301306072a8648ce3d020106082a8648ce3d030107034200"  # of a P-256 key, up to its point


def ecdh_lines(folder):
    """Of the public keys in X.509's form those that differ in the point alone; compressed points are refused."""
    lines = []
    for file in ("ecdh_secp256r1_ecpoint_test.json", "ecdh_secp256r1_test.json"):
        for _, test in tests_of(folder, file):
            public = test["public"]
            if file == "ecdh_secp256r1_test.json":
                if not public.startswith(SPKI):
                    continue
                public = public[len(SPKI):]
            private = f"{int(test['private'], 16):064x}"
            lines.append(f"ecdh {test['shared'] if test['result'] == 'valid' else '-'} {private} {public or '-'}")
    return lines


def digest_of(group, test):
    return hashlib.new(group["sha"].replace("-", ""), bytes.fromhex(test["msg"])).hexdigest()


def ecdsa_lines(folder, kind, file):
    lines = []
    for group, test in tests_of(folder, file):
        digest = digest_of(group, test)
        lenient = kind == "der" and test["tcId"] in LONG_LENGTHS and test["flags"] == ["BerEncodedSignature"]
        result = "ok" if test["result"] == "valid" or lenient else "bad"
        lines.append(f"{kind} {result} {group['publicKey']['uncompressed']} {digest} {test['sig'] or '-'}")
    return lines


def aead_lines(folder, kind):
    lines = []
    for group, test in tests_of(folder, AEAD[kind]):
        if group["keySize"] == 192:  # TLS has none of these
            continue
        fields = (test["key"], test["iv"], test["aad"], test["msg"], test["ct"] + test["tag"])
        result = "ok" if test["result"] == "valid" else "bad"
        lines.append(f"{kind} {result} {' '.join(field or '-' for field in fields)}")
    return lines


RSA = {
    "RSA-2048, SHA-256": ("pkcs1", "rsa_signature_2048_sha256_test.json"),
    "RSA-3072, SHA-384": ("pkcs1", "rsa_signature_3072_sha384_test.json"),
    "RSA-4096, SHA-512": ("pkcs1", "rsa_signature_4096_sha512_test.json"),
    "RSA-2048, PSS, SHA-256": ("pss", "rsa_pss_2048_sha256_mgf1_32_test.json"),
    "RSA-4096, PSS, SHA-512": ("salt", "rsa_pss_4096_sha512_mgf1_32_test.json"),
}


def rsa_lines(folder, kind, file):
    """What is "acceptable" lacks a NULL, and is refused. Where any salt will do, another length than the group's is right."""
    lines = []
    for group, test in tests_of(folder, file):
        digest = digest_of(group, test)
        lenient = kind == "salt" and test["comment"].startswith("s_len changed")
        result = "ok" if test["result"] == "valid" or lenient else "bad"
        lines.append(f"{kind} {result} {group['publicKeyAsn']} {digest} {test['sig'] or '-'}")
    return lines


def files_of(lines):
    """Files of at most SIZE bytes, padded with empty lines."""
    files, text = [], ""
    for line in lines:
        if len(text) + len(line) + 1 > SIZE:
            files.append(text)
            text = ""
        text += line + "\n"
    paths = []
    for text in files + [text]:
        paths.append(unique("vectors.txt"))
        with open(paths[-1], "w", encoding="ascii") as file:
            file.write(text.ljust(SIZE, "\n"))
    return paths


def on_linux(path):
    program = os.path.join(os.environ.get("PICKET_BUILD", os.path.join(harness.ROOT, "build", "host")), "tests", "vectors")
    return subprocess.run([program, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def emulate(board, program, argument=""):
    command = ["qemu-system-arm", "-machine", board, "-kernel", program, "-display", "none", "-monitor", "none", "-serial",
               "stdio", "-nic", "none", "-semihosting-config", f"enable=on,target=native,arg={argument}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300,
                          check=False)
    return done.stdout.decode("latin-1")


def vectors(lines, run):
    good = 0
    for path in files_of(lines):
        said = run(path)
        match = re.search(r"^vectors: (\d+) good, 0 bad", said, re.M)
        check(match, f"{said[-500:]!r}")
        good += int(match[1])
    check(good == len(lines), f"{good} of {len(lines)}")


def kernels(board, program, last):
    said = emulate(board, os.path.join(harness.ROOT, "build", board, f"{program}.elf"))
    check(re.search(rf"^ok {last}", said, re.M) and "not ok" not in said, f"{said[-500:]!r}")


def register(cases, folder, where, run):
    if folder is None:
        print(f"skip vectors, {where}: no wycheproof (PICKET_VECTORS names the folder that it is in)")
        return
    cases.add(f"{where}: X25519", vectors, x25519_lines(folder), run)
    cases.add(f"{where}: ECDH P-256", vectors, ecdh_lines(folder), run)
    for name, (kind, file) in ECDSA.items():
        cases.add(f"{where}: ECDSA {name}", vectors, ecdsa_lines(folder, kind, file), run)
    for name, (kind, file) in RSA.items():
        cases.add(f"{where}: {name}", vectors, rsa_lines(folder, kind, file), run)
    for kind in AEAD:
        cases.add(f"{where}: {kind}", vectors, aead_lines(folder, kind), run)


def main():
    cases, folder = Cases(), find_vectors()
    register(cases, folder, "Linux", on_linux)
    for board in BOARDS:
        program = os.path.join(harness.ROOT, "build", board, "vectors.elf")
        if not os.path.exists(program):
            print(f"skip vectors and kernels, {board}: it is not built (./do build {board})")
            continue
        register(cases, folder, board, lambda path, board=board, program=program: emulate(board, program, path))
        for name, last in KERNELS.items():
            cases.add(f"{board}: {name} against Mbed TLS", kernels, board, name, last)
    return harness.main(cases)


if __name__ == "__main__":
    sys.exit(main())
