"""Servers inside the test process: raw TCP, TLS by Python's ssl module, and a proxy that spoils a server's byte stream.

Each one listens on a port of its own, runs a handler in a thread for every connection, and ends with its `with` block.
"""
import contextlib
import select
import socket
import ssl
import struct
import threading
import time

from . import hello
from .harness import at_end

FOREVER = 60


class Listener:
    """A TCP server; handler(connection) is called in a thread of its own for each connection."""

    def __init__(self, handler, host="127.0.0.1", backlog=32):
        self.handler = handler
        self.connections = 0
        self.faults = []            # exceptions of the handlers, network errors left out
        self.sockets = set()
        self.active = 0             # handlers that run
        self.lock = threading.Lock()
        self.listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listening.bind((host, 0))
        self.listening.listen(backlog)
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        at_end(self.stop)

    def accept(self):
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                self.listening.close()
                return
            connection.settimeout(FOREVER)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.connections += 1
                self.active += 1
                self.sockets.add(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.handler(connection)
        except (OSError, EOFError):
            pass
        except Exception as fault:  # pylint: disable=broad-except
            self.faults.append(fault)
        finally:
            with self.lock:
                self.active -= 1
                self.sockets.discard(connection)
            with contextlib.suppress(OSError):
                connection.close()

    def settle(self, seconds=3):
        """Wait until no handler runs, so that what they noted is all there is."""
        deadline = time.monotonic() + seconds
        while self.active and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self):
        """Wake all threads; each closes its own socket.

        A socket closed under a thread that is about to wait for it leaves that thread waiting for whatever gets its
        number next: a pipe, for instance, which then cannot end.
        """
        with self.lock:
            sockets = [self.listening, *self.sockets]
        for s in sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


# --- What a connection is made to do

def read_head(connection):
    """The bytes up to the empty line, and what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise EOFError("the client closed")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


def fields(head):
    """The header fields of a request, names in lower case."""
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


def read_request(connection):
    """A whole request: head, decoded body."""
    head, data = read_head(connection)
    field = fields(head)

    def more():
        got = connection.recv(65536)
        if not got:
            raise EOFError("the client closed inside the request body")
        return got
    if field.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    if field.get("transfer-encoding", "").lower() == "chunked":
        body = b""
        while True:
            while b"\r\n" not in data:
                data += more()
            size, _, data = data.partition(b"\r\n")
            size = int(size, 16)
            while len(data) < size + 2:
                data += more()
            if data[size:size + 2] != b"\r\n":
                raise ValueError("chunk without its CRLF")
            body, data = body + data[:size], data[size + 2:]
            if size == 0:
                return head, body
    length = int(field.get("content-length", "0"))
    parts, have = [data], len(data)
    while have < length:
        parts.append(more())
        have += len(parts[-1])
    return head, b"".join(parts)[:length]


def drain(connection, seconds=3):
    """Read until the client closes, so that closing does not reset what was sent."""
    with contextlib.suppress(OSError, EOFError):
        connection.settimeout(seconds)
        while connection.recv(65536):
            pass


def finish(connection, seconds=3):
    """FIN, then wait for the client's."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
    drain(connection, seconds)


def reset(connection):
    """RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def stall(connection):
    """Neither send nor close, until the client goes or the test ends."""
    drain(connection, FOREVER)


def send_pieces(connection, data, size, pause=0.0):
    for i in range(0, len(data), size):
        connection.sendall(data[i:i + size])
        if pause:
            time.sleep(pause)


ENDINGS = {"close": finish, "stall": stall, "reset": reset}


def http(answer, end="close", pieces=None, pause=0.0, seen=None):
    """A handler: read a request, send the answer's bytes (a bytes object, or a function of head and body), end.

    Works on a plain connection and on a Tls one. end: close, stall, reset; on TLS also "cut": FIN without close_notify.
    seen: a list that gets (head, body) of each request.
    """
    def handler(connection):
        head, body = read_request(connection)
        if seen is not None:
            seen.append((head, body))
        data = answer(head, body) if callable(answer) else answer
        if pieces:
            send_pieces(connection, data, pieces, pause)
        else:
            connection.sendall(data)
        if end == "close" and isinstance(connection, Tls):
            connection.close_notify()
        ENDINGS["close" if end == "cut" else end](connection)
    return handler


def raw(data, end="close", after_hello=True, pieces=None, pause=0.0):
    """A raw peer's handler: wait for the client's first bytes, send data (or what data(first bytes) makes), end."""
    def handler(connection):
        first = connection.recv(65536) if after_hello else b""
        out = data(first) if callable(data) else data
        if pieces:
            send_pieces(connection, out, pieces, pause)
        else:
            connection.sendall(out)
        ENDINGS[end](connection)
    return handler


def response(body, status="200 OK", length=True, chunked=None, extra=""):
    """A response's bytes: with Content-Length, or chunked (sizes cycle through `chunked`), or until the end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n{extra}"
    if chunked:
        parts, at, i = [], 0, 0
        while at < len(body):
            n = min(chunked[i % len(chunked)], len(body) - at)
            parts.append(b"%x\r\n%s\r\n" % (n, body[at:at + n]))
            at, i = at + n, i + 1
        return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"".join(parts) + b"0\r\n\r\n"
    if length:
        head += f"Content-Length: {len(body)}\r\n"
    return f"{head}\r\n".encode() + body


# --- TLS by OpenSSL

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Tls:
    """The server's side of a TLS connection, over a socket of ours: records can be cut, withheld and spoiled."""

    def __init__(self, connection, context, on_wire=None):
        self.socket = connection
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.on_wire = on_wire      # ciphertext -> ciphertext, for what is sent
        self.seen = b""             # application bytes received

    def flush(self):
        data = self.outgoing.read()
        if data:
            if self.on_wire:
                data = self.on_wire(data)
            self.socket.sendall(data)

    def step(self, call, *args):
        while True:
            try:
                result = call(*args)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    self.flush()
                raise

    def handshake(self):
        self.step(self.object.do_handshake)

    def recv(self, size):
        try:
            data = self.step(self.object.read, size)
        except ssl.SSLZeroReturnError:
            data = b""
        except ssl.SSLEOFError as end:
            raise EOFError("FIN without close_notify") from end
        self.seen += data
        return data

    def sendall(self, data, record=16384):
        for i in range(0, len(data), record):
            self.object.write(data[i:i + record])
            self.flush()

    def ciphertext(self, data, record=16384):
        """The records of data, not sent."""
        for i in range(0, len(data), record):
            self.object.write(data[i:i + record])
        return self.outgoing.read()

    def close_notify_bytes(self):
        with contextlib.suppress(ssl.SSLError):
            self.object.unwrap()
        return self.outgoing.read()

    def close_notify(self):
        self.socket.sendall(self.close_notify_bytes())

    # What drain, finish, reset and stall need: they act on the TCP connection.
    def shutdown(self, how):
        self.socket.shutdown(how)

    def settimeout(self, seconds):
        self.socket.settimeout(seconds)

    def setsockopt(self, *args):
        self.socket.setsockopt(*args)

    def close(self):
        self.socket.close()


class TlsListener(Listener):
    """A TLS server with a given chain; handler(tls) is called after a handshake that worked.

    seen: all application bytes that any client sent; handshakes: how many worked; refusals: the errors of the others
    (the client's alert, in OpenSSL's words); names: the server names asked for, None when there was none.
    """

    def __init__(self, chain, handler, version=None, host="127.0.0.1", ciphers="ALL:@SECLEVEL=0", tickets=True,
                 setup=None, on_wire=None, fresh=False):
        self.seen = bytearray()
        self.handshakes = 0
        self.refusals = []
        self.names = []
        self.after = handler
        self.on_wire = on_wire

        def make():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers(ciphers)
            if version:
                context.minimum_version = context.maximum_version = VERSIONS[version]
            if not tickets:
                context.options |= ssl.OP_NO_TICKET
            context.load_cert_chain(chain.cert_path, chain.key_path)
            context.sni_callback = lambda tls, name, ctx: self.names.append(name)
            if setup:
                setup(context)
            return context
        self.context = make()
        self.make = make if fresh else lambda: self.context  # fresh: no connection knows the sessions of another
        super().__init__(self.secure, host)

    def secure(self, connection):
        tls = Tls(connection, self.make(), self.on_wire)
        try:
            tls.handshake()
        except (ssl.SSLError, OSError) as why:
            self.refusals.append(str(why))
            finish(connection, 1)
            return
        self.handshakes += 1
        try:
            if self.after:
                self.after(tls)
            else:
                stall(tls)
        except ssl.SSLError as why:
            self.refusals.append(str(why))
        finally:
            self.seen += tls.seen


# --- A proxy that spoils what a server sends

class Proxy(Listener):
    """Forwards connections to a server; what the server sends goes through spoil(sender, data) first.

    spoil is made anew for each connection by make_spoil(). It is called with a Sender and each piece of the server's
    bytes, and with b"" at the server's end; it sends what it likes. Without make_spoil everything is passed on. `log`
    has the pieces before that: (from the server?, bytes).
    """

    def __init__(self, port, make_spoil=None, host="127.0.0.1"):
        self.target = (host, port)
        self.make_spoil = make_spoil
        self.log = []
        super().__init__(self.forward)

    def forward(self, client):
        server = socket.create_connection(self.target, 5)
        server.settimeout(FOREVER)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.sockets.add(server)
        try:
            self.pump(client, server)
        finally:
            with self.lock:
                self.sockets.discard(server)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()

    def pump(self, client, server):
        """Move bytes until the server has ended. One thread: a socket that another one waits for cannot be reset."""
        spoil, sender = self.make_spoil() if self.make_spoil else pass_on, Sender(client)
        open_ends = [client, server]
        while not sender.ended:
            readable, _, _ = select.select(open_ends, [], [], FOREVER)
            if not readable:
                return
            for end in readable:
                try:
                    data = end.recv(65536)
                except OSError:
                    data = b""
                self.log.append((end is server, data))
                if end is client:
                    if data:
                        server.sendall(data)
                    else:
                        open_ends.remove(client)
                        server.shutdown(socket.SHUT_WR)
                elif not sender.ended:
                    spoil(sender, data)
                    if not data:
                        sender.fin()


class Sender:
    """What a spoiler does to the client's connection."""

    def __init__(self, connection):
        self.connection = connection
        self.ended = False

    def send(self, data):
        if data and not self.ended:
            self.connection.sendall(data)

    def fin(self):
        if not self.ended:
            self.ended = True
            finish(self.connection)

    def rst(self):
        if not self.ended:
            self.ended = True
            # A moment, so that what was sent before arrives before.
            time.sleep(0.05)
            reset(self.connection)


def pass_on(sender, data):
    sender.send(data)


def in_pieces(size, pause=0.0):
    """Send n bytes at a time."""
    def spoil(sender, data):
        send_pieces(sender.connection, data, size, pause)
    return lambda: spoil


def cut_at(offset, rst=False):
    """End the connection after `offset` bytes of the server's."""
    def make():
        left = [offset]

        def spoil(sender, data):
            sender.send(data[:left[0]])
            left[0] -= len(data)
            if left[0] <= 0:
                (sender.rst if rst else sender.fin)()
        return spoil
    return make


def flip_bit(offset, mask=1):
    """Change one bit of the byte at `offset`."""
    def make():
        at = [0]

        def spoil(sender, data):
            i = offset - at[0]
            at[0] += len(data)
            if 0 <= i < len(data):
                data = data[:i] + bytes([data[i] ^ mask]) + data[i + 1:]
            sender.send(data)
        return spoil
    return make


def by_record(change):
    """change(index, record) says what is sent in the record's place; index counts the server's records from 0."""
    def make():
        state = {"rest": b"", "count": 0}

        def spoil(sender, data):
            records, state["rest"] = hello.split_records(state["rest"] + data)
            for item in records:
                sender.send(change(state["count"], item))
                state["count"] += 1
            if not data:
                sender.send(state["rest"])
        return spoil
    return make


def swap_records(index):
    """Records index and index + 1 change places."""
    def make():
        held = []

        def change(i, item):
            if i == index:
                held.append(item)
                return b""
            return item + held.pop() if held else item
        return by_record(change)()
    return make
