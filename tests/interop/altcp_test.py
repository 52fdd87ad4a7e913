#!/usr/bin/python3
"""Programs written for lwIP's altcp_tls.h, on Picket: the tutorial's recipe, lwIP's HTTP client against nginx, and lwIP's
MQTT client against mosquitto. See support/harness.py for the protocol."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from support import certs, harness, servers
from support.harness import Cases, Process, check, free_port, unique

VERSIONS = ("1.2", "1.3")
pki = certs.Pki(harness.folder)
cases = Cases()


def run(program, *args):
    """(exit code, stdout, stderr)"""
    done = subprocess.run([os.path.join(harness.BUILD, "examples", f"example_{program}"), *map(str, args)],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    check("Sanitizer" not in err, err)
    return done.returncode, out, err


# --- The recipe

def recipe(version, kind):
    chain = pki.chain(kind)
    with servers.nginx(chain, version) as server:
        code, out, err = run("altcp", "127.0.0.1", server.port, certs.HOST, chain.root_path)
        check(code == 0, f"exit {code}: {out}{err}")
        check(servers.PAGE.decode() in out and out.endswith("all of it\n"), out)


def recipe_refuses(version, host, root, words):
    chain = pki.chain("p256")
    with servers.nginx(chain, version) as server:
        code, out, _ = run("altcp", "127.0.0.1", server.port, host, pki.chain(root).root_path)
        check(code == 1 and words in out and "HTTP/1.1" not in out, f"exit {code}: {out}")


def recipe_without_ca(version):
    """Then the roots of the web count, and this server's is none of them."""
    with servers.nginx(pki.chain("p256"), version) as server:
        code, out, _ = run("altcp", "127.0.0.1", server.port, certs.HOST)
        check(code == 1 and "unknown issuer" in out, f"exit {code}: {out}")


# --- lwIP's HTTP client

def http_client(version):
    chain = pki.chain("p256")
    with servers.nginx(chain, version) as server:
        code, out, err = run("http_client", "127.0.0.1", server.port, certs.HOST, chain.root_path, "/index.html")
        check(code == 0 and out == servers.PAGE.decode(), f"exit {code}: {out}{err}")
        check("result 0" in err and "status 200" in err, err)


def http_client_refuses(version):
    with servers.nginx(pki.chain("p256"), version) as server:
        code, out, err = run("http_client", "127.0.0.1", server.port, "other.test", pki.chain("p256").root_path, "/")
        check(code == 1 and not out and "certificate is for another host name" in err, f"exit {code}: {out}{err}")


# --- lwIP's MQTT client

def mosquitto(chain, version, *lines):
    port, home = free_port(), unique("mosquitto")
    os.makedirs(home)
    conf = os.path.join(home, "mosquitto.conf")
    with open(conf, "w", encoding="ascii") as file:
        file.write(f"listener {port} 127.0.0.1\nallow_anonymous true\ncertfile {chain.cert_path}\n"
                   f"keyfile {chain.key_path}\ntls_version tlsv{version}\n" + "".join(f"{line}\n" for line in lines))
        if os.geteuid() == 0:
            file.write("user root\n")
    return Process([servers.program("mosquitto"), "-c", conf], port)


def mqtt(version, size):
    chain = pki.chain("p256")
    with mosquitto(chain, version) as broker:
        code, out, err = run("mqtt", "127.0.0.1", broker.port, certs.HOST, chain.root_path, size)
        check(code == 0 and out == f"{size} bytes came back\n", f"exit {code}: {out}{err}{broker.output()[-500:]}")


def mqtt_refuses(version):
    with mosquitto(pki.chain("p256"), version) as broker:
        code, out, err = run("mqtt", "127.0.0.1", broker.port, "other.test", pki.chain("p256").root_path, 10)
        check(code == 1 and "certificate is for another host name" in out, f"exit {code}: {out}{err}")


for _version in VERSIONS:
    for _kind in ("p256", "rsa2048"):
        cases.add(f"recipe-{_kind}-{_version}", recipe, _version, _kind)
    cases.add(f"recipe-other-host-{_version}", recipe_refuses, _version, "other.test", "p256",
              "certificate is for another host name")
    cases.add(f"recipe-unknown-root-{_version}", recipe_refuses, _version, certs.HOST, "rsa2048", "unknown issuer")
    cases.add(f"recipe-without-ca-{_version}", recipe_without_ca, _version)
    cases.add(f"http-client-{_version}", http_client, _version)
    cases.add(f"http-client-other-host-{_version}", http_client_refuses, _version)
    for _size in (1, 128):
        cases.add(f"mqtt-{_size}-{_version}", mqtt, _version, _size)
    cases.add(f"mqtt-other-host-{_version}", mqtt_refuses, _version)

if __name__ == "__main__":
    sys.exit(harness.main(cases))
