"""Trust stores: read from Mozilla's certdata.txt, from PEM or DER, and written as C (include/picket/trust.h).

Used by tools/make-roots and tools/roots. Standard library only.
"""
import base64
import calendar
import glob
import os
import re
import time


class Bad(Exception):
    """What is given cannot be used; the text is for the user."""


# --- DER (X.690), as much as a certificate takes

def read(data, at=0):
    """(tag, beginning of the contents, end) of the element at `at`."""
    if at + 2 > len(data):
        raise Bad("cut short")
    tag, length, body = data[at], data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7f
        if count == 0 or count > 3 or body + count > len(data):
            raise Bad("a length that is not DER")
        length, body = int.from_bytes(data[body:body + count], "big"), body + count
    if body + length > len(data):
        raise Bad("cut short")
    return tag, body, body + length


def elements(data, start, end):
    """The elements between start and end, as (tag, whole, contents)."""
    found = []
    while start < end:
        tag, body, stop = read(data[:end], start)
        found.append((tag, data[start:stop], data[body:stop]))
        start = stop
    return found


def seconds(tag, text):
    """A UTCTime or GeneralizedTime (RFC 5280 4.1.2.5) in seconds since 1970."""
    text = text.decode("ascii")
    if tag == 0x17:
        text = ("20" if text[:2] < "50" else "19") + text
    return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))


def fold(value):
    """As RFC 5280 7.1 compares: ASCII case and blanks do not count."""
    value = re.sub(rb" +", b" ", value.strip(b" "))
    return bytes(c + 32 if 65 <= c <= 90 else c for c in value)


def name_hash(name):
    """picket_trust_hash (src/trust_der.c): FNV-1a over each attribute's type and folded value."""
    value = 2166136261
    _, body, end = read(name)
    for _, _, attributes in elements(name, body, end):
        for _, _, attribute in elements(attributes, 0, len(attributes)):
            (_, _, kind), (_, _, text) = elements(attribute, 0, len(attribute))[:2]
            for byte in kind + fold(text) + b"\0":
                value = (value ^ byte) * 16777619 & 0xffffffff
    return value


def common_name(name):
    """The last common name; else the last organisational unit, or organisation."""
    found = {}
    _, body, end = read(name)
    for _, _, attributes in elements(name, body, end):
        for _, _, attribute in elements(attributes, 0, len(attributes)):
            (_, _, kind), (_, _, text) = elements(attribute, 0, len(attribute))[:2]
            found[kind] = text.decode("utf-8", "replace")
    for kind in (b"\x55\x04\x03", b"\x55\x04\x0b", b"\x55\x04\x0a"):
        if kind in found:
            return found[kind]
    return "(no name)"


SERVERS = b"\x2b\x06\x01\x05\x05\x07\x03\x01"  # id-kp-serverAuth
LIMIT = "limits the CAs below it"


class Certificate:
    """What a store needs of one, or Bad."""

    def __init__(self, der):
        self.der = der
        self.distrust_after = 0
        try:
            self.parse(der)
        except (IndexError, ValueError, UnicodeDecodeError) as why:
            raise Bad(f"not a certificate ({why})") from None

    def parse(self, der):
        tag, body, end = read(der)
        if tag != 0x30 or end != len(der):
            raise Bad("not a certificate")
        tbs = elements(der, body, end)[0][2]
        fields = elements(tbs, 0, len(tbs))
        if fields[0][0] == 0xa0:
            fields = fields[1:]
        self.serial, self.issuer, dates, self.subject, self.key = (
            fields[0][1], fields[2][1], fields[3][2], fields[4][1], fields[5][1])
        (kind, _, first), (other, _, last) = elements(dates, 0, len(dates))
        self.not_before, self.not_after = seconds(kind, first), seconds(other, last)
        rest = [contents for tag, _, contents in fields[6:] if tag == 0xa3]
        self.extensions = self.read_extensions(rest[0]) if rest else {}
        self.name = common_name(self.subject)
        self.hash = name_hash(self.subject)

    @staticmethod
    def read_extensions(wrapped):
        _, body, end = read(wrapped)
        found = {}
        for _, _, extension in elements(wrapped, body, end):
            parts = elements(extension, 0, len(extension))
            found[parts[0][2]] = parts[-1][2]
        return found

    @property
    def is_ca(self):
        """basicConstraints says so (RFC 5280 4.2.1.9)."""
        value = self.extensions.get(b"\x55\x1d\x13")
        if value is None:
            return False
        _, body, end = read(value)
        return any(tag == 1 and contents != b"\0" for tag, _, contents in elements(value, body, end))

    @property
    def more_than_key(self):
        """What name, key and dates do not say of it, so that it must be kept whole; "" when there is nothing."""
        if not self.is_ca:
            return "not a CA"
        if b"\x55\x1d\x1e" in self.extensions:
            return "for some names only"
        if SERVERS not in self.extensions.get(b"\x55\x1d\x25", SERVERS):
            return "for other uses only"
        names = self.extensions.get(b"\x55\x1d\x11")
        if names and any(tag in (0x82, 0x87) for tag, *_ in elements(names, *read(names)[1:])):
            return "may be a server's own"
        constraints = self.extensions[b"\x55\x1d\x13"]
        if any(tag == 2 for tag, *_ in elements(constraints, *read(constraints)[1:])):
            return LIMIT
        return ""

    @property
    def subject_id(self):
        value = self.extensions.get(b"\x55\x1d\x0e")
        return elements(value, 0, len(value))[0][2] if value else None

    @property
    def issuer_id(self):
        value = self.extensions.get(b"\x55\x1d\x23")
        if value is None:
            return None
        _, body, end = read(value)
        return next((contents for tag, _, contents in elements(value, body, end) if tag == 0x80), None)

    def pem(self):
        text = base64.encodebytes(self.der).decode().replace("\n", "")
        lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
        return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


# --- What stores are made of

def from_pem(text):
    """The certificates of a text with PEM in it."""
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)
    if text.count("-----BEGIN CERTIFICATE-----") != len(blocks):
        raise Bad("a certificate that is begun and not ended")
    try:
        return [Certificate(base64.b64decode("".join(block.split()), validate=True)) for block in blocks]
    except ValueError as why:
        raise Bad(f"a certificate that is not base64: {why}") from None


def from_bytes(data):
    """The certificates of a file: PEM, or DER one after the other."""
    if b"-----BEGIN CERTIFICATE-----" in data:
        return from_pem(data.decode("utf-8", "replace"))
    if data[:1] != b"\x30":
        raise Bad("not a certificate")
    found, at = [], 0
    while at < len(data):
        _, _, end = read(data, at)
        found.append(Certificate(data[at:end]))
        at = end
    return found


def objects(text):
    """The objects of certdata.txt: {attribute: (type, value)}."""
    current, lines = {}, iter(text.splitlines())
    for line in lines:
        words = line.split(None, 2)
        if not words or line.startswith("#"):
            continue
        if words[0] == "CKA_CLASS" and current:
            yield current
            current = {}
        if len(words) > 1 and words[1] == "MULTILINE_OCTAL":
            octal = []
            for more in lines:
                if more.strip() == "END":
                    break
                octal += re.findall(r"\\([0-3][0-7]{2})", more)
            current[words[0]] = bytes(int(digits, 8) for digits in octal)
        else:
            current[words[0]] = words[-1].strip()
    if current:
        yield current


def from_certdata(text, without=()):
    """The roots that Mozilla's certdata.txt trusts for TLS servers, with the dates from which on they are not."""
    trusted, certificates = set(), []
    for item in objects(text):
        if item.get("CKA_CLASS", "").endswith("CKO_NSS_TRUST") or item.get("CKA_CLASS", "").endswith("CKO_TRUST"):
            if "CKT_NSS_TRUSTED_DELEGATOR" in item.get("CKA_TRUST_SERVER_AUTH", ""):
                trusted.add((item["CKA_ISSUER"], item["CKA_SERIAL_NUMBER"]))
        elif item.get("CKA_CLASS", "").endswith("CKO_CERTIFICATE"):
            certificates.append(item)
    found = []
    for item in certificates:
        if (item["CKA_ISSUER"], item["CKA_SERIAL_NUMBER"]) not in trusted:
            continue
        if item.get("CKA_LABEL") in without:
            continue
        certificate = Certificate(item["CKA_VALUE"])
        after = item.get("CKA_NSS_SERVER_DISTRUST_AFTER")
        if isinstance(after, bytes):
            certificate.distrust_after = seconds(0x17 if len(after) == 13 else 0x18, after)
        found.append(certificate)
    return found


# --- Files

def files_of(source):
    """The files to read: certdata.txt alone where there is one, since only it has the dates of distrust."""
    if not os.path.isdir(source):
        return [source]
    for name in ("certdata.txt", "mozilla/certdata.txt"):
        if os.path.exists(os.path.join(source, name)):
            return [os.path.join(source, name)]
    files = sorted(glob.glob(os.path.join(glob.escape(source), "usr/share/ca-certificates/mozilla/*.crt"))
                   or glob.glob(os.path.join(glob.escape(source), "*.crt")))
    if not files:
        raise Bad(f"{source}: neither certdata.txt nor certificates (*.crt) in it")
    return files


def is_certdata(path):
    with open(path, "rb") as f:
        return b"CKO_CERTIFICATE" in f.read()


def left_out(path):
    """What Debian leaves out of the list, by label, one a line and in quotes, in a file beside certdata.txt."""
    try:
        with open(os.path.join(os.path.dirname(path), "blacklist.txt"), encoding="utf-8") as f:
            return {line.strip() for line in f if line.startswith('"')}
    except OSError:
        return set()


def load(files):
    """The certificates of these files; of certdata.txt, the roots for TLS servers."""
    roots = []
    for path in files:
        try:
            with open(path, "rb") as f:
                data = f.read()
        except OSError as error:
            raise Bad(f"{path}: {error.strerror}") from None
        try:
            if b"CKO_CERTIFICATE" in data:
                roots += from_certdata(data.decode("utf-8"), left_out(path))
            else:
                roots += from_bytes(data)
        except Bad as why:
            raise Bad(f"{path}: {why}") from None
    return roots


# --- C

def day(unix):
    return time.strftime("%Y-%m-%d", time.gmtime(unix))


def comment(text):
    """What may stand in a // comment: printable, and no backslash that would join the next line to it."""
    return "".join(c if c.isprintable() and c != "\\" else "?" for c in text)


def hexadecimal(data):
    rows = [data[i:i + 20] for i in range(0, len(data), 20)]
    return "\n".join("    " + " ".join(f"0x{byte:02x}," for byte in row) for row in rows)


class Line:
    """A line of the table: whole, or name and key."""

    def __init__(self, certificate, whole=False, note=""):
        self.certificate = certificate
        self.whole = whole
        self.note = note
        self.bytes = certificate.der if whole else certificate.subject + certificate.key

    @property
    def size(self):
        """In flash, on a 32-bit machine."""
        return len(self.bytes) + 24

    def row(self, offset):
        c = self.certificate
        dates = (0, 0, 0) if self.whole else (len(c.subject), clip(c.not_before), clip(c.not_after))
        return (f"    {{data + {offset}, {len(self.bytes)}, {dates[0]}, 0x{c.hash:08x}u, {dates[1]}u, {dates[2]}u,"
                f" {clip(c.distrust_after)}u}},")

    def words(self):
        c = self.certificate
        text = f"{comment(c.name)}, until {day(c.not_after)}, {self.size} bytes"
        if c.distrust_after:
            text += f"; not for certificates issued after {day(c.distrust_after)}"
        return text + (f"; {comment(self.note)}" if self.note else "")


def clip(unix):
    """Into the 32 bits of a line: 1970 to 2106."""
    return min(max(unix, 0), 0xffffffff)


def arrange(lines):
    """Sorted as a store is, each certificate once."""
    once = {line.bytes: line for line in reversed(lines)}
    return sorted(once.values(), key=lambda line: (line.certificate.hash, line.bytes))


def write_c(lines, name, heading, origin=None):
    """The text of a .c file with the store `name`, and its origin as a string if there is one."""
    lines = arrange(lines)
    total = sum(line.size for line in lines)
    parts = [f"// {comment(heading)}", f"// {len(lines)} certificates, {total} bytes on a 32-bit machine.", "",
             '#include "picket/trust.h"', "", "static const uint8_t data[] = {"]
    offset, rows = 0, []
    for line in lines:
        parts += [f"    // {line.words()}", hexadecimal(line.bytes)]
        rows.append(line.row(offset))
        offset += len(line.bytes)
    parts += ["};", "", "// Bytes, their length, that of the name, its hash; not before, not after, not believed for what is issued after.",
              "static const picket_anchor_t anchors[] = {", *rows, "};", "",
              "#ifdef __cplusplus", f'extern "C" const picket_trust_t {name};', "#endif",
              f"const picket_trust_t {name} = {{anchors, {len(lines)}, 0, 0}};"]
    if origin is not None:
        parts += ["", f'const char {name}_origin[] = "{comment(origin)}";']
    return "\n".join(parts) + "\n"
