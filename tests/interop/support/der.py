"""DER, as much of it as a certificate needs."""
import ipaddress
import time


def tlv(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    length = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def boolean(value):
    return tlv(1, b"\xff" if value else b"\0")


def octets(data):
    return tlv(4, data)


def bits(data, unused=0):
    return tlv(3, bytes([unused]), data)


def oid(text):
    numbers = [int(x) for x in text.split(".")]
    body = bytes([numbers[0] * 40 + numbers[1]])
    for n in numbers[2:]:
        part = bytes([n & 127])
        while n > 127:
            n >>= 7
            part = bytes([n & 127 | 128]) + part
        body += part
    return tlv(6, body)


def when(seconds):
    """A validity date, given as seconds since 1970."""
    t = time.gmtime(seconds)
    if 1950 <= t.tm_year < 2050:
        return tlv(0x17, time.strftime("%y%m%d%H%M%SZ", t).encode())
    return tlv(0x18, time.strftime("%Y%m%d%H%M%SZ", t).encode())


def name(common_name, organisation="Picket tests"):
    def part(kind, text):
        return tlv(0x31, sequence(oid(kind), tlv(0x0c, text.encode())))
    return sequence(part("2.5.4.10", organisation), part("2.5.4.3", common_name))


def extension(kind, value, critical=False):
    return sequence(oid(kind), boolean(True) if critical else b"", octets(value))


def basic_constraints(ca, pathlen=None):
    body = boolean(True) if ca else b""
    return extension("2.5.29.19", sequence(body, b"" if pathlen is None else integer(pathlen)), True)


# Bits of keyUsage, first to last.
USAGES = ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
          "cRLSign")


def key_usage(*usages):
    value = sum(0x80 >> USAGES.index(u) for u in usages)
    unused = (value & -value).bit_length() - 1 if value else 0
    return extension("2.5.29.15", bits(bytes([value]), unused), True)


def extended_key_usage(*kinds):
    return extension("2.5.29.37", sequence(*[oid(k) for k in kinds]))


SERVER_AUTH, CLIENT_AUTH, CODE_SIGNING = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3"


def dns(text):
    return tlv(0x82, text.encode("latin-1"))


def ip(text):
    return tlv(0x87, ipaddress.ip_address(text).packed)


def uri(text):
    return tlv(0x86, text.encode())


def email(text):
    return tlv(0x81, text.encode())


def alt_names(*names, critical=False):
    return extension("2.5.29.17", sequence(*names), critical)


def read(data, at=0):
    """One element: tag, start of the body, end."""
    tag, n, at = data[at], data[at + 1], at + 2
    if n & 128:
        count = n & 127
        n, at = int.from_bytes(data[at:at + count], "big"), at + count
    return tag, at, at + n


def children(data, at=0):
    """The elements inside the one at `at`, each as its own bytes."""
    _, start, end = read(data, at)
    found = []
    while start < end:
        _, _, stop = read(data, start)
        found.append(data[start:stop])
        start = stop
    return found
