"""The little cryptography that a TLS server of our own needs, in plain Python: slow, short, and ours to misuse.

Keys are made and certificates are signed by the openssl program (certs.py); this is for the peer in tlspeer.py.
"""
import hashlib
import hmac
import os
import struct

# --- ChaCha20-Poly1305 (RFC 8439)

MASK = 0xffffffff
CONSTANTS = (0x61707865, 0x3320646e, 0x79622d32, 0x6b206574)
ROUNDS = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def chacha20_block(key, counter, nonce):
    start = CONSTANTS + key + (counter & MASK,) + nonce
    x = list(start)
    for _ in range(10):
        for a, b, c, d in ROUNDS:
            xa, xb, xc, xd = x[a], x[b], x[c], x[d]
            xa = (xa + xb) & MASK
            xd ^= xa
            xd = (xd << 16 | xd >> 16) & MASK
            xc = (xc + xd) & MASK
            xb ^= xc
            xb = (xb << 12 | xb >> 20) & MASK
            xa = (xa + xb) & MASK
            xd ^= xa
            xd = (xd << 8 | xd >> 24) & MASK
            xc = (xc + xd) & MASK
            xb ^= xc
            xb = (xb << 7 | xb >> 25) & MASK
            x[a], x[b], x[c], x[d] = xa, xb, xc, xd
    return struct.pack("<16I", *[(p + q) & MASK for p, q in zip(x, start)])


def chacha20(key, nonce, data, counter=1):
    key = struct.unpack("<8I", key)
    nonce = struct.unpack("<3I", nonce)
    blocks = (len(data) + 63) // 64
    stream = b"".join(chacha20_block(key, counter + i, nonce) for i in range(blocks))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def poly1305(key, message):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    total = 0
    for i in range(0, len(message), 16):
        total = (total + int.from_bytes(message[i:i + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return (total + int.from_bytes(key[16:], "little") & (1 << 128) - 1).to_bytes(16, "little")


def aead_tag(key, nonce, ciphertext, aad):
    def padded(x):
        return x + bytes(-len(x) % 16)
    once = chacha20_block(struct.unpack("<8I", key), 0, struct.unpack("<3I", nonce))[:32]
    return poly1305(once, padded(aad) + padded(ciphertext) + struct.pack("<QQ", len(aad), len(ciphertext)))


def aead_seal(key, nonce, plaintext, aad):
    ciphertext = chacha20(key, nonce, plaintext)
    return ciphertext + aead_tag(key, nonce, ciphertext, aad)


def aead_open(key, nonce, sealed, aad):
    ciphertext, tag = sealed[:-16], sealed[-16:]
    if len(sealed) < 16 or aead_tag(key, nonce, ciphertext, aad) != tag:
        raise ValueError("bad record MAC")
    return chacha20(key, nonce, ciphertext)


# --- X25519 (RFC 7748)

P25519 = 2 ** 255 - 19


def x25519(scalar, point):
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    u = int.from_bytes(point, "little") & (1 << 255) - 1
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = x2 + z2, x2 - z2
        aa, bb = a * a % P25519, b * b % P25519
        e = aa - bb
        da, cb = (x3 - z3) * a % P25519, (x3 + z3) * b % P25519
        x3, z3 = (da + cb) ** 2 % P25519, u * (da - cb) ** 2 % P25519
        x2, z2 = aa * bb % P25519, e * (aa + 121665 * e) % P25519
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, -1, P25519) % P25519 if z2 % P25519 else 0).to_bytes(32, "little")


# --- P-256 and ECDSA on it

P256 = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
N256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G256 = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
        0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def p256_double(point):
    x, y, z = point
    delta, gamma = z * z % P256, y * y % P256
    beta = x * gamma % P256
    alpha = 3 * (x - delta) * (x + delta) % P256
    x3 = (alpha * alpha - 8 * beta) % P256
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % P256, ((y + z) ** 2 - gamma - delta) % P256


def p256_add(p, q):
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    z1, z2 = p[2] * p[2] % P256, q[2] * q[2] % P256
    u1, u2 = p[0] * z2 % P256, q[0] * z1 % P256
    s1, s2 = p[1] * q[2] * z2 % P256, q[1] * p[2] * z1 % P256
    if u1 == u2:
        return p256_double(p) if s1 == s2 else (1, 1, 0)
    h, r = u2 - u1, s2 - s1
    hh = h * h % P256
    hhh, v = h * hh % P256, u1 * hh % P256
    x = (r * r - hhh - 2 * v) % P256
    return x, (r * (v - x) - s1 * hhh) % P256, p[2] * q[2] * h % P256


def p256_multiply(k, point):
    result, add = (1, 1, 0), (point[0], point[1], 1)
    while k:
        if k & 1:
            result = p256_add(result, add)
        add = p256_double(add)
        k >>= 1
    inverse = pow(result[2], -1, P256)
    return result[0] * inverse ** 2 % P256, result[1] * inverse ** 3 % P256


def p256_encode(point):
    return b"\4" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def p256_decode(data):
    return int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:65], "big")


def der_integer(n):
    body = n.to_bytes(n.bit_length() // 8 + 1, "big")
    return b"\2" + bytes([len(body)]) + body


def ecdsa_sign(d, message, hash_name="sha256"):
    e = int.from_bytes(hashlib.new(hash_name, message).digest()[:32], "big")
    k = int.from_bytes(os.urandom(40), "big") % (N256 - 1) + 1
    r = p256_multiply(k, G256)[0] % N256
    s = pow(k, -1, N256) * (e + r * d) % N256
    body = der_integer(r) + der_integer(s)
    return b"\x30" + bytes([len(body)]) + body


class Share:
    """An ephemeral key of ours for one group."""

    def __init__(self, group):
        self.group = group
        self.secret = os.urandom(32)
        if group == 0x001d:
            self.public = x25519(self.secret, (9).to_bytes(32, "little"))
        elif group == 0x0017:
            self.scalar = int.from_bytes(self.secret, "big") % (N256 - 1) + 1
            self.public = p256_encode(p256_multiply(self.scalar, G256))
        else:
            raise ValueError(f"group {group:#06x}: not one that this peer speaks")

    def shared(self, theirs):
        if self.group == 0x001d:
            return x25519(self.secret, theirs)
        return p256_multiply(self.scalar, p256_decode(theirs))[0].to_bytes(32, "big")


# --- Key schedules

def sha256(data):
    return hashlib.sha256(data).digest()


def hmac256(key, data):
    return hmac.digest(key, data, "sha256")


def hkdf_label(secret, label, context, length):
    label = b"tls13 " + label.encode()
    info = struct.pack(">HB", length, len(label)) + label + bytes([len(context)]) + context
    out, block, i = b"", b"", 0
    while len(out) < length:
        i += 1
        block = hmac256(secret, block + info + bytes([i]))
        out += block
    return out[:length]


def prf12(secret, label, seed, length):
    seed = label.encode() + seed
    out, a = b"", seed
    while len(out) < length:
        a = hmac256(secret, a)
        out += hmac256(secret, a + seed)
    return out[:length]
