#!/usr/bin/python3
"""The clock, asked of time servers of every kind: chrony, and ones that answer what no clock is to be set by.

The program is examples/clock (a server, a port, a time limit in milliseconds). See support/harness.py for the protocol.
"""
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import harness, servers
from support.harness import Cases, Skipped, check, unique
from support.timeserver import Server, reply_to

CLOCK = os.path.join(harness.BUILD, "examples", "example_clock")
cases = Cases()


def ask(server, port, limit_ms=4000):
    """(exit code, stdout, stderr, seconds)"""
    started = time.monotonic()
    done = subprocess.run([CLOCK, server, str(port), str(limit_ms)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode(), time.monotonic() - started


def believed(result, slack=3):
    code, out, err, _ = result
    check(code == 0, f"exit {code}: {err}")
    check(abs(int(out.split()[0]) - time.time()) <= slack, f"the time is wrong: {out}")


def refused(result, words, limit=None):
    code, out, err, seconds = result
    check(code == 1 and not out, f"exit {code}: {out}{err}")
    check(words in err, f"said {err.strip()!r}, not {words!r}")
    check("Sanitizer" not in err, err)
    if limit:
        check(seconds < limit, f"took {seconds:.1f} s")


# --- Good ones

def from_chrony():
    port = harness.free_port()
    home = unique("chrony")
    os.makedirs(home)
    conf = os.path.join(home, "chrony.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"local stratum 10\nallow 127.0.0.0/8\nport {port}\nbindaddress 127.0.0.1\ncmdport 0\n"
                   f"pidfile {home}/pid\nbindcmdaddress /\n")
    user = ["-u", "root"] if os.geteuid() == 0 else ["-U"]
    with open(os.path.join(home, "log"), "wb") as log:
        process = subprocess.Popen([servers.program("chronyd"), "-x", "-d", *user, "-f", conf],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        believed(ask("127.0.0.1", port, 15000))
        check(process.poll() is None, "chronyd has ended")
    finally:
        process.terminate()
        process.wait()


def from_a_good_one():
    with Server(lambda query, n: [reply_to(query)]) as server:
        believed(ask("127.0.0.1", server.port))
        check(len(server.queries) == 1, "asked more than once")
        check(len(server.queries[0]) == 48 and server.queries[0][0] == 0x23, "the query is malformed")
        check(server.queries[0][:40] == b"\x23" + bytes(39), "the query tells more than it must")


def stamps_are_random():
    stamps = set()
    with Server(lambda query, n: [] if n % 3 else [reply_to(query)]) as server:
        for _ in range(3):
            believed(ask("127.0.0.1", server.port, 15000))
        stamps = {query[40:48] for query in server.queries}
        check(len(stamps) == 9, f"{len(stamps)} different stamps in 9 queries")


def asked_again():
    with Server(lambda query, n: [reply_to(query)] if n == 3 else []) as server:
        believed(ask("127.0.0.1", server.port, 20000))
        waits = [b - a for a, b in zip(server.times, server.times[1:])]
        check(len(waits) == 2 and 0.8 < waits[0] < 1.8 and 1.8 < waits[1] < 3, f"waited {waits}")


def good_behind_rubbish():
    with Server(lambda query, n: [b"", b"x" * 47, os.urandom(48), reply_to(query, originate=bytes(8)),
                                  reply_to(query)]) as server:
        believed(ask("127.0.0.1", server.port))


def from_elsewhere():
    """A forged reply, right in all but where it comes from, is passed over."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        with Server(lambda query, n: [(reply_to(query, now=time.time() + 200), other)] if n == 1
                    else [reply_to(query)]) as server:
            believed(ask("127.0.0.1", server.port, 15000))
            check(len(server.queries) == 2, "the reply from another port was taken")


def too_late():
    """The answer to the first query comes after the second one: how long it took is not known any more."""
    first = []

    def answer(query, n):
        first.append(reply_to(query, now=time.time() + 200))
        return [] if n == 1 else [first[0]] if n == 2 else [reply_to(query)]
    with Server(answer) as server:
        believed(ask("127.0.0.1", server.port, 15000))
        check(len(server.queries) == 3, f"{len(server.queries)} queries")


def over_ipv6():
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    with Server(lambda query, n: [reply_to(query)], "::1") as server:
        believed(ask("::1", server.port))


cases.add("chrony", from_chrony)
cases.add("over IPv6", over_ipv6)
cases.add("an answer after the next query is none", too_late, waits=True)
cases.add("a good server is asked once", from_a_good_one)
cases.add("stamps are random", stamps_are_random, waits=True)
cases.add("asked again after 1 and 2 seconds", asked_again, waits=True)
cases.add("a good answer behind rubbish", good_behind_rubbish)
cases.add("an answer from another port is none", from_elsewhere, waits=True)


# --- Bad ones

def bad(words, limit_ms, **what):
    with Server(lambda query, n: [reply_to(query, **what)]) as server:
        refused(ask("127.0.0.1", server.port, limit_ms), words, limit=limit_ms / 1000 + 3)


for name, words, what in (
        ("unsynchronised", "its own clock is not set", {"flags": 0xe4}),
        ("stratum 16", "too far from any reference clock", {"stratum": 16}),
        ("version 1", "another version", {"flags": 0x0c}),
        ("far away", "may be off", {"delay": 0x40000}),
        ("adrift", "may be off", {"dispersion": 0x20000}),
        ("no time", "there is no time in it", {"transmit": bytes(8)}),
        ("kiss-o'-death", "left alone", {"stratum": 0}),
        ("1970", "20 years", {"now": 0}),
        ("2099", "20 years", {"now": 4070908800}),
        ("an hour off", "300 seconds", {"now": time.time() + 3600}),
        ("ten minutes back", "cannot be believed", {"now": time.time() - 600}),
):
    cases.add(f"bad: {name}", bad, words, 1500, waits=True, **what)


def kissed_once():
    with Server(lambda query, n: [reply_to(query, stratum=0)]) as server:
        refused(ask("127.0.0.1", server.port, 10000), "left alone", limit=3)
        check(len(server.queries) == 1, "a server that wants to be left alone was asked again")


def nothing(answers):
    with Server(answers) as server:
        result = ask("127.0.0.1", server.port, 2500)
        refused(result, "no time server answered", limit=6)
        check(result[3] >= 2.4, "gave up early")


def flooded():
    """Somebody who sends without end does not keep it from ending."""
    with Server(lambda query, n: [reply_to(query, originate=bytes(8))] * 2000) as server:
        refused(ask("127.0.0.1", server.port, 1500), "no time server answered", limit=6)


cases.add("a kiss-o'-death ends it at once", kissed_once)
cases.add("silence", nothing, lambda query, n: [], waits=True)
cases.add("only rubbish", nothing, lambda query, n: [os.urandom(n * 40 % 300)], waits=True)
cases.add("only forgeries", nothing, lambda query, n: [reply_to(query, originate=bytes(8))], waits=True)
cases.add("the query itself comes back", nothing, lambda query, n: [query], waits=True)
cases.add("a flood", flooded, waits=True)
cases.add("nobody there", lambda: refused(ask("127.0.0.1", harness.free_port(), 1500), "no time server answered", 6),
          waits=True)
cases.add("no such name", lambda: refused(ask("no-such-name.invalid", 123, 9000), "", 12), waits=True)
cases.add("no name at all", lambda: refused(ask("not a name", 123, 2000), "argument", 3))

if __name__ == "__main__":
    sys.exit(harness.main(cases))
