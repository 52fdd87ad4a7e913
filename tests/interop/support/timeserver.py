"""A time server of our own, which answers as a test wants it to."""
import select
import socket
import struct
import threading
import time

ERA = 2208988800


def stamp_of(seconds):
    whole = int(seconds)
    return struct.pack(">II", (whole + ERA) & 0xffffffff, int((seconds - whole) * 2**32))


def reply_to(query, now=None, flags=0x24, stratum=2, delay=0x1000, dispersion=0x800, originate=None, transmit=None):
    now = time.time() if now is None else now
    return struct.pack(">BBbbII4s", flags, stratum, 6, -20, delay, dispersion, b"TEST") + stamp_of(now) + \
        (query[40:48] if originate is None else originate) + stamp_of(now) + \
        (stamp_of(now) if transmit is None else transmit)


class Server:
    """answer(query, number of the query, from 1) -> the replies, each bytes, or (bytes, a socket to send it from)."""

    def __init__(self, answer, host="127.0.0.1"):
        self.answer = answer
        self.queries = []
        self.times = []
        self.clients = []
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.port = self.socket.getsockname()[1]
        self.stopped = False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.stopped:
            if not select.select([self.socket], [], [], 0.1)[0]:
                continue
            query, client = self.socket.recvfrom(2000)
            self.queries.append(query)
            self.times.append(time.monotonic())
            self.clients.append(client)
            for reply in self.answer(query, len(self.queries)):
                data, sender = reply if isinstance(reply, tuple) else (reply, self.socket)
                sender.sendto(data, client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.thread.join()
        self.socket.close()
