#!/usr/bin/python3
"""picket -r and -C: parts and rests of files, from nginx and from servers that lie about them. See support/harness.py.

Whatever the server does, what stands in the file is a true beginning of what it was to hold, or the file was not touched.
"""
import os
import random
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, servers
from support.harness import Cases, Skipped, check, expect_ok, path, picket, unique
from support.peers import Listener, fields, http, response

RANGE, CUT = 33, 18
FILE = random.Random(6).randbytes(5000)
SHORT = b"0123456789"
pki = certs.Pki(harness.folder)
cases = Cases()


def nginx():
    def make():
        servers.site()
        path("site/file.bin", FILE)
        path("site/short.bin", SHORT)
        path("site/empty.bin", b"")
        return servers.nginx(None, plain=True, server_lines="location /none/ { max_ranges 0; alias " + servers.site() + "/; }")
    return cases.server("nginx", make)


def content(name):
    with open(name, "rb") as f:
        return f.read()


def begun(data):
    """A file that an earlier run left behind."""
    name = unique("rest")
    with open(name, "wb") as f:
        f.write(data)
    return name


def expect_wrong(result, code, *words):
    check(result.code == code, f"exit code should be {code}: {result}")
    for word in words:
        check(len(result.error_lines()) == 1 and word in result.error_lines()[0], f"does not say {word!r}: {result}")


# --- -r with nginx, and the same with curl

RANGES = {
    "0-0": FILE[:1], "0-99": FILE[:100], "100-": FILE[100:], "-1": FILE[-1:], "-100": FILE[-100:], "4999-": FILE[-1:],
    "4990-9999999": FILE[4990:], "-9999999": FILE, "4990": FILE[4990:], "0-": FILE,
    "0-99999999999999999999999": None, "18446744073709551617-": None, "5000-": None, "5-3": None,
    "0-1,10-11": None, "0-1,1-2": None,
}


def part(text, wanted):
    url = f"http://127.0.0.1:{nginx().port}/file.bin"
    result = picket("-r", text, url)
    check(result.code == 0, f"exit code: {result}")
    if wanted is not None:
        expect_ok(result, wanted)
    if not shutil.which("curl"):
        raise Skipped("curl is not installed")
    curl = subprocess.run(["curl", "-sS", "-r", text, url], stdout=subprocess.PIPE, check=True).stdout

    def plain(data):  # multipart bodies have a number of nginx's in them
        return re.sub(rb"\d{20}", b"boundary", data)
    check(plain(result.out) == plain(curl), f"curl has {curl[:60]!r}, {len(curl)} bytes: {result}")


for _text, _wanted in RANGES.items():
    cases.add(f"part {_text}", part, _text, _wanted)


def part_over_tls():
    chain = pki.chain("p256")
    servers.site()
    path("site/tls.bin", FILE)
    with servers.nginx(chain) as server:
        expect_ok(picket("-r", "17-1000", *servers.fetch_args(chain, server, "/tls.bin")), FILE[17:1001])
        name = begun(FILE[:1234])
        expect_ok(picket("-C", "-", "-o", name, *servers.fetch_args(chain, server, "/tls.bin")))
        check(content(name) == FILE, "the file was not completed")


def part_without_support():
    """As with curl, -r is a wish: who gets all of it sees that."""
    expect_ok(picket("-r", "5-9", f"http://127.0.0.1:{nginx().port}/none/file.bin"), FILE)


def part_of_several_files():
    base = f"http://127.0.0.1:{nginx().port}"
    expect_ok(picket("-r", "2-4", f"{base}/file.bin", f"{base}/short.bin"), FILE[2:5] + SHORT[2:5])


def head_of_part():
    result = picket("-I", "-r", "2-4", f"http://127.0.0.1:{nginx().port}/file.bin")
    check(result.code == 0 and b" 206 " in result.out and b"bytes 2-4/5000" in result.out, f"{result.out}: {result}")


cases.add("part over TLS", part_over_tls)
cases.add("part from a server without ranges", part_without_support)
cases.add("part of several files", part_of_several_files)
cases.add("head of a part", head_of_part)


# --- -C with nginx

def rest(have, *options, folder=""):
    name = begun(FILE[:have]) if have is not None else unique("new")
    result = picket("-C", "-", "-o", name, *options, f"http://127.0.0.1:{nginx().port}{folder}/file.bin")
    return result, name


def completed(have):
    result, name = rest(have)
    expect_ok(result)
    check(content(name) == FILE, f"{len(content(name))} bytes: {result}")


for _have in (None, 0, 1, 100, 4095, 4096, 4999, 5000):
    cases.add(f"continue at {_have}", completed, _have)


def complete_with_fail():
    result, name = rest(5000, "-f")
    expect_ok(result)
    check(content(name) == FILE, f"{result}")


def longer_here():
    name = begun(FILE + b"more")
    result = picket("-C", "-", "-o", name, f"http://127.0.0.1:{nginx().port}/file.bin")
    expect_wrong(result, RANGE, "has 5000 bytes")
    check(content(name) == FILE + b"more", "touched")


def not_there():
    url = f"http://127.0.0.1:{nginx().port}/nothing"
    for options, code in ((), RANGE), (("-f",), 22):
        name = begun(SHORT)
        expect_wrong(picket("-C", "-", "-o", name, *options, url), code, "404")
        check(content(name) == SHORT, "an error page was appended")


def no_ranges():
    result, name = rest(100, folder="/none")
    expect_wrong(result, RANGE, "status 200")
    check(content(name) == FILE[:100], "touched")
    result, name = rest(5000, folder="/none")
    expect_ok(result)
    check(content(name) == FILE, "touched")
    result, name = rest(0, folder="/none")
    expect_ok(result)
    check(content(name) == FILE, f"{result}")


def at_offset():
    url = f"http://127.0.0.1:{nginx().port}/short.bin"
    expect_ok(picket("-C", "4", url), SHORT[4:])
    name = begun(b"abc")
    expect_ok(picket("--continue-at", "4", "-o", name, url))
    check(content(name) == b"abc" + SHORT[4:], f"{content(name)}")
    expect_ok(picket("-C", "0", "-o", name, url))
    check(content(name) == SHORT, f"{content(name)}")


def remote_name():
    with open(os.path.join(harness.folder, "short.bin"), "wb") as f:
        f.write(SHORT[:3])
    expect_ok(picket("-C", "-", "-O", f"http://127.0.0.1:{nginx().port}/short.bin"))
    check(content(os.path.join(harness.folder, "short.bin")) == SHORT, "not completed")


def empty_file():
    name = begun(b"x")
    result = picket("-C", "-", "-o", name, f"http://127.0.0.1:{nginx().port}/empty.bin")
    check(result.code == RANGE and content(name) == b"x", f"{result}")


def changed_tag():
    """What was there before is named by its ETag: nginx sends the whole of the new file, which is not appended."""
    url = f"http://127.0.0.1:{nginx().port}/short.bin"
    tag = re.search(rb'ETag: ("[^"]*")', picket("-I", url).out)[1].decode()
    name = begun(SHORT[:4])
    expect_wrong(picket("-C", "-", "-H", 'If-Range: "other"', "-o", name, url), RANGE, "status 200")
    check(content(name) == SHORT[:4], "touched")
    expect_ok(picket("-C", "-", "-H", f"If-Range: {tag}", "-o", name, url))
    check(content(name) == SHORT, f"{content(name)}")


for _case in complete_with_fail, longer_here, not_there, no_ranges, at_offset, remote_name, empty_file, changed_tag:
    cases.add("continue: " + _case.__name__.replace("_", " "), _case)


# --- Servers that lie

def answer(body, content_range, length=True, status="206 Partial Content", chunked=None):
    extra = "".join(f"Content-Range: {c}\r\n" for c in ([content_range] if isinstance(content_range, str) else content_range))
    return response(body, status, length, chunked, extra)


def continued(data, code, kept, *words, end="close"):
    """The file has SHORT's first 4 bytes; the server answers data; afterwards it has `kept`."""
    seen = []
    with Listener(http(data, end, seen=seen)) as peer:
        name = begun(SHORT[:4])
        result = picket("-C", "-", "-o", name, f"http://127.0.0.1:{peer.port}/", max_time=5)
        check(fields(seen[0][0])["range"] == "bytes=4-", f"asked for {seen[0][0]}")
        if code == 0:
            expect_ok(result)
        else:
            expect_wrong(result, code, *words)
        check(content(name) == kept, f"the file has {content(name)!r}: {result}")


WHOLE, HERE = SHORT, SHORT[:4]
LIES = {
    "right": (answer(SHORT[4:], "bytes 4-9/10"), 0, WHOLE),
    "right, in chunks": (answer(SHORT[4:], "bytes 4-9/10", chunked=[1, 2]), 0, WHOLE),
    "right, to the end of the connection": (answer(SHORT[4:], "bytes 4-9/10", length=False), 0, WHOLE),
    "right, of unknown length": (answer(SHORT[4:], "bytes 4-9/*"), 0, WHOLE),
    "right, Bytes": (answer(SHORT[4:], "Bytes 4-9/10"), 0, WHOLE),
    "from the beginning": (answer(SHORT, "bytes 0-9/10"), RANGE, HERE, "byte 0"),
    "one byte late": (answer(SHORT[5:], "bytes 5-9/10"), RANGE, HERE, "byte 5"),
    "one byte early": (answer(SHORT[3:], "bytes 3-9/10"), RANGE, HERE),
    "no Content-Range": (answer(SHORT[4:], []), RANGE, HERE),
    "two Content-Ranges": (answer(SHORT[4:], ["bytes 4-9/10", "bytes 4-9/10"]), RANGE, HERE),
    "other unit": (answer(SHORT[4:], "lines 4-9/10"), RANGE, HERE),
    "end before beginning": (answer(SHORT[4:], "bytes 4-3/10"), RANGE, HERE),
    "end behind the length": (answer(SHORT[4:], "bytes 4-9/9"), RANGE, HERE),
    "not a number": (answer(SHORT[4:], "bytes 4-x/10"), RANGE, HERE),
    "negative": (answer(SHORT[4:], "bytes -4-9/10"), RANGE, HERE),
    "too large a number": (answer(SHORT[4:], "bytes 4-18446744073709551625/*"), RANGE, HERE),
    "unsatisfied 206": (answer(SHORT[4:], "bytes */10"), RANGE, HERE),
    "blanks": (answer(SHORT[4:], "bytes 4 - 9/10"), RANGE, HERE),
    "length contradicts": (answer(SHORT[4:], "bytes 4-8/10"), RANGE, HERE),
    "only a part of the rest": (answer(SHORT[4:7], "bytes 4-6/10"), CUT, SHORT[:7], "less than"),
    "fewer bytes, in chunks": (answer(SHORT[4:7], "bytes 4-9/10", chunked=[2]), CUT, SHORT[:7]),
    "no bytes, in chunks": (answer(b"", "bytes 4-9/10", chunked=[2]), CUT, HERE),
    "fewer bytes, to the end of the connection": (answer(SHORT[4:7], "bytes 4-9/10", length=False), CUT, SHORT[:7]),
    "more bytes, in chunks": (answer(SHORT[4:] + b"x", "bytes 4-9/10", chunked=[6, 1]), RANGE, None, "longer"),
    "cut in the middle": (answer(SHORT[4:], "bytes 4-9/10")[:-3], CUT, SHORT[:7], "cut short"),
    "200 of the same length as here": (response(b"abcd"), 0, HERE),
    "200": (response(SHORT), RANGE, HERE, "status 200"),
    "200 in chunks": (response(SHORT, chunked=[3]), RANGE, HERE),
    "301": (response(b"there", "301 Moved", extra="Location: /x\r\n"), RANGE, HERE, "301"),
    "500": (response(b"oh", "500 Oh"), RANGE, HERE, "500"),
    "204": (response(b"", "204 None", length=False), RANGE, HERE, "204"),
    "416, complete": (answer(b"page", "bytes */4", status="416 No"), 0, HERE),
    "416, more there": (answer(b"page", "bytes */5", status="416 No"), RANGE, HERE, "has 5 bytes"),
    "416, fewer there": (answer(b"page", "bytes */3", status="416 No"), RANGE, HERE),
    "416, no length": (answer(b"page", [], status="416 No"), RANGE, HERE),
    "416, a range": (answer(b"page", "bytes 0-3/4", status="416 No"), RANGE, HERE),
}


def more_bytes(data, code, *words):
    """Of an answer that is too long a true beginning may have been written."""
    with Listener(http(data)) as peer:
        name = begun(HERE)
        result = picket("-C", "-", "-o", name, f"http://127.0.0.1:{peer.port}/", max_time=5)
        expect_wrong(result, code, *words)
        check(SHORT.startswith(content(name)), f"the file has {content(name)!r}: {result}")


for _name, (_data, _code, _kept, *_words) in LIES.items():
    if _kept is None:
        cases.add(f"lie: {_name}", more_bytes, _data, _code, *_words)
    else:
        cases.add(f"lie: {_name}", continued, _data, _code, _kept, *_words)
cases.add("lie: reset in the middle", continued, answer(SHORT[4:], "bytes 4-9/10")[:-3], 56, SHORT[:7], end="reset")

PARTS = {
    "right": ("2-5", answer(SHORT[2:6], "bytes 2-5/10"), 0),
    "to the end": ("2-50", answer(SHORT[2:], "bytes 2-9/10"), 0),
    "suffix": ("-3", answer(SHORT[7:], "bytes 7-9/10"), 0),
    "suffix longer than all": ("-30", answer(SHORT, "bytes 0-9/10"), 0),
    "another": ("2-5", answer(SHORT[3:7], "bytes 3-6/10"), RANGE, "it begins at byte 3 and ends at byte 6"),
    "too much": ("2-5", answer(SHORT[2:7], "bytes 2-6/10"), RANGE, "it begins at byte 2 and ends at byte 6"),
    "less": ("2-5", answer(SHORT[2:5], "bytes 2-4/10"), CUT),
    "suffix too long": ("-3", answer(SHORT[6:], "bytes 6-9/10"), RANGE, "it begins at byte 6 and ends at byte 9"),
    "not the suffix": ("-3", answer(SHORT[6:9], "bytes 6-8/10"), RANGE, "it begins at byte 6 and ends at byte 8"),
    "no Content-Range": ("2-5", answer(SHORT[2:6], []), RANGE),
    "status 416": ("20-25", answer(b"page", "bytes */10", status="416 No"), 0),
}


def lied_part(asked, data, code, says=""):
    with Listener(http(data)) as peer:
        result = picket("-r", asked, f"http://127.0.0.1:{peer.port}/", max_time=5)
        check(result.code == code, f"exit code should be {code}: {result}")
        check(code != RANGE or result.out == b"", f"bytes were written: {result.out}")
        check(says in result.text(), f"does not say {says!r}: {result}")


for _name, _more in PARTS.items():
    cases.add(f"part: {_name}", lied_part, *_more)


def unasked(*options, code=RANGE):
    """A part where all was asked for: it is not all, unless the user asked himself."""
    with Listener(http(answer(SHORT[:4], "bytes 0-3/10"))) as peer:
        result = picket(*options, f"http://127.0.0.1:{peer.port}/", max_time=5)
        check(result.code == code and (result.out == b"") == (code != 0), f"exit code should be {code}: {result}")


cases.add("part that nobody asked for", unasked)
cases.add("part that a field of the user's own asked for", unasked, "-H", "Range: bytes=0-3", code=0)


# --- Cut at every byte, continued until all is there

def cut_everywhere():
    for at in range(len(SHORT) + 1):
        asked = []

        def serve(head, _, at=at, asked=asked):
            asked.append(fields(head).get("range"))
            first = int(asked[-1][6:-1]) if asked[-1] else 0
            data = answer(SHORT[first:], f"bytes {first}-9/10") if first else response(SHORT)
            return data[:len(data) - len(SHORT) + at] if len(asked) == 1 else data
        name = unique("cut")
        with Listener(http(serve)) as peer:
            url = f"http://127.0.0.1:{peer.port}/"
            first = picket("-C", "-", "-o", name, url)
            check(first.code == (0 if at == len(SHORT) else CUT), f"at {at}: {first}")
            check(content(name) == SHORT[:at], f"at {at}: {content(name)}")
            if at < len(SHORT):
                expect_ok(picket("-C", "-", "-o", name, url))
        check(content(name) == SHORT, f"at {at}: {content(name)}")
        check(asked[-1] == (f"bytes={at}-" if 0 < at < len(SHORT) else None), f"at {at}: {asked}")


cases.add("cut everywhere", cut_everywhere)


# --- What cannot be asked for

def refused(*options):
    result = picket(*options, "http://127.0.0.1:1/")
    check(result.code == 2 and len(result.error_lines()) == 1, f"{result}")


REFUSED = (("-r", "x"), ("-r", ""), ("-r", "1-2-3"), ("-r", "-"), ("-r", "1-2,"), ("-r", "1 - 2"), ("-r", "1-2\r\nX: y"),
           ("-C", "x"), ("-C", ""), ("-C", "-5"), ("-C", "99999999999999999999"), ("-C", "-", "-r", "1-2"),
           ("-C", "-", "-d", "x"), ("-r", "1-2", "-T", "/dev/null"), ("-C", "-", "-i"))
for _options in REFUSED:
    cases.add(f"refused: {' '.join(_options)!r}", refused, *_options)


if __name__ == "__main__":
    sys.exit(harness.main(cases))
