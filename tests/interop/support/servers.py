"""Real servers, started for a test: nginx, openssl s_server, gnutls-serv."""
import functools
import os
import shutil
import threading

from . import harness
from .harness import Process, Skipped, free_port, path, unique

PAGE = b"<!doctype html><title>picket</title>\n<p>The page that every server of these tests serves.</p>\n" * 3


_site_lock = threading.Lock()


def site():
    """A folder with what is served: index.html, files of several sizes, and for s_server -HTTP whole responses.

    Cases run side by side: none may write a file anew while another's server sends it.
    """
    with _site_lock:
        return _write_site()


@functools.cache
def _write_site():
    path("site/index.html", PAGE)
    path("site/page.http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s"
         % (len(PAGE), PAGE))
    path("site/close.http", b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PAGE)
    path("site/chunked.http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         + b"".join(b"%x\r\n%s\r\n" % (len(PAGE[i:i + 37]), PAGE[i:i + 37]) for i in range(0, len(PAGE), 37))
         + b"0\r\n\r\n")
    return path("site")


def program(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not found:
        raise Skipped(f"{name} is not installed")
    return found


def nginx(chain, version=None, server_lines="", plain=False, ports=1, host="127.0.0.1"):
    """nginx with one server block per port; serves site(). The Process has .port, and .ports when there are several."""
    root, numbers = site(), [free_port(host) for _ in range(ports)]
    address = f"[{host}]" if ":" in host else host
    listen = "\n".join(f"    listen {address}:{p}{'' if plain else ' ssl'};" for p in numbers)
    tls = "" if plain else f"""
    ssl_certificate {chain.cert_path};
    ssl_certificate_key {chain.key_path};
    ssl_protocols {"TLSv1.2 TLSv1.3" if not version else "TLSv" + version};"""
    home = unique("nginx")
    os.makedirs(home)
    user = "user root;" if os.geteuid() == 0 else ""
    conf = os.path.join(home, "nginx.conf")
    with open(conf, "w", encoding="ascii") as f:
        f.write(f"""
daemon off; master_process off; pid {home}/pid; error_log stderr; {user}
events {{ worker_connections 128; }}
http {{
  access_log off; default_type application/octet-stream;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi; client_max_body_size 64m;
  server {{
{listen}{tls}
    server_name _; root {root}; ssl_buffer_size 16k;
    {server_lines}
  }}
}}
""")
    server = Process([program("nginx"), "-e", "stderr", "-p", home, "-c", conf], numbers[0], host)
    server.ports = numbers
    return server


def openssl(chain, version=None, *options, mode="-HTTP", host="127.0.0.1"):
    """openssl s_server. mode: -www (a page about the session), -WWW (files), -HTTP (files that are whole responses)."""
    port = free_port(host)
    versions = [f"-tls{version.replace('.', '_')}"] if version else []
    if "-cipher" not in options:
        versions += ["-cipher", "DEFAULT:@SECLEVEL=0"]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    rest = ["-cert_chain", chain.rest_path] if len(chain.certificates) > 1 else []
    return Process([program("openssl"), "s_server", "-quiet", "-accept", address, "-cert", chain.cert_path, *rest,
                    "-key", chain.key_path, mode, *versions, *options], port, host, cwd=site())


def gnutls(chain, version=None, *options, priority="NORMAL"):
    """gnutls-serv --http: a page about the session."""
    port = free_port()
    if version:
        priority += f":-VERS-ALL:+VERS-TLS{version}"
    return Process([program("gnutls-serv"), "--http", "--port", str(port), "--x509certfile", chain.cert_path,
                    "--x509keyfile", chain.key_path, "--priority", priority,
                    *([] if "--require-client-cert" in options else ["--disable-client-cert"]), *options], port)


def fetch_args(chain, server, target="/", host="example.test", port=None, address="127.0.0.1"):
    """The options that fetch target from a server of these."""
    port = port or server.port
    return ["--cacert", chain.root_path, *harness.resolve(host, port, address), f"https://{host}:{port}{target}"]
