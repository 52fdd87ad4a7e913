"""A TLS server of our own, 1.2 and 1.3, that can be made to send anything at any place.

It is a correct server (ECDHE on X25519 or P-256, ChaCha20-Poly1305) whose handshake messages each pass through a tweak
on their way out. A tweaked message goes into our transcript as it was sent, so that what is tested is the client's
judgement of the message, not its checksum.

    peer = TlsPeer(chain, "1.3", {"verify": lambda s, m: m[:-1] + b"?"})

Names of tweaks, in order: start (no message: the ClientHello has come); in 1.3 hello, extensions, (request),
certificate, verify, finished; in 1.2 hello, certificate, exchange, (request), done, (ticket), finished. A tweak gets
the Session and the message and returns bytes, a list of messages, or None (left out). after(session) follows the
handshake.
"""
import os
import struct
import threading

from . import crypto, hello
from .hello import extension, message, vector
from .peers import Listener, finish, response

SUITE_13, SUITE_ECDSA, SUITE_RSA = 0x1303, 0xcca9, 0xcca8
ECDSA_P256, RSA_PSS, RSA_PKCS1 = 0x0403, 0x0804, 0x0401
PAGE = b"the page of the hand-made server\n"
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


class ClientAlert(Exception):
    """The client ended the handshake."""


class Cipher:
    """One direction of ChaCha20-Poly1305 records."""

    def __init__(self, key, iv):
        self.key, self.iv, self.sequence = key, iv, 0

    def nonce(self):
        return (int.from_bytes(self.iv, "big") ^ self.sequence).to_bytes(12, "big")

    def seal13(self, kind, body, padding=0, outer=hello.APPLICATION):
        inner = body + bytes([kind]) + bytes(padding)
        header = struct.pack(">BHH", outer, 0x0303, len(inner) + 16)
        sealed = crypto.aead_seal(self.key, self.nonce(), inner, header)
        self.sequence += 1
        return header + sealed

    def open13(self, record):
        inner = crypto.aead_open(self.key, self.nonce(), record[5:], record[:5]).rstrip(b"\0")
        self.sequence += 1
        return inner[-1], inner[:-1]

    def seal12(self, kind, body):
        aad = struct.pack(">QBHH", self.sequence, kind, 0x0303, len(body))
        sealed = crypto.aead_seal(self.key, self.nonce(), body, aad)
        self.sequence += 1
        return hello.record(kind, sealed)

    def open12(self, record):
        aad = struct.pack(">QBHH", self.sequence, record[0], 0x0303, len(record) - 5 - 16)
        body = crypto.aead_open(self.key, self.nonce(), record[5:], aad)
        self.sequence += 1
        return record[0], body


class Session:
    """One connection of the peer."""

    def __init__(self, peer, connection):
        self.peer, self.socket = peer, connection
        self.inbox, self.messages = b"", []
        self.transcript = b""
        self.send_cipher = self.receive_cipher = None
        self.ready = False          # the client's Finished has come and was right
        self.hello = None           # its ClientHello
        self.seen = b""             # its application bytes
        self.version = peer.version

    # --- records

    def read_record(self):
        while True:
            records, _ = hello.split_records(self.inbox)
            if records:
                self.inbox = self.inbox[len(records[0]):]
                return records[0]
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the client closed")
            self.inbox += data

    def receive(self):
        """The next record, decrypted: type, body. Raises ClientAlert for an alert."""
        record = self.read_record()
        kind, body = record[0], record[5:]
        if self.receive_cipher and kind != hello.CCS:
            if self.version == "1.3":
                # The client may send alerts in the clear until it has its keys.
                if kind != hello.ALERT:
                    kind, body = self.receive_cipher.open13(record)
            else:
                kind, body = self.receive_cipher.open12(record)
        if kind == hello.ALERT:
            self.peer.alerts.append(body[1] if len(body) == 2 else -1)
            raise ClientAlert(hello.ALERTS.get(body[1], "?") if len(body) == 2 else "?")
        return kind, body

    def read_message(self, kind):
        """The next handshake message, which must be of this kind. It joins the transcript."""
        left = b""
        while not self.messages:
            record, body = self.receive()
            if record == hello.CCS:
                if self.version == "1.2":
                    raise ValueError("ChangeCipherSpec too early")
                continue
            if record != hello.HANDSHAKE:
                raise ValueError(f"record of type {record} instead of a handshake message")
            self.messages, left = hello.split_messages(left + body)
        found = self.messages.pop(0)
        if found[0] != kind:
            raise ValueError(f"message {found[0]} instead of {kind}")
        self.transcript += found
        return found

    def seal(self, kind, body, **more):
        if not self.send_cipher:
            return hello.record(kind, body)
        return self.send_cipher.seal13(kind, body, **more) if self.version == "1.3" else \
            self.send_cipher.seal12(kind, body)

    def raw(self, data):
        """Bytes onto the wire, as they are."""
        self.socket.sendall(data)

    def send_record(self, kind, body, **more):
        self.raw(self.seal(kind, body, **more))

    def send(self, name, out):
        """A handshake message, through its tweak."""
        tweak = self.peer.tweaks.get(name)
        if tweak:
            out = tweak(self, out)
        for item in out if isinstance(out, list) else [out] if out else []:
            self.transcript += item
            self.write_message(item)

    def write_message(self, data):
        """A handshake message in records, as the peer was told to cut them."""
        size = self.peer.fragment or 16384
        for i in range(0, len(data), size):
            self.send_record(hello.HANDSHAKE, data[i:i + size])

    def sendall(self, data):
        for i in range(0, len(data), 16384):
            self.send_record(hello.APPLICATION, data[i:i + 16384])

    def recv(self, _=0):
        while True:
            kind, body = self.receive()
            if kind == hello.APPLICATION:
                self.seen += body
                return body

    def close_notify(self):
        self.send_record(hello.ALERT, b"\1\0")

    def send_alert(self, number, level=2):
        self.send_record(hello.ALERT, bytes([level, number]))

    def hash(self):
        return crypto.sha256(self.transcript)

    # --- the handshake

    def run(self):
        self.read_hello()
        if "start" in self.peer.tweaks:
            self.peer.tweaks["start"](self, None)
        (self.run13 if self.version == "1.3" else self.run12)()

    def read_hello(self):
        self.hello = hello.ClientHello(self.read_message(hello.CLIENT_HELLO))
        self.peer.hellos.append(self.hello)

    def sign(self, content):
        """The scheme and the signature."""
        key = self.peer.key
        if key.kind == "p256":
            return ECDSA_P256, crypto.ecdsa_sign(self.peer.scalar, content)
        if key.kind.startswith("rsa"):
            pss = self.version == "1.3"
            return (RSA_PSS if pss else RSA_PKCS1), key.sign(content, "pss-sha256" if pss else "sha256-rsa")
        return ECDSA_P256, os.urandom(64)

    def certificate_body(self):
        if self.version == "1.3":
            entries = b"".join(vector(3, der) + vector(2, b"") for der in self.peer.chain.sent())
            return vector(1, b"") + vector(3, entries)
        return vector(3, b"".join(vector(3, der) for der in self.peer.chain.sent()))

    def server_hello(self, suite, extensions, random=None):
        return message(hello.SERVER_HELLO, b"\3\3" + (random or os.urandom(32)) + vector(1, self.hello.session_id)
                       + struct.pack(">HB", suite, 0) + (vector(2, extensions) if extensions else b""))

    def choose_group(self):
        offered = self.hello.key_shares() if self.version == "1.3" else self.hello.groups()
        if self.peer.group:
            return self.peer.group
        return next(group for group in offered if group in (0x001d, 0x0017))

    def retry(self, group, extra=b""):
        """A HelloRetryRequest, and the hello that answers it."""
        first = message(hello.MESSAGE_HASH, self.hash())
        extensions = extension(43, b"\3\4") + extension(51, struct.pack(">H", group)) + extra
        out = self.server_hello(SUITE_13, extensions, RETRY_RANDOM)
        self.transcript = first + out
        self.write_message(out)
        self.read_hello()

    def run13(self):
        group = self.choose_group()
        share = crypto.Share(group)
        theirs = self.hello.key_shares().get(group)
        early = crypto.hmac256(bytes(32), bytes(32))
        empty = crypto.sha256(b"")
        self.send("hello", self.server_hello(SUITE_13, extension(43, b"\3\4")
                                             + extension(51, struct.pack(">H", group) + vector(2, share.public))))
        secret = crypto.hmac256(crypto.hkdf_label(early, "derived", empty, 32), share.shared(theirs or share.public))
        client, server = (crypto.hkdf_label(secret, f"{who} hs traffic", self.hash(), 32) for who in "cs")
        if self.hello.session_id and self.peer.ccs:
            self.raw(hello.record(hello.CCS, b"\1"))
        self.send_cipher, self.receive_cipher = self.cipher13(server), self.cipher13(client)
        self.send("extensions", message(hello.ENCRYPTED_EXTENSIONS, vector(2, b"")))
        if self.peer.request_certificate:
            schemes = extension(13, vector(2, struct.pack(">2H", ECDSA_P256, RSA_PSS)))
            self.send("request", message(hello.CERTIFICATE_REQUEST, vector(1, b"") + vector(2, schemes)))
        self.send("certificate", message(hello.CERTIFICATE, self.certificate_body()))
        content = b" " * 64 + b"TLS 1.3, server CertificateVerify\0" + self.hash()
        scheme, signature = self.sign(content)
        self.send("verify", message(hello.CERTIFICATE_VERIFY, struct.pack(">H", scheme) + vector(2, signature)))
        self.send("finished", message(hello.FINISHED, self.finished13(server)))
        master = crypto.hmac256(crypto.hkdf_label(secret, "derived", empty, 32), bytes(32))
        at_finished = self.hash()
        if self.peer.request_certificate:
            self.read_message(hello.CERTIFICATE)
        expected = self.finished13(client)
        if self.read_message(hello.FINISHED)[4:] != expected:
            raise ValueError("the client's Finished is wrong")
        client, server = (crypto.hkdf_label(master, f"{who} ap traffic", at_finished, 32) for who in "cs")
        self.send_cipher, self.receive_cipher = self.cipher13(server), self.cipher13(client)
        self.server_secret = server
        self.ready = True

    def cipher13(self, secret):
        return Cipher(crypto.hkdf_label(secret, "key", b"", 32), crypto.hkdf_label(secret, "iv", b"", 12))

    def finished13(self, secret):
        return crypto.hmac256(crypto.hkdf_label(secret, "finished", b"", 32), self.hash())

    def update_keys(self, request=0):
        """A KeyUpdate, and the new keys of our direction."""
        self.write_message(message(hello.KEY_UPDATE, bytes([request])))
        self.server_secret = crypto.hkdf_label(self.server_secret, "traffic upd", b"", 32)
        self.send_cipher = self.cipher13(self.server_secret)

    def send_ticket13(self, body=None):
        self.write_message(message(hello.NEW_SESSION_TICKET, body if body is not None else struct.pack(
            ">II", 7200, 1234) + vector(1, b"n") + vector(2, os.urandom(32)) + vector(2, b"")))

    def run12(self):
        rsa = self.peer.key.kind.startswith("rsa")
        suite = SUITE_RSA if rsa else SUITE_ECDSA
        extended = self.hello.has(23) and self.peer.extended_secret
        ticket = self.peer.ticket12 if self.hello.has(35) else None
        random = os.urandom(32)
        extensions = (extension(0xff01, b"\0") if self.hello.has(0xff01) or 0x00ff in self.hello.suites else b"") \
            + (extension(23) if extended else b"") + (extension(11, b"\1\0") if self.hello.has(11) else b"") \
            + (extension(35) if ticket is not None else b"")
        self.send("hello", self.server_hello(suite, extensions, random))
        server_random = self.peer.random_of(self.transcript) or random
        self.send("certificate", message(hello.CERTIFICATE, self.certificate_body()))
        share = crypto.Share(self.choose_group())
        params = b"\3" + struct.pack(">H", share.group) + vector(1, share.public)
        scheme, signature = self.sign(self.hello.random + server_random + params)
        self.send("exchange", message(hello.SERVER_KEY_EXCHANGE,
                                      params + struct.pack(">H", scheme) + vector(2, signature)))
        if self.peer.request_certificate:
            self.send("request", message(hello.CERTIFICATE_REQUEST, vector(1, b"\1\x40") + vector(
                2, struct.pack(">2H", ECDSA_P256, RSA_PKCS1)) + vector(2, b"")))
        self.send("done", message(hello.SERVER_HELLO_DONE, b""))
        if self.peer.request_certificate:
            self.read_message(hello.CERTIFICATE)
        theirs = hello.Reader(self.read_message(hello.CLIENT_KEY_EXCHANGE)[4:]).vector(1)
        shared = share.shared(theirs)
        if extended:
            master = crypto.prf12(shared, "extended master secret", self.hash(), 48)
        else:
            master = crypto.prf12(shared, "master secret", self.hello.random + server_random, 48)
        keys = crypto.prf12(master, "key expansion", server_random + self.hello.random, 88)
        kind, body = self.receive()
        if (kind, body) != (hello.CCS, b"\1"):
            raise ValueError("ChangeCipherSpec missing")
        self.receive_cipher = Cipher(keys[:32], keys[64:76])
        expected = crypto.prf12(master, "client finished", self.hash(), 12)
        if self.read_message(hello.FINISHED)[4:] != expected:
            raise ValueError("the client's Finished is wrong")
        if ticket is not None:
            self.send("ticket", message(hello.NEW_SESSION_TICKET, struct.pack(">I", 7200) + vector(2, ticket)))
        if self.peer.ccs:
            self.raw(hello.record(hello.CCS, b"\1"))
        self.send_cipher = Cipher(keys[32:64], keys[76:88])
        self.send("finished", message(hello.FINISHED, crypto.prf12(master, "server finished", self.hash(), 12)))
        self.ready = True

    # --- after it

    def read_request(self):
        while b"\r\n\r\n" not in self.seen:
            self.recv()
        return self.seen

    def finish(self):
        """FIN, then wait for the client's."""
        finish(self.socket)


def serve_page(session):
    """What the peer does when nothing else is asked: the page, close_notify, FIN."""
    session.read_request()
    session.sendall(response(PAGE))
    session.close_notify()
    session.finish()


class TlsPeer(Listener):
    """The server. alerts: the numbers that clients sent; ready: handshakes completed; seen: application bytes.

    key: a key other than the chain's; group: the group to use, offered or not; fragment: bytes of a handshake message
    in a record; ccs: send ChangeCipherSpec; ticket12: the ticket of a NewSessionTicket in 1.2.
    """

    def __init__(self, chain, version, tweaks=None, after=serve_page, *, key=None, group=None, fragment=None, ccs=True,
                 request_certificate=False, extended_secret=True, ticket12=None, host="127.0.0.1"):
        self.chain, self.version, self.tweaks, self.after = chain, version, tweaks or {}, after
        self.key = key or chain.key
        self.scalar = self.key.scalar() if self.key.kind == "p256" else None
        self.group, self.fragment, self.ccs = group, fragment, ccs
        self.request_certificate, self.extended_secret, self.ticket12 = request_certificate, extended_secret, ticket12
        self.alerts, self.hellos, self.seen, self.ready = [], [], b"", 0
        self.guard = threading.Lock()
        super().__init__(self.session, host)

    @staticmethod
    def random_of(transcript):
        """The random of the ServerHello that was sent, whatever a tweak made of it."""
        for item in hello.split_messages(transcript)[0]:
            if item[0] == hello.SERVER_HELLO and len(item) >= 38:
                return item[6:38]
        return None

    def session(self, connection):
        session = Session(self, connection)
        try:
            session.run()
            with self.guard:
                self.ready += 1
            self.after(session)
        except ClientAlert:
            finish(connection, 1)
        except (ValueError, StopIteration, struct.error) as fault:
            # The tweaks make clients send what a correct server would not expect.
            self.faults.append(fault)
            finish(connection, 1)
        finally:
            with self.guard:
                self.seen += session.seen
