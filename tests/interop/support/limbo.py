"""The client of tests/interop/limbo_client.c."""
import os
import subprocess
import threading

from . import harness
from .harness import Failed

PROGRAM = os.path.join(harness.BUILD, "tests", "limbo_client")


class Client:
    """A limbo_client, which several cases ask, one after the other."""

    def __init__(self):
        self.log = harness.unique("limbo_client.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                            text=True)
        harness.at_end(self.stop)

    def ask(self, *question):
        """The error's name, milliseconds of processor time, signatures checked, and words."""
        self.process.stdin.write(" ".join(map(str, question)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"the client ended with {self.process.wait()}: {log.read()[-600:]!r}")
        name, ms, checks, text = answer.rstrip("\n").split(" ", 3)
        return name.replace("PICKET_", "").replace("ERR_", ""), int(ms), int(checks), text

    def stop(self):
        self.process.kill()
        self.process.wait()


clients = threading.local()


def ask(*question):
    """Port, host, Unix milliseconds, version, file with roots: see Client.ask."""
    if not hasattr(clients, "mine"):
        clients.mine = Client()
    return clients.mine.ask(*question)
