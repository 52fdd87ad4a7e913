#!/usr/bin/python3
"""Counts the instructions that the arithmetic takes on a Cortex-M33, in QEMU's mps2-an505: with the kernels for it and with those
in C. See ./do bench mps2-an505.

Usage: bench/instructions.py [--rounds N] [--markdown]

What secrets go through is to take the same number for all of N random ones; the exit code is 1 if it does not.
"""
import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "mps2-an505")
PUBLIC = ("p256_verify", "p384_verify", "rsa2048", "rsa4096")  # may depend on the numbers
WHAT = {
    "mul256": "256 x 256 bits", "sqr256": "square", "reduce_25519": "reduction modulo 2^255 - 19",
    "reduce_p256": "reduction modulo P-256's prime (Montgomery)", "mul384": "384 x 384 bits", "sqr384": "square",
    "reduce_p384": "reduction modulo P-384's prime (Montgomery)", "add_row_64": "RSA: 64 words times one, added",
    "x25519": "X25519", "x25519_public": "X25519: public key", "p256_public": "P-256: public key", "p256_shared": "P-256: shared secret",
    "p384_public": "P-384: public key", "p384_shared": "P-384: shared secret", "p256_verify": "ECDSA P-256 verification",
    "p384_verify": "ECDSA P-384 verification", "rsa2048": "RSA-2048 verification, without the hashes",
    "rsa4096": "RSA-4096 verification, without the hashes", "chacha20_block": "ChaCha20, 64 bytes of key stream",
    "xor_64": "64 bytes into the text, at the second byte of a word", "poly1305_1024": "Poly1305, 1024 bytes there",
    "chacha20_poly1305_16384": "ChaCha20-Poly1305, a record of 16 kB there",
    "aes_128_ctr_64": "AES-128 in counter mode, 64 bytes of key stream", "ghash_1024": "GHASH, 1024 bytes there",
    "aes_128_gcm_16384": "AES-128-GCM, a record of 16 kB there", "sha256_block": "SHA-256, 64 bytes there",
}


def command(program, rounds):
    return ["qemu-system-arm", "-machine", "mps2-an505", "-kernel", os.path.join(BUILD, f"{program}.elf"), "-display", "none",
            "-monitor", "none", "-serial", "stdio", "-nic", "none", "-icount", "shift=10",
            "-semihosting-config", f"enable=on,target=native,arg={rounds}"]


def count(program, rounds):
    """(whose kernels, {name: (least, most)})"""
    done = subprocess.run(command(program, rounds), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=900 + 10 * rounds)
    kernels = re.search(r"^picket: kernels (\w+)$", done.stdout, re.M)
    found = re.findall(r"^picket: kernel (\w+) (\d+) (\d+)$", done.stdout, re.M)
    if done.returncode != 0 or not kernels:
        raise SystemExit(f"{program}: exit {done.returncode}, printed {done.stdout[-300:]!r}")
    return kernels[1], {name: (int(least), int(most)) for name, least, most in found}


def unequal(figures):
    """What secrets go through, and does not take the same number of instructions always."""
    return [f"{name}: {least} to {most}" for name, (least, most) in figures.items()
            if least != most and name not in PUBLIC]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    whose, ours = count("instructions", options.rounds)
    _, in_c = count("instructions_c", options.rounds)
    line = "| {} | {} | {} |" if options.markdown else "{:56} {:>12} {:>12}"
    print(line.format("instructions of a Cortex-M33", whose, "C"))
    if options.markdown:
        print("|---|---:|---:|")
    for name, words in WHAT.items():
        print(line.format(words, f"{ours[name][1]:,}", f"{in_c[name][1]:,}"))
    wrong = unequal(ours) + unequal(in_c)
    for each in wrong:
        print(f"not the same for all secrets: {each}")
    print(f"{options.rounds} random numbers, keys and texts of each: " +
          ("not all the same" if wrong else "what is secret takes the same number of instructions"))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
