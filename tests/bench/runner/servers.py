"""What the clients talk to: our own server, and nginx with a configuration of its own; both on loopback and on one
core."""
import contextlib
import http.client
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

from . import machine

SMALL, LARGE, HUGE = 100, 8 << 20, 256 << 20

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type text/plain;
    sendfile on;
    gzip off;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    server {{
        listen 127.0.0.1:{port};
        root {folder}/files;
        location /unlike {{
            alias {folder}/files/small;
            etag off;
            add_header Last-Modified "";
            add_header X-Request-Id $request_id;
            add_header Server-Timing "all;desc=$request_id";
            add_header X-Trace $request_id;
        }}
    }}
}}
"""


@contextlib.contextmanager
def own(program, core, roots, spin):
    """Its two addresses, without TLS and with it; the file `roots` is written. It ends with its standard input, so it
    ends with us, whatever happens."""
    server = subprocess.Popen([program, roots] + (["--spin"] if spin else []), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True, preexec_fn=machine.on_core(core))
    try:
        plain, secure = server.stdout.readline().split()[:2]
        yield f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}"
    finally:
        _stop(server)


@contextlib.contextmanager
def nginx(core):
    with tempfile.TemporaryDirectory(prefix="ferry-bench-") as folder:
        _write_files(pathlib.Path(folder, "files"))
        server, base = _start_nginx(folder, core)
        try:
            yield base
        finally:
            _stop(server)


def nginx_program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _write_files(folder):
    """The bodies of payload.hpp: a letter for each page."""
    large = b"".join(bytes([ord("a") + page % 26]) * 4096 for page in range(LARGE // 4096))
    folder.mkdir()
    (folder / "small").write_bytes(large[:SMALL])
    (folder / "8m").write_bytes(large)
    with open(folder / "256m", "wb") as file:
        for _ in range(HUGE // LARGE):
            file.write(large)


def _start_nginx(folder, core):
    for _ in range(5):  # another process may take the port between our looking and nginx's listening
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        configuration = pathlib.Path(folder, "nginx.conf")
        configuration.write_text(CONFIGURATION.format(folder=folder, port=port))
        server = subprocess.Popen([nginx_program(), "-p", folder, "-e", f"{folder}/error.log", "-c", configuration],
                                  stderr=subprocess.DEVNULL, preexec_fn=machine.on_core(core))
        if _answers(server, port):
            return server, f"http://127.0.0.1:{port}"
        _stop(server)
    raise RuntimeError("nginx does not start: " + pathlib.Path(folder, "error.log").read_text()[-500:])


def _answers(server, port):
    for _ in range(100):
        if server.poll() is not None:
            return False
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/small")
            return connection.getresponse().status == 200
        except OSError:
            time.sleep(0.05)
    return False


def _stop(server):
    if server.stdin:
        server.stdin.close()
    else:
        server.terminate()
    try:
        server.wait(5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
