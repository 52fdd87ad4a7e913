#!/usr/bin/python3
"""The clock, asked of time servers of every kind: chrony, and ones that answer what no clock is to be set by.

The program is examples/clock: a server, a port, a time limit in milliseconds; or a URL, a CA file and servers, for a
page fetched without knowing the time. See support/harness.py for the protocol.
"""
import contextlib
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, servers
from support.harness import Cases, Failed, Skipped, check, unique
from support.timeserver import Server, reply_to

CLOCK = os.path.join(harness.BUILD, "examples", "example_clock")
pki = certs.Pki(harness.folder)


def run(*args):
    """(exit code, stdout, stderr, seconds)"""
    started = time.monotonic()
    done = subprocess.run([CLOCK, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode(), time.monotonic() - started


def ask(server, port, limit_ms=4000):
    return run(server, port, limit_ms)


class Slow(Failed):
    """It took longer than it may."""


def in_time(good, why):
    if not good:
        raise Slow(why)


class Patient(Cases):
    """A case that took too long is tried once more, and said: a busy machine holds everybody up for seconds now and
    then, a fault of ours is slow again."""

    def add(self, name, case, *args, **more):
        def twice(*given, **named):
            try:
                case(*given, **named)
            except Slow as why:
                print(f"# {name}: once more: {why}", flush=True)
                case(*given, **named)
        super().add(name, twice, *args, **more)


cases = Patient()


def believed(result, slack=3):
    code, out, err, _ = result
    check(code == 0, f"exit {code}: {err}")
    in_time(abs(int(out.split()[0]) - time.time()) <= slack, f"the time is wrong: {out}")


def refused(result, words, limit=None):
    code, out, err, seconds = result
    check(code == 1 and not out, f"exit {code}: {out}{err}")
    check(words in err, f"said {err.strip()!r}, not {words!r}")
    check("Sanitizer" not in err, err)
    if limit:
        in_time(seconds < limit, f"took {seconds:.1f} s")


# --- Good ones

@contextlib.contextmanager
def chrony(clock="local stratum 10"):
    """The port of a chronyd that answers."""
    port = harness.free_port()
    home = unique("chrony")
    os.makedirs(home)
    conf = os.path.join(home, "chrony.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"{clock}\nallow 127.0.0.0/8\nport {port}\nbindaddress 127.0.0.1\ncmdport 0\n"
                   f"pidfile {home}/pid\nbindcmdaddress /\n")
    user = ["-u", "root"] if os.geteuid() == 0 else ["-U"]
    with open(os.path.join(home, "log"), "wb") as log:
        process = subprocess.Popen([servers.program("chronyd"), "-x", "-d", *user, "-f", conf],
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield port
        check(process.poll() is None, "chronyd has ended")
    finally:
        process.terminate()
        process.wait()


def from_chrony():
    with chrony() as port:
        believed(ask("127.0.0.1", port, 15000))


def from_chrony_without_the_time():
    """It says stratum 0, and means no kiss-o'-death."""
    with chrony("") as port:
        refused(ask("127.0.0.1", port, 2500), "its own clock is not set", limit=6)


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
        check(len(waits) == 2 and waits[0] > 0.8 and waits[1] > 1.8, f"waited {waits}")
        in_time(waits[0] < 1.8 and waits[1] < 3, f"waited {waits}")


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


def late():
    """The answer to the first query comes after the second one: it took a second, and counts from that query."""
    first = []

    def answer(query, n):
        first.append(query)
        return [] if n == 1 else [reply_to(first[0])]
    with Server(answer) as server:
        believed(ask("127.0.0.1", server.port, 15000))
        check(len(server.queries) == 2, f"{len(server.queries)} queries")


def over_ipv6():
    if not harness.has_ipv6():
        raise Skipped("no IPv6 on the loopback here")
    with Server(lambda query, n: [reply_to(query)], "::1") as server:
        believed(ask("::1", server.port))


cases.add("chrony", from_chrony)
cases.add("chrony that has not the time yet", from_chrony_without_the_time, waits=True)
cases.add("over IPv6", over_ipv6)
cases.add("an answer after the next query", late, waits=True)
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

# --- By itself: a page is fetched by a machine that does not know the time

def good(query, _):
    return [reply_to(query)]


def silent(_, __):
    return []


def telling(**what):
    return lambda query, _: [reply_to(query, **what)]


@contextlib.contextmanager
def fetching(*answers, ports=()):
    """A page, time servers of our own and ports of others: what the program says, and the servers."""
    chain = pki.chain("p256")
    with contextlib.ExitStack() as stack:
        https = stack.enter_context(servers.openssl(chain))
        ours = [stack.enter_context(Server(answer)) for answer in answers]
        every = [f"127.0.0.1:{port}" for port in [*ports, *(server.port for server in ours)]]
        result = run(f"https://127.0.0.1:{https.port}/page.http", chain.root_path, *every)
        yield result, every, ours


def fetched(*answers, ports=(), by=(), slack=3):
    """by: the servers that agreed, by their place in the list."""
    with fetching(*answers, ports=ports) as (result, every, _):
        believed(result, slack)
        names = ", ".join(every[i] for i in by)
        source = f"SNTP, 2 servers agreed: {names}" if len(by) > 1 else f"SNTP, 1 server: {names}"
        check(source in result[1].splitlines(), f"not {source!r}: {result[1]}")
        check("status 200" in result[1], result[1])


NO_TIME = harness.SENTENCES["NO_TIME"]


def not_fetched(words, *answers, ports=(), at_once=False, error=NO_TIME, where="asking for the time"):
    """words: what is said after the sentence, with {0}, {1}, ... for the servers."""
    with fetching(*answers, ports=ports) as (result, every, _):
        refused(result, f"{error}: {words.format(*every)}", limit=4 if at_once else 12)
        refused(result, f"({where})")


def with_two_chronys():
    with chrony() as one, chrony() as two:
        fetched(ports=(one, two), by=(0, 1))


def with_a_liar_beside_chrony(answer, words, at_once):
    with chrony() as port:
        not_fetched(words, answer, ports=(port,), at_once=at_once)


def liar_of_three(place):
    answers = [good, good, good]
    answers[place] = telling(now=time.time() + 86400)
    with fetching(*answers) as (result, *_):
        believed(result)


def asked_at_once():
    with fetching(good, good, silent) as (result, _, ours):
        believed(result)
        check([len(server.queries) for server in ours] == [1, 1, 1], "a server was not asked, or twice")
        stamps = {server.queries[0][40:] for server in ours}
        numbers = {server.clients[0][1] for server in ours}
        check(len(stamps) == 3 and len(numbers) == 3, f"stamps {stamps}, ports {numbers}")


cases.add("auto: one server", fetched, good, by=(0,))
cases.add("auto: two servers", fetched, good, good, by=(0, 1))
cases.add("auto: two chronys", with_two_chronys)
cases.add("auto: three, one silent", fetched, silent, good, good, by=(1, 2))
cases.add("auto: four, two silent", fetched, silent, good, silent, good, by=(1, 3), waits=True)
cases.add("auto: all at once, each with its own stamp and port", asked_at_once)
for place in range(3):
    cases.add(f"auto: three, number {place + 1} lies", liar_of_three, place)
cases.add("auto: the second query is answered", fetched, lambda query, n: [reply_to(query)] if n == 2 else [], good,
          by=(0, 1), waits=True)
cases.add("auto: nine seconds apart", fetched, good, lambda query, n: [reply_to(query, now=time.time() + 9)],
          by=(0, 1), slack=12) # the faster of them is believed

DISAGREE = "the time servers disagree by more than 10 seconds"
cases.add("auto: a minute apart", not_fetched, DISAGREE, good, telling(now=time.time() + 300), at_once=True)
cases.add("auto: three that disagree", not_fetched, DISAGREE, good, telling(now=time.time() + 3600),
          telling(now=time.time() + 7200), at_once=True)
cases.add("auto: chrony and a liar", with_a_liar_beside_chrony, telling(now=time.time() + 86400), DISAGREE, True)
cases.add("auto: silence", not_fetched, "time server {0}: no answer", silent, waits=True)
cases.add("auto: one of two is silent", not_fetched, "time server {1}: no answer", good, silent, waits=True)
cases.add("auto: both are silent", not_fetched, "time server {0}: no answer; {1}: no answer", silent, silent,
          waits=True)
cases.add("auto: one disagrees, one is silent", not_fetched, DISAGREE, good, silent, telling(now=time.time() + 3600),
          waits=True)
for name, words, what in (
        ("unsynchronised", "its own clock is not set", {"flags": 0xe4}),
        ("stratum 16", "it is too far from any reference clock", {"stratum": 16}),
        ("version 1", "another version of the protocol", {"flags": 0x0c}),
        ("adrift", "its own clock may be off by more than 1.5 seconds", {"dispersion": 0x20000}),
        ("no time", "there is no time in it", {"transmit": bytes(8)}),
        ("another stamp", "no answer", {"originate": bytes(8)}),
):
    cases.add(f"auto: {name} beside chrony", with_a_liar_beside_chrony, telling(**what), f"time server {{1}}: {words}",
              False, waits=True)

KISS = "it wants to be left alone (kiss-o'-death)"
BELIEF = "it is not within 20 years of when this was built"
YEAR_2040 = 2208988800 + 86400  # the next era of SNTP's seconds began in 2036
cases.add("auto: a kiss-o'-death", not_fetched, f"time server {{0}}: {KISS}", telling(stratum=0), at_once=True)
cases.add("auto: a kiss-o'-death of one of two", not_fetched, f"time server {{0}}: {KISS}", telling(stratum=0), good,
          at_once=True)
for year, now in (("1970", 0), ("2099", 4070908800)):
    cases.add(f"auto: {year}", not_fetched, f"time server {{0}}: {BELIEF}", telling(now=now), at_once=True)
    cases.add(f"auto: {year} by one of two", not_fetched, f"time server {{1}}: {BELIEF}", good, telling(now=now),
              at_once=True)
# Whoever of them answers first ends it.
cases.add("auto: 1970 by both", not_fetched, "time server 127.0.0.1:", telling(now=0), telling(now=0), at_once=True)
# What who owns every server can do.
cases.add("auto: 2040 by both is believed", not_fetched, "'example.test' was valid until", telling(now=YEAR_2040),
          telling(now=YEAR_2040), at_once=True, error=harness.SENTENCES["EXPIRED"], where="TLS handshake")
cases.add("auto: no such name", lambda: refused(run("https://127.0.0.1:1/", pki.chain("p256").root_path,
                                                    "no-such-name.invalid"), NO_TIME, 12), waits=True)
cases.add("auto: a list that is none", lambda: refused(run("https://127.0.0.1:1/", pki.chain("p256").root_path, "a b"),
                                                       "argument", 3))

if __name__ == "__main__":
    sys.exit(harness.main(cases))
